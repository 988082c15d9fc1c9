"""Event listeners that pass on what happens: superhooks to a web address, supervisor-logging to a syslog server."""

import http.server
import socket
import threading
import urllib.parse

import pytest
import support
from harness.pair import fresh_pair
from harness.waiting import wait_for

LISTENER = """
[eventlistener:listener]
command=%s
events=%s
environment=%s
stdout_logfile=NONE
stderr_logfile={dir}/listener.log
"""


def told(daemon, listener, story, heard):
    """What has been heard of a story, once there is something of it."""
    with_listener = support.PROGRAMS + listener
    daemon.write("supervisord.conf", support.BASE + with_listener)
    daemon.call("supervisor.reloadConfig")
    daemon.call("supervisor.addProcessGroup", "listener")
    daemon.wait_states(listener="RUNNING")
    story(daemon)
    # superhooks collects for up to a minute.
    return wait_for(heard, 90, what=lambda: daemon.report() + daemon.read("listener.log"))


class Hook(http.server.BaseHTTPRequestHandler):
    """Takes every form that is posted."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.forms.append(dict(urllib.parse.parse_qsl(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.client("superhooks")
def test_superhooks():
    """a program that is stopped, and one that ends and comes back, told to a web address"""
    command = support.tool("python", "superhooks") + " -u http://127.0.0.1:%d/ -e STOPPED,EXITED -d source^test"

    def hear(daemon):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
            server.forms = []
            threading.Thread(target=server.serve_forever, daemon=True).start()

            def story(daemon):
                daemon.call("supervisor.stopProcess", "alpha")
                daemon.call("supervisor.signalProcess", "talk", "KILL")

            def heard():
                found = [(form["process_name"], form["from_state"], form["event_name"], form["source"]) for form in server.forms]
                return sorted(found) if len(found) >= 2 else None

            listener = LISTENER % (command % server.server_address[1], "PROCESS_STATE,TICK_60", 'A="b"')
            said = told(daemon, listener, story, heard)
            server.shutdown()
        return said

    with fresh_pair(support.PROGRAMS, base=support.BASE) as pair:
        pair.each(support.ready)
        assert pair.same(hear) == [
            ["alpha:alpha", "STOPPING", "PROCESS_STATE_STOPPED", "test"], ["talk:talk", "RUNNING", "PROCESS_STATE_EXITED", "test"]]


@pytest.mark.client("supervisor-logging")
def test_supervisor_logging():
    """lines that programs write, also beyond ASCII, told to a syslog server"""
    loud = "[program:loud]\ncommand=/bin/sh -c 'read line; echo \"$line\"; exec /bin/cat'\nstartsecs=0\nstdout_events_enabled=true\n"

    def hear(daemon):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.settimeout(0.1)
            lines = []

            def heard():
                try:
                    lines.append(server.recv(4096).decode())
                except TimeoutError:
                    pass
                # Behind the time, the host and the pid.
                return [line.rstrip("\0").partition(" loud[")[2].partition("]: ")[2].strip() for line in lines] if len(lines) >= 2 else None

            def story(daemon):
                for text in ("one line\n", "Malmö\n"):
                    daemon.call("supervisor.sendProcessStdin", "loud", text)
                    wait_for(lambda: text in daemon.read("loud.out"), what=daemon.report)

            place = f'SYSLOG_SERVER="127.0.0.1",SYSLOG_PORT="{server.getsockname()[1]}",SYSLOG_PROTO="udp",SITE_DOMAIN="here"'
            listener = LISTENER % (support.tool("python", "supervisor_logging"), "PROCESS_LOG", place)
            return told(daemon, loud + "stdout_logfile={dir}/loud.out\n" + listener, story, heard)

    with fresh_pair(support.PROGRAMS + loud + "stdout_logfile={dir}/loud.out\n", base=support.BASE) as pair:
        pair.each(lambda d: d.wait_states(loud="RUNNING"))
        assert pair.same(hear) == ["one line", "Malmö"]
