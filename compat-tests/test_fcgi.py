"""FastCGI programs: a real one, made with libfcgi, asked by a real client, cgi-fcgi; its socket from the first start to the last stop.

FCG rows; FCC-006, FCC-007; MSG-017; ERR-006; NAM-012; RRD-007; SHD-014; QRK-032; RPC-148.
"""

import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import xmlrpc.client
from pathlib import Path

import pytest

from harness import Pair, fresh_pair, where
from harness.daemon import Daemon
from harness.pair import BASE, SUPERVISORD
from harness.waiting import wait_for

PROGRAM = """
#include <fcgiapp.h>
#include <unistd.h>

int main(void)
{
    FCGX_Request request;
    FCGX_Init();
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0) {
        char *query = FCGX_GetParam("QUERY_STRING", request.envp);
        FCGX_FPrintF(request.out, "Content-Type: text/plain\\r\\n\\r\\n%d heard %s\\n", (int)getpid(), query);
        FCGX_Finish_r(&request);
    }
    return 0;
}
"""

# A server on {port} would be in the way of a program that listens there.
UNIX_ONLY = SUPERVISORD + """
[unix_http_server]
file={sock}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{sock}
"""


@pytest.fixture(scope="module")
def answerer():
    """The program, compiled, where children of any user may run it."""
    with tempfile.TemporaryDirectory(prefix="sv-fcgi-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        source = Path(folder) / "answer.c"
        source.write_text(PROGRAM)
        program = Path(folder) / "answer"
        built = subprocess.run(["cc", "-o", program, source, "-lfcgi"], capture_output=True, text=True)
        if built.returncode or shutil.which("cgi-fcgi") is None:
            pytest.skip(f"needs libfcgi-dev and libfcgi-bin (scripts/setup installs them as root): {built.stderr[-300:]}")
        yield program


def ask(daemon, place: str, query: str) -> tuple:
    """One request: the pid that answered, and what it heard."""
    done = subprocess.run(["cgi-fcgi", "-bind", "-connect", daemon.fill(place)], capture_output=True, text=True, timeout=10,
                          env={"REQUEST_METHOD": "GET", "QUERY_STRING": query})
    said = re.fullmatch(r"Content-Type: text/plain\s+(\d+) heard (.*)\n", done.stdout)
    assert said, (done, daemon.report())
    return int(said[1]), said[2]


def answers(daemon, place: str) -> bool:
    try:
        return ask(daemon, place, "")[0] > 0
    except AssertionError:
        return False


def stdin_of(pid: int) -> str:
    return os.readlink(f"/proc/{pid}/fd/0")


def socket_lines(daemon) -> list:
    return daemon.log_messages("socket unix:", "socket tcp:", "FastCGI")


def life_lines(daemon) -> list:
    """Everything that tells the story of a process, in order."""
    return daemon.log_messages("socket unix:", "socket tcp:", "spawned:", "spawnerr:", "exited:", "stopped:", "gave up:", "success:")


SHARED = """
[fcgi-program:web]
command={answer}
socket=unix://{dir}/web.sock
numprocs=3
process_name=%(program_name)s_%(process_num)d
"""


def running(config: str, answer, base: str = BASE, **options):
    return fresh_pair(config.replace("{answer}", str(answer)), base, **options)


def test_processes_share_a_socket_as_long_as_one_of_them_lives(answerer):
    """FCG-001, FCG-002, FCG-004, FCG-010, FCG-011; MSG-017."""
    with running(SHARED, answerer) as pair:
        def scenario(d):
            names = [f"web:web_{n}" for n in range(3)]
            d.wait_states(**{name.replace(":", "__"): "RUNNING" for name in names})
            pids = [d.pid_of(name) for name in names]
            shared = {stdin_of(pid) for pid in pids}
            assert len(shared) == 1 and shared.pop().startswith("socket:")
            before = stdin_of(pids[0]), os.stat(d.path("web.sock")).st_ino
            heard = [ask(d, "{dir}/web.sock", f"q={n}") for n in range(20)]
            assert {pid for pid, _ in heard} <= set(pids)

            restarted = d.ctl("restart", names[0])
            d.wait_states(web__web_0="RUNNING")
            assert before == (stdin_of(d.pid_of(names[0])), os.stat(d.path("web.sock")).st_ino)
            for name in names[1:]:
                d.ctl("stop", name)
            alone, _ = ask(d, "{dir}/web.sock", "alone")
            assert alone == d.pid_of(names[0])
            while_one_lives = socket_lines(d)
            d.ctl("stop", "web:*")
            refused = socket.socket(socket.AF_UNIX)
            with pytest.raises(OSError):
                refused.connect(str(d.path("web.sock")))
            refused.close()
            return [text for _, text in heard], restarted, while_one_lives, socket_lines(d), d.states()

        _, _, while_one_lives, at_the_end, _ = pair.same(scenario)
        line = "socket unix://{dir}/web.sock"
        assert while_one_lives == [f"INFO Creating {line}", f"INFO Closing {line}", f"INFO Creating {line}"]
        assert at_the_end == [*while_one_lives, f"INFO Closing {line}"]


def test_a_tcp_socket_is_made_anew_for_each_life_of_a_lonely_process(answerer):
    """FCG-003, FCG-004, FCG-006; MSG-017: the whole story in its order."""
    config = "[fcgi-program:web]\ncommand={answer}\nsocket=tcp://LocalHost:{port}\nautorestart=true\n"
    with running(config, answerer, UNIX_ONLY) as pair:
        def scenario(d):
            d.wait_states(web="RUNNING")
            first, heard = ask(d, "127.0.0.1:{port}", "one")
            os.kill(first, 9)
            wait_for(lambda: d.pid_of("web") not in (0, first), what="a new process")
            d.wait_states(web="RUNNING")
            second, again = ask(d, "localhost:{port}", "two")
            assert second == d.pid_of("web")
            d.ctl("stop", "web")
            d.ctl("start", "web")
            third, _ = ask(d, "localhost:{port}", "three")
            assert third not in (first, second)
            d.ctl("shutdown")
            d.wait_end()
            return heard, again, life_lines(d)

        lines = pair.same(scenario)[2]
        assert lines.count("INFO Creating socket tcp://localhost:{port}") == 4
        assert lines.count("INFO Closing socket tcp://localhost:{port}") == 4


def test_a_start_that_fails_closes_the_socket_again():
    """FCG-001, FCG-003: a command that is not there, and one that ends at once."""
    config = """
[fcgi-program:a]
command={dir}/nothing
socket=unix://{dir}/a.sock
startretries=1
[fcgi-program:b]
command=/bin/false
socket=unix://{dir}/b.sock
startretries=1
"""
    with fresh_pair(config) as pair:
        def scenario(d):
            d.wait_states(a="FATAL", b="FATAL")
            def of(name): return [line for line in life_lines(d) if f"/{name}.sock" in line or f" {name} " in line or "nothing" in line and name == "a"]
            return of("a"), of("b"), d.call("supervisor.startProcess", "a")

        a, b, _ = pair.same(scenario)
        assert a.count("INFO Closing socket unix://{dir}/a.sock") == 3 and b[-2:] == [
            "INFO Closing socket unix://{dir}/b.sock",
            "INFO gave up: b entered FATAL state, too many start retries too quickly",
        ]


def test_there_is_no_stdin_to_write_to(answerer):
    """RPC-148, FCG-010."""
    with running(SHARED, answerer) as pair:
        def scenario(d):
            d.wait_states(web__web_0="RUNNING")
            return d.call("supervisor.sendProcessStdin", "web:web_0", "hello")

        assert pair.same(scenario)[:2] == ["fault", 20]


def test_a_backlog_is_as_long_as_configured():
    """FCC-006, FCG-007: a program that never accepts, and clients until one would have to wait."""
    config = "[fcgi-program:deaf]\ncommand=/bin/sleep 1000\nsocket=unix://{dir}/f.sock\nsocket_backlog=3\n"
    with fresh_pair(config) as pair:
        def scenario(d):
            d.wait_states(deaf="RUNNING")
            clients = []
            try:
                while len(clients) < 50:
                    client = socket.socket(socket.AF_UNIX)
                    client.setblocking(False)
                    clients.append(client)
                    client.connect(str(d.path("f.sock")))
            except BlockingIOError:
                pass
            finally:
                for client in clients:
                    client.close()
            return len(clients)

        assert pair.same(scenario) == 5


root_only = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@root_only
def test_owner_and_mode_of_a_unix_socket(answerer):
    """FCC-005, FCC-007, FCG-007: what is in the way goes; the socket is its user's unless somebody else is named."""
    config = """
[fcgi-program:plain]
command={answer}
socket=unix://{dir}/plain.sock
[fcgi-program:user]
command={answer}
socket=unix://{dir}/user.sock
user=nobody
[fcgi-program:named]
command={answer}
socket=unix://{dir}/named.sock
socket_owner=daemon:games
socket_mode=0666
user=nobody
[fcgi-program:half]
command={answer}
socket=unix://{dir}/half.sock
socket_owner=daemon
"""
    pair = Pair((BASE + config).replace("{answer}", str(answerer)))
    try:
        for daemon in pair.both:
            os.chmod(daemon.dir, 0o755)
            daemon.write("plain.sock", "in the way")
        pair.start()

        def scenario(d):
            d.wait_states(plain="RUNNING", user="RUNNING", named="RUNNING", half="RUNNING")
            facts = {}
            for name in ("plain", "user", "named", "half"):
                found = os.stat(d.path(f"{name}.sock"))
                facts[name] = stat.filemode(found.st_mode), found.st_uid, found.st_gid
                pid, heard = ask(d, f"{{dir}}/{name}.sock", name)
                assert pid == d.pid_of(name) and heard == name
            return facts

        assert pair.same(scenario) == {
            "plain": ["srwx------", 0, 0], "user": ["srwx------", 65534, 65534], "named": ["srw-rw-rw-", 1, 60], "half": ["srwx------", 1, 0],
        }
    finally:
        pair.stop()


NOWHERE = "[fcgi-program:f]\ncommand=/bin/sleep 1000\nsocket=unix://{dir}/nowhere/f.sock\n"


def test_a_socket_that_cannot_be_made_ends_a_start():
    """ERR-006: the same words and status; ours without a traceback."""
    pair = Pair(BASE + NOWHERE)
    try:
        def scenario(d):
            code = d.launch().wait_end()
            said = [line for line in d.read("err").splitlines() if "Could not create" in line]
            return code, said[-1].removeprefix("ValueError: ").removeprefix("Error: "), d.path("s.sock").exists()

        assert pair.same(scenario) == [
            1, "Could not create FastCGI socket unix://{dir}/nowhere/f.sock: [Errno 2] No such file or directory", False,
        ]
    finally:
        pair.stop()


def test_what_a_reread_finds():
    """RRD-007; FCC-004: the URL and the kind of a program count, owner and mode alone do not."""
    first = """
[fcgi-program:same]
command=/bin/sleep 1000
socket=unix://{dir}/same.sock
[fcgi-program:moved]
command=/bin/sleep 1000
socket=unix://{dir}/moved.sock
[program:becomes]
command=/bin/sleep 1000
[fcgi-program:plain]
command=/bin/sleep 1000
socket=unix://{dir}/plain.sock
"""
    second = """
[fcgi-program:same]
command=/bin/sleep 1000
socket=unix://{dir}/same.sock
socket_mode=0777
socket_backlog=7
[fcgi-program:moved]
command=/bin/sleep 1000
socket=unix://{dir}/moved2.sock
[fcgi-program:becomes]
command=/bin/sleep 1000
socket=unix://{dir}/becomes.sock
[program:plain]
command=/bin/sleep 1000
"""
    with fresh_pair(first) as pair:
        def scenario(d):
            d.wait_states(same="RUNNING", moved="RUNNING", becomes="RUNNING", plain="RUNNING")
            before = len(socket_lines(d))
            d.write("supervisord.conf", BASE + second)
            said = d.ctl("update")
            d.wait_states(same="RUNNING", moved="RUNNING", becomes="RUNNING", plain="RUNNING")
            kinds = {name: stdin_of(d.pid_of(name)).split(":")[0] for name in ("same", "moved", "becomes", "plain")}
            return said.unordered(), kinds, sorted(socket_lines(d)[before:])

        assert pair.same(scenario)[1] == {"same": "socket", "moved": "socket", "becomes": "socket", "plain": "pipe"}


# What we do better.


def our_own(config: str, base: str = BASE) -> Daemon:
    return Daemon(where.OURS, base + config)


def test_a_port_that_is_taken_is_a_failed_start_and_no_more(ours_only, answerer):
    """FCG-005, QRK-032."""
    config = """
[fcgi-program:web]
command=%s
socket=tcp://127.0.0.1:{port}
autostart=false
startretries=0
[program:neighbour]
command=/bin/sleep 1000
""" % answerer
    with our_own(config, UNIX_ONLY) as daemon:
        daemon.wait_states(neighbour="RUNNING")
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", daemon.port))
            other.listen()
            with pytest.raises(xmlrpc.client.Fault) as fault:
                daemon.rpc().supervisor.startProcess("web")
            assert fault.value.faultCode == 50
            reason = f"Could not create FastCGI socket tcp://127.0.0.1:{daemon.port}: [Errno 98] Address already in use"
            daemon.wait_states(web="FATAL", neighbour="RUNNING")
            assert daemon.rpc().supervisor.getProcessInfo("web")["spawnerr"] == reason
            assert f"INFO spawnerr: {reason}" in daemon.log_messages("spawnerr:")
        daemon.rpc().supervisor.startProcess("web")
        assert ask(daemon, "127.0.0.1:{port}", "now")[1] == "now"


def test_a_group_that_cannot_have_its_socket_is_not_added(ours_only):
    """ERR-006: the reference answers with a traceback in the log and status 500."""
    with our_own("") as daemon:
        daemon.write("supervisord.conf", BASE + NOWHERE)
        daemon.rpc().supervisor.reloadConfig()
        with pytest.raises(xmlrpc.client.Fault) as fault:
            daemon.rpc().supervisor.addProcessGroup("f")
        assert fault.value.faultString == daemon.fill(
            "FAILED: Could not create FastCGI socket unix://{dir}/nowhere/f.sock: [Errno 2] No such file or directory")
        daemon.path("nowhere").mkdir()
        assert daemon.rpc().supervisor.addProcessGroup("f") is True
        daemon.wait_states(f="RUNNING")


def test_a_socket_file_goes_with_its_socket(ours_only, answerer):
    """FCG-009, SHD-014, QRK-032: after the last stop and at the end; not what somebody else has put there."""
    with our_own(SHARED.replace("{answer}", str(answerer))) as daemon:
        everybody = {f"web__web_{n}": "RUNNING" for n in range(3)}
        daemon.wait_states(**everybody)
        daemon.ctl("stop", "web:*")
        assert not daemon.path("web.sock").exists()
        daemon.ctl("start", "web:*")
        assert answers(daemon, "{dir}/web.sock")
        daemon.ctl("reload")
        wait_for(lambda: answers(daemon, "{dir}/web.sock"), what=daemon.report)
        daemon.wait_states(**everybody)
        daemon.ctl("shutdown")
        daemon.wait_end()
        assert not daemon.path("web.sock").exists()


def test_a_program_in_a_group_keeps_its_socket(ours_only, answerer):
    """NAM-012, QRK-032: two programs with a socket each, one without any; a socket that cannot be read is a warning."""
    config = """
[group:site]
programs=front,back,plain,lost
[fcgi-program:front]
command=%(answer)s
socket=unix://{dir}/front.sock
numprocs=2
process_name=front_%%(process_num)d
[fcgi-program:back]
command=%(answer)s
socket=unix://{dir}/back.sock
[program:plain]
command=/bin/cat
[fcgi-program:lost]
command=/bin/cat
socket=nonsense
""" % {"answer": answerer}
    with our_own(config) as daemon:
        daemon.wait_states(site__front_0="RUNNING", site__front_1="RUNNING", site__back="RUNNING", site__plain="RUNNING", site__lost="RUNNING")
        front = [daemon.pid_of("site:front_0"), daemon.pid_of("site:front_1")]
        assert ask(daemon, "{dir}/front.sock", "f")[0] in front and stdin_of(front[0]) == stdin_of(front[1])
        assert ask(daemon, "{dir}/back.sock", "b")[0] == daemon.pid_of("site:back")
        assert stdin_of(daemon.pid_of("site:plain")).startswith("pipe:")
        assert stdin_of(daemon.pid_of("site:lost")).startswith("pipe:")
        assert daemon.log_messages("WARN") == [
            "WARN [fcgi-program:lost] runs without a FastCGI socket: "
            "('Bad socket format %s', 'nonsense') in [fcgi-program:lost] socket"
        ]
        daemon.ctl("stop", "site:back")
        assert not daemon.path("back.sock").exists() and daemon.path("front.sock").exists()
