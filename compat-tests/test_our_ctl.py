"""Our ``supervisorctl`` beside the real one: both ask the same real daemon, and must say the same and end the same.

The other files compare daemons, with the real client unless told otherwise; here the daemon is always the reference's, so that a
difference is the client's. Every story is told twice from the same beginning, once by each client.
"""

import os
import re
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from harness import Daemon, Output, Screen, normalise, wait_for, where
from harness.pair import BASE, SUPERVISORD

REAL = str(where.BIN / "supervisorctl")

PROGRAMS = """
[program:cat]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/cat.out
[program:off]
command=/bin/cat
autostart=false
startsecs=0
[program:quick]
command=/bin/sh -c "exit 3"
autostart=false
startretries=0
startsecs=5
[program:nofile]
command=/nonexistent/program
autostart=false
startretries=0
[program:noexec]
command=/etc/passwd
autostart=false
startretries=0
[program:silent]
command=/bin/cat
startsecs=0
stdout_logfile=NONE
[program:m1]
command=/bin/cat
startsecs=0
[program:m2]
command=/bin/cat
startsecs=0
autostart=false
[group:m]
programs=m1,m2
priority=5
[program:a_name_that_is_longer_than_thirty_characters]
command=/bin/cat
autostart=false
"""


def ours() -> str:
    """The client under test; a missing one is an error, never a skipped test."""
    path = Path(os.environ.get("SUPERVISORCTL_BIN") or where.BUILT / "supervisorctl").absolute()
    if not path.exists():
        raise FileNotFoundError(f"no supervisorctl at {path}: run cargo build --release, or set SUPERVISORCTL_BIN")
    return str(path)


def command(daemon, client, words, options=(), config=True):
    chosen = ["-c", daemon.config_path] if config else []
    return [client, *chosen, *map(daemon.fill, options), *map(daemon.fill, words)]


def run(daemon, client, words, options=(), stdin="", config=True) -> Output:
    if client == REAL:
        output = daemon.ctl(*words, options=options, stdin=daemon.fill(stdin), config=config)
    else:
        done = subprocess.run(command(daemon, client, words, options, config), input=daemon.fill(stdin).encode(), capture_output=True,
                              timeout=30, cwd=daemon.dir, env=daemon.env)
        output = Output(done.stdout.decode("utf-8", "backslashreplace"), done.stderr.decode("utf-8", "backslashreplace"), done.returncode)
    output.stdout, output.stderr = (text.replace(client, "CLIENT") for text in (output.stdout, output.stderr))
    return output


def same(daemon, story, before=lambda: None):
    """Tells the story with each client, from the same beginning; returns what both said."""
    told = []
    for client in (REAL, ours()):
        before()
        told.append(normalise.structure(story(lambda *words, **more: run(daemon, client, words, **more)), daemon))
    real, our = ("\n".join(normalise.lines(one)) for one in told)
    assert our == real
    return told[0]


def said(daemon, words, before=lambda: None, **more):
    """One command's output, the same from both."""
    return same(daemon, lambda ctl: ctl(*words, **more), before)["Output"]


@pytest.fixture(scope="module")
def daemon():
    with Daemon(where.REFERENCE, BASE + PROGRAMS).start() as running:
        begin(running)
        yield running


def begin(daemon):
    """The state every story starts from."""
    for row in daemon.rpc().supervisor.getAllProcessInfo():
        name = f"{row['group']}:{row['name']}"
        if row["name"] in ("cat", "silent", "m1"):
            if row["statename"] != "RUNNING":
                daemon.call("supervisor.startProcess", name)
        elif row["statename"] in ("RUNNING", "STARTING", "BACKOFF"):
            daemon.call("supervisor.stopProcess", name)
    daemon.wait_states(cat="RUNNING", silent="RUNNING", m__m1="RUNNING").wait_settled()


