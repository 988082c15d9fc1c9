"""The configuration file as text: sections, options, comments, continuation, expansion, and what is said of mistakes.

Each case is read by a re-read of two running daemons, and what they make of it is compared: the fault, or all configuration rows.
A program's own environment is seen through ``command=... %(ENV_X)s``.
"""

import re

import pytest

from harness import shared_pair
from harness.pair import BASE

pair = shared_pair(env={"FROM_OUTSIDE": "outer value", "PERCENT": "a%b", "DOUBLE": "%%"})


CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffd]")


def understood(daemon, content):
    """What a re-read of that file says: a fault, or the names that changed and every configuration row."""
    if isinstance(content, str):
        content = daemon.fill(content).encode()
    daemon.path("supervisord.conf").write_bytes(content)
    answer = daemon.call("supervisor.reloadConfig")
    if isinstance(answer, tuple):
        # RRD-004: the reference goes on offering names from a [supervisord] environment= that is gone; nothing needs that.
        return [part.replace("ENV_A, ", "") if isinstance(part, str) else part for part in answer]
    if CONTROL.search(content.decode("utf-8", "replace")):
        # XML cannot carry these. The reference sends them all the same, ours sends something that can be read. XML-008
        return answer, CONTROL.sub("?", daemon.raw_call("supervisor.getAllConfigInfo").body.decode())
    return answer, daemon.call("supervisor.getAllConfigInfo")


def program(options, name="x"):
    return f"{BASE}[program:{name}]\n{options}\n"


def ids(text):
    return repr(text)[1:-1][-90:]


@pytest.mark.parametrize("options", [
    "command=/bin/cat", "COMMAND = /bin/cat", "command: /bin/cat", "command:a=b", "command=a:b", "  command=/bin/cat", "command\t=\t/bin/cat  ",
    "command=/bin/cat ; a comment", "command=/bin/cat # a comment", "command=a;b", "command=a#b", "command=a;b ;c #d", "command=a#b #c ;d",
    "command=;foo", "command= ;foo", "command=sh -c 'a ; b'", "command=a\u00a0;b", "command=/bin/cat\n;comment\n  more", "command=/bin/cat\n  more\n  and more",
    "command=/bin/cat\n\n  more", "command=/bin/cat\n\n\n\npriority=5", "command=/bin/cat\n ; comment\n  more", "command=/bin/cat\n  more ; comment\n  last",
    "command=/bin/cat\n  [program:y]\n  command=x", "command=/bin/cat\npriority=1\npriority=2", "command=x\n[program:x]\npriority=3\n[program:x]\ncommand=y",
    "command=\n  /bin/cat", "command=/bin/cat\n priority=4", "  command=/bin/cat\n  priority=4", "command=\"quoted\"", "command=/bin/cat\nno such key=5",
    "command=/bin/cat\n[nonsense]\na=b", "command=/bin/cat\n[program:y\ncommand=z", "command=/bin/cat\n#[program:y]", "command=/bin/cat\n[program:y]trailing\ncommand=z",
    "command=/bin/cat\n[program:y]x]\ncommand=z", "command=/bin/cat\n[program:y] ; note\ncommand=z", "command=/bin/cat\n[DEFAULT]\npriority=7",
    "[DEFAULT]\ncommand=/bin/default", "command=caf\u00e9 \u20ac", "command=/bin/cat\n[program:caf\u00e9]\ncommand=z", "command=/bin/cat\n[ supervisord ]\nx=y",
    "command=/bin/cat\n[program: spaced ]\ncommand=z", "command=/bin/cat\n[PROGRAM:y]\ncommand=z", "command=/bin/cat\\\n  more", "command=/bin/cat\nstdout_logfile = NONE",
    "command=a\x0bb", "command=/bin/cat\x0c", "command=/bin/cat\n\x0cpriority=4", "command=/bin/cat\npriority=5\x1f", "command=/bin/cat\u2028priority=3", "command=/bin/cat\x85priority=3",
    "command=[x]", "command=/bin/cat\n[]\na=b", "command = = x", "command=/bin/cat\nrem comment=1",
], ids=ids)
def test_what_is_understood(pair, options):
    """INI-005..028, INI-032, INI-034; EXP-001; NAM-002, NAM-003."""
    pair.same(lambda d: understood(d, program(options)))


