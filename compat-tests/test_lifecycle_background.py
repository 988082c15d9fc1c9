"""Leaving the foreground: what the command says, what becomes of the process, where its files end up."""

import os
import signal

import pytest

from harness import BackgroundPair, fresh_pair, wait_for
from harness.pair import BASE, SERVERS, UNIX_ONLY

# Tells what a child finds; /bin/sh would count its own descriptors.
CHILD = """
[program:child]
command=/bin/sh -c 'umask; pwd; ulimit -n; readlink /proc/self/fd/0 | cut -c1-5; cat /proc/$$/status | grep -E "^(SigIgn|SigBlk|Uid|Groups)" > {dir}/child-status; exec cat'
stdout_logfile={dir}/child.out
"""

ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def background(config, **options):
    return BackgroundPair(config, **options).start()


def test_a_daemon_of_its_own():
    """LIF-002, LIF-028..034, LIF-041, CLI-016, SIG-008, SUP-006, SUP-014; MSG-012, MSG-026."""
    config = BASE.replace("[supervisord]\n", "[supervisord]\ndirectory={dir}/work\numask=027\nloglevel=blather\n", 1) + CHILD
    with background(config, files={"work/x": ""}) as pair:
        pair.each(lambda d: d.wait_states(child="RUNNING"))
        pair.each(lambda d: wait_for(lambda: d.read("child-status")))

        def scenario(d):
            # Parent and child write at the same time.
            lines = d.log_messages("CRIT", "WARN", "INFO"), d.log_messages("forked")
            return d.code, d.read("out"), d.read("err"), d.about(), d.listing(), lines, d.read("child.out"), d.read("child-status"), \
                d.read("supervisord.pid") == f"{d.pid}\n", d.call("supervisor.getPID") == d.pid
        said = pair.same(scenario)
        assert said[0:3] == [0, "", ""] and said[8:] == [True, True]
        assert said[3]["leads its group and session"] and said[3]["terminal"] == ["/dev/null"] * 3
        assert said[3]["directory"] == "{dir}/work" and said[3]["Umask"] == ["0027"] and said[3]["SigIgn"] == ["0000000001001000"]
        assert "INFO set current directory: '{dir}/work'" in said[5][0]
        assert said[6].startswith("0027\n{dir}/work\n")

        def ending(d):
            d.signal(signal.SIGTERM)
            return d.wait_end(), d.descendants(), d.listing()
        assert pair.same(ending)[:2] == [0, []]


def test_the_foreground_keeps_its_directory_umask_and_terminal():
    """LIF-036, LIF-037, QRK-012, SUP-006, SUP-014."""
    config = BASE.replace("[supervisord]\n", "[supervisord]\ndirectory={dir}/work\numask=077\n", 1) + CHILD
    with fresh_pair(config, base="", files={"work/x": ""}) as pair:
        pair.each(lambda d: d.wait_states(child="RUNNING"))

        def scenario(d):
            umask = [line for line in d.path(f"/proc/{d.pid}/status").read_text().splitlines() if line.startswith("Umask")]
            return os.readlink(f"/proc/{d.pid}/cwd"), umask, d.listing(), d.read("child.out"), d.log() == d.read("out"), d.read("err")
        said = pair.same(scenario)
        assert said[0] == "{dir}" and said[4] is True


def test_relative_names():
    """LIF-031, CLI-013, SUP-001, SUP-005, SUP-012: some mean the place of the start, some `directory`."""
    config = "[supervisord]\nlogfile=main.log\npidfile=main.pid\nchildlogdir=auto\ndirectory={dir}/work\n" + SERVERS + """
[program:named]
command=/bin/cat
stdout_logfile=u.log
redirect_stderr=true
[program:auto]
command=/bin/cat
redirect_stderr=true
"""
    with background(config, files={"work/x": "", "auto/x": ""}) as pair:
        pair.each(lambda d: d.wait_states(named="RUNNING", auto="RUNNING"))
        said = pair.same(lambda d: d.listing("*", "work/*", "auto/*"))
        names = [line.split()[-1] for line in said]
        assert {"main.log", "main.pid", "work/u.log"} <= set(names)
        assert any(name.startswith("auto/auto-stdout---supervisor-") for name in names)


