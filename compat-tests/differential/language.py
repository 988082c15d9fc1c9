"""The scenario language: a text file in, checked scenarios out.

It owns what may be written and where (see README.md beside it). It runs nothing; what a step does is in ``steps``. A word that is not
known, a declaration after a step, a block where none belongs, a scenario without a row: all are errors that name the line.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from harness import pair

ROW = re.compile(r"[A-Z]{3,4}-\d{3}")
HEADING = re.compile(r"== (?P<title>[^()]+) \((?P<rows>[^()]+)\)")

# Where a configuration begins when the file says nothing else.
BASES = {"standard": pair.BASE, "unix": pair.UNIX_ONLY, "daemon": pair.SUPERVISORD, "empty": ""}

RECORDER = """
[eventlistener:{name}]
command={{python}} -IS {{dir}}/recorder.py {{dir}}/{name}.events
events={events}
startsecs=0
buffer_size=100
"""


class Mistake(Exception):
    """A scenario file that does not keep to the language."""


@dataclass
class Step:
    """One line below a scenario's declarations, with the block that is indented under it."""

    line: str
    run: object
    words: dict
    block: str = ""


@dataclass
class Scenario:
    """One story of one daemon."""

    subject: str
    title: str
    rows: list
    differs: list = field(default_factory=list)
    base: str = BASES["standard"]
    config: str = ""
    files: dict = field(default_factory=dict)
    modes: dict = field(default_factory=dict)
    folders: list = field(default_factory=list)
    env: dict = field(default_factory=dict)
    args: list = field(default_factory=list)
    steps: list = field(default_factory=list)

    @property
    def name(self) -> str:
        return re.sub(r"\W+", "-", f"{self.subject} {self.title}".lower()).strip("-")


def lines_with_blocks(text: str):
    """(number, line, block) of each line at the left margin; the block is what is indented by four columns below it."""
    number = 0
    source = text.split("\n")
    while number < len(source):
        line = source[number]
        number += 1
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            raise Mistake(f"{number}: indented, but under nothing")
        first = number
        block = []
        while number < len(source) and (source[number].startswith("    ") or not source[number].strip()):
            block.append(source[number][4:])
            number += 1
        while block and not block[-1].strip():
            block.pop()
        yield first, line.rstrip(), "".join(f"{b}\n" for b in block)


def read(path: Path, steps: dict) -> list:
    """The scenarios of one file; `steps` maps a pattern to what runs a line that it matches."""
    scenarios = []
    shared = current = Scenario(path.stem, "", [])
    for number, line, block in lines_with_blocks(path.read_text()):
        try:
            if line.startswith("=="):
                current = _scenario(path.stem, line, shared)
                scenarios.append(current)
            elif _declared(current, line, block):
                if current.steps:
                    raise Mistake("a declaration after the first step")
            elif current is shared:
                raise Mistake(f"neither a declaration nor a scenario: {line}")
            else:
                current.steps.append(_step(line, block, steps))
        except Mistake as mistake:
            raise Mistake(f"{path.name}:{number}: {mistake}") from None
    if not scenarios:
        raise Mistake(f"{path.name}: no scenario")
    for scenario in scenarios:
        if not scenario.steps:
            raise Mistake(f"{path.name}: nothing happens in '{scenario.title}'")
    return scenarios


def _scenario(subject: str, line: str, shared: Scenario) -> Scenario:
    heading = HEADING.fullmatch(line)
    if not heading:
        raise Mistake(f"a heading is `== title (ROW-001, ROW-002)`: {line}")
    rows = heading["rows"].split(", ")
    for row in rows:
        if not ROW.fullmatch(row):
            raise Mistake(f"not a row: {row}")
    return Scenario(
        subject, heading["title"], rows, [], shared.base, shared.config, dict(shared.files), dict(shared.modes),
        list(shared.folders), dict(shared.env), list(shared.args),
    )


def _declared(scenario: Scenario, line: str, block: str) -> bool:
    """Whether the line is a declaration, which then has been added."""
    word, _, rest = line.partition(" ")
    if word == "config" and not rest and block:
        scenario.config += block
    elif word == "base" and rest in BASES and not block:
        scenario.base = BASES[rest]
    elif word == "file" and (match := re.fullmatch(r"(\S+)(?: mode (0[0-7]{3}))?", rest)):
        scenario.files[match[1]] = block
        if match[2]:
            scenario.modes[match[1]] = int(match[2], 8)
    elif word == "folder" and re.fullmatch(r"\S+", rest) and not block:
        scenario.folders.append(rest)
    elif word == "env" and (match := re.fullmatch(r"(\w+)=(.*)", rest)) and not block:
        scenario.env[match[1]] = match[2]
    elif word == "args" and rest and not block:
        scenario.args += rest.split()
    elif word == "recorder" and (match := re.fullmatch(r"(\w+) (\S+)", rest)) and not block:
        scenario.config += RECORDER.format(name=match[1], events=match[2])
    elif word == "differs" and not block and all(ROW.fullmatch(row) for row in rest.split(", ")):
        scenario.differs += rest.split(", ")
    elif word in ("config", "base", "file", "folder", "env", "args", "recorder", "differs"):
        raise Mistake(f"not how `{word}` is written: {line}")
    else:
        return False
    return True


def _step(line: str, block: str, steps: dict) -> Step:
    for pattern, run in steps.items():
        if match := pattern.fullmatch(line):
            if block and not run.takes_block:
                raise Mistake(f"no block belongs under this step: {line}")
            return Step(line, run, match.groupdict(), block)
    raise Mistake(f"not a step: {line}")
