"""Reading and checking the table of one theme.

A table has one value a row. It is read whole, every mistake is reported with its
row and column, and each parameter becomes a full array: nothing is filled,
clipped, repeated or guessed on the way.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.parameters.codes import (
    CODE,
    COLUMNS_AFTER,
    DIMENSIONS,
    DISTRIBUTIONS,
    FIRST_YEAR,
    FIXED_CODES,
    HIGHEST_AGE,
    LAST_YEAR,
    LOWEST_AGE,
    STATUSES,
)
from krapte_sd.parameters.metadata import Theme
from krapte_sd.parameters.problems import Problems

__all__ = ["RawTable", "check_cells", "read_table"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?\Z", re.ASCII)
_COMMA: Final = re.compile(r"\s*[+-]?[0-9.]*,[0-9]+\s*\Z", re.ASCII)
_NOT_FINITE: Final = re.compile(r"[+-]?(nan|inf|infinity)|na|n/a|null|none|\.", re.IGNORECASE)
_INTEGER: Final = re.compile(r"-?[0-9]{1,4}\Z", re.ASCII)
_LONGEST_CELL: Final = 200
_GIVE: Final = "give a number; a figure that is not known has the status unknown"


@dataclass(frozen=True)
class RawTable:
    """The cells of a table, by column, all as text.

    Attributes
    ----------
    file : str
        Name, for messages.
    columns : dict of str to list of str
        Cells by column; cell i stands in row ``i + 2`` of the file.
    """

    file: str
    columns: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.columns["parameter"])

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Dimension columns of this table, in their canonical order."""
        return tuple(name for name in DIMENSIONS if name in self.columns)


def _check_header(header: Sequence[str], file: str, problems: Problems) -> bool:
    before = len(problems.lines)
    needed = ("parameter", *COLUMNS_AFTER)
    allowed = ("parameter", *DIMENSIONS, *COLUMNS_AFTER)
    for name in needed:
        if name not in header:
            problems.add(f"{file}:1:{name}", "the column is missing", allowed=needed, remedy=f"add the column '{name}'")
    for position, name in enumerate(header):
        if name not in allowed:
            remedy = "rename or delete the column"
            problems.add(f"{file}:1:{position + 1}", "unknown column", found=name, allowed=allowed, remedy=remedy)
        elif name in header[:position]:
            problems.add(f"{file}:1:{name}", "the column stands twice", found=name, remedy="delete one of the two")
    return len(problems.lines) == before


def read_table(text: str, file: str, problems: Problems) -> RawTable | None:
    """Split the text of a CSV file into checked columns of text.

    Parameters
    ----------
    text : str
        Content, lines ending in LF.
    file : str
        Name, for messages.
    problems : Problems
        Takes what is wrong.

    Returns
    -------
    RawTable or None
        None if the file has not the shape of a table.
    """
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    if not lines:
        problems.add(f"{file}:1", "the file is empty", remedy="give it a header and rows, or delete the theme")
        return None
    rows: list[list[str]] = []
    reader = csv.reader(lines, strict=True)
    try:
        for row in reader:
            if reader.line_num != len(rows) + 1:
                raise csv.Error("a quoted cell runs over the end of the line")  # noqa: TRY301
            rows.append(row)
    except csv.Error as error:
        remedy = "close the quotation marks; keep every cell in one line"
        problems.add(f"{file}:{len(rows) + 1}", f"not a CSV row: {error}", remedy=remedy)
        return None
    header = rows.pop(0)
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        remedy = "save with commas between the columns and decimal points"
        problems.add(f"{file}:1", "the columns are not separated by commas", found=header[0], remedy=remedy)
        return None
    shaped = _check_header(header, file, problems)
    for number, row in enumerate(rows):
        if len(row) != len(header):
            problems.add(
                f"{file}:{number + 2}",
                f"the row has {len(row)} cells, the header has {len(header)}",
                found=",".join(row),
                remedy="delete the empty line" if not row else "write decimal points; quote text that holds a comma",
            )
            shaped = False
    if not rows:
        problems.add(f"{file}:2", "the table has no rows", remedy="give it rows, or delete the theme")
    if not shaped or not rows:
        return None
    return RawTable(file, {name: list(cells) for name, cells in zip(header, zip(*rows, strict=True), strict=True)})


