"""The article that introduces the Go version, followed: its two sample configurations in one file, with real programs. Ours only."""

import os
import signal
import subprocess
import urllib.request

import pytest

from harness import wait_for, where
from harness.daemon import free_port

pytestmark = pytest.mark.usefixtures("ours_only")

SAMPLE = """#!/bin/sh
echo "out VERSION $*"
echo "err VERSION" >&2
exec sleep 1000
"""


@pytest.fixture
def article(tmp_path):
    """The file as it is, but for the port, and a program for it."""
    port = free_port()
    text = (where.SUITE.parent / "fixtures" / "go" / "article.conf").read_text()
    assert "port = :9001\n" in text
    (tmp_path / "supervisord.conf").write_text(text.replace("port = :9001", f"port = :{port}"))
    (tmp_path / "bin").mkdir()
    install(tmp_path, "one")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    with open(tmp_path / "out", "wb") as out, open(tmp_path / "err", "wb") as err:
        process = subprocess.Popen([where.supervisord(where.OURS), "-n"], cwd=tmp_path, env=environment, stdout=out, stderr=err)
    try:
        yield tmp_path, port, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


def install(folder, version):
    """A new program in the place of the old one, at once."""
    new = folder / "bin" / "new"
    new.write_text(SAMPLE.replace("VERSION", version))
    new.chmod(0o755)
    new.rename(folder / "bin" / "sample")


def status(folder):
    words = [where.supervisord(where.OURS), "ctl", "status"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=10, check=False).stdout


def test_the_samples_of_the_article(article):
    """SEED-009 to SEED-017, SEED-020 to SEED-026, SEED-033"""
    folder, port, process = article
    wait_for(lambda: "RUNNING" in status(folder), limit=20, what=lambda: status(folder))
    assert status(folder).split()[0] == "sample"
    assert (folder / "supervisord.pid").read_text() == f"{process.pid}\n"
    log = (folder / "supervisord.log").read_text()
    assert "INFO spawned: 'sample' with pid" in log and "DEBG" in log
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
        assert page.status == 200 and b"sample" in page.read()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
        assert b'node_supervisord_up{group="sample",name="sample"} 1\n' in page.read()
    assert sorted((folder / "test.log").read_text().splitlines()) == ["err one", "out one --serve"]
    wait_for(lambda: "out one --serve" in (folder / "out").read_text().splitlines())
    wait_for(lambda: "err one" in (folder / "err").read_text().splitlines())

    install(folder, "two")
    wait_for(lambda: "out two --serve" in (folder / "test.log").read_text(), limit=20)
    wait_for(lambda: "RUNNING" in status(folder), limit=20)
    lines = (folder / "test.log").read_text().splitlines()
    assert lines.count("out two --serve") == 1
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert not os.path.exists(folder / "supervisord.pid")
