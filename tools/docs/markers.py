"""Computed pieces inside hand-written Markdown.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->`` on lines of their own, a single figure between
``<!-- value: NAME -->`` and ``<!-- end -->`` inside a line (not at its beginning, where Markdown would take the comment
for a block). What lies between is replaced; everything else stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_TABLE = re.compile(r"^<!-- table: (?P<name>\w+) -->\n.*?^<!-- end -->$", re.MULTILINE | re.DOTALL)
_VALUE = re.compile(r"<!-- value: (?P<name>\w+) -->(?P<old>[^\n]*?)<!-- end -->")
_ANY = re.compile(r"<!-- (?:table: |value: |end)")


def names(text: str) -> list[str]:
    """List the names of the pieces in a text, in order; tables first."""
    return [found["name"] for pattern in (_TABLE, _VALUE) for found in pattern.finditer(text)]


def fill(text: str, pieces: Mapping[str, str], where: str) -> str:
    """Put the pieces between their markers.

    Raises
    ------
    ValueError
        If a marker has no end, stands at the beginning of a line, or names no piece.
    """
    unknown = sorted(set(names(text)) - set(pieces))
    if unknown:
        raise ValueError(f"{where}: no piece is called {', '.join(unknown)}; there are {', '.join(sorted(pieces))}")
    if re.search(r"^<!-- value: ", text, re.MULTILINE):
        raise ValueError(f"{where}: a value stands at the beginning of a line; wrap the line elsewhere")
    if len(_ANY.findall(text)) != 2 * len(names(text)):
        raise ValueError(f"{where}: a marker has no end, or an end has no marker")
    text = _TABLE.sub(lambda m: f"<!-- table: {m['name']} -->\n\n{pieces[m['name']]}\n\n<!-- end -->", text)
    return _VALUE.sub(lambda m: f"<!-- value: {m['name']} -->{pieces[m['name']]}<!-- end -->", text)


def refill(root: Path, page: str, pieces: Mapping[str, str], *, write: bool) -> list[str]:
    """Fill a page; gives its name if it was stale (and is written, if asked)."""
    path = root / page
    old = path.read_text(encoding="utf-8")
    new = fill(old, pieces, page)
    if new == old:
        return []
    if write:
        path.write_text(new, encoding="utf-8", newline="\n")
    return [page]


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """Write a Markdown table; the first `left` columns are aligned left, all others right."""
    lines = [head, ["---" if i < left else "---:" for i in range(len(head))], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def thousands(persons: float) -> str:
    """Write persons in thousands: whole, below ten thousand with one decimal."""
    return tenths(persons) if abs(persons) < 9950 else f"{persons / 1000:,.0f}"


def tenths(persons: float) -> str:
    """Write persons in thousands with one decimal."""
    return without_negative_zero(f"{persons / 1000:.1f}")


def signed(persons: float) -> str:
    """Write a change in thousands of persons, whole, with its sign."""
    return f"{round(persons / 1000):+,d}".replace("-", "−").replace("+0", "0")


def percent(share: float, decimals: int = 1) -> str:
    """Write a share in percent."""
    return without_negative_zero(f"{100 * share:.{decimals}f}")


def number(value: float, decimals: int = 1) -> str:
    """Write a number, with a minus sign if it is below zero as written."""
    return without_negative_zero(f"{value:.{decimals}f}").replace("-", "−")


def without_negative_zero(text: str) -> str:
    """Take the sign off a number that is zero as written."""
    return text.removeprefix("-") if float(text) == 0 else text