@pytest.mark.parametrize("line, code", [
    ("status", 3), ("status all", 3), ("status cat", 0), ("status cat off cat", 3), ("status m:*", 3), ("status m:", 3), ("status m", 4),
    ("status nope", 4), ("status nope:* cat", 4), ("status nope off", 3), ("status cat:cat m:m1", 0), ("status all nope", 3), ("status :", 4),
    ("pid nope", 1), ("pid off", 7), ("pid nope off", 7), ("pid off nope", 1), ("pid m:*", 1), ("pid; pid", 1), ("version", 0), ("version x", 1),
    ("avail", 0), ("avail x", 1), ("reread", 0), ("reread x", 1), ("update", 0), ("update all", 0), ("update nope", 1), ("update nope cat", 1),
    ("add", 0), ("add cat", 0), ("add nope", 1), ("add cat nope cat", 1), ("remove", 0), ("remove nope", 1), ("remove cat", 1), ("remove cat nope", 1),
    ("reload x", 1), ("shutdown x", 1),
    ("help", 0), ("?", 0), ("?pid", 0), ("help help", 0), ("help EOF", 0), ("help start stop", 0), ("help  tail", 0),
    *[(f"help {topic}", 0) for topic in ("add avail clear exit fg maintail open pid quit reload remove reread restart shutdown signal start status "
                                        "stop tail update version nope").split()],
    ("quit", 0), ("exit now", 0), ("EOF", 0), ("", 0), ("  ", 0), ("bogus", 1), ("!x", 1), (".x", 1), ("h\u00e9llo", 1), ("startle x", 1),
    ("tail", 1), ("tail -f", 1), ("tail -5", 1), ("tail a b c d", 1), ("tail 5 cat", 1), ("tail -x cat", 1), ("tail -x cat nope", 1), ("tail - cat", 1),
    ("tail nope", 1), ("tail m:*", 1), ("tail silent", 1), ("tail cat STDOUT", 0), ("tail cat b stdout", 0), ("tail -1_0 cat", 0), ("tail --5 cat", 0),
    ("tail -99999999999 cat", 1), ("tail -99999999999999999999 cat", 1), ("tail -0 cat", 0), ("maintail -x", 1), ("maintail 5", 1), ("maintail -5 -5", 1),
    ("maintail -1", 0), ("maintail --5", 0), ("tail -f nope", 0), ("tail -f m:* stderr", 0), ("tail -f silent", 0),
    ("clear", 1), ("clear nope", 1), ("clear m:*", 1), ("clear m:", 1), ("clear cat off", 0), ("clear m", 1), ("clear nope m:m1", 1),
    ("fg", 1), ("fg a b", 1), ("fg nope", 1), ("fg off", 1), ("fg m:*", 1),
    ("open", 1), ("open ftp://x", 1), ("open HTTP://x", 1), ("open unix:///nope", 0), ("open http://127.0.0.1:{port}", 0), ("open http://[", 1),
], ids=repr)
def test_questions_and_mistakes(daemon, line, code):
    """CTL-020, CTL-021, CTL-063, CTL-064, CTL-067, CTL-090..096, CTL-110..128, CTL-140..146, CTL-160..166."""
    assert said(daemon, [line])["code"] == code


@pytest.mark.parametrize("lines, code", [
    (["start"], 2), (["start nope"], 1), (["start nope:*"], 2), (["start m"], 1), (["start cat"], 0), (["start off"], 0), (["start nofile"], 1),
    (["start noexec"], 1), (["start quick"], 7), (["start quick nofile"], 1), (["start nofile quick"], 7), (["start m:*", "start m:*"], 0),
    (["start nope m:m2 nope:*"], 2), (["start off:off"], 0), (["start :"], 2),
    (["stop"], 1), (["stop nope"], 1), (["stop nope:*"], 1), (["stop off"], 0), (["stop cat off nope"], 1), (["stop m:*", "stop m:*"], 0),
    (["restart"], 1), (["restart off"], 0), (["restart cat nope"], 1), (["restart nope:*"], 2), (["restart m:*"], 0), (["stop m:*", "restart m:*"], 0),
    (["restart nofile"], 1),
    (["signal"], 1), (["signal HUP"], 1), (["signal CONT cat"], 0), (["signal 18 cat m:*"], 0), (["signal HUP off"], 7), (["signal HUP nope"], 1),
    (["signal HUP nope:*"], 1), (["signal BOGUS cat"], 1), (["signal BOGUS m:*"], 1), (["signal sigcont nope cat"], 1), (["signal CONT m:* off"], 7),
    (["clear off cat"], 0),
], ids=repr)
def test_deeds(daemon, lines, code):
    """CTL-080..084, CTL-100..109."""
    story = same(daemon, lambda ctl: [*[ctl(*line.split()) for line in lines], ctl("status")], before=lambda: begin(daemon))
    assert story[len(lines) - 1]["Output"]["code"] == code


