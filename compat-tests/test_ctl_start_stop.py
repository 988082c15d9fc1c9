"""``supervisorctl start``, ``stop`` and ``restart``: single names, several, groups, all, and everything that can go wrong."""

import pytest

from harness import fresh_pair, shared_pair

CONFIG = """
[program:cat]
command=/bin/cat
startsecs=0
[program:off]
command=/bin/cat
autostart=false
startsecs=0
[program:confirmed]
command=/bin/cat
autostart=false
[program:nofile]
command=/nonexistent/program
autostart=false
[program:noexec]
command={dir}/noexec
autostart=false
[program:folder]
command={dir}
autostart=false
[program:unclosed]
command=/bin/cat "unclosed
autostart=false
[program:quick]
command=/bin/sh -c "exit 1"
autostart=false
startsecs=10
startretries=0
[program:waiting]
command=/nonexistent/program
startretries=1000
[program:stubborn]
command=/bin/sh -c "trap '' TERM; while :; do sleep 1000; done"
autostart=false
startsecs=0
stopwaitsecs=1
[program:mule]
command=/bin/sh -c "trap '' TERM; while :; do sleep 1000; done"
startsecs=0
stopwaitsecs=100000
[program:worker]
command=/bin/cat
numprocs=3
process_name=%(program_name)s_%(process_num)d
autostart=false
startsecs=0
[program:g_late]
command=/bin/cat
autostart=false
startsecs=2
priority=1
[program:g_none]
command=/nonexistent/program
autostart=false
priority=2
[program:g_quick]
command=/bin/sh -c "sleep 0.2; exit 1"
autostart=false
startsecs=10
startretries=0
priority=3
[program:g_now]
command=/bin/cat
autostart=false
startsecs=0
priority=4
[group:mixed]
programs=g_late,g_none,g_quick,g_now
"""


def settle(daemon):
    daemon.wait_states(cat="RUNNING", waiting="BACKOFF", mule="RUNNING")
    daemon.call("supervisor.stopProcess", "mule", False)


pair = shared_pair(CONFIG, ready=settle, files={"noexec": "#!/bin/sh\n"})


@pytest.mark.parametrize("command, code", [
    ("start off", 0), ("start off", 0), ("start cat", 0), ("stop off", 0), ("stop off", 0), ("restart off", 0), ("restart off", 0), ("stop off", 0),
])
def test_starting_and_stopping_what_already_is_so_is_said_but_no_failure(pair, command, code):
    """CTL-083, CTL-101, CTL-102, CTL-103, CTL-108; the same commands in this order on both daemons."""
    assert pair.ctl(*command.split()).code == code


@pytest.mark.parametrize("command, code, words", [
    ("start", 2, "Error: start requires a process name"),
    ("stop", 1, "Error: stop requires a process name"),
    ("restart", 1, "Error: restart requires a process name"),
    ("start nope", 1, "nope: ERROR (no such process)"),
    ("stop nope", 1, "nope: ERROR (no such process)"),
    ("restart nope", 1, "nope: ERROR (no such process)"),
    ("start nope:*", 2, "nope: ERROR (no such group)"),
    ("stop nope:*", 1, "nope: ERROR (no such group)"),
    ("restart nope:*", 2, "nope: ERROR (no such group)"),
    ("start mixed", 1, "mixed: ERROR (no such process)"),
    ("start mixed:nope", 1, "mixed:nope: ERROR (no such process)"),
    ("start worker:worker_9", 1, "worker:worker_9: ERROR (no such process)"),
    ("start :", 2, ": ERROR (no such group)"),
    ("start a:b:c", 1, "a:b:c: ERROR (no such process)"),
    ("start nofile", 1, "nofile: ERROR (no such file)"),
    ("start noexec", 1, "noexec: ERROR (file is not executable)"),
    ("start folder", 1, "folder: ERROR (file is not executable)"),
    ("start unclosed", 1, "unclosed: ERROR (file is not executable)"),
    ("start quick", 7, "quick: ERROR (spawn error)"),
    ("start nofile quick", 7, "nofile: ERROR (no such file)\nquick: ERROR (spawn error)\n"),
    ("start quick nofile", 1, "quick: ERROR (spawn error)\nnofile: ERROR (no such file)\n"),
    ("start waiting", 1, "waiting: ERROR (no such file)"),
    ("start mule", 7, "mule: ERROR (abnormal termination)"),
    ("stop mule", 0, "mule: ERROR (not running)"),
    ("stop quick", 0, "quick: ERROR (not running)"),
])
def test_what_cannot_be_done_is_named_and_sets_the_exit_status(pair, command, code, words):
    """CTL-081, CTL-082, CTL-100, CTL-102, CTL-103, CTL-104; RPC-111..114, RPC-119, RPC-122, RPC-132."""
    said = pair.ctl(*command.split())
    assert said.code == code and words in said.stdout


def test_one_failure_among_several_names_sets_the_status_and_stops_nothing(pair):
    """CTL-082, CTL-106."""
    said = pair.same(lambda d: [d.ctl(*c.split()) for c in ("start nope off nope:*", "stop nope off cat:nope", "start off cat")])
    assert [s["Output"]["code"] for s in said] == [2, 1, 0]
    pair.ctl("stop", "off")


