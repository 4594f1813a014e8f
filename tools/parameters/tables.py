"""Writing and reading of tidy parameter tables, always with the same bytes for the same content.

A theme is ``<theme>.csv`` (one value a row) and ``<theme>.yaml`` (units, definitions, sources). Numbers are written
with ten significant digits, rows sorted by parameter, dimensions and year, lines ending in LF.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import yaml

from krapte_sd.ensemble.sampling import NORMAL_SHARE

__all__ = ["DIMENSIONS", "EDGE", "Row", "Table", "read_records", "read_table", "rows_of", "write_rows", "write_table"]

DIMENSIONS = ("region", "sector", "sex", "age", "task", "driver", "migrant_group", "permit_cohort", "variant")
_NUMBERS = ("age", "year")
EDGE = NormalDist().inv_cdf((1 + NORMAL_SHARE) / 2)
"""Standard deviations between the value and an end of a range that is drawn from as normal."""


class _NoAliases(yaml.SafeDumper):
    """Writes every mapping out; our reader takes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class Row(NamedTuple):
    """One figure. A dimension that does not apply is an empty text; a constant has no year."""

    parameter: str
    value: float
    source: str
    status: str
    year: int | str = ""
    low: float | None = None
    high: float | None = None
    distribution: str = ""
    region: str = ""
    sector: str = ""
    sex: str = ""
    age: int | str = ""
    task: str = ""
    driver: str = ""
    migrant_group: str = ""
    permit_cohort: str = ""
    variant: str = ""

    def key(self) -> tuple[Any, ...]:
        """Return what makes a row unique; rows are sorted by it."""
        cells = [getattr(self, name) for name in (*DIMENSIONS, "year")]
        return (
            self.parameter,
            *((isinstance(cell, int), cell if isinstance(cell, int) else str(cell)) for cell in cells),
        )


def number(value: float | None) -> str:
    """Write a number in the one way numbers are written here."""
    if value is None:
        return ""
    if not np.isfinite(value):
        raise ValueError(f"a value that is not a finite number: {value}")
    return f"{float(value) + 0.0:.10g}"  # + 0.0 turns -0 into 0


def rows_of(parameter: str, values: Any, axes: Mapping[str, Iterable[Any]], **cells: Any) -> list[Row]:
    """Turn an array into rows.

    Parameters
    ----------
    parameter : str
        Name.
    values : array_like
        One axis for each entry of `axes`.
    axes : mapping of str to iterable
        Labels along each dimension, in the order of the axes.
    **cells
        Further cells of every row; ``low``, ``high`` and ``status`` may be arrays like `values`.
    """
    labels = [list(axis) for axis in axes.values()]
    array = np.asarray(values, float)
    if array.shape != tuple(len(axis) for axis in labels):
        raise ValueError(f"'{parameter}': values of shape {array.shape} for labels of {[len(a) for a in labels]}")
    rows = []
    for place in np.ndindex(*array.shape):
        here = {name: labels[axis][place[axis]] for axis, name in enumerate(axes)}
        own = {name: cell[place] if isinstance(cell, np.ndarray) else cell for name, cell in cells.items()}
        rows.append(Row(parameter=parameter, value=float(array[place]), **own, **here))
    return rows


def write_table(folder: Path, theme: str, rows: Iterable[Row], metadata: Mapping[str, Any]) -> None:
    """Write a theme: the table and its metadata.

    Raises
    ------
    ValueError
        If a key stands twice, or a parameter or source is missing from the metadata, or a value is not finite.
    """
    text = _csv_text(theme, rows, metadata)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{theme}.csv").write_bytes(text.encode())
    style = {"sort_keys": False, "allow_unicode": True, "width": 110, "default_flow_style": None}
    described = yaml.dump(dict(metadata), Dumper=_NoAliases, **style)
    (folder / f"{theme}.yaml").write_bytes(described.encode())


def write_rows(folder: Path, theme: str, rows: Iterable[Row]) -> None:
    """Write the table of a theme whose metadata file is kept by hand.

    Raises
    ------
    ValueError
        As `write_table`.
    """
    metadata = yaml.safe_load((folder / f"{theme}.yaml").read_text(encoding="utf-8"))
    (folder / f"{theme}.csv").write_bytes(_csv_text(theme, rows, metadata).encode())


def _csv_text(theme: str, rows: Iterable[Row], metadata: Mapping[str, Any]) -> str:
    ordered = sorted(rows, key=Row.key)
    for before, after in itertools.pairwise(ordered):
        if before.key() == after.key():
            raise ValueError(f"{theme}: two rows for {before.key()}")
    for name, known in (("parameter", metadata["parameters"]), ("source", metadata["sources"])):
        used = {getattr(row, name) for row in ordered}
        if used ^ set(known):
            raise ValueError(f"{theme}: {name}s in the table and in the metadata differ: {sorted(used ^ set(known))}")
    present = [name for name in DIMENSIONS if any(getattr(row, name) != "" for row in ordered)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["parameter", *present, "year", "value", "low", "high", "distribution", "status", "source"])
    for row in ordered:
        cells = [getattr(row, name) for name in (*present, "year")]
        numbers = [number(row.value), number(row.low), number(row.high)]
        writer.writerow([row.parameter, *cells, *numbers, row.distribution, row.status, row.source])
    return text.getvalue()


class Table:
    """The figures of one theme, looked up by parameter and labels."""

    def __init__(self, theme: str, rows: list[dict[str, str]]) -> None:
        self.theme = theme
        self._rows: dict[str, list[dict[str, str]]] = {}
        for row in rows:
            self._rows.setdefault(row["parameter"], []).append(row)

    def series(self, parameter: str, by: str = "", column: str = "value", **labels: str | int) -> dict[Any, float]:
        """Return the figures of a parameter with the given labels, by one remaining dimension.

        Parameters
        ----------
        parameter : str
            Name.
        by : str
            The remaining dimension (or year).
        column : {"value", "low", "high"}
            Which figure.
        **labels
            Labels of all other dimensions.
        """
        wanted = {name: str(label) for name, label in labels.items()}
        found = {}
        for row in self._rows[parameter]:
            if all(row[name] == label for name, label in wanted.items()):
                label = row[by] if by else ""
                key: Any = int(label) if by in _NUMBERS else label
                if key in found:
                    raise ValueError(f"{self.theme}: '{parameter}' has several rows for {wanted} and {by} {label}")
                found[key] = float(row[column])
        if not found:
            raise ValueError(f"{self.theme}: '{parameter}' has no row for {wanted}")
        return found

    def array(self, parameter: str, by: str, labels: Iterable[Any], **fixed: str | int) -> np.ndarray:
        """Return the figures along one dimension, in the order of the labels; all must be there."""
        found = self.series(parameter, by, **fixed)
        return np.array([found[label] for label in labels])

    def one(self, parameter: str, column: str = "value", **labels: str | int) -> float:
        """Return a single figure."""
        return next(iter(self.series(parameter, "", column, **labels).values()))


def read_records(path: Path) -> Iterator[dict[str, str]]:
    """Read the rows of a file with a header, by the names of its columns."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def read_table(folder: Path, theme: str) -> Table:
    """Read the table of a theme that was written by `write_table`."""
    return Table(theme, list(read_records(folder / f"{theme}.csv")))
