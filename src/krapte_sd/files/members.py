"""Writing the members of an ensemble piece by piece, so that memory does not grow with their number.

The file has the same form as that of `write_netcdf` and is read by `open_netcdf`. The
template is a dataset with a single member; the numbers come from a function.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from krapte_sd.errors import FileError
from krapte_sd.files.atomic import check_target, explain_writing
from krapte_sd.files.contents import CHECKSUM, Contents, Digest, Variable
from krapte_sd.files.encode import encode

__all__ = ["MEMBER", "Read", "Stream", "write_members"]

MEMBER = "member"
Read = Callable[[str, int, int], npt.NDArray[Any]]
_SLAB = 32 * 2**20  # bytes of one variable in memory
_STORED = 2**20  # bytes of one compressed piece


class Stream:
    """Contents of a file whose members come piece by piece.

    Parameters
    ----------
    template : xarray.Dataset
        The dataset with one member; ``member`` is the first dimension of what members have.
    members : int
        Number of members.
    read : callable
        Gives, for a variable, a first member and the one behind the last, the values in the order
        of dimensions of the template.

    Raises
    ------
    FileError
        If the template cannot be written without loss, or the members are not in front.
    """

    def __init__(self, template: xr.Dataset, members: int, read: Read) -> None:
        self.template = template
        self.members = members
        self.read = read
        self.contents: Contents = encode(template)
        self.contents.sizes[MEMBER] = members
        own = self.contents.variables[MEMBER]
        self.contents.variables[MEMBER] = Variable(own.dims, np.arange(members, dtype=own.values.dtype), own.attrs)
        self.streamed = [str(n) for n, each in template.data_vars.items() if MEMBER in each.dims]
        behind = [n for n in self.streamed if self.contents.variables[n].dims[0] != MEMBER]
        if behind:
            raise FileError(f"dimension '{MEMBER}' must stand first, not so in: {', '.join(behind)}")

    def shape(self, name: str) -> tuple[int, ...]:
        """Give the shape of a variable in the file."""
        return tuple(self.contents.sizes[dim] for dim in self.contents.variables[name].dims)

    def chunks(self, name: str) -> tuple[int, ...]:
        """Give the shape of a piece that is compressed by itself."""
        _, *rest = self.shape(name)
        item = self.contents.variables[name].values.dtype.itemsize
        return (max(1, min(self.members, _STORED // (item * int(np.prod(rest, dtype=int))))), *rest)

    def slabs(self, name: str) -> Iterator[tuple[int, int, npt.NDArray[Any]]]:
        """Give the values of a variable, some whole pieces at a time: first member, the one behind the last, values."""
        variable = self.contents.variables[name]
        _, *rest = self.shape(name)
        many = self.chunks(name)[0]
        size = variable.values.dtype.itemsize * int(np.prod(rest, dtype=int))
        step = max(1, _SLAB // (size * many)) * many
        order = self.template[name].dims
        # In the file time stands last, and it has its own name for years.
        turned = encode_order(order, variable.dims)
        for first in range(0, self.members, step):
            last = min(first + step, self.members)
            values = np.ascontiguousarray(self.read(name, first, last).transpose(turned))
            if values.shape != (last - first, *rest) or not np.isfinite(values).all():
                raise FileError(f"variable '{name}': members {first} to {last - 1} are not finite numbers of its shape")
            yield first, last, values.astype(variable.values.dtype, copy=False)

    def write(self, begin: Callable[[str, Variable], Any], put: Callable[[Any, slice, npt.NDArray[Any]], None]) -> str:
        """Hand all variables over, sorted by name, and give the checksum of the contents."""
        digest = Digest(self.contents)
        for name in sorted(self.contents.variables):
            variable = self.contents.variables[name]
            made = begin(name, variable)
            dtype = variable.values.dtype
            digest.variable(name, variable.dims, dtype, dtype.itemsize * int(np.prod(self.shape(name), dtype=object)))
            if name in self.streamed:
                for first, last, values in self.slabs(name):
                    put(made, slice(first, last), values)
                    digest.values(values)
            else:
                put(made, slice(None), variable.values)
                digest.values(variable.values)
            digest.attributes(variable.attrs)
        return digest.hexdigest()


def encode_order(order: tuple[Any, ...], stored: tuple[str, ...]) -> list[int]:
    """Say where each dimension of the file stands in memory."""
    names = ["period" if dim == "year" else str(dim) for dim in order]
    return [names.index(dim) for dim in stored]


def write_members(
    template: xr.Dataset, path: str | os.PathLike[str], members: int, read: Read, part: str | os.PathLike[str]
) -> str:
    """Write the members of an ensemble to a netCDF file, piece by piece.

    Parameters
    ----------
    template : xarray.Dataset
        The dataset with a single member, see `Stream`.
    path : str or path-like
        The file to make or to replace, in one step.
    members : int
        Number of members.
    read : callable
        See `Stream`.
    part : str or path-like
        Where the file is made before it takes its place, on the same disk; what stands there is replaced.

    Returns
    -------
    str
        The SHA-256 of the contents, as it stands in the file. The same numbers give the same bytes.

    Raises
    ------
    FileError
        If the template cannot be kept without loss or the file cannot be written. An old file is untouched then.
    """
    stream = Stream(template, members, read)
    target = check_target(path)
    made = Path(part)
    try:
        checksum = _write(stream, made)
        _seal(made)
        made.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            made.unlink()
        if isinstance(error, OSError | RuntimeError) and not isinstance(error, FileError):
            raise explain_writing(path, error) from error
        raise
    return checksum


def _write(stream: Stream, part: Path) -> str:
    import netCDF4

    contents = stream.contents
    file = netCDF4.Dataset(os.fspath(part), "w", format="NETCDF4")
    try:
        # The checksum is known at the end; it has the same length then.
        attrs = {**contents.attrs, CHECKSUM: "0" * 64}
        file.setncatts({name: attrs[name] for name in sorted(attrs)})
        for dim in sorted(contents.sizes):
            file.createDimension(dim, contents.sizes[dim])

        def begin(name: str, variable: Variable) -> Any:
            text = variable.values.dtype.kind == "S"
            made = file.createVariable(
                *(name, variable.values.dtype, variable.dims),
                compression="zlib",
                fletcher32=True,
                shuffle=True,
                endian="native" if text else "little",
                fill_value=False,
                chunksizes=stream.chunks(name) if name in stream.streamed else None,
            )
            made.set_auto_maskandscale(False)
            made.set_auto_chartostring(False)
            made.setncatts({key: variable.attrs[key] for key in sorted(variable.attrs)})
            return made

        def put(made: Any, where: slice, values: npt.NDArray[Any]) -> None:
            if values.ndim:
                made[where] = values
            else:
                made[...] = values

        checksum = stream.write(begin, put)
        file.setncattr(CHECKSUM, checksum)
    finally:
        file.close()
    return checksum


def _seal(part: Path) -> None:
    """Put the checksum of all bytes behind them, and bring the file to the disk."""
    from krapte_sd.files.netcdf import MARK

    digest = hashlib.sha256()
    with part.open("r+b") as file:
        while piece := file.read(1 << 22):
            digest.update(piece)
        file.write(MARK + digest.hexdigest().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
