"""Collecting what is wrong with one input, so that it is reported at once.

One line for each kind of mistake and each wrong thing found:
``file:row:column: what; found; allowed; nearest match; remedy``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from krapte_sd.errors import ParameterError, nearest

__all__ = ["Problems", "clipped", "listed"]

_LONGEST_FOUND = 60
_MOST_LISTED = 12
# A file with a million broken rows must still give a message that can be read.
_MOST_PER_KIND = 20
_MOST_LINES = 150


def clipped(text: object) -> str:
    """Quote what was found, shortened so that one bad cell cannot fill the message."""
    plain = str(text)
    if len(plain) > _LONGEST_FOUND:
        plain = plain[:_LONGEST_FOUND] + "..."
    return repr(plain)


def listed(names: Iterable[object]) -> str:
    """List allowed names, the first dozen if there are many."""
    every = [str(name) for name in names]
    if len(every) <= _MOST_LISTED:
        return ", ".join(every)
    return ", ".join(every[:_MOST_LISTED]) + f", ... ({len(every)} in all)"


@dataclass
class Problems:
    """Problems of one input, in the order they were found.

    Attributes
    ----------
    lines : list of str
        One finished line for each problem.
    """

    lines: list[str] = field(default_factory=list)
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(
        self,
        where: str,
        what: str,
        *,
        found: object = None,
        allowed: str | Iterable[object] | None = None,
        match: Iterable[str] | None = None,
        remedy: str = "",
        more: int = 0,
    ) -> None:
        """Note one problem.

        Parameters
        ----------
        where : str
            ``file``, ``file:row`` or ``file:row:column``, or the name of a parameter.
        what : str
            What is wrong.
        found : object, optional
            What stands there; quoted and shortened.
        allowed : str or iterable, optional
            What would be right.
        match : iterable of str, optional
            Names among which the nearest match is looked for; defaults to `allowed` if that is a list.
        remedy : str, optional
            What to do.
        more : int, optional
            How many further rows have the same problem.
        """
        kind = (where.split(":", 1)[0], what)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] > _MOST_PER_KIND:
            return
        parts = [f"{where}: {what}"]
        if found is not None:
            parts.append(f"found {clipped(found)}")
        if allowed is not None:
            names = None if isinstance(allowed, str) else [str(name) for name in allowed]
            parts.append(f"allowed: {allowed if names is None else listed(names)}")
            match = names if match is None else match
        text = "; ".join(parts)
        if found is not None and match is not None:
            text += nearest(str(found)[:_LONGEST_FOUND], match)
        if remedy:
            text += f"; remedy: {remedy}"
        if more:
            text += f" (and {more} more row{'s' if more > 1 else ''})"
        self.lines.append(text)

    def __bool__(self) -> bool:
        return bool(self.lines)

    def raise_if_any(self, heading: str) -> None:
        """Raise one `ParameterError` with all problems, or return if there are none."""
        if not self.lines:
            return
        left_out = [
            f"{where}: {what}: {count - _MOST_PER_KIND} further problems of this kind"
            for (where, what), count in self._counts.items()
            if count > _MOST_PER_KIND
        ]
        more = len(self.lines) - _MOST_LINES
        if more > 0:
            left_out.append(f"and {more} further problems")
        raise ParameterError.collect(heading, [*self.lines[:_MOST_LINES], *left_out])
