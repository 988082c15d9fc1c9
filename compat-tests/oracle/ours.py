"""Our side of the comparison: a program that takes scenario files and prints, for each that differs, `FILE: how`."""

import os
import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RUNNER = Path(os.environ.get("ORACLE_RUNNER", REPOSITORY / "target" / "release" / "examples" / "scenario"))


def differences(files):
    """What our side says about these scenarios: file -> report. Empty when all agree."""
    files = [str(file) for file in files]
    result = subprocess.run([RUNNER, *files], capture_output=True, text=True)
    if result.returncode == 0 and not result.stdout:
        return {}
    reports = {}
    for part in re.split("^(?=" + "|".join(re.escape(file + ": ") for file in files) + ")", result.stdout, flags=re.M):
        name, colon, report = part.partition(": ")
        if colon:
            reports[name] = report
    # a runner that breaks down must not pass for one that agrees
    return reports or {str(RUNNER): f"exit status {result.returncode}\n{result.stdout}{result.stderr}"}
