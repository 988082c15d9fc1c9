"""Reading, tailing and clearing logs over XML-RPC: every window, every channel, every fault."""

import pytest

from harness import fresh_pair, shared_pair

CONFIG = """
[program:digits]
command=/bin/sh -c "printf 0123456789; printf abcde >&2; exec cat"
stdout_logfile={dir}/digits.out
stderr_logfile={dir}/digits.err
startsecs=0
[program:utf]
command=/bin/sh -c "printf 'a\\303\\244b\\342\\202\\254c'; exec cat"
stdout_logfile={dir}/utf.out
redirect_stderr=true
startsecs=0
[program:odd]
command=/bin/sh -c "printf 'x\\001y\\r\\nz<&>\\t'; exec cat"
stdout_logfile={dir}/odd.out
startsecs=0
[program:none]
command=/bin/cat
stdout_logfile=NONE
stderr_logfile=NONE
startsecs=0
[program:empty]
command=/bin/cat
stdout_logfile=
startsecs=0
[program:never]
command=/bin/cat
stdout_logfile={dir}/never.out
autostart=false
[program:auto]
command=/bin/sh -c "echo hello; exec cat"
startsecs=0
"""


def settle(daemon):
    daemon.wait_states(digits="RUNNING", utf="RUNNING", odd="RUNNING", none="RUNNING", auto="RUNNING", empty="RUNNING")
    daemon.wait_log("0123456789", name="digits.out").wait_log("abcde", name="digits.err").wait_log("c", name="utf.out").wait_log("\t", name="odd.out")


pair = shared_pair(CONFIG, ready=settle)

WINDOWS = [(o, n) for o in (-100, -10, -4, -1, 0, 1, 5, 9, 10, 11, 100) for n in (-1, 0, 1, 4, 10, 100)]


@pytest.mark.parametrize("method", ["readProcessStdoutLog", "readProcessLog", "readProcessStderrLog", "tailProcessStdoutLog", "tailProcessLog", "tailProcessStderrLog"])
def test_every_window(pair, method):
    """RPC-160..166, RPC-171..178; RDL-001, RDL-002, RDL-005; CLT-008, CLT-014."""
    said = pair.same(lambda d: {str(w): d.call(f"supervisor.{method}", "digits", *w) for w in WINDOWS})
    assert len({str(v) for v in said.values()}) >= 7


@pytest.mark.parametrize("method, window, answer", [
    ("readProcessStdoutLog", (-4, 0), "6789"), ("readProcessStdoutLog", (-4, 2), ["fault", 3, "BAD_ARGUMENTS"]),
    ("readProcessStdoutLog", (2, -1), ["fault", 3, "BAD_ARGUMENTS"]), ("readProcessStdoutLog", (50, 5), ""), ("readProcessStdoutLog", (3, 4), "3456"),
    ("tailProcessStdoutLog", (0, 4), ["6789", 10, True]), ("tailProcessStdoutLog", (3, 100), ["0123456789", 10, False]),
    ("tailProcessStdoutLog", (5, 0), ["", 10, True]), ("tailProcessStdoutLog", (0, 0), ["", 10, True]), ("tailProcessStdoutLog", (-3, 4), ["6789", 10, True]),
])
def test_the_windows_that_surprise(pair, method, window, answer):
    """RPC-161..165, RPC-172..178."""
    assert pair.call(f"supervisor.{method}", "digits", *window) == answer


@pytest.mark.parametrize("window", [("0", "4"), ("-4", "0"), (" 2 ", "3"), (2.9, 3.9), (True, False), ("+1", "1")])
def test_numbers_may_come_as_other_types(pair, window):
    """RPC-167; CLT-003."""
    pair.same(lambda d: [d.call(f"supervisor.{m}", "digits", *window) for m in ("readProcessStdoutLog", "tailProcessStdoutLog")])


@pytest.mark.parametrize("window", [([], 0), ({}, 0)])
def test_an_array_for_a_number_is_a_fault(pair, window):
    """RPC-006."""
    assert pair.call("supervisor.readProcessStdoutLog", "digits", *window) == ["fault", 2, "INCORRECT_PARAMETERS"]


@pytest.mark.parametrize("window", [("x", 0), ("", 0), (float("nan"), 0), ("0x1", 0), ("1.5", 0)])
def test_what_is_no_number_is_an_error(pair, window):
    """RPC-167: HTTP 500 in the reference; a fault is as good."""
    for daemon in pair.both:
        answer = daemon.call("supervisor.readProcessStdoutLog", "digits", *window)
        assert isinstance(answer, tuple) and answer[0] in ("fault", "http"), answer


@pytest.mark.parametrize("window", [(0, 0), (0, 1), (0, 3), (3, 1), (0, 4), (4, 3), (-1, 0), (-4, 0)])
def test_windows_between_characters(pair, window):
    """RPC-166, XML-002: non-ASCII comes raw, as UTF-8."""
    said = pair.same(lambda d: [d.call("supervisor.readProcessStdoutLog", "utf", *window), d.raw_call("supervisor.readProcessStdoutLog", "utf", *window).body])
    assert isinstance(said[0], str)


