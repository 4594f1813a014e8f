"""From the rows of a table to one full array per parameter.

Here is checked what no single cell can show: that each combination of the
declared dimensions stands exactly once, that ranges enclose their values, that
counts are not negative and that an unknown figure has no effect.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from krapte_sd.parameters.codes import FIXED_CODES, STATUSES
from krapte_sd.parameters.metadata import ParameterMeta, Range, Theme
from krapte_sd.parameters.problems import Problems
from krapte_sd.parameters.tables import Flags, Floats, RawTable
from krapte_sd.parameters.units import is_count

__all__ = ["SHARE_TOLERANCE", "Parameter", "build_parameters"]

Indices = NDArray[np.int64]
Label = str | int

_MOST_CELLS: Final = 20_000_000
_MOST_NAMED: Final = 3
# Tables are written with ten digits.
SHARE_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Parameter:
    """One parameter with all its values; the arrays cannot be written to.

    Attributes
    ----------
    name, theme : str
        Its name and the theme (file) it comes from.
    meta : ParameterMeta
        Unit, dimensions, definition and so on.
    labels : tuple of tuple
        The codes, ages or years along each dimension, in the order of ``meta.dimensions``.
        For a sparse parameter: the labels of each row, by dimension.
    value, low, high : numpy.ndarray of float64
        Shape as by `labels`; one-dimensional (by row) for a sparse parameter. Where there is no
        range, `low` and `high` equal `value`.
    status : numpy.ndarray of int64
        Index into `STATUSES`, same shape.
    source : numpy.ndarray of int64
        Index into `source_keys`, same shape.
    source_keys : tuple of str
        Keys into the sources of the theme.
    distribution : tuple of str
        The distributions named in the rows, sorted.
    """

    name: str
    theme: str
    meta: ParameterMeta
    labels: tuple[tuple[Label, ...], ...]
    value: Floats
    low: Floats
    high: Floats
    status: Indices
    source: Indices
    source_keys: tuple[str, ...]
    distribution: tuple[str, ...]

    def along(self, dimension: str) -> tuple[Label, ...]:
        """Return the labels along one dimension."""
        return self.labels[self.meta.dimensions.index(dimension)]


class _Column:
    """A dimension column turned into integers whose order is the order of the labels."""

    def __init__(self, name: str, cells: Sequence[str], theme: Theme) -> None:
        distinct = set(cells) - {""}
        self.labels: list[Label]
        if name in ("age", "year"):
            # Cells that are no numbers were reported; their rows are never used.
            by_number = {cell: int(cell) for cell in distinct if cell.lstrip("-").isdecimal() and len(cell) < 6}
            self.labels = list(dict.fromkeys(sorted(by_number.values())))
            position = {number: at for at, number in enumerate(self.labels)}
            index = {cell: position[number] for cell, number in by_number.items()}
        else:
            order = {code: at for at, code in enumerate((*FIXED_CODES.get(name, ()), *theme.codes.get(name, ())))}
            ordered = sorted(distinct, key=lambda code: (order.get(code, len(order)), code))
            self.labels = list(ordered)
            index = {code: at for at, code in enumerate(ordered)}
        index[""] = -1
        self.codes: Indices = np.fromiter((index.get(cell, -2) for cell in cells), np.int64, len(cells))


class _Builder:
    """Builds the parameters of one table."""

    def __init__(self, table: RawTable, theme: Theme, name: str, problems: Problems) -> None:
        self.table = table
        self.theme = theme
        self.name = name
        self.problems = problems
        self.columns = {column: _Column(column, table.columns[column], theme) for column in (*table.dimensions, "year")}
        statuses = {status: at for at, status in enumerate(STATUSES)}
        self.source_keys = tuple(theme.sources)
        keys = {key: at for at, key in enumerate(self.source_keys)}
        self.status = self.indexed("status", statuses)
        self.source = self.indexed("source", keys)

    def indexed(self, column: str, index: dict[str, int]) -> Indices:
        cells = self.table.columns[column]
        return np.fromiter((index.get(cell, -1) for cell in cells), np.int64, len(cells))

    def add(self, rows: Indices, column: str, what: str, remedy: str, found: object = None) -> None:
        where = f"{self.table.file}:{int(rows[0]) + 2}" + (f":{column}" if column else "")
        self.problems.add(where, what, found=found, remedy=remedy, more=rows.size - 1)

    def dimensions_fit(self, name: str, meta: ParameterMeta, rows: Indices) -> bool:
        """Check that exactly the cells of the declared dimensions are filled."""
        fits = True
        for dimension in meta.dimensions:
            if dimension not in self.columns:
                self.problems.add(
                    f"{self.table.file}:1:{dimension}",
                    f"the column of a dimension of '{name}' is missing",
                    remedy=f"add the column '{dimension}', or take it out of the dimensions of '{name}'",
                )
                fits = False
        for dimension, column in self.columns.items():
            filled = column.codes[rows] >= 0
            declared = dimension in meta.dimensions
            wrong = rows[~filled] if declared else rows[filled]
            if not wrong.size:
                continue
            fits = False
            if declared:
                self.add(wrong, dimension, f"the {dimension} of '{name}' is missing", f"give the {dimension}")
            else:
                found = self.table.columns[dimension][int(wrong[0])]
                remedy = f"empty the cell, or add {dimension} to the dimensions in the metadata file"
                self.add(wrong, dimension, f"'{name}' has no dimension {dimension}", remedy, found)
        return fits

    def describe(self, meta: ParameterMeta, axes: Sequence[Sequence[Label]], cell: Iterable[SupportsIndex]) -> str:
        pairs = zip(meta.dimensions, axes, cell, strict=True)
        return ", ".join(f"{name} {axis[int(at)]}" for name, axis, at in pairs) or "the single value"

    def positions(self, name: str, meta: ParameterMeta, rows: Indices) -> tuple[list[list[Label]], Indices] | None:
        """Find the place of every row in the full array; report rows that stand twice and cells without a row."""
        axes: list[list[Label]] = []
        places: list[Indices] = []
        for dimension in meta.dimensions:
            column = self.columns[dimension]
            used, place = np.unique(column.codes[rows], return_inverse=True)
            labels = [column.labels[code] for code in used]
            if dimension in ("age", "year") and not meta.sparse:
                first = int(labels[0])
                place = np.array([int(label) - first for label in labels], np.int64)[place]
                labels = list(range(first, int(labels[-1]) + 1))
            axes.append(labels)
            places.append(place.reshape(-1))
        shape = tuple(len(axis) for axis in axes)
        size = math.prod(shape)
        if size > _MOST_CELLS:
            what = f"'{name}' has {rows.size} rows, all combinations of its dimensions would be {size}"
            self.add(rows[:1], "", what, "give every combination, or fewer codes")
            return None
        flat = np.ravel_multi_index(places, shape) if places else np.zeros(rows.size, np.int64)
        return (axes, flat) if self.complete(name, meta, rows, axes, flat) else None

    def complete(
        self, name: str, meta: ParameterMeta, rows: Indices, axes: Sequence[Sequence[Label]], flat: Indices
    ) -> bool:
        shape = tuple(len(axis) for axis in axes)
        count = np.bincount(flat, minlength=math.prod(shape))
        order = np.argsort(flat, kind="stable")
        again = order[1:][flat[order][1:] == flat[order][:-1]]
        if again.size:
            again.sort()
            first = rows[int(np.flatnonzero(flat == flat[again[0]])[0])]
            cell = self.describe(meta, axes, np.unravel_index(int(flat[again[0]]), shape) if shape else ())
            what = f"'{name}' has two rows for {cell} (first in row {first + 2})"
            self.add(rows[again], "", what, "delete one of the two")
        missing = np.flatnonzero(count == 0)
        if missing.size and not meta.sparse:
            cells = [np.unravel_index(int(at), shape) for at in missing[:_MOST_NAMED]]
            named = "; ".join(f"({self.describe(meta, axes, cell)})" for cell in cells)
            dots = ", ..." if missing.size > _MOST_NAMED else ""
            self.problems.add(
                f"{self.table.file}:{int(rows[0]) + 2}:{meta.dimensions[-1]}",
                f"'{name}' misses {missing.size} of {count.size} cells: {named}{dots}",
                remedy="give a row for every combination, without gaps in ages and years; "
                "source figures with gaps are marked 'sparse: true' in the metadata file",
            )
        return not again.size and (meta.sparse or not missing.size)

    def ranges(
        self, name: str, meta: ParameterMeta, rows: Indices, value: Floats, low: Floats, high: Floats
    ) -> tuple[Floats, Floats]:
        """Complete `low` and `high` by the rule of the metadata and check them."""
        empty = np.isnan(low) | np.isnan(high)
        if empty.any():
            if meta.range is None:
                self.add(
                    rows[empty],
                    "low",
                    f"'{name}' has neither low and high here nor a range in the metadata file",
                    "give both cells, or 'range: {kind: none, basis: why}' in the metadata file",
                )
            ruled = _by_rule(meta.range, value)
            low, high = np.where(empty, ruled[0], low), np.where(empty, ruled[1], high)
        wrong = (low > value) | (value > high)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            found = f"{low[at]:.10g}, {value[at]:.10g}, {high[at]:.10g}"
            self.add(rows[wrong], "low", f"low <= value <= high does not hold for '{name}'", "correct the range", found)
        return low, high

    def values_allowed(
        self, name: str, meta: ParameterMeta, rows: Indices, value: Floats, low: Floats, high: Floats
    ) -> None:
        if is_count(meta.unit) and not meta.signed:
            for column, numbers in (("value", value), ("low", low)):
                wrong = numbers < 0
                if wrong.any():
                    remedy = "correct the sign; a balance that may be negative is marked 'signed: true'"
                    found = float(numbers[wrong][0])
                    self.add(rows[wrong], column, f"'{name}' in {meta.unit} cannot be negative", remedy, found)
                    break
        unknown = self.status[rows] == STATUSES.index("unknown")
        effect = unknown & (value != meta.no_effect)
        if effect.any():
            what = f"'{name}' is unknown, so its value must be that without effect, {meta.no_effect:g}"
            remedy = "give that value (or no_effect in the metadata file), or another status"
            self.add(rows[effect], "value", what, remedy, float(value[effect][0]))
        narrow = unknown & ~(low < high)
        if narrow.any():
            remedy = "give low and high for exploration"
            self.add(rows[narrow], "low", f"'{name}' is unknown but has no range from low to high", remedy)

    def shares_add_up(
        self,
        name: str,
        meta: ParameterMeta,
        rows: Indices,
        axes: Sequence[Sequence[Label]],
        value: Floats,
        flat: Indices,
    ) -> None:
        """Check that shares add up to one over the dimensions the metadata names."""
        if not meta.adds_to_one_over or meta.sparse:
            return
        full = value[np.argsort(flat, kind="stable")].reshape([len(axis) for axis in axes])
        total = full.sum(axis=tuple(meta.dimensions.index(each) for each in meta.adds_to_one_over))
        wrong = np.argwhere(np.abs(total - 1.0) > SHARE_TOLERANCE)
        if wrong.size or (total.ndim == 0 and abs(float(total) - 1.0) > SHARE_TOLERANCE):
            cell = tuple(wrong[0]) if wrong.size else ()
            over = ", ".join(meta.adds_to_one_over)
            kept = [
                (each, axis)
                for each, axis in zip(meta.dimensions, axes, strict=True)
                if each not in meta.adds_to_one_over
            ]
            where = ", ".join(f"{each} {axis[int(at)]}" for (each, axis), at in zip(kept, cell, strict=True))
            what = f"the shares '{name}' do not add up to one over {over}" + (f" for {where}" if where else "")
            self.add(rows[:1], "value", what, "give shares that add up", f"{float(total[cell]):.10g}")

    def build(self, name: str, rows: Indices, value: Floats, low: Floats, high: Floats) -> Parameter | None:
        meta = self.theme.parameters[name]
        before = len(self.problems.lines)
        fits = self.dimensions_fit(name, meta, rows)
        low, high = self.ranges(name, meta, rows, value, low, high)
        self.values_allowed(name, meta, rows, value, low, high)
        placed = self.positions(name, meta, rows) if fits else None
        if placed is None or len(self.problems.lines) > before:
            return None
        axes, flat = placed
        self.shares_add_up(name, meta, rows, axes, value, flat)
        if len(self.problems.lines) > before:
            return None
        shape = (rows.size,) if meta.sparse else tuple(len(axis) for axis in axes)
        order = np.argsort(flat, kind="stable")

        def arranged(column: NDArray[Any]) -> NDArray[Any]:
            array = column[order].reshape(shape)
            array.setflags(write=False)
            return array

        if meta.sparse and axes:
            cells = np.unravel_index(flat[order], tuple(len(axis) for axis in axes))
            axes = [[axis[at] for at in place] for axis, place in zip(axes, cells, strict=True)]
        named = {self.table.columns["distribution"][row] for row in rows.tolist()} - {""}
        return Parameter(
            name=name,
            theme=self.name,
            meta=meta,
            labels=tuple(tuple(axis) for axis in axes),
            value=arranged(value),
            low=arranged(low),
            high=arranged(high),
            status=arranged(self.status[rows]),
            source=arranged(self.source[rows]),
            source_keys=self.source_keys,
            distribution=tuple(sorted(named)),
        )


def _by_rule(rule: Range | None, value: Floats) -> tuple[Floats, Floats]:
    if rule is None or rule.low is None or rule.high is None:
        return value, value
    if rule.kind == "absolute":
        return value + rule.low, value + rule.high
    one, other = value * rule.low, value * rule.high
    return np.minimum(one, other), np.maximum(one, other)


def build_parameters(
    table: RawTable,
    theme: Theme,
    name: str,
    numbers: tuple[Floats, Floats, Floats, Flags],
    problems: Problems,
    line_of: Iterable[tuple[str, int]],
) -> list[Parameter]:
    """Build the parameters of one table.

    Parameters
    ----------
    table, theme : RawTable, Theme
        The two halves of the theme.
    name : str
        Name of the theme.
    numbers : tuple of numpy.ndarray
        What `check_cells` returned.
    problems : Problems
        Takes what is wrong.
    line_of : iterable of (str, int)
        The line of each parameter in the metadata file.

    Returns
    -------
    list of Parameter
        In the order of the metadata file, without those that have problems.
    """
    value, low, high, wrong = numbers
    builder = _Builder(table, theme, name, problems)
    names = list(theme.parameters)
    which = builder.indexed("parameter", {each: at for at, each in enumerate(names)})
    order = np.argsort(which, kind="stable")
    edges = np.searchsorted(which[order], np.arange(len(names) + 1))
    lines = dict(line_of)
    built = []
    for at, each in enumerate(names):
        rows = order[edges[at] : edges[at + 1]]
        if not rows.size:
            problems.add(
                f"{table.file.removesuffix('.csv')}.yaml:{lines.get(each, 1)}:{each}",
                "a parameter without rows in the table",
                found=each,
                match=[cell for cell in set(table.columns["parameter"]) if cell not in theme.parameters],
                remedy=f"give it rows in {table.file}, or delete it here",
            )
        elif not wrong[rows].any():
            parameter = builder.build(each, rows, value[rows], low[rows], high[rows])
            if parameter is not None:
                built.append(parameter)
    return built
