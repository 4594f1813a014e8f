"""Writing and reading netCDF: CF-1.11, checksummed, compressed, the same bytes each time.

The file is made in memory and then put in its place as bytes (see `atomic`).
HDF5 itself never touches the disk: when the disk is full it keeps the file open,
and the space taken, until the process ends.

Behind the end of the HDF5 file, where no reader looks, stand 83 bytes: a mark
and the SHA-256 of everything before. They are checked before HDF5 sees a byte,
because HDF5 does not survive every damaged file: a single wrong bit was seen to
end the process with "double free or corruption". A consequence is that a file
rewritten by another program, even without loss, is not taken for ours any more.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

import numpy as np
import xarray as xr

from krapte_sd.errors import FileError
from krapte_sd.files.atomic import read_whole, replace_file
from krapte_sd.files.contents import Attribute, Contents, Variable
from krapte_sd.files.decode import check, decode
from krapte_sd.files.encode import encode
from krapte_sd.files.hdf5 import without_clock

__all__ = ["open_netcdf", "write_netcdf"]

MARK = b"\nkrapte_sd sha256 "
_TRAILER = len(MARK) + 64 + 1  # the mark, the digits, a line end
_DEFLATE_RATIO = 1032  # no zlib stream unpacks to more than this many times its size


def write_netcdf(ds: xr.Dataset, path: str | os.PathLike[str]) -> str:
    """Write a labelled dataset to a netCDF file that follows CF-1.11.

    The target is replaced in one step: whoever reads sees the old file or the
    new one, whole. The same dataset gives the same bytes in every process and at
    every time. Every variable is compressed and has a Fletcher-32 checksum; the
    attribute ``content_sha256`` covers everything.

    Parameters
    ----------
    ds : xarray.Dataset
        Strings on ``region``, ``sector``, ``sex`` and the like; stocks on ``time``
        (datetime64, 1 January), flows on ``year`` (integers); attribute ``units``
        in the vocabulary of the model on every data variable. All numbers finite.
        Attributes of the dataset (provenance) are written as they are.
    path : str or path-like
        The file to make or to replace.

    Returns
    -------
    str
        The SHA-256 of the contents, as it stands in the file.

    Raises
    ------
    FileError
        If the dataset cannot be kept without loss (all reasons in one message)
        or the file cannot be written. The old file is untouched then.

    Notes
    -----
    Atomic replacement and the CF recipe were measured by killing writers and by
    running ``compliance-checker``; the tests repeat both.
    """
    contents = encode(ds)
    data = _seal(_pack(contents))
    # Checked before the file takes its place: what a reader will get is what was given.
    back = decode(_unpack(data, os.fspath(path)), os.fspath(path))
    try:
        xr.testing.assert_identical(ds, back)
    except AssertionError as error:
        raise FileError(f"{path}: this dataset would not be read back as it was written:\n{error}") from error
    replace_file(path, data)
    return str(contents.attrs["content_sha256"])


def open_netcdf(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a file of `write_netcdf`, all of it, and check it.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    xarray.Dataset
        Identical to the dataset that was written, in memory.

    Raises
    ------
    FileError
        If the file is missing, unreadable, damaged in any bit that matters, or
        not a file of krapte_sd.
    """
    where = os.fspath(path)
    data = read_whole(path)
    contents = _unpack(data, where)
    check(contents, where)
    return decode(contents, where)


def _pack(contents: Contents) -> bytes:
    import netCDF4

    file = netCDF4.Dataset("krapte_sd.nc", "w", format="NETCDF4", memory=1)
    try:
        file.setncatts({name: contents.attrs[name] for name in sorted(contents.attrs)})
        for dim in sorted(contents.sizes):
            file.createDimension(dim, contents.sizes[dim])
        for name in sorted(contents.variables):
            variable = contents.variables[name]
            made = file.createVariable(
                name,
                variable.values.dtype,
                variable.dims,
                compression="zlib",
                fletcher32=True,
                shuffle=True,
                endian="native" if variable.values.dtype.kind == "S" else "little",
                fill_value=False,
            )
            made.set_auto_maskandscale(False)
            made.set_auto_chartostring(False)
            made.setncatts({key: variable.attrs[key] for key in sorted(variable.attrs)})
            made[...] = variable.values
    except BaseException:
        file.close()
        raise
    return without_clock(bytes(file.close()))


def _seal(data: bytes) -> bytes:
    return data + MARK + hashlib.sha256(data).hexdigest().encode() + b"\n"


def _check_seal(data: bytes, where: str) -> None:
    """Refuse every file that is not byte for byte as it was written."""
    if not data:
        raise FileError(f"{where}: the file is empty; run the forecast again")
    if not data.startswith(b"\x89HDF\r\n\x1a\n"):
        raise FileError(
            f"{where}: this is not a netCDF-4 file (it starts with {data[:8]!r}); give a file of `krapte-sd run`"
        )
    body, trailer = data[:-_TRAILER], data[-_TRAILER:]
    if not trailer.startswith(MARK):
        raise FileError(
            f"{where}: the checksum of krapte_sd is missing at the end: the file was cut, or written by another "
            "program; restore it from a copy, or open it unchecked with xarray.open_dataset"
        )
    if _seal(body) != data:
        found = hashlib.sha256(body).hexdigest()
        raise FileError(
            f"{where}: the file is damaged or was changed: its bytes have the SHA-256 {found}, but "
            f"{trailer[len(MARK) : -1].decode('ascii', 'replace')} stands at its end; "
            "restore it from a copy or run the forecast again"
        )


def _unpack(data: bytes, where: str) -> Contents:
    import netCDF4

    _check_seal(data, where)
    try:
        file = netCDF4.Dataset("krapte_sd.nc", "r", memory=data)
        try:
            return _contents(file, len(data), where)
        finally:
            file.close()
    except FileError:
        raise
    # Only a file damaged on purpose gets here; it can end in any of these.
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError, MemoryError) as error:
        raise FileError(
            f"{where}: the file is damaged ({error}); restore it from a copy or run the forecast again"
        ) from error


def _contents(file: Any, size: int, where: str) -> Contents:
    unpacked = sum(int(np.prod(v.shape, dtype=object)) * np.dtype(v.dtype).itemsize for v in file.variables.values())
    if unpacked > _DEFLATE_RATIO * size:
        # Without this a wrong bit in the length of a dimension asks for terabytes.
        raise FileError(
            f"{where}: the file is damaged: {size} bytes cannot hold the {unpacked} bytes it claims; "
            "restore it from a copy or run the forecast again"
        )
    variables = {}
    for name, variable in file.variables.items():
        variable.set_auto_maskandscale(False)
        variable.set_auto_chartostring(False)
        variables[name] = Variable(tuple(variable.dimensions), np.asarray(variable[...]), _attributes(variable))
    sizes = {name: len(dim) for name, dim in file.dimensions.items()}
    return Contents(sizes, variables, _attributes(file))


def _attributes(holder: Any) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for name in holder.ncattrs():
        value = holder.getncattr(name)
        found[name] = value if isinstance(value, (str, list)) else np.asarray(value)
    return found
