"""Cuts the text of a Vensim model file into entries, with their lines.

PySD's own reader reports places inside one expression and swallows the next
entry when a ``~`` or ``|`` is missing; here every entry keeps its line, so that
all mistakes of a file can be reported together and be found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["SKETCH", "Entry", "Group", "Macro", "macros", "split"]

#: Everything from here on is the drawing.
SKETCH = "\\\\\\---///"
_SKETCH = re.compile(r"\\{2,3}---///")
_GROUP_STARS = re.compile(r"\*{3,}")
_MACRO = re.compile(r":MACRO:(?P<head>[^|~]*?\))(?P<body>.*?):END OF MACRO:", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One entry of the file: ``equation ~ unit ~ comment |``."""

    line: int
    equation: str
    unit: str
    doc: str
    group: str


@dataclass(frozen=True)
class Group:
    """A group of entries, written between lines of stars."""

    line: int
    name: str
    doc: str


@dataclass(frozen=True)
class Macro:
    """A macro: its name, its arguments and the entries of its body."""

    line: int
    name: str
    arguments: tuple[str, ...]
    entries: tuple[Entry, ...]


def macros(text: str, file: str) -> tuple[list[Macro], list[str]]:
    """Find the macros of a model file, and what is wrong with them.

    Parameters
    ----------
    text : str
        The whole file.
    file : str
        Its name, for messages.
    """
    body = _SKETCH.split(text, maxsplit=1)[0]
    found: list[Macro] = []
    problems: list[str] = []
    for each in _MACRO.finditer(body):
        line = body.count("\n", 0, each.start()) + 1
        head = re.fullmatch(r"\s*(?P<name>[^(]+)\((?P<arguments>.*)\)\s*", _squeeze(each["head"]))
        if not head or ":" in head["arguments"]:
            problems.append(f"{file}:{line}: the macro '{_squeeze(each['head'])}' must be 'name(argument, argument)'")
            continue
        before = "\n" * body.count("\n", 0, each.start("body"))
        entries, _, wrong = split(before + each["body"], file)
        problems += wrong
        arguments = tuple(argument.strip() for argument in head["arguments"].split(","))
        found.append(Macro(line, head["name"].strip(), arguments, tuple(entries)))
    return found, problems


def _blank(found: re.Match[str]) -> str:
    """Keep the lines of a piece of text that is left out."""
    return re.sub(r"[^\n]", " ", found.group())


def split(text: str, file: str) -> tuple[list[Entry], list[Group], list[str]]:
    """Cut a model file into entries.

    Parameters
    ----------
    text : str
        The whole file.
    file : str
        Its name, for messages.

    Returns
    -------
    entries : list of Entry
        The entries in order.
    groups : list of Group
        The groups in order.
    problems : list of str
        What is not an entry, each with its line.
    """
    body = _SKETCH.split(text, maxsplit=1)[0]
    body = body.removeprefix("\ufeff")
    # The encoding is kept as blanks so that the lines stay right; macros are read by `macros`.
    body = re.sub(r"\A\s*\{[^}]*\}", _blank, body)
    entries: list[Entry] = []
    groups: list[Group] = []
    problems: list[str] = []

    body = _MACRO.sub(_blank, body)
    group = ""
    for line, chunk, closed in _chunks(body):
        if not chunk.strip():
            continue
        where = f"{file}:{line}"
        if not closed:
            problems.append(f"{where}: the entry '{_short(chunk)}' is not closed by '|'")
            continue
        parts = _parts(chunk)
        if _GROUP_STARS.match(parts[0].strip()):
            name = _GROUP_STARS.sub("", parts[0]).strip().lstrip(".").strip()
            group = name
            groups.append(Group(line, name, _squeeze(" ".join(parts[1:]))))
            continue
        if len(parts) < 3 or len(parts) > 4:
            problems.append(
                f"{where}: the entry '{_short(parts[0])}' has {len(parts) - 1} '~'; an entry is "
                "'equation ~ unit ~ comment |'" + (_swallowed(parts) if len(parts) > 4 else "")
            )
            continue
        if len(parts) == 4 and ":SUPPLEMENTARY" not in parts[3].upper() and parts[3].strip():
            problems.append(f"{where}: unknown flag '{_short(parts[3])}' after the comment")
        entries.append(Entry(line, _squeeze(parts[0]), _squeeze(parts[1]), _squeeze(parts[2]), group))
    return entries, groups, problems


def _chunks(text: str) -> list[tuple[int, str, bool]]:
    """Cut at ``|`` outside quotes; quotes count in the equation only, as comments may hold a lone one."""
    chunks: list[tuple[int, str, bool]] = []
    begin, tildes, quoted = 0, 0, False
    for position, letter in enumerate(text):
        if letter == '"' and tildes == 0 and text[position - 1 : position] != "\\":
            quoted = not quoted
        elif letter == "~" and not quoted:
            tildes += 1
        elif letter == "|" and not quoted:
            chunks.append((_line(text, begin), text[begin:position], True))
            begin, tildes, quoted = position + 1, 0, False
    if text[begin:].strip():
        chunks.append((_line(text, begin), text[begin:], False))
    return chunks


def _line(text: str, begin: int) -> int:
    """Line of the first letter that is not white space from `begin` on."""
    rest = text[begin:]
    return text.count("\n", 0, begin + len(rest) - len(rest.lstrip())) + 1


def _parts(chunk: str) -> list[str]:
    parts: list[str] = []
    begin, quoted = 0, False
    for position, letter in enumerate(chunk):
        if letter == '"' and not parts and chunk[position - 1 : position] != "\\":
            quoted = not quoted
        elif letter == "~" and not quoted:
            parts.append(chunk[begin:position])
            begin = position + 1
    return [*parts, chunk[begin:]]


def _squeeze(text: str) -> str:
    # A backslash at the end of a line continues it.
    return re.sub(r"\s+", " ", re.sub(r"\\[ \t]*\n", " ", text)).strip()


def _short(text: str, length: int = 60) -> str:
    text = _squeeze(text)
    return text if len(text) <= length else text[: length - 3] + "..."


def _swallowed(parts: list[str]) -> str:
    return f"; is the '|' missing before '{_short(parts[2].split('=')[0], 40)}'?"
