"""Printing tables on standard output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["flat", "print_parts", "print_table"]


def print_table(table: pd.DataFrame, as_csv: bool) -> None:
    """Print a table as CSV or as text; a cell without a value stays empty."""
    if as_csv:
        table.to_csv(sys.stdout, index=False, lineterminator="\n")
    elif table.empty:
        print("(none)")
    else:
        # `na_rep` alone does not reach None in columns of text, which is how pandas 2 keeps it.
        texts = table.select_dtypes(exclude=["number", "bool", "datetime"])
        table = table.assign(**{str(name): texts[name].astype(object).where(texts[name].notna(), "") for name in texts})
        print(table.to_string(index=False, na_rep="", float_format=lambda value: f"{value:.6g}"))


def print_parts(found: xr.DataArray, dim: str, head: str, as_csv: bool) -> None:
    """Print parts by section as CSV, or their sums over sections as a table with the years as columns."""
    found = found.assign_coords(time=found["time"].dt.year.values)
    if as_csv:
        print_table(found.to_dataframe().reset_index(), as_csv=True)
        return
    table = (found.sum("sector") / 1000).round(1).to_series().unstack("time")
    table.columns = [str(year) for year in table.columns]
    table = table.reindex(found[dim].values).reset_index(names=dim)
    table.insert(1, "name", found[f"{dim}_name"].values)
    print(head)
    print_table(table, as_csv=False)


def flat(ds: xr.Dataset) -> pd.DataFrame:
    """One row for each time, one column for each element of each variable."""
    import numpy as np
    import pandas as pd

    time = ds["time"].values
    if np.issubdtype(time.dtype, np.datetime64):
        year = time.astype("datetime64[Y]")
        begin, end = (each.astype("datetime64[s]") for each in (year, year + 1))
        time = year.astype(int) + 1970 + (time - begin) / (end - begin)
    columns: dict[str, Any] = {"time": time}
    for name, values in ds.data_vars.items():
        labels = [ds[each].values for each in values.dims[1:]]
        for place in np.ndindex(*values.shape[1:]):
            element = ",".join(str(axis[k]) for axis, k in zip(labels, place, strict=True))
            columns[f"{name}[{element}]" if labels else str(name)] = values.values[(slice(None), *place)]
    return pd.DataFrame(columns)
