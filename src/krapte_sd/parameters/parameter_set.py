"""All parameters together, as read; immutable."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from krapte_sd.parameters.build import SHARE_TOLERANCE, Parameter
from krapte_sd.parameters.codes import STATUSES
from krapte_sd.parameters.metadata import Source
from krapte_sd.parameters.problems import Problems
from krapte_sd.parameters.units import is_count

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from krapte_sd.parameters.tables import Floats

__all__ = ["SCENARIO", "ParameterSet"]

SCENARIO: Final = "scenario"
_SCENARIO_SOURCE: Final = Source(citation="Set by the scenario or by the caller of the run.")


class ParameterSet:
    """The parameters of a run: values, ranges, units, sources and statuses.

    Made by `krapte_sd.parameters.read_parameters`; `replace` gives a changed copy.

    Parameters
    ----------
    parameters : mapping of str to Parameter
        By name.
    sources : mapping of str to mapping of str to Source
        By theme and key.
    sha256 : str
        Checksum of what was read.
    changed : frozenset of str
        Names set by a scenario.
    """

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        sources: Mapping[str, Mapping[str, Source]],
        sha256: str,
        changed: frozenset[str] = frozenset(),
    ) -> None:
        self._parameters: Mapping[str, Parameter] = dict(sorted(parameters.items()))
        self._sources = sources
        self._sha256 = sha256
        self._changed = changed

    def __repr__(self) -> str:
        return f"<ParameterSet of {len(self._parameters)} parameters, sha256 {self._sha256[:12]}>"

    def __contains__(self, name: object) -> bool:
        return name in self._parameters

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def __getitem__(self, name: str) -> Parameter:
        """Return one parameter with its arrays.

        Raises
        ------
        ParameterError
            If there is none of this name.
        """
        found = self._parameters.get(name)
        if found is None:
            problems = Problems()
            self._unknown(name, problems)
            problems.raise_if_any("parameters")
        assert found is not None
        return found

    def _unknown(self, name: object, problems: Problems) -> None:
        problems.add(
            str(name)[:60],
            "unknown parameter",
            found=name,
            match=self._parameters,
            allowed=f"the {len(self._parameters)} names in `names`",
            remedy="correct the name",
        )

    @property
    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(self._parameters)

    @property
    def sha256(self) -> str:
        """Checksum over names and content of all files, and over the changes made by `replace`."""
        return self._sha256

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of the parameters that were set by `replace`, sorted."""
        return tuple(sorted(self._changed))

    def table(self) -> pd.DataFrame:
        """Return one row per parameter.

        Returns
        -------
        pandas.DataFrame
            Columns parameter, theme, unit, dimensions, rows, statuses, sources, definition, method.
        """
        import pandas as pd

        rows = [
            {
                "parameter": name,
                "theme": each.theme,
                "unit": each.meta.unit,
                "dimensions": ", ".join(each.meta.dimensions),
                "rows": each.value.size,
                "statuses": ", ".join(STATUSES[at] for at in np.unique(each.status)),
                "sources": ", ".join(self.sources(name)),
                "definition": each.meta.definition,
                "method": each.meta.method,
            }
            for name, each in self._parameters.items()
        ]
        columns = ("parameter", "theme", "unit", "dimensions", "rows", "statuses", "sources", "definition", "method")
        return pd.DataFrame(rows, columns=list(columns))

    def rows(self, name: str) -> pd.DataFrame:
        """Return the rows of one parameter, tidy: dimensions, value, low, high, status, source.

        The only way to the figures of a parameter that is marked `sparse`.

        Raises
        ------
        ParameterError
            If there is none of this name.
        """
        import pandas as pd

        each = self[name]
        dimensions = each.meta.dimensions
        if each.meta.sparse:
            frame = pd.DataFrame(dict(zip(dimensions, each.labels, strict=True)), index=range(each.value.size))
        elif dimensions:
            frame = pd.MultiIndex.from_product(each.labels, names=dimensions).to_frame(index=False)
        else:
            frame = pd.DataFrame(index=range(1))
        for column in ("value", "low", "high"):
            frame[column] = getattr(each, column).reshape(-1)
        frame["status"] = [STATUSES[at] for at in each.status.reshape(-1)]
        frame["source"] = [each.source_keys[at] for at in each.source.reshape(-1)]
        return frame

    def _labelled(self, name: str, which: str) -> xr.DataArray:
        import xarray as xr

        each = self[name]
        if each.meta.sparse:
            problems = Problems()
            problems.add(name, "the parameter is sparse and has no array", remedy=f"use rows('{name}')")
            problems.raise_if_any("parameters")
        coords: dict[str, Any] = {
            dimension: np.array(labels, np.int64) if dimension in ("age", "year") else np.array(labels, np.str_)
            for dimension, labels in zip(each.meta.dimensions, each.labels, strict=True)
        }
        attrs = {"units": each.meta.unit, "long_name": each.meta.definition}
        return xr.DataArray(getattr(each, which).copy(), coords, each.meta.dimensions, name=name, attrs=attrs)

    def values(self, name: str) -> xr.DataArray:
        """Return the values of one parameter.

        Returns
        -------
        xarray.DataArray
            Dimensions as declared (`age` and `year` with integer coordinates), in the unit
            given by ``attrs["units"]``. A copy.

        Raises
        ------
        ParameterError
            If there is none of this name, or if it is sparse.
        """
        return self._labelled(name, "value")

    def low(self, name: str) -> xr.DataArray:
        """Return the lower ends of the range; equal to the values where there is no range. See `values`."""
        return self._labelled(name, "low")

    def high(self, name: str) -> xr.DataArray:
        """Return the upper ends of the range; equal to the values where there is no range. See `values`."""
        return self._labelled(name, "high")

    def sources(self, name: str) -> dict[str, Source]:
        """Return the sources of one parameter, by key.

        Raises
        ------
        ParameterError
            If there is none of this name.
        """
        each = self[name]
        keys = [each.source_keys[at] for at in np.unique(each.source)]
        if name in self._changed:
            return {SCENARIO: _SCENARIO_SOURCE}
        return {key: self._sources[each.theme][key] for key in keys}

    def citations(self) -> list[str]:
        """Return the sources of all parameters, one text each with table, vintage and licence, sorted."""
        found = {source for name in self._parameters for source in self.sources(name).values()}
        return sorted(
            "; ".join(part for part in (each.citation, each.table, each.vintage, each.licence) if part).replace(
                "\n", " "
            )
            for each in found
        )

    def theme_sources(self, theme: str) -> Mapping[str, Source]:
        """Return the sources of one theme, by key."""
        return self._sources[theme]

    def status_counts(self, name: str | None = None) -> dict[str, int]:
        """Count rows by status, over all parameters or for one.

        Returns
        -------
        dict
            One entry per status, in the order of the vocabulary, zeros included.
        """
        counts = np.zeros(len(STATUSES), np.int64)
        for each in self._parameters.values() if name is None else (self[name],):
            counts += np.bincount(each.status.reshape(-1), minlength=len(STATUSES))
        return dict(zip(STATUSES, counts.tolist(), strict=True))

    def extended(self, parameters: Iterable[Parameter], sources: Mapping[str, Source]) -> ParameterSet:
        """Return a new set with further parameters of one theme; one of a known name takes its place.

        Parameters
        ----------
        parameters : iterable of Parameter
            The further ones.
        sources : mapping of str to Source
            What their source keys stand for.
        """
        more = {each.name: each for each in parameters}
        if not more:
            return self
        digest = hashlib.sha256(self._sha256.encode() + b"".join(map(_bytes, more.values())))
        themes = {each.theme: {**self._sources.get(each.theme, {}), **sources} for each in more.values()}
        merged = {**self._parameters, **more}
        return ParameterSet(merged, {**self._sources, **themes}, digest.hexdigest(), self._changed)

    def replace(self, changes: Mapping[str, float | xr.DataArray]) -> ParameterSet:
        """Return a new set in which some parameters have other values.

        A changed parameter has the status `assumed`, the source ``scenario`` and no range.

        Parameters
        ----------
        changes : mapping of str to float or xarray.DataArray
            A number for a parameter without dimensions; otherwise an array with exactly the
            dimensions and labels of the parameter, in any order.

        Returns
        -------
        ParameterSet
            `self` stays as it is.

        Raises
        ------
        ParameterError
            For unknown names, other shapes or labels, values that are not finite or have the wrong
            sign; all problems together.
        """
        problems = Problems()
        parameters = dict(self._parameters)
        digest = hashlib.sha256(self._sha256.encode())
        for name, given in sorted(changes.items(), key=lambda item: str(item[0])):
            if name not in self._parameters:
                self._unknown(name, problems)
                continue
            value = _checked(self._parameters[name], given, problems)
            if value is None:
                continue
            value.setflags(write=False)
            digest.update(f"\0{name}\0{value.shape}\0".encode() + value.astype("<f8").tobytes())
            parameters[name] = _with_value(self._parameters[name], value)
        problems.raise_if_any("changed parameters")
        if not changes:
            return self
        return ParameterSet(parameters, self._sources, digest.hexdigest(), self._changed | frozenset(changes))


