"""Marks, chooses and records the tests of clients.

A test module says ``pytestmark = pytest.mark.client("key of the catalogue")``. Without ``COMPAT_CLIENTS=all`` only the light clients
are tried. With ``COMPAT_RESULTS=FILE`` what each test did and how it ended is written there, as JSON, for `scripts/compatibility`.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from catalogue import CLIENTS, ELSEWHERE  # noqa: E402 - the path must be known first


def client_of(item):
    """The catalogue's key; none for a test that is not of a client."""
    mark = item.get_closest_marker("client")
    return mark and mark.args[0]


def job_elsewhere(item) -> str:
    """The first line of a description such as ``superlance: restarts a program (EVT-021).``"""
    line = item.function.__doc__.strip().splitlines()[0].partition(": ")[2].partition(" (")[0].rstrip(".")
    return f"{item.name.removeprefix('test_')}: {line}" if ELSEWHERE[item.name] == "superlance" else line


def pytest_configure(config):
    config.addinivalue_line("markers", "client(key): the client of the catalogue that the test tries")


def pytest_collection_modifyitems(config, items):
    here = str(Path(__file__).parent)
    mine = [item for item in items if str(item.path).startswith(here) and client_of(item)]
    for item in mine:
        item.user_properties += [("client", client_of(item)), ("job", (item.function.__doc__ or item.name).strip().splitlines()[0])]
    for item in items:
        if item.path.name == "test_events_real.py" and item.name in ELSEWHERE:
            item.user_properties += [("client", ELSEWHERE[item.name]), ("job", job_elsewhere(item))]
    if os.environ.get("COMPAT_CLIENTS") != "all":
        heavy = [item for item in mine if not CLIENTS[client_of(item)].light]
        items[:] = [item for item in items if item not in heavy]
        config.hook.pytest_deselected(items=heavy)


RESULTS = {}


def pytest_runtest_logreport(report):
    """Called for every report also where several workers run the tests. A test has failed when any of its phases did, and also when
    that was expected: the page tells what works, not what surprises."""
    told = dict(report.user_properties)
    if "client" not in told:
        return
    jobs = RESULTS.setdefault(told["client"], {})
    if report.when == "call" or report.outcome == "failed":
        failed = jobs.get(told["job"]) == "failed" or report.outcome == "failed" or hasattr(report, "wasxfail")
        jobs[told["job"]] = "failed" if failed else report.outcome


def pytest_sessionfinish(session):
    if os.environ.get("COMPAT_RESULTS") and not hasattr(session.config, "workerinput"):
        Path(os.environ["COMPAT_RESULTS"]).write_text(json.dumps(RESULTS, indent=1, sort_keys=True))
