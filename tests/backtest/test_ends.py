"""The back-test with parameters at the ends of their ranges."""

import pytest

from krapte_sd.backtest import scores_at_ends
from krapte_sd.backtest.measures import weighted_error
from krapte_sd.backtest.outcomes import past
from krapte_sd.backtest.run import start_points, targets
from krapte_sd.errors import ParameterError
from krapte_sd.parameters.observations import read_observations

KEYS = ["parameter", "end", "target", "horizon"]


@pytest.fixture(scope="module")
def found():
    return scores_at_ends([2015], ["turnover", "wage_response"]).set_index(KEYS)["wmape"]


def test_each_end_has_a_run_of_its_own_and_the_values_in_the_tables_one(found):
    at = found.unstack(["target", "horizon"])
    assert set(at.index) == {("", "value"), *((n, e) for n in ("turnover", "wage_response") for e in ("low", "high"))}
    assert at[("employed_by_group", 5)].is_unique
    assert ("vacancies", 10) not in at  # vacancies of 2024 are not known
    assert (found > 0).all()


def test_a_score_is_that_of_the_run(found):
    points = start_points(2015, 2025)
    run = targets(points.run({"turnover": [-1.0]}))
    happened = past(read_observations(), 2015)["unemployed"]
    year = happened.years.tolist().index(2019)
    error = weighted_error(run["unemployed"][0, :, 4], happened.values[:, year])
    assert found["turnover", "low", "unemployed", 5] == pytest.approx(error, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(([2012],), "origin 2012: no start"), (([2015], ["turnovers"]), "'turnovers' has no range here.*turnover")],
)
def test_what_is_not_there_is_named(arguments, told):
    with pytest.raises(ParameterError, match=told):
        scores_at_ends(*arguments)
