"""``supervisorctl signal``: which words are signals, whom they reach, and what is said."""

import pytest

from harness import shared_pair, wait_for

CONFIG = """
[program:ears]
command=/bin/sh -c "for s in HUP USR1 USR2 INT WINCH; do trap \\"echo got $s\\" $s; done; echo ready; while :; do sleep 0.05; done"
stdout_logfile={dir}/ears.log
startsecs=0
[program:pair]
command=/bin/cat
numprocs=2
process_name=%(program_name)s_%(process_num)d
startsecs=0
[program:off]
command=/bin/cat
autostart=false
[program:waiting]
command=/nonexistent/program
startretries=1000
"""


def settle(daemon):
    daemon.wait_states(ears="RUNNING", pair__pair_0="RUNNING", pair__pair_1="RUNNING", waiting="BACKOFF")
    daemon.wait_log("ready", name="ears.log")


pair = shared_pair(CONFIG, ready=settle)


@pytest.mark.parametrize("word, heard", [
    ("HUP", "HUP"), ("SIGUSR1", "USR1"), ("usr2", "USR2"), ("sigInt", "INT"), ("10", "USR1"), ("28", "WINCH"),
])
def test_a_signal_is_known_by_its_name_in_any_case_or_by_number(pair, word, heard):
    """CTL-101, CTL-109; RPC-139."""
    def scenario(d):
        before = d.read("ears.log").count(f"got {heard}")
        output = d.ctl("signal", word, "ears")
        wait_for(lambda: d.read("ears.log").count(f"got {heard}") == before + 1, what=f"{heard} heard by {d.kind}")
        return output
    assert pair.same(scenario)["Output"]["stdout"] == "ears: signalled\n"


@pytest.mark.parametrize("command, code, words", [
    ("signal", 1, "Error: signal requires a signal name and a process name"),
    ("signal HUP", 1, "Error: signal requires a signal name and a process name"),
    ("signal BOGUS ears", 1, "ears: ERROR (bad signal name)"),
    ("signal 35 ears", 1, "ears: ERROR (bad signal name)"),
    ("signal 65 ears", 1, "ears: ERROR (bad signal name)"),
    ("signal -1 ears", 1, "ears: ERROR (bad signal name)"),
    ("signal 28.0 ears", 1, "ears: ERROR (bad signal name)"),
    ("signal BLOCK ears", 1, "ears: ERROR (bad signal name)"),
    ("signal 0 ears", 0, "ears: signalled"),
    ("signal WINCH off", 7, "off: ERROR (not running)"),
    ("signal WINCH waiting", 7, "waiting: ERROR (not running)"),
    ("signal WINCH nope", 1, "nope: ERROR (no such process)"),
    ("signal BOGUS nope", 1, "nope: ERROR (no such process)"),
    ("signal BOGUS off", 1, "off: ERROR (bad signal name)"),
    ("signal WINCH nope:*", 1, "nope: ERROR (no such group)"),
    ("signal WINCH pair", 1, "pair: ERROR (no such process)"),
    ("signal WINCH pair:*", 0, "pair:pair_0: signalled\npair:pair_1: signalled\n"),
    ("signal WINCH pair:pair_1 ears", 0, "pair:pair_1: signalled\nears: signalled\n"),
    ("signal WINCH off ears nope", 1, "off: ERROR (not running)\nears: signalled\nnope: ERROR (no such process)\n"),
    ("signal WINCH nope ears off", 7, "off: ERROR (not running)\n"),
    ("signal BOGUS pair:*", 1, "pair:pair_0: ERROR (bad signal name)\npair:pair_1: ERROR (bad signal name)\n"),
    ("signal WINCH all", 0, "ears: signalled\npair:pair_0: signalled\npair:pair_1: signalled\n"),
    ("signal BOGUS all", 1, "ears: ERROR (bad signal name)\n"),
    ("signal WINCH off:*", 0, ""),
    ("signal BOGUS off:*", 0, ""),
    ("signal ears WINCH", 1, "WINCH: ERROR (no such process)"),
])
def test_what_is_said_and_how_it_ends(pair, command, code, words):
    """CTL-103, CTL-104, CTL-105, CTL-109; RPC-127, RPC-138..144."""
    said = pair.ctl(*command.split())
    assert said.code == code and words in said.stdout


def test_a_signal_that_ends_the_process_is_no_stop(pair):
    """RPC-142: an autorestart program comes back."""
    def scenario(d):
        before = d.pid_of("pair:pair_0")
        output = d.ctl("signal", "KILL", "pair:pair_0")
        wait_for(lambda: d.pid_of("pair:pair_0") not in (0, before), what="a new process")
        return output, d.wait_states(pair__pair_0="RUNNING").log_messages("pair_0 (", "exited: pair_0")
    output, lines = pair.same(scenario)
    assert lines == ["WARN exited: pair_0 (terminated by SIGKILL; not expected)"]
