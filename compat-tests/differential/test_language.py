"""The language is strict: what is not understood is an error that names its line."""

import pytest

from .language import Mistake, read
from .steps import STEPS

GOOD = "config\n    [program:x]\n\n== a title (RPC-001)\nshow states\n"


def told(folder, text):
    path = folder / "subject.txt"
    path.write_text(text)
    return read(path, STEPS)


def test_a_scenario_has_what_its_file_declares_and_what_it_adds(tmp_path):
    more = "\n== another (RPC-002, XML-003)\nconfig\n    [program:y]\n\n    z=1\nfile f mode 0755\n    x\nstart\n"
    first, second = told(tmp_path, GOOD + more)
    assert (first.config, first.files, first.rows) == ("[program:x]\n", {}, ["RPC-001"])
    assert (second.config, second.files, second.modes) == ("[program:x]\n[program:y]\n\nz=1\n", {"f": "x\n"}, {"f": 0o755})
    assert second.rows == ["RPC-002", "XML-003"]
    assert second.name == "subject-another"


@pytest.mark.parametrize("text, complaint", [
    (GOOD + "shw states\n", "subject.txt:6: not a step: shw states"),
    (GOOD + "show states now\n", "6: not a step"),
    (GOOD + "show states\n    x\n", "6: no block belongs under this step"),
    (GOOD + "config\n    x\n", "6: a declaration after the first step"),
    (GOOD + "until x=running\n", "6: not a step"),
    ("  indented\n" + GOOD, "1: indented, but under nothing"),
    ("show states\n" + GOOD, "1: neither a declaration nor a scenario"),
    ("config now\n    x\n" + GOOD, "1: not how `config` is written"),
    ("base of all\n" + GOOD, "1: not how `base` is written"),
    ("== no row\nshow states\n", "1: a heading is"),
    ("== a bad row (RPC-1)\nshow states\n", "1: not a row: RPC-1"),
    ("== nothing (RPC-001)\nconfig\n    x\n", "nothing happens in 'nothing'"),
    ("# empty\n", "no scenario"),
    ("== a title (RPC-001)\ndiffers nothing\nshow states\n", "2: not how `differs` is written"),
])
def test_a_slip_is_an_error(tmp_path, text, complaint):
    with pytest.raises(Mistake) as slip:
        told(tmp_path, text)
    assert complaint in str(slip.value)
