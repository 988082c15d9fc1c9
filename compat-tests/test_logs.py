"""Where the output of children goes: files and their names, rotation, redirection, special files, and the echo in the activity log."""

import re

import pytest

from harness import Pair, fresh_pair, wait_for
from harness.pair import BASE

CONFIG = """
[program:auto]
command=/bin/sh -c "echo out; echo err >&2; exec cat"
startsecs=0
[program:merged]
command=/bin/sh -c "echo one; echo two >&2; echo three; exec cat"
redirect_stderr=true
startsecs=0
stdout_logfile={dir}/merged.out
stderr_logfile={dir}/merged.err
[program:split]
command=/bin/sh -c "echo out; echo err >&2; exec cat"
startsecs=0
stdout_logfile={dir}/split.out
stderr_logfile={dir}/split.err
[program:none]
command=/bin/sh -c "head -c 200000 /dev/zero; echo still alive > {dir}/none.alive; exec cat"
startsecs=0
stdout_logfile=NONE
stderr_logfile=none
[program:null]
command=/bin/sh -c "echo out; exec cat"
startsecs=0
stdout_logfile=/dev/null
stdout_logfile_maxbytes=0
stderr_logfile=syslog
[program:m]
command=/bin/sh -c "echo member; exec cat"
process_name=%(program_name)s_%(process_num)d
numprocs=2
startsecs=0
stdout_logfile={dir}/%(group_name)s-%(process_num)d.out
[program:percent]
command=/bin/sh -c "echo hi; exec cat"
startsecs=0
stdout_logfile={dir}/a%%%%b.out
[program:relative]
command=/bin/sh -c "echo relative; exec cat"
startsecs=0
directory=/usr
stdout_logfile=relative.out
[program:append]
command=/bin/sh -c "echo new; exec cat"
startsecs=0
stdout_logfile={dir}/append.out
[program:late]
command=/bin/cat
autostart=false
stdout_logfile={dir}/late.out
"""


def settle(daemon):
    daemon.wait_states(auto="RUNNING", merged="RUNNING", split="RUNNING", none="RUNNING", null="RUNNING", m__m_0="RUNNING", m__m_1="RUNNING",
                       percent="RUNNING", relative="RUNNING", append="RUNNING")
    for name, text in (("merged.out", "three"), ("split.err", "err"), ("none.alive", "alive"), ("m-1.out", "member"), ("a%b.out", "hi"),
                       ("relative.out", "relative"), ("append.out", "new")):
        daemon.wait_log(text, name=name)
    wait_for(lambda: daemon.call("supervisor.readProcessStderrLog", "auto", 0, 0) == "err\n")


@pytest.fixture(scope="module")
def pair():
    pair = Pair(BASE + CONFIG)
    try:
        for daemon in pair.both:
            daemon.write("append.out", "old\n")
            daemon.write("auto-stdout---supervisor-abcdefgh.log", "left over")
            daemon.write("auto-stdout---supervisor-abcdefgh.log.1", "left over")
            daemon.write("auto-stdout---other-abcdefgh.log", "not ours")
            daemon.write("something.log", "not ours")
        pair.start()
        pair.each(settle)
        yield pair
    finally:
        pair.stop()


def test_the_files_that_are_there(pair):
    """LOG-001..005, LOG-006, LOG-008, LOG-009; EXP-017; RPC-096; PRG rows of the logfile options."""
    def scenario(d):
        return {p.name.replace("other-abcdefgh", "other"): oct(p.stat().st_mode) for p in sorted(d.path("").iterdir()) if p.is_file()}
    files = pair.same(scenario)
    assert files["auto-stdout---supervisor-RANDOM.log"] == files["auto-stderr---supervisor-RANDOM.log"] == "0o100600"
    assert "auto-stdout---other.log" in files and "something.log" in files and "auto-stdout---supervisor-abcdefgh.log.1" not in files
    assert "merged.err" not in files and "late.out" not in files and "a%b.out" in files and files["split.out"] == "0o100644"


@pytest.mark.parametrize("file, text", [
    ("merged.out", "one\ntwo\nthree\n"), ("split.out", "out\n"), ("split.err", "err\n"), ("m-0.out", "member\n"), ("append.out", "old\nnew\n"),
])
def test_what_is_in_them(pair, file, text):
    """LOG-008, LOG-010, LOG-012."""
    assert pair.same(lambda d: d.read(file)) == text


def test_where_the_rows_say_the_logs_are(pair):
    """RPC-096, RPC-082, RPC-083, RPC-070; LOG-003, LOG-004."""
    def scenario(d):
        rows = d.call("supervisor.getAllProcessInfo")
        before = d.call("supervisor.getAllConfigInfo")
        reread = d.call("supervisor.reloadConfig")
        after = d.call("supervisor.getAllConfigInfo")
        return rows, before, reread, after
    rows, before, reread, after = pair.same(scenario)
    assert reread == [[[], [], []]]
    assert [row["stdout_logfile"] for row in after if row["name"] == "auto"] == ["auto"]


