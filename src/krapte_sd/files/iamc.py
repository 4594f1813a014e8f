"""The IAMC format: one row for each region and variable, one column for each year, as `pyam` reads it.

Names of variables follow the habit of that community: ``Need Gap``, and behind bars what it is of. What adds up also
has a row for the total. Ages and members of an ensemble are left to netCDF and tidy CSV.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr
import yaml

from krapte_sd.errors import FileError
from krapte_sd.files.layout import TIME, YEAR

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "adds_up", "check_table", "iamc_table", "wide_rows"]

COLUMNS: Final = ("Model", "Scenario", "Region", "Variable", "Unit")
AGE, MEMBER, STATISTIC, REGION = "age", "member", "statistic", "region"
_SUMS: Final = ("person", "fte", "hour", "vacancy", "home")
_WITHOUT: Final = ("Dmnl", "dmnl", "1", "")


def adds_up(unit: str) -> bool:
    """Say whether values of a unit may be added over groups of people or posts."""
    return unit.split("/")[0].strip().lower() in _SUMS


def wide_rows(ds: xr.Dataset, name: str) -> tuple[list[str], list[tuple[tuple[str, ...], Any]]]:
    """Spread one variable over rows: its dimensions without time, and for each combination labels and values by time.

    Returns
    -------
    tuple
        Names of the dimensions, and pairs of labels and an array over the times of the variable.

    Raises
    ------
    FileError
        If the variable has members.
    """
    each = ds[name]
    if MEMBER in each.dims:
        raise FileError(
            f"variable '{name}': tables for other programs hold no members; write the statistics (leave full out), or "
            "netCDF (.nc) or Zarr (.zarr)"
        )
    when = [dim for dim in each.dims if dim in (TIME, YEAR)]
    others = [str(dim) for dim in each.dims if dim not in when]
    values = each.transpose(*others, *when).values
    axes = [[str(v) for v in (ds[d].values if d in ds.coords else range(ds.sizes[d]))] for d in others]
    places = itertools.product(*(range(len(axis)) for axis in axes))
    return others, [
        (tuple(axis[k] for axis, k in zip(axes, place, strict=True)), np.atleast_1d(values[place])) for place in places
    ]


def years_of(ds: xr.Dataset, name: str) -> list[int]:
    """Give the calendar years of a variable; for stocks those of the 1 Januaries, none if it has no time."""
    if TIME in ds[name].dims:
        return [int(year) for year in ds[TIME].dt.year.values]
    return [int(year) for year in ds[YEAR].values] if YEAR in ds[name].dims else []


def iamc_table(ds: xr.Dataset) -> pd.DataFrame:
    """Make the table of a dataset in the IAMC format.

    Parameters
    ----------
    ds : xarray.Dataset
        A forecast, single or with ``statistic``.

    Returns
    -------
    pandas.DataFrame
        Columns Model, Scenario, Region, Variable, Unit and one for each year; empty where a variable has no such year.

    Raises
    ------
    FileError
        If the dataset has members or nothing by year.
    """
    import pandas as pd

    told = [str(name) for name, each in ds.data_vars.items() if AGE not in each.dims and years_of(ds, str(name))]
    if not told:
        raise FileError("this dataset has nothing by year, which the IAMC format is made of; write netCDF (.nc)")
    years = sorted({year for name in told for year in years_of(ds, name)})
    begin = (str(ds.attrs.get("source", "krapte_sd")), _scenario(ds))
    rows = []
    for name in told:
        at = [years.index(year) for year in years_of(ds, name)]
        for region, variable, unit, values in _rows(ds, name):
            line: list[Any] = [None] * len(years)
            for place, value in zip(at, values, strict=True):
                line[place] = float(value)
            rows.append((*begin, region, variable, unit, *line))
    return pd.DataFrame(rows, columns=[*COLUMNS, *years])


def _scenario(ds: xr.Dataset) -> str:
    try:
        return str(yaml.safe_load(str(ds.attrs["scenario"]))["name"])
    except (KeyError, TypeError, yaml.YAMLError):
        return "scenario"


def _rows(ds: xr.Dataset, name: str) -> list[tuple[str, str, str, Any]]:
    """Give region, variable, unit and values of each row of one variable, totals first."""
    each = ds[name]
    unit = str(each.attrs.get("units", ""))
    title = _title(str(each.attrs.get("long_name", name)))
    groups = [d for d in each.dims if d not in (TIME, YEAR, REGION, STATISTIC)]
    names = {str(dim): _names(ds, str(dim)) for dim in each.dims}
    pieces = [ds]
    if groups and adds_up(unit):
        total = each.sum(groups, keep_attrs=True)
        if STATISTIC in total.dims:  # quantiles do not add up
            total = total.sel({STATISTIC: [s for s in total[STATISTIC].values if not str(s).startswith("q")]})
        pieces.insert(0, total.to_dataset(name=name))
    found = []
    for piece in pieces:
        dims, rows = wide_rows(piece, name)
        for labels, values in rows:
            place = dict(zip(dims, labels, strict=True))
            region = names[REGION][place.pop(REGION)] if REGION in place else "all regions"
            statistic = place.pop(STATISTIC, None)
            parts = [title, *(names[dim][label] for dim, label in place.items())]
            if statistic is not None:
                parts.append(_statistic(statistic))
            found.append((region, "|".join(parts), "dimensionless" if unit in _WITHOUT else unit, values))
    return found


def _title(text: str) -> str:
    return " ".join(word if word in ("in", "of", "the", "at", "by") else word[:1].upper() + word[1:]
                    for word in text.split())  # fmt: skip


def _names(ds: xr.Dataset, dim: str) -> dict[str, str]:
    """Give the names of the labels of a dimension, or the labels, without the bar that parts names."""
    labels = [str(value) for value in (ds[dim].values if dim in ds.coords else range(ds.sizes[dim]))]
    names = f"{dim}_name"
    named = names in ds.coords and ds[names].dims == (dim,)
    texts = [str(value) for value in ds[names].values] if named else labels
    return {label: text.replace("|", "/") for label, text in zip(labels, texts, strict=True)}


def _statistic(label: str) -> str:
    return f"{int(label[1:])}th Percentile" if label.startswith("q") else label.capitalize()


def check_table(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """Check that a table has the IAMC form.

    Parameters
    ----------
    table : pandas.DataFrame
        As read, all cells text or numbers; empty cells are None, NaN or empty texts.
    where : str
        The file, for the message.

    Returns
    -------
    pandas.DataFrame
        The table with whole years as names of columns and floats in them.

    Raises
    ------
    FileError
        All that is wrong with it, in one message.
    """
    import pandas as pd

    columns = [str(each) for each in table.columns]
    problems = []
    if tuple(columns[: len(COLUMNS)]) != COLUMNS:
        found = ", ".join(columns[: len(COLUMNS)])[:200]
        problems.append(f"row 1: the columns must begin with {', '.join(COLUMNS)}; found {found}")
        raise FileError.collect(f"{where}: not a table in the IAMC format", problems)
    years = columns[len(COLUMNS) :]
    wrong = [each for each in years if not (each.isascii() and each.isdigit() and len(each) == 4)]
    problems += [f"row 1: column {each[:40]!r} is not a year of four digits" for each in wrong[:20]]
    problems += ["row 1: a year stands twice"] if len(set(years)) < len(years) else []
    problems += ["row 1: no column with a year"] if not years else []
    problems += ["no rows"] if table.empty else []
    if problems:
        raise FileError.collect(f"{where}: not a table in the IAMC format", problems)
    keys = table[list(COLUMNS)].astype(object)
    for at, labels in enumerate(keys.itertuples(index=False, name=None)):
        for column, cell in zip(COLUMNS, labels, strict=True):
            if not isinstance(cell, str) or not cell.strip() or not cell.isprintable():
                problems.append(f"row {at + 2}: {column} is empty or no text; found {str(cell)[:40]!r}")
    twice = table.index[keys.astype(str).duplicated()]
    problems += [f"row {at + 2}: the row of this region and variable stands twice" for at in twice]
    numbers: dict[int, list[float]] = {}
    for year, column in zip(years, list(table.columns)[len(COLUMNS) :], strict=True):
        cells = [_number(cell) for cell in table[column]]
        problems += [
            f"row {at + 2}: {year}: not a finite number; found {str(table[column].iloc[at])[:40]!r}"
            for at, cell in enumerate(cells)
            if cell is None
        ]
        numbers[int(year)] = [np.nan if cell is None else cell for cell in cells]
    if problems:
        raise FileError.collect(f"{where}: not a table in the IAMC format", problems[:50])
    return pd.concat([keys, pd.DataFrame(numbers, index=keys.index)], axis=1)


def _number(cell: Any) -> float | None:
    """Read one cell: NaN if it is empty, None if it is no finite number."""
    if cell is None or cell == "" or (isinstance(cell, float) and np.isnan(cell)):
        return float("nan")
    if isinstance(cell, bool) or (
        isinstance(cell, str) and ("_" in cell or not cell.isascii() or cell != cell.strip())
    ):
        return None
    try:
        value = float(cell)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if np.isfinite(value) else None
