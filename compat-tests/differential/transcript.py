"""Transcripts: running a scenario into one, and the recorded ones under ``fixtures/differential``.

One recorded file per scenario file: ``reference/SUBJECT.txt``, and ``ours/SUBJECT.txt`` for the scenarios that name an intended
difference. The head names the version that was asked. Steps stand at the left margin, what was seen is indented.
"""

import fcntl
import re
import subprocess
import sys
from pathlib import Path

import listeners
from harness import Daemon, normalise, where

FOLDER = where.REPOSITORY / "fixtures/differential"
START = ("start", "launch", "refused", "run supervisord")

_RULES = [
    # Who runs the suite is no matter of the scenarios.
    (re.compile(r"^.*CRIT Supervisor is running as root\..*\n?", re.M), ""),
    (re.compile(r"2006-\d{4}"), "2006-YEAR"),
    (re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:%20| )[A-Z][a-z]{2}(?:(?:%20| )+\d+)(?:%20| )[\dU:%A]+(?:%20| )\d{4}"), "CTIME"),
    (re.compile(r"\[\d\d/[A-Z][a-z]{2}/\d{4}:U"), "[TIME"),
    (re.compile(r"\bwhen:\d+"), "when:T"),
]


def render(value, daemon) -> list:
    """What a step returned, as lines."""
    if value is None:
        return []
    value = normalise.structure(value, daemon)
    if value in ("", []):
        return ["(empty)"]
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        out = [line for part in value for line in part.split("\n")]
    elif isinstance(value, str):
        out = value.split("\n")
    elif isinstance(value, list) and value[:1] == ["fault"]:
        out = [f"fault {value[1]} {value[2]}"]
    elif isinstance(value, list) and value[:1] == ["http"]:
        out = [f"http status {value[1]}"]
    else:
        out = normalise.lines(value)
    text = "\n".join(out).replace(sys.executable, "{python}")
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    # A bare CR would end a line of the record; every other control character would make it binary.
    text = re.sub(r"[\x00-\x09\x0b-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", text)
    return text.rstrip("\n").split("\n")


def tell(kind: str, scenario) -> str:
    """Runs the scenario on a daemon of that kind, and returns the transcript."""
    daemon = Daemon(kind, scenario.base + scenario.config, env=scenario.env, files=scenario.files)
    out = []
    try:
        daemon.base = scenario.base
        daemon.args = [daemon.fill(word) for word in scenario.args]
        daemon.write("recorder.py", listeners.RECORDER)
        for name, mode in scenario.modes.items():
            daemon.path(name).chmod(mode)
        for name in scenario.folders:
            daemon.path(name).mkdir(parents=True, exist_ok=True)
        if not scenario.steps[0].line.startswith(START):
            daemon.start()
        for step in scenario.steps:
            out.append(f"> {step.line}")
            try:
                seen = step.run(daemon, step.block, **step.words)
            except BaseException as error:
                error.add_note("\n".join(["the transcript so far:", *out]))
                raise
            out += [f"  {line}".rstrip() for line in render(seen, daemon)]
    finally:
        daemon.stop()
    return "\n".join(out) + "\n"


def path(part: str, subject: str) -> Path:
    return FOLDER / part / f"{subject}.txt"


def recorded(part: str, subject: str) -> dict:
    """Transcript by title; `part` is ``reference`` or ``ours``."""
    file = path(part, subject)
    if not file.exists():
        return {}
    return _parse(file.read_text())


def _parse(text: str) -> dict:
    stories = {}
    for story in re.split(r"^== ", text, flags=re.M)[1:]:
        title, _, rest = story.partition("\n")
        stories[title] = rest.rstrip("\n") + "\n"
    return stories


def reference_version() -> str:
    """The release of the reference that pip installed."""
    done = subprocess.run([where.supervisord(where.REFERENCE), "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def record(part: str, subject: str, title: str, transcript: str, order: list):
    """Puts one transcript into the file of its subject; several workers may do so at once. Titles that are no longer told go."""
    file = path(part, subject)
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a+") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        opened.seek(0)
        stories = _parse(opened.read())
        stories[title] = transcript
        head = f"supervisor {reference_version()}" if part == where.REFERENCE else "this project, where docs/differences.md says so"
        text = f"# Recorded from {head}, by scripts/differential --fresh --update. Not to be edited.\n"
        text += "".join(f"\n== {t}\n{stories[t]}" for t in order if t in stories)
        opened.seek(0)
        opened.truncate()
        opened.write(text)
