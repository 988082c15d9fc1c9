"""Who starts before whom, what brings supervisord to its end, and how often a signal is not enough: with real processes.

What the machine does in detail is told by the scenarios of its extensions; here it is about configuration files, the exit status that
whoever started supervisord sees, and clients.
"""

import signal
import xmlrpc.client

import pytest

from harness import where
from harness.daemon import Daemon
from harness.pair import BASE
from harness.waiting import wait_for

pytestmark = pytest.mark.usefixtures("ours_only")


def started(config: str, **options) -> Daemon:
    return Daemon(where.OURS, BASE + config, **options)


def order(daemon, *parts: str) -> list:
    """Which of these parts of log lines came, in the order of the log."""
    return [part for line in daemon.log().splitlines() for part in parts if part in line]


@pytest.mark.parametrize("options, status", [
    ("command=/bin/sh -c 'exit 3'\nstartsecs=0\nautorestart=false\non_exit=shutdown", 3),
    ("command=/bin/sh -c 'exit 0'\nstartsecs=0\non_exit=shutdown", 0),
    ("command=/bin/sh -c 'kill -9 $$'\nstartsecs=0\nautorestart=false\non_exit=shutdown", 128 + signal.SIGKILL),
    ("command=/bin/sh -c 'exit 4'\nstartretries=0\non_fatal=shutdown", 4),
    ("command=/bin/sh -c 'exit 0'\nstartretries=0\non_fatal=shutdown", 1),
    ("command=/no/such/program\nstartretries=0\non_fatal=shutdown", 1),
])
def test_supervisord_leaves_with_the_status_of_a_program_that_matters(options, status):
    """GO-402: everybody else is stopped in order before."""
    daemon = started(f"[program:job]\n{options}\n[program:other]\ncommand=/bin/sleep 1000\npriority=1\n")
    # It may be gone before anybody could ask it something.
    daemon.launch()
    with daemon:
        assert daemon.wait_end() == status
        assert "stopped: other (terminated by SIGTERM)" in daemon.log()


def test_a_program_that_somebody_stops_ends_nothing():
    """GO-402."""
    with started("[program:job]\ncommand=/bin/sleep 1000\nstartsecs=0\non_exit=shutdown\non_fatal=shutdown\n") as daemon:
        daemon.wait_states(job="RUNNING")
        daemon.call("supervisor.stopProcess", "job")
        daemon.call("supervisor.startProcess", "job")
        assert daemon.states() == {"job": "RUNNING"}
        daemon.signal(signal.SIGTERM)
        assert daemon.wait_end() == 0


CHAIN = """
[program:web]
command=/bin/sleep 1000
priority=1
startsecs=0
depends_on=api
[program:api]
command=/bin/sleep 1000
priority=2
startsecs=1
depends_on=db
[program:db]
command=/bin/sleep 1000
priority=3
startsecs=1
autostart=false
"""


def test_programs_start_along_their_dependencies_and_stop_against_them():
    """GO-184, GO-185, GO-191: against all priorities."""
    with started(CHAIN) as daemon:
        daemon.wait_states(web="RUNNING")
        assert order(daemon, "spawned: 'db'", "success: db", "spawned: 'api'", "success: api", "spawned: 'web'") == [
            "spawned: 'db'", "success: db", "spawned: 'api'", "success: api", "spawned: 'web'"]
        daemon.signal(signal.SIGTERM)
        daemon.wait_end()
        assert order(daemon, "stopped: db", "stopped: api", "stopped: web") == [
            "stopped: web", "stopped: api", "stopped: db"]


def test_a_start_takes_its_dependencies_along_and_waits_for_them():
    """GO-186: a client of the reference sees a start that takes a little longer."""
    with started(CHAIN.replace("startsecs=0", "startsecs=0\nautostart=false").replace("priority=2", "autostart=false")) as daemon:
        daemon.wait_settled()
        assert set(daemon.states().values()) == {"STOPPED"}
        output = daemon.ctl("start", "web")
        assert (output.stdout, output.code) == ("web: started\n", 0)
        assert set(daemon.states().values()) == {"RUNNING"}


def test_a_dependency_that_does_not_come_is_named():
    """GO-185: the caller hears of it, and whoever looks is told why."""
    config = CHAIN.replace("[program:db]\ncommand=/bin/sleep 1000", "[program:db]\nstartretries=0\ncommand=/bin/sh -c 'exit 1'")
    with started(config) as daemon:
        daemon.wait_states(db="FATAL", api="FATAL", web="FATAL")
        info = daemon.call("supervisor.getProcessInfo", "web")
        assert info["spawnerr"] == "dependency api entered FATAL state"
        with pytest.raises(xmlrpc.client.Fault) as fault:
            daemon.rpc().supervisor.startProcess("api")
        assert fault.value.faultString == "SPAWN_ERROR: api"
        assert daemon.call("supervisor.getProcessInfo", "api")["spawnerr"] == "dependency db entered FATAL state"


def test_several_stop_signals_come_one_after_the_other():
    """GO-129, GO-132: and SIGKILL after the last."""
    config = """
[program:deaf]
command=/bin/sh -c "trap 'echo hup' HUP; trap 'echo int' INT; echo up; while :; do sleep 0.1; done"
startsecs=0
stopsignal=HUP SIGINT
stopwaitsecs=1
stdout_logfile={dir}/heard
"""
    with started(config) as daemon:
        wait_for(lambda: daemon.read("heard") == "up\n", what=daemon.report)
        daemon.call("supervisor.stopProcess", "deaf")
        assert daemon.read("heard") == "up\nhup\nint\n"
        assert daemon.log_messages("killing 'deaf'", "with SIGKILL")


def test_retries_for_ever_with_a_delay_that_grows():
    """GO-411: never FATAL."""
    config = """
[program:never]
command=/bin/sh -c "date +%%s.%%N >> {dir}/starts; exit 1"
startretries=-1
restart_delay=1
restart_delay_max=2
"""
    with started(config) as daemon:
        def starts():
            return [float(line) for line in daemon.read("starts").split()]

        wait_for(lambda: len(starts()) >= 4, limit=20, what=daemon.report)
        pauses = [after - before for before, after in zip(starts(), starts()[1:])]
        # No timer is early; how late they are is the machine's load.
        assert pauses[0] >= 0.95 and all(pause >= 1.95 for pause in pauses[1:3]), pauses
        daemon.call("supervisor.stopProcess", "never")
        assert daemon.states() == {"never": "STOPPED"}
