"""Units of parameters: a closed vocabulary, combined with ``*`` and ``/``.

Only a comparison is offered ("is this the unit the model expects?"). Nothing is
converted: a table in thousands is refused, not multiplied.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from krapte_sd.errors import UnitError, nearest

__all__ = ["BASE_UNITS", "is_count", "is_stock", "normalise", "same_unit"]

# Weeks and months are units of their own: figures per week are never taken for figures per year.
BASE_UNITS: Final = (
    *("person", "year", "vacancy", "hour", "home", "fte", "job", "week", "month", "unit"),
    *("EUR", "kEUR", "MEUR", "GWh", "MW", "km", "m2"),
)
_DIMENSIONLESS: Final = frozenset({"dmnl", "dimensionless", "1"})
# Vensim models write units with capitals and in the plural.
_OTHER_NAMES: Final = {
    "persons": "person",
    "people": "person",
    "years": "year",
    "vacancies": "vacancy",
    "hours": "hour",
    "homes": "home",
    "ftes": "fte",
    "jobs": "job",
    "units": "unit",
}
_BY_LOWER: Final = {name.lower(): name for name in BASE_UNITS}
_TOKEN: Final = re.compile(r"\s*(?:([A-Za-z][A-Za-z0-9]*|1(?![0-9]))|([*/()])|\^\s*(-?[1-9])(?![0-9]))", re.ASCII)
_LONGEST_UNIT: Final = 200
# Units of things that are counted: their amounts double if a row is used twice.
_COUNTED: Final = frozenset({"person", "vacancy", "home", "fte", "job"})


def _base(word: str, unit: str) -> dict[str, int]:
    lower = word.lower()
    if lower in _DIMENSIONLESS:
        return {}
    name = _BY_LOWER.get(_OTHER_NAMES.get(lower, lower))
    if name is None:
        allowed = ("dmnl", *BASE_UNITS)
        raise UnitError(
            f"unknown unit '{word[:60]}' in '{unit[:60]}'; allowed: {', '.join(allowed)}, with * and /"
            + nearest(word[:60], allowed)
        )
    return {name: 1}


def _tokens(unit: str) -> list[str]:
    if len(unit) > _LONGEST_UNIT:
        raise UnitError(f"a unit of {len(unit)} characters: {unit[:40]!r}...; allowed: at most {_LONGEST_UNIT}")
    found, at, text = [], 0, unit.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            here = text[at : at + 10]
            raise UnitError(f"a unit that cannot be read: '{unit}', at '{here}'; allowed: names, *, /, ( )")
        found.append(match.group(1) or match.group(2) or "^" + match.group(3))
        at = match.end()
    return found


class _Reader:
    """Recursive descent over ``factor (('*'|'/') factor)*``, read from the left."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.tokens = _tokens(unit)
        self.at = 0

    def fail(self) -> UnitError:
        allowed = "e.g. dmnl, person, person/year, kEUR/(person*year)"
        return UnitError(f"a unit that cannot be read: '{self.unit}'; allowed: {allowed}")

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def product(self) -> dict[str, int]:
        powers = self.factor()
        while self.peek() in ("*", "/"):
            sign = 1 if self.take() == "*" else -1
            for name, power in self.factor().items():
                powers[name] = powers.get(name, 0) + sign * power
        return powers

    def factor(self) -> dict[str, int]:
        token = self.take()
        if token == "(":
            powers = self.product()
            if self.take() != ")":
                raise self.fail()
        elif not token or not token[0].isalnum():
            raise self.fail()
        else:
            powers = _base(token, self.unit)
        if self.peek().startswith("^"):
            exponent = int(self.take()[1:])
            powers = {name: power * exponent for name, power in powers.items()}
        return powers


@lru_cache(maxsize=1024)
def normalise(unit: str) -> str:
    """Write a unit in its one normal form.

    Parameters
    ----------
    unit : str
        E.g. ``"person/Year"``, ``"Dmnl"``, ``"1/year"``, ``"hour/(person*year)"``.

    Returns
    -------
    str
        Names in alphabetical order with powers, e.g. ``"person year^-1"``; ``"dmnl"`` if nothing is left.

    Raises
    ------
    UnitError
        If a name is not in the vocabulary or the text is not a unit.

    Examples
    --------
    >>> normalise("person/Year") == normalise("persons * 1/year")
    True
    >>> normalise("year/year")
    'dmnl'
    """
    reader = _Reader(unit)
    powers = reader.product()
    if reader.at < len(reader.tokens):
        raise reader.fail()
    terms = [name if power == 1 else f"{name}^{power}" for name, power in sorted(powers.items()) if power]
    return " ".join(terms) or "dmnl"


def same_unit(one: str, other: str) -> bool:
    """Say whether two units are the same, however they are written.

    Raises
    ------
    UnitError
        If one of them cannot be read.
    """
    return normalise(one) == normalise(other)


def is_count(unit: str) -> bool:
    """Say whether amounts in this unit are counts (``person``, ``person/year``), which cannot be negative."""
    terms = set(normalise(unit).split())
    return len(terms & _COUNTED) == 1 and terms - _COUNTED <= {"year^-1"}


def is_stock(unit: str) -> bool:
    """Say whether amounts in this unit are a stock of counted things (``person``, ``vacancy``, ``home``)."""
    return normalise(unit) in _COUNTED
