"""Server, plug-in and client sections, and where a configuration is looked for: what is accepted, and what is said of mistakes."""

import os
import subprocess

import pytest

from harness import Pair, fresh_pair, http
from harness.pair import SUPERVISORD

HEAD = "[supervisord]\nnodaemon=true\nlogfile={dir}/supervisord.log\npidfile={dir}/supervisord.pid\nchildlogdir={dir}\n"
RPC = "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"


@pytest.fixture(scope="module")
def idle():
    """Two daemons that are never started: only their folders are used."""
    pair = Pair(HEAD)
    yield pair
    pair.stop()


def refused(daemon, content, *args, env=None):
    """What is said of a configuration that cannot be used."""
    daemon.write("wrong.conf", content)
    done = subprocess.run([daemon.program, "-n", "-c", f"{daemon.dir}/wrong.conf", *args], capture_output=True, text=True,
                          cwd=daemon.dir, env={**daemon.env, **(env or {})}, timeout=20)
    return done.stdout, done.stderr, done.returncode


@pytest.mark.parametrize("section", [
    "[inet_http_server]\n", "[inet_http_server]\nport=\n", "[inet_http_server]\nport=localhost:\n", "[inet_http_server]\nport=x\n",
    "[inet_http_server]\nport=localhost:x\n", "[inet_http_server]\nport=localhost:0\n", "[inet_http_server]\nport=localhost:65536\n",
    "[inet_http_server]\nusername=u\n", "[inet_http_server]\nport=%(here)s\n", "[inet_http_server]\nport=%(ENV_NOPE)s\n",
    "[inet_http_server:x]\n", "[inet_http_serverx]\n", "[unix_http_server]\n", "[unix_http_server]\nfile={dir}/x\nchmod=9\n",
    "[unix_http_server]\nfile={dir}/x\nchown=nobody_of_that_name\n", "[unix_http_server]\nfile={dir}/x\nchown=root:nogroup_of_that_name\n",
    "[unix_http_server]\nfile={dir}/x\npassword=p\n", "[unix_http_server]\nfile=%(here)s/x\nusername=%(here)s\npassword=x\n",
    "[unix_http_server]\nfile=%(host_node_name)s\n",
], ids=repr)
def test_servers_that_cannot_be(idle, section):
    """SRV-002, SRV-003, SRV-004, SRV-005, SRV-007, SRV-008; TYP-009, TYP-014, TYP-015, TYP-016; EXP-023."""
    # Not what is on stdout: the reference opens its log before its sockets, ours after them (LIF-001, QRK-028).
    err, code = idle.same(lambda d: refused(d, HEAD + section)[1:])
    assert code == 2 and "Error: " in err


def test_a_daemon_without_servers():
    """SRV-009: it runs, and nobody can ask it anything."""
    with Pair(HEAD + "[program:once]\ncommand=/bin/sh -c 'env > {dir}/environment'\nautorestart=false\nstartsecs=0\n") as pair:
        def scenario(d):
            d.launch()
            d.wait_log("exited: once")
            return "SUPERVISOR_SERVER_URL" in d.read("environment"), os.path.exists(d.sock), d.signal(15).wait_end()
        assert pair.same(scenario) == [False, False, 0]


def test_several_servers_of_each_kind():
    """SRV-001, SRV-002: inet servers come first, whatever the order of the file; SRV-010."""
    config = SUPERVISORD + RPC + (
        "[unix_http_server]\nfile={sock}\n[inet_http_server:b]\nport=127.0.0.1:{port}\n[unix_http_server:second]\nfile={dir}/two.sock\nchmod=0666\n"
        "[inet_http_server:a]\nport=127.0.0.1:{other_port}\n[program:cat]\ncommand=/bin/sh -c 'env > {dir}/environment; exec cat'\n"
        "[supervisorctl]\nserverurl=unix://{sock}\n")
    with fresh_pair(config, base="") as pair:
        def scenario(d):
            d.wait_states(cat="RUNNING")
            announced = d.log_messages("without any HTTP authentication checking")
            answers = []
            for address in (d.sock, f"{d.dir}/two.sock", ("127.0.0.1", d.port), ("127.0.0.1", d.other_port)):
                with http.Connection(address, 10) as connection:
                    answers.append(connection.send(http.get("/ok.html", "Connection: close")).head().status)
            url = [line for line in d.read("environment").splitlines() if line.startswith("SUPERVISOR_SERVER_URL")]
            return announced, answers, url, [oct(os.stat(path).st_mode) for path in (d.sock, f"{d.dir}/two.sock")]
        announced = pair.same(scenario)[0]
        assert [line.split("'")[1] for line in announced] == ["inet_http_server:b", "inet_http_server:a", "unix_http_server", "unix_http_server:second"]


