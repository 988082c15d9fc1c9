"""`python -m oracle.shrink FILE > SMALL`: the fewest happenings of a differing scenario that still make a difference.

Happenings are left out in ever smaller pieces, the reference writes the trace anew each time, and our side (see `ours`) says whether it
still differs. What remains is short enough to read, and to become a story in `fixtures/scenarios`.
"""

import sys
import tempfile
from pathlib import Path

from . import ours, reference, scenario


def differs(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trial.txt"
        path.write_text(text)
        return bool(ours.differences([path]))


def traced(declarations, happenings):
    parsed = scenario.parse("\n".join([*declarations, *map(str, happenings)]))
    return scenario.render(parsed, *reference.run(parsed))


def shrink(text):
    """The shortened scenario with its trace; None when there is no difference to begin with."""
    parsed = scenario.parse(text)
    declarations = parsed.lines[: parsed.places[0]] if parsed.places else parsed.lines
    happenings = parsed.happenings
    if not differs(traced(declarations, happenings)):
        return None
    piece = len(happenings)
    while piece:
        place = len(happenings)
        while place > 0:
            fewer = happenings[: max(place - piece, 0)] + happenings[place:]
            if fewer and differs(traced(declarations, fewer)):
                happenings = fewer
            place -= piece
        piece //= 2
    return traced(declarations, happenings)


def main(names):
    if len(names) != 1:
        sys.exit("usage: python -m oracle.shrink FILE")
    small = shrink(Path(names[0]).read_text())
    if small is None:
        sys.exit(f"{names[0]}: no difference")
    sys.stdout.write(small)


if __name__ == "__main__":
    main(sys.argv[1:])
