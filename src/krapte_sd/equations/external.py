"""Reads the tables a model file names: GET DIRECT and GET XLS CONSTANTS, DATA, LOOKUPS, SUBSCRIPT.

Cells are addressed as Vensim does it: ``'B2'`` is the first cell, ``'B2*'`` the
first cell of a transposed block, a name is a named range of the workbook, and the
series of DATA and LOOKUPS runs along a row (``'4'``), a column (``'A'``) or a named
range. A point without value is left out, as in Vensim; a missing constant and a
cell that holds no number are problems.
"""

from __future__ import annotations

import csv
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TableError", "Tables"]

_SHEETS = {".xls", ".xlsx", ".xlsm", ".xlsb", ".odf", ".ods", ".odt"}
_CELL = re.compile(r"([A-Za-z]{1,3})([1-9]\d*)")

Cells = NDArray[np.object_]
Points = tuple[NDArray[np.float64], NDArray[np.float64]]


class TableError(Exception):
    """What is wrong with a table; the reader adds the place in the model file."""


class Tables:
    """The tables beside one model file, each read once.

    Parameters
    ----------
    folder : Path
        Folder of the model file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.grids: dict[tuple[Path, str], Cells] = {}
        self.files: dict[Path, bytes] = {}

    # -- what a model file asks for ----------------------------------------------------------------------------------

    def constants(self, file: str, tab: str, cell: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Numbers of a block.

        Parameters
        ----------
        file, tab, cell : str
            As written in the model file.
        shape : tuple of int
            Lengths of the subscripts, at most two of them above one.

        Raises
        ------
        TableError
            If the file, the place or a number is not there.
        """
        _texts(file, tab, cell)
        long = [each for each in shape if each > 1]
        if len(long) > 2:
            raise TableError("one call fills at most two subscripts; write one equation for each element of the others")
        rows, columns = [1] * (2 - len(long)) + long
        turned = cell.endswith("*") and rows * columns > 1
        if turned:
            rows, columns = columns, rows
        cell = cell.rstrip("*")
        block, where = self._block(file, tab, cell, rows, columns)
        numbers = np.array(
            [
                [self._number(value, where, row, column, needed=True) for column, value in enumerate(line)]
                for row, line in enumerate(block)
            ]
        )
        return (numbers.T if turned else numbers).reshape(shape)

    def series(self, file: str, tab: str, line: str, cell: str, shape: tuple[int, ...]) -> list[Points]:
        """Points of a lookup or of data, for each element of `shape` in order.

        Raises
        ------
        TableError
            As in `constants`, and if the series is not increasing or empty.
        """
        _texts(file, tab, line, cell)
        long = [each for each in shape if each > 1]
        if len(long) > 1:
            raise TableError("one call fills at most one subscript; write one equation for each element of the others")
        count = long[0] if long else 1
        x, y = self._lines(file, tab, line, cell, count)
        result = []
        for number in range(count):
            there = ~np.isnan(x) & ~np.isnan(y[:, number])
            xs, ys = x[there], y[there, number]
            order = np.argsort(xs, kind="stable")
            xs, ys = xs[order], ys[order]
            if not xs.size:
                raise TableError(f"no point with a value from {cell} on in {self._shown(file, tab)}")
            if (np.diff(xs) == 0).any():
                double = xs[:-1][np.diff(xs) == 0][0]
                raise TableError(f"the series {line} holds {double:g} twice in {self._shown(file, tab)}")
            result.append((xs, ys))
        return result

    def labels(self, file: str, tab: str, first: str, last: str, prefix: str) -> list[str]:
        """Elements of a subscript range.

        Raises
        ------
        TableError
            If the cells are not there or empty.
        """
        place = _split(first)
        if place is None:
            row, column, rows, columns = self._named(file, tab, first)
        else:
            row, column = place
            end = _split(last)
            grid = self._grid(file, tab)
            if end is not None:
                rows, columns = end[0] - row + 1, end[1] - column + 1
            elif last.isdigit():
                rows, columns = int(last) - row, grid.shape[1] - column
            elif last:
                rows, columns = grid.shape[0] - row, _column(last) - column + 1
            else:
                rows, columns = grid.shape[0] - row, grid.shape[1] - column
        block = self._grid(file, tab)[row : row + rows, column : column + columns]
        found = [prefix + _text(each) for each in block.ravel() if not _empty(each)]
        if not found:
            raise TableError(f"no element from {first} on in {self._shown(file, tab)}")
        return found

    # -- cells -------------------------------------------------------------------------------------------------------

    def _lines(
        self, file: str, tab: str, line: str, cell: str, count: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Series and data, the data of shape (points, count); NaN where a cell is empty."""
        place = _split(cell)
        grid = self._grid(file, tab)
        if line.isdigit() and place is not None:
            row, column = int(line) - 1, place[1]
            x, y = grid[row : row + 1, column:], grid[place[0] : place[0] + count, column:]
            corner, step = (row, column), (place[0], column)
            y = y.T
        elif place is not None:
            column = _column(line)
            x, y = grid[place[0] :, column : column + 1].T, grid[place[0] :, place[1] : place[1] + count]
            corner, step = (place[0], column), place
        else:
            row, column, rows, columns = self._named(file, tab, line)
            if rows > 1 and columns > 1:
                raise TableError(f"'{line}' is a block and not a row or column in {self._shown(file, tab)}")
            x = grid[row : row + rows, column : column + columns]
            corner = (row, column)
            first, second, height, width = self._named(file, tab, cell)
            y = grid[first : first + height, second : second + width]
            step = (first, second)
            if columns > 1:
                y = y.T
            x = x.reshape(1, -1)
        if y.shape != (x.size, count):
            raise TableError(
                f"the data at {cell} are {y.shape[0]} by {y.shape[1]}, the series {line} and the subscripts need "
                f"{x.size} by {count}, in {self._shown(file, tab)}"
            )
        shown = self._shown(file, tab)
        series = np.array([self._number(each, (shown, *corner), 0, 0, needed=False) for each in x.ravel()])
        data = np.array(
            [[self._number(each, (shown, *step), 0, 0, needed=False) for each in each_row] for each_row in y]
        )
        return series, data.reshape(x.size, count)

    def _block(self, file: str, tab: str, cell: str, rows: int, columns: int) -> tuple[Cells, tuple[str, int, int]]:
        place = _split(cell)
        if place is None:
            row, column, height, width = self._named(file, tab, cell)
            if (height, width) != (rows, columns):
                raise TableError(
                    f"'{cell}' is {height} by {width} cells, the subscripts need {rows} by {columns}, "
                    f"in {self._shown(file, tab)}"
                )
        else:
            row, column = place
        block = self._grid(file, tab)[row : row + rows, column : column + columns]
        if block.shape != (rows, columns):
            raise TableError(f"{rows} by {columns} cells from {cell} on are not all there in {self._shown(file, tab)}")
        return block, (self._shown(file, tab), row, column)

    def _number(self, value: Any, where: tuple[str, int, int], row: int, column: int, *, needed: bool) -> float:
        shown, first, second = where
        if _empty(value):
            if needed:
                raise TableError(f"the cell {_name(first + row, second + column)} is empty in {shown}")
            return float("nan")
        try:
            if isinstance(value, bool):
                raise TypeError  # noqa: TRY301
            number = float(value)
        except (TypeError, ValueError):
            if needed:
                raise TableError(
                    f"the cell {_name(first + row, second + column)} holds '{value}', not a number, in {shown}"
                ) from None
            # Beside a series there may be titles and notes; a point needs two numbers.
            return float("nan")
        if not np.isfinite(number) and needed:
            raise TableError(f"the cell {_name(first + row, second + column)} is not finite in {shown}")
        return number

    def _path(self, file: str) -> Path:
        if file.startswith("?"):
            raise TableError(f"'{file}' names a file indirectly, which is not supported; write the name of the file")
        path = self.folder / file
        if path not in self.files:
            try:
                self.files[path] = path.read_bytes()
            except OSError as error:
                raise TableError(f"the table '{file}' cannot be read: {error.strerror or error}") from None
        return path

    def _grid(self, file: str, tab: str) -> Cells:
        path = self._path(file)
        if (path, tab) not in self.grids:
            self.grids[path, tab] = (
                self._sheet(path, file, tab) if path.suffix.lower() in _SHEETS else self._text(path, tab)
            )
        return self.grids[path, tab]

    def _sheet(self, path: Path, file: str, tab: str) -> Cells:
        import pandas as pd

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with pd.ExcelFile(path) as book:
                    name = next((each for each in book.sheet_names if str(each).lower() == tab.lower()), None)
                    if name is None:
                        sheets = ", ".join(str(each) for each in book.sheet_names)
                        raise TableError(f"there is no sheet '{tab}' in '{file}'; it has {sheets}")  # noqa: TRY301
                    return book.parse(name, header=None, dtype=object).to_numpy(dtype=object)
        except TableError:
            raise
        except Exception as error:
            # Readers of spreadsheets raise whatever their format makes them raise.
            raise TableError(f"the table '{file}' cannot be read: {error}") from None

    def _text(self, path: Path, tab: str) -> Cells:
        separator = tab if tab and not tab[0].isalnum() else ("," if path.suffix.lower() == ".csv" else "\t")
        if len(separator) != 1:
            raise TableError(f"the separator '{tab}' of '{path.name}' must be one character")
        try:
            rows = list(csv.reader(self.files[path].decode("utf-8-sig").splitlines(), delimiter=separator))
        except (UnicodeDecodeError, csv.Error) as error:
            raise TableError(f"the table '{path.name}' cannot be read: {error}") from None
        width = max((len(each) for each in rows), default=0)
        cells = np.full((len(rows), width), None, dtype=object)
        for number, row in enumerate(rows):
            cells[number, : len(row)] = [each.strip() for each in row]
        return cells

    def _named(self, file: str, tab: str, name: str) -> tuple[int, int, int, int]:
        """First row and column, and size, of a named range."""
        path = self._path(file)
        if path.suffix.lower() not in (".xlsx", ".xlsm"):
            raise TableError(f"'{name}' is not a cell, and '{file}' is no .xlsx with named ranges")
        from openpyxl import load_workbook

        try:
            book = load_workbook(path, data_only=True)
        except Exception as error:
            raise TableError(f"the table '{file}' cannot be read: {error}") from None
        sheet = next((each for each in book.sheetnames if each.lower() == tab.lower()), None)
        if sheet is None:
            raise TableError(f"there is no sheet '{tab}' in '{file}'; it has {', '.join(book.sheetnames)}")
        found = book[sheet].defined_names.get(name) or book.defined_names.get(name)
        places = list(found.destinations) if found is not None else []
        if len(places) != 1 or places[0][0].lower() != tab.lower():
            raise TableError(f"there is no range named '{name}' on the sheet '{tab}' of '{file}'")
        ends = [_split(each) for each in places[0][1].replace("$", "").split(":")]
        if None in ends:
            raise TableError(f"the range named '{name}' of '{file}' is not a block of cells")
        (row, column), (last, right) = ends[0], ends[-1]  # type: ignore[misc]
        return row, column, last - row + 1, right - column + 1

    def _shown(self, file: str, tab: str) -> str:
        return f"'{file}', sheet '{tab}'" if Path(file).suffix.lower() in _SHEETS else f"'{file}'"


def _texts(*parts: Any) -> None:
    """Check that all arguments are texts: the grammar lets expressions pass."""
    if not all(isinstance(each, str) for each in parts):
        raise TableError("the arguments of GET must be texts in single quotes, such as 'table.xlsx'")


def _split(cell: str) -> tuple[int, int] | None:
    found = _CELL.fullmatch(cell)
    return (int(found[2]) - 1, _column(found[1])) if found else None


def _column(letters: str) -> int:
    if not re.fullmatch(r"[A-Za-z]{1,3}", letters):
        raise TableError(f"'{letters}' is not a row, a column or a named range that fits the cell")
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _name(row: int, column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


def _empty(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float) and np.isnan(value))
        or (isinstance(value, str) and not value.strip())
    )


def _text(value: Any) -> str:
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value).strip()
