"""The error of the labour force, taken apart."""

import numpy as np
import pytest

from krapte_sd.backtest import labour_force_miss
from krapte_sd.errors import ParameterError
from krapte_sd.parameters.observations import Observations, read_observations
from krapte_sd.simulation import load_model

ORIGIN, YEAR = 2010, 2012


@pytest.fixture(scope="module")
def observed() -> Observations:
    return read_observations()


def test_parts_are_the_whole_error(observed: Observations) -> None:
    found = labour_force_miss(ORIGIN, YEAR, observed)
    run = load_model(origin=ORIGIN).run(start=ORIGIN, stop=YEAR + 1, save=("labour_force",))
    forecast = float(run["labour_force"].sum("region").sel(time=[f"{y}-01-01" for y in (YEAR, YEAR + 1)]).mean())
    # The rate over all ages that happened, from the same figures in another order of summing.
    happened = forecast - found.sum()
    residents = np.mean([
        observed.series("residents_by_age", period=f"{y}-01").query("age.astype('int') >= 15")["value"].sum()
        for y in (YEAR, YEAR + 1)
    ])  # fmt: skip
    assert 0.55 < happened / residents < 0.70
    assert abs(found.sum()) < 0.03 * forecast


def test_more_residents_move_that_part_alone(observed: Observations) -> None:
    before = labour_force_miss(ORIGIN, YEAR, observed)
    table = observed.table.copy()
    table["value"] = table["value"].astype(float)
    more = (table["series"] == "residents_by_age") & table["period"].isin([f"{YEAR}-01", f"{YEAR + 1}-01"])
    table.loc[more, "value"] *= 1.01
    after = labour_force_miss(ORIGIN, YEAR, Observations(table, observed.info, observed.sources))
    moved = after - before
    assert -0.0101 * 9.5e6 < moved["residents"] < -0.0099 * 8e6
    assert np.array_equal(moved.drop("residents"), np.zeros(4))


def test_higher_participation_of_old_people_moves_that_part_alone(observed: Observations) -> None:
    before = labour_force_miss(ORIGIN, YEAR, observed)
    table = observed.table.copy()
    table["value"] = table["value"].astype(float)
    old = (table["series"] == "participation_rate") & (table["age"] == "60-64") & (table["period"] == str(YEAR))
    assert old.sum() == 2
    table.loc[old, "value"] += 1.0
    moved = labour_force_miss(ORIGIN, YEAR, Observations(table, observed.info, observed.sources)) - before
    assert -1.2e4 < moved["60 and over"] < -0.9e4
    assert np.array_equal(moved[["15-24", "women 25-59", "men 25-59"]], np.zeros(3))


@pytest.mark.parametrize(
    ("origin", "year", "told"),
    [
        (2011, 2015, "origin 2011: no start"),
        (2010, 2020, "allowed: 2010 to 2019"),
        (2015, 2022, "allowed: 2015 to 2020"),
    ],
)
def test_nothing_to_compare_with(origin: int, year: int, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        labour_force_miss(origin, year)
