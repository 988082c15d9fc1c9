"""The interactive shell: with its input piped in, and on a terminal, where the pictures are compared."""

import pytest

from harness import Screen, fresh_pair, shared_pair, wait_for
from harness.pair import SUPERVISORD

CONFIG = """
[program:cat]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/cat.out
[program:off]
command=/bin/cat
autostart=false
startsecs=0
[program:m1]
command=/bin/cat
startsecs=0
[program:m2]
command=/bin/cat
autostart=false
startsecs=0
[group:m]
programs=m1,m2
"""

pair = shared_pair(CONFIG, ready=lambda d: d.wait_states(cat="RUNNING", m__m1="RUNNING"))


@pytest.mark.parametrize("typed", [
    "",
    "quit\n",
    "exit\n",
    "EOF\n",
    "\n   \nversion\n\n",
    "version\npid nope\nbogus words here\nversion\n",
    "start off\nstart off\nstart m:*\nstatus off\n",
    "help\n?\nhelp start\n?pid\nhelp nope\n",
    "status nope\nstatus m:*\nstatus all",
    "tail nope\ntail\ntail -f\nclear\nsignal\nadd\nremove\n",
    "open ftp://x\nopen http://127.0.0.1:{port}\nopen unix://{sock}\n",
    "pid?\n!x\n.x\nversion; version\n",
    "stop m:m2 off\nstop m:m1\nstart m:m1\navail\nreread\nupdate\n",
    "add cat\nremove cat\nadd nope\nsignal HUP nope\nsignal BOGUS cat\n",
    "maintail -x\nfg\nfg a b\nfg nope\nfg off\n",
    "shutdown\nn\nreload\nno\nshutdown\n\nversion\n",
    "exit now\n",
], ids=lambda t: repr(t)[1:-1][:40])
def test_commands_from_a_pipe(pair, typed):
    """CTL-019, CTL-060..067, CTL-128, CTL-129, CTL-131, CTL-160..163."""
    said = pair.same(lambda d: d.ctl(stdin=d.fill(typed)))["Output"]
    assert said["code"] == 0 and "supervisor> " in said["stdout"]


def test_a_command_word_is_no_shell_even_with_i(pair):
    """CTL-018."""
    said = pair.ctl("version", options=["-i"])
    assert said.stdout == "4.3.0\n"


def test_confirming_a_shutdown():
    """CTL-129, CTL-066."""
    with fresh_pair(CONFIG) as pair:
        pair.each(lambda d: d.wait_states(cat="RUNNING", m__m1="RUNNING"))
        said = pair.same(lambda d: [d.ctl(stdin="shutdown\ny\n"), d.wait_end()])
        assert "y/N? Shut down\n" in said[0]["Output"]["stdout"]


def test_a_prompt_of_ones_own_and_a_one_shot_confirmation():
    """CTL-013, CTL-060, CTL-132."""
    with fresh_pair(CONFIG + "[supervisorctl]\nprompt=house\nhistory_file={dir}/history\n") as pair:
        pair.each(lambda d: d.wait_states(cat="RUNNING", m__m1="RUNNING"))
        said = pair.same(lambda d: [d.ctl(stdin="version\n"), d.ctl("shutdown", options=["-i"], stdin="n\n"), d.ctl("reload", options=["-i"], stdin="Yes\n")])
        assert "house> 4.3.0" in said[0]["Output"]["stdout"] and said[2]["Output"]["stdout"].endswith("Restarted supervisord\n")


LOCKED = SUPERVISORD + """
[unix_http_server]
file={sock}
username=alice
password=secret
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{sock}
"""


def terminal(daemon, *words, options=()):
    return Screen(daemon.ctl_command(*words, options=options), env=daemon.env, cwd=daemon.dir)


def test_a_session_on_a_terminal(pair):
    """CTL-060, CTL-062, CTL-063, CTL-064."""
    def scenario(d):
        with terminal(d) as screen:
            screen.wait_prompts(1)
            for count, line in enumerate(["version", "start off", "stop off", "bogus", "", "status off m:m2"], 2):
                screen.type(line + "\r").wait_prompts(count)
            screen.type("quit\r")
            return screen.wait_end(), screen.lines()
    code, lines = pair.same(scenario)
    assert code == 0 and "supervisor> version" in lines


