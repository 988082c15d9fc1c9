"""Marks, chooses and records the tests of clients.

A test module says ``pytestmark = pytest.mark.client("key of the catalogue")``. Without ``COMPAT_CLIENTS=all`` only the light clients
are tried. With ``COMPAT_RESULTS=FILE`` what each test did and how it ended is written there, as JSON, for `scripts/compatibility`.
"""

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from catalogue import CLIENTS  # noqa: E402 - the path must be known first


def client_of(item) -> str:
    mark = item.get_closest_marker("client")
    if mark is None:
        raise pytest.UsageError(f"{item.nodeid}: no mark says which client this is")
    return mark.args[0]


def pytest_configure(config):
    config.addinivalue_line("markers", "client(key): the client of the catalogue that the test tries")


def pytest_collection_modifyitems(config, items):
    here = str(Path(__file__).parent)
    mine = [item for item in items if str(item.path).startswith(here)]
    for item in mine:
        item.user_properties += [("client", client_of(item)), ("job", (item.function.__doc__ or item.name).strip().splitlines()[0])]
    if os.environ.get("COMPAT_CLIENTS") != "all":
        heavy = [item for item in mine if not CLIENTS[client_of(item)].light]
        items[:] = [item for item in items if item not in heavy]
        config.hook.pytest_deselected(items=heavy)


RESULTS = {}


def pytest_runtest_logreport(report):
    """Called for every report also where several workers run the tests; a test has failed when any of its three phases did."""
    told = dict(report.user_properties)
    if "client" not in told:
        return
    jobs = RESULTS.setdefault(told["client"], {})
    if report.when == "call" or report.outcome == "failed":
        failed = jobs.get(told["job"]) == "failed" or report.outcome == "failed"
        jobs[told["job"]] = "failed" if failed else report.outcome


def pytest_sessionfinish(session):
    if os.environ.get("COMPAT_RESULTS") and not hasattr(session.config, "workerinput"):
        Path(os.environ["COMPAT_RESULTS"]).write_text(json.dumps(RESULTS, indent=1, sort_keys=True))
