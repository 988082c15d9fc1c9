"""Signals to supervisord, the order of the shutdown, and restarts that cannot be."""

import signal

import pytest

from harness import fresh_pair, wait_for
from harness.pair import BASE

CAT = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n"
SLOW = """
[program:%s]
command=/bin/sh -c "trap 'sleep %s; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
startsecs=0
priority=%d
stdout_logfile={dir}/%s.out
"""
# Ends when it is told to and there is a file.
WAITING = """
[program:waiting]
command=/bin/sh -c "trap 'while [ ! -e {dir}/go ]; do sleep 0.05; done; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
startsecs=0
stopwaitsecs=60
stdout_logfile={dir}/waiting.out
"""


def started(d, times):
    wait_for(lambda: d.log().count("supervisord started with pid") == times, what=d.report)
    wait_for(d.answers)
    return d


def after(d, text):
    """The lines of the activity log from the first one that contains `text`."""
    messages = d.log_messages()
    return messages[next(i for i, m in enumerate(messages) if text in m):]


def test_groups_start_together_and_stop_one_after_another():
    """LIF-042, SHD-001..004, SHD-007, SHD-010, QRK-009: last priority first, each completely before the next is touched."""
    config = SLOW % ("first", "0.1", 10, "first") + SLOW % ("second", "0.1", 20, "second") + SLOW % ("third", "0.3", 30, "third")
    with fresh_pair(config) as pair:
        pair.each(lambda d: d.wait_states(first="RUNNING", second="RUNNING", third="RUNNING"))
        pair.each(lambda d: [wait_for(lambda: d.read(f"{n}.out")) for n in ("first", "second", "third")])

        def scenario(d):
            spawned = d.log_messages("spawned")
            d.signal(signal.SIGTERM)
            code = d.wait_end()
            # How often it says whom it waits for depends on how long a turn of the reference takes.
            lines = [m for m in after(d, "SIGTERM") if "to die" not in m]
            return spawned, code, lines, d.listing("supervisord.pid", "s.sock")
        said = pair.same(scenario)
        assert said[1] == 0 and said[3] == []
        assert [m.split()[2] for m in said[2] if "stopped" in m] == ["third", "second", "first"]


def test_what_is_on_its_way_up_is_given_up():
    """SHD-005, SHD-010: BACKOFF becomes FATAL, without the line about it."""
    config = "[program:bad]\ncommand=/no/such/program\nstartretries=50\n" + SLOW % ("slow", "0.2", 1, "slow")
    with fresh_pair(config) as pair:
        def scenario(d):
            d.wait_states(bad="BACKOFF", slow="RUNNING")
            wait_for(lambda: d.read("slow.out"))
            d.signal(signal.SIGTERM)
            return d.wait_end(), d.log_messages("gave up"), [m for m in after(d, "SIGTERM") if "bad" in m and "waiting" not in m]
        assert pair.same(scenario) == [0, [], []]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_second_signal_hurries_nothing(number):
    """SIG-001, SIG-002, SIG-004, SHD-008; MSG-007: HUP is ignored by then."""
    with fresh_pair(WAITING) as pair:
        def scenario(d):
            d.wait_states(waiting="RUNNING")
            wait_for(lambda: d.read("waiting.out"))
            d.signal(number)
            d.wait_log("waiting for waiting to die")
            d.signal(signal.SIGHUP)
            d.wait_log("ignored SIGHUP")
            d.signal(signal.SIGTERM)
            wait_for(lambda: len(d.log_messages("indicating exit request")) == 2, what=d.report)
            d.write("go", "")
            return d.wait_end(), [m for m in after(d, "received") if "to die" not in m]
        said = pair.same(scenario)
        assert said[0] == 0 and said[1][-1] == "INFO stopped: waiting (exit status 0)"


def test_other_signals_are_as_everywhere():
    """SIG-007, SIG-008: USR1 ends the daemon, PIPE does not."""
    with fresh_pair("") as pair:
        def scenario(d):
            d.wait_log("started with pid")
            d.signal(signal.SIGPIPE)
            d.signal(signal.SIGXFSZ)
            d.call("supervisor.getState")
            d.signal(signal.SIGUSR1)
            return d.wait_end()
        assert pair.same(scenario) == -signal.SIGUSR1