def test_a_process_keeps_its_auto_log_over_a_restart(pair):
    """LOG-003, LOG-008, LOG-039."""
    def scenario(d):
        name = d.call("supervisor.getProcessInfo", "auto")["stdout_logfile"]
        said = [d.call("supervisor.stopProcess", "auto"), d.call("supervisor.startProcess", "auto")]
        wait_for(lambda: d.call("supervisor.readProcessStdoutLog", "auto", 0, 0) == "out\nout\n")
        return said, d.call("supervisor.getProcessInfo", "auto")["stdout_logfile"] == name
    assert pair.same(scenario) == [[True, True], True]


def test_the_last_words_of_a_child_are_kept():
    """SPN-028, SPN-029."""
    config = "[program:last]\ncommand=/bin/sh -c \"head -c 60000 /dev/zero | tr '\\\\0' x; echo end\"\nstartsecs=0\nautorestart=false\nstdout_logfile={dir}/last.out\n"
    with fresh_pair(config) as pair:
        assert pair.same(lambda d: d.wait_states(last="EXITED").read("last.out")) == "x" * 60000 + "end\n"


ROTATING = """
[program:r]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/r.out
stdout_logfile_maxbytes=20
stdout_logfile_backups=%d
"""


@pytest.mark.parametrize("backups", [0, 1, 3])
def test_rotation(backups):
    """LOG-014..019: never within a chunk, after the write that fills it, oldest dropped; and 0 backups truncate."""
    with fresh_pair(ROTATING % backups) as pair:
        def scenario(d):
            d.wait_states(r="RUNNING")
            d.write("r.out.7", "left alone\n")
            size = 0
            steps = []
            for number in range(7):
                line = f"{number}: " + "x" * (3 + number) + "\n"
                d.call("supervisor.sendProcessStdin", "r", line)
                size = size + len(line) if size + len(line) < 20 else 0
                wait_for(lambda: len(listing(d).get("r.out", "?")) == size, what=lambda: f"line {number}: {listing(d)}")
                steps.append(listing(d))
            return steps
        steps = pair.same(scenario)
        assert len(steps[-1]) == (backups or 0) + 2


def listing(daemon):
    return {p.name: p.read_text() for p in sorted(daemon.path("").iterdir()) if p.name.startswith("r.out")}


def test_a_file_already_too_long_is_rotated_at_the_first_write():
    """LOG-018."""
    pair = Pair(BASE + ROTATING % 2)
    try:
        for daemon in pair.both:
            daemon.write("r.out", "much longer than twenty bytes\n")
        pair.start()

        def scenario(d):
            d.wait_states(r="RUNNING")
            before = listing(d)
            d.call("supervisor.sendProcessStdin", "r", "x\n")
            wait_for(lambda: "r.out.1" in listing(d))
            return before, listing(d)
        assert pair.same(scenario)[1] == {"r.out": "", "r.out.1": "much longer than twenty bytes\nx\n"}
    finally:
        pair.stop()


@pytest.mark.parametrize("maxbytes", ["0", "1KB", "2MB"])
def test_lines_through_a_reopened_log(maxbytes):
    """LOG-038, SIG-006; MSG-016: USR2 makes a moved file anew, for every channel."""
    with fresh_pair(f"[program:r]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={{dir}}/r.out\nstdout_logfile_maxbytes={maxbytes}\n") as pair:
        def scenario(d):
            d.wait_states(r="RUNNING")
            for word in ("one", "two", "three"):
                d.call("supervisor.sendProcessStdin", "r", word + "\n")
                d.wait_log(word, name="r.out")
                d.path("r.out").rename(d.path("r.out." + word))
                d.path("supervisord.log").rename(d.path("log." + word))
                d.signal(12)
                wait_for(lambda: d.answers() and d.path("r.out").exists() and d.path("supervisord.log").exists(), what=d.report)
            return listing(d), [line[24:] for line in d.read("log.two").splitlines() if "reopen" in line], d.read("r.out")
        said = pair.same(scenario)
        assert said[0] == {"r.out": "", "r.out.one": "one\n", "r.out.three": "three\n", "r.out.two": "two\n"}
        assert said[1] == ["INFO received SIGUSR2 indicating log reopen request", "INFO supervisord logreopen"]