@pytest.mark.parametrize("content", [
    "command\n", "=foo\n", ": v\n", "text\n", "[program:y]\ncommand\nalso bad\n", "[]\n", "command=x\n  \n=\n",
], ids=ids)
def test_lines_that_are_wrong(pair, content):
    """INI-006, INI-014, INI-015, INI-030."""
    answer = pair.same(lambda d: understood(d, program("command=/bin/cat\n" + content)))
    assert answer[0] == "fault" and answer[2].startswith("CANT_REREAD: Source contains parsing errors: ")


@pytest.mark.parametrize("content", [
    "", "\n\n; only comments\n", "text before any section\n", "key=value\n[supervisord]\n", "[group:x]\nprograms=\n", "[ supervisord ]\n", "\ufeff[supervisord]\n",
    b"[supervisord]\n[program:x]\ncommand=\xff\n", b"[supervisord]\r\n[program:x]\r\ncommand=/bin/cat\r\npriority=3\r\n", b"[supervisord]\r[program:x]\rcommand=/bin/cat\r",
    b"[supervisord]\n[program:x]\ncommand=/bin/cat", "[supervisord]", "[supervisord]\n[include]\n", "[supervisord]\n[include]\nfiles=\n", "[supervisord]\n[include]\nfiles=nothing/*.conf\n",
    b"[supervisord]\n[program:x]\ncommand=/bin/\x00cat\n",
], ids=ids)
def test_whole_files(pair, content):
    """INI-002..004, INI-007, INI-029, INI-031, INI-033; INC-002, INC-007."""
    pair.same(lambda d: understood(d, content))


@pytest.mark.parametrize("template", [
    "%(program_name)s", "%(group_name)s", "%(here)s/x", "%(process_num)d", "%(process_num)02d", "%(process_num)s", "%(process_num)x", "%(process_num)03o", "%(numprocs)d",
    "%(process_num)5.1f", "%(process_num)-5s|", "%(program_name)-5s|", "%(process_num)r", "%(program_name)r", "%(process_num)c", "%(process_num)ld", "%(process_num)+d", "%(process_num) d",
    "%(process_num)#x", "%(process_num)e", "%(process_num)g", "%(program_name).2s", "%%", "100%%", "%(ENV_FROM_OUTSIDE)s", "%(ENV_PERCENT)s", "%(ENV_DOUBLE)s", "%%(x)s",
    "%", "%(", "%(a", "%(a)", "%(nope)s", "%(program_name)d", "%(program_name)b", "%(program_name)q", "%d", "%z", "% ", "%(process_num)*d", "%(ENV_NOPE)s", "%(host_node_name)s",
    "a%(nope)sb%(nix)s", "%()s", "%((x))s", "%(process_num)i %(process_num)u %(process_num)X", "%(process_num)a", "%(program_name)a", "\u20ac%(program_name)s",
], ids=ids)
def test_expansion(pair, template):
    """EXP-001..010, EXP-014, EXP-019, EXP-026."""
    pair.same(lambda d: understood(d, program(f"command=/bin/echo {template}\nprocess_name=%(program_name)s_%(process_num)d\nnumprocs=2\nnumprocs_start=9")))


@pytest.mark.parametrize("options", [
    "priority=%(process_num)d", "priority=%(program_name)s", "stdout_logfile={dir}/%(process_num)d.log", "stdout_logfile={dir}/a%%b.log", "stdout_logfile={dir}/a%%%%b.log",
    "directory=/%(program_name)s/%(process_num)d", "process_name=%(group_name)s_x", "process_name=%(ENV_FROM_OUTSIDE)s", "startsecs=%(ENV_PERCENT)s", "process_name=%(nope)s",
    "environment=A=\"%(process_num)d\",B=\"%(here)s\"", "environment=A=\"%(nope)s\"", "serverurl=%(here)s", "serverurl=%(process_num)d", "stdout_logfile_maxbytes=%(process_num)dKB",
    "stdout_logfile={dir}/%(ENV_PERCENT)s.log", "user=%(ENV_NOPE)s", "autostart=%(ENV_PERCENT)s", "numprocs=%(numprocs)d", "umask=%(process_num)d",
], ids=ids)
def test_what_each_option_may_name(pair, options):
    """EXP-003, EXP-008, EXP-011..018, EXP-020, EXP-021; ERR-002, ERR-003."""
    pair.same(lambda d: understood(d, program(f"command=/bin/cat\n{options}")))


