"""Writing and reading tidy CSV: one number a row, its labels beside it, the rest in three lines of comment above.

The first line says what the file is. The second holds the SHA-256 of all bytes behind it, so that no changed byte goes
unseen. The third holds the coordinates and attributes as JSON, so that the dataset comes back identical. Any program
that skips lines beginning with ``#`` reads the table.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
from typing import Any, Final

import numpy as np
import xarray as xr

from krapte_sd.errors import FileError
from krapte_sd.files.atomic import read_whole, replace_file
from krapte_sd.files.contents import CHECKSUM
from krapte_sd.files.encode import SCHEMA_VERSION, encode
from krapte_sd.files.layout import TIME, YEAR

__all__ = ["MARK", "WHEN", "open_tidy", "write_tidy"]

MARK: Final = b"# krapte_sd tidy table, schema version "
_SEAL: Final = b"# sha256 of what follows: "
_LAYOUT: Final = b"# layout: "
WHEN: Final = {TIME: "1 January", YEAR: "whole year"}
_AGAIN: Final = "restore it from a copy or run the forecast again"
_FOREIGN: Final = "to read it unchecked: pandas.read_csv(path, comment='#')"


def write_tidy(ds: xr.Dataset, path: str | os.PathLike[str]) -> str:
    """Write a labelled dataset to a tidy CSV file.

    Parameters
    ----------
    ds : xarray.Dataset
        As for `krapte_sd.files.write_netcdf`; data variables must be numbers.
    path : str or path-like
        The file to make or to replace.

    Returns
    -------
    str
        The SHA-256 of the contents, the same as that of the netCDF file of the dataset.

    Raises
    ------
    FileError
        If the dataset cannot be kept without loss or the file cannot be written. The old file is untouched then.
    """
    checksum = str(encode(ds).attrs[CHECKSUM])
    body = _body(ds, checksum)
    seal = hashlib.sha256(body).hexdigest().encode()
    data = MARK + str(SCHEMA_VERSION).encode() + b"\n" + _SEAL + seal + b"\n" + body
    back = _parsed(data, os.fspath(path))
    try:
        xr.testing.assert_identical(ds, back)
    except AssertionError as error:
        raise FileError(f"{path}: this dataset would not be read back as it was written:\n{error}") from error
    replace_file(path, data)
    return checksum


def open_tidy(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a file of `write_tidy` and check it.

    Returns
    -------
    xarray.Dataset
        Identical to the dataset that was written.

    Raises
    ------
    FileError
        If the file is missing, changed in any byte, or not a tidy table of krapte_sd.
    """
    data = read_whole(path)
    return _parsed(data, os.fspath(path))


def _body(ds: xr.Dataset, checksum: str) -> bytes:
    layout = {
        CHECKSUM: checksum,
        "attrs": _plain(ds.attrs),
        "coords": {str(name): _entry(each.variable, values=True) for name, each in ds.coords.items()},
        "data_vars": {str(name): _entry(each.variable, values=False) for name, each in ds.data_vars.items()},
    }
    text = io.StringIO()
    text.write(_LAYOUT.decode() + json.dumps(layout, ensure_ascii=False, allow_nan=False) + "\n")
    columns = _columns(ds)
    text.write(_header(columns) + "\n")
    for name, each in ds.data_vars.items():
        values = each.values
        if values.dtype.kind not in "fiub":
            raise FileError(f"variable '{name}': type {values.dtype} found; a tidy table holds numbers only")
        kept = values.astype("int8") if values.dtype.kind == "b" else values
        # repr of a Python float, or of a 32-bit number, is the shortest text that reads as the same number.
        numbers = map(str, kept.ravel()) if kept.dtype.itemsize < 8 else map(repr, kept.ravel().tolist())
        text.writelines(map("{},{}\n".format, _labels(ds, str(name), columns), numbers))
    return text.getvalue().encode("utf-8")


def _columns(ds: xr.Dataset) -> list[str]:
    """Give the dimensions that get a column of their own: all but time."""
    found = {str(dim): None for each in ds.data_vars.values() for dim in each.dims}
    return [dim for dim in found if dim not in WHEN]


def _header(columns: list[str]) -> str:
    return ",".join(["variable", "unit", *columns, "when", "year", "value"])


