"""Reading small YAML files strictly and with the line of every entry.

Plain YAML surprises: a key given twice silently wins, ``NO`` becomes false, a
few lines of aliases expand to gigabytes. Here a key may stand once, there are no
aliases, no tags and no second document, and only numbers, true, false and null are not text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from krapte_sd.parameters.problems import Problems

__all__ = ["YamlDocument", "read_yaml"]

_DEEPEST: Final = 20
_INTEGER: Final = re.compile(r"[-+]?[0-9]+\Z", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z", re.ASCII)
_WORDS: Final[dict[str, object]] = {"": None, "~": None, "null": None, "true": True, "false": False}
# Longer digit strings are names or mistakes, and int() on them is slow or refused.
_LONGEST_NUMBER: Final = 40

Path_ = tuple[str | int, ...]


@dataclass
class YamlDocument:
    """The content of a YAML file.

    Attributes
    ----------
    data : object
        Dictionaries, lists, str, int, float, bool and None.
    lines : dict
        The line (from 1) at which the entry with a path, e.g. ``("parameters", "x", "unit")``, stands.
    """

    data: Any
    lines: dict[Path_, int] = field(default_factory=dict)

    def line(self, path: Path_) -> int:
        """Return the line of an entry, or of the nearest entry around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def _row(event: yaml.Event) -> int:
    mark = event.start_mark
    return 1 if mark is None else mark.line + 1


def _scalar(event: yaml.ScalarEvent) -> object:
    text: str = event.value
    # The parser in C gives an empty style to plain scalars, that in Python none.
    if not event.implicit[0] or event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _LONGEST_NUMBER:
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            return float(text)
    return text


class _Open:
    """A mapping or sequence that is being read."""

    def __init__(self, path: Path_, into: dict[str, Any] | list[Any]) -> None:
        self.path = path
        self.into = into
        self.key: str | None = None
        self.skipped = False


class _Builder:
    """Builds plain data from parser events, one pass, no recursion."""

    def __init__(self, file: str, problems: Problems) -> None:
        self.file = file
        self.problems = problems
        self.document = YamlDocument(None)
        self.stack: list[_Open] = []
        self.documents = 0

    def refuse(self, event: yaml.Event, what: str, remedy: str, found: object = None) -> None:
        self.problems.add(f"{self.file}:{_row(event)}", what, found=found, remedy=remedy)

    def path_of_next(self) -> Path_:
        if not self.stack:
            return ()
        top = self.stack[-1]
        return (*top.path, len(top.into) if top.key is None else top.key)

    def place(self, value: object) -> None:
        """Put a finished or opened value where it belongs."""
        if not self.stack:
            self.document.data = value
            return
        top = self.stack[-1]
        if isinstance(top.into, list):
            top.into.append(value)
            return
        if not top.skipped and top.key is not None:
            top.into[top.key] = value
        top.key, top.skipped = None, False

    def take_key(self, event: yaml.ScalarEvent) -> None:
        top = self.stack[-1]
        key = str(event.value)
        top.skipped = key in top.into
        if top.skipped:
            first = self.document.lines.get((*top.path, key), 1)
            self.refuse(event, f"the key stands twice (first in row {first})", "delete one of the two", found=key)
        else:
            self.document.lines[(*top.path, key)] = _row(event)
        top.key = key

    def take(self, event: yaml.Event) -> bool:
        """Take one event; return False if reading cannot go on."""
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.refuse(event, "a second document in one file", "delete the line '---' or make two files")
                return False
            return True
        if isinstance(event, yaml.AliasEvent):
            self.refuse(event, "an alias is not allowed", "write the value out", found=f"*{event.anchor}")
            return False
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            self.refuse(event, "a tag is not allowed", "delete the tag", found=tag)
            return False
        awaits_key = bool(self.stack) and isinstance(self.stack[-1].into, dict) and self.stack[-1].key is None
        if isinstance(event, yaml.ScalarEvent):
            if awaits_key:
                self.take_key(event)
            else:
                self.document.lines.setdefault(self.path_of_next(), _row(event))
                self.place(_scalar(event))
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            return self.open(event, awaits_key)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.stack.pop()
        return True

    def open(self, event: yaml.Event, awaits_key: bool) -> bool:
        if awaits_key:
            self.refuse(event, "a list or mapping cannot be a key", "use a name as key")
            return False
        if len(self.stack) >= _DEEPEST:
            self.refuse(event, f"nested more than {_DEEPEST} levels deep", "flatten the file")
            return False
        path = self.path_of_next()
        self.document.lines.setdefault(path, _row(event))
        into: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.place(into)
        self.stack.append(_Open(path, into))
        return True


def read_yaml(text: str, file: str, problems: Problems) -> YamlDocument | None:
    """Read the text of a YAML file.

    Parameters
    ----------
    text : str
        The content.
    file : str
        The name used in messages.
    problems : Problems
        Takes what is wrong, each with its line.

    Returns
    -------
    YamlDocument or None
        None if the text is not YAML or holds something that is not allowed here.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(file, problems)
    try:
        for event in yaml.parse(text, Loader=loader):
            if not builder.take(event):
                return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        row = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        problems.add(f"{file}{row}", f"not valid YAML: {error.problem}", remedy="correct the syntax of this line")
        return None
    except yaml.YAMLError as error:
        problems.add(file, f"not valid YAML: {str(error).splitlines()[0]}", remedy="save the file as plain text")
        return None
    return builder.document
