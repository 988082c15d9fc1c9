"""The machine against the reference, line by line: random walks, and the scenarios that tell a story.

    ORACLE_WALKS    how many walks (300)
    ORACLE_STEPS    happenings in each (1000)
    ORACLE_SEED     seed of the first walk (1); the others follow
    ORACLE_RUNNER   our side; a program that takes scenario files and prints where it differs (target/release/examples/scenario)
    ORACLE_KEEP     a folder for the walks that differ; without it they stay in pytest's own
"""

import os
import random
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from oracle import ours, reference, run, scenario, walk

REPOSITORY = Path(__file__).resolve().parents[2]
SCENARIOS = sorted((REPOSITORY / "fixtures" / "scenarios").glob("*.txt"))
WALKS = int(os.environ.get("ORACLE_WALKS", "300"))
STEPS = int(os.environ.get("ORACLE_STEPS", "1000"))
SEED = int(os.environ.get("ORACLE_SEED", "1"))
SHOWN = 3  # differing files shown in full; of the others the names
LINES = 45  # of each


def write_walk(folder, seed):
    (folder / f"walk-{seed:06}.txt").write_text(walk.walk(seed, STEPS))


@pytest.fixture(scope="session")
def walks(tmp_path_factory):
    """A folder full of walks."""
    folder = tmp_path_factory.mktemp("walks")
    with ProcessPoolExecutor() as pool:
        list(pool.map(write_walk, [folder] * WALKS, range(SEED, SEED + WALKS), chunksize=8))
    return folder


def assert_agree(files):
    if not ours.RUNNER.exists():
        pytest.fail(f"{ours.RUNNER} is not there: cargo build --release --example scenario")
    reports = ours.differences(files)
    if not reports:
        return
    keep = os.environ.get("ORACLE_KEEP")
    if keep:
        Path(keep).mkdir(parents=True, exist_ok=True)
        for name in reports:
            shutil.copy(name, keep)
    shown = list(reports)[:SHOWN]
    text = [f"{len(reports)} of {len(files)} differ"]
    for name in shown:
        text += ["", name, *reports[name].splitlines()[:LINES]]
    text += ["", *(name for name in reports if name not in shown)]
    pytest.fail("\n".join(text), pytrace=False)


def test_our_machine_walks_as_the_reference_does(walks):
    assert_agree(sorted(walks.glob("*.txt")))


def test_our_machine_tells_every_story_as_the_reference_does():
    assert_agree(SCENARIOS)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_trace_of_a_story_comes_from_the_reference(path):
    text = path.read_text()
    assert run.rewritten(text) == text, f"python -m oracle.run {path} brings it up to date"


def test_a_walk_is_a_scenario_like_any_other():
    text = walk.walk(7, 300)
    assert text == walk.walk(7, 300), "the same seed is the same walk"
    assert run.rewritten(text) == text


# What the walks must have met at least once, or they would prove less than they seem to.
# (A listener that hears of the end of its daemon is too rare among them; the story `listeners-at-shutdown` tells of it.)
MUST_MEET = [
    *(f"PROCESS_STATE_{state} " for state in "STARTING RUNNING BACKOFF STOPPING EXITED FATAL STOPPED".split()),
    "from_state:BACKOFF pid:0",
    "PROCESS_GROUP_REMOVED ",
    "SUPERVISOR_STATE_CHANGE_STOPPING",
    "finished shutdown",
    "finished restart",
    "already running",
    "to die",
    " to stop",
    "with SIGKILL",
    "process group with signal",
    " ESRCH",
    "ignored SIGHUP",
    "event was processed",
    "event was rejected",
    "event buffer overflowed",
    "bad result line: 'huh'",
    "bad result line: 'Undecodable",
    "READY -> UNKNOWN",
    "ACKNOWLEDGED -> UNKNOWN",
    "epipe occurred",
    "rebuffering event",
    "eventname:TICK_5 ",
    "eventname:TICK_60 ",
    "eventname:REMOTE_COMMUNICATION len:13",
    "eventname:PROCESS_GROUP_REMOVED ",
    *(f" fault {code} " for code in (6, 10, 11, 20, 21, 40, 50, 60, 70, 90, 91)),
]


def test_the_walks_have_been_everywhere_and_the_reference_never_broke(walks):
    if WALKS * STEPS < 50_000:
        pytest.skip("too few steps to have met everything")
    texts = [path.read_text() for path in walks.glob("*.txt")]
    broken = [text.splitlines()[0] for text in texts if f"{scenario.INDENT}> raised" in text]
    assert broken == []
    missing = [what for what in MUST_MEET if not any(what in text for text in texts)]
    assert missing == []


@pytest.mark.parametrize(
    "text",
    [
        "program a\nat 1 stat a wait\n",
        "program a\nat 1 start a\n",
        "program a\nat 2 tick\nat 1 tick\n",
        "program a\nat 1 exit b code 0\n",
        "program a\nat 1 fork a fails NOTHING\n",
        "program a group=g\nat 1 tick\n",
        "program a stopwaitsecs=0\nat 1 tick\n",
        "program a stopasgroup=true killasgroup=false\nat 1 tick\n",
        "at 1 tick\nprogram a\n",
        "listener a\nat 1 tick\n",
        "listener a events=NOTHING\nat 1 tick\n",
        "listener a events=EVENT buffer_size=0\nat 1 tick\n",
        "listener a events=EVENT\nat 1 says a\n",
        "listener a events=EVENT\nat 1 says a \\q\n",
        "program a\nat 1.1234567 tick\n",
    ],
)
def test_a_typing_error_is_never_skipped(text):
    with pytest.raises(scenario.FormatError):
        scenario.parse(text)


def shaken(text, seed, width):
    """The scenario with each of its moments moved by up to `width` microseconds."""
    shake = random.Random(seed)
    parsed, latest = scenario.parse(text), 0
    for happening in parsed.happenings:
        latest = max(latest, happening.micros + shake.randint(-width, width))
        happening.micros = latest
    return parsed


def stands_on_a_boundary(text, width):
    """Whether a little earlier or later gives another trace; then `>` and `>=` would, too."""
    still = reference.run(scenario.parse(text))
    return any(reference.run(shaken(text, seed, width)) != still for seed in range(10))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_no_story_stands_on_a_boundary(path):
    assert not stands_on_a_boundary(path.read_text(), 4000)


def test_no_walk_stands_on_a_boundary():
    assert not any(stands_on_a_boundary(walk.walk(seed, 300), 400) for seed in (11, 12, 13))


def test_a_boundary_would_be_noticed():
    assert stands_on_a_boundary("program a startsecs=1\nat 1 tick\nat 2 tick\n", 400)
