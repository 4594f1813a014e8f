"""Writing and reading Zarr: the same contents as the netCDF file, one array for each variable.

Version 2 of the format, which every reader knows. The store is made beside its place and then renamed; a folder
cannot be exchanged in one step, so what a kill between two steps has taken away is put back when the store is next
opened or written. The attribute ``content_sha256`` covers every name, number and attribute, as in the netCDF file;
types of numbers in attributes, which JSON does not keep, stand in ``krapte_sd_types``.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import secrets
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from krapte_sd.errors import FileError
from krapte_sd.files.atomic import explain_reading, explain_writing
from krapte_sd.files.contents import CHECKSUM, Attribute, Contents, Variable
from krapte_sd.files.decode import check, decode
from krapte_sd.files.encode import SCHEMA, encode
from krapte_sd.files.members import Read, Stream

__all__ = ["check_store", "open_zarr", "write_zarr", "write_zarr_members"]

_TYPES = "krapte_sd_types"
_DIMS = "_ARRAY_DIMENSIONS"


def _library() -> Any:
    try:
        import zarr
    except ImportError as error:
        raise FileError(
            "Zarr stores need the package zarr; remedy: pip install 'krapte_sd[zarr]', or write netCDF (.nc)"
        ) from error
    return zarr


def check_store(path: str | os.PathLike[str]) -> Path:
    """Check that a store can be made at `path`: nothing is there, or a store of ours.

    Raises
    ------
    FileError
        If something else is there, the folder around it is missing, or the package zarr is not installed.
    """
    _library()
    target = Path(path)
    try:
        target = target.resolve()
        _recover(target)
        if target.exists():
            attrs = target / ".zattrs"
            if not attrs.is_file() or SCHEMA not in json.loads(attrs.read_text(encoding="utf-8")):
                raise FileError(f"{path}: cannot be written: something else stands there; give another name")
        elif not target.parent.is_dir():
            raise FileError(f"{path}: cannot be written: there is no folder {target.parent}; make it first")
    except (OSError, ValueError, RuntimeError) as error:
        if isinstance(error, FileError):
            raise
        raise explain_writing(path, error) from error
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise FileError(f"{path}: cannot be written: no permission in {target.parent}; write somewhere else")
    return target


def write_zarr(ds: xr.Dataset, path: str | os.PathLike[str]) -> str:
    """Write a labelled dataset to a Zarr store; see `krapte_sd.files.write_netcdf` for what it must be.

    Returns
    -------
    str
        The SHA-256 of the contents.

    Raises
    ------
    FileError
        If the dataset cannot be kept without loss or the store cannot be written.
    """
    target = check_store(path)
    contents = encode(ds)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")

    def fill(group: Any) -> str:
        for name, variable in contents.variables.items():
            _array(group, name, variable, variable.values.shape, None)[...] = variable.values
        return str(contents.attrs[CHECKSUM])

    return _replace(target, part, contents, fill)


def write_zarr_members(
    template: xr.Dataset, path: str | os.PathLike[str], members: int, read: Read, part: str | os.PathLike[str]
) -> str:
    """Write the members of an ensemble to a Zarr store piece by piece; see `krapte_sd.files.write_members`."""
    target = check_store(path)
    stream = Stream(template, members, read)

    def fill(group: Any) -> str:
        def begin(name: str, variable: Variable) -> Any:
            chunks = stream.chunks(name) if name in stream.streamed else None
            return _array(group, name, variable, stream.shape(name), chunks)

        def put(made: Any, where: slice, values: npt.NDArray[Any]) -> None:
            made[where if values.ndim else ...] = values

        return stream.write(begin, put)

    return _replace(target, Path(part), stream.contents, fill)


def _replace(target: Path, part: Path, contents: Contents, fill: Any) -> str:
    """Make a store at `part` and let it take the place of `target`."""
    zarr = _library()
    old = target.with_name(f".{target.name}.{secrets.token_hex(4)}.old")
    try:
        if part.exists():
            shutil.rmtree(part)
        group = zarr.open_group(os.fspath(part), mode="w", zarr_format=2)
        checksum = str(fill(group))
        group.attrs.put(_json_attributes({**contents.attrs, CHECKSUM: checksum}))
        zarr.consolidate_metadata(os.fspath(part), zarr_format=2)
        if target.exists():
            target.rename(old)
        part.rename(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            if old.exists() and not target.exists():
                old.rename(target)
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, FileError):
            raise explain_writing(target, error) from error
        raise
    shutil.rmtree(old, ignore_errors=True)
    return checksum


def _recover(target: Path) -> None:
    """Put the old store back if a killed write got no further than taking it away; remove it if the new one stands."""
    with contextlib.suppress(OSError):
        for old in sorted(target.parent.glob(f".{glob.escape(target.name)}.????????.old")):
            if target.exists():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.rename(target)


def _array(group: Any, name: str, variable: Variable, shape: tuple[int, ...], chunks: tuple[int, ...] | None) -> Any:
    made = group.create_array(
        name=name,
        shape=shape,
        dtype=variable.values.dtype.newbyteorder("<"),
        chunks=chunks or tuple(max(1, each) for each in shape),
        fill_value=None,
    )
    made.attrs.put({**_json_attributes(variable.attrs), _DIMS: list(variable.dims)})
    return made


def _json_attributes(attrs: dict[str, Attribute]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    types: dict[str, str] = {}
    for name, value in sorted(attrs.items()):
        if isinstance(value, np.ndarray):
            types[name] = value.dtype.newbyteorder("<").str
            plain[name] = value.tolist()
        else:
            plain[name] = value
    return {**plain, _TYPES: types} if types else plain


def open_zarr(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a store of this library, all of it, and check it.

    Returns
    -------
    xarray.Dataset
        Identical to the dataset that was written, in memory.

    Raises
    ------
    FileError
        If the store is missing, damaged, or not one of krapte_sd.
    """
    zarr = _library()
    where = os.fspath(path)
    _recover(Path(path))
    if not (Path(path) / ".zgroup").is_file():
        raise explain_reading(path, FileNotFoundError(2, "no such store"))
    try:
        with warnings.catch_warnings():
            # What zarr does not know it warns of and leaves out; the checksum then says so.
            warnings.simplefilter("ignore")
            # The description of each array itself, not the copy of all of them at the top.
            group = zarr.open_group(where, mode="r", zarr_format=2, use_consolidated=False)
            variables = {}
            sizes: dict[str, int] = {}
            for name, array in group.arrays():
                attrs = _attributes(dict(array.attrs))
                dims = tuple(attrs.pop(_DIMS))
                values = np.asarray(array[...])
                variables[name] = Variable(dims, values, attrs)
                sizes.update(zip(dims, values.shape, strict=True))
            contents = Contents(sizes, variables, _attributes(dict(group.attrs)))
    # A damaged store can end in any of these.
    except (OSError, RuntimeError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, EOFError,
            MemoryError) as error:  # fmt: skip
        raise FileError(f"{where}: the store is damaged ({error}); run the forecast again") from error
    check(contents, where)
    return decode(contents, where)


def _attributes(found: dict[str, Any]) -> dict[str, Any]:
    types: dict[str, str] = found.pop(_TYPES, {})
    made = {name: np.asarray(value, types[name]) if name in types else value for name, value in found.items()}
    bare = [name for name, value in made.items() if not isinstance(value, str | list | np.ndarray)]
    if bare:
        raise ValueError(f"the type of the attribute '{bare[0]}' is missing")
    return made