@pytest.mark.parametrize("line", ["stop all", "start all", "restart all", "signal CONT all", "signal BOGUS all", "start x all", "pid all", "status"])
def test_deeds_to_all(daemon, line):
    """CTL-106, CTL-107, CTL-109: which of several comes first is the daemon's chance."""
    same(daemon, lambda ctl: [ctl(line).unordered().code, re.sub(r"\d+", "N", ctl(line).unordered().stdout)], before=lambda: begin(daemon))


def test_both_see_the_same_pids(daemon):
    """CTL-124."""
    for words in (["pid"], ["pid", "all"], ["pid", "cat", "m:m1"]):
        assert run(daemon, REAL, words) == run(daemon, ours(), words)


@pytest.mark.parametrize("options, code", [
    (["-s", "foo"], 2), (["-s", "http://"], 2), (["-s", "http://[::1"], 2), (["-s", ""], 2), (["-s"], 2), (["-v"], 2), (["--version"], 2),
    (["-u", "a", "-u", "b"], 2), (["-i", "-i"], 2), (["-r", "x", "--hist", "y"], 2), (["--history-file=x"], 2), (["--s"], 2), (["--in=1"], 2),
    (["-h"], 0), (["-?"], 0), (["-ih"], 0), (["-v", "-h"], 2), (["-s", "foo", "-h"], 2), (["-h", "-s", "foo"], 0),
    (["-c", "/nonexistent.conf"], 2), (["-c", "/nonexistent.conf", "-s", "unix://{sock}"], 2), (["-c", "{dir}/none.conf"], 2), (["-c", ""], 4),
    (["-c", "{dir}"], 2), (["-s", "ftp://x"], 1), (["-s", "https://x"], 1), (["-s", "HTTP://x"], 1), (["-s", "http:foo"], 1), (["-s", "http://h:x"], 1),
    (["-s", "http://h:99999"], 1), (["-s", "http://a b"], 1), (["-s", "http://127.0.0.1:{port}/any?path"], 0), (["-s", "http://localhost:{port}"], 0),
    (["-s", "http://u:p@127.0.0.1:{port}"], 0), (["-s", "unix://s.sock"], 0), (["--serverurl=unix://{sock}"], 0), (["-sunix://{sock}", "-ix"], 2),
    (["-s", "unix:///" + "x" * 120], 1), (["-s", "unix:///etc/passwd"], 4), (["-s", "unix:///nope"], 4), (["-s", "http://127.0.0.1:1"], 4),
    (["-s", "http://[::1]:1"], 4), (["-s", "http://nosuch.invalid"], 1), (["-s", "unix:///etc/passwd/x"], 1), (["-r", "h", "-u", "a", "-p", "b"], 0),
    (["--"], 0), (["-i", "--"], 0), (["-i"], 0),
], ids=repr)
def test_options(daemon, options, code):
    """CTL-001..010, CTL-015, CTL-018, CTL-030, CTL-042..044."""
    daemon.write("none.conf", "[supervisord]\n")
    assert said(daemon, ["status", "cat"], options=options, config="-c" not in options)["code"] == code


@pytest.mark.parametrize("url", ["unix://{dir}/nothing.sock", "http://127.0.0.1:1"])
@pytest.mark.parametrize("line", [
    "status", "status x", "pid", "version", "version x", "start", "start x", "stop x", "restart x", "signal HUP x", "signal", "clear x", "tail", "tail x", "tail -f x",
    "maintail", "maintail -f", "fg x", "shutdown", "reload", "avail", "reread", "add x", "add", "remove x", "update", "open unix:///nope", "help start",
])
def test_nobody_is_there(daemon, url, line):
    """CTL-040..044, CTL-048, CTL-130."""
    said(daemon, [line], options=["-s", url])


