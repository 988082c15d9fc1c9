"""Another user: becoming one, and being one from the start."""

import os
import signal
from pathlib import Path

import pytest

from harness import Pair, wait_for, where
from harness.pair import UNIX_ONLY

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")

CHILD = """
[program:child]
command=/bin/sh -c 'id -u; id -g; id -G; env | grep -E "^(HOME|USER|LOGNAME)="; umask; exec cat'
stdout_logfile={dir}/child.out
"""

# An account of its own for the test, with groups, in a private view of the two files.
ACCOUNTS = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nweb:x:4711:4712:Web:/nonexistent:/bin/sh\n",
    "group": "root:x:0:\nweb:x:4712:\nstaff:x:50:web,root\nothers:x:51:root\nwheel:x:10:web\n",
}
WITH_ACCOUNTS = ("unshare", "-m", "sh", "-c",
                 'mount --bind "$PWD/passwd" /etc/passwd && mount --bind "$PWD/group" /etc/group && exec "$@"', "sh")

# Nobody, who may still read everything: where the tests run, the reference may lie in a folder closed to others.
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+dac_read_search",
             "--ambient-caps=+dac_read_search")


def with_user(user):
    return UNIX_ONLY.replace("[supervisord]\n", f"[supervisord]\nuser={user}\n", 1)


def identity(d):
    status = Path(f"/proc/{d.pid}/status").read_text().splitlines()
    return [line.split() for line in status if line.startswith(("Uid", "Gid", "Groups"))]


@pytest.mark.parametrize("user, args", [("web", ()), ("4711", ()), ("root", ("-u", "web"))], ids=["name", "number", "switch"])
def test_privileges_are_dropped(user, args):
    """LIF-001, LIF-008, LIF-010, CLI-008, CLI-011, SUP-013; MSG-012: groups too, the environment not."""
    with Pair(with_user(user) + CHILD, files=ACCOUNTS, wrapper=WITH_ACCOUNTS, args=args, user_mode=0o777).start() as pair:
        pair.each(lambda d: d.wait_states(child="RUNNING"))

        def scenario(d):
            first = identity(d), d.log_messages(), d.listing(), d.read("child.out")
            d.signal(signal.SIGHUP)
            wait_for(lambda: d.log().count("started with pid") == 2, what=d.report)
            wait_for(d.answers)
            return first, identity(d), d.log_messages("Set uid"), d.signal(signal.SIGTERM).wait_end(), d.listing("*.pid", "*.sock")
        said = pair.same(scenario)
        first = said[0]
        assert first[0] == [["Uid:"] + ["4711"] * 4, ["Gid:"] + ["4712"] * 4, ["Groups:", "10", "50", "4712"]]
        assert first[1][0] == "INFO Set uid to user 4711 succeeded"
        assert first[3].startswith("4711\n4712\n") and "HOME=/root" in first[3]
        assert said[2] == ["INFO Set uid to user 4711 succeeded"] * 2 and said[3:] == [0, []]


def test_limits_are_raised_after_the_drop():
    """LIF-001, LIF-012, LIF-014: by then it is no longer root who asks."""
    config = with_user("nobody").replace("[supervisord]\n", "[supervisord]\nminfds=900\n", 1)
    with Pair(config, wrapper=("prlimit", "--nofile=300:500"), user_mode=0o777) as pair:
        def scenario(d):
            d.launch()
            return d.wait_end(), d.read("err").split(" as per ")[0]
        said = pair.same(scenario)
        assert said[0] == 2 and "minimum number of file descriptors" in said[1]


def test_a_log_that_the_user_cannot_write():
    """LIF-001, CLI-016: an uncaught error of the reference, a text of ours."""
    with Pair(with_user("nobody"), files={"supervisord.log": ""}, user_mode=0o777) as pair:
        assert pair.each(lambda d: d.launch().wait_end()) == [1, 1]
        assert pair.same(lambda d: d.listing()) == ["-rw-r--r-- 0:0 supervisord.log"]
        text = f"Error: cannot open the log file {pair.ours.dir}/supervisord.log: Permission denied"
        assert where.ours_is_the_reference() or pair.ours.read("err").startswith(text)


def test_nobody_runs_programs():
    """LIF-007, SPN-018, SPN-027: the relevant part of the suite, once more without root."""
    other = "[program:other]\ncommand=/bin/cat\nuser=root\nstartretries=0\nredirect_stderr=true\nstdout_logfile={dir}/other.out\n"
    own = "[program:own]\ncommand=/bin/cat\nuser=nobody\nautorestart=false\n"
    with Pair(UNIX_ONLY + CHILD + other + own, wrapper=AS_NOBODY, user_mode=0o777).start() as pair:
        pair.each(lambda d: d.wait_states(child="RUNNING", own="RUNNING", other="FATAL"))

        def scenario(d):
            said = d.ctl("stop", "own"), d.ctl("start", "own"), d.ctl("signal", "HUP", "own")
            d.wait_states(own="EXITED")
            lines = identity(d), d.read("child.out"), d.read("other.out"), d.log_messages("CRIT"), d.listing()
            d.signal(signal.SIGHUP)
            wait_for(lambda: d.log().count("started with pid") == 2, what=d.report)
            wait_for(d.answers)
            d.wait_states(child="RUNNING", own="RUNNING", other="FATAL")
            stopped = d.call("supervisor.stopAllProcesses")
            return said, lines, [one["description"] for one in stopped], d.signal(signal.SIGTERM).wait_end(), d.listing("*.pid", "*.sock")
        said = pair.same(scenario)
        assert said[1][0][0] == ["Uid:"] + ["65534"] * 4 and said[3:] == [0, []]
        assert not any("Privileges" in line for line in said[1][3])


@pytest.mark.parametrize("change, words", [
    (("[supervisord]\n", "[supervisord]\nuser=root\n"), "Error: Can't drop privilege as nonroot user\n"),
    (("file={sock}\n", "file={sock}\nchown=root\n"), "Error: Not permitted to chown {dir}/s.sock to uid/gid (0, -1)"),
    (("file={sock}\n", "file=/proc/x.sock\n"), "Error: Cannot open an HTTP server: socket.error reported errno."),
    (("file={sock}\n", "file=/usr/x.sock\n"), "Error: Cannot open an HTTP server: socket.error reported errno.EACCES (13)"),
], ids=["user", "chown", "proc", "unwritable"])
def test_what_nobody_may_not(change, words):
    """LIF-009, LIF-023, LIF-024, CLI-016."""
    with Pair(UNIX_ONLY.replace(*change, 1), wrapper=AS_NOBODY, user_mode=0o777) as pair:
        def scenario(d):
            d.launch()
            return d.wait_end(), d.read("err")
        said = pair.same(scenario)
        assert said[0] == 2 and said[1].startswith(words)


def test_its_own_user_is_no_change():
    """LIF-008: also for who is not root."""
    with Pair(with_user("nobody"), wrapper=AS_NOBODY, user_mode=0o777).start() as pair:
        pair.each(lambda d: d.wait_log("started with pid"))
        assert pair.same(lambda d: d.log_messages())[0] == "INFO Set uid to user 65534 succeeded"
