"""Makes the harness importable and says at the head of a run which programs are compared."""

import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import where  # noqa: E402 - the path must be known first


def pytest_configure(config):
    # A run that was started in the background inherits ignored keys, and so would every client that is told of Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    try:
        where.supervisord(where.REFERENCE), where.supervisord(where.OURS)
    except FileNotFoundError as missing:
        raise pytest.UsageError(str(missing)) from None


def pytest_report_header(config):
    return [f"reference: {where.supervisord(where.REFERENCE)}", f"ours:      {where.supervisord(where.OURS)}"]


@pytest.fixture
def ours_only():
    """For tests of what we do on purpose better than the reference: nothing to see while it plays both parts."""
    if where.ours_is_the_reference():
        pytest.skip("our own behaviour; the reference is in both roles")
