"""From a dataset with labels to the contents of a CF file. The recipe is in `layout`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import xarray as xr

from krapte_sd.errors import FileError, UnitError
from krapte_sd.files.contents import CHECKSUM, Attribute, Contents, Variable
from krapte_sd.files.layout import (
    BOUNDS,
    EPOCH,
    LAYOUT,
    PERIOD,
    PERIOD_BOUNDS,
    TIME,
    TIME_ATTRS,
    YEAR,
    YEAR_BOUNDS,
    is_text,
    year_starts,
)
from krapte_sd.files.units import to_udunits

__all__ = ["SCHEMA", "SCHEMA_VERSION", "encode"]

SCHEMA = "krapte_sd_schema_version"
SCHEMA_VERSION = 1

_OWN_GLOBAL = ("Conventions", SCHEMA, LAYOUT, CHECKSUM)
_OWN_LOCAL = frozenset(
    {"_FillValue", "_Encoding", "unit_label", "coordinates", "axis", "calendar", "units_metadata", "bounds"}
    | {"scale_factor", "add_offset", "missing_value", "valid_min", "valid_max", "valid_range"}
    | {"flag_values", "flag_meanings", "coverage_content_type"}
)
_OWN_NAMES = (PERIOD, PERIOD_BOUNDS)


def encode(ds: xr.Dataset) -> Contents:
    """Turn a dataset into what a CF-1.11 file holds.

    Parameters
    ----------
    ds : xarray.Dataset
        With labels, as in memory. Every data variable needs ``units``.

    Returns
    -------
    Contents
        Dimensions, variables and attributes, the checksum among them.

    Raises
    ------
    FileError
        If something cannot be written without loss; the message lists everything.
    """
    return _Encoder(ds).run()


class _Encoder:
    """One conversion. It keeps what would otherwise be handed through every call."""

    def __init__(self, ds: xr.Dataset) -> None:
        self.ds = ds
        self.problems: list[str] = []
        self.out: dict[str, Variable] = {}
        self.layout: dict[str, dict[str, Any]] = {}
        self.sizes: dict[str, int] = {}

    def run(self) -> Contents:
        ds = self.ds
        self._check_names()
        for name in sorted(ds.variables, key=str):
            problem_count = len(self.problems)
            self._check_values(str(name))
            if len(self.problems) == problem_count:
                self._add(str(name))
        if YEAR in ds.dims and YEAR in self.layout and YEAR_BOUNDS not in self.layout:
            self._add_bounds(_as_days(_calendar_bounds(ds[YEAR].values)))
        attrs = self._global_attributes()
        if self.problems:
            raise FileError.collect("this dataset cannot be written", self.problems)
        for variable in self.out.values():
            self._link_labels(variable)
        contents = Contents(self.sizes, self.out, attrs)
        attrs[CHECKSUM] = contents.checksum()
        return contents

    # -- checks -----------------------------------------------------------------------------

    def _check_names(self) -> None:
        labels = {f"{name}_code" for name in self.ds.dims if self._is_label(str(name))}
        for name in sorted({*self.ds.variables, *self.ds.dims}, key=str):
            if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
                self.problems.append(f"name {name!r}: use ASCII letters, digits and underscores, a letter first")
            elif name in _OWN_NAMES or name in labels or name.startswith("text_"):
                self.problems.append(f"name '{name}': the file uses this name itself; choose another")
        for name in (TIME, YEAR):
            if name in self.ds.dims and name not in self.ds.variables:
                self.problems.append(f"dimension '{name}' has no coordinate; krapte_sd.files.calendar makes it")
        for name, size in self.ds.sizes.items():
            if size == 0:
                self.problems.append(f"dimension '{name}' is empty; a file needs at least one element")

    def _check_values(self, name: str) -> None:
        variable = self.ds.variables[name]
        values, where = variable.values, f"variable '{name}'"
        kind = "U" if is_text(values) else values.dtype.kind
        if kind not in "UfiubM" or (kind == "f" and values.dtype.itemsize not in (4, 8)):
            self.problems.append(f"{where}: type {values.dtype} cannot be written; use float, int, bool, str or dates")
        elif kind in "fM" and not (finite := np.isfinite(values)).all():
            bad = tuple(int(i) for i in np.argwhere(~finite)[0])
            place = ", ".join(f"{d}={self._label(d, i)}" for d, i in zip(variable.dims, bad, strict=True))
            self.problems.append(
                f"{where}: {values[bad]} at [{place}] and {int((~finite).sum())} such values in all; "
                "only finite numbers are written"
            )
        elif kind == "U" and any("\0" in str(each) for each in values.ravel()):
            self.problems.append(f"{where}: a string holds the character NUL, which a file cannot keep")
        for key in sorted(variable.attrs, key=str):
            if key in _OWN_LOCAL:
                self.problems.append(f"{where}: attribute '{key}' is set by the writer; remove it")
        if kind in "fiub" and name in self.ds.data_vars and "units" not in variable.attrs:
            self.problems.append(f"{where}: no attribute 'units'; give it, 'dmnl' if it has none")
        if kind == "M" and "units" in variable.attrs:
            self.problems.append(f"{where}: dates have no 'units' of their own; remove the attribute")
        if name == YEAR and YEAR in self.ds.dims and kind not in "iu":
            self.problems.append(f"coordinate '{YEAR}': type {values.dtype} found; calendar years are integers")
        if name == TIME and TIME in self.ds.dims and kind != "M":
            self.problems.append(f"coordinate '{TIME}': type {values.dtype} found; 1 Januaries are datetime64")
        if name == YEAR_BOUNDS and YEAR in self.ds.dims and (kind != "M" or variable.dims != (YEAR, BOUNDS)):
            self.problems.append(f"coordinate '{YEAR_BOUNDS}': dates on ({YEAR}, {BOUNDS}) are needed")

    def _label(self, dim: Any, index: int) -> str:
        return str(self.ds[dim].values[index]) if dim in self.ds.variables else str(index)

    def _is_label(self, name: str) -> bool:
        return name in self.ds.dims and name in self.ds.variables and is_text(self.ds.variables[name].values)

    # -- variables --------------------------------------------------------------------------

    def _add(self, name: str) -> None:
        variable = self.ds.variables[name]
        attrs = self._attributes(name, variable.attrs)
        given = set(attrs)
        order = sorted(variable.dims, key=lambda dim: 2 if dim == BOUNDS else int(dim in (TIME, YEAR)))
        dims = tuple(PERIOD if dim == YEAR else str(dim) for dim in order)
        values = variable.transpose(*order).values
        entry: dict[str, Any] = {"dims": [str(dim) for dim in variable.dims], "dtype": str(values.dtype)}
        if name not in self.ds.data_vars:
            entry["coordinate"] = True
        self._describe(name, attrs, variable)
        place = name
        if is_text(values):
            entry["dtype"] = "str"
            if self._is_label(name):
                place = f"{name}_code"
                index = np.arange(values.size, dtype="int32")
                self._store(name, (name,), index, {"long_name": f"index of {name}", "units": "1"})
            attrs["_Encoding"] = "utf-8"
            dims, values = _characters(dims, values)
        elif values.dtype.kind == "M":
            values = _as_days(values)
        elif values.dtype.kind == "b":
            values = values.astype("int8")
        if name == YEAR_BOUNDS and YEAR in self.ds.dims:
            place = PERIOD_BOUNDS
            self._add_bounds(values)
            attrs = {key: value for key, value in attrs.items() if key in given}
        if place != name:
            entry["file_name"] = place
        entry["added"] = sorted(set(attrs) - given)
        self.layout[name] = entry
        self._store(place, dims, values, attrs)

    def _add_bounds(self, bounds: npt.NDArray[np.float64]) -> None:
        attrs: dict[str, Attribute] = {
            **TIME_ATTRS,
            "long_name": "calendar year, the middle of it",
            "standard_name": "time",
            "bounds": PERIOD_BOUNDS,
        }
        # No "axis": programs that look for the time axis find that of the stocks, which spans the whole coverage.
        self._store(PERIOD, (PERIOD,), bounds.mean(axis=1), attrs)
        self._store(PERIOD_BOUNDS, (PERIOD, BOUNDS), bounds, {})

    def _store(self, name: str, dims: tuple[str, ...], values: npt.NDArray[Any], attrs: dict[str, Attribute]) -> None:
        self.sizes.update(zip(dims, values.shape, strict=True))
        self.out[name] = Variable(dims, np.ascontiguousarray(values).reshape(values.shape), attrs)

    def _attributes(self, where: str, attrs: Any) -> dict[str, Attribute]:
        out: dict[str, Attribute] = {}
        for key in sorted(attrs, key=str):
            value = _plain_attribute(attrs[key])
            if value is None or not isinstance(key, str) or not key.isidentifier() or not key.isascii():
                self.problems.append(
                    f"{where}: attribute {key!r} = {attrs[key]!r} cannot be written; "
                    "use an ASCII name and a text, a finite number, or a list of two or more of one kind"
                )
            else:
                out[key] = value
        return out

    def _describe(self, name: str, attrs: dict[str, Attribute], variable: xr.Variable) -> None:
        """Add the attributes that CF and ACDD want and the dataset in memory does not have."""
        attrs.setdefault("long_name", name.replace("_", " "))
        kind = "U" if is_text(variable.values) else variable.dtype.kind
        if kind == "M":
            attrs.update(TIME_ATTRS)
            if name == TIME and TIME in self.ds.dims:
                attrs.setdefault("standard_name", "time")
                attrs["axis"] = "T"
        elif "units" in attrs:
            try:
                attrs["unit_label"], attrs["units"] = attrs["units"], to_udunits(str(attrs["units"]))
            except UnitError as error:
                self.problems.append(f"variable '{name}': {error}")
        elif kind != "U":
            attrs["units"] = "1"
        if name in self.ds.data_vars:
            attrs["coverage_content_type"] = "modelResult"
            if "cell_methods" in attrs:
                attrs["cell_methods"] = str(attrs["cell_methods"]).replace(f"{YEAR}:", f"{PERIOD}:")
            else:
                methods = {TIME: f"{TIME}: point", YEAR: f"{PERIOD}: mean"}
                found = [methods[dim] for dim in (TIME, YEAR) if dim in variable.dims]
                if found and kind != "U":
                    attrs["cell_methods"] = " ".join(found)

    def _link_labels(self, variable: Variable) -> None:
        """Name the auxiliary coordinates of a data variable, so that other programs find the labels."""
        if "coverage_content_type" not in variable.attrs:
            return
        auxiliary = []
        for name, entry in self.layout.items():
            place = entry.get("file_name", name)
            dims = tuple(dim for dim in self.out[place].dims if not dim.startswith("text_"))
            is_index = dims == (place,) or place == PERIOD_BOUNDS
            if entry.get("coordinate") and not is_index and set(dims) <= set(variable.dims):
                auxiliary.append(place)
        if auxiliary:
            variable.attrs["coordinates"] = " ".join(sorted(auxiliary))

    # -- the whole --------------------------------------------------------------------------

    def _global_attributes(self) -> dict[str, Attribute]:
        for key in _OWN_GLOBAL:
            if key in self.ds.attrs:
                self.problems.append(f"attribute '{key}' of the dataset is set by the writer; remove it")
        attrs = self._attributes("dataset", self.ds.attrs)
        given = set(attrs)
        defaults: dict[str, Attribute] = {
            "title": "krapte_sd dataset",
            "summary": "Labelled results of the system-dynamics model krapte_sd.",
            "keywords": "labour market, shortage, system dynamics, forecast, Netherlands",
            "source": "krapte_sd",
            "history": "written by krapte_sd",
            "project": "krapte_sd",
            **self._coverage(),
        }
        for key, value in defaults.items():
            attrs.setdefault(key, value)
        attrs["Conventions"] = "CF-1.11, ACDD-1.3"
        attrs[SCHEMA] = np.asarray(SCHEMA_VERSION, dtype="int32")
        added = sorted({*attrs, LAYOUT, CHECKSUM} - given)
        attrs[LAYOUT] = json.dumps({"variables": self.layout, "added": added}, sort_keys=True)
        return attrs

    def _coverage(self) -> dict[str, Attribute]:
        times = [self.ds[TIME].values] if TIME in self.layout and TIME in self.ds.dims else []
        if YEAR in self.layout and YEAR in self.ds.dims:
            times.append(_calendar_bounds(self.ds[YEAR].values).ravel())
        if not times:
            return {}
        every = np.concatenate([each.astype("datetime64[s]") for each in times])
        first, last = every.min().astype("datetime64[D]"), every.max().astype("datetime64[D]")
        years = int(str(last)[:4]) - int(str(first)[:4])
        return {
            "time_coverage_start": str(first),
            "time_coverage_end": str(last),
            "time_coverage_duration": f"P{years}Y",
            "time_coverage_resolution": "P1Y",
        }


def _plain_attribute(value: Any) -> Attribute | None:
    """Give the value as the file keeps it; None if it cannot keep it."""
    if isinstance(value, str):
        return None if "\0" in value else str(value)
    if isinstance(value, (list, tuple)) and len(value) > 1 and all(isinstance(each, str) for each in value):
        return None if any("\0" in each or not each for each in value) else [str(each) for each in value]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number, np.ndarray, list, tuple)):
        return None
    array = np.asarray(value)
    fits = array.dtype.kind in "iuf" and array.dtype.itemsize in (1, 2, 4, 8) and array.dtype != np.float16
    if not fits or array.ndim > 1 or (array.ndim == 1 and array.size < 2) or not np.isfinite(array).all():
        return None
    return array


def _characters(dims: Iterable[str], values: npt.NDArray[Any]) -> tuple[tuple[str, ...], npt.NDArray[Any]]:
    """Spread strings over a last dimension of single bytes.

    Characters of a fixed width can be compressed and checksummed by HDF5, which
    strings of variable length cannot.
    """
    raw = [str(each).encode("utf-8") for each in values.ravel()]
    width = max([1, *(len(each) for each in raw)])
    array = np.array(raw, dtype=f"S{width}").reshape(values.shape)
    return (*dims, f"text_{width}"), array.reshape((*values.shape, 1)).view("S1")


def _calendar_bounds(years: npt.NDArray[Any]) -> npt.NDArray[np.datetime64]:
    return np.stack([year_starts(years), year_starts(years + 1)], axis=1)


def _as_days(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    unit = cast(Literal["s", "ms", "us", "ns"], np.datetime_data(values.dtype)[0])
    if unit == "ns":
        return np.asarray((values - EPOCH.astype("datetime64[ns]")) / np.timedelta64(1, "D"), dtype="float64")
    return np.asarray((values.astype("datetime64[us]") - EPOCH) / np.timedelta64(1, "D"), dtype="float64")
