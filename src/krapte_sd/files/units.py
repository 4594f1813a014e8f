"""Units of the model in the words of UDUNITS, which CF files must use.

UDUNITS knows no persons, vacancies or euros. They are written as ``count`` (or
``1`` inside a product), and the unit of the model goes beside them in the
attribute ``unit_label``, from which it is read back.
"""

from __future__ import annotations

import re

from krapte_sd.errors import UnitError, nearest

__all__ = ["to_udunits"]

# Things one can count. Their names carry no dimension in UDUNITS.
_COUNTED = (
    "child",
    "count",
    "fte",
    "home",
    "household",
    "job",
    "patient",
    "person",
    "pupil",
    "seeker",
    "student",
    "unit",
    "vacancy",
    "worker",
)
_MONEY = ("eur", "keur", "meur", "beur")
_PLAIN = ("1", "dmnl", "dimensionless", "fraction")
_PHYSICAL = {
    "year": "year",
    "month": "month",
    "week": "week",
    "day": "day",
    "hour": "hour",
    "percent": "percent",
    "degree_c": "degree_C",
    "m2": "m2",
    "km": "km",
    "mw": "MW",
    "gw": "GW",
    "mwh": "MWh",
    "gwh": "GWh",
    "twh": "TWh",
    "kg": "kg",
    "tonne": "tonne",
}
# Vensim models like to write the plural.
_PLURALS = {"vacancies": "vacancy", "people": "person", "children": "child"}
_WORD = re.compile(r"\s*([A-Za-z_][A-Za-z_0-9]*|1|[*/()]|\^\s*-?[1-9](?![0-9]))\s*", re.ASCII)


def to_udunits(unit: str) -> str:
    """Translate a unit of the model into UDUNITS.

    Parameters
    ----------
    unit : str
        Words of the model's vocabulary joined by ``*`` and ``/``, with brackets
        and ``^`` where needed: ``person``, ``person/year``, ``hour/(person*year)``.

    Returns
    -------
    str
        The same dimension as UDUNITS writes it: ``count``, ``year-1``, ``hour year-1``.

    Raises
    ------
    UnitError
        If a word is not known or the unit cannot be read.

    Examples
    --------
    >>> to_udunits("person"), to_udunits("person/year"), to_udunits("dmnl")
    ('count', 'year-1', '1')
    >>> to_udunits("hour/(person*year)")
    'hour year-1'
    """
    powers: dict[str, int] = {}
    counted: list[int] = []
    for word, power in _factors(unit):
        lower = _singular(word.lower())
        if lower in _PHYSICAL:
            name = _PHYSICAL[lower]
            powers[name] = powers.get(name, 0) + power
        elif lower in _COUNTED:
            counted.append(power)
        elif lower not in _MONEY and lower not in _PLAIN:
            allowed = [*_COUNTED, *_MONEY, *_PLAIN, *_PHYSICAL]
            raise UnitError(f"unit '{unit}': '{word}' is not a known unit{nearest(word, allowed)}")
    parts = [name if power == 1 else f"{name}{power}" for name, power in powers.items() if power]
    if parts:
        return " ".join(parts)
    return "count" if counted == [1] else "1"


def _singular(word: str) -> str:
    if word in _PLURALS:
        return _PLURALS[word]
    known = word[:-1] in _PHYSICAL or word[:-1] in _COUNTED
    return word[:-1] if word.endswith("s") and known else word


def _factors(unit: str) -> list[tuple[str, int]]:
    """Split a unit into words, each with its power."""
    found: list[tuple[str, int]] = []
    position, sign, signs, want_word = 0, 1, [1], True
    while position < len(unit):
        match = _WORD.match(unit, position)
        if match is None:
            raise _unreadable(unit, f"'{unit[position]}' at character {position + 1}")
        token, position = match.group(1), match.end()
        if token == "(" and want_word:
            signs.append(signs[-1] * sign)
            sign = 1
        elif token == ")" and not want_word and len(signs) > 1:
            signs.pop()
        elif token in ("*", "/") and not want_word:
            sign, want_word = (1 if token == "*" else -1), True
        elif token.startswith("^") and not want_word and unit[: match.start()].rstrip().endswith(found[-1][0]):
            found[-1] = (found[-1][0], found[-1][1] * int(token[1:]))
        elif token not in ("*", "/", "(", ")") and not token.startswith("^") and want_word:
            found.append((token, signs[-1] * sign))
            want_word = False
        else:
            raise _unreadable(unit, f"'{token}' before character {position + 1}")
    if want_word or len(signs) > 1:
        raise _unreadable(unit, "the end")
    return found


def _unreadable(unit: str, found: str) -> UnitError:
    return UnitError(
        f"unit '{unit}' cannot be read: {found} was not expected; write names joined by * and /, such as person/year"
    )
