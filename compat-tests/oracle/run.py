"""`python -m oracle.run FILE...`: writes the reference's trace into scenario files, in place of the one they have."""

import sys
from pathlib import Path

from . import reference, scenario


def rewritten(text):
    """The same scenario with the reference's trace."""
    parsed = scenario.parse(text)
    return scenario.render(parsed, *reference.run(parsed))


def main(names):
    for name in names:
        path = Path(name)
        try:
            path.write_text(rewritten(path.read_text()))
        except (scenario.FormatError, reference.NeverSettles) as why:
            sys.exit(f"{name}: {why}")


if __name__ == "__main__":
    main(sys.argv[1:])
