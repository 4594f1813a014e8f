"""Run one step of the making of the documentation: ``python -m tools.docs STEP``.

``baseline`` computes the tables of docs/baseline.md, docs/regions.md and README.md and draws docs/images/*.png;
``regions`` computes docs/regions.md alone; ``policies`` computes docs/policies.md. Text outside the markers is written
by hand and stays as it is.
``equations`` makes docs/equations.md and docs/images/modules.svg; ``loops`` computes docs/loops.md and draws
docs/images/loops/*.png; ``validation`` computes docs/validation.md, ``calibration`` docs/calibration.md; ``data-cards``
makes docs/data-cards.md out of the parameters; ``screenshots`` takes docs/images/screenshots/*.png with a browser.

A step is a module of this package with a function ``make(root, write=...)`` that gives the names of what was stale; to
add one, name it in `STEPS`. With ``--check`` nothing is written; the exit code is 1 if something is stale.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

STEPS = (
    "baseline",
    "regions",
    "policies",
    "equations",
    "loops",
    "validation",
    "calibration",
    "data-cards",
    "screenshots",
)


def main(arguments: list[str] | None = None) -> int:
    """Run the step named on the command line and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--check", action="store_true", help="write nothing; say what is stale")
    given = parser.parse_args(arguments)
    stale = importlib.import_module(f"tools.docs.{given.step.replace('-', '_')}").make(ROOT, write=not given.check)
    for path in stale:
        print(f"{path}: {'stale' if given.check else 'written'}")
    return 1 if given.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