def test_a_confirmed_start_waits_until_it_is_running(pair):
    """CTL-101, RPC-118, RPC-211."""
    said = pair.same(lambda d: [d.ctl("start", "confirmed"), d.states()["confirmed"], d.ctl("stop", "confirmed"), d.states()["confirmed"]])
    assert said[1] == "RUNNING" and said[3] == "STOPPED"


def test_a_process_that_ignores_the_stop_signal_is_stopped_by_kill(pair):
    """CTL-101, RPC-134."""
    said = pair.same(lambda d: [d.ctl("start", "stubborn"), d.ctl("stop", "stubborn"), d.call("supervisor.getProcessInfo", "stubborn")])
    assert said[1]["Output"]["stdout"] == "stubborn: stopped\n" and said[2]["exitstatus"] == -1


def test_stopping_a_process_that_waits_for_its_next_try(pair):
    """RPC-133, PST-023."""
    said = pair.same(lambda d: [d.ctl("stop", "waiting"), d.states()["waiting"], d.ctl("stop", "waiting")])
    assert said[1] == "STOPPED"


@pytest.mark.parametrize("commands", [
    ("start worker:*", "start worker:*", "restart worker:*", "stop worker:*", "stop worker:*"),
    ("start worker:worker_1", "start worker:*", "stop worker:worker_0", "stop worker:*"),
    ("restart worker:*", "stop worker:"),
    ("start worker:worker_0 worker:worker_2", "restart worker:worker_0 worker:worker_1", "stop worker:*"),
], ids=lambda c: c[0].replace(" ", "-"))
def test_a_homogeneous_group_is_addressed_as_a_whole_or_by_member(pair, commands):
    """CTL-101, CTL-105, CTL-107, CTL-108; RPC-127."""
    said = pair.same(lambda d: [d.ctl(*c.split()).unordered() for c in commands])
    assert any("worker:worker_1: started" in s["Output"]["stdout"] for s in said)


def test_a_mixed_groups_results_come_in_order_of_outcome(pair):
    """CTL-107, CTL-082; RPC-128, RPC-129, RPC-130."""
    def scenario(d):
        outputs = [d.ctl("start", "mixed:*"), d.ctl("start", "mixed:*")]
        d.wait_states(mixed__g_quick="FATAL")
        return [*outputs, d.ctl("stop", "mixed:*").unordered(), d.ctl("stop", "mixed:*")]
    said = pair.same(scenario)
    assert said[0]["Output"]["stdout"] == (
        "mixed:g_none: ERROR (no such file)\nmixed:g_now: started\nmixed:g_quick: ERROR (spawn error)\nmixed:g_late: started\n"
    )
    assert said[3]["Output"] == {"stdout": "", "stderr": "", "code": 0}


ALL = """
[program:b]
command=/bin/cat
startsecs=0
priority=20
[program:a]
command=/bin/cat
startsecs=0
priority=30
[program:m1]
command=/bin/cat
startsecs=0
priority=9
[program:m2]
command=/bin/cat
startsecs=0
priority=3
[group:m]
programs=m1,m2
priority=25
[program:none]
command=/nonexistent/program
autostart=false
priority=1
[program:slowest]
command=/bin/cat
startsecs=1
priority=5
[eventlistener:ears]
command=/bin/cat
events=TICK_3600
startsecs=0
"""


def test_all_goes_by_priority_and_leaves_out_what_need_not_be_done():
    """CTL-105, CTL-106, CTL-107; RPC-127, RPC-128, RPC-137."""
    def scenario(d):
        stopped = d.ctl("stop", "all", "ignored").unordered().stdout.splitlines()
        return [stopped, *[d.ctl(*c.split()) for c in ("stop all", "start all", "start a all", "status")]]

    with fresh_pair(ALL) as pair:
        pair.each(lambda d: d.wait_states(a="RUNNING", b="RUNNING", m__m1="RUNNING", m__m2="RUNNING", slowest="RUNNING", ears="RUNNING"))
        said = pair.same(scenario)
    assert said[0] == ["a: stopped", "b: stopped", "ears: stopped", "m:m1: stopped", "m:m2: stopped", "slowest: stopped"]
    assert said[1]["Output"]["stdout"] == ""
    assert said[2]["Output"]["stdout"].splitlines() == [
        "ears: started", "none: ERROR (no such file)", "b: started", "m:m2: started", "m:m1: started", "a: started", "slowest: started",
    ]
    assert said[2]["Output"]["code"] == 1 and said[3]["Output"]["stdout"] == "none: ERROR (no such file)\n"


def test_restart_all():
    """CTL-108."""
    def scenario(d):
        done = d.ctl("restart", "all")
        lines = done.stdout.splitlines()
        return sorted(lines[:6]), lines[6:], done.code

    with fresh_pair(ALL) as pair:
        pair.each(lambda d: d.wait_states(a="RUNNING", b="RUNNING", m__m1="RUNNING", m__m2="RUNNING", slowest="RUNNING", ears="RUNNING"))
        stopped, started, code = pair.same(scenario)
    assert len(stopped) == 6 and len(started) == 7 and code == 1
