"""What the benchmarks share."""

import time
from collections.abc import Callable


def word(met: bool) -> str:
    """Say whether a target is met."""
    return "met" if met else "NOT met"


def timed(action: Callable[[], object]) -> float:
    """Return the seconds an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
