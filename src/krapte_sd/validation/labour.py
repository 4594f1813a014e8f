"""The labour market of 1 January 2024, of 2024 and of what has been published since."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from krapte_sd.validation.lines import THOUSAND, Line, absolute, relative
from krapte_sd.validation.transitions import STATUSES, Floats, three_month_shares

if TYPE_CHECKING:
    from krapte_sd.validation.evidence import Evidence

__all__ = ["lines", "model_transitions"]

START, TRANSITIONS, PARTICIPATION, LATER = "start", "transitions", "participation", "later"
TOTAL_LIMIT: Final = 0.5
"""% for totals of 1 January 2024; they are inputs, so this only shows that the build kept them."""

SECTION_LIMIT: Final = 5.0
"""% for employed by section: the sampling error that the table of the initial state gives for itself."""

VACANCY_LIMIT: Final = 1.0
"""% for vacancies by section, which CBS publishes in hundreds."""

LIMIT: Final = 10.0
"""% for flows, transition shares and all that is compared over 2024 and later; as asked for by issue 2."""

AGE_POINTS, DROP_POINTS = 2.5, 4.0
"""Percentage points: a single age is a sample of some 200 thousand people, the drop is the difference of two."""

SUPPLY_POINTS: Final = 0.25
"""Percentage points a year around "practically nil"."""

BASE_PERIODS: Final = ("2023", "2024")
SHARE_QUARTERS: Final = ("2022Q4", "2023Q1", "2023Q2", "2023Q3")
FILL_QUARTERS: Final = ("2023Q4", "2024Q1")
LOWEST, HIGHEST = 15, 74


def lines(evidence: Evidence) -> Iterator[Line]:
    """Give the lines of the labour market."""
    yield from _start(evidence)
    yield from _year(evidence)
    yield from _transitions(evidence)
    yield from _participation(evidence)
    yield from _later(evidence)
    yield from _supply(evidence)


def _start(evidence: Evidence) -> Iterator[Line]:
    known = evidence.observations
    for name, reference in (
        ("employed", known.value("employed", period="2024-01")),
        ("unemployed", known.value("unemployed", period="2024-01")),
        ("vacancies", known.value("open_vacancies_adjusted", period="2023Q4")),
    ):
        found = evidence.at(f"{name}_total", 2024.0)
        yield relative(START, f"1 Jan 2024: {name}", found / 1000, reference / 1000, TOTAL_LIMIT, THOUSAND)
    sections = (
        ("employed", "employed_in_sector", employed_shares(evidence), "employed", "2024-01", SECTION_LIMIT),
        ("vacancies", "vacancies", vacancy_shares(evidence), "open_vacancies_adjusted", "2023Q4", VACANCY_LIMIT),
    )
    for label, output, shares, total, period, limit in sections:
        wanted = shares * known.value(total, period=period) / 1000
        found = evidence.quarters.saved[output][0].sum(axis=0) / 1000
        for sector, model, reference in zip(evidence.sectors, found, wanted, strict=True):
            yield relative(START, f"1 Jan 2024: {label} {sector}", model, reference, limit, THOUSAND)


def employed_shares(evidence: Evidence) -> Floats:
    """Shares of the sections in the workers of 2023 and 2024 of known section, both sexes and all ages."""
    found = evidence.observations.series("employed_by_section", sector=evidence.sectors, period=BASE_PERIODS)
    sums = found.groupby("sector")["value"].sum().reindex(list(evidence.sectors)).to_numpy(np.float64)
    return np.asarray(sums / sums.sum(), np.float64)


def vacancy_shares(evidence: Evidence) -> Floats:
    """Shares of the sections in the open vacancies of the last four quarters published by section."""
    found = evidence.observations.series("open_vacancies", sector=evidence.sectors, period=SHARE_QUARTERS)
    sums = found.groupby("sector")["value"].sum().reindex(list(evidence.sectors)).to_numpy(np.float64)
    return np.asarray(sums / sums.sum(), np.float64)


def _year(evidence: Evidence) -> Iterator[Line]:
    known = evidence.observations
    for name, series, period, limit in (
        ("employed", "employed", "2024-04", 1.0),
        ("unemployed", "unemployed", "2024-04", LIMIT),
        ("vacancies", "open_vacancies_adjusted", "2024Q1", LIMIT),
    ):
        found, reference = evidence.at(f"{name}_total", 2024.25), known.value(series, period=period)
        yield relative(START, f"1 Apr 2024: {name}", found / 1000, reference / 1000, limit, THOUSAND)
    closed = sum(float(evidence.quarters.integrals[name][0].sum()) for name in ("vacancy_hires", "vacancies_lapsed"))
    observed = sum(known.value("filled_vacancies_adjusted", period=p) for p in FILL_QUARTERS)
    observed *= 4 / len(FILL_QUARTERS)
    text = "2024: vacancies filled or lapsed (2023Q4, 2024Q1)"
    yield relative(START, text, closed / 1000, observed / 1000, LIMIT, "thousand vacancies a year")
    open_model = _mean([evidence.at("vacancies_total", 2024 + k / 4) for k in range(5)])
    open_known = _mean([known.value("open_vacancies_adjusted", period=p) for p in ("2023Q3", *FILL_QUARTERS)])
    text = "2024: fill rate of vacancies (2023Q4, 2024Q1)"
    yield relative(START, text, closed / open_model, observed / open_known, LIMIT, "per year")


def _mean(ends: list[float]) -> float:
    """Mean over quarters out of the values at their ends."""
    return float(np.mean([(a + b) / 2 for a, b in pairwise(ends)]))


def model_transitions(evidence: Evidence) -> Floats:
    """Three-month transition shares (3, 3) of the residents of 15-74 from the model's own flows at the start.

    Job moves leave the status as it is. Deaths and emigration are left out: the survey has people it finds twice.
    """
    surveyed = (evidence.ages >= LOWEST) & (evidence.ages <= HIGHEST)

    def of(name: str) -> Floats:
        """Persons (a year) by sex and surveyed cohort at the start, all regions and sectors."""
        value = evidence.fine.saved[name][0][..., surveyed]
        return np.asarray(value.sum(axis=tuple(range(value.ndim - 2))), np.float64)

    stocks = np.stack([of("employed"), of("unemployed"), of("inactive")])
    leaving = evidence.fine.saved["discouragement_rate"][0][..., surveyed]
    flows = {
        (0, 1): of("separations"),
        (0, 2): of("exits") + of("retirements"),
        (1, 0): of("hires_from_unemployed"),
        (1, 2): stocks[1] * leaving,
        (2, 0): of("hires_from_inactive"),
        (2, 1): of("entry_to_unemployment"),
    }
    return three_month_shares(stocks, flows)


def _transitions(evidence: Evidence) -> Iterator[Line]:
    known = evidence.observations
    counts = np.array([[known.value(f"transition_{a}_to_{b}", period="2024-04") for b in STATUSES] for a in STATUSES])
    observed = 100 * counts / counts.sum(axis=1, keepdims=True)
    model = 100 * model_transitions(evidence)
    for i, origin in enumerate(STATUSES):
        for j, target in enumerate(STATUSES):
            text = f"three months, {origin} to {target}"
            yield relative(TRANSITIONS, text, float(model[i, j]), float(observed[i, j]), LIMIT, f"% of {origin}")


def _participation(evidence: Evidence) -> Iterator[Line]:
    ds = evidence.forecast()
    by_age: Any = ds["employed_by_age"].isel(time=0)
    people = ds["population_by_age"].isel(time=0)
    summed = by_age.sum([d for d in by_age.dims if d != "age"]) / people.sum([d for d in people.dims if d != "age"])
    model, observed = {}, {}
    for age in range(60, 70):
        model[age] = 100 * float(summed.sel(age=age))
        observed[age] = evidence.observations.value("net_participation_rate", age=str(age), period="2024Q1")
        text = f"1 Jan 2024: net participation at {age}"
        yield absolute(PARTICIPATION, text, model[age], observed[age], AGE_POINTS, "%", "points")
    drops = [each[66] - each[67] for each in (model, observed)]
    text = "1 Jan 2024: drop at the AOW age (66 less 67)"
    yield absolute(PARTICIPATION, text, drops[0], drops[1], DROP_POINTS, "points")


def _later(evidence: Evidence) -> Iterator[Line]:
    known = evidence.observations
    for period, time, day in (("2024Q4", 2025.0, "1 Jan 2025"), ("2025Q2", 2025.5, "1 Jul 2025")):
        vacancies = known.value("vacancies_reported", period=period)
        tightness = known.value("tightness", period=period)
        # No count of the unemployed was read for 2025Q2; the ratio gives it.
        exact = period == "2024Q4"
        unemployed = known.value("unemployed_reported", period=period) if exact else vacancies / tightness
        for name, output, reference in (
            ("vacancies", "vacancies_total", vacancies),
            ("unemployed", "unemployed_total", unemployed),
        ):
            # Unemployment is led to this figure over the first year; it is no test of the model.
            used = " (used in the build)" if exact and name == "unemployed" else ""
            found = evidence.at(output, time) / 1000
            yield relative(LATER, f"{day}: {name}{used}", found, reference / 1000, LIMIT, THOUSAND)
        ratio = evidence.at("tightness", time)
        yield relative(LATER, f"{day}: vacancies per 100 unemployed", ratio, 100 * tightness, LIMIT, "vacancies")


def _supply(evidence: Evidence) -> Iterator[Line]:
    """Growth a year over the calendar years 2026 to 2040: from 1 January 2026 to 1 January 2041."""
    ds = evidence.forecast()
    published = evidence.observations.value("labour_supply_growth", period="2026/2040")
    for text, name in (
        ("labour supply", "labour_force"),
        ("labour supply at unchanged participation", "labour_supply_at_unchanged_participation"),
    ):
        first, last = (float(ds[name].sel(time=ds["time"].dt.year == year).sum()) for year in (2026, 2041))
        growth = 100 * float(np.log(last / first)) / 15
        yield absolute(LATER, f"2026-2040: growth of {text}, CPB", growth, published, SUPPLY_POINTS, "% a year")
