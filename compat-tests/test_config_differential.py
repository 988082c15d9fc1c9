"""Random configurations, read by the reference's own `ServerOptions` and by ours: same values, or the same text of refusal.

CONFIG_CASES says how many (a full run: 20000, about a minute); CONFIG_SEED which.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("config_differential.py")
CASES = int(os.environ.get("CONFIG_CASES", "3000"))
SEED = int(os.environ.get("CONFIG_SEED", "20260000"))
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_random_configurations_are_read_alike(part):
    """INI, EXP, INC, ERR, TYP, SUP, SRV, PRG, NAM, ELC, FCC, PLG and CLI rows, together; QRK-001 to QRK-003."""
    command = [sys.executable, PROGRAM, "--count", str(CASES // PARTS), "--seed", str(SEED + part)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-2000:]}"
    assert "'different': 0" in done.stdout and "'accepted': 0" not in done.stdout, done.stdout[-500:]
