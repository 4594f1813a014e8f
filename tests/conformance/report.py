"""Prints what comes of every model of the public suite: ``python -m tests.conformance.report PATH [--compiled]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.conformance.suite import cases, compiled, interpreted, run, table


def main() -> int:
    """Run everything; the exit code is 1 if a model is wrong or ends with another error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="a checkout of SDXorg/test-models")
    parser.add_argument("--compiled", action="store_true", help="with the compiled kernel (minutes)")
    parser.add_argument("--only", default="", help="models whose name holds this text")
    chosen = parser.parse_args()
    outcomes = []
    for case in cases(chosen.path):
        if chosen.only in case.name:
            outcome = run(case, compiled if chosen.compiled else interpreted)
            outcomes.append(outcome)
            print(f"{outcome.verdict:10s} {case.name:70s} {outcome.detail[:160]}")
    print()
    print(table(outcomes))
    return int(any(each.verdict in ("wrong", "error") for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
