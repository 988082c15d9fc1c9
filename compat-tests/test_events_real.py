"""Event listeners that people really run, unmodified from PyPI: each does its job under our daemon as under the reference."""

import email
import re
import socketserver
import sys
import threading

from harness import fresh_pair, wait_for, where
from harness.pair import BASE, SERVERS, Pair

PYTHON = sys.executable

# The mail programs of these listeners write to a command.
SENDMAIL = "#!/bin/sh\ncat > {dir}/mail.new && mv {dir}/mail.new {dir}/mail\n"


def tool(name):
    """A program that pip installed beside the reference."""
    return str(where.BIN / name)


DEBUG = SERVERS + """
[supervisord]
logfile={dir}/supervisord.log
pidfile={dir}/supervisord.pid
childlogdir={dir}
loglevel=debug
"""


def mail(d):
    """The mail that was sent, without times."""
    wait_for(lambda: d.path("mail").exists(), 15, what=d.report)
    return re.sub(r"\d{4}-\d\d-\d\d [\d:,]+|\w{3} \w{3} +\d+ [\d:]+ \d{4}", "WHEN", d.read("mail"))


def test_crashmail():
    """superlance: mail about a program that exits unexpectedly (EVT-021)."""
    config = f"""
[eventlistener:crashmail]
command={tool("crashmail")} -p crashing -m who@example.com -s {{dir}}/sendmail
events=PROCESS_STATE_EXITED
startsecs=0
[program:crashing]
command=/bin/sh -c "sleep 0.2; exit 3"
startsecs=0
autostart=false
autorestart=false
"""

    def scenario(d):
        d.path("sendmail").chmod(0o755)
        d.call("supervisor.startProcess", "crashing")
        return re.sub(r"pid \d+", "pid N", mail(d))

    with fresh_pair(config, files={"sendmail": SENDMAIL}) as pair:
        said = pair.same(scenario)
    assert "crashing crashed at WHEN" in said and "exited unexpectedly (pid N)" in said


def test_httpok():
    """superlance: restarts a program that does not answer HTTP, through XML-RPC, on a tick."""
    config = f"""
[eventlistener:httpok]
command={tool("httpok")} -p web -t 2 http://127.0.0.1:1/
events=TICK_5
startsecs=0
stderr_logfile={{dir}}/httpok.err
[program:web]
command=/bin/cat
startsecs=0
"""

    def scenario(d):
        d.wait_states(web="RUNNING")
        first = d.pid_of("web")
        wait_for(lambda: d.states()["web"] == "RUNNING" and d.pid_of("web") != first, 15, what=d.report)
        # After its first start: a later tick may have done the same again.
        return d.log_messages("stopped: web", "success: web")[1:3]

    with fresh_pair(config) as pair:
        assert pair.same(scenario) == [
            "WARN stopped: web (terminated by SIGTERM)",
            "INFO success: web entered RUNNING state, process has stayed up for > than 0 seconds (startsecs)",
        ]


def test_memmon():
    """superlance: restarts a program that uses too much memory, on a tick, and writes mail."""
    config = f"""
[eventlistener:memmon]
command={tool("memmon")} -p fat=100KB -m who@example.com -s {{dir}}/sendmail
events=TICK_5
startsecs=0
stderr_logfile={{dir}}/memmon.err
[program:fat]
command=/bin/cat
startsecs=0
"""

    def scenario(d):
        d.path("sendmail").chmod(0o755)
        d.wait_states(fat="RUNNING")
        first = d.pid_of("fat")
        text = re.sub(r"\d{3,}", "N", mail(d))
        wait_for(lambda: d.states()["fat"] == "RUNNING" and d.pid_of("fat") != first, what=d.report)
        return text

    with fresh_pair(config, files={"sendmail": SENDMAIL}) as pair:
        assert "Subject: memmon [fat]: process fat:fat restarted" in pair.same(scenario)


class Smtp(socketserver.StreamRequestHandler):
    """As much of a mail server as smtplib needs; the mail goes into the server's list."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                text = b""
                while (line := self.rfile.readline()) != b".\r\n":
                    text += line
                self.server.mails.append(text.decode())
            elif line.upper().startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 fine\r\n")


def test_fatalmailbatch():
    """superlance: one mail about all programs that became FATAL since the last tick."""
    config = f"""