def _bytes(each: Parameter) -> bytes:
    arrays = (each.value, each.low, each.high)
    return repr((each.name, each.labels)).encode() + b"".join(one.astype("<f8").tobytes() for one in arrays)


def _with_value(each: Parameter, value: Floats) -> Parameter:
    status = np.full(value.shape, STATUSES.index("assumed"), np.int64)
    source = np.zeros(value.shape, np.int64)
    status.setflags(write=False)
    source.setflags(write=False)
    return dataclasses.replace(
        each,
        value=value,
        low=value,
        high=value,
        status=status,
        source=source,
        source_keys=(SCENARIO,),
        distribution=(),
    )


def _array_of(each: Parameter, given: object, problems: Problems) -> Floats | None:
    """Bring a given value into the shape of the parameter, or report why it does not fit."""
    import xarray as xr

    name, dimensions = each.name, each.meta.dimensions
    wanted = "[" + ", ".join(dimensions) + "]"
    if each.meta.sparse:
        problems.add(name, "a sparse parameter cannot be changed", remedy="change what is derived from it")
        return None
    if not isinstance(given, xr.DataArray):
        number = isinstance(given, int | float | np.integer | np.floating) and not isinstance(given, bool)
        if number and not dimensions:
            return np.array(float(given))  # type: ignore[arg-type]
        what = f"a number is not repeated over the dimensions {wanted}" if number else "neither an array nor a number"
        remedy = "give an xarray.DataArray, e.g. values(name) * 1.1" if dimensions else "give a number"
        problems.add(name, what, found=given if number else type(given).__name__, remedy=remedy)
        return None
    if set(given.dims) != set(dimensions) or len(given.dims) != len(dimensions):
        found = "[" + ", ".join(map(str, given.dims)) + "]"
        remedy = "begin with values(name)"
        problems.add(name, "other dimensions than the parameter", found=found, allowed=wanted, remedy=remedy)
        return None
    ordered = given.transpose(*dimensions)
    picks = []
    for dimension, labels in zip(dimensions, each.labels, strict=True):
        have = [item.item() for item in ordered[dimension].values] if dimension in ordered.coords else []
        if sorted(map(str, have)) != sorted(map(str, labels)):
            wrong = [item for item in have if item not in labels] or [item for item in labels if item not in have]
            what = f"other labels along {dimension} than the parameter"
            remedy = "begin with values(name)"
            problems.add(name, what, found=wrong[0] if wrong else have, allowed=labels, remedy=remedy)
            return None
        at = {str(label): position for position, label in enumerate(have)}
        picks.append([at[str(label)] for label in labels])
    if ordered.dtype.kind not in "fiu":
        problems.add(name, "the array does not hold numbers", found=ordered.dtype, remedy="give floats")
        return None
    plain = np.asarray(ordered.values, np.float64)
    return np.ascontiguousarray(plain[np.ix_(*picks)] if picks else plain).copy()


def _checked(each: Parameter, given: object, problems: Problems) -> Floats | None:
    value = _array_of(each, given, problems)
    if value is None:
        return None
    if not np.isfinite(value).all():
        wrong = value[~np.isfinite(value)].reshape(-1)[0]
        problems.add(each.name, "a value is not a finite number", found=float(wrong), remedy="give finite numbers")
        return None
    if is_count(each.meta.unit) and not each.meta.signed and (value < 0).any():
        what = f"a value in {each.meta.unit} cannot be negative"
        problems.add(each.name, what, found=float(value.min()), remedy="correct the sign")
        return None
    over = each.meta.adds_to_one_over
    if over:
        total = value.sum(axis=tuple(each.meta.dimensions.index(name) for name in over))
        if (np.abs(total - 1.0) > SHARE_TOLERANCE).any():
            found = float(np.ravel(total)[np.argmax(np.abs(total - 1.0))])
            what = f"the shares do not add up to one over {', '.join(over)}"
            problems.add(each.name, what, found=found, remedy="give shares that add up")
            return None
    return value
