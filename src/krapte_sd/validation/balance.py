"""The accounts of the model: people, posts and vacancies add up to rounding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from krapte_sd.validation.lines import Line
from krapte_sd.validation.transitions import Floats

if TYPE_CHECKING:
    import xarray as xr

    from krapte_sd.validation.evidence import Evidence

__all__ = ["booked", "lines"]

GROUP: Final = "balance"
ROUNDING: Final = 1e-12
YOUNGEST, OLDEST = 15, 79
"""Ages between which people may be employed or unemployed."""


def lines(evidence: Evidence) -> Iterator[Line]:
    """Give the lines of the accounts."""
    ds = evidence.forecast()
    yield booked(
        "population: births - deaths + immigration - emigration",
        "population_total",
        ds,
        {"births": 1, "deaths_total": -1, "immigration_total": 1, "emigration_total": -1},
    )
    yield booked(
        "vacancies by section: opened - vacancy hires - lapsed",
        "vacancies",
        ds,
        {"vacancies_opened": 1, "vacancy_hires": -1, "vacancies_lapsed": -1},
    )
    outflows = (
        "separations_in_sector", "layoffs", "exits_in_sector", "retirements_in_sector", "deaths_in_sector",
        "emigration_from_sector", "job_leavers",
    )  # fmt: skip
    yield booked(
        "employed by section: vacancy hires + direct hires - outflows",
        "employed_in_sector",
        ds,
        {"vacancy_hires": 1, "direct_hires": 1, **dict.fromkeys(outflows, -1)},
    )
    yield from _cells(evidence)
    yield from _ages(ds)
    yield from _lowest(ds)


def booked(text: str, stock: str, ds: xr.Dataset, flows: dict[str, int]) -> Line:
    """Compare the change of a stock over each year with its flows, relative to the stock.

    Parameters
    ----------
    text : str
        Name of the line.
    stock : str
        Variable by ``time``.
    ds : xarray.Dataset
        With the stock on each 1 January and the flows over each year.
    flows : mapping of str to int
        Variables by ``year``, with 1 for an inflow and -1 for an outflow.

    Returns
    -------
    Line
        With the year and element that are farthest off.
    """
    stocks = np.asarray(ds[stock].values, np.float64)
    change = np.diff(stocks, axis=0)
    flow = np.zeros_like(change)
    for name, sign in flows.items():
        flow += sign * np.asarray(ds[name].values, np.float64)
    gap = (change - flow) / np.maximum(stocks[1:], 1.0)
    worst = np.unravel_index(int(np.argmax(np.abs(gap))), gap.shape)
    unit = f"{ds[stock].attrs['units']} a year"
    return _exact(text, float(change[worst]), float(flow[worst]), float(gap[worst]), ROUNDING, "of the stock", unit)


def _exact(text: str, model: float, reference: float, gap: float, limit: float, measure: str, unit: str) -> Line:
    return Line(GROUP, text, model, reference, gap, f"{limit:g} {measure}", unit, abs(gap) <= limit)


def _cells(evidence: Evidence) -> Iterator[Line]:
    """Accounts by sex and year of birth at every fine step of the first year."""
    found = evidence.fine.saved
    parts = found["employed"].sum(axis=2) + found["unemployed"] + found["inactive"]
    text = "statuses by sex and cohort: employed + unemployed + inactive"
    yield _farthest(text, parts, found["population"], "person")
    moves = [found[name].sum(axis=2) for name in ("job_moves_in", "job_moves_out")]
    yield _farthest("job moves by sex and cohort: in less out", moves[0], moves[1], "person/Year")
    cells = sum(found[n].sum(axis=(-2, -1)) for n in ("hires_from_unemployed", "hires_from_inactive", "job_moves_in"))
    hires = found["vacancy_hires"] + found["direct_hires"]
    yield _farthest("hires by section: persons against vacancies and direct hires", cells, hires, "person/Year")


def _farthest(text: str, model: Any, reference: Floats, unit: str) -> Line:
    """The element with the largest difference, relative to the largest element: cells may be empty."""
    gap = (model - reference) / np.abs(reference).max()
    worst = np.unravel_index(int(np.argmax(np.abs(gap))), gap.shape)
    values = float(model[worst]), float(reference[worst])
    return _exact(text, *values, float(gap[worst]), ROUNDING, "of the largest cell", unit)


def _ages(ds: xr.Dataset) -> Iterator[Line]:
    """Nobody in the labour force below 15, and less than one person above 79, on any 1 January."""
    force = ds["employed_by_age"].sum("sector") + ds["unemployed_by_age"]
    by_age = force.sum([d for d in force.dims if d not in ("time", "age")])
    young = float(by_age.sel(age=slice(0, YOUNGEST - 1)).sum("age").max())
    old = float(by_age.sel(age=slice(OLDEST + 1, None)).sum("age").max())
    text = f"employed and unemployed below {YOUNGEST}, highest"
    yield Line(GROUP, text, young, 0.0, young, "0 person", "person", young == 0)
    text = f"employed and unemployed above {OLDEST}, highest"
    yield Line(GROUP, text, old, 0.0, old, "below 1 person", "person", abs(old) < 1)


def _lowest(ds: xr.Dataset) -> Iterator[Line]:
    """No stock below zero on any 1 January, people outside the labour force among them."""
    inactive = ds["population_by_age"] - ds["employed_by_age"].sum("sector") - ds["unemployed_by_age"]
    stocks = {
        "employed": ds["employed_by_age"],
        "unemployed": ds["unemployed_by_age"],
        "inactive": inactive,
        "vacancies": ds["vacancies"],
    }
    for name, stock in stocks.items():
        lowest = float(stock.min())
        below = min(lowest, 0.0)
        text = f"{name}: lowest in any cell and year"
        yield Line(GROUP, text, lowest, 0.0, below, "not below 0", "person", lowest >= 0)
