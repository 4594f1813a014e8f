"""Checks the inputs of a run and brings them into the order of the workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from krapte_sd.equations.model import Model, Variable
from krapte_sd.errors import ParameterError, nearest

__all__ = ["Checked", "Series", "check_inputs"]


@dataclass(frozen=True)
class Series:
    """Values of a data variable by calendar year.

    Attributes
    ----------
    years : array of int
        Calendar years, increasing. A value is that of 1 January of the year
        (``:INTERPOLATE:``) or of the whole year (``:HOLD BACKWARD:``).
    values : array of float
        Shape (years, the dimensions of the variable).
    """

    years: ArrayLike
    values: ArrayLike


@dataclass(frozen=True)
class Checked:
    """Inputs that passed all checks.

    Attributes
    ----------
    constants : dict of str to ndarray
        Values of inputs and constants, of the declared shape.
    tables : dict of str to ndarray
        Values of data variables, shape (stop - start + 1, dimensions).
    """

    constants: dict[str, NDArray[np.float64]]
    tables: dict[str, NDArray[np.float64]]


def check_inputs(model: Model, needed: Sequence[str], inputs: Mapping[str, Any], start: int, stop: int) -> Checked:
    """Check that exactly what a run needs is there, finite and of the right shape.

    Parameters
    ----------
    model : Model
        The model.
    needed : sequence of str
        Variables the run uses.
    inputs : mapping of str to array or Series
        Arrays for inputs (and for constants to be replaced), Series for data.
        Inputs of the model that this run does not need are left out of account.
    start, stop : int
        First and last 1 January.

    Raises
    ------
    ParameterError
        With every problem of all inputs.
    """
    problems: list[str] = []
    constants: dict[str, NDArray[np.float64]] = {}
    tables: dict[str, NDArray[np.float64]] = {}
    allowed = {name: each for name, each in model.variables.items() if each.kind in ("input", "data", "constant")}
    for name in inputs:
        if name in allowed:
            continue
        if name in model.variables:
            problems.append(f"'{name}' is computed by the model ({model.variables[name].kind}); it cannot be set")
        else:
            problems.append(f"'{name}' is not a variable of the model{nearest(name, allowed)}")
    for name in needed:
        variable = model.variables[name]
        if name not in allowed:
            continue
        if name not in inputs:
            if variable.kind == "constant" and variable.value is not None:
                constants[name] = variable.value
            else:
                problems.append(f"'{name}' is not set; it needs {_wanted(model, variable, start, stop)}")
        elif variable.kind == "data":
            table = _table(model, variable, inputs[name], start, stop, problems)
            if table is not None:
                tables[name] = table
        else:
            array = _constant(model, variable, inputs[name], problems)
            if array is not None:
                constants[name] = array
    if problems:
        raise ParameterError.collect(f"inputs of {model.path}", problems)
    return Checked(constants, tables)


def _wanted(model: Model, variable: Variable, start: int, stop: int) -> str:
    shape = f"shape {model.shape(variable.name)}" + (
        f" = [{', '.join(variable.dimensions)}]" if variable.dimensions else ""
    )
    return f"a Series over {start}...{stop} of {shape}" if variable.kind == "data" else f"an array of {shape}"


def _constant(model: Model, variable: Variable, value: Any, problems: list[str]) -> NDArray[np.float64] | None:
    if isinstance(value, Series):
        problems.append(f"'{variable.name}' is constant over time, found a Series")
        return None
    array = _numbers(variable.name, value, problems)
    if array is None:
        return None
    shape = model.shape(variable.name)
    if array.shape != shape:
        problems.append(
            f"'{variable.name}' has shape {array.shape}, it must be {shape} = [{', '.join(variable.dimensions)}]"
        )
        return None
    return array if _finite(model, variable, array, None, problems) else None


def _table(
    model: Model, variable: Variable, value: Any, start: int, stop: int, problems: list[str]
) -> NDArray[np.float64] | None:
    name = variable.name
    if not isinstance(value, Series):
        problems.append(f"'{name}' varies by year; give a Series of years and values, found {type(value).__name__}")
        return None
    array = _numbers(name, value.values, problems)
    years = np.asarray(value.years)
    if (
        years.ndim != 1
        or years.dtype.kind not in "iu"
        or (years.size > 1 and not (np.diff(years.astype(np.int64)) > 0).all())
    ):
        problems.append(f"'{name}': years must be whole numbers in increasing order, one axis")
        return None
    if array is None:
        return None
    shape = (years.size, *model.shape(name))
    if array.shape != shape:
        problems.append(
            f"'{name}' has shape {array.shape}, it must be {shape} = [{', '.join(('year', *variable.dimensions))}]"
        )
        return None
    wanted = np.arange(start, stop + 1)
    missing = wanted[~np.isin(wanted, years)]
    if missing.size:
        shown = ", ".join(str(each) for each in missing[:8]) + (", ..." if missing.size > 8 else "")
        problems.append(f"'{name}' has no value for {shown}; every year of {start}...{stop} is needed")
        return None
    rows = np.ascontiguousarray(array[np.searchsorted(years, wanted)])
    return rows if _finite(model, variable, rows, start, problems) else None


def _numbers(name: str, value: Any, problems: list[str]) -> NDArray[np.float64] | None:
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iuf":
            raise TypeError  # noqa: TRY301
        return np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape)
    except (TypeError, ValueError):
        problems.append(f"'{name}' must be an array of numbers, found {type(value).__name__}")
        return None


def _finite(
    model: Model, variable: Variable, array: NDArray[np.float64], start: int | None, problems: list[str]
) -> bool:
    bad = np.argwhere(~np.isfinite(array))
    if not len(bad):
        return True
    place = [int(each) for each in bad[0]]
    where = []
    if start is not None:
        where.append(str(start + place.pop(0)))
    where += [model.ranges[dim].labels[k] for dim, k in zip(variable.dimensions, place, strict=True)]
    value = array[tuple(bad[0])]
    problems.append(
        f"'{variable.name}' holds {len(bad)} value(s) that are not finite, the first {value} at [{', '.join(where)}]"
    )
    return False