def _labels(ds: xr.Dataset, name: str, columns: list[str]) -> list[str]:
    """Give the text in front of each number of a variable, in the order of its values."""
    each = ds[name]
    where = next((str(dim) for dim in each.dims if dim in WHEN), "")
    axes = []
    for dim in each.dims:
        values = ds[dim].values if dim in ds.coords else np.arange(each.sizes[dim])
        if dim == TIME:
            values = values.astype("datetime64[Y]").astype(int) + 1970
        axes.append([_quoted(str(value)) for value in values])
    begin = f"{name},{_quoted(str(each.attrs.get('units', '')))}"
    dims = [str(dim) for dim in each.dims]
    at = [dims.index(dim) if dim in dims else None for dim in columns]
    year = dims.index(where) if where else None
    rows = []
    for place in itertools.product(*axes):
        cells = [begin, *("" if k is None else place[k] for k in at)]
        cells += [WHEN[where], place[year]] if year is not None else ["", ""]
        rows.append(",".join(cells))
    return rows


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\n\r#') else text


def _plain(attrs: Any) -> dict[str, Any]:
    return {str(k): v.tolist() if isinstance(v, np.ndarray | np.generic) else v for k, v in attrs.items()}


def _entry(variable: xr.Variable, *, values: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "dims": list(variable.dims),
        "dtype": str(variable.dtype),
        "shape": list(variable.shape),
        "attrs": _plain(variable.attrs),
    }
    if values:
        dates = variable.dtype.kind == "M"
        entry["values"] = (np.datetime_as_string(variable.values) if dates else variable.values).ravel().tolist()
    return entry


def _parsed(data: bytes, where: str) -> xr.Dataset:
    """Check and read the bytes of a file."""
    first, _, rest = data.partition(b"\n")
    if not first.startswith(MARK):
        what = f"it begins with {data[:20]!r}" if data else "it is empty"
        raise FileError(f"{where}: not a tidy table of krapte_sd ({what}); {_FOREIGN}")
    second, _, body = rest.partition(b"\n")
    found = hashlib.sha256(body).hexdigest().encode()
    if second != _SEAL + found:
        told = second.removeprefix(_SEAL)[:80].decode("ascii", "replace")
        raise FileError(
            f"{where}: the file was cut or changed: behind its second line it has the SHA-256 {found.decode()}, but "
            f"'{told}' stands there; {_AGAIN}, or {_FOREIGN}"
        )
    version = first.removeprefix(MARK).decode("ascii", "replace")
    if version != str(SCHEMA_VERSION):
        raise FileError(
            f"{where}: the file has schema version {version[:20]!r}, this version of krapte_sd reads {SCHEMA_VERSION}; "
            "use the version of krapte_sd that wrote the file"
        )
    try:
        layout, ds = _rebuilt(body)
        checksum = encode(ds).attrs[CHECKSUM]
    # Only a file made on purpose gets here; it can end in any of these.
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
        MemoryError,
        OSError,
        RecursionError,
    ) as error:
        raise FileError(f"{where}: the table does not fit its description ({str(error)[:200]}); {_AGAIN}") from error
    if checksum != layout.get(CHECKSUM):
        raise FileError(f"{where}: the contents were changed: '{CHECKSUM}' does not fit them; {_AGAIN}")
    return ds


def _rebuilt(body: bytes) -> tuple[dict[str, Any], xr.Dataset]:
    head, _, table = body.partition(b"\n")
    if not head.startswith(_LAYOUT):
        raise ValueError("no line with the layout")
    layout = json.loads(head.removeprefix(_LAYOUT))
    coords = {
        name: xr.Variable(e["dims"], np.array(e["values"], e["dtype"]).reshape(e["shape"]), e["attrs"])
        for name, e in layout["coords"].items()
    }
    lines = table.decode("utf-8").split("\n")
    entries = layout["data_vars"]
    sizes = {name: int(np.prod(e["shape"], dtype=object)) for name, e in entries.items()}
    if lines[-1] or len(lines) != sum(sizes.values()) + 2:
        raise ValueError(f"{len(lines) - 2} numbers, {sum(sizes.values())} described")
    data, start = {}, 1
    for name, entry in entries.items():
        texts = [line.rpartition(",")[2] for line in lines[start : start + sizes[name]]]
        dtype = "int8" if entry["dtype"] == "bool" else entry["dtype"]
        values = np.array(list(map(float if "float" in dtype else int, texts)), dtype).reshape(entry["shape"])
        data[name] = xr.Variable(entry["dims"], values.astype(entry["dtype"]), entry["attrs"])
        start += sizes[name]
    ds = xr.Dataset(data, coords, layout["attrs"])
    columns = _columns(ds)
    if lines[0] != _header(columns):
        raise ValueError("other columns than described")
    wanted = itertools.chain.from_iterable(_labels(ds, str(name), columns) for name in ds.data_vars)
    if any(line.rpartition(",")[0] != label for line, label in zip(lines[1:-1], wanted, strict=True)):
        raise ValueError("a row has other labels than its place")
    return layout, ds