@pytest.mark.parametrize("window", [(0, 2), (2, 1), (-2, 0), (-3, 0), (0, 5), (5, 0)])
def test_windows_that_cut_a_character_are_errors(pair, window):
    """RPC-170, RDL-004, CLT-008: clients ask again with one byte more, so replacement characters would be worse than an error."""
    for daemon in pair.both:
        assert daemon.call("supervisor.readProcessStdoutLog", "utf", *window)[0] in ("fault", "http")


def test_odd_bytes(pair):
    """XML-007, XML-008, XML-009: what Python's parser cannot read is compared as bytes."""
    said = pair.same(lambda d: [d.raw_call("supervisor.readProcessStdoutLog", "odd", *w).body for w in ((2, 0), (3, 2), (5, 4))])
    assert "z&lt;&amp;&gt;\t" in said[0]


@pytest.mark.parametrize("name", ["nope", "none", "empty", "never", "auto", "utf", "nope:*", "auto:*", "a:b:c", ""])
def test_faults(pair, name):
    """RPC-169, RPC-179, RPC-037; RDL-003, RDL-006, LOG-003, LOG-005."""
    pair.same(lambda d: [d.call(f"supervisor.{m}", name, *w) for w in ((0, 0), (3, 5), (-1, 3))
                         for m in ("readProcessStdoutLog", "readProcessStderrLog", "tailProcessStdoutLog", "tailProcessStderrLog")])


@pytest.mark.parametrize("window", [(0, 0), (0, 10), (5, 3), (-1, 0), (-1, 5), (5, -1), (1 << 30, 5), (0, 1 << 30), ("0", "5")])
@pytest.mark.parametrize("method", ["readLog", "readMainLog"])
def test_the_daemons_own_log(pair, method, window):
    """RPC-047, RPC-160; CLT-014."""
    def scenario(d):
        answer = d.call(f"supervisor.{method}", *window)
        return answer if isinstance(answer, tuple) else (len(answer) if window[1] in (10, 3, "5") or window[0] == -1 else answer == "" or "supervisord" in answer)
    pair.same(scenario)


@pytest.mark.parametrize("name", ["nope", "digits:*", "never", "none"])
@pytest.mark.parametrize("method", ["clearProcessLogs", "clearProcessLog"])
def test_clearing_what_has_nothing_to_clear(pair, method, name):
    """RPC-181, RPC-182."""
    pair.call(f"supervisor.{method}", name)


def test_clearing_logs():
    """RPC-181..183, LOG-037, LOG-039, RPC-126: the file is replaced, backups and the logs of what does not run are left alone."""
    with fresh_pair(CONFIG) as pair:
        pair.each(settle)

        def scenario(d):
            inode = d.path("digits.out").stat().st_ino
            keep = open(d.path("digits.out"))  # keeps the old inode from being used again
            d.write("digits.out.1", "backup")
            d.write("never.out", "old text")
            said = [d.call("supervisor.clearProcessLogs", "digits"), d.read("digits.out"), d.read("digits.err"), d.read("digits.out.1"),
                    d.path("digits.out").stat().st_ino != inode, d.call("supervisor.sendProcessStdin", "digits", "after\n")]
            d.wait_log("after\n", name="digits.out")
            said += [d.read("digits.out"), d.call("supervisor.clearProcessLogs", "never"), d.read("never.out"), d.call("supervisor.clearAllProcessLogs"),
                     d.read("digits.out")]
            keep.close()
            return said
        said = pair.same(scenario)
        assert said[0] is True and said[4] is True and said[6] == "after\n" and said[8] == "old text"
        assert [row["name"] for row in said[9]] == ["auto", "digits", "empty", "never", "none", "odd", "utf"]


def test_clearing_the_daemons_own_log():
    """RPC-049, MLF-007."""
    with fresh_pair(CONFIG) as pair:
        pair.each(settle)

        def scenario(d):
            said = [d.call("supervisor.clearLog"), d.log()[:0]]
            said.append("spawned" in d.log())
            d.path("supervisord.log").unlink()
            said += [d.call("supervisor.clearLog"), d.call("supervisor.readLog", 0, 0)]
            return said
        said = pair.same(scenario)
        assert said == [True, "", False, ["fault", 20, "NO_FILE"], ["fault", 20, "NO_FILE: {dir}/supervisord.log"]]


def test_a_long_log_comes_whole():
    """RPC-166."""
    with fresh_pair("[program:big]\ncommand=/bin/sh -c \"head -c 300000 /dev/zero | tr '\\\\0' x; exec cat\"\nstartsecs=0\nstdout_logfile={dir}/big.out\n") as pair:
        def scenario(d):
            d.wait_states(big="RUNNING").wait_log("x" * 300000, name="big.out")
            return [len(d.call("supervisor.readProcessStdoutLog", "big", 0, 0)), [len(a) if isinstance(a, str) else a for a in d.call("supervisor.tailProcessStdoutLog", "big", 0, 250000)]]
        assert pair.same(scenario) == [300000, [250000, 300000, True]]
