"""The reference's own end-to-end suite, with our programs in the place of its Python ones.

The suite is part of the installed package and starts everything as ``sys.executable -m supervisor.NAME`` on a terminal. Its module
is imported here, not copied, and its view of ``sys`` is given another executable: the script `stand-in`, which runs ours. As the
control the same tests run with Python itself; ``COMPAT_CONTROL=0`` leaves that out.

One file that a configuration of the suite names is left out when the package is built: a script that prints three lines. So that
its test has something to look at, the configurations are seen through a folder of links, in which a script of our own stands.

All the suite's sockets have fixed names in /tmp, so nothing here may run beside another of its tests: one module, hence one worker.
"""

import importlib
import os
import sys
import types
import unittest
from pathlib import Path

import pytest

from harness import where

STAND_IN = Path(__file__).resolve().parent / "stand-in"

os.environ["END_TO_END"] = "1"  # the suite looks for it when it is loaded
suite = importlib.import_module("supervisor.tests.test_end_to_end")
del os.environ["END_TO_END"]

NAMES = unittest.TestLoader().getTestCaseNames(suite.EndToEndTests)
KINDS = [where.OURS] if os.environ.get("COMPAT_CONTROL") == "0" else [where.OURS, where.REFERENCE]


# What test_issue_565 waits for, once a second.
HELLO = """
for i in 1 2 3; do
    sleep 1
    echo "The Øresund bridge ends in Malmö - $i"
done
while :; do sleep 1; done
"""


@pytest.fixture
def fixtures(monkeypatch, tmp_path):
    """The suite's fixtures, and the one that is missing; one of them writes its log where the test was started."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "fixtures"
    folder.mkdir()
    for entry in (Path(suite.__file__).parent / "fixtures").iterdir():
        (folder / entry.name).symlink_to(entry)
    if not (folder / "hello.sh").exists():
        (folder / "hello.sh").write_text(HELLO)
    monkeypatch.setattr(suite, "resource_filename", lambda _, name: str(tmp_path / name))


@pytest.fixture
def spawned(monkeypatch):
    """Ends, by pid, what a test leaves running: the suite only asks its daemons to end, and a client it kills may live on."""
    children = []

    class Spawn(suite.pexpect.spawn):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            children.append(self)

    monkeypatch.setattr(suite.pexpect, "spawn", Spawn)
    yield children
    for child in children:
        try:
            child.expect(suite.pexpect.EOF, timeout=5)
        except suite.pexpect.TIMEOUT:
            pass
        child.close(force=True)


def cases():
    for name in NAMES:
        for kind in KINDS:
            yield name, kind


@pytest.mark.parametrize("name, kind", list(cases()))
def test_the_references_own(name, kind, monkeypatch, fixtures, spawned):
    environment = {**os.environ, "PATH": f"{where.BIN}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    if kind == where.OURS and not where.ours_is_the_reference():
        environment["E2E_BIN"] = str(Path(where.supervisord(where.OURS)).parent)
        monkeypatch.setattr(suite, "sys", types.SimpleNamespace(executable=str(STAND_IN), version_info=sys.version_info))
    for variable in ("PATH", "LANG", "E2E_BIN"):
        if variable in environment:
            monkeypatch.setenv(variable, environment[variable])
    result = unittest.TestResult()
    suite.EndToEndTests(name).run(result)
    for _, trace in result.failures + result.errors:
        pytest.fail(trace, pytrace=False)
    assert result.testsRun == 1 and not result.skipped
