"""From parameter tables to the arrays a model asks for.

The model says which inputs it needs, with dimensions and unit; the table of the
same name supplies them. Ages become birth cohorts here, and schedules that follow
the state pension age are moved. Nothing is repeated along a dimension unless the
metadata says that one value holds for all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import ParameterError, UnitError
from krapte_sd.kernel.inputs import Series
from krapte_sd.parameters.build import Parameter
from krapte_sd.parameters.codes import HIGHEST_AGE
from krapte_sd.parameters.parameter_set import ParameterSet
from krapte_sd.parameters.problems import Problems
from krapte_sd.parameters.schedules import Outside, aow_shift, by_cohort, shift_ages
from krapte_sd.parameters.units import is_count, is_stock, same_unit

__all__ = ["AOW_AGE", "LEVER_AOW_AGE", "REFERENCE_AOW_AGE", "Series", "model_inputs"]

Floats = NDArray[np.float64]
Years = NDArray[np.int64]

AOW_AGE: Final = "aow_age"
REFERENCE_AOW_AGE: Final = "reference_aow_age"
LEVER_AOW_AGE: Final = "lever_aow_age"
_BIRTH_YEAR: Final = "birth_year"
_COHORT: Final = "Cohort"
_COHORT_LABEL: Final = re.compile(r"[a-z]?([0-9]{4})\Z", re.ASCII)
_TABLE_DIMENSION: Final = {
    "Region": "region",
    "Workplace": "workplace",
    "Sector": "sector",
    "Sex": "sex",
    "Task": "task",
    "Driver": "driver",
    "Migrant group": "migrant_group",
    "Permit cohort": "permit_cohort",
    "Variant": "variant",
    _COHORT: "age",
}


class _Variable(Protocol):
    @property
    def dimensions(self) -> tuple[str, ...]: ...
    @property
    def kind(self) -> str: ...
    @property
    def unit(self) -> str: ...


class _Model(Protocol):
    """What is needed of `krapte_sd.equations.Model`."""

    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def dimensions(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def variables(self) -> Mapping[str, _Variable]: ...


def cohorts_of(labels: Sequence[str]) -> list[int]:
    """Return the years of birth that cohort labels such as ``b1923`` stand for.

    Raises
    ------
    ParameterError
        If a label holds no year.
    """
    found = [_COHORT_LABEL.match(label) for label in labels]
    wrong = [label for label, match in zip(labels, found, strict=True) if match is None]
    if wrong:
        raise ParameterError(f"'{wrong[0]}' is not a birth cohort; allowed: a letter and the year of birth, e.g. b1985")
    return [int(match.group(1)) for match in found if match is not None]


class _Maker:
    """Makes the inputs of one model out of one parameter set."""

    def __init__(
        self,
        model: _Model,
        parameters: ParameterSet,
        cohorts: Sequence[int],
        years: Years,
        problems: Problems,
        given_lever: Series | None = None,
    ) -> None:
        self.model = model
        self.parameters = parameters
        self.cohorts = np.asarray(cohorts, np.int64)
        self.years = years
        self.problems = problems
        self.given_lever = given_lever
        self._aow: tuple[Floats, float] | None = None
        self._aow_sought = False

    def aow(self) -> tuple[Floats, float] | None:
        """Return the path of the state pension age over `years` and the age the schedules belong to."""
        if self._aow_sought:
            return self._aow
        self._aow_sought = True
        before = len(self.problems.lines)
        for name, dimensions in ((AOW_AGE, ("year",)), (REFERENCE_AOW_AGE, ())):
            if name not in self.parameters:
                what = "needed because a parameter has 'follows_aow: true', but there is no such parameter"
                self.problems.add(name, what, remedy="add it to a table, in years")
                continue
            meta = self.parameters[name].meta
            if meta.dimensions != dimensions or not same_unit(meta.unit, "year"):
                found = f"[{', '.join(meta.dimensions)}] in {meta.unit}"
                allowed = f"[{', '.join(dimensions)}] in year"
                self.problems.add(name, "other dimensions or unit", found=found, allowed=allowed, remedy="correct it")
        if len(self.problems.lines) == before:
            path = self.parameters[AOW_AGE]
            at = self.years_in(path)
            if at is not None:
                lever = self.aow_lever()
                if lever is not None:
                    self._aow = (path.value[at] + lever, float(self.parameters[REFERENCE_AOW_AGE].value))
        return self._aow

    def aow_lever(self) -> Floats | None:
        """Return what policy adds to the state pension age over `years`; None after a problem."""
        if self.given_lever is not None:
            # beyond the years given the last value holds, as in the kernel
            dates = np.asarray(self.given_lever.years, np.float64)
            return np.interp(self.years, dates, np.asarray(self.given_lever.values, np.float64))
        if LEVER_AOW_AGE not in self.parameters:
            return np.zeros(self.years.size)
        lever = self.parameters[LEVER_AOW_AGE]
        if "year" not in lever.meta.dimensions:
            return np.full(self.years.size, float(lever.value))
        at = self.years_in(lever)
        return None if at is None else lever.value[at]

    def years_in(self, each: Parameter) -> NDArray[np.int64] | None:
        """Return the positions of the years wanted in a dated table, or report those it lacks."""
        dated = each.along("year")
        first, last = int(dated[0]), int(dated[-1])
        absent = [year for year in self.years.tolist() if not first <= year <= last]
        if absent:
            what = f"the table covers {first} to {last}, needed are {self.years[0]} to {self.years[-1]}"
            self.problems.add(each.name, what, remedy=f"add the years {', '.join(map(str, absent))}")
            return None
        return np.asarray(self.years - first, np.int64)

    def make(self, name: str) -> Floats | Series | None:
        """Make one input, or report why it cannot be made."""
        variable = self.model.variables[name]
        if name == _BIRTH_YEAR and variable.dimensions == (_COHORT,):
            return self.cohorts.astype(np.float64)
        if name not in self.parameters:
            found = "[" + ", ".join(variable.dimensions) + "]"
            what = f"the model needs this {'data variable' if variable.kind == 'data' else 'input'} {found} in "
            self.problems.add(
                name,
                f"{what}{variable.unit}, but there is no parameter of this name",
                found=name,
                match=self.parameters.names,
                remedy="add it to a table, or correct the name",
            )
            return None
        each = self.parameters[name]
        unit_fits, dimensions_fit = self.unit_fits(each, variable), self.dimensions_fit(each, variable)
        if not (unit_fits and dimensions_fit):
            return None
        try:
            return self.array(each, variable)
        except ParameterError as error:
            self.problems.add(name, str(error))
            return None

    def unit_fits(self, each: Parameter, variable: _Variable) -> bool:
        try:
            if same_unit(each.meta.unit, variable.unit):
                return True
        except UnitError as error:
            self.problems.add(each.name, f"the unit in the model: {error}")
            return False
        self.problems.add(
            each.name,
            "another unit than in the model",
            found=each.meta.unit,
            allowed=variable.unit,
            remedy=f"give the figures in {variable.unit}, or correct the model",
        )
        return False

    def dimensions_fit(self, each: Parameter, variable: _Variable) -> bool:
        """Check dimensions and labels of a parameter against those of the model."""
        meta, before = each.meta, len(self.problems.lines)
        if meta.sparse:
            remedy = "derive a full table from it under another name"
            self.problems.add(each.name, "a sparse parameter cannot be an input of the model", remedy=remedy)
            return False
        wanted = []
        for dimension in variable.dimensions:
            if dimension not in _TABLE_DIMENSION:
                what = "a dimension of the model that tables do not have"
                self.problems.add(each.name, what, found=dimension, allowed=list(_TABLE_DIMENSION), remedy="rename it")
                return False
            wanted.append(_TABLE_DIMENSION[dimension])
        shown = f"[{', '.join(meta.dimensions)}]"
        for dimension in wanted:
            if dimension not in (*meta.dimensions, *meta.same_for):
                what = f"the model has the dimension {dimension}, the table has not"
                remedy = (
                    f"give values by {dimension}, or 'same_for: [{dimension}]' in the metadata if one holds for all"
                )
                self.problems.add(each.name, what, found=shown, remedy=remedy)
        extra = [name for name in meta.dimensions if name not in wanted and name != "year"]
        extra += [name for name in meta.same_for if name not in wanted]
        for dimension in extra:
            what = f"the table has the dimension {dimension}, the model has not"
            self.problems.add(
                each.name, what, found=shown, allowed=wanted, match=(), remedy="take it out of one of them"
            )
        if "year" in meta.dimensions and variable.kind != "data":
            what = "the table is dated, the model takes one value for the whole run"
            self.problems.add(each.name, what, found=shown, remedy="empty the years, or make it a data variable")
        frozen = "age" in wanted and variable.kind != "data"
        if frozen and not (meta.at_base_year or each.name.startswith("initial_")):
            what = "a constant by cohort would freeze the ages of the first year"
            remedy = "make it a data variable in the model, or write 'at_base_year: true' in the metadata"
            self.problems.add(each.name, what, remedy=remedy)
        for dimension, own in zip(variable.dimensions, wanted, strict=True):
            if own in meta.dimensions and own != "age":
                self.labels_fit(each, dimension, own)
        return len(self.problems.lines) == before

    def labels_fit(self, each: Parameter, dimension: str, own: str) -> None:
        have, needed = each.along(own), self.model.dimensions[dimension]
        for label in needed:
            if label not in have:
                what = f"the model has the {own} {label}, the table has not"
                self.problems.add(each.name, what, found=label, allowed=have, remedy=f"add rows for {own} {label}")
        # A run takes the regions it needs out of a table for several regional divisions.
        for surplus in have if own != "region" else ():
            if surplus not in needed:
                what = f"the table has the {own} {surplus}, the model has not"
                self.problems.add(each.name, what, found=surplus, allowed=needed, remedy="delete its rows")

    def array(self, each: Parameter, variable: _Variable) -> Floats | Series:
        """Bring values into the order and shape of the model."""
        meta = each.meta
        data = variable.kind == "data"
        years = self.years if data else self.years[:1]
        values = each.value
        order = [name for name in meta.dimensions if name not in ("age", "year")]
        dated = "year" in meta.dimensions
        if dated:
            at = self.years_in(each)
            if at is None:
                raise ParameterError("the years do not suffice")
            values = values[..., at]
        if "age" in meta.dimensions:
            # The age axis goes behind the other labels and before the year.
            axis = meta.dimensions.index("age")
            values = np.moveaxis(values, axis, -2 if dated else -1)
            values = self.at_cohorts(each, values, years, dated)
            order = ["year", *order, "age"]
        elif dated:
            values = np.moveaxis(values, -1, 0)
            order = ["year", *order]
        else:
            values = np.broadcast_to(values, (years.size, *values.shape))
            order = ["year", *order]
        result = self.arranged(each, variable, values, order)
        if not data:
            return np.array(result[0], np.float64)
        return Series(years, result)

    def arranged(self, each: Parameter, variable: _Variable, values: Floats, order: list[str]) -> Floats:
        wanted = [_TABLE_DIMENSION[dimension] for dimension in variable.dimensions]
        values = values.transpose([order.index(name) for name in ("year", *wanted) if name in order])
        for position, (dimension, own) in enumerate(zip(variable.dimensions, wanted, strict=True), start=1):
            labels = self.model.dimensions[dimension]
            if own not in order:
                values = np.repeat(np.expand_dims(values, position), len(labels), axis=position)
            elif own != "age":
                place = {label: at for at, label in enumerate(each.along(own))}
                values = values.take([place[label] for label in labels], axis=position)
        return np.ascontiguousarray(values, np.float64)

    def at_cohorts(self, each: Parameter, values: Floats, years: Years, dated: bool) -> Floats:
        """Look a table by (..., age) or (..., age, year) up for the cohorts; gives (year, ..., cohort)."""
        meta = each.meta
        ages = np.array(each.along("age"), np.int64)
        below, above = meta.ages.below, meta.ages.above
        needed = years[:, None] - self.cohorts[None, :] - 1
        if is_count(meta.unit) or "age" in meta.adds_to_one_over:
            below, above = _once_only(each, needed, int(ages[0]), int(ages[-1]))
        if meta.follows_aow:
            aow = self.aow()
            if aow is None:
                raise ParameterError("it follows the state pension age, which is not known")
            values, ages = _extended(values, ages, above, dated)
            shift = aow_shift(ages, aow[0][: years.size], aow[1])
            values = shift_ages(values, shift, ages=ages, dated=dated, below=meta.ages.below, above=above)
            dated = True
        table_years = years if dated else None
        return by_cohort(values, self.cohorts, years, ages=ages, table_years=table_years, below=below, above=above)


def _once_only(each: Parameter, needed: Years, lowest: int, highest: int) -> tuple[Outside, Outside]:
    """Decide what holds outside the ages of a table of counts or shares, where to repeat a row is to add people."""
    below, above = each.meta.ages.below, each.meta.ages.above
    if "hold" in (below, above):
        raise ParameterError(
            f"'ages: hold' would repeat {each.meta.unit} of one age at others; remedy: write zero, or add the ages"
        )
    if below is None and lowest == 0 and needed.min() < 0:
        if not is_stock(each.meta.unit):
            raise ParameterError(
                "the table has no age -1, the children born during the year; "
                "remedy: add rows for age -1, or 'ages: {below: zero}' to the metadata"
            )
        below = "zero"  # on 1 January nobody of the coming year's cohort is there
    if above is None and highest == HIGHEST_AGE and needed.max() > HIGHEST_AGE:
        raise ParameterError(
            f"the row for {HIGHEST_AGE} and over would be repeated for every older cohort; "
            "remedy: add 'ages: {above: zero}' to the metadata"
        )
    return below, above


def _extended(values: Floats, ages: Years, above: Outside, dated: bool) -> tuple[Floats, Years]:
    """Continue a schedule to the age of 100, so that it can move beyond its own highest age."""
    more = HIGHEST_AGE - int(ages[-1])
    if above is None or more <= 0:
        return values, ages
    axis = values.ndim - (2 if dated else 1)
    last = values.take([-1], axis=axis)
    tail = np.repeat(last if above == "hold" else np.zeros_like(last), more, axis=axis)
    return np.concatenate([values, tail], axis=axis), np.arange(ages[0], HIGHEST_AGE + 1)


def model_inputs(
    model: _Model,
    parameters: ParameterSet,
    cohorts: Iterable[int] | None = None,
    years: Iterable[int] = range(2024, 2052),
    names: Iterable[str] | None = None,
    lever_aow_age: Series | None = None,
) -> dict[str, Floats | Series]:
    """Make every input a model asks for out of the parameters of the same names.

    Parameters
    ----------
    model : krapte_sd.equations.Model
        Its `inputs`, with dimensions, kind and unit, say what is needed.
    parameters : ParameterSet
        The tables.
    cohorts : iterable of int, optional
        Years of birth along the model's dimension ``Cohort``; default: as in its labels (``b1985``).
    years : iterable of int, optional
        The 1 Januaries from the start to the end of the run, consecutive.
    names : iterable of str, optional
        Only these inputs, for a run of a part of the model; default: all.
    lever_aow_age : Series, optional
        What policy adds to the state pension age, years; default: the parameter of this name.

    Returns
    -------
    dict
        For each input an array of float64 of the shape and in the unit of the model; for each data
        variable a `Series` with one such array for every 1 January. Tables by completed age are given
        by cohort (see `krapte_sd.parameters.schedules.by_cohort`), constants by age at the first year.

    Raises
    ------
    ParameterError
        With all parameters that are missing, have another unit, other dimensions or labels, or do not
        cover the years and ages needed.

    Notes
    -----
    A parameter without a dimension the model has is repeated only if its metadata says so (`same_for`).
    One without years is constant over time. ``birth_year[Cohort]`` is made here.
    """
    problems = Problems()
    at = np.array(list(years), np.int64)
    if at.size == 0 or (np.diff(at) != 1).any():
        raise ParameterError("years must be consecutive; remedy: give e.g. range(2024, 2052)")
    labels = model.dimensions.get(_COHORT, ())
    born = cohorts_of(labels)
    given = born if cohorts is None else list(cohorts)
    if given != born:
        what = f"cohorts {given[:1]} to {given[-1:]} are not those of the model, {born[:1]} to {born[-1:]}"
        raise ParameterError(f"{what}; remedy: leave them out")
    maker = _Maker(model, parameters, born, at, problems, lever_aow_age)
    made = {name: maker.make(name) for name in (model.inputs if names is None else names)}
    problems.raise_if_any("inputs of the model")
    return {name: value for name, value in made.items() if value is not None}
