"""Listeners that do not behave: slow, silent, talkative. And pools of several (what listeners are told is in `test_events`)."""

import re
import sys
import time

import pytest

from harness import fresh_pair, wait_for
from harness.pair import SERVERS

# Takes events as the words of its command line say, one word each: an answer, or what to do.
PUPPET = r"""
import os, sys, time
sys.stdin.reconfigure(encoding="utf-8", newline="\n")
def say(text):
    os.write(1, text.encode())
def note(text):
    with open(sys.argv[1], "a") as file:
        file.write(text + "\n")
for word in sys.argv[2:]:
    if word.startswith("say:"):
        say(word[4:].encode().decode("unicode_escape"))
        continue
    say("READY\n")
    header = sys.stdin.readline()
    payload = sys.stdin.read(int(header.rsplit("len:", 1)[1]))
    note(header.split(" ")[2] + " " + header.split(" ")[4] + " " + payload.replace("\n", "|"))
    for piece in word.split(","):
        say(piece.encode().decode("unicode_escape"))
        time.sleep(0.02)
note("at the end")
time.sleep(1000)
"""

def puppet(*words):
    """A listener that does these things in turn."""
    words = " ".join(f'"{word}"' for word in words)
    return f"""
[supervisord]
logfile={{dir}}/supervisord.log
pidfile={{dir}}/supervisord.pid
loglevel=debug
[eventlistener:pup]
command={sys.executable} -u {{dir}}/puppet.py {{dir}}/pup {words}
events=REMOTE_COMMUNICATION
startsecs=0
"""


FILES = {"puppet.py": PUPPET}


def protocol(d):
    """What the log says about the protocol, without what listeners print."""
    messages = d.log_messages("pup: ", "rebuffering", " sent to listener", " buffer overflowed")
    return [message for message in messages if "entered RUNNING" not in message]


def send(d, *texts):
    for text in texts:
        d.call("supervisor.sendRemoteCommEvent", "n", text)


@pytest.mark.parametrize(
    "words, line",
    [
        (["say:hello world"], None),
        (["say:READY\\nREADY\\n"], None),
        ([r"huh\n"], "pup: bad result line: 'huh'"),
        ([r"RESULT\n"], "pup: bad result line: 'RESULT'"),
        ([r"RESULT 1_\n"], "pup: bad result line: 'RESULT 1_'"),
    ],
    ids=["garbage", "twice ready", "no result", "no number", "a bad number"],
)
def test_who_breaks_the_protocol_gets_no_more(words, line):
    """EVL-002, EVL-003, EVL-005, EVL-010; MSG-011."""

    def scenario(d):
        send(d, "a")
        d.wait_log("has entered the UNKNOWN state").wait_log("at the end", name="pup")
        send(d, "b")
        log = [line for line in protocol(d) if "sent to" not in line and "rebuffering" not in line]
        return d.states()["pup"], log

    with fresh_pair(puppet(*words), base=SERVERS, files=FILES) as pair:
        state, log = pair.same(scenario)
    assert state == "RUNNING"
    assert line is None or f"WARN {line}" in log


def test_an_empty_result_needs_something_behind_it():
    """EVL-007, QRK-034."""

    def scenario(d):
        d.wait_log("ACKNOWLEDGED -> READY")
        send(d, "a")
        d.wait_log("at the end", name="pup").wait_log("event was processed")
        return protocol(d), d.read("pup").splitlines()

    with fresh_pair(puppet(r"RESULT 0\n", r"RESULT 2\nOK"), base=SERVERS, files=FILES) as pair:
        log, noted = pair.same(scenario)
    assert noted == ["serial:0 poolserial:0 type:n|a"] * 2 + ["at the end"]
    assert "WARN pup: event was rejected" in log