def test_a_restart_stays_in_the_background():
    """LIF-003, LIF-035, SHD-015, CLI-014, SUP-001: the same process; a relative log now means `directory`."""
    config = "[supervisord]\nlogfile=main.log\npidfile={dir}/main.pid\ndirectory={dir}/work\n" + SERVERS + CHILD
    with background(config, files={"work/x": ""}, args=("-i", "given")) as pair:
        pair.each(lambda d: d.wait_states(child="RUNNING"))

        def scenario(d):
            before = d.pid, d.pid_of("child")
            d.write("supervisord.conf", d.path("supervisord.conf").read_text().replace("[supervisord]", "[supervisord]\nidentifier=file", 1))
            d.signal(signal.SIGHUP)
            wait_for(lambda: "started with pid" in d.read("work/main.log"), what=d.report)
            wait_for(d.answers)
            d.wait_states(child="RUNNING")
            after = d.call("supervisor.getPID"), d.pid_of("child")
            lines = [line[24:] for line in d.read("work/main.log").splitlines()]
            return before[0] == after[0], before[1] != after[1], d.call("supervisor.getIdentification"), lines[:4], d.listing("*", "work/*")
        said = pair.same(scenario)
        assert said[:3] == [True, True, "given"]
        assert not any("daemonizing" in line for line in said[3])


def test_a_relative_configuration_is_found_again(ours_only):
    """LIF-005, QRK-031, CFL-007: also from another directory, where the reference ends without a word."""
    config = BASE.replace("[supervisord]\n", "[supervisord]\ndirectory={dir}/work\n", 1) + CHILD
    for given in ("supervisord.conf", "./work/../supervisord.conf"):
        with BackgroundPair(config, given_config=given, files={"work/x": ""}) as pair:
            d = pair.ours.start()
            d.wait_states(child="RUNNING")
            assert d.call("supervisor.reloadConfig") == [[[], [], []]]
            d.signal(signal.SIGHUP)
            wait_for(lambda: d.log().count("supervisord started with pid") == 2, what=d.report)
            wait_for(d.answers)
            d.wait_states(child="RUNNING")


def test_a_relative_configuration_without_a_directory():
    """CFL-007: texts show the file as it was typed."""
    with BackgroundPair(BASE + CHILD, given_config="supervisord.conf").start() as pair:
        pair.each(lambda d: d.wait_states(child="RUNNING"))

        def scenario(d):
            d.write("supervisord.conf", "[supervisord]\nminfds=many\n[program:x]\n")
            return d.call("supervisor.reloadConfig")
        assert pair.same(scenario)[0] == "fault"


@ROOT
def test_a_directory_that_cannot_be_entered():
    """LIF-029; MSG-001: the daemon stays where it is."""
    config = UNIX_ONLY.replace("[supervisord]\n", "[supervisord]\ndirectory={dir}/closed\nuser=nobody\n", 1)
    with BackgroundPair(config, files={"closed/x": ""}, user_mode=0o777) as pair:
        pair.each(lambda d: d.path("closed").chmod(0o700))
        pair.start()
        pair.each(lambda d: d.wait_log("started with pid"))
        said = pair.same(lambda d: (d.log_messages("chdir", "started"), d.about(), d.listing()))
        assert said[0][0] == "CRIT can't chdir into '{dir}/closed': [Errno 13] Permission denied: '{dir}/closed'"


def test_failures_before_the_fork_have_a_terminal_and_a_status():
    """LIF-002, CLI-016."""
    with BackgroundPair(BASE.replace("file={sock}", "file={dir}/missing/s.sock", 1)) as pair:
        def scenario(d):
            with pytest.raises(RuntimeError):
                d.launch()
            return d.code, d.read("out"), d.read("err"), d.path("supervisord.pid").exists()
        said = pair.same(scenario)
        assert said[0] == 2 and "errno.ENOENT (2)" in said[2] and said[3] is False
