"""What stands in the way of a start, and a second start on the same files."""

import os
import re
import signal
import socket

import pytest

from harness import Daemon, Pair, fresh_pair, wait_for, where
from harness.pair import BASE, SUPERVISORD, UNIX_ONLY

CAT = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n"
ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def outcome(d):
    """Exit status and stderr of a daemon that does not run."""
    d.launch()
    return d.wait_end(), d.read("err")


def refusal(d):
    """The same as far as it is comparable: the reference shows the wrong number in one of its texts (LIF-015, QRK-033).

    What the reference has written to its log and to stdout by then is left out: ours opens its sockets first (LIF-018).
    """
    code, err = outcome(d)
    return code, re.sub(r"allow you to open \d+", "allow you to open N", err)


@pytest.mark.parametrize("config, code, words", [
    (BASE.replace("file={sock}", "file={dir}/missing/s.sock", 1), 2, "errno.ENOENT (2)"),
    (BASE.replace("file={sock}", "file=/proc/s.sock", 1), 2, "errno.ENOENT (2)"),
    (BASE.replace("file={sock}", "file={dir}/" + "x" * 120, 1), 2, "AF_UNIX path too long"),
    (BASE.replace("port=127.0.0.1:{port}", "port=192.0.2.1:{port}", 1), 2, "errno.EADDRNOTAVAIL (99)"),
    (SUPERVISORD + "user=no_such_user\n", 2, "Error: Invalid user name no_such_user"),
    (SUPERVISORD + "user=54321\n", 2, "Error: Invalid user id 54321"),
    (SUPERVISORD + "minfds=99999999999\n", 2, "minimum number of file descriptors required to run this process is 99999999999"),
    ("[supervisord]\nlogfile={dir}/missing/x.log\n", 2, "The directory named as part of the path {dir}/missing/x.log does not exist"),
    ("[supervisord]\nlogfile={dir}\npidfile={dir}/p\n", 1, ""),
], ids=["folder", "proc", "long", "address", "user", "uid", "minfds", "logfolder", "log"])
def test_what_is_refused(config, code, words):
    """LIF-002, LIF-014, LIF-023, CLI-016, SUP-001, SUP-013."""
    with Pair(config) as pair:
        if code == 1:  # the reference ends with a traceback
            assert [outcome(d)[0] for d in pair.both] == [code, code]
            assert where.ours_is_the_reference() or pair.ours.read("err").startswith(f"Error: cannot open the log file {pair.ours.dir}: Is a directory")
            return
        said = pair.same(refusal)
        assert said[0] == code and words in said[1]


def test_limits_are_raised_and_handed_down():
    """LIF-012, LIF-013, LIF-016, SUP-009, SUP-010; MSG-012."""
    child = "[program:child]\ncommand=/bin/sh -c 'ulimit -Sn; ulimit -Hn; exec cat'\nstdout_logfile={dir}/child.out\n"
    config = BASE.replace("[supervisord]\n", "[supervisord]\nminfds=600\n", 1) + child
    with fresh_pair(config, base="", wrapper=("prlimit", "--nofile=500:4000")) as pair:
        pair.each(lambda d: d.wait_states(child="RUNNING"))
        said = pair.same(lambda d: (d.log_messages("Increased"), d.read("child.out")))
        assert said == [["INFO Increased RLIMIT_NOFILE limit to 600"], "600\n4000\n"]

        def again(d):
            d.signal(signal.SIGHUP)
            wait_for(lambda: d.log().count("started with pid") == 2, what=d.report)
            wait_for(d.answers)
            d.wait_states(child="RUNNING")
            wait_for(lambda: d.read("child.out").count("\n") == 4, what=d.report)
            return d.log_messages("Increased"), d.read("child.out")
        assert pair.same(again)[1] == "600\n4000\n" * 2


@pytest.mark.parametrize("wanted, limits", [(450, "450\n500\n"), (200, "300\n500\n"), (300, "300\n500\n"), (-1, "300\n500\n")])
def test_limits_that_suffice_stay(wanted, limits):
    """LIF-012."""
    child = "[program:child]\ncommand=/bin/sh -c 'ulimit -Sn; ulimit -Hn; exec cat'\nstdout_logfile={dir}/child.out\n"
    config = BASE.replace("[supervisord]\n", f"[supervisord]\nminfds={wanted}\n", 1) + child
    with fresh_pair(config, base="", wrapper=("prlimit", "--nofile=300:500")) as pair:
        pair.each(lambda d: d.wait_states(child="RUNNING"))
        assert pair.same(lambda d: (d.log_messages("Increased"), d.read("child.out")))[1] == limits


@ROOT
def test_root_is_warned_unless_it_is_meant():
    """LIF-006, LIF-007, LIF-008, LIF-011, LIF-026, LIF-027, QRK-018; MSG-001."""
    extra = "[include]\nfiles={dir}/extra/*.conf\n"
    for user in ("", "user=root\n", "user=0\n"):
        config = BASE.replace("[supervisord]\n", f"[supervisord]\n{user}", 1) + extra
        with fresh_pair(config, base="", files={"extra/x.conf": CAT}) as pair:
            pair.each(lambda d: d.wait_states(cat="RUNNING"))
            lines = pair.same(lambda d: d.log_messages())
            assert ("Privileges were not dropped" in lines[0]) == (not user)
            assert ("INFO Set uid to user 0 succeeded" in lines) == bool(user)


