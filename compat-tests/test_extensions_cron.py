"""Programs that the clock starts. What is due when is told by the unit tests of ``config::schedule`` and ``schedule``."""

import time
from itertools import pairwise

import pytest

from harness import where
from harness.daemon import Daemon
from harness.pair import BASE
from harness.waiting import wait_for

pytestmark = pytest.mark.usefixtures("ours_only")

JOB = """
[program:job]
command=/bin/sh -c "date +%%s.%%N >> {dir}/runs"
autostart=false
autorestart=false
startsecs=0
cron=* * * * * *
"""


def scheduled(config: str = JOB, **options) -> Daemon:
    return Daemon(where.OURS, BASE + config, **options)


def runs(daemon) -> list:
    return [float(line) for line in daemon.read("runs").splitlines()]


def test_each_second_means_each_second():
    """GO-217, GO-218, GO-224: at the beginning of each, once, and none twice."""
    with scheduled() as daemon:
        wait_for(lambda: len(runs(daemon)) >= 5, 20, what=daemon.report)
        seconds = [int(run) for run in runs(daemon)]
        assert len(set(seconds)) == len(seconds)
        # A busy machine may be late for a run, not early.
        assert all(later - earlier <= 2 for earlier, later in pairwise(seconds))
        assert sorted(run % 1 for run in runs(daemon))[2] < 0.5


def test_a_program_that_still_runs_is_not_started_again():
    """GO-224."""
    with scheduled(JOB.replace(">> {dir}/runs", ">> {dir}/runs; exec sleep 2.5")) as daemon:
        wait_for(lambda: len(runs(daemon)) >= 3, 20, what=daemon.report)
        assert all(later - earlier > 2.4 for earlier, later in pairwise(runs(daemon)))
        assert daemon.log_messages("cron: 'job' is RUNNING, this time is left out")


def test_a_stop_holds_until_somebody_starts_the_program():
    """GO-225."""
    long = JOB.replace(">> {dir}/runs", ">> {dir}/runs; exec sleep 1000")
    witness = JOB.replace("job", "witness").replace("runs", "witness")
    with scheduled(long + witness) as daemon:
        wait_for(lambda: runs(daemon), what=daemon.report)
        daemon.call("supervisor.stopProcess", "job")
        seen = len(daemon.read("witness").splitlines())
        wait_for(lambda: len(daemon.read("witness").splitlines()) >= seen + 3, 20, what=daemon.report)
        assert len(runs(daemon)) == 1
        daemon.wait_states(job="STOPPED")
        daemon.call("supervisor.startProcess", "job")
        daemon.call("supervisor.signalProcess", "job", "KILL")
        # It ended by itself, and the clock may start it again.
        wait_for(lambda: len(runs(daemon)) == 3, 20, what=daemon.report)


def test_schedules_follow_the_configuration():
    """GO-225."""
    with scheduled() as daemon:
        wait_for(lambda: runs(daemon), what=daemon.report)
        daemon.write("supervisord.conf", BASE + JOB.replace("cron=* * * * * *", "cron=0 0 1 1 *"))
        daemon.ctl("update")
        before = len(runs(daemon))
        time.sleep(2.2)
        assert len(runs(daemon)) == before
        daemon.write("supervisord.conf", BASE + JOB.replace("cron=* * * * * *", "cron=@every 1s"))
        daemon.ctl("update")
        wait_for(lambda: len(runs(daemon)) >= before + 2, 20, what=daemon.report)


def test_the_time_zone_is_the_schedules_own():
    """GO-221: this minute somewhere else, and the same minute here."""
    here = time.localtime(time.time() + 5)
    kolkata = time.gmtime(time.time() + 5 + 19800)
    fields = "*/1 {0.tm_min},{1} {0.tm_hour} * * *"
    config = JOB.replace("* * * * * *", "CRON_TZ=Asia/Kolkata " + fields.format(kolkata, (kolkata.tm_min + 1) % 60))
    other = JOB.replace("job", "other").replace("runs", "other").replace("* * * * * *", f"CRON_TZ=UTC 0 0 {(here.tm_hour + 5) % 24} * * *")
    with scheduled(config + other, env={"TZ": "Europe/Berlin"}) as daemon:
        wait_for(lambda: runs(daemon), 20, what=daemon.report)
        assert daemon.read("other") == ""


def test_a_schedule_for_what_restarts_by_itself_is_warned_of():
    """GO-223."""
    with scheduled(JOB.replace("autorestart=false", "autorestart=true").replace("* * * * * *", "@yearly")) as daemon:
        wait_for(lambda: daemon.log_messages("has a schedule"), what=daemon.report)
        assert daemon.log_messages("has a schedule") == [
            "WARN 'job' has a schedule and autorestart=true: it is started again whenever it ends"]
