"""As process 1 of a namespace, as in a container."""

import os
import signal
from pathlib import Path

import pytest

from harness import Daemon, Pair, wait_for, where
from harness.pair import BASE

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")

NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc")

# A program that leaves a child behind, which then ends with a status of its own.
ORPHAN = """
[program:leaver]
command=/bin/sh -c '(sleep 0.3; exit 7) & exit 0'
startsecs=0
autorestart=false
stopasgroup=false
[program:cat]
command=/bin/cat
startsecs=0
"""


def first_process(d):
    """The pid of the namespace's process 1, as it is known outside."""
    children = Path(f"/proc/{d.pid}/task/{d.pid}/children").read_text().split()
    return int(children[0])


def story(d):
    d.wait_states(leaver="EXITED", cat="RUNNING")
    d.wait_log("reaped unknown pid")
    inside = d.call("supervisor.getPID"), d.read("supervisord.pid")
    reaped = [line.split("(")[1] for line in d.log_messages("reaped unknown pid")]
    zombies = [line for line in children_of(first_process(d)) if line.endswith("Z")]
    os.kill(first_process(d), signal.SIGTERM)
    return inside, reaped, zombies, d.wait_end(), d.descendants(), d.log_messages("started with pid", "daemonizing", "WARN received")


def children_of(pid):
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found.append(f"{child} {Path(f'/proc/{child}/stat').read_text().rsplit(')', 1)[1].split()[0]}")
    return found


def test_orphans_are_reaped_and_the_end_is_clean():
    """LIF-044, CLI-016; MSG-016."""
    with Pair(BASE + ORPHAN, wrapper=NAMESPACE).start() as pair:
        said = pair.same(story)
        assert said[0] == [1, "1\n"] and said[1] == ["exit status 7)"] and said[2:5] == [[], 0, []]


class WithoutSwitch(Daemon):
    """Started without ``-n``."""

    def launch(self):
        self.wrapper = (*NAMESPACE, "sh", "-c", 'for word; do shift; [ "$word" = -n ] || set -- "$@" "$word"; done; exec "$@"', "sh")
        return super().launch()


def test_process_1_never_leaves_the_foreground(ours_only):
    """The reference forks and ends, and the kernel ends the namespace with it."""
    with WithoutSwitch(where.OURS, BASE + ORPHAN).start() as d:
        said = story(d)
        assert said[0] == (1, "1\n") and said[2:5] == ([], 0, [])
        assert not any("daemonizing" in line for line in said[5])
        assert d.read("out") == d.log()
