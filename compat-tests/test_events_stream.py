"""What a listener that records everything is told: the same stream from both daemons."""

import re
import sys

from harness import fresh_pair, wait_for
from listeners import RECORDER, events, recorded

CONFIG = f"""
[eventlistener:all]
command={sys.executable} {{dir}}/recorder.py {{dir}}/all
events=EVENT
buffer_size=1000
startsecs=0
[eventlistener:some]
command={sys.executable} {{dir}}/recorder.py {{dir}}/some
events=remote_communication, Process_State_Fatal,PROCESS_GROUP
startsecs=0
priority=-2
[program:cat]
command=/bin/cat
autostart=false
startsecs=1
stdout_events_enabled=true
[program:talker]
command=/bin/sh {{dir}}/talker.sh
autostart=false
startsecs=0
stdout_capture_maxbytes=1000
stderr_capture_maxbytes=1000
stderr_events_enabled=true
[program:broken]
command=/bin/sh -c "sleep 0.3; exit 1"
autostart=false
startretries=1
[program:killed]
command=/bin/sh -c "exec sleep 1000"
autorestart=false
autostart=false
startsecs=0
[program:slow]
; takes longer to die than the reference may sleep, which tells its listeners of the stop when it wakes
command=/bin/sh -c "trap 'sleep 1.6; exit 7' TERM; echo trapped; while :; do sleep 0.05; done"
stdout_events_enabled=true
autostart=false
startsecs=0
priority=1
[program:g]
command=/bin/cat
process_name=%(program_name)s%(process_num)d
numprocs=2
autostart=false
startsecs=0
"""

# One write each, with a pause, so that both daemons read the same pieces.
TALKER = r"""
printf 'only a log\n'; sleep 0.2
printf 'before <!--XSUPERVISOR:BEGIN-->said on stdout<!--XSUPERVISOR:END--> and behind it\n'; sleep 0.2
printf '<!--XSUPERVISOR:BEGIN-->\210 said on stderr<!--XSUPERVISOR:END--> and much more behind it\n' >&2; sleep 0.2
printf 'not UTF-8 \210 and long enough to be shown\n' >&2
exec sleep 1000
"""


def script(d):
    """The actions; after each comes a mark, and when the listener has it, everything before it was told."""
    server = d.rpc().supervisor
    marks = iter(range(100))

    def mark():
        number = str(next(marks))
        server.sendRemoteCommEvent("mark", number)
        wait_for(lambda: any(payload == f"type:mark\n{number}" for _, payload in recorded(d, "all")), what=d.report)

    mark()
    for action in [
        lambda: server.startProcess("cat"),
        lambda: (server.sendProcessStdin("cat", "žluť\n"), wait_for(lambda: "žluť" in str(recorded(d, "all")), what=d.report)),
        lambda: server.stopProcess("cat"),
        lambda: (server.startProcess("talker"), wait_for(lambda: "not UTF-8" in str(recorded(d, "all")), what=d.report)),
        lambda: server.stopProcess("talker"),
        lambda: (server.startProcess("broken", False), d.wait_states(broken="FATAL")),
        lambda: (server.startProcess("killed"), server.signalProcess("killed", "KILL"), d.wait_states(killed="EXITED")),
        lambda: server.removeProcessGroup("killed"),
        lambda: server.addProcessGroup("killed"),
        lambda: server.startProcessGroup("g"),
        lambda: server.stopProcess("g:g1"),
        lambda: server.stopProcess("g:g0"),
        lambda: server.sendRemoteCommEvent("kind: of", "two\nlines, ŽLUŤOUČKÝ"),
        lambda: (server.startProcess("slow"), wait_for(lambda: "trapped" in str(recorded(d, "all")), what=d.report)),
    ]:
        action()
        mark()


def test_a_recording_listener_sees_the_same_stream():
    """EVT-001..038, EVL-016, EVL-018; CLT-009: every event in order, header and payload, through a whole life and its end."""
    def scenario(d):
        script(d)
        d.call("supervisor.shutdown")
        d.wait_end()
        return events(d, "all"), events(d, "some")

    with fresh_pair(CONFIG, files={"recorder.py": RECORDER, "talker.sh": TALKER}) as pair:
        everything, some = pair.same(scenario)
    names = [name for name, _, _ in everything]
    assert {
        "PROCESS_GROUP_ADDED", "PROCESS_GROUP_REMOVED", "SUPERVISOR_STATE_CHANGE_RUNNING", "SUPERVISOR_STATE_CHANGE_STOPPING",
        "PROCESS_STATE_STARTING", "PROCESS_STATE_RUNNING", "PROCESS_STATE_BACKOFF", "PROCESS_STATE_FATAL", "PROCESS_STATE_STOPPING",
        "PROCESS_STATE_STOPPED", "PROCESS_STATE_EXITED", "PROCESS_LOG_STDOUT", "PROCESS_LOG_STDERR",
        "PROCESS_COMMUNICATION_STDOUT", "PROCESS_COMMUNICATION_STDERR", "REMOTE_COMMUNICATION",
    } <= set(names)  # fmt: skip
    assert {name for name, _, _ in some} == {
        "REMOTE_COMMUNICATION", "PROCESS_STATE_FATAL", "PROCESS_GROUP_ADDED", "PROCESS_GROUP_REMOVED"
    }  # fmt: skip


def test_headers_are_the_same_to_the_byte_and_numbers_outlive_a_restart():
    """EVT-011..015, SHD-015: the serial goes on, the pool's own begins anew; `len` is in characters."""
    config = f"""
[eventlistener:rec]
command={sys.executable} {{dir}}/recorder.py {{dir}}/rec
events=REMOTE_COMMUNICATION,SUPERVISOR_STATE_CHANGE
startsecs=0
"""

    def scenario(d):
        def send(text):
            d.call("supervisor.sendRemoteCommEvent", "x", text)
            wait_for(lambda: any(payload == f"type:x\n{text}" for _, payload in recorded(d, "rec")), what=d.report)

        send("ä€😀")
        d.call("supervisor.restart")
        # A process id is new, and the pool's events are numbered anew.
        wait_for(lambda: sum(payload == "" for _, payload in recorded(d, "rec")) >= 2, what=d.report)
        send("again")
        return recorded(d, "rec")

    with fresh_pair(config, files={"recorder.py": RECORDER}) as pair:
        said = pair.same(scenario)
    running, remote, again, last = said
    assert remote == ["ver:3.0 server:supervisor serial:1 pool:rec poolserial:1 eventname:REMOTE_COMMUNICATION len:10\n", "type:x\nä€😀"]
    assert [re.search(r"serial:(\d+) .*poolserial:(\d+)", header).groups() for header, _ in said] == [
        ("0", "0"), ("1", "1"), ("3", "0"), ("4", "1")
    ]  # fmt: skip
