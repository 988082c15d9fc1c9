"""The life of a process in real time, as the activity log and the state events tell it."""

import pytest

from harness import fresh_pair, wait_for


def story(daemon, *names):
    """The activity log's lines about those processes."""
    words = ("spawned", "success", "exited", "gave up", "stopped", "killing", "spawnerr", "sending", "already running")
    lines = [m for m in daemon.log_messages(*words) if "stopped monitoring" not in m]
    return [m for m in lines if not names or any(n in m for n in names)]


@pytest.mark.parametrize("autorestart, code, exitcodes, comes_back", [
    ("true", 0, "0", True), ("true", 3, "0", True), ("false", 3, "0", False), ("unexpected", 0, "0", False), ("unexpected", 3, "0", True),
    ("unexpected", 3, "0,3", False), ("unexpected", 0, "", True), ("true", 3, "3", True),
])
def test_what_is_started_again(autorestart, code, exitcodes, comes_back):
    """PST-009, PST-018, PST-019, PRG-009, PRG-011; MSG-009."""
    config = f"""
[program:x]
command=/bin/sh -c "read line; exit {code}"
startsecs=0
autorestart={autorestart}
exitcodes={exitcodes}
"""
    with fresh_pair(config) as pair:
        def scenario(d):
            d.wait_states(x="RUNNING")
            first = d.pid_of("x")
            d.call("supervisor.sendProcessStdin", "x", "\n")
            if comes_back:
                wait_for(lambda: d.pid_of("x") not in (0, first), what=d.report)
                d.wait_states(x="RUNNING")
            else:
                d.wait_states(x="EXITED")
            return story(d), d.call("supervisor.getProcessInfo", "x")
        lines, row = pair.same(scenario)
        assert row["statename"] == ("RUNNING" if comes_back else "EXITED")
        assert sum("spawned" in line for line in lines) == 1 + comes_back


def test_death_by_signal_is_never_expected():
    """PST-010; SPN-030, SPN-031; MSG-009."""
    with fresh_pair("[program:x]\ncommand=/bin/cat\nstartsecs=0\nautorestart=false\nexitcodes=0,1,2,9,137,255\n") as pair:
        def scenario(d):
            d.wait_states(x="RUNNING")
            d.call("supervisor.signalProcess", "x", "KILL")
            d.wait_states(x="EXITED")
            return story(d), d.call("supervisor.getProcessInfo", "x")
        lines, row = pair.same(scenario)
        assert lines[-1] == "WARN exited: x (terminated by SIGKILL; not expected)" and row["exitstatus"] == -1


@pytest.mark.parametrize("retries, spawns", [(0, 1), (1, 2), (2, 3)])
def test_retries(retries, spawns):
    """PST-006, PST-011..013, PST-016; MSG-013, MSG-014; one second more before each try."""
    with fresh_pair(f"[program:x]\ncommand=/bin/sh -c 'exit 0'\nstartsecs=10\nstartretries={retries}\n") as pair:
        def scenario(d):
            d.wait_states(x="FATAL")
            return story(d), d.call("supervisor.getProcessInfo", "x")
        lines, row = pair.same(scenario)
        assert sum("spawned" in line for line in lines) == spawns
        assert lines[-1] == "INFO gave up: x entered FATAL state, too many start retries too quickly"
        assert lines[1] == "WARN exited: x (exit status 0; not expected)" and row["spawnerr"].startswith("Exited too quickly")


def test_a_program_that_recovers_at_its_second_try():
    """PST-011, PST-014, PST-019."""
    config = "[program:x]\ncommand=/bin/sh -c 'if [ -e {dir}/once ]; then exec cat; fi; touch {dir}/once; exit 1'\nstartsecs=1\n"
    with fresh_pair(config) as pair:
        lines = pair.same(lambda d: story(d.wait_states(x="RUNNING")))
        assert lines[-1].startswith("INFO success: x entered RUNNING state, process has stayed up for > than 1 seconds")


