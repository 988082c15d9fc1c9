"""supervisord's own log: where it goes, and that trouble with it ends nothing."""

import signal

import pytest

from harness import Daemon, fresh_pair, wait_for, where
from harness.pair import BASE

CHATTY = """
[program:chatty]
command=/bin/sh -c 'while :; do echo a line of some length; sleep 0.05; done'
stdout_logfile=%s
"""


def with_options(options, base=BASE):
    return base.replace("[supervisord]\n", f"[supervisord]\n{options}", 1)


@pytest.mark.parametrize("args, options", [(("-s",), ""), ((), "silent=true\n")], ids=["switch", "option"])
def test_silence(args, options):
    """LIF-037, SUP-008, CLI-011: nothing on stdout, everything in the log."""
    with fresh_pair(with_options(options), base="", args=args) as pair:
        pair.each(lambda d: d.wait_log("started with pid"))
        said = pair.same(lambda d: (d.read("out"), d.log_messages()))
        assert said[0] == ""


def test_the_form_of_lines():
    """MLF-001, MLF-003, MLF-004, CLI-011: the level of the switch counts."""
    with fresh_pair(with_options("loglevel=critical\n"), base="", args=("-e", "warn")) as pair:
        def scenario(d):
            d.signal(signal.SIGTERM)
            d.wait_end()
            return d.log_messages(), d.read("out") == d.log(), d.read("err")
        said = pair.same(scenario)
        assert said[0][-1] == "WARN received SIGTERM indicating exit request"


def test_rotated_logs_are_opened_anew():
    """SIG-006, MLF-007; MSG-016: USR2 after somebody has moved the files away."""
    with fresh_pair(CHATTY % "{dir}/chatty.log") as pair:
        pair.each(lambda d: d.wait_states(chatty="RUNNING"))

        def scenario(d):
            d.wait_log("entered RUNNING")
            for name in ("supervisord.log", "chatty.log"):
                d.path(name).rename(d.path(f"{name}.old"))
            d.signal(signal.SIGUSR2)
            wait_for(lambda: "a line" in d.read("chatty.log"), what=d.report)
            d.signal(signal.SIGTERM)
            d.wait_end()
            old = [line[24:] for line in d.read("supervisord.log.old").splitlines()]
            return old[-2:], d.log_messages("received"), [line.split()[-1] for line in d.listing("*.log", "*.old")]
        said = pair.same(scenario)
        assert said[0] == ["INFO received SIGUSR2 indicating log reopen request", "INFO supervisord logreopen"]
        assert said[1] == ["WARN received SIGTERM indicating exit request"]


def test_the_main_log_on_a_pipe_with_rotation(ours_only):
    """QRK-026, MLF-009, E2E-010: the default rotation; the reference ends at its first line."""
    config = BASE.replace("logfile={dir}/supervisord.log", "logfile=/dev/stdout\nlogfile_maxbytes=100", 1) + CHATTY % "/dev/stdout"
    with Daemon(where.OURS, config, wrapper=("sh", "-c", 'exec "$@" | cat', "sh")).start() as d:
        d.wait_states(chatty="RUNNING")
        wait_for(lambda: d.read("out").count("entered RUNNING") == 2, what=d.report)
        assert d.call("supervisor.getState")["statename"] == "RUNNING"
        assert d.call("supervisor.shutdown") is True
        d.wait_end()


def test_a_full_disk(ours_only):
    """MLF-009: a log that takes nothing ends neither the daemon nor its programs; the reference ends when it reopens one."""
    config = BASE.replace("logfile={dir}/supervisord.log", "logfile=/dev/full\nlogfile_maxbytes=0", 1) + CHATTY % "/dev/full"
    with Daemon(where.OURS, config).start() as d:
        d.wait_states(chatty="RUNNING")
        d.signal(signal.SIGUSR2)
        assert d.call("supervisor.stopProcess", "chatty") is True and d.call("supervisor.startProcess", "chatty") is True
        d.signal(signal.SIGHUP)
        wait_for(lambda: d.read("out").count("started with pid") == 2, what=d.report)
        wait_for(d.answers)
        d.wait_states(chatty="RUNNING")
        d.signal(signal.SIGTERM)
        assert d.wait_end() == 0