def second(d, config=None):
    """A second daemon of the same kind on the files of `d`."""
    other = Daemon(d.kind, "")
    other.write("supervisord.conf", d.fill(config or d.read("supervisord.conf")))
    return other


def test_a_second_start_harms_nobody():
    """LIF-017, LIF-018, LIF-022, QRK-028, HIS-010: the reference sweeps the first one's AUTO logs away; we do not."""
    with fresh_pair(CAT) as pair:
        pair.each(lambda d: d.wait_states(cat="RUNNING"))

        def scenario(d):
            before = d.read("supervisord.pid"), os.stat(d.sock).st_ino
            other = second(d)
            try:
                other.launch()
                code = other.wait_end()
                return code, other.read("err"), before == (d.read("supervisord.pid"), os.stat(d.sock).st_ino), d.states()
            finally:
                other.stop()
        logs = {d.kind: (d.listing("*AUTO*", "cat-*"), d.log()) for d in pair.both}
        said = pair.same(scenario)
        assert said[0] == 2 and said[2] is True
        assert said[1].startswith("Error: Another program is already listening on a port")
        ours = pair.ours
        assert (ours.listing("*AUTO*", "cat-*"), ours.log()) == logs[ours.kind] or where.ours_is_the_reference()


def test_a_port_that_is_taken():
    """LIF-022."""
    with Pair(BASE) as pair, socket.socket() as a, socket.socket() as b:
        for d, taken in zip(pair.both, (a, b)):
            taken.bind(("127.0.0.1", d.port))
            taken.listen()
        said = pair.same(refusal)
        assert said[0] == 2 and "Another program is already listening" in said[1]


def test_a_killed_daemon_leaves_a_socket_that_the_next_takes_over():
    """LIF-019, LIF-020, LIF-033: a stale socket and a stale pidfile."""
    with fresh_pair("") as pair:
        def scenario(d):
            d.process.kill()
            d.process.wait()
            left = d.listing("s.sock*", "supervisord.pid")
            d.start()
            d.wait_log("started with pid")
            return left, d.listing("s.sock*", "supervisord.pid"), d.read("supervisord.pid") == f"{d.pid}\n", d.read("err")
        said = pair.same(scenario)
        assert said[2] is True and said[3] == "Unlinking stale socket {dir}/s.sock\n"


@ROOT
def test_sockets_with_mode_and_owner():
    """LIF-019, SRV: chmod and chown of the socket, in words and numbers."""
    for options in ("chmod=0777\nchown=nobody\n", "chmod=0600\nchown=nobody:root\n", "chown=1:2\n"):
        config = UNIX_ONLY.replace("file={sock}\n", "file={sock}\n" + options, 1)
        try:
            pair = fresh_pair(config, base="")
            with pair as pair:
                pair.same(lambda d: d.listing("s.sock"))
        except RuntimeError:
            with Pair(config) as pair:
                pair.same(refusal)


def test_a_file_in_the_place_of_the_socket_is_kept(ours_only):
    """LIF-021, QRK-027: the reference deletes it."""
    with Pair(BASE, files={"s.sock": "precious"}) as pair:
        code, err = outcome(pair.ours)
        assert code == 2 and err.startswith(f"Error: Cannot open an HTTP server: {pair.ours.sock} exists and is not a socket")
        assert pair.ours.read("s.sock") == "precious"


def test_a_pidfile_that_cannot_be_written():
    """LIF-034; MSG-001: complained about; the daemon runs, and removes nothing."""
    with Pair(BASE.replace("pidfile={dir}/supervisord.pid", "pidfile={dir}/folder", 1) + CAT, files={"folder/x": ""}).start() as pair:
        def scenario(d):
            d.wait_states(cat="RUNNING")
            lines = d.log_messages("pid")
            d.signal(signal.SIGTERM)
            return lines, d.wait_end(), d.listing("folder/*")
        said = pair.same(scenario)
        assert said[0][0] == "CRIT could not write pidfile {dir}/folder" and said[1] == 0


def test_the_pidfile_of_a_live_daemon_is_left_alone(ours_only):
    """LIF-033, LIF-034: the reference overwrites it."""
    with fresh_pair("") as pair:
        first = pair.ours
        first.wait_log("started with pid")
        other = second(first, SUPERVISORD.replace("{dir}/supervisord.log", "{dir}/other.log"))
        try:
            other.launch()
            wait_for(lambda: "could not write pidfile" in first.read("other.log"), what=other.report)
            assert other.running() and first.read("supervisord.pid") == f"{first.pid}\n"
            other.signal(signal.SIGTERM)
            assert other.wait_end() == 0 and first.read("supervisord.pid") == f"{first.pid}\n"
        finally:
            other.stop()


@pytest.mark.parametrize("options, kept", [("", False), ("nocleanup=true\n", True), ("identifier=other\n", True)])
def test_old_logs_are_swept(options, kept):
    """LIF-001, SUP-011, SUP-012, SUP-017, LOG-006: those of this identifier, unless told to keep them."""
    old = ["cat-stdout---supervisor-abcdefgh.log", "cat-stdout---supervisor-abcdefgh.log.3"]
    others = ["cat-stdout---else-abcdefgh.log", "supervisor.log"]
    config = BASE.replace("[supervisord]\n", f"[supervisord]\n{options}", 1)
    with fresh_pair(config, base="", files=dict.fromkeys(old + others, "")) as pair:
        said = pair.same(lambda d: [d.path(name).exists() for name in old + others])
        assert said == [kept, kept, True, True]