def test_a_restart_reads_everything_anew():
    """SIG-002, LIF-003, LIF-006, LIF-035, SHD-015: options of the daemon, programs and servers."""
    with fresh_pair(CAT) as pair:
        pair.each(lambda d: d.wait_states(cat="RUNNING"))

        def scenario(d):
            text = d.path("supervisord.conf").read_text()
            text = text.replace("supervisord.pid", "other.pid").replace("[supervisord]", "[supervisord]\nidentifier=new\nloglevel=debug")
            d.write("supervisord.conf", text.replace("[program:cat]", "[program:dog]"))
            d.signal(signal.SIGHUP)
            started(d, 2).wait_states(dog="RUNNING")
            # The order of the last lines is that of two independent things.
            lines = [m for m in after(d, "SIGHUP") if not m.startswith("DEBG")]
            return d.states(), d.call("supervisor.getIdentification"), d.listing("*.pid"), lines
        said = pair.same(scenario)
        assert said[0] == {"dog": "RUNNING"} and said[1] == "new" and len(said[2]) == 1


def test_what_a_reread_changes_at_once():
    """RRD-001, RRD-002, CLI-011, RRD-005: the identifier and AUTO logs of new groups; not the level of the log."""
    with fresh_pair(CAT, files={"logs/x": ""}) as pair:
        pair.each(lambda d: d.wait_states(cat="RUNNING"))

        def scenario(d):
            text = d.path("supervisord.conf").read_text().replace("childlogdir={dir}".replace("{dir}", d.dir), f"childlogdir={d.dir}/logs")
            text = text.replace("[supervisord]", "[supervisord]\nidentifier=new\nloglevel=debug\nstrip_ansi=true")
            d.write("supervisord.conf", text + "[program:dog]\ncommand=/bin/echo -e '\\033[31mred\\033[0m'\nautorestart=false\nstartsecs=0\n")
            diff = d.call("supervisor.reloadConfig")
            d.call("supervisor.addProcessGroup", "dog")
            d.wait_states(dog="EXITED")
            wait_for(lambda: d.call("supervisor.readProcessStdoutLog", "dog", 0, 0), what=d.report)
            logs = d.call("supervisor.getProcessInfo", "dog")["stdout_logfile"]
            return diff, d.call("supervisor.getIdentification"), logs, d.log_messages("DEBG"), d.call("supervisor.readProcessStdoutLog", "dog", 0, 0)
        said = pair.same(scenario)
        assert said[:2] == [[[["dog"], [], []]], "new"] and "/logs/dog-stdout---new-" in said[2] and said[3] == []


BROKEN = [
    ("not a section\n", "File contains"),
    ("[supervisord]\nminfds=many\n", "invalid literal for int() with base 10: 'many'"),
    ("[supervisord]\nuser=no_such_user\n", "Invalid user name no_such_user"),
    ("[supervisord]\n[program:x]\n", "does not specify a command"),
    (None, "could not find config file"),
]


@pytest.mark.parametrize("text, words", BROKEN, ids=["syntax", "value", "user", "program", "missing"])
@pytest.mark.parametrize("how", ["signal", "call"])
def test_a_restart_that_cannot_be_is_refused(ours_only, text, words, how):
    """LIF-004, QRK-031: the reference stops everything and ends. Here all runs on, and the log says why."""
    with fresh_pair(CAT) as pair:
        d = pair.ours
        d.wait_states(cat="RUNNING")
        good, pid = d.path("supervisord.conf").read_text(), d.pid_of("cat")
        d.path("supervisord.conf").unlink()
        if text is not None:
            d.write("supervisord.conf", text)
        if how == "signal":
            d.signal(signal.SIGHUP)
        else:
            assert d.call("supervisor.restart") is True
        d.wait_log("restart refused")
        [line] = d.log_messages("restart refused")
        assert line.startswith("CRIT restart refused, everything runs on as before: ") and words in line
        assert d.pid_of("cat") == pid and d.states() == {"cat": "RUNNING"}
        d.write("supervisord.conf", good)
        d.signal(signal.SIGHUP)
        started(d, 2).wait_states(cat="RUNNING")


def test_a_restart_that_fails_later_goes_back(ours_only):
    """LIF-004, QRK-031: what only shows when everything has been stopped."""
    changes = [("file={sock}", "file={dir}/missing/s.sock"), ("logfile={dir}/supervisord.log", "logfile={dir}"), ("childlogdir={dir}", "childlogdir=/proc")]
    with fresh_pair(CAT) as pair:
        d = pair.ours
        d.wait_states(cat="RUNNING")
        for number, (was, becomes) in enumerate(changes):
            d.write("supervisord.conf", (BASE + CAT).replace(was, becomes, 1))
            d.signal(signal.SIGHUP)
            started(d, number + 2).wait_states(cat="RUNNING")
            assert len(d.log_messages("CRIT cannot restart, going back to the configuration before: ")) == number + 1
            assert d.read("supervisord.pid") == f"{d.pid}\n"