def test_a_socket_that_may_not_be_opened(daemon):
    """CTL-047. Root may open everything unless it gives that up."""
    humbled = ["setpriv", "--bounding-set=-all"] if os.getuid() == 0 else []
    path = daemon.path("closed.sock")
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(str(path))
        closed.listen()
        path.chmod(0)
        real, our = (subprocess.run([*humbled, *command(daemon, client, ["version"], ["-s", f"unix://{path}"])], capture_output=True, text=True, env=daemon.env)
                     for client in (REAL, ours()))
        path.unlink()
    assert our.stdout == re.sub(": file: .*", "", real.stdout) == "error: <class 'PermissionError'>, [Errno 13] Permission denied\n"
    assert our.returncode == real.returncode == 1


@pytest.mark.parametrize("section, code", [
    ("", 2), ("[supervisorctl]\n", 4), ("[supervisorctl]\nserverurl=unix://{sock}\n", 0), ("[supervisorctl]\nserverurl = unix://s.sock ; here\n", 0),
    ("[supervisorctl]\nserverurl=unix://%(here)s/s.sock\n", 0), ("[supervisorctl]\nserverurl=unix://%(ENV_PLACE)s/s.sock\n", 0),
    ("[supervisorctl]\nserverurl=%(nope)s\n", 2), ("[supervisorctl]\nserverurl=unix://{sock}\nprompt=%(here)s\n", 2), ("[supervisorctl]\nserverurl=foo\n", 1),
    ("[supervisorctl]\nserverurl=unix://{sock}\nusername=a\npassword=%(ENV_PLACE)s\nhistory_file=%(here)s/h\n", 0), ("[supervisorctl]\nserverurl=unix://~/s.sock\n", 0),
    ("[include]\nfiles=more.conf\n", 2), ("[supervisorctl]\nserverurl=unix://{sock}\n[include]\nfiles=nothing/*.conf\n", 0),
    ("[supervisorctl]\nserverurl=unix://{sock}\n[ctlplugin:x]\nkey=1\n", 2),
], ids=repr)
@pytest.mark.parametrize("named", [True, False])
def test_configuration_files(daemon, section, code, named):
    """CTL-008, CTL-009, CTL-011, CTL-013..016, CTL-022."""
    folder = daemon.path("etc-named" if named else "else")
    (folder / "etc").mkdir(parents=True, exist_ok=True)
    file = folder / ("client.conf" if named else "etc/supervisord.conf")
    (folder / "more.conf").write_text(daemon.fill("[supervisorctl]\nserverurl=unix://{sock}\n"))
    for place in (folder, folder / "etc"):
        (place / "s.sock").unlink(missing_ok=True)
        (place / "s.sock").symlink_to(daemon.sock)
    file.write_text(daemon.fill(section))
    told = []
    for client in (REAL, ours()):
        done = subprocess.run([client, *(["-c", str(file)] if named else []), "status", "cat"], capture_output=True, text=True, cwd=folder,
                              env={**daemon.env, "HOME": daemon.dir, "PLACE": daemon.dir})
        told.append(normalise.structure([done.stdout, done.stderr.replace(client, "CLIENT"), done.returncode], daemon))
    hidden = re.compile(r"Available names: .*")
    assert [hidden.sub("", part) if isinstance(part, str) else part for part in told[1]] == [hidden.sub("", part) if isinstance(part, str) else part for part in told[0]]
    assert told[0][2] == code


def test_a_broken_configuration_file_is_no_traceback(daemon):
    """CTL-012: on purpose not as the reference does, but for the exit status."""
    daemon.write("broken.conf", "[supervisorctl]\nnonsense\n")
    real, our = (run(daemon, client, ["status"], options=["-c", "{dir}/broken.conf"], config=False) for client in (REAL, ours()))
    assert real.code == our.code == 1 and our.stdout == ""
    assert our.stderr.startswith("Error: Source contains parsing errors: ") and "Traceback" not in our.stderr


