"""``supervisorctl status``: the table, the choice of rows, the exit status."""

import pytest

from harness import shared_pair

CONFIG = """
[program:cat]
command=/bin/cat
[program:off]
command=/bin/cat
autostart=false
[program:ended]
command=/bin/true
startsecs=0
autorestart=false
[program:nofile]
command=/nonexistent/program
startretries=0
[program:retrying]
command=/nonexistent/program
startretries=1000
[program:failing]
command=/bin/false
startsecs=10
startretries=0
[program:slow]
command=/bin/cat
startsecs=100000
[program:worker]
command=/bin/cat
numprocs=2
process_name=%(program_name)s_%(process_num)02d
[program:web]
command=/bin/cat
[program:db]
command=/bin/cat
autostart=false
[group:app]
programs=web,db
[program:a_name_that_is_longer_than_thirty_characters]
command=/bin/cat
[program:stubborn]
command=/bin/sh -c "trap '' TERM; while :; do sleep 1000; done"
stopwaitsecs=100000
startsecs=0
"""


def settle(daemon):
    daemon.wait_states(
        cat="RUNNING", ended="EXITED", nofile="FATAL", retrying="BACKOFF", failing="FATAL", slow="STARTING", app__web="RUNNING",
        worker__worker_00="RUNNING", worker__worker_01="RUNNING", stubborn="RUNNING",
        a_name_that_is_longer_than_thirty_characters="RUNNING",
    )
    daemon.call("supervisor.stopProcess", "stubborn", False)


pair = shared_pair(CONFIG, ready=settle)


def test_without_names_every_process_is_shown_in_the_daemons_order(pair):
    """CTL-090, CTL-091, CTL-092, CTL-096; RPC-098..102, RPC-104."""
    said = pair.ctl("status")
    assert said.code == 3
    lines = said.stdout.splitlines()
    assert [line.split()[0] for line in lines][:3] == ["a_name_that_is_longer_than_thirty_characters", "app:db", "app:web"]
    assert any(line.endswith("STARTING  ") for line in lines) and any(line.endswith("STOPPING  ") for line in lines)
    assert any("can't find command '/nonexistent/program'" in line and "BACKOFF" in line for line in lines)
    assert any("Exited too quickly (process log may have details)" in line for line in lines)
    assert any(line.endswith("Not started") for line in lines)


@pytest.mark.parametrize("names, code", [
    ("all", 3),
    ("cat all nope", 3),
    ("cat", 0),
    ("off", 3),
    ("ended", 3),
    ("nofile", 3),
    ("retrying", 0),
    ("slow", 0),
    ("stubborn", 0),
    ("cat slow cat", 0),
    ("slow cat", 0),
    ("app:web", 0),
    ("app:db", 3),
    ("app:*", 3),
    ("app:", 3),
    ("worker:*", 0),
    ("worker:worker_01", 0),
    ("worker:* off app:web", 3),
    ("cat:cat", 0),
    ("cat:*", 0),
    ("a_name_that_is_longer_than_thirty_characters cat", 0),
])
def test_names_choose_rows_in_the_order_asked(pair, names, code):
    """CTL-090, CTL-091, CTL-093, CTL-096."""
    said = pair.ctl("status", *names.split())
    assert said.code == code and said.stdout and "ERROR" not in said.stdout


@pytest.mark.parametrize("names, code", [
    ("nope", 4),
    ("nope:*", 4),
    ("nope:", 4),
    ("nope:cat", 4),
    ("app:nope", 4),
    ("worker", 4),
    ("app", 4),
    ("wor", 4),
    ("worker:worker", 4),
    ("a:b:c", 4),
    (":", 4),
    ("cat nope", 4),
    ("nope off", 3),
    ("nope:* cat nix", 4),
    ("CAT", 4),
])
def test_unknown_names_are_reported_first_and_give_4_unless_something_is_stopped(pair, names, code):
    """CTL-094, CTL-095, CTL-096, RPC-033."""
    said = pair.ctl("status", *names.split())
    assert said.code == code and "ERROR (no such" in said.stdout.splitlines()[0]


def test_one_word_of_the_shell_may_hold_the_whole_command(pair):
    """CTL-020, CLT-006."""
    assert pair.ctl("status cat") == pair.ctl("status", "cat")


def test_the_columns_are_where_scripts_look_for_them(pair):
    """CTL-091, CLT-006."""
    line = pair.reference.ctl("status", "cat").stdout
    assert line[33:40] == "RUNNING" and line[43:47] == "pid "
    pair.ctl("status", "cat", "ended", "nofile")
