"""Both daemons side by side: a scenario is a function of one daemon, run on both at the same time, and its results must be equal."""

import difflib
import threading
from contextlib import contextmanager

import pytest

from . import normalise, where
from .daemon import Daemon

SERVERS = """
[unix_http_server]
file={sock}
[inet_http_server]
port=127.0.0.1:{port}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{sock}
"""

SUPERVISORD = """
[supervisord]
logfile={dir}/supervisord.log
pidfile={dir}/supervisord.pid
childlogdir={dir}
"""

BASE = SUPERVISORD + SERVERS

# For another user: the reference's inet server loads modules that others may not be able to read.
UNIX_ONLY = BASE.replace("[inet_http_server]\nport=127.0.0.1:{port}\n", "")


def together(function, *daemons) -> list:
    """Calls the function for each daemon in a thread of its own; results in order; the first exception is raised."""
    results = [None] * len(daemons)
    errors = [None] * len(daemons)

    def run(index, daemon):
        try:
            results[index] = function(daemon)
        except BaseException as error:  # noqa: BLE001 - carried to the test's own thread
            error.add_note(f"while asking the {daemon.kind} daemon")
            errors[index] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(daemons)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        if error is not None:
            raise error
    return results


class Pair:
    """The reference and ours, with the same configuration."""

    def __init__(self, config: str, kind_of_daemon=Daemon, **options):
        self.reference = kind_of_daemon(where.REFERENCE, config, **options)
        self.ours = kind_of_daemon(where.OURS, config, **options)

    @property
    def both(self):
        return self.reference, self.ours

    def start(self):
        try:
            together(Daemon.start, *self.both)
        except BaseException:
            self.stop()
            raise
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        together(Daemon.stop, *self.both)

    def each(self, function) -> list:
        """Runs `function` on both without comparing: for what must be done, or waited for, first."""
        return together(function, *self.both)

    def same(self, scenario):
        """Runs the scenario on both and asserts equal results; returns what both said, normalised."""
        raw = self.each(scenario)
        reference, ours = [normalise.structure(value, daemon) for value, daemon in zip(raw, self.both)]
        if reference != ours:
            diff = difflib.unified_diff(normalise.lines(reference), normalise.lines(ours), "reference", "ours", lineterm="", n=5)
            pytest.fail("the daemons differ\n" + "\n".join(diff), pytrace=False)
        return reference

    def ctl(self, *words, **options):
        """The commonest scenario: one supervisorctl command."""
        return Said(self.same(lambda daemon: daemon.ctl(*words, **options))["Output"])

    def call(self, method, *params):
        """One XML-RPC call, its result compared as a structure; see `Daemon.call`."""
        return self.same(lambda daemon: daemon.call(method, *params))


class Said(dict):
    """What both clients printed, normalised, with its parts as attributes."""

    __getattr__ = dict.__getitem__


@contextmanager
def fresh_pair(config: str = "", base: str = BASE, **options):
    """Two daemons for one test that disturbs them."""
    pair = Pair(base + config, **options).start()
    try:
        yield pair
    finally:
        pair.stop()


def shared_pair(config: str = "", base: str = BASE, ready=None, **options):
    """A module's fixture: two daemons that its tests share and leave as they found them.

    `ready` is called for each daemon once it answers, to wait for what the tests take for granted.
    """

    @pytest.fixture(scope="module")
    def pair():
        with fresh_pair(config, base, **options) as running:
            if ready is not None:
                running.each(ready)
            yield running

    return pair