def test_a_stop_does_not_forget_the_retries():
    """PST-023, PST-024, RPC-133, QRK-014; MSG-022."""
    with fresh_pair("[supervisord]\nloglevel=debug\n[program:x]\ncommand=/nonexistent\nstartretries=3\n") as pair:
        def scenario(d):
            d.wait_states(x="BACKOFF")
            wait_for(lambda: d.answers() and d.log().count("spawnerr") == 2, what=d.report)
            said = [d.call("supervisor.stopProcess", "x"), d.states()]
            return said, [m for m in d.log_messages("BACKOFF", "spawnerr") if "RPC" not in m]
        said = pair.same(scenario)
        assert said[0] == [True, {"x": "STOPPED"}] and said[1][-1] == "DEBG Attempted to kill x, which is in BACKOFF state."


@pytest.mark.parametrize("signal", ["TERM", "HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "10"])
def test_stop_signals(signal):
    """PST-022, PST-021, PRG-012; MSG-009, MSG-021."""
    config = f"[supervisord]\nloglevel=debug\n[program:x]\ncommand=/bin/cat\nstartsecs=0\nstopsignal={signal}\nexitcodes=0\n"
    with fresh_pair(config) as pair:
        def scenario(d):
            d.wait_states(x="RUNNING")
            answer = d.call("supervisor.stopProcess", "x")
            return answer, story(d), d.call("supervisor.getProcessInfo", "x")
        answer, lines, row = pair.same(scenario)
        assert answer is True and row["statename"] == "STOPPED" and any(line.startswith("DEBG killing x (pid N) with signal SIG") for line in lines)


def test_a_clean_end_at_a_stop_is_info():
    """PST-021, QRK-005: a status among the exit codes makes the line INFO, else WARN."""
    config = "".join(f"[program:e{c}]\ncommand=/bin/sh -c \"trap 'exit {c}' TERM; echo up; while :; do sleep 0.02; done\"\nstartsecs=0\nstdout_logfile={{dir}}/e{c}.out\n" for c in (0, 3))
    with fresh_pair(config) as pair:
        def scenario(d):
            for name in ("e0", "e3"):
                d.wait_log("up", name=f"{name}.out")
                d.call("supervisor.stopProcess", name)
            return story(d)[-2:]
        assert pair.same(scenario) == ["INFO stopped: e0 (exit status 0)", "WARN stopped: e3 (exit status 3)"]


def test_a_late_kill():
    """PST-026, PST-027, RPC-134; MSG-008."""
    config = "[program:x]\ncommand=/bin/sh -c \"trap '' TERM; echo up; while :; do sleep 0.1; done\"\nstartsecs=0\nstopwaitsecs=1\nstdout_logfile={dir}/x.out\n"
    with fresh_pair(config) as pair:
        def scenario(d):
            d.wait_log("up", name="x.out")
            d.call("supervisor.stopProcess", "x")
            # The reference reaps late and may have killed twice by then.
            return sorted(set(story(d)[-3:])), d.log_messages("waiting for")[:1]
        lines, waiting = pair.same(scenario)
        assert "WARN killing 'x' (N) with SIGKILL" in lines and "WARN stopped: x (terminated by SIGKILL)" in lines and waiting == ["INFO waiting for x to stop"]


def test_programs_start_in_order_of_priority():
    """GRP-005, LIF-042, NAM-015, NAM-016."""
    config = "".join(f"[program:{n}]\ncommand=/bin/cat\nstartsecs=0\npriority={p}\n" for n, p in (("z", 1), ("a", 900), ("m", 5), ("g1", 9), ("g2", 3)))
    config += "[program:many]\ncommand=/bin/cat\nnumprocs=3\nprocess_name=%(program_name)s%(process_num)d\nstartsecs=0\npriority=2\n[group:g]\nprograms=g1,g2\npriority=4\n"
    with fresh_pair(config) as pair:
        def scenario(d):
            wait_for(lambda: d.answers() and d.log().count("success:") == 8, what=d.report)
            return [m.split("'")[1] for m in d.log_messages("spawned")]
        assert pair.same(scenario) == ["z", "many0", "many1", "many2", "g1", "g2", "m", "a"]
