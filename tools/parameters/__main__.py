"""Run one step of the building of the parameter tables: ``python -m tools.parameters STEP``.

A step is a list of functions ``module:function`` that are called in this order. To add one, add a line to `STEPS`.
Functions of the step ``carry`` get the folder of raw figures and the folder of parameters, those of ``add-regions`` the
table of a division and the folder of parameters; all others get the folder of parameters.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

STEPS: dict[str, tuple[str, ...]] = {
    "carry": ("demography:carry", "carry_labour:carry", "carry_history:carry", "regions_carry:carry"),
    "derive-population": ("population:derive",),
    "derive-labour": ("housing:derive", "labour:derive"),
    "derive-supply": ("supply:derive",),
    "derive-history": ("history:derive",),
    "derive-regions": ("regions:derive",),
    "add-regions": ("regions:add",),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the step named on the command line and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.parameters", description=__doc__)
    parser.add_argument("step", choices=sorted(STEPS))
    parser.add_argument("--raw", type=Path, metavar="DIR", help="folder of the raw figures; only for carry")
    parser.add_argument("--parameters", type=Path, metavar="DIR", default=ROOT / "parameters", help="where to write")
    parser.add_argument("--division", type=Path, metavar="CSV", help="table of the regions; only for add-regions")
    given = parser.parse_args(arguments)
    for step, option, value in (("carry", "--raw DIR", given.raw), ("add-regions", "--division CSV", given.division)):
        if (given.step == step) != (value is not None):
            parser.error(f"{option} belongs to the step {step}, and only to it")
    folders = [path for path in (given.raw, given.division, given.parameters) if path is not None]
    for name in STEPS[given.step]:
        module, function = name.split(":")
        getattr(importlib.import_module(f"tools.parameters.{module}"), function)(*folders)
    return 0


if __name__ == "__main__":
    sys.exit(main())