@pytest.mark.parametrize("value", [
    "A=1", "A=1,B=2", 'A="x y"', "A='x y'", "A=\"it's\"", "A='say \"x\"'", "A=1;B=2", "A=1|B=2", "A=1,", "A=1,B=", "B=,", "A=a=b", "A=user@host", "A=\"x\"\"y\"", "A=x\"y\"", "A=\"'x'\"",
    "A='\"'", "A=\"unclosed", "A=3#4", "A=1,\n  B=2", '"A"=1', "A=$HOME", "A=~/x", "A=\u00e9", "A=\u00e9a", "A=/usr/bin:/bin", "A=1.5-2+(x)", "A = 1 , B = 2", "A=1 B=2", "A", "=1", ",",
    "A=\"\"", "A=''", "A=\\\"x\\\"", "A=\"a\\\"b\"", "A=\"a;b\"", "A=\"a,b\",B=c", "A=\"100%%\"", "A_1=x", "1A=x", "A-B=x", "A.B=x", "A:B=x", "", "A=\"x\n  y\"",
], ids=ids)
def test_environments(pair, value):
    """TYP-018..027; EXP-010, EXP-012."""
    def scenario(d):
        said = [understood(d, program(f"environment={value}\ncommand=/bin/cat"))]
        for name in ("A", "B", "AB"):
            said.append(understood(d, program(f"environment={value}\ncommand=/bin/echo [%(ENV_{name})s]")))
        return [s if s[0] == "fault" else s[1][0]["command"] for s in said]
    pair.same(scenario)


@pytest.mark.parametrize("option, values", {
    "priority": ["0", "-5", " 7 ", "1_000", "+3", "0x10", "1.5", "", "\u0663", "1__0", "_1"],
    "autostart": ["true", "YES", "On", "1", "false", "no", "OFF", "0", "maybe", "", "2", "tr"],
    "autorestart": ["true", "unexpected", "UNEXPECTED", "false", "never", "", "1"],
    "startsecs": ["0", "-1", "x", "1.5"],
    "startretries": ["0", "-1", "x"],
    "exitcodes": ["0", "0,2", " 1 , 3 ", "", "256", "-1", "1,,2", "x", "1,", "255"],
    "stopsignal": ["TERM", "SIGHUP", "hup", "9", "0", "64", "34", "35", "65", "BOGUS", "", "RTMIN", "SIG_DFL", "_IGN", "CLD", "POLL", "IO", "-1"],
    "stopwaitsecs": ["0", "-3", "x"],
    "stdout_logfile_maxbytes": ["0", "1KB", "2mb", "1 MB", "1_000KB", "1.5MB", "5b", "5TB", "MB", "", "-1", "1Gb"],
    "stdout_logfile_backups": ["0", "-1", "x"],
    "umask": ["022", "22", "0o22", " 022 ", "-22", "9", "x", ""],
    "user": ["root", "0", "nobody", "nobody_of_that_name", "99999999", "-1", ""],
    "stdout_logfile": ["NONE", "none", "off", "AUTO", "auto", "syslog", "SYSLOG", "", "/nonexistent/x.log", "relative.log", "~/x.log", "{dir}/x.log", "/dev/null"],
    "numprocs": ["0", "-1", "1", "2", "x"],
    "process_name": ["a b", "a:b", "a/b", "\u00e9", "", " x "],
    "serverurl": ["AUTO", " auto ", "x", "", "unix:///x"],
    "redirect_stderr": ["true", "x"], "stopasgroup": ["true", "x"], "killasgroup": ["true", "false", "x"], "stdout_events_enabled": ["true", "x"],
    "stdout_capture_maxbytes": ["1MB", "x"], "stderr_syslog": ["true", "x"], "directory": ["/nonexistent", "~", ""], "numprocs_start": ["3", "-1", "x"],
    "stdout_syslog": ["true", "x"], "stderr_logfile": ["NONE", "/nonexistent/x"], "stderr_capture_maxbytes": ["1KB", "x"], "stderr_events_enabled": ["1", "x"],
    "stderr_logfile_maxbytes": ["0", "x"], "stderr_logfile_backups": ["3", "x"], "command": [""],
}.items(), ids=lambda v: v if isinstance(v, str) else "")
def test_values_of_program_options(pair, option, values):
    """TYP-001..013; PRG-001..024; ERR-002, ERR-004; NAM-001."""
    pair.same(lambda d: {value: understood(d, program(f"command=/bin/cat\n{option}={value}")) for value in values})


