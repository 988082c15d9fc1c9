"""Installs the clients, each by its own package manager: ``install.py [all]``. Running it again costs nothing.

Python's clients get virtual environments in ``.venvs/``, one for each file of ``requirements/``; Node's get ``node/node_modules``;
Debian's packages go into the system, which needs root.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from catalogue import CLIENTS

HERE = Path(__file__).resolve().parent


def wanted(everything: bool) -> list:
    return [client for client in CLIENTS.values() if everything or client.light]


def virtual_environment(name: str):
    requirements = HERE / "requirements" / f"{name}.txt"
    folder = HERE / ".venvs" / name
    stamp = folder / ".made-from"
    made_from = f"{sys.version} {folder} {hashlib.sha256(requirements.read_bytes()).hexdigest()}"
    if stamp.exists() and stamp.read_text() == made_from:
        return
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel==0.45.1"], check=True)
    subprocess.run([*pip, "-r", str(requirements)], check=True)
    stamp.write_text(made_from)


def node():
    if not shutil.which("npm"):
        debian(["nodejs", "npm"])
    lock = HERE / "node/package-lock.json"
    stamp = HERE / "node/node_modules/.made-from"
    made_from = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == made_from:
        return
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=HERE / "node", check=True)
    stamp.write_text(made_from)


def debian(packages: list):
    missing = [package for package in packages if not debian_version(package)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"install: these Debian packages are needed: {' '.join(missing)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], stdout=subprocess.DEVNULL, check=True)
    subprocess.run(["apt-get", "install", "-qy", "--no-install-recommends", *missing], stdout=subprocess.DEVNULL, env=quiet, check=True)


def debian_version(package: str) -> str:
    """The installed version, empty if it is not installed."""
    if not shutil.which("dpkg-query"):
        return ""
    ask = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package]
    status, _, version = subprocess.run(ask, capture_output=True, text=True).stdout.partition(" ")
    return version if status == "installed" else ""


def main():
    clients = wanted("all" in sys.argv[1:])
    for name in sorted({client.place for client in clients} - {"npm", "debian", "harness"}):
        virtual_environment(name)
    if any(client.place == "npm" for client in clients):
        node()
    debian(sorted({p for client in clients if client.place == "debian" for p in (client.package, *client.also)}))


if __name__ == "__main__":
    main()