def test_dev_stdout_is_the_daemons_own():
    """LOG-021, LOG-022; CLT-012, E2E-010, LIF-037."""
    config = "[program:echo]\ncommand=/bin/sh -c \"echo from the child; echo and its error >&2; exec cat\"\nstartsecs=0\nstdout_logfile=/dev/fd/1\nstdout_logfile_maxbytes=0\n" \
        "stderr_logfile=/dev/stdout\nstderr_logfile_maxbytes=0\n"
    pair = Pair(BASE + config, wrapper=["/bin/sh", "-c", 'exec "$0" "$@" | cat'])
    try:
        pair.start()

        def scenario(d):
            d.wait_log("from the child", name="out").wait_log("and its error", name="out")
            return [line for line in d.read("out").splitlines() if "the child" in line or "its error" in line]
        assert sorted(pair.same(scenario)) == ["and its error", "from the child"]
    finally:
        pair.stop()


@pytest.mark.parametrize("config, args, lines", [
    ("", (), True), ("[supervisord]\nsilent=true\n", (), False), ("", ("-s",), False), ("[supervisord]\nlogfile=/dev/null\n", (), True),
    ("[supervisord]\nloglevel=critical\n", (), True), ("[supervisord]\nlogfile=/dev/stdout\nlogfile_maxbytes=0\n", (), True),
])
def test_the_activity_log_on_stdout(config, args, lines):
    """LIF-037, MLF-001, MLF-003; CLT-012, E2E-010."""
    with fresh_pair(config + "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n", args=args) as pair:
        def scenario(d):
            d.wait_states(cat="RUNNING")
            if "critical" not in config and lines:
                d.wait_log("success: cat", name="out")
            text = d.read("out").splitlines()
            return [line[24:] for line in text], all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (CRIT|INFO) ", line) for line in text)
        said = pair.same(scenario)
        assert bool(said[0]) == lines and said[1]


DEBUG = """
[supervisord]
loglevel=%s
strip_ansi=%s
[program:talk]
command=/bin/sh -c "read l; printf 'plain\\n'; read l; printf '\\033[31mred\\033[0m\\n'; read l; printf 'caf\\303\\251\\n'; read l; printf '\\210\\n' >&2; read l; exit 0"
startsecs=0
autorestart=false
stdout_logfile={dir}/talk.out
stderr_logfile={dir}/talk.err
"""


@pytest.mark.parametrize("level, strip", [("debug", "false"), ("debug", "true"), ("info", "false")])
def test_output_in_the_activity_log_at_debug(level, strip):
    """LOG-011, LOG-031..033; MSG-018, MSG-020..022, MSG-024; E2E-003."""
    with fresh_pair(DEBUG % (level, strip)) as pair:
        def scenario(d):
            d.wait_states(talk="RUNNING")
            for wanted in ("plain", "red", "caf", "\\x88"):
                d.call("supervisor.sendProcessStdin", "talk", "\n")
                wait_for(lambda: wanted in d.read("talk.out") + d.read("talk.err"), what=d.report)
            d.call("supervisor.sendProcessStdin", "talk", "\n")
            d.wait_states(talk="EXITED").wait_log("exited: talk")
            text = re.sub(r"(?m)^.*fd \d+ closed.*\n|^.*SIGCHLD.*\n", "", d.log())
            return d.read("talk.out"), d.read("talk.err"), text[text.index("INFO success: talk"):]
        out, err, log = pair.same(scenario)
        assert ("\x1b[31m" in out) == (strip == "false")
        assert ("DEBG 'talk' stdout output:\nplain\n" in log) == (level == "debug") and ("Undecodable: b'\\x88\\n'" in log) == (level == "debug")


def test_the_catalogue_at_blather_names_no_unknown_process():
    """MLF-003: every level may be asked for; the start's info lines are the same in each."""
    for level in ("critical", "error", "warn", "info", "debug", "trace", "blather"):
        with fresh_pair(f"[supervisord]\nloglevel={level}\n") as pair:
            lines = pair.same(lambda d: [m for m in d.log_messages("CRIT", "INFO", "WARN") if "XML" not in m])
            assert ("INFO supervisord started with pid N" in lines) == (level in ("info", "debug", "trace", "blather"))


def test_a_log_that_only_ours_must_survive(ours_only):
    """LOG-023, QRK-026: a pipe as log with rotation on breaks the reference's channel at every chunk; ours does not rotate it."""
    pair = Pair(BASE + "[program:echo]\ncommand=/bin/sh -c \"echo one; sleep 0.2; echo two; exec cat\"\nstartsecs=0\nstdout_logfile=/dev/stdout\n",
                wrapper=["/bin/sh", "-c", 'exec "$0" "$@" | cat'])
    daemon = pair.ours
    try:
        daemon.start()
        daemon.wait_log("one\n", name="out").wait_log("two\n", name="out")
        assert daemon.log_messages("uncaptured", "CRIT", "Illegal seek") == daemon.log_messages("running as root", "running without")
    finally:
        pair.stop()