@pytest.mark.parametrize("section", [
    "[rpcinterface:x]\nsupervisor.rpcinterface_factory=%(here)s\n", "[rpcinterface:x]\nsupervisor.rpcinterface_factory=%(ENV_NOPE)s\n",
    "[fcgi-program:x]\ncommand=x\nsocket=unix://%(process_num)d\n", "[fcgi-program:x]\ncommand=x\nsocket=unix://%(host_node_name)s\n",
    "[fcgi-program:x]\ncommand=x\nsocket=tcp://%(group_name)s:1\n", "[eventlistener:x]\ncommand=x\nevents=TICK_5,\n",
    "[group:g]\nprograms=x,\n",
], ids=repr)
def test_names_that_are_not_known_there(idle, section):
    """EXP-021, EXP-022, EXP-024; TYP-017, ELC-002, NAM-009. Behind the reference's two lines ours may say what to do."""
    def scenario(d):
        out, err, code = refused(d, HEAD + section)
        lines = err.splitlines()
        assert len(lines) == 2 or "runs no Python" in lines[2]
        return out, lines[:2], code
    out, err, code = idle.same(scenario)
    assert code == 2 and "Error: " in err[0]


def test_the_clients_sections_mean_nothing_to_the_daemon():
    """PLG-006, CLT-016: whatever is in them, and without them too."""
    config = SUPERVISORD + RPC + "[unix_http_server]\nfile={sock}\n[supervisorctl]\nserverurl=nonsense %(nope)s\n[ctlplugin:x]\nwhatever=%(nope)s\n"
    with fresh_pair(config, base="") as pair:
        assert pair.same(lambda d: d.call("supervisor.getState"))["statename"] == "RUNNING"


@pytest.mark.parametrize("url", ["foo", "http", "", "//x", "http://", "unix://", "ftp://x"], ids=repr)
def test_a_server_url_that_is_none(idle, url):
    """TYP-028; CTL-005, CTL-007, CTL-013."""
    def scenario(d):
        d.write("supervisord.conf", HEAD + f"[supervisorctl]\nserverurl={url}\n")
        said = []
        for options in ((), ("-s", url)):
            done = subprocess.run(d.ctl_command("help", "exit", options=options), capture_output=True, text=True, cwd=d.dir, env=d.env, timeout=20)
            said.append((done.stdout, done.stderr, done.returncode))
        return said
    idle.same(scenario)


def test_no_configuration_anywhere_and_a_warning_for_root(idle):
    """CFL-001, CFL-002, CFL-004, CFL-005: started through PATH, the path that was found is shown."""
    def scenario(d):
        (d.path("empty") / "bin").mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["supervisord", "-n"], capture_output=True, text=True, cwd=d.path("empty"), timeout=20,
                              env={**d.env, "PATH": os.path.dirname(d.program) + ":/usr/bin:/bin"})
        shown = done.stderr.replace(d.program, "PROGRAM").replace(os.path.dirname(os.path.dirname(d.program)), "PREFIX")
        sentences = [line for line in shown.splitlines() if line.startswith(("Error", "For help"))]
        return "it is searching for its configuration file in default locations" in shown, sentences, done.returncode
    assert pair_of(idle.same(scenario)) == (os.getuid() == 0, 2)


def pair_of(answer):
    return answer[0], answer[2]


def test_a_log_that_cannot_be_opened_is_not_a_usage_error(idle):
    """ERR-007, CLI-016: exit status 1."""
    def scenario(d):
        d.path("folder").mkdir(exist_ok=True)
        return refused(d, HEAD, "-l", f"{d.dir}/folder")[2]
    assert idle.same(scenario) == 1


def test_variables_of_the_environment_are_no_options(idle):
    """CLI-012, CLI-015."""
    def scenario(d):
        return refused(d, HEAD + "[program:x]\n", "--profile_options", "cumulative,callers", env={"SUPERVISOR_LOGLEVEL": "bogus", "LOGLEVEL": "bogus"})
    out, err, code = idle.same(scenario)
    assert code == 2 and "does not specify a command" in err


def test_a_disabled_program_is_an_empty_group():
    """PRG-002, PRG-004, QRK-016; GRP-004: and the AUTO logs of a group that is removed stay."""
    config = "[program:none]\nnumprocs=0\n[program:cat]\ncommand=/bin/cat\nautostart=false\n"
    with fresh_pair(config) as pair:
        def scenario(d):
            removed = d.call("supervisor.removeProcessGroup", "none"), d.call("supervisor.addProcessGroup", "none")
            log = d.call("supervisor.getProcessInfo", "cat")["stdout_logfile"]
            d.call("supervisor.removeProcessGroup", "cat")
            return removed, list(d.states()), os.path.exists(log), d.ctl("avail").stdout
        assert pair.same(scenario)[2] is True


def test_what_children_do_not_get():
    """ENV-006: no credentials, although the server has some."""
    config = SUPERVISORD + RPC + (
        "[unix_http_server]\nfile={sock}\nusername=u\npassword=p\n[program:x]\ncommand=/bin/sh -c 'env > {dir}/environment; exec cat'\n")
    with fresh_pair(config, base="") as pair:
        def scenario(d):
            d.wait_log("entered RUNNING")
            return sorted(line.split("=")[0] for line in d.read("environment").splitlines() if line.startswith("SUPERVISOR_"))
        assert pair.same(scenario) == ["SUPERVISOR_ENABLED", "SUPERVISOR_GROUP_NAME", "SUPERVISOR_PROCESS_NAME", "SUPERVISOR_SERVER_URL"]
