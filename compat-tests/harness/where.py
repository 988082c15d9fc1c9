"""Which programs are compared.

The reference is whatever pip put beside the Python that runs the tests. Ours is named by ``SUPERVISORD_BIN``; pointing that at
the reference's own supervisord makes every comparison one of the reference with itself, which is how the suite is validated.
"""

import os
import sys
from pathlib import Path

SUITE = Path(__file__).resolve().parent.parent
REPOSITORY = SUITE.parent
BIN = Path(sys.prefix) / "bin"

# Where our programs are built: below target/, a profile, or behind a target's name one of its static builds (scripts/build).
BUILT = REPOSITORY / "target" / os.environ.get("COMPAT_PROFILE", "release")

REFERENCE = "reference"
OURS = "ours"


def supervisorctl(kind: str) -> str:
    """The client that talks to the daemon of that kind: the real one for both, unless ``SUPERVISORCTL_BIN`` names ours.

    With it set, the suite's commands compare the whole of ours (client and daemon) with the whole of the reference.
    """
    if kind == OURS and os.environ.get("SUPERVISORCTL_BIN"):
        return str(Path(os.environ["SUPERVISORCTL_BIN"]).absolute())
    return str(BIN / "supervisorctl")


def supervisord(kind: str) -> str:
    """The daemon of that kind; a missing one is an error that says what to do, never a skipped test."""
    if kind == REFERENCE:
        path = BIN / "supervisord"
        hint = "run scripts/setup"
    else:
        path = Path(os.environ.get("SUPERVISORD_BIN") or BUILT / "supervisord")
        hint = "run cargo build --release, or set SUPERVISORD_BIN"
    if not path.exists():
        raise FileNotFoundError(f"no {kind} supervisord at {path}: {hint}")
    return str(path.absolute())


def program(kind: str, name: str) -> str:
    """One of the small programs, which stand beside the daemon."""
    return str(Path(supervisord(kind)).with_name(name))


def ours_is_the_reference() -> bool:
    """True while the suite is being validated; tests of what we do *better* have nothing to look at then."""
    return supervisord(OURS) == supervisord(REFERENCE)


def preloading(kind: str) -> bool:
    """Whether that client is run by `preloaded`: only Python's own, and not when ``COMPAT_EXEC`` forbids it."""
    return not os.environ.get("COMPAT_EXEC") and supervisorctl(kind) == str(BIN / "supervisorctl")
