"""The errors this library raises on purpose.

Every one of them is a `KrapteError` and also the built-in exception a caller
would expect, so ``except ValueError`` works without importing anything from here.

A message says what is wrong, where (file:row:column or the name), what was
found, what is allowed, and the nearest match if a name was not known. All
problems of one input are reported in one error: see `KrapteError.collect`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Self

__all__ = [
    "BalanceError",
    "FileError",
    "KrapteError",
    "ModelError",
    "ParameterError",
    "ScenarioError",
    "SolverError",
    "UnitError",
    "nearest",
]


class KrapteError(Exception):
    """Base of every error raised by this library on purpose.

    Attributes
    ----------
    problems : tuple of str
        The single problems if the error reports a list of them; otherwise the
        message itself, alone.
    """

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems: tuple[str, ...] = tuple(problems) or (message,)

    def __reduce__(self) -> tuple[type[Self], tuple[str, tuple[str, ...]]]:
        # Without this an error loses `problems` on its way back from a worker process.
        return (type(self), (str(self), self.problems))

    @classmethod
    def collect(cls, heading: str, problems: Sequence[str]) -> Self:
        """Make one error out of all problems of one input.

        Parameters
        ----------
        heading : str
            What was being done and on which input, without a full stop.
        problems : sequence of str
            One line for each problem, at least one.

        Returns
        -------
        KrapteError
            An instance of the class this is called on, with the heading, the
            number of problems and each problem on a line of its own.

        Examples
        --------
        >>> print(ParameterError.collect("parameters/demo.csv", ["row 2: no unit", "row 5: no source"]))
        parameters/demo.csv: 2 problems
          row 2: no unit
          row 5: no source
        """
        if not problems:
            raise ValueError("collect() needs at least one problem")
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join("  " + problem.replace("\n", "\n  ") for problem in problems)
        return cls(f"{heading}: {count}\n{lines}", problems)


class ModelError(KrapteError, ValueError):
    """A model file cannot be read, or its equations are not a valid model."""


class ParameterError(KrapteError, ValueError):
    """An input or parameter is missing, unknown, of the wrong shape, or not finite."""


class ScenarioError(KrapteError, ValueError):
    """A scenario, policy or population variant is not valid."""


class UnitError(KrapteError, ValueError):
    """Units do not fit together, or a unit cannot be read."""


class BalanceError(KrapteError, ValueError):
    """Something that must be conserved is not, or a stock turned negative."""


class SolverError(KrapteError, ArithmeticError):
    """The integration broke down: a value is not finite, or the step is not usable."""


class FileError(KrapteError, OSError):
    """A file cannot be read or written, is damaged, or is not what it claims to be."""

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message, problems)

    def __str__(self) -> str:
        # OSError would print its own "[Errno ...]" form for some argument counts.
        return str(self.args[0])


def nearest(name: str, allowed: Iterable[str], count: int = 1) -> str:
    """Say which allowed name is nearest to an unknown one.

    Parameters
    ----------
    name : str
        The name that was found.
    allowed : iterable of str
        The names that would have been right.
    count : int, optional
        How many near names to give at most.

    Returns
    -------
    str
        ``"; did you mean 'x'?"``, or an empty string if nothing is near, so
        that it can be appended to a message as it is.

    Examples
    --------
    >>> nearest("vacancy", ["vacancies", "employed"])
    "; did you mean 'vacancies'?"
    >>> nearest("zzz", ["vacancies"])
    ''
    """
    by_lower = {each.lower(): each for each in allowed}
    found = difflib.get_close_matches(name.lower(), list(by_lower), n=count, cutoff=0.6)
    if not found:
        return ""
    return "; did you mean " + " or ".join(f"'{by_lower[each]}'" for each in found) + "?"
