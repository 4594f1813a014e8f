"""Excel workbooks: a sheet for each theme, the sources, and a sheet that says what the file is and guards its cells.

A workbook is for readers, not for storage: ages and members are left to netCDF. Numbers have 16
digits. The same dataset gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import xarray as xr

from krapte_sd.errors import FileError
from krapte_sd.files.atomic import read_whole, replace_file
from krapte_sd.files.encode import SCHEMA_VERSION
from krapte_sd.files.iamc import AGE, check_table, iamc_table, wide_rows, years_of
from krapte_sd.files.tidy import WHEN

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_library", "open_book", "write_iamc_book", "write_workbook"]

ABOUT: Final = "about"
VERSION, SEAL = "schema version", "sha256 of the other sheets"
_BEGIN: Final = "krapte_sd"
_CLOCK: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_LONGEST: Final = 32_767  # characters that a cell may hold
_MOST_BYTES: Final = 400 * 2**20
_MOST_ROWS, _MOST_CELLS = 200_000, 6_000_000
_AGAIN: Final = "restore it from a copy or write it again"

Rows = list[list[Any]]


def check_library() -> Any:
    """Give openpyxl, or say how to get it."""
    try:
        import openpyxl
    except ImportError as error:
        raise FileError(
            "Excel workbooks need the package openpyxl; remedy: pip install 'krapte_sd[excel]', or write CSV (.csv)"
        ) from error
    return openpyxl


def write_workbook(ds: xr.Dataset, path: str | os.PathLike[str]) -> str:
    """Write a forecast as an Excel workbook.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast. The attribute ``module`` of a variable names its sheet, ``references`` of the dataset holds one
        source a line. What is by age is left out.
    path : str or path-like
        The file to make or to replace.

    Returns
    -------
    str
        The SHA-256 of the cells, as it stands on the sheet ``about``.

    Raises
    ------
    FileError
        If the dataset has members, or the file cannot be written.
    """
    themes: dict[str, list[str]] = {}
    for name, each in ds.data_vars.items():
        if AGE not in each.dims:
            themes.setdefault(str(each.attrs.get("module", "variables")), []).append(str(name))
    references = str(ds.attrs.get("references", "")).splitlines()
    sheets = {_sheet_name(theme): _theme(ds, names) for theme, names in sorted(themes.items())}
    sheets["sources"] = [["Source of figures"], *([line] for line in references)]
    return _write(path, sheets, ds, "workbook, a sheet for each theme; nothing by age")


def write_iamc_book(ds: xr.Dataset, path: str | os.PathLike[str]) -> str:
    """Write the IAMC table of a forecast as a workbook with the sheet ``data``; see `write_workbook`."""
    table = iamc_table(ds)
    rows = table.astype(object).where(table.notna(), None).values.tolist()
    return _write(path, {"data": [[str(c) for c in table.columns], *rows]}, ds, "IAMC format, sheet data")


def _sheet_name(theme: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", " ", theme)[:31]


def _theme(ds: xr.Dataset, names: list[str]) -> Rows:
    """Make the rows of one theme: labels in front, then a column for each year, or one for what has no time."""
    spread = {name: wide_rows(ds, name) for name in names}
    dims = list(dict.fromkeys(dim for have, _ in spread.values() for dim in have))
    times: list[int | str] = sorted({year for name in names for year in years_of(ds, name)})
    times += ["value"] if not all(years_of(ds, name) for name in names) else []
    named = {dim: dict(zip(map(str, ds[dim].values), map(str, ds[f"{dim}_name"].values), strict=True)) for dim in dims
             if f"{dim}_name" in ds.coords and ds[f"{dim}_name"].dims == (dim,)}  # fmt: skip
    columns = [column for dim in dims for column in ([dim, f"{dim}_name"] if dim in named else [dim])]
    rows: Rows = [["variable", "what", "unit", "when", *columns, *times]]
    for name, (have, found) in spread.items():
        attrs = ds[name].attrs
        when = next((text for dim, text in WHEN.items() if dim in ds[name].dims), None)
        begin = [name, str(attrs.get("description", attrs.get("long_name", name))), str(attrs.get("units", "")), when]
        at = [times.index(year) for year in years_of(ds, name)] or [times.index("value")]
        for labels, values in found:
            place: dict[str, str] = dict(zip(have, labels, strict=True))
            cells: list[Any] = []
            for dim in dims:
                label = place.get(dim)
                cells += [label, named[dim].get(label or "")] if dim in named else [label]
            line: list[Any] = [None] * len(times)
            for k, value in zip(at, values, strict=True):
                line[k] = float(value)
            rows.append([*begin, *cells, *line])
    return rows


def _digest(sheets: Iterable[tuple[str, Iterable[list[Any]]]]) -> str:
    """SHA-256 over names of sheets and cells; empty cells at the end of a row and empty rows do not count."""
    digest = hashlib.sha256()
    for name, rows in sheets:
        digest.update(json.dumps([name]).encode())
        for number, row in enumerate(rows):
            cells = [float(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell for cell in row]
            while cells and cells[-1] in (None, ""):
                cells.pop()
            if cells:
                digest.update(json.dumps([number, *(c if c != "" else None for c in cells)], default=str).encode())
    return digest.hexdigest()


def _as_kept(value: Any) -> Any:
    """Give a number as it comes back: openpyxl writes 16 digits."""
    return float(f"{value:.16g}") if isinstance(value, float) else value


def _write(path: str | os.PathLike[str], sheets: dict[str, Rows], ds: xr.Dataset, kind: str) -> str:
    openpyxl = check_library()
    checksum = _digest((name, [[_as_kept(cell) for cell in row] for row in rows]) for name, rows in sheets.items())
    about: Rows = [[_BEGIN, kind], [VERSION, SCHEMA_VERSION], [SEAL, checksum]]
    about += [[str(key), str(value)[:_LONGEST]] for key, value in ds.attrs.items() if key != "references"]
    book = openpyxl.Workbook(write_only=True)
    for name, rows in {**sheets, ABOUT: about}.items():
        sheet = book.create_sheet(name)
        _widths(sheet, rows)
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    replace_file(path, _packed(book))
    return checksum


def _widths(sheet: Any, rows: Rows) -> None:
    sheet.freeze_panes = "A2"
    for at, cell in enumerate(rows[0]):
        texts = [str(row[at]) for row in rows[:500] if at < len(row) and isinstance(row[at], str)]
        letter = check_library().utils.get_column_letter(at + 1)
        sheet.column_dimensions[letter].width = max(10, min(60, max(map(len, [str(cell), *texts])) + 1))


def _cell(sheet: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub(" ", value))
    cell.data_type = "s"  # a text that begins with = is no formula
    return cell


def _packed(book: Any) -> bytes:
    """Give the bytes of a workbook without the clock that openpyxl and zip put in."""
    made, clean = io.BytesIO(), io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(clean, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename == "docProps/core.xml":
                data = _CLOCK.sub(b"2000-01-01T00:00:00Z", data)
            new.writestr(zipfile.ZipInfo(item.filename), data, zipfile.ZIP_DEFLATED)
    return clean.getvalue()


def open_book(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Read a workbook of this library and check that no cell was changed.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    tuple
        What stands on the sheet ``about``, and each other sheet as a table.

    Raises
    ------
    FileError
        If the file is missing, damaged, changed, or not one of krapte_sd.
    """
    import pandas as pd

    where = os.fspath(path)
    sheets = _sheets(path, where)
    told = sheets.pop(ABOUT, [])
    about = {str(row[0]): row[1] for row in told if len(row) > 1 and row[0] is not None}
    if not told or str(told[0][0]) != _BEGIN or SEAL not in about:
        raise FileError(
            f"{where}: not a workbook of krapte_sd: no sheet '{ABOUT}' of ours; open it with pandas.read_excel"
        )
    if about.get(VERSION) != SCHEMA_VERSION:
        raise FileError(
            f"{where}: the file has schema version {str(about.get(VERSION))[:20]!r}, this version of krapte_sd reads "
            f"{SCHEMA_VERSION}; use the version of krapte_sd that wrote the file"
        )
    found = _digest(sheets.items())
    if found != about[SEAL]:
        raise FileError(
            f"{where}: cells were changed: they have the SHA-256 {found}, but {str(about[SEAL])[:80]} stands on the "
            f"sheet '{ABOUT}'; {_AGAIN}, or open it with pandas.read_excel"
        )
    tables = {}
    for name, rows in sheets.items():
        width = max(map(len, rows), default=0)
        full = [row + [None] * (width - len(row)) for row in rows]
        tables[name] = pd.DataFrame(full[1:], columns=full[0] if full else None)
    if "data" in tables:
        tables["data"] = check_table(tables["data"], where)
    return about, tables


