"""Every scenario, told by our daemon, must read as it was recorded from the reference."""

import difflib
from pathlib import Path

import pytest

from harness import where

from . import language, transcript
from .steps import STEPS

SUBJECTS = {path.stem: language.read(path, STEPS) for path in sorted((Path(__file__).parent / "scenarios").glob("*.txt"))}
SCENARIOS = [scenario for told in SUBJECTS.values() for scenario in told]


def titles(subject: str) -> list:
    return [scenario.title for scenario in SUBJECTS[subject]]


def compare(wanted: str, found: str, who: str, by: str):
    if wanted != found:
        lines = difflib.unified_diff(wanted.splitlines(), found.splitlines(), who, by, lineterm="", n=6)
        pytest.fail("the transcripts differ\n" + "\n".join(lines), pytrace=False)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_ours_reads_as_the_reference_was_recorded(scenario, request):
    subject, title = scenario.subject, scenario.title
    fresh, update = request.config.getoption("--fresh", False), request.config.getoption("--update", False)
    if fresh:
        told = transcript.tell(where.REFERENCE, scenario)
        if update:
            transcript.record(where.REFERENCE, subject, title, told, titles(subject))
        else:
            compare(transcript.recorded(where.REFERENCE, subject).get(title, ""), told, "recorded", "the reference now")
    wanted = transcript.recorded(where.REFERENCE, subject).get(title)
    if wanted is None:
        pytest.fail("never recorded: scripts/differential --fresh --update -k NAME", pytrace=False)
    ours = transcript.tell(where.OURS, scenario)
    if not scenario.differs or where.ours_is_the_reference():
        compare(wanted, ours, "reference", "ours")
        return
    if wanted == ours:
        pytest.fail(f"does not differ, though it names {', '.join(scenario.differs)}", pytrace=False)
    if update:
        transcript.record(where.OURS, subject, title, ours, titles(subject))
    compare(transcript.recorded(where.OURS, subject).get(title, ""), ours, "intended", "ours")


def test_every_row_is_one_of_the_contract():
    contract = "\n".join(path.read_text() for path in (where.REPOSITORY / "docs/parity").glob("*.md"))
    unknown = {row for scenario in SCENARIOS for row in scenario.rows if f"**{row}**" not in contract}
    assert not unknown


def test_every_difference_is_in_the_page_of_differences():
    page = (where.REPOSITORY / "docs/differences.md").read_text()
    listed = {row for line in page.splitlines() if line.startswith("|") for row in language.ROW.findall(line.split("|")[1])}
    unknown = {(scenario.title, row) for scenario in SCENARIOS for row in scenario.differs if row not in listed}
    assert not unknown


def test_titles_are_told_once():
    names = [scenario.name for scenario in SCENARIOS]
    assert sorted(names) == sorted(set(names))


def test_nothing_recorded_has_lost_its_scenario():
    stale = []
    for part, of in ((where.REFERENCE, lambda s: True), (where.OURS, lambda s: s.differs)):
        for file in (transcript.FOLDER / part).glob("*.txt"):
            told = {s.title for s in SUBJECTS.get(file.stem, []) if of(s)}
            stale += [f"{part}/{file.name}: {title}" for title in transcript.recorded(part, file.stem) if title not in told]
    assert not stale


def test_what_is_recorded_is_of_the_release_that_is_compared_elsewhere():
    version = transcript.reference_version()
    assert f"supervisor=={version}" in (where.SUITE / "requirements.txt").read_text()
    for file in (transcript.FOLDER / where.REFERENCE).glob("*.txt"):
        assert file.read_text().startswith(f"# Recorded from supervisor {version},"), file.name
