"""Tables of parameters as plain rows: read, changed and written with the same bytes for what did not change."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from krapte_sd.errors import FileError, ParameterError
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.problems import Problems
from krapte_sd.parameters.strict_yaml import read_yaml
from krapte_sd.statistics.declared import PERIOD

__all__ = ["DIMENSIONS", "Content", "Key", "Keys", "folder_of", "read_content", "shown", "write_rows", "write_source"]

DIMENSIONS: Final = ("region", "sector", "sex", "age", PERIOD)

Key = tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """The table of parameters that some figures stand in.

    Attributes
    ----------
    header : list of str
        Its columns.
    rows : list of list of str
        All rows.
    """

    header: list[str]
    rows: list[list[str]]

    def key(self, row: list[str]) -> Key:
        """Return the code of a row in each of `DIMENSIONS`."""
        cells = dict(zip(self.header, row, strict=True))
        return tuple(cells.get("year" if name == PERIOD and "year" in cells else name, "") for name in DIMENSIONS)

    def of(self, name: str, sources: Iterable[str]) -> dict[Key, str]:
        """Return the values of one parameter or series that come from some sources."""
        value, source = self.header.index("value"), self.header.index("source")
        return {self.key(row): row[value] for row in self.rows if row[0] == name and row[source] in sources}


class Keys:
    """The keys of the sources that are replaced: the declared ones, and those of earlier refreshes."""

    def __init__(self, sources: Iterable[str], key: str) -> None:
        self.sources = frozenset(sources)
        self.refreshed = re.compile(re.escape(key) + r"_[0-9]{8}\Z")

    def __contains__(self, name: object) -> bool:
        return name in self.sources or bool(self.refreshed.match(str(name)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.sources)


def shown(key: Key) -> str:
    """Write the codes of a figure."""
    return " ".join(filter(None, key))


def folder_of(folder: str | Path | None) -> Path:
    """Return the folder of parameters; the shipped one if none is given."""
    return parameters_folder() if folder is None else Path(folder)


def read_content(folder: Path, file: str) -> Content:
    """Read a table of parameters or observations.

    Raises
    ------
    FileError, ParameterError
        If there is none, or it has not the shape of one.
    """
    path = folder / f"{file}.csv"
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: cannot be read: {error}; give a folder of parameters") from error
    header = rows[0] if rows else []
    if "value" not in header or "source" not in header or any(len(row) != len(header) for row in rows):
        raise ParameterError(f"{path}: not a table of parameters; see krapte_sd.parameters.read_parameters")
    return Content(header, rows[1:])


def write_rows(folder: Path, file: str, content: Content) -> None:
    """Write a table in the order and form all of them have."""
    # The order of the tables: by name, dimensions and time; tables of parameters count ages and years.
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(content.header)
    places = range(content.header.index("value"))

    counts = content.header[0] == "parameter"

    def order(row: list[str]) -> tuple[tuple[bool, int, str], ...]:
        cells = (row[i] for i in places)
        return tuple((True, int(each), "") if counts and each.isdigit() else (False, 0, each) for each in cells)

    ordered: list[list[str]] = sorted(content.rows, key=order)
    writer.writerows(ordered)
    (folder / f"{file}.csv").write_bytes(text.getvalue().encode())


def write_source(folder: Path, file: str, key: str, source: Mapping[str, str], content: Content) -> None:
    """Name the new source beside the table, and drop those that no figure refers to any more."""
    import yaml

    path = folder / f"{file}.yaml"
    problems = Problems()
    document = read_yaml(path.read_text(encoding="utf-8"), path.name, problems)
    problems.raise_if_any(f"parameters in {folder}")
    assert document is not None  # else there was a problem
    described: dict[str, Any] = document.data
    column = content.header.index("source")
    used = {row[column] for row in content.rows}
    kept = {name: each for name, each in described["sources"].items() if name in used}
    described["sources"] = kept | {key: dict(source)}
    text = yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    path.write_bytes(text.encode())
