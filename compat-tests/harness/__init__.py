"""What the compatibility suite needs in order to ask two daemons the same question.

* ``where``      which programs are compared
* ``waiting``    waiting for a condition, never for a duration
* ``daemon``     one running supervisord, the reference's or ours
* ``rpc``        Python's own XML-RPC client over a unix or an inet socket
* ``http``       HTTP by hand, byte for byte
* ``screen``     a program on a pseudo-terminal, seen through a terminal emulator
* ``normalise``  what may differ between two runs (pids, times, paths) made equal
* ``pair``       both daemons side by side, and the comparison
* ``background`` the same for daemons that leave the foreground
"""

from . import http, where
from .background import Background, BackgroundPair
from .daemon import Daemon, Output
from .http import Connection, Reply
from .pair import Pair, fresh_pair, shared_pair
from .screen import Screen
from .waiting import wait_for

__all__ = [
    "Background",
    "BackgroundPair",
    "Connection",
    "Daemon",
    "Output",
    "Pair",
    "Reply",
    "Screen",
    "fresh_pair",
    "http",
    "shared_pair",
    "wait_for",
    "where",
]
