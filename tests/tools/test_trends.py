"""Trends of output and productivity: what goes on, how far it may be off, and that no later figure is in them."""

from __future__ import annotations

import numpy as np
import pytest
from tools.parameters import demand
from tools.parameters.tables import EDGE

from krapte_sd.parameters import read_parameters
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.observations import Observations, read_observations

MARKET = [k not in demand.PUBLIC and k != "B" for k in demand.INDUSTRIES]


@pytest.fixture(scope="module")
def observed() -> Observations:
    return read_observations()


def levels(observed: Observations, years: range) -> np.ndarray:
    """Logs of output and of productivity (2, industry, year)."""
    output, hours = (
        np.log([[observed.value(series, sector=k, period=str(y)) for y in years] for k in demand.INDUSTRIES])
        for series in ("value_added_volume", "hours_worked")
    )
    return np.array([output, output - hours])


def test_what_goes_on_is_found_in_made_figures() -> None:
    """True differences of 1% and noise of half of that between decades: 0.8 of a deviation over all years goes on."""
    random = np.random.default_rng(3)
    true = random.normal(0, 0.01, (1, 4000, 1))
    growth = np.repeat(true + random.normal(0, 0.01 / np.sqrt(2), (1, 4000, 2)), 10, axis=-1)
    made = np.concatenate([np.zeros((1, 4000, 1)), np.cumsum(growth, axis=-1)], axis=-1)
    assert demand.persistence(made) == pytest.approx(0.8, abs=0.02)
    assert demand.persistence(made[..., :11]) == pytest.approx(1)  # the same growth in both halves
    back = np.concatenate([made[..., :11], made[..., 9::-1]], axis=-1)
    assert demand.persistence(back) == 0


def test_two_fifths_going_on_would_have_been_a_better_forecast_than_all_or_nothing(observed: Observations) -> None:
    """Fitted to 1995-2005, scored on 2005-2015, which it has not seen."""
    found = demand.forecast_trends(observed, range(1995, 2006), 10)
    later = levels(observed, range(2005, 2016))[:, MARKET]
    happened = (later[..., -1] - later[..., 0]) / 10
    growth = found.growth[:, MARKET]
    mean = growth.mean(axis=1, keepdims=True)

    def error(share: float) -> float:
        return float(np.sqrt(((mean + share * (growth - mean) - happened) ** 2).mean()))

    assert 0.3 < found.persistence < 0.6
    assert error(found.persistence) < min(error(0.0), error(1.0))


def test_the_range_of_hours_is_that_of_their_own_model(observed: Observations) -> None:
    """Drawn apart, output and productivity give hours the forecast error that hours themselves have."""
    years = range(1995, 2016)
    found = demand.forecast_trends(observed, years, 27)
    output, productivity = levels(observed, years)
    _, error = demand._fitted(output - productivity, 27)
    np.testing.assert_allclose(np.hypot(*found.error), error, rtol=1e-12)
    tables = read_parameters()
    widths = [
        (tables.high(name) - tables.low(name)).values / 2 / EDGE
        for name in ("trend_output_growth", "trend_productivity_growth")
    ]
    of_sections = error[[demand.INDUSTRIES.index(demand.INDUSTRY_OF[k]) for k in demand.SECTORS]]
    np.testing.assert_allclose(np.hypot(*widths), of_sections, rtol=1e-3)


@pytest.mark.parametrize("origin", [2010, 2013, 2015])
def test_the_trends_of_a_start_in_the_past_come_from_the_years_before(observed: Observations, origin: int) -> None:
    shipped = read_parameters(parameters_folder() / "history" / str(origin))
    rows = demand.trends(observed.before(origin), range(1995, origin), 10)
    for name in ("trend_output_growth", "trend_productivity_growth"):
        values = [row.value for row in rows if row.parameter == name]
        np.testing.assert_allclose(shipped.values(name).values, values, rtol=1e-4)
    assert float(shipped["trend_correlation"].value) == pytest.approx(rows[0].value, rel=1e-8)