class CellChecks:
    """The checks of single cells of one table; each gives codes or numbers for whole columns."""

    def __init__(self, table: RawTable, theme: Theme, problems: Problems) -> None:
        self.table = table
        self.theme = theme
        self.problems = problems
        self.wrong_rows: set[int] = set()

    def where(self, row: int, column: str) -> str:
        return f"{self.table.file}:{row + 2}:{column}"

    def bad(self, column: str, test: Callable[[str], bool], cells: Sequence[str] | None = None) -> dict[str, list[int]]:
        """Return the rows of every distinct cell that fails a test."""
        cells = self.table.columns[column] if cells is None else cells
        wrong = {cell for cell in set(cells) if not test(cell)}
        rows: dict[str, list[int]] = {}
        if wrong:
            for row, cell in enumerate(cells):
                if cell in wrong:
                    rows.setdefault(cell, []).append(row)
                    self.wrong_rows.add(row)
        return rows

    def vocabulary(self, column: str, allowed: Sequence[str], what: str, remedy: str) -> bool:
        """Check that every cell of a column is one of the allowed words."""
        names = frozenset(allowed)
        wrong = self.bad(column, names.__contains__)
        for cell, rows in wrong.items():
            label = f"the {column} is missing" if not cell else f"unknown {what}"
            shown = [name for name in allowed if name]
            self.problems.add(
                self.where(rows[0], column), label, found=cell, allowed=shown, remedy=remedy, more=len(rows) - 1
            )
        return not wrong

    def codes(self, column: str) -> None:
        """Check the codes of a dimension column; empty cells are judged by parameter, later."""
        extra = self.theme.codes.get(column, ())
        fixed = FIXED_CODES.get(column, ())
        known = (*fixed, *extra)
        if known:
            allowed = frozenset(known)
            remedy = f"correct the code, or declare it in the metadata under codes: {{{column}: [...]}}"
            wrong = self.bad(column, lambda cell: not cell or cell in allowed)
            for cell, rows in wrong.items():
                where = self.where(rows[0], column)
                what = f"unknown {column} code"
                self.problems.add(where, what, found=cell, allowed=known, remedy=remedy, more=len(rows) - 1)
            return
        for cell, rows in self.bad(column, lambda cell: not cell or bool(CODE.match(cell))).items():
            self.problems.add(
                self.where(rows[0], column),
                f"not a {column} code",
                found=cell,
                allowed="letters, digits, _ and -",
                remedy="correct the code",
                more=len(rows) - 1,
            )

    def integers(self, column: str, lowest: int, highest: int) -> None:
        """Check that cells are empty or whole numbers within bounds."""

        def good(cell: str) -> bool:
            return not cell or (bool(_INTEGER.match(cell)) and lowest <= int(cell) <= highest)

        for cell, rows in self.bad(column, good).items():
            whole = bool(re.match(r"-?[0-9]+\Z", cell, re.ASCII))
            self.problems.add(
                self.where(rows[0], column),
                f"the {column} is out of range" if whole else f"the {column} is not a whole number",
                found=cell,
                allowed=f"{lowest} to {highest}",
                remedy="give a completed age" if column == "age" else "give a calendar year",
                more=len(rows) - 1,
            )

    def numbers(self, column: str, optional: bool) -> Floats:
        """Turn a column into numbers; NaN where a cell is empty (and may be) or wrong (and reported)."""
        cells = self.table.columns[column]
        known: dict[str, float] = {"": float("nan")}
        for cell in set(cells):
            if len(cell) <= _LONGEST_CELL and _NUMBER.match(cell):
                value = float(cell)
                known[cell] = value if abs(value) < float("inf") else float("nan")
            elif cell:
                known[cell] = float("nan")
        wrong = self.bad(column, lambda cell: known[cell] == known[cell] or (optional and not cell))
        for cell, rows in wrong.items():
            what, remedy = _what_is_wrong(cell, column)
            self.problems.add(self.where(rows[0], column), what, found=cell, remedy=remedy, more=len(rows) - 1)
        return np.fromiter(map(known.__getitem__, cells), np.float64, len(cells))


def _what_is_wrong(cell: str, column: str) -> tuple[str, str]:
    if not cell:
        return f"the {column} is missing", _GIVE
    if _COMMA.match(cell[:_LONGEST_CELL]):
        return f"the {column} has a decimal comma", "write a decimal point and no thousands separator"
    if _NUMBER.match(cell[:_LONGEST_CELL]) or _NOT_FINITE.fullmatch(cell.strip()):
        return f"the {column} is not a finite number", _GIVE
    return f"the {column} is not a number", "write digits with a decimal point, without spaces or units"


def check_cells(table: RawTable, theme: Theme, problems: Problems) -> tuple[Floats, Floats, Floats, Flags]:
    """Check every cell of a table by itself.

    Parameters
    ----------
    table : RawTable
        The table.
    theme : Theme
        Its metadata.
    problems : Problems
        Takes what is wrong.

    Returns
    -------
    value, low, high : numpy.ndarray
        One number per row; `low` and `high` are NaN where the cell is empty.
    wrong : numpy.ndarray
        True for rows with a problem.
    """
    checks = CellChecks(table, theme, problems)
    checks.vocabulary(
        "parameter", tuple(theme.parameters), "parameter", "describe it in the metadata file, or correct the name"
    )
    for column in table.dimensions:
        if column == "age":
            checks.integers(column, LOWEST_AGE, HIGHEST_AGE)
        else:
            checks.codes(column)
    checks.integers("year", FIRST_YEAR, LAST_YEAR)
    checks.vocabulary("status", STATUSES, "status", "give one of these words")
    checks.vocabulary("distribution", DISTRIBUTIONS, "distribution", "give one of these words or nothing")
    checks.vocabulary(
        "source", tuple(theme.sources), "source key", "give a key listed under sources in the metadata file"
    )
    value = checks.numbers("value", optional=False)
    low = checks.numbers("low", optional=True)
    high = checks.numbers("high", optional=True)
    for given, other, one, missing in ((low, high, "low", "high"), (high, low, "high", "low")):
        # A cell that is wrong is already reported and must not be called missing as well.
        empty = np.fromiter((not cell for cell in table.columns[missing]), np.bool_, len(table))
        rows = np.flatnonzero(~np.isnan(given) & np.isnan(other) & empty)
        if rows.size:
            problems.add(
                checks.where(int(rows[0]), missing),
                f"{one} is given without {missing}",
                remedy="give both or neither",
                more=rows.size - 1,
            )
            checks.wrong_rows.update(rows.tolist())
    wrong = np.zeros(len(table), np.bool_)
    wrong[list(checks.wrong_rows)] = True
    return value, low, high, wrong
