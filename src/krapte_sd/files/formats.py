"""The formats a forecast can be written in, chosen by the end of the name."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable
from typing import Any, Final

import xarray as xr

from krapte_sd.errors import FileError, nearest
from krapte_sd.files.atomic import check_target, read_whole, replace_file
from krapte_sd.files.contents import CHECKSUM
from krapte_sd.files.encode import SCHEMA_VERSION, encode
from krapte_sd.files.iamc import check_table, iamc_table
from krapte_sd.files.netcdf import open_netcdf, write_netcdf
from krapte_sd.files.tidy import MARK, open_tidy, write_tidy
from krapte_sd.files.workbook import check_library, open_book, write_iamc_book, write_workbook

__all__ = ["SUFFIXES", "check_file", "check_output", "open_forecast", "suffix_of", "write_forecast"]

SUFFIXES: Final = (".nc", ".zarr", ".iamc.csv", ".iamc.xlsx", ".csv", ".xlsx")
"""Longest first where one ends in another."""

_WHOLE: Final = "whole and unchanged"


def suffix_of(path: str | os.PathLike[str]) -> str:
    """Give the end of a name that says its format.

    Raises
    ------
    FileError
        If it is none of `SUFFIXES`.
    """
    name = os.fspath(path)
    found = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)
    if found is None:
        end = os.path.splitext(name)[1]  # noqa: PTH122 - a name that no path can have must not fail here
        raise FileError(
            f"{name}: the end of the name says the format; found '{end[:20]}', allowed: {', '.join(SUFFIXES)}"
            f"{nearest(end[:20], SUFFIXES)}"
        )
    return found


def check_output(path: str | os.PathLike[str]) -> str:
    """Check before the work that a forecast can be written at `path`; give the end of its name.

    Raises
    ------
    FileError
        If the end of the name is not known, a library is missing, or nothing can be written there.
    """
    suffix = suffix_of(path)
    if suffix == ".zarr":
        from krapte_sd.files.zarr import check_store

        check_store(path)
    else:
        check_target(path)
    if suffix.endswith(".xlsx"):
        check_library()
    return suffix


def write_forecast(ds: xr.Dataset, path: str | os.PathLike[str]) -> str:
    """Write a forecast; the end of the name says how.

    ``.nc`` (netCDF), ``.zarr`` (Zarr) and ``.csv`` (tidy CSV) hold everything and can be opened again with
    `open_forecast`; ``.iamc.csv`` and ``.iamc.xlsx`` (IAMC format, for pyam) and ``.xlsx`` (workbook) are for other
    programs and hold nothing by age. A file is replaced in one step; the same dataset gives the same bytes.

    Parameters
    ----------
    ds : xarray.Dataset
        A dataset of `krapte_sd.run`.
    path : str or path-like
        The file to make or to replace.

    Returns
    -------
    str
        The SHA-256 of the contents: for netCDF, Zarr and CSV of the dataset, for workbooks of their cells, for IAMC CSV
        of the bytes.

    Raises
    ------
    FileError
        If the dataset cannot be written without loss, or nothing can be written there. The old file is untouched then.

    Examples
    --------
    >>> import tempfile, pathlib, krapte_sd as ks
    >>> ds = ks.run("baseline", until=2024)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = ks.write_forecast(ds, pathlib.Path(folder) / "forecast.csv")
    ...     ks.open_forecast(pathlib.Path(folder) / "forecast.csv").identical(ds)
    True
    """
    suffix = suffix_of(path)
    writers: dict[str, Callable[[xr.Dataset, Any], str]] = {
        ".nc": write_netcdf,
        ".csv": write_tidy,
        ".xlsx": write_workbook,
        ".iamc.csv": _write_iamc,
        ".iamc.xlsx": write_iamc_book,
    }
    if suffix == ".zarr":
        from krapte_sd.files.zarr import write_zarr

        return write_zarr(ds, path)
    return writers[suffix](ds, path)


def _write_iamc(ds: xr.Dataset, path: str | os.PathLike[str]) -> str:
    data = iamc_table(ds).to_csv(index=False, lineterminator="\n").encode()
    replace_file(path, data)
    return hashlib.sha256(data).hexdigest()


def open_forecast(path: str | os.PathLike[str]) -> xr.Dataset:
    """Open a forecast that was written as netCDF, Zarr or tidy CSV, and check it.

    Parameters
    ----------
    path : str or path-like
        A file (or Zarr store) of `write_forecast`.

    Returns
    -------
    xarray.Dataset
        Identical to the dataset that was written, in memory.

    Raises
    ------
    FileError
        If the file is missing, damaged, changed, or of a format that does not hold a whole dataset.
    """
    suffix = suffix_of(path)
    if suffix == ".zarr":
        from krapte_sd.files.zarr import open_zarr

        return open_zarr(path)
    if suffix in (".xlsx", ".iamc.xlsx", ".iamc.csv"):
        raise FileError(
            f"{path}: a table for other programs, which does not hold a whole dataset; write .nc, .zarr or .csv to "
            "open it again, or read this one with pandas or pyam"
        )
    return open_netcdf(path) if suffix == ".nc" else open_tidy(path)


def check_file(path: str | os.PathLike[str]) -> dict[str, str]:
    """Check a file of any format that `write_forecast` writes, and say what is in it.

    Returns
    -------
    dict of str to str
        ``state`` first, then format, schema version, sizes and provenance.

    Raises
    ------
    FileError
        If the file is missing, damaged, changed, or not one of krapte_sd.
    """
    suffix = suffix_of(path)
    if suffix.endswith(".xlsx"):
        about, tables = open_book(path)
        sizes = ", ".join(f"{name} {len(table)}" for name, table in tables.items())
        return {"state": _WHOLE, "rows by sheet": sizes, **{key: str(value) for key, value in about.items()}}
    if suffix == ".iamc.csv":
        return _check_iamc(path)
    ds = open_forecast(path)
    sizes = ", ".join(f"{name} {size}" for name, size in ds.sizes.items())
    checksum = str(encode(ds).attrs[CHECKSUM])
    told = {"schema version": str(SCHEMA_VERSION), CHECKSUM: checksum, "dimensions": sizes}
    told["variables"] = str(len(ds.data_vars))
    return {"state": _WHOLE, **told, **{str(key): str(value) for key, value in ds.attrs.items()}}


def _check_iamc(path: str | os.PathLike[str]) -> dict[str, str]:
    import pandas as pd

    where = os.fspath(path)
    data = read_whole(path)
    if data.startswith(MARK):
        raise FileError(f"{where}: a tidy table, not one in the IAMC format; let its name end in .csv alone")
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8")), strict=True))
    except (ValueError, csv.Error) as error:  # among them text that is not UTF-8
        raise FileError(f"{where}: not a table in the IAMC format ({error}); write it again") from error
    width = len(rows[0]) if rows else 0
    ragged = [
        f"row {k + 1}: {len(row)} cells, the first row has {width}" for k, row in enumerate(rows) if len(row) != width
    ]
    if ragged or not rows:
        raise FileError.collect(f"{where}: not a table in the IAMC format", ragged[:20] or ["the file is empty"])
    checked = check_table(pd.DataFrame(rows[1:], columns=rows[0], dtype=str), where)
    return {
        "state": "the form is right; this format has no place for a checksum, so changed numbers are not seen",
        "format": "IAMC",
        "rows": str(len(checked)),
        "variables": str(checked["Variable"].nunique()),
        "years": f"{min(map(int, checked.columns[5:]))} to {max(map(int, checked.columns[5:]))}",
    }
