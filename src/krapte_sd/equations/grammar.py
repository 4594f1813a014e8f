"""PySD's grammar, entry by entry: the only module that imports its translators.

PySD passes some parts of a file to ``eval``: the display range of a lookup, which
is checked here to hold numbers only and then left out, and what its grammar has
recognised as numbers.
"""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from typing import Any

__all__ = ["LITERAL_BASE", "load_pysd", "parse_entry", "split_mapping"]

_NUMBER = r"\s*[+-]?\s*(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*"
_PAIR = rf"\s*\({_NUMBER},{_NUMBER}\)\s*"
_DISPLAY = re.compile(rf"{_PAIR}-{_PAIR}(?:,{_PAIR})*")
_BRACKETS = re.compile(r"\(\s*\[(?P<range>[^\]]*)\]\s*,")
#: PySD turns '-2' of '-2^2' into a number before the power is taken. The base is hidden in a call of this name.
LITERAL_BASE = "base of power"
_BASE = re.compile(
    r"(?P<before>(?:^|[=*/^(,<>;:+\-])\s*-\s*)(?P<base>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?P<after>\s*\^)"
)
_STATEFUL = re.compile(
    r"\b(?:DELAY\w*(?:[\s_]+(?:N|FIXED))?|SMOOTH\w*(?:[\s_]+N)?|TREND|FORECAST|INITIAL|INTEG|GAME|PULSE[\s_]+TRAIN"
    r"|SAMPLE[\s_]+IF[\s_]+TRUE|ALLOCATE[\s_]+\w+|GET[\s_]+(?:XLS|DIRECT)[\s_]+\w+)(?=\s*\()",
    re.IGNORECASE,
)
_SUBSCRIPT_CALL = re.compile(r"GET[\s_]+(XLS|DIRECT)[\s_]+SUBSCRIPT", re.IGNORECASE)


def load_pysd() -> None:
    """Import PySD for the first time without the warnings it sets off in the libraries it uses."""
    if "pysd" not in sys.modules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module("pysd")


def parse_entry(equation: str) -> tuple[Any, str]:
    """Let PySD's grammar read one entry.

    Parameters
    ----------
    equation : str
        The text before the first ``~``, in one line.

    Returns
    -------
    component : object or None
        PySD's component, its right-hand side parsed; None if there is a problem.
    problem : str
        What is wrong.
    """
    load_pysd()
    from parsimonious.exceptions import ParseError, VisitationError
    from pysd.translators.vensim.vensim_element import Element

    for found in _BRACKETS.finditer(equation):
        if not _DISPLAY.fullmatch(found["range"]):
            return None, f"the range '[{found['range'][:60]}]' of a lookup must be '[(x,y)-(x,y)]' with numbers"
    text = _outside_quotes(equation)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            component = Element(split_mapping(text)[0], "", "").parse()
            kind = type(component).__name__
            if kind in ("Constraint", "TestInput"):
                return None, "reality checks are not supported"
            if kind != "SubscriptRange":
                component.parse()
    except ParseError as error:
        return None, _syntax(equation, error)
    except (
        VisitationError, RecursionError, KeyError, TypeError, ValueError, SyntaxError, IndexError, AttributeError,
        OverflowError, NameError,
    ) as error:  # fmt: skip
        return None, f"the equation '{equation[:80]}' cannot be read: {_cause(equation, error)}"
    return component, ""


def _outside_quotes(equation: str) -> str:
    """Prepare the text for PySD: the display range of lookups left out, bases of powers kept from their minus."""
    pieces = re.split(r'("(?:[^"\\]|\\.)*"|\'[^\']*\')', equation)
    for k in range(0, len(pieces), 2):
        pieces[k] = _BRACKETS.sub("(", pieces[k])
        pieces[k] = _BASE.sub(rf"\g<before>{LITERAL_BASE}(\g<base>)\g<after>", pieces[k])
    return "".join(pieces)


def split_mapping(equation: str) -> tuple[str, list[tuple[str, tuple[str, ...] | None]], str]:
    """Take the mapping off a subscript range.

    Returns
    -------
    str
        The text without it.
    list of (str, tuple of str or None)
        Ranges it is mapped to, with their elements if they are listed.
    str
        What is wrong with the mapping.
    """
    head, arrow, tail = equation.partition("->")
    if not arrow or "<->" in equation or "=" in head or ":" not in head or head.count('"') % 2:
        return equation, [], ""
    mapping: list[tuple[str, tuple[str, ...] | None]] = []
    position = 0
    pattern = re.compile(r"\s*(?:\((?P<range>[^:()]+):(?P<items>[^()]+)\)|(?P<name>[^,()]+))\s*(?:,|$)")
    while position < len(tail):
        found = pattern.match(tail, position)
        if not found:
            return head.strip(), mapping, f"the mapping '->{tail[:60]}' cannot be read at '{tail[position:][:40]}'"
        if found["name"] is not None:
            mapping.append((found["name"].strip(), None))
        else:
            mapping.append((found["range"].strip(), tuple(each.strip() for each in found["items"].split(","))))
        position = found.end()
    return head.strip(), mapping, "" if mapping else "the mapping '->' names no range"


def _cause(equation: str, error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "Integ" in str(error) and "argument" in str(error):
        return "INTEG needs a flow and an initial value"
    if "positional argument" in str(error):
        names = dict.fromkeys(" ".join(each.upper().replace("_", " ").split()) for each in _STATEFUL.findall(equation))
        return f"{' or '.join(names) or 'a function'} has too few or too many arguments"
    return text[:120]


def _syntax(equation: str, error: Any) -> str:
    """Say where in an equation the grammar stopped."""
    left, sign, right = equation.partition("=")
    rest = str(getattr(error, "text", ""))[getattr(error, "pos", 0) :].strip()
    rest = re.sub(rf"{LITERAL_BASE}\(([^)]*)\)", r"\1", rest)
    if not sign:
        if _SUBSCRIPT_CALL.search(equation):
            return f"the range '{equation[:80]}' cannot be read"
        hint = f"; a data variable is written '{left.strip()}:INTERPOLATE:' or ':HOLD BACKWARD:'"
        return f"'{equation[:80]}' is neither an equation nor a range{hint}"
    if not right.strip():
        return f"'{left.strip()}' has no right-hand side"
    place = f"before '{rest[:50]}'" if rest else "at its end"
    if rest == equation:
        return f"the left-hand side '{left.strip()[:60]}' cannot be read"
    return f"the equation of '{left.strip()}' cannot be read {place}"