LOCKED = SUPERVISORD + """
[unix_http_server]
file={sock}
username=alice
password=s:cr\u00e9t
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{sock}
[program:cat]
command=/bin/cat
startsecs=0
"""


@pytest.fixture(scope="module")
def locked():
    with Daemon(where.REFERENCE, LOCKED).start() as running:
        running.wait_log("success: cat")
        yield running


@pytest.mark.parametrize("options", [["-u", "alice", "-p", "s:cr\u00e9t"], ["-u", "alice", "-p", "no"], ["-u", "alice"], ["-p", "s:cr\u00e9t"], ["-u", "a" * 90, "-p", "x"], []])
@pytest.mark.parametrize("line", ["status", "version", "start cat", "avail", "reread", "update", "add x", "signal CONT cat", "tail cat", "maintail -x", "open unix://{sock}"])
def test_passwords(locked, options, line):
    """CTL-014, CTL-031, CTL-050."""
    said(locked, [line], options=options)


def test_asking_for_the_password(locked):
    """CTL-051: on a terminal, where the password is not shown; wrong first, then right."""
    def story(client):
        with Screen(command(locked, client, ["version"], ["-i"]), env=locked.env, cwd=locked.dir) as screen:
            for count, (name, password) in enumerate([("alice", "wrong"), ("alice", "s:cr\u00e9t")], 1):
                screen.wait(lambda text: text.count("Username:") == count and text.endswith("Username:"))
                screen.type(name + "\r")
                screen.wait(lambda text: text.count("Password:") == count and text.endswith("Password:"))
                screen.type(password + "\r")
            return screen.wait_end(), screen.lines()
    real, our = story(REAL), story(ours())
    assert our == real and our[1][-1] == "4.3.0"


@pytest.mark.parametrize("stdin", ["", "alice", "alice\n"])
def test_nobody_to_ask_for_the_password(locked, stdin):
    """CTL-052: without a terminal the name comes from stdin; what is said on stderr about the password is Python's affair."""
    told = [subprocess.run(command(locked, client, ["version"], ["-i"]), input=stdin.encode(), capture_output=True, env=locked.env, cwd=locked.dir,
                           start_new_session=True) for client in (REAL, ours())]
    # Python has two texts for the end of the input.
    real, our = ((normalise.text(one.stdout.decode(), locked).replace("EOF when reading a line", ""), one.returncode) for one in told)
    assert our == real


def test_confirmation():
    """CTL-129..132: refused, input ended, accepted; and while the daemon is on its way out."""
    mule = "[program:mule]\ncommand=/bin/sh -c \"trap '' TERM; while :; do sleep 1000; done\"\nstartsecs=0\nstopwaitsecs=100000\n[program:cat]\ncommand=/bin/cat\nstartsecs=0\n"
    with Daemon(where.REFERENCE, BASE + mule).start() as daemon:
        daemon.wait_states(mule="RUNNING", cat="RUNNING")
        for line in ("shutdown", "reload"):
            for stdin in ("n\n", "\n", "", " y\n", "Nay"):
                said(daemon, [line], options=["-i"], stdin=stdin)
        assert run(daemon, ours(), ["shutdown"], options=["-i"], stdin="Yes\n").stdout.endswith("y/N? Shut down\n")
        daemon.wait_log("waiting for")
        for line in ("shutdown", "reload", "status", "version", "pid", "start cat", "stop cat", "restart cat", "signal HUP cat", "clear cat", "tail cat", "tail -f cat",
                     "maintail", "maintail -f", "fg cat", "avail", "reread", "update", "update cat", "add cat", "add", "remove cat", "open unix://{sock}", "help"):
            said(daemon, [line])


