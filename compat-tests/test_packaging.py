"""What scripts/package makes of the static executable: the archive, the sums, and a Debian package that takes the place of Debian's own."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile

import pytest

from harness import where
from test_container import is_static

MINE = "[supervisord]\n; mine\n"
LINKS = ("echo_supervisord_conf", "pidproxy", "supervisorctl")

# As Debian's supervisor is to dpkg, with its unit in the folder that /lib is a link to.
OTHER = """\
Package: supervisor
Version: 4.2.5-1
Architecture: all
Maintainer: nobody <nobody@localhost>
Description: stands for Debian's supervisor
"""
OTHER_FILES = {
    "etc/supervisor/supervisord.conf": "[supervisord]\n; theirs\n",
    "etc/init.d/supervisor": "#!/bin/sh\n",
    "lib/systemd/system/supervisor.service": "[Service]\nExecStart=/usr/bin/supervisord -n\n",
    "usr/bin/supervisord": "#!/bin/sh\n",
    "usr/bin/supervisorctl": "#!/bin/sh\n",
}


def package(executable, folder):
    done = subprocess.run([where.REPOSITORY / "scripts/package", executable, folder], capture_output=True, text=True)
    return done.stderr, done.returncode


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    executable = where.supervisord(where.OURS)
    if where.ours_is_the_reference() or not is_static(executable):
        assert not os.environ.get("COMPAT_STATIC"), "the executable is not static"
        pytest.skip("needs a static executable: scripts/build")
    if not shutil.which("dpkg-deb"):
        pytest.skip("needs dpkg-deb")
    folder = tmp_path_factory.mktemp("made")
    assert package(executable, folder) == ("", 0)
    return folder


def only(folder, pattern):
    (found,) = folder.glob(pattern)
    return found


def test_what_is_not_static_is_refused(tmp_path, ours_only):
    """SEED-042"""
    script = tmp_path / "supervisord"
    shutil.copy("/bin/true", script)
    err, code = package(script, tmp_path / "out")
    assert code == 1 and "is not fully static" in err


def test_one_file_does_for_all(made):
    """GO-399, SEED-003, SEED-004"""
    executable = only(made, "supervisord_linux_*")
    out = subprocess.run([executable, "-v"], capture_output=True, text=True, env={})
    assert out.stdout == "4.3.0\n" and is_static(executable) and b".symtab" not in executable.read_bytes()


def test_the_sums_are_right(made):
    lines = (made / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    assert sorted(sums) == sorted(path.name for path in made.iterdir() if path.name != "SHA256SUMS")
    for name, digest in sums.items():
        assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest


def test_the_archive_has_everything(made):
    with tarfile.open(only(made, "*.tar.gz")) as archive:
        members = {member.name.split("/", 1)[-1]: member for member in archive}
    assert all(members[f"bin/{name}"].linkname == "supervisord" for name in LINKS)
    assert {"share/man/man8/supervisord.8.gz", "share/man/man5/supervisord.conf.5.gz", "share/man/man1/supervisorctl.1.gz",
            "share/bash-completion/completions/supervisorctl", "systemd/supervisor.service", "LICENSE-MIT", "docs/differences.md"} <= set(members)
    assert all(member.uid == 0 and member.mode & 0o022 == 0 for member in members.values() if not member.issym())


def test_the_same_sources_give_the_same_bytes(made, tmp_path):
    assert package(only(made, "supervisord_linux_*"), tmp_path) == ("", 0)
    assert (tmp_path / "SHA256SUMS").read_text() == (made / "SHA256SUMS").read_text()


class Machine:
    """A root folder with a dpkg database of its own."""

    def __init__(self, folder):
        self.root = folder / "machine"
        for place in ("var/lib/dpkg/updates", "var/lib/dpkg/info", "usr/lib"):
            (self.root / place).mkdir(parents=True)
        (self.root / "lib").symlink_to("usr/lib")
        for name in ("status", "available"):
            (self.root / "var/lib/dpkg" / name).touch()
        self.other = folder / "supervisor.deb"
        tree = folder / "other"
        for name, text in OTHER_FILES.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN/control").write_text(OTHER)
        (tree / "DEBIAN/conffiles").write_text("/etc/supervisor/supervisord.conf\n/etc/init.d/supervisor\n")
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, self.other], check=True, capture_output=True)

    def dpkg(self, *words):
        """Never asks: there is nobody on its stdin."""
        command = ["dpkg", f"--root={self.root}", "--force-script-chrootless", *map(str, words)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def read(self, name):
        path = self.root / name
        return path.read_text(errors="replace") if path.exists() else None


@pytest.fixture
def machine(tmp_path):
    if os.getuid() != 0:
        pytest.skip("needs root")
    return Machine(tmp_path)


def test_a_new_machine_gets_a_configuration_that_can_be_used(made, machine):
    machine.dpkg("--install", only(made, "*.deb"))
    assert os.readlink(machine.root / "usr/bin/supervisorctl") == "supervisord"
    (machine.root / "run").mkdir()
    (machine.root / "var/run").symlink_to("../run")
    command = ["/usr/bin/supervisord", "check", "--strict", "-c", "/etc/supervisor/supervisord.conf"]
    out = subprocess.run(["unshare", f"--root={machine.root}", *command], capture_output=True, text=True, env={}).stdout
    # There are no programs yet.
    assert out.endswith("\n1 warning\n") and 'No file matches via include "/etc/supervisor/conf.d/*.conf"' in out, out
    assert (machine.root / "var/log/supervisor").is_dir() and (machine.root / "etc/supervisor/conf.d").is_dir()
    machine.dpkg("--purge", "supervisord")
    assert not (machine.root / "etc/supervisor").exists() and not (machine.root / "etc/init.d/supervisor").exists() and not (machine.root / "var/log/supervisor").exists()


def test_it_takes_over_what_debian_s_supervisor_has(made, machine):
    """Nothing is asked, and what somebody has written stays, whatever becomes of the other package."""
    unit = "usr/lib/systemd/system/supervisor.service"
    machine.dpkg("--install", machine.other)
    (machine.root / "etc/supervisor/supervisord.conf").write_text(MINE)
    (machine.root / "etc/supervisor/conf.d").mkdir()
    (machine.root / "etc/supervisor/conf.d/x.conf").write_text("[program:x]\n")
    machine.dpkg("--install", only(made, "*.deb"))
    for happens in ([], ["--purge", "supervisor"], ["--install", only(made, "*.deb")]):
        if happens:
            machine.dpkg(*happens)
        assert machine.read("etc/supervisor/supervisord.conf") == MINE
        assert sorted(path.name for path in (machine.root / "etc/supervisor").iterdir()) == ["conf.d", "supervisord.conf"]
        assert "Type=notify" in machine.read(unit) and os.access(machine.root / "etc/init.d/supervisor", os.X_OK)
    machine.dpkg("--purge", "supervisord")
    assert machine.read("etc/supervisor/conf.d/x.conf") == "[program:x]\n"


def test_the_way_back(made, machine):
    machine.dpkg("--install", machine.other)
    machine.dpkg("--install", only(made, "*.deb"))
    machine.dpkg("--remove", "supervisord")
    machine.dpkg("--install", machine.other)
    machine.dpkg("--purge", "supervisord")
    for name, text in OTHER_FILES.items():
        assert machine.read(name) == text, name


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("hardened", [False, True])
def test_systemd_understands_the_unit(hardened, tmp_path, ours_only):
    unit = tmp_path / "supervisor.service"
    source = where.REPOSITORY / "packaging/systemd"
    text = (source / unit.name).read_text()
    # What is told of the machine that the tests run on does not matter.
    unit.write_text(re.sub(r"(?m)^Documentation=.*\n", "", text).replace("/usr/bin/supervisord", where.supervisord(where.OURS)))
    if hardened:
        (tmp_path / "supervisor.service.d").mkdir()
        shutil.copy(source / "hardened.conf", tmp_path / "supervisor.service.d")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if "supervisor.service" in line or "hardened.conf" in line]
    assert (told, done.returncode) == ([], 0), done.stderr
