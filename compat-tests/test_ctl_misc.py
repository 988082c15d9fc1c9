"""``supervisorctl pid``, ``version``, ``avail``, ``open``, ``help`` and words that are no commands."""

import pytest

from harness import shared_pair

CONFIG = """
[program:cat]
command=/bin/cat
priority=5
startsecs=0
[program:off]
command=/bin/cat
autostart=false
[program:m1]
command=/bin/cat
startsecs=0
priority=7
[program:m2]
command=/bin/cat
autostart=false
[group:m]
programs=m2,m1
priority=30
[program:a_name_that_is_longer_than_thirty_two_characters]
command=/bin/cat
autostart=false
"""


pair = shared_pair(CONFIG, ready=lambda d: d.wait_states(cat="RUNNING", m__m1="RUNNING"))


def named_pids(daemon, output):
    """The pids printed, by the name they belong to."""
    names = {str(daemon.pid): "supervisord", "0": "0"}
    for row in daemon.rpc().supervisor.getAllProcessInfo():
        if row["pid"]:
            names[str(row["pid"])] = row["name"]
    return [names.get(line, line) for line in output.stdout.splitlines()], output.stderr, output.code


@pytest.mark.parametrize("command, lines, code", [
    ("pid", ["supervisord"], 0),
    ("pid cat", ["cat"], 0),
    ("pid off", ["0"], 7),
    ("pid cat off", ["cat", "0"], 7),
    ("pid off cat", ["0", "cat"], 7),
    ("pid m:m1 cat", ["m1", "cat"], 0),
    ("pid nope", ["No such process nope"], 1),
    ("pid off nope", ["0", "No such process nope"], 1),
    ("pid nope off", ["No such process nope", "0"], 7),
    ("pid m:*", ["No such process m:*"], 1),
    ("pid all", ["0", "cat", "m1", "0", "0"], 0),
    ("pid; pid", ["No such process ;", "supervisord"], 1),
])
def test_pid(pair, command, lines, code):
    """CTL-124, CTL-021, CTL-067, RPC-044."""
    said = pair.same(lambda d: named_pids(d, d.ctl(*command.split())))
    if command not in ("pid all", "pid; pid"):
        assert said == [lines, "", code]


def test_version(pair):
    """CTL-125, RPC-041."""
    assert pair.ctl("version").stdout == "4.3.0\n"


@pytest.mark.parametrize("command", ["version x", "avail x", "reread x", "reload x", "shutdown x"])
def test_commands_that_take_no_arguments(pair, command):
    """CTL-125."""
    said = pair.ctl(*command.split())
    assert said.code == 1 and said.stdout.startswith(f"Error: {command.split()[0]} accepts no arguments\n")


def test_avail(pair):
    """CTL-140; RPC-079, RPC-084."""
    said = pair.ctl("avail")
    assert said.code == 0
    assert "cat                              in use    auto      5:5\n" in said.stdout
    assert "m:m1                             in use    auto      30:7\n" in said.stdout


@pytest.mark.parametrize("command", [
    "help", "?", "help status", "help tail", "help maintail", "help nope", "help help", "help EOF", "?pid", "help add", "help update",
    "help start", "help signal", "help fg", "quit", "exit", "EOF",
])
def test_help_and_leaving(pair, command):
    """CTL-064, CTL-067, CTL-160..166."""
    said = pair.ctl(*command.split())
    assert said.code == 0 and said.stderr == ""


@pytest.mark.parametrize("command", ["bogus", "bogus with words", "!ls", ".x", "STATUS"])
def test_a_word_that_is_no_command(pair, command):
    """CTL-063, CTL-067."""
    said = pair.ctl(*command.split())
    assert said.code == 1 and said.stdout == f"*** Unknown syntax: {command}\n"


@pytest.mark.parametrize("url, code, words", [
    ("http://127.0.0.1:{port}", 0, "cat  "),
    ("unix://{sock}", 0, "cat  "),
    ("ftp://x", 1, "ERROR: url must be http:// or unix://"),
    ("nonsense", 1, "ERROR: url must be http:// or unix://"),
    ("http://127.0.0.1:1", 0, "http://127.0.0.1:1 refused connection"),
    ("unix://{dir}/nothing.sock", 0, "nothing.sock no such file"),
])
def test_open_changes_the_server_and_shows_its_processes(pair, url, code, words):
    """CTL-128, CTL-042, CTL-043."""
    said = pair.ctl("open", url)
    assert said.code == code and words in said.stdout


@pytest.mark.parametrize("command, code", [
    ("status", 4), ("version", 4), ("pid", 4), ("start cat", 4), ("stop cat", 4), ("restart cat", 4), ("signal HUP cat", 4), ("tail cat", 4),
    ("clear cat", 4), ("fg cat", 4), ("maintail", 4), ("reread", 1), ("avail", 1), ("add x", 1), ("remove x", 1), ("update", 1),
    ("shutdown", 1), ("reload", 1),
])
def test_a_server_that_refuses(pair, command, code):
    """CTL-040, CTL-042, CTL-044, CTL-047, CTL-048, CTL-130."""
    said = pair.ctl(*command.split(), options=["-s", "http://127.0.0.1:1"])
    assert said.code == code and "efused" in said.stdout


@pytest.mark.parametrize("command, code", [("status", 4), ("version", 7), ("start cat", 7), ("reread", 1), ("update", 1), ("shutdown", 1), ("reload", 1)])
def test_a_socket_that_is_not_there(pair, command, code):
    """CTL-043, CTL-044, CTL-048, CTL-130."""
    said = pair.ctl(*command.split(), options=["-s", "unix://{dir}/nothing.sock"])
    assert said.code == code and "o such file" in said.stdout


@pytest.mark.parametrize("url", ["unix://{sock}", "http://127.0.0.1:{port}", "http://127.0.0.1:{port}/any/path", "http://localhost:{port}"])
def test_both_transports_serve_the_same(pair, url):
    """CTL-007, CTL-030, CTL-036, HTTP-015."""
    said = pair.ctl("status", "cat", "m:*", options=["-s", url])
    assert said.code == 3 and said.stdout.startswith("cat  ")


@pytest.mark.parametrize("options, code", [
    (["-s", "foo"], 2), (["-v"], 2), (["-u", "a", "-u", "b"], 2), (["--history-file=x"], 2), (["-h"], 0), (["-?"], 0),
    (["-c", "/nonexistent.conf"], 2), (["-s", "ftp://x"], 1),
], ids=lambda o: " ".join(o) if isinstance(o, list) else str(o))
def test_the_clients_own_options(pair, options, code):
    """CTL-001, CTL-003, CTL-004, CTL-005, CTL-006, CTL-007, CTL-010."""
    said = pair.ctl("version", options=options)
    assert said.code == code
