"""supervisor_checks: event listeners that on every tick look after programs, and restart over XML-RPC those that are not well."""

import http.server
import threading

import pytest
import support
from harness.pair import fresh_pair
from harness.waiting import wait_for

pytestmark = pytest.mark.client("supervisor-checks")

LISTENER = """
[eventlistener:%s]
command=%s %s
events=TICK_5
stdout_logfile=NONE
stderr_logfile={dir}/%s.log
"""


class AlwaysBroken(http.server.BaseHTTPRequestHandler):
    """A service that answers, but says that it is out of order."""

    def do_GET(self):
        self.send_error(503)

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), AlwaysBroken) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_checks(service):
    """`supervisor_http_check`, `supervisor_memory_check` restart a program and a group, `supervisor_tcp_check` leaves one alone"""
    config = "".join(
        LISTENER % (name, support.tool("python", f"supervisor_{name}_check"), words, name)
        for name, words in [
            ("http", f"-n http -N alpha -u /ping -p {service} -t 2 -r 1"),
            ("memory", "-n memory -g web -m 1"),
            ("tcp", f"-n tcp -N talk -p {service} -t 2 -r 1"),
        ])

    def pids(daemon):
        return {name: daemon.pid_of(name) for name in ("alpha", "web:one", "web:two", "talk")}

    def restarted(daemon):
        before = pids(daemon)

        def changed():
            return {name for name, pid in pids(daemon).items() if pid not in (0, before[name])}

        wait_for(lambda: changed() >= {"alpha", "web:one", "web:two"}, 20, what=daemon.report)
        daemon.wait_log("check succeeded for process talk", name="tcp.log")
        said = {line.split(" ", 2)[2] for name in ("http", "memory", "tcp") for line in daemon.read(f"{name}.log").splitlines()}
        return {"changed": sorted(changed()), "said": sorted(line for line in said if "process" in line and "RSS" not in line and "KB" not in line)}

    with fresh_pair(support.PROGRAMS + config, base=support.BASE) as pair:
        pair.each(support.ready)
        done = pair.same(restarted)
    assert done["changed"] == ["alpha", "web:one", "web:two"]
    assert "[memory] Stopped process web:one" in done["said"]