@pytest.mark.parametrize("options", [
    "priority=1", "command=x\nnumprocs=2", "command=x\nnumprocs=2\nprocess_name=%(process_num)d", "command=x\nnumprocs=2\nprocess_name=%%(process_num)d",
    "command=x\nnumprocs=3\nprocess_name=%(program_name)s-%(process_num)02d\nnumprocs_start=9", "numprocs=0", "command=x\nstopasgroup=true\nkillasgroup=false", "command=x\nstopasgroup=true",
    "command=x\nredirect_stderr=true\nstderr_logfile={dir}/x", "command=x\nstdout_logfile=AUTO\nstdout_logfile_maxbytes=0", "command=x\nautostart=maybe\npriority=x", "command=x\nstopsignal=BOGUS\nexitcodes=x\nuser=nope",
    "command=x\nnumprocs=2\nprocess_name=%(process_num)d\npriority=%(nope)s", "command=x\nprocess_name=a b\nnumprocs=2",
], ids=ids)
def test_options_together(pair, options):
    """PRG-001, PRG-002, PRG-004..006, PRG-013, PRG-018, PRG-026, PRG-029; EXP-015."""
    pair.same(lambda d: understood(d, program(options)))


PROGRAMS = "[program:a]\ncommand=a\n[program:b]\ncommand=b\npriority=5\n[program:c]\ncommand=c\nnumprocs=2\nprocess_name=%(program_name)s%(process_num)d\n"


@pytest.mark.parametrize("sections", [
    "[group:g]\nprograms=a,b\n", "[group:g]\nprograms=b,a,c\npriority=3\n", "[group:g]\nprograms=a\n[group:h]\nprograms=a,b\n", "[group:g]\nprograms=\n", "[group:g]\n", "[group:g]\nprograms=a,\n",
    "[group:g]\nprograms=nope\n", "[group:g]\nprograms=a,nope\n", "[group:g]\nprograms=a\npriority=x\n", "[group:a]\nprograms=b\n", "[group:a]\nprograms=a,b\n", "[group:g h]\nprograms=a\n",
    "[group:g:h]\nprograms=a\n", "[group:g/h]\nprograms=a\n", "[group:]\nprograms=a\n", "[group:g]\nprograms = a , b \n", "[group:g]\nprograms=a,a\n", "[group:g]\nprograms=a\n  ,b\n",
    "[group:g]\nprograms=%(ENV_FROM_OUTSIDE)s\n", "[program:]\ncommand=x\n", "[program:x:y]\ncommand=x\n", "[program:x/y]\ncommand=x\n", "[program:x y]\ncommand=x\n", "[group:z]\nprograms=c\n[group:y]\nprograms=a\npriority=1\n",
    "[eventlistener:e]\ncommand=x\nevents=EVENT\n", "[eventlistener:e]\ncommand=x\n", "[eventlistener:e]\ncommand=x\nevents=\n", "[eventlistener:e]\ncommand=x\nevents=bogus\n", "[eventlistener:e]\ncommand=x\nevents=tick_5,TICK_60\n",
    "[eventlistener:e]\ncommand=x\nevents=TICK_5,\n", "[eventlistener:e]\ncommand=x\nevents=EVENT\nbuffer_size=0\n", "[eventlistener:e]\ncommand=x\nevents=EVENT\nbuffer_size=x\n", "[eventlistener:e]\ncommand=x\nevents=EVENT\nredirect_stderr=true\n",
    "[eventlistener:e]\ncommand=x\nevents=EVENT\nresult_handler=nope:nope\n", "[eventlistener:e f]\ncommand=x\nevents=EVENT\n", "[eventlistener:e]\nevents=EVENT\n", "[eventlistener:e]\ncommand=x\nevents=EVENT\npriority=%(program_name)s\n",
    "[fcgi-program:f]\ncommand=x\nsocket=unix:///tmp/x.sock\n", "[fcgi-program:f]\ncommand=x\n", "[fcgi-program:f]\ncommand=x\nsocket=bogus\n", "[fcgi-program:f]\ncommand=x\nsocket=unix://rel\n", "[fcgi-program:f]\ncommand=x\nsocket=tcp://localhost:1\n",
    "[fcgi-program:f]\ncommand=x\nsocket=tcp://localhost:70000\n", "[fcgi-program:f]\ncommand=x\nsocket=tcp://localhost\n", "[fcgi-program:f]\ncommand=x\nsocket=tcp://localhost:1\nsocket_mode=0700\n",
    "[fcgi-program:f]\ncommand=x\nsocket=unix:///tmp/x\nsocket_mode=9\n", "[fcgi-program:f]\ncommand=x\nsocket=unix:///tmp/x\nsocket_owner=nobody_of_that_name\n", "[fcgi-program:f]\ncommand=x\nsocket=unix:///tmp/x\nsocket_backlog=0\n",
    "[fcgi-program:a]\ncommand=x\nsocket=tcp://localhost:1\n[group:g]\nprograms=a\n", "[fcgi-program:f]\ncommand=x\nsocket=tcp://localhost:1\n[group:g]\nprograms=f\n",
], ids=ids)
def test_groups_and_their_kin(pair, sections):
    """NAM-001..016; ELC-001..007; FCC-001..008; ERR-003; RPC-065."""
    pair.same(lambda d: understood(d, BASE + PROGRAMS + sections))


