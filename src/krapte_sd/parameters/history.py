"""Starts in the past: the tables of an origin laid over those of the base year.

``parameters/history/<origin>/`` holds what a forecaster could know on 1 January of the origin: the population and its
projection, the labour market, vacancies, trends. What it does not hold is taken from the base tables: structure and
assumed behaviour, which are not of the origin, and `borrowed` names them.
"""

from __future__ import annotations

import dataclasses
import hashlib
from functools import lru_cache
from typing import Any, Final

import numpy as np

from krapte_sd.errors import ParameterError
from krapte_sd.parameters.build import Parameter
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.parameter_set import ParameterSet
from krapte_sd.parameters.reading import read_parameters

__all__ = ["BASE_YEAR", "HORIZON", "at_origin", "borrowed", "cohort_labels", "origins"]

BASE_YEAR: Final = 2024
HORIZON: Final = 10
"""Calendar years that the tables of an origin cover."""

_OLDEST: Final = 101
_NEXT_COHORTS: Final = 28
"""One more than a forecast to 2051 needs: with 128, a power of two, women and men of the same age would share places of
the processor's cache, and runs of many members took a tenth longer."""


def cohort_labels(start: int) -> list[str]:
    """Give the birth cohorts of a run: from all who are 100 on 1 January of the first year to those of 27 years on.

    Examples
    --------
    >>> cohort_labels(2024)[0], cohort_labels(2024)[-1]
    ('b1923', 'b2051')
    """
    return [f"b{year}" for year in range(start - _OLDEST, start + _NEXT_COHORTS)]


def origins() -> tuple[int, ...]:
    """List the years in the past on whose 1 January the model can start."""
    folder = parameters_folder() / "history"
    return tuple(sorted(int(path.name) for path in folder.iterdir() if path.is_dir()))


def at_origin(base: ParameterSet, origin: int, own: ParameterSet | None = None) -> ParameterSet:
    """Lay the tables of an origin over those of the base year.

    Parameters
    ----------
    base : ParameterSet
        The tables of the base year.
    origin : int
        Year of the start, one of `origins`.
    own : ParameterSet, optional
        The tables of the origin; default: the shipped ones.

    Returns
    -------
    ParameterSet
        The tables of the origin; of the base what they lack. A dated table of the base holds the value of its first
        year all along: what is planned after the base year was not known.

    Raises
    ------
    ParameterError
        If there are no tables for the origin.
    """
    if own is None:
        own = _own(origin)
    years = tuple(range(origin, origin + HORIZON + 1))
    made = {name: _held(base[name], years) for name in base.names if name not in own}
    sources = {base[name].theme: {**base.theme_sources(base[name].theme)} for name in made}
    for name in own.names:
        theme = f"history_{origin}_{own[name].theme}"
        sources[theme] = {**own.theme_sources(own[name].theme)}
        made[name] = dataclasses.replace(own[name], theme=theme)
    digest = hashlib.sha256(f"{base.sha256}\0{origin}\0{own.sha256}".encode()).hexdigest()
    return ParameterSet(made, sources, digest, frozenset(base.changed) - set(own.names))


@lru_cache(maxsize=8)
def _own(origin: int) -> ParameterSet:
    known = origins()
    if origin not in known:
        allowed = ", ".join(map(str, (*known, BASE_YEAR)))
        raise ParameterError(
            f"origin={origin!r}: there are no tables for a start in that year; allowed: {allowed}; "
            "remedy: take one of these, or derive it with tools.parameters derive-history"
        )
    return read_parameters(parameters_folder() / "history" / str(origin))


def borrowed(origin: int, base: ParameterSet) -> tuple[str, ...]:
    """Name the parameters that a start in the past takes from the base year."""
    own = _own(origin)
    return tuple(name for name in base.names if name not in own)


def _held(each: Parameter, years: tuple[int, ...]) -> Parameter:
    """Give a dated parameter the value of its first year in all years."""
    if "year" not in each.meta.dimensions or each.meta.sparse:
        return each
    axis = each.meta.dimensions.index("year")

    def repeated(values: np.ndarray) -> np.ndarray:
        out = np.repeat(values.take([0], axis=axis), len(years), axis=axis)
        out.setflags(write=False)
        return out

    labels = tuple(years if at == axis else own for at, own in enumerate(each.labels))
    arrays: dict[str, Any] = {n: repeated(getattr(each, n)) for n in ("value", "low", "high", "status", "source")}
    return dataclasses.replace(each, labels=labels, **arrays)
