#!/usr/bin/env python3
"""Compares our reading of configurations with the reference's, over random ones.

    config_differential.py [--count N] [--seed N] [--keep FOLDER]

Needs a Python with supervisor 4.3.0 and `cargo build --release --example config_dump`. Every configuration is made of sections,
options and values that are near the edges of what is allowed, read by both, and the two answers must be equal: same
values, or same text of refusal. Configurations on which the reference itself falls over are counted and skipped.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "fixtures", "configs"))
import record  # noqa: E402

INTEGERS = ["0", "1", "2", "5", "-1", "007", " 3", "1_0", "1__0", "x", "", "3.5", "0x3", "٣", "%(n)d", "9999999999",
            "%(ENV_NUM)s", "+4", "- 4", "1 ; c", "1;c", "2\n 3"]
BOOLEANS = ["true", "false", "yes", "no", "ON", "off", "1", "0", "2", "", "y", "True ", "%(ENV_TRUE)s"]
SIZES = ["0", "1", "50MB", "1kb", "1 KB", "2gb", "5T", "1.5MB", "MB", "", "-1", "1_000kb", "%(ENV_NUM)sMB", "1xb", "kbkb"]
OCTALS = ["022", "22", "0o22", "-22", "9", "", "077_7", "0x1", "o7", "8", "777777777777"]
SIGNALS = ["TERM", "sigint", "9", "0", "35", "64", "34", "NOPE", "", "SIG_DFL", "_IGN", " KILL ", "sig", "RTMIN", "-1"]
USERS = ["root", "0", "nobody", "65534", "nope", "99999999", "", "-1", " 0 ", "daemon"]
OWNERS = ["root", "root:root", "0:0", "nobody:nogroup", "root:", ":root", "a:b:c", "", "nope", "root:nope", "daemon:daemon"]
DIRECTORIES = ["/tmp", "~", "/nope", "", ".", "%(here)s", "/tmp/", "~root", "~nope/x", "%(ENV_HOME)s", "sub"]
PATHS = ["/tmp/x.log", "x.log", "~/x", "", "auto", "/nope/x", "~/x", "%(here)s/x", "none", "OFF", "auto", "AUTO", "syslog", "Syslog", "sub/x",
         "%(program_name)s.log", "%(process_num)d.log", "50%%", "50%%%%", "%(ENV_PERCENT)s", "%(host_node_name)s", "/dev/stdout",
         "../x", "//x/../y", "%(ENV_X)s", "%(here)"]
NAMES = ["%(program_name)s", "%(program_name)s_%(process_num)02d", "x", "a b", "a:b", "%(process_num)s", "%%(process_num)s",
         "%(group_name)s_%(process_num)s", "%(ENV_FOO)s", "%(ENV_X)s", "é%(process_num)s", "", "x/y", " x ", "%(numprocs)d",
         "%(process_num)x_%(process_num)s", "%(host_node_name)s%(process_num)03d"]
TEMPLATES = ["/bin/cat", "cat %(program_name)s", "%%", "%(ENV_FOO)s", "%(here)s/x", "a\n  b", "%(host_node_name)s", "%(group_name)s", "%s", "%(nope)s", "100%", "%d", "%(process_num)d", "%(process_num)05d|",
             "%(process_num)#x", "%(process_num)-4d|", "%(process_num).3f", "%(process_num)c", "%(process_num)e", "%(process_num)g",
             "%(numprocs)+d", "%(program_name)10s|", "%(program_name).2s", "%(program_name)r", "%(ENV_FOO)a", "%(ENV_BYTES)s",
             "%(ENV_BYTES)r", "%(ENV_BYTES)5s|", "%(program_name)d", "%(a", "%(a)", "%5", "%(process_num)ld", "%y", "%(group_name)s",
             "%(ENV_X)s %(ENV_Y)s", "%(here)s", "%(ENV_PERCENT)s", "%(process_num)*d", "%*d", "%(program_name)s%s", "", "sh -c 'a ; b'",
             "a\n  b", "a\n\n  b ; c\n", "%(host_node_name)s", "%(process_num)o %(process_num)X %(process_num)i",
             "%(process_num)#.5g", "%(process_num)#o", "%(process_num)08.3f", "%(process_num)% d", "%(process_num)% d", "é%é",
             "%((x))s", "%()s", "%%%(program_name)s%%", "%(program_name)%"]
PAIRS = ["", "A=1", "A=1,B=2", 'X="a b",Y=\'c,d\'', "X=1;Y=2", "X=%(ENV_FOO)s,", "X", "X=", "E=,", "E=,F=1", "A=a=b=c", "A=user@host", "A=$HOME",
         'A="x""y"', 'A="\'x\'"', "B=3#4", "B=3#4\n  C=5", "X=%(ENV_FOO)s", 'X="%(ENV_FOO)s"', "X=%(process_num)s", "X=50%%",
         "X=50%%%%", "X=%(ENV_Y)s", 'A="x', "A=é", "A=éa", '"A"=1', "A=1,", "A=/usr/bin:/bin", "X=%(host_node_name)s", "A=1,A=2",
         "X=%(program_name)s,Y=%(group_name)s", "HOME=/x", 'X="%%"', "X=\"%(ENV_BYTES)s\"", "PATH=%(ENV_PATH)s,%(ENV_FOO)s=1",
         "A=~/x", "K=a-b_c.d+e(f)", "A=1\n  ,B=2", "X=%(here)s"]
EVENTS = ["EVENT", "TICK_5", "tick_60, PROCESS_STATE", "NOPE", "", "TICK_5,", "TICK_5,TICK_5", "process_log", "__class__",
          "REMOTE_COMMUNICATION ,SUPERVISOR_STATE_CHANGE", "%(ENV_FOO)s"]
HANDLERS = ["supervisor.dispatchers:default_handler", "supervisor.dispatchers : default_handler ", "nope:x", "nope", ""]
SOCKETS = ["unix:///tmp/x.sock", "unix://x.sock", "tcp://localhost:9000", "tcp://LOCAL:0", "tcp://h:70000", "tcp://h", "", "x",
           "tcp://a b:1", "tcp://:1", "unix://%(here)s/%(program_name)s.sock", "tcp://h:1:2", "tcp://h:%(ENV_NUM)s", "tcp://h:٣",
           "unix:///tmp/../x", "unix:///", "%(process_num)d", "TCP://h:1", "unix://~/x"]
PORTS = ["9001", "*:9001", ":9001", "localhost:9001", "LocalHost:9001", "localhost:", "x", "", "70000", "h:70000", "h:0", "h:x",
         "[::1]:9001", "%(ENV_NUM)s", "%(here)s", "127.0.0.1: 9001 "]
WORDS = ["", "x", "user", "{SHA}abc", "%(ENV_FOO)s", "a b", "é", "%%", "%", "%(here)s"]
RESTARTS = ["true", "false", "unexpected", "UNEXPECTED", "maybe", "", "1", "Yes"]
EXITS = ["0", "0,2", "0, 2", "256", "", "-1", "1,,2", "x", "1,", " 3 ", "255"]
LEVELS = ["info", "DEBUG", "warn", "blather", "critical", "error", "trace", "warned", "", "30", "__nope__"]
URLS = ["", "AUTO", "auto ", "http://x:1", "unix:///x", "%(ENV_FOO)s", "%(here)s", "%(process_num)s"]
FACTORIES = ["supervisor.rpcinterface:make_main_rpcinterface", "supervisor.rpcinterface : make_main_rpcinterface",
             "nope:x", "supervisor.rpcinterface:nope", "x", "", "supervisor.rpcinterface:make_main_rpcinterface [x]"]
STREAM = {"logfile": PATHS, "logfile_backups": INTEGERS, "logfile_maxbytes": SIZES, "capture_maxbytes": SIZES,
          "events_enabled": BOOLEANS, "syslog": BOOLEANS}
PROGRAM = {
    "command": TEMPLATES, "process_name": NAMES, "numprocs": ["0", "1", "2", "3", "-1", "x", "", "1"], "numprocs_start": INTEGERS[:7],
    "priority": INTEGERS, "autostart": BOOLEANS, "autorestart": RESTARTS, "startsecs": INTEGERS, "startretries": INTEGERS,
    "exitcodes": EXITS, "stopsignal": SIGNALS, "stopwaitsecs": INTEGERS, "stopasgroup": BOOLEANS, "killasgroup": BOOLEANS,
    "user": USERS, "umask": OCTALS, "directory": DIRECTORIES + TEMPLATES, "redirect_stderr": BOOLEANS, "environment": PAIRS,
    "serverurl": URLS, "unknown_key": WORDS,
    **{"stdout_" + name: values for name, values in STREAM.items()},
    **{"stderr_" + name: values for name, values in STREAM.items()},
}
SUPERVISORD = {
    "logfile": PATHS, "logfile_maxbytes": SIZES, "logfile_backups": INTEGERS, "loglevel": LEVELS, "pidfile": PATHS, "umask": OCTALS,
    "nodaemon": BOOLEANS, "silent": BOOLEANS, "minfds": INTEGERS, "minprocs": INTEGERS, "nocleanup": BOOLEANS,
    "childlogdir": DIRECTORIES, "user": USERS, "directory": DIRECTORIES, "strip_ansi": BOOLEANS, "environment": PAIRS,
    "identifier": WORDS, "profile_options": WORDS, "http_port": WORDS,
}
SECTIONS = {
    "supervisord": SUPERVISORD,
    "program": PROGRAM,
    "group": {"programs": ["a", "a", "", "a,b", "a, b ,", "nope", "a,nope", "f", "é", "a,a", "b,f"], "priority": INTEGERS},
    "eventlistener": {**PROGRAM, "events": EVENTS, "buffer_size": INTEGERS, "result_handler": HANDLERS},
    "fcgi-program": {**PROGRAM, "socket": SOCKETS, "socket_owner": OWNERS, "socket_mode": OCTALS, "socket_backlog": INTEGERS},
    "inet_http_server": {"port": PORTS, "username": WORDS, "password": WORDS},
    "unix_http_server": {"file": PATHS, "username": WORDS, "password": WORDS, "chmod": OCTALS, "chown": OWNERS},
    "rpcinterface": {"supervisor.rpcinterface_factory": FACTORIES, "extra": TEMPLATES},
    "include": {"files": ["*.inc", "sub/*.inc", "nope.inc", "", "a.inc b.inc", "%(here)s/a.inc", "%(host_node_name)s", "[ab].inc",
                          "a.inc\n  sub/c.inc", "sub", "%(ENV_FOO)s", "[!a].inc", "*/*.inc a.inc", "?.inc"]},
    "supervisorctl": {"serverurl": WORDS},
    "DEFAULT": {"command": TEMPLATES, "priority": ["1", "2"], "environment": ["D=1"], "directory": ["%(here)s"], "umask": OCTALS},
    "unknown": {"x": WORDS},
}
REQUIRED = {
    "program": ("command", "/bin/cat"), "eventlistener": ("command", "/bin/cat"), "fcgi-program": ("command", "/bin/cat"),
    "inet_http_server": ("port", "9001"), "unix_http_server": ("file", "/tmp/x.sock"),
    "rpcinterface": ("supervisor.rpcinterface_factory", FACTORIES[0]), "include": ("files", "*.inc"),
}
ALSO_REQUIRED = {"eventlistener": ("events", "TICK_5"), "fcgi-program": ("socket", "tcp://localhost:9000")}
NOISE = ["; comment", "# comment", "", "  indented", "bare", "= empty key", "[broken", "[]", "  [inner]", "\tk = v", "k : v = w", "[a]b]c",
         "key = value ; note", "  ; indented comment", "\ufeff", "k\u00a0= v", "%", "[program:x", "k = v\r", "K=V", "\u2028", "\x0c", "k=a#b #c ;d"]
SWITCHES = [[], [], [], [], ["-n"], ["-u", "root"], ["-u", "nope"], ["-l", "y.log"], ["-l", ""], ["-m", "9"], ["-m077"], ["-q", "/tmp"],
            ["-j", "/nope/x"], ["-n", "-n"], ["--logfile_max", "5kb"], ["-y", "5T"], ["--no"], ["--nod"], ["-e", "debug"], ["-e", "x"],
            ["x"], ["-z", "1", "--", "y"], ["-i", "me", "-k", "-t", "-s"], ["-a", "x"], ["--minprocs=7"], ["-d", "~"], ["-d", "/nope"],
            ["--user"], ["-v"], ["-nh"], ["-x"], ["-l", "syslog"], ["--strip_ansi=1"], ["--profile_options", "callers,x"], ["-?"]]


# Values that we alone accept are in none of these lists.
NO_SECTION = {"error": ".ini file does not include supervisord section"}


def value_of(rng, values, wild):
    """Mostly a value near the front of its list (a good one), sometimes any."""
    return rng.choice(values if rng.random() < wild else values[: max(2, len(values) // 6)])


def section_text(rng, kind, name, wild):
    options = SECTIONS[kind]
    header = kind if name is None else "%s:%s" % (kind, name)
    lines = ["[%s]" % header]
    chosen = {}
    for table in (REQUIRED, ALSO_REQUIRED):
        if kind in table and rng.random() > wild / 6:
            key, value = table[kind]
            chosen[key] = value
    for key in rng.sample(sorted(options), min(len(options), rng.randrange(0, 6))):
        if key == "extra" and rng.random() < 0.8:
            continue
        chosen[key] = value_of(rng, options[key], wild)
    keys = list(chosen)
    rng.shuffle(keys)
    for key in keys:
        shown = key.upper() if rng.random() < 0.05 else key
        lines.append("%s%s%s" % (shown, rng.choice(["=", " = ", ":", "  =  "]), chosen[key]))
        if rng.random() < wild / 12:
            lines.append(rng.choice(NOISE))
    return "\n".join(lines)


def configuration(rng):
    wild = rng.choice([0.0, 0.02, 0.05, 0.1, 0.5])
    sections = []
    if rng.random() > 0.02:
        sections.append(("supervisord", None))
    for kind, chance in (("group", 0.3), ("program", 0.8), ("program", 0.5), ("eventlistener", 0.25), ("fcgi-program", 0.25),
                         ("inet_http_server", 0.25), ("unix_http_server", 0.25), ("rpcinterface", 0.3), ("include", 0.2),
                         ("supervisorctl", 0.2), ("DEFAULT", 0.06), ("unknown", 0.1), ("program", 0.2)):
        if rng.random() > chance:
            continue
        named = {"group": ["g", "a", "é", "g h", "", "a:b"], "program": ["a", "b", " a ", "é", "f", "a/b", "", "b"],
                 "eventlistener": ["l", "a", "l m", "l/m"], "fcgi-program": ["f", "b", "f g"], "rpcinterface": ["supervisor", "x", ""]}
        name = value_of(rng, named[kind], wild) if kind in named else None
        if kind.endswith("http_server") and rng.random() < 0.3:
            name = rng.choice(["one", "two", ""])
        sections.append((kind, name))
    if rng.random() < 0.5:
        rng.shuffle(sections)
    text = "\n\n".join(section_text(rng, kind, name, wild) for kind, name in sections) + "\n"
    if rng.random() < 0.03:
        text = text.replace("\n", "\r\n")
    data = text.encode("utf-8")
    if rng.random() < 0.02:
        at = rng.randrange(len(data) + 1)
        data = data[:at] + rng.choice([b"\xff", b"\xe2\x82", b"\xc3", b"\x00", b"\xed\xa0\x80"]) + data[at:]
    return data


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="where configurations that differ are left")
    arguments = parser.parse_args()
    program = os.path.join(ROOT, "target", os.environ.get("COMPAT_PROFILE", "release"), "examples", "config_dump")
    folder = tempfile.mkdtemp(prefix="config-differential-")
    os.environ.clear()
    os.environb.update({b"HOME": b"/tmp", b"FOO": b"foo value", b"PERCENT": b"50%", b"NUM": b"3", b"TRUE": b"true",
                        b"BYTES": b"a\xff\xe9'", b"PATH": b"/usr/bin:/bin"})
    options_module = record.import_reference()
    os.chdir(folder)
    os.mkdir("sub")
    ours = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
    rng = random.Random(arguments.seed)
    counts = {"accepted": 0, "refused": 0, "left": 0, "traceback": 0, "ours alone": 0, "different": 0}
    for number in range(arguments.count):
        data = configuration(rng)
        with open("main.conf", "wb") as file:
            file.write(data)
        everything = data
        for name in ("a.inc", "b.inc", "sub/c.inc"):
            if b"include" in data:
                with open(name, "wb") as file:
                    more = configuration(rng) if rng.random() < 0.5 else b"[program:inc]\ncommand=%(here)s/x\n"
                    file.write(more)
                    everything += more
        words = rng.choice(SWITCHES) if rng.random() < 0.3 else []
        words = ["-c", rng.choice(["main.conf", "./main.conf", folder + "/main.conf"])] + words
        expected = json.loads(json.dumps(record.ask(words, options_module)))
        ours.stdin.write("\t".join(words).encode("utf-8") + b"\n")
        ours.stdin.flush()
        got = json.loads(ours.stdout.readline())
        if "error" in expected:
            # As its stderr shows bytes that are not UTF-8.
            expected["error"] = expected["error"].encode("utf-8", "backslashreplace").decode("utf-8")
        if "traceback" in expected:
            counts["traceback"] += 1
            print("reference falls over:", expected["traceback"][:200], "| ours:", str(got)[:100])
            continue
        counts["left" if "exit" in expected else "refused" if "error" in expected else "accepted"] += 1
        if expected == NO_SECTION and b"[program:" in everything:
            # Accepted on purpose (GO-110).
            counts["ours alone"] += 1
        elif expected != got:
            counts["different"] += 1
            show(number, words, data, expected, got)
            if arguments.keep:
                os.makedirs(arguments.keep, exist_ok=True)
                with open(os.path.join(arguments.keep, "%d-%d.conf" % (arguments.seed, number)), "wb") as file:
                    file.write(data)
    ours.stdin.close()
    ours.wait()
    print(counts)
    sys.exit(1 if counts["different"] else 0)


def show(number, words, data, expected, got):
    print("=== %d: %s" % (number, " ".join(words)))
    print(data.decode("utf-8", "backslashreplace"))
    for path, left, right in differences(expected, got, ""):
        print("  at %s\n    reference: %r\n    ours:      %r" % (path, left, right))


def differences(left, right, path):
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        for key in left:
            yield from differences(left[key], right[key], "%s.%s" % (path, key))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right)):
            yield from differences(one, other, "%s[%d]" % (path, index))
    elif left != right:
        yield path, left, right


if __name__ == "__main__":
    main()