@pytest.mark.parametrize("option, values", {
    "minfds": ["x", "1.5"], "minprocs": ["x"], "umask": ["9", "022"], "logfile": ["/nonexistent/x.log"], "logfile_maxbytes": ["x", "5TB"], "logfile_backups": ["x"],
    "loglevel": ["bogus", "DEBUG", ""], "pidfile": ["/nonexistent/x.pid"], "nodaemon": ["maybe"], "silent": ["maybe"], "childlogdir": ["/nonexistent", ""], "nocleanup": ["x"],
    "strip_ansi": ["x"], "environment": ["A", "A=1", "A=%%", "A=%%%%", "A=%(nope)s", "A=%(host_node_name)s", "A=\"%(here)s\""], "user": ["nobody_of_that_name", "99999999"],
    "directory": ["/nonexistent", "/tmp"], "identifier": ["x y", "", "\u00e9", "%(ENV_FROM_OUTSIDE)s", "%(ENV_NOPE)s"], "http_port": ["9001"], "profile_options": ["x"],
}.items(), ids=lambda v: v if isinstance(v, str) else "")
def test_values_of_the_daemons_options(pair, option, values):
    """SUP-001..020; TYP-001..012; EXP-018, EXP-020; ERR-004, ERR-005; RRD-002."""
    def scenario(d):
        said = {value: (understood(d, program(f"command=/bin/cat\n[supervisord]\n{option}={value}")), d.call("supervisor.getIdentification")) for value in values}
        understood(d, BASE)
        return said
    pair.same(scenario)


@pytest.mark.parametrize("main, files", [
    ("files=inc/*.conf", {"inc/b.conf": "[program:b]\ncommand=b %(here)s\n", "inc/a.conf": "[program:a]\ncommand=a\n"}),
    ("files=inc/b.conf inc/a.conf\n  inc/[ab].conf", {"inc/b.conf": "[program:x]\ncommand=b\n", "inc/a.conf": "[program:x]\ncommand=a\n"}),
    ("files={dir}/inc/?.conf", {"inc/b.conf": "[program:b]\ncommand=b\n[include]\nfiles=nothing\n"}),
    ("files=inc/*.conf", {"inc/.hidden.conf": "[program:h]\ncommand=h\n", "inc/x.conf": "[program:x]\ncommand=x\n"}),
    ("files=inc/**.conf inc/**/x.conf", {"inc/sub/x.conf": "[program:s]\ncommand=s %(here)s\n", "inc/y.conf": "[program:y]\ncommand=y\n"}),
    ("files=%(here)s/inc/*.conf", {"inc/x.conf": "[supervisord]\nidentifier=included\n"}),
    ("files=%(nope)s", {}), ("files=inc/x.conf", {"inc/x.conf": "[broken\nx\n"}), ("files=inc/x.conf", {"inc/x.conf": "[program:x]\n"}),
    ("files=inc/x.conf", {"inc/x.conf": "[program:main]\npriority=x\n"}), ("files=inc", {"inc/x.conf": ""}), ("files=%(ENV_PERCENT)s", {}), ("files=inc/[!a].conf", {"inc/a.conf": "[program:a]\ncommand=a\n", "inc/b.conf": "[program:b]\ncommand=b\n"}),
    ("files=inc/x.conf", {"inc/x.conf": "[program:x]\ncommand=x\nnumprocs=x\n"}), ("files=inc/x.conf", {"inc/x.conf": "no section\n"}),
], ids=lambda v: repr(v)[:60])
def test_includes(pair, main, files):
    """INC-001..014; EXP-025; ERR-002."""
    import shutil

    def scenario(d):
        shutil.rmtree(d.path("inc"), ignore_errors=True)
        for name, content in files.items():
            d.path(name).parent.mkdir(parents=True, exist_ok=True)
            d.write(name, content)
        said = understood(d, BASE + "[program:main]\ncommand=main %(here)s\n[include]\n" + main + "\n"), d.call("supervisor.getIdentification")
        understood(d, BASE)
        return said
    pair.same(scenario)
