"""Many programs, many restarts: everything starts and stops, and nothing is left over."""

import os
import re
from pathlib import Path

import pytest

from harness import where
from harness.daemon import Daemon
from harness.pair import BASE
from harness.waiting import wait_for

pytestmark = pytest.mark.usefixtures("ours_only")

COUNT = 500
CONFIG = BASE + "".join(f"""
[program:p{number:03}]
command=/bin/sleep 1000
startsecs=0
stdout_logfile=NONE
stderr_logfile=NONE
""" for number in range(COUNT))


def descriptors(daemon) -> int:
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def memory(daemon) -> int:
    """Resident memory in KiB."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{daemon.pid}/status").read_text())[1])


def test_five_hundred_programs_start_restart_and_stop_without_a_trace():
    """RPC-125, RPC-137, SPN-011: one descriptor or one KiB lost per start would be seen."""
    with Daemon(where.OURS, CONFIG) as daemon:
        def everybody(state):
            return list(daemon.states().values()).count(state) == COUNT

        wait_for(lambda: everybody("RUNNING"), 30, what=daemon.report)
        seen, opened = [], 0
        for _ in range(6):
            stopped = daemon.call("supervisor.stopAllProcesses")
            assert len(stopped) == COUNT and {result["description"] for result in stopped} == {"OK"}
            assert everybody("STOPPED")
            started = daemon.call("supervisor.startAllProcesses")
            assert len(started) == COUNT and {result["description"] for result in started} == {"OK"}
            assert everybody("RUNNING")
            # Connections of the calls just made may still be closing.
            opened = opened or descriptors(daemon)
            wait_for(lambda: descriptors(daemon) <= opened, 10, what=lambda: f"{descriptors(daemon)}, not {opened}")
            seen.append(memory(daemon))
        # The first rounds fill the allocator's pools; what a large answer needed is given back a second later.
        wait_for(lambda: memory(daemon) <= seen[2] + 256, 10, what=lambda: f"{seen}, and now {memory(daemon)}")
        assert daemon.signal(15).wait_end() == 0
        assert daemon.descendants() == []