def _sheets(path: str | os.PathLike[str], where: str) -> dict[str, Rows]:
    data = read_whole(path)
    openpyxl = check_library()
    if not data.startswith(b"PK"):
        what = f"it begins with {data[:8]!r}" if data else "it is empty"
        raise FileError(f"{where}: not an Excel workbook ({what}); give a file of `krapte-sd run`")
    try:
        _check_archive(data, where)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        return {sheet.title: list(_rows(sheet, where)) for sheet in book.worksheets}
    except FileError:
        raise
    # What a damaged or made-up workbook ends in: openpyxl and its parser promise no more.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError, NotImplementedError,
            RuntimeError, SyntaxError, struct.error, zlib.error, zipfile.BadZipFile, MemoryError) as error:  # fmt: skip
        raise FileError(f"{where}: the workbook is damaged ({str(error)[:200]}); {_AGAIN}") from error


def _check_archive(data: bytes, where: str) -> None:
    """Check before anything is unpacked: no small file may ask for much memory, and each part has its own checksum."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(item.file_size for item in archive.infolist()) > min(_MOST_BYTES, 200 * len(data)):
            raise FileError(f"{where}: the workbook claims to unpack to more than it can hold; {_AGAIN}")
        if (bad := archive.testzip()) is not None:
            raise FileError(f"{where}: the workbook is damaged in its part {bad[:80]}; {_AGAIN}")


def _rows(sheet: Any, where: str) -> Iterator[list[Any]]:
    sheet.reset_dimensions()  # the size is counted, not believed
    cells = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        cells += len(row)
        if number > _MOST_ROWS or cells > _MOST_CELLS:
            raise FileError(f"{where}: sheet '{sheet.title[:40]}' has too many cells for a forecast; {_AGAIN}")
        yield list(row)