def test_listeners_of_one_pool_share_the_work_and_look_like_any_process():
    """EVL-022, EVL-023, ELC-007, EVL-029: the first that is free takes the next event."""
    config = f"""
[eventlistener:pool]
command={sys.executable} {{dir}}/puppet.py {{dir}}/%(process_num)d nothing
process_name=%(process_num)d
numprocs=3
events=REMOTE_COMMUNICATION
startsecs=0
stderr_logfile=NONE
stdout_logfile={{dir}}/said.%(process_num)d
"""

    def scenario(d):
        wait_for(lambda: all(d.read(f"said.{number}") == "READY\n" for number in range(3)), what=d.report)
        send(d, *"abcd")
        wait_for(lambda: all(d.read(str(number)) for number in range(3)), what=d.report)
        told = [d.read(str(number)).splitlines()[0] for number in range(3)]
        infos = d.call("supervisor.getAllProcessInfo")
        for info in infos:
            info["description"] = re.sub("pid .*", "", info["description"])
        configs = d.call("supervisor.getAllConfigInfo")
        status, first = d.ctl("status", "pool:*").code, d.call("supervisor.stopProcess", "pool:1")
        # Who of two dies first is chance.
        stopped = sorted(d.call("supervisor.stopProcessGroup", "pool"), key=lambda result: result["name"])
        return told, infos, configs, status, first, stopped

    with fresh_pair(config, files=FILES) as pair:
        told, *_ = pair.same(scenario)
    assert told == ["serial:0 poolserial:0 type:n|a", "serial:1 poolserial:1 type:n|b", "serial:2 poolserial:2 type:n|c"]


def test_a_listener_that_never_reads_harms_nobody(ours_only):
    """EVL-026, QRK-035: the reference ends with a traceback when the pipe is full."""
    config = """
[eventlistener:deaf]
command=/bin/sh -c "while :; do printf 'READY\\n'; sleep 0.005; printf 'RESULT 2\\nOK'; done"
events=REMOTE_COMMUNICATION
startsecs=0
buffer_size=5
"""
    with fresh_pair(config, files=FILES) as pair:
        d = pair.ours
        server = d.rpc()
        for number in range(60):
            server.supervisor.sendRemoteCommEvent("big", "x" * 8192)
        assert server.supervisor.getState()["statename"] == "RUNNING"
        assert server.supervisor.stopProcess("deaf")


def test_a_flood_of_log_events_and_a_slow_listener_cost_little(ours_only):
    """EVL-019, LOG-035: bounded memory, the message of the reference, and nobody waits."""
    config = f"""
[eventlistener:slow]
command={sys.executable} {{dir}}/slow.py
events=PROCESS_LOG
startsecs=0
[program:flood]
command=/bin/sh -c "head -c 200000000 /dev/zero; echo done > {{dir}}/done; sleep 1000"
stdout_events_enabled=true
stdout_logfile=NONE
autostart=false
startsecs=0
"""
    slow = """
import sys, time
while True:
    print("READY", flush=True)
    length = int(sys.stdin.readline().rsplit("len:", 1)[1])
    sys.stdin.read(length)
    time.sleep(0.2)
    print("RESULT 2\\nOK", end="", flush=True)
"""
    with fresh_pair(config, files={"slow.py": slow}) as pair:
        d = pair.ours
        server = d.rpc()
        d.wait_states(slow="RUNNING")
        before = memory(d)
        server.supervisor.startProcess("flood")
        slowest = 0.0
        while not d.path("done").exists():
            began = time.monotonic()
            assert server.supervisor.getState()["statename"] == "RUNNING"
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 1.0
        assert memory(d, peak=True) - before < 16 * 1024
        d.wait_log("pool slow event buffer overflowed, discarding event ")


def memory(d, peak=False):
    """The daemon's resident memory in KiB, now or at its peak."""
    status = open(f"/proc/{d.pid}/status").read()
    return int(re.search(r"^VmHWM:\s+(\d+)" if peak else r"^VmRSS:\s+(\d+)", status, re.M)[1])