def test_a_changing_configuration():
    """CTL-142..149."""
    def program(name, **options):
        return f"[program:{name}]\n" + "".join(f"{key}={value}\n" for key, value in {"command": "/bin/cat", "startsecs": 0, **options}.items())

    first = [program("keep"), program("old"), program("work")]
    second = [program("keep"), program("work", priority=3), program("new"), program("also", autostart="false")]
    for lines in (["reread", "avail", "update", "update", "avail"], ["update new old nope", "update all"], ["update work"], ["reread", "add new", "remove old", "stop old", "remove old", "add also nope"]):
        told = []
        for client in (REAL, ours()):
            with Daemon(where.REFERENCE, BASE + "".join(first)).start() as daemon:
                daemon.wait_states(keep="RUNNING", old="RUNNING", work="RUNNING")
                daemon.write("supervisord.conf", BASE + "".join(second))
                outputs = [run(daemon, client, line.split()) for line in lines]
                daemon.write("supervisord.conf", BASE + "[program:it]\n")
                outputs += [run(daemon, client, [line]) for line in ("reread", "update")]
                told.append(normalise.structure(outputs, daemon))
        assert told[1] == told[0]


def test_following_a_log(daemon):
    """CTL-114: what is there, what comes, and Ctrl-C."""
    daemon.path("cat.out").write_text("from before\n")

    def story(client, words):
        process = subprocess.Popen(command(daemon, client, words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=daemon.dir, env=daemon.env)
        read = b""
        while b"from before\n" not in read and b"\n\n" not in read:
            read += os.read(process.stdout.fileno(), 65536)
            if words[0] == "maintail" and b"INFO" in read:
                break
        if words[0] == "tail":
            with open(daemon.path("cat.out"), "a") as log:
                log.write("and after\n")
            while b"and after\n" not in read:
                read += os.read(process.stdout.fileno(), 65536)
        # Python notices Ctrl-C only while it waits; in the middle of a chunk it takes it for trouble with the connection.
        wait_for(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S", what="the client to wait")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        return (read + out if words[0] == "tail" else (read + out)[:30] + (read + out)[-2:]), err, process.returncode
    for words in (["tail", "-f", "cat"], ["maintail", "-f"]):
        daemon.path("cat.out").write_text("from before\n")
        real = story(REAL, words)
        daemon.path("cat.out").write_text("from before\n")
        assert story(ours(), words) == real
        assert real[0].endswith(b"\n\n") and real[2] == 0


CANNED = {
    "nothing": b"",
    "no reason": b"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n",
    "not found": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "a cut answer": b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
    "another version": b"HTTP/1.0 200 OK\r\n\r\n<?xml version='1.0'?><methodResponse><params><param><value><string>9.9</string></value></param></params></methodResponse>",
    "no such method": b"HTTP/1.0 200 OK\r\n\r\n<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1</int></value></member>"
                      b"<member><name>faultString</name><value><string>UNKNOWN_METHOD</string></value></member></struct></value></fault></methodResponse>",
    "a strange fault": b"HTTP/1.0 200 OK\r\n\r\n<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>77</int></value></member>"
                       b"<member><name>faultString</name><value><string>it's\n</string></value></member></struct></value></fault></methodResponse>",
}


@pytest.mark.parametrize("answer", CANNED)
@pytest.mark.parametrize("line", ["version", "status", "shutdown", "reload", "start x", "tail -f x"])
def test_servers_that_are_no_supervisord(daemon, answer, line):
    """CTL-045..047, CTL-053."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    request = b""
                    while not request.endswith(b"</methodCall>\n"):
                        request += connection.recv(65536)
                    connection.sendall(CANNED[answer])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        said(daemon, [line], options=["-s", f"http://127.0.0.1:{server.getsockname()[1]}"])
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_a_lost_reader_leaves_no_work_undone(daemon):
    """CTL-108: words that nobody reads stop no restart (our own behaviour; Python's is the same, for it writes last)."""
    begin(daemon)
    before = {name: daemon.pid_of(name) for name in ("cat", "silent")}
    process = subprocess.Popen(command(daemon, ours(), ["restart", "cat", "silent"]), stdout=subprocess.PIPE, cwd=daemon.dir, env=daemon.env)
    process.stdout.close()
    process.wait(30)
    wait_for(lambda: all(daemon.pid_of(name) not in (0, pid) for name, pid in before.items()), what=daemon.report)
