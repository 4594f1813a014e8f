"""From the contents of a CF file back to the dataset with labels. The recipe is in `layout`."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from krapte_sd.errors import FileError
from krapte_sd.files.contents import CHECKSUM, Attribute, Contents, Variable
from krapte_sd.files.encode import SCHEMA, SCHEMA_VERSION
from krapte_sd.files.layout import EPOCH, LAYOUT, PERIOD, YEAR

__all__ = ["check", "decode"]


def check(contents: Contents, path: str) -> None:
    """Check that contents are as they were written, and of a version we know.

    Parameters
    ----------
    contents : Contents
        What was read.
    path : str
        The file, for the message.

    Raises
    ------
    FileError
        If they are not.
    """
    schema = contents.attrs.get(SCHEMA)
    written = contents.attrs.get(CHECKSUM)
    found = contents.checksum()
    if written != found:
        raise FileError(
            f"{path}: the contents were changed: they have the SHA-256 {found}, "
            f"but {written!s:.80} stands in '{CHECKSUM}'; restore it from a copy or run the forecast again"
        )
    if np.asarray(schema).tolist() != SCHEMA_VERSION:
        raise FileError(
            f"{path}: the file has schema version {schema}, this version of krapte_sd reads {SCHEMA_VERSION}; "
            "use the version of krapte_sd that wrote the file"
        )


def decode(contents: Contents, path: str) -> xr.Dataset:
    """Rebuild the dataset that was given to the writer.

    Parameters
    ----------
    contents : Contents
        Checked contents of a file.
    path : str
        The file, for the message.

    Returns
    -------
    xarray.Dataset
        Identical to the dataset that was written.

    Raises
    ------
    FileError
        If the description of the layout in the file does not fit its contents.
    """
    try:
        layout = json.loads(str(contents.attrs[LAYOUT]))
        data: dict[str, xr.Variable] = {}
        coords: dict[str, xr.Variable] = {}
        for name, entry in layout["variables"].items():
            stored = contents.variables[entry.get("file_name", name)]
            (coords if entry.get("coordinate") else data)[name] = _variable(stored, entry)
        given = sorted(set(contents.attrs) - set(layout["added"]))
        attrs = {key: _in_memory(contents.attrs[key]) for key in given}
        return xr.Dataset(data, coords, attrs)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileError(
            f"{path}: '{LAYOUT}' does not fit the contents of the file ({error}); run the forecast again"
        ) from error


def _variable(stored: Variable, entry: dict[str, Any]) -> xr.Variable:
    added = set(entry["added"])
    attrs = {key: stored.attrs[key] for key in sorted(stored.attrs) if key not in added and key != "coordinates"}
    if "unit_label" in stored.attrs:
        attrs["units"] = stored.attrs["unit_label"]
    if "cell_methods" in attrs:
        attrs["cell_methods"] = str(attrs["cell_methods"]).replace(f"{PERIOD}:", f"{YEAR}:")
    dims, values = stored.dims, stored.values
    dtype = entry["dtype"]
    if dtype == "str":
        dims, values = dims[:-1], _strings(values)
    elif dtype.startswith("datetime64"):
        # Whole microseconds first: a number of days is exact in them, not in nanoseconds.
        microseconds = np.rint(values * 86_400_000_000).astype("int64")
        values = (EPOCH + microseconds.astype("timedelta64[us]")).astype(dtype)
    else:
        values = values.astype(dtype)
    names = tuple(YEAR if dim == PERIOD else dim for dim in dims)
    plain = {key: _in_memory(value) for key, value in attrs.items()}
    return xr.Variable(names, values, plain).transpose(*entry["dims"])


def _strings(characters: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    width = characters.shape[-1]
    joined = np.ascontiguousarray(characters).view(f"S{width}").reshape(characters.shape[:-1])
    texts = [bytes(each).decode("utf-8") for each in joined.ravel()]
    return np.array(texts, dtype=np.str_).reshape(joined.shape)


def _in_memory(value: Attribute) -> Any:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value.item()
    return value