[eventlistener:batch]
command={tool("fatalmailbatch")} -t who@example.com -f me@example.com -s "some died" -e TICK_5 -i 0.05 -H %(ENV_SMTP)s
events=PROCESS_STATE,TICK_5
startsecs=0
buffer_size=100
stderr_logfile={{dir}}/batch.err
[program:one]
command=/nonexistent/one
startretries=0
[program:two]
command=/nonexistent/two
startretries=0
"""
    # The address of the mail server is known only now, and smtplib takes the port behind a colon.
    mails = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp) as server:
        server.daemon_threads = True
        server.mails = mails
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with fresh_pair(config, env={"SMTP": f"127.0.0.1:{server.server_address[1]}"}) as pair:
                pair.each(lambda d: d.wait_log("Sending notification email", limit=15, name="batch.err"))
                wait_for(lambda: len(mails) == 2, what=lambda: str(mails))
        finally:
            server.shutdown()
    bodies = [email.message_from_string(text).get_payload() for text in mails]
    for body in bodies:
        lines = body.split("\r\n")
        assert [re.sub("^.* -- ", "", line) for line in lines if line] == [
            f"Process {name}:{name} failed to start too many times" for name in ("one", "two")
        ]


def test_dependent_startup():
    """supervisord-dependent-startup: starts programs one after the other, by the states it is told (CLT-010)."""
    config = f"""
[eventlistener:dependent-startup]
command={PYTHON} -m supervisord_dependent_startup -c {{dir}}/supervisord.conf
events=PROCESS_STATE
startsecs=0
buffer_size=100
autostart=true
stderr_logfile={{dir}}/startup.err
[program:third]
command=/bin/cat
autostart=false
startsecs=0
dependent_startup=true
dependent_startup_wait_for=second:running
[program:first]
command=/bin/cat
autostart=false
startsecs=0
dependent_startup=true
[program:second]
command=/bin/cat
autostart=false
startsecs=1
dependent_startup=true
dependent_startup_wait_for=first:running
"""

    def scenario(d):
        d.wait_states(first="RUNNING", second="RUNNING", third="RUNNING")
        order = [line.split("'")[1] for line in d.log_messages("spawned")]
        return [name for name in order if name != "dependent-startup"]

    with fresh_pair(config) as pair:
        assert pair.same(scenario) == ["first", "second", "third"]


def test_stdlog_and_its_result_handler():
    """supervisor-stdlog: what programs print comes out of supervisord, coloured and behind their names (CLT-015)."""
    config = f"""
[eventlistener:stdlog]
command={tool("supervisor-stdlog")}
events=PROCESS_LOG
startsecs=0
result_handler=supervisor_stdlog:log_handler
buffer_size=100
[program:one]
command=/bin/sh -c "echo first line; sleep 0.2; printf 'two\\nlines\\n'; exec sleep 1000"
stdout_events_enabled=true
startsecs=0
autostart=false
[program:longer]
command=/bin/sh -c "echo complaint >&2; exec sleep 1000"
stderr_events_enabled=true
startsecs=0
autostart=false
"""

    def scenario(d):
        d.wait_states(stdlog="RUNNING")
        # Python keeps what it prints until the next line of the log, so the levels are such that there is one.
        for name, handled in [("one", 2), ("longer", 3), ("one", 5)]:
            d.call("supervisor.startProcess", name)
            wait_for(lambda: len(d.log_messages("stdlog: event was processed")) == handled, what=d.report)
            d.call("supervisor.stopProcess", name)
        return [[line for line in d.read(name).splitlines() if line.startswith("\x1b[")] for name in ("out", "err")]

    with fresh_pair(config, base=DEBUG) as pair:
        out, err = pair.same(scenario)
    assert out[0] == "\x1b[36mone | \x1b[37mfirst line\x1b[m"
    assert err == ["\x1b[32mlonger | \x1b[31mcomplaint\x1b[m"]


def test_the_result_handler_of_supervisor_stdout(ours_only):
    """CLT-015: that package is for Python 2; its listener sends the payload back, and so does this one."""
    config = f"""
[eventlistener:stdout]
command={PYTHON} {{dir}}/echo.py
events=PROCESS_LOG
startsecs=0
result_handler=supervisor_stdout:event_handler
[program:one]
command=/bin/sh -c "echo hello; exec sleep 1000"
stdout_events_enabled=true
startsecs=0
"""
    echo = """
import sys
while True:
    print("READY", flush=True)
    payload = sys.stdin.read(int(sys.stdin.readline().rsplit("len:", 1)[1]))
    print(f"RESULT {len(payload)}\\n{payload}", end="", flush=True)
"""
    with fresh_pair(files={"echo.py": echo}) as pair:
        pair.ours.write("supervisord.conf", BASE + config)
        pair.ours.call("supervisor.restart")
        pair.ours.wait_log("one stdout | hello\n", name="out")


def test_a_result_handler_that_is_not_known_is_an_error_at_start():
    """ELC-004."""
    config = """
[eventlistener:x]
command=/bin/cat
events=EVENT
result_handler=nobody.has:this
"""
    pair = Pair(BASE + config)
    try:
        code, err = pair.same(lambda d: (d.launch().wait_end(), d.read("err").splitlines()[0]))
        assert "Remove result_handler from [eventlistener:x]" in pair.ours.read("err").splitlines()[2]
    finally:
        pair.stop()
    assert (code, err) == (2, "Error: nobody.has:this cannot be resolved within [eventlistener:x]")