@pytest.mark.parametrize("keys, shown", [
    ("sta\t\t", "start"), ("status c\t\r", "status cat"), ("start m:\t\t", "m:m1"), ("tail o\t\r", "tail off"), ("add \t\t", "cat"),
    ("help sta\t\t", "start"), ("avail \t\t", "avail"), ("vers\t\r", "4.3.0"), ("\t\t", "maintail"),
], ids=lambda k: repr(k)[1:-1])
def test_completion(pair, keys, shown):
    """CTL-069..073."""
    def scenario(d):
        with terminal(d) as screen:
            screen.wait_prompts(1)
            screen.type(keys)
            if keys.endswith("\r"):
                screen.wait_prompts(2)
            else:
                screen.wait(lambda text: shown in text.split("supervisor>", 1)[1])
                while screen.pump(0.3):
                    pass
            return screen.lines()
    lines = pair.same(scenario)
    assert shown in "\n".join(lines)


def test_control_d_and_control_c_leave(pair):
    """CTL-064, CTL-065."""
    def scenario(d):
        said = []
        for key in ("\x04", "\x03"):
            with terminal(d) as screen:
                screen.wait_prompts(1)
                screen.type(key)
                said.append((screen.wait_end(insist=key), screen.lines()))
        return said
    assert [code for code, _ in pair.same(scenario)] == [0, 0]


def test_history_and_line_editing(pair):
    """CTL-062, CTL-068."""
    def scenario(d):
        with terminal(d) as screen:
            screen.wait_prompts(1)
            screen.type("version\r").wait_prompts(2)
            screen.type("\x1b[A").wait(lambda text: text.count("supervisor> version") == 2)
            screen.type("\x15pid nope\x1b[D\x1b[Dx\r").wait_prompts(3)
            return screen.lines()
    assert "No such process noxpe" in pair.same(scenario)


def test_a_password_is_asked_for():
    """CTL-051."""
    def scenario(d):
        with terminal(d) as screen:
            for name, password in (("alice", "wrong"), ("alice", "secret")):
                screen.wait(lambda text: text.endswith("Username:"))
                screen.type(name + "\r")
                screen.wait(lambda text: text.endswith("Password:"))
                screen.type(password + "\r")
                screen.wait(lambda text: not text.endswith("Password:"))
            screen.wait_prompts(1)
            screen.type("version\r").wait_prompts(2)
            return screen.lines()
    with fresh_pair(LOCKED, base="") as pair:
        lines = pair.same(scenario)
        assert lines.count("Server requires authentication") == 2 and "4.3.0" in lines


def test_foreground(pair):
    """CTL-120, CTL-121, CTL-122."""
    def scenario(d):
        with terminal(d, "fg", "cat") as screen:
            screen.wait_text("==> Press Ctrl-C to exit <==")
            for word in ("first words", "second words"):
                screen.type(word + "\r")
                screen.wait(lambda text: text.count(word) == 2)
            screen.type("\x03")
            screen.wait_text("Exiting foreground")
            return screen.lines()
    lines = pair.same(scenario)
    assert lines.count("first words") == 2


def test_foreground_begins_with_the_end_of_the_log(pair):
    """CTL-121."""
    def scenario(d):
        d.call("supervisor.sendProcessStdin", "m:m1", "before anybody looked\n")
        wait_for(lambda: "before" in d.call("supervisor.readProcessStdoutLog", "m:m1", 0, 0))
        with terminal(d, "fg", "m:m1") as screen:
            screen.wait_text("before anybody looked")
            screen.type("\x03")
            screen.wait_text("Exiting foreground")
            return screen.lines()
    pair.same(scenario)


def test_foreground_of_a_process_that_dies(pair):
    """CTL-122, CTL-123."""
    def scenario(d):
        d.ctl("start", "off")
        with terminal(d, "fg", "off") as screen:
            screen.wait_text("==> Press Ctrl-C to exit <==")
            d.ctl("stop", "off")
            screen.type("anyone?\r")
            screen.wait_text("Exiting foreground")
            return screen.lines()
    assert "Process got killed" in "\n".join(pair.same(scenario))


def test_following_a_log_on_a_terminal(pair):
    """CTL-114."""
    def scenario(d):
        with terminal(d) as screen:
            screen.wait_prompts(1)
            screen.type("tail -f m:m1\r").wait_text("==> Press Ctrl-C to exit <==")
            d.call("supervisor.sendProcessStdin", "m:m1", "a line\n")
            screen.wait_text("a line")
            screen.wait_asleep()
            screen.type("\x03").wait_prompts(2)
            screen.type("version\r").wait_prompts(3)
            wait_for(lambda: "4.3.0" in screen.text())
            return screen.lines()
    assert "a line" in "\n".join(pair.same(scenario))
