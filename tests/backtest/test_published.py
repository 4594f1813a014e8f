"""Forecasts of others are carried with a citation, and scored on the same figures as the back-test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from krapte_sd.backtest import others, run
from krapte_sd.cli import main
from krapte_sd.parameters.observations import Observations, read_observations

PUBLISHED = ("people_short_forecast", "jobs_growth_forecast", "construction_jobs_forecast", "labour_supply_change")


@pytest.fixture(scope="module")
def observed() -> Observations:
    return read_observations()


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """A back-test of three starts whose forecasts are 1.1 times what happened."""
    rows = []
    for origin in (2010, 2013, 2015):
        for year in range(origin, min(origin + 10, 2025)):
            for target, unit, actual in (
                ("employed", "all", 8e6 + 1e5 * (year - 2010)),
                ("unemployed", "all", 6e5),
                ("vacancies", "all", 1e5),
                ("labour_force", "all", 9e6 + 5e4 * (year - 2010)),
                ("employed_by_group", "A", 2e5),
                ("employed_by_group", "B-E", 9e5),
                ("employed_by_group", "F", 4e5 + 1e4 * (year - 2010)),
                ("employed_by_section", "G", 1.4e6),
            ):
                for method, factor in ((run.MODEL, 1.1), ("random_walk", 1.2)):
                    rows.append((target, origin, unit, year, year - origin + 1, method, factor * actual, actual))
    return pd.DataFrame(rows, columns=["target", "origin", "unit", "year", "horizon", "method", "mean", "actual"])


@pytest.mark.parametrize("series", PUBLISHED)
def test_each_figure_has_a_citation(observed: Observations, series: str) -> None:
    found = observed.series(series)
    assert set(found["status"]) == {"literature"}
    for source in found["source"]:
        assert len(observed.sources.loc[("tasks_and_policy", source), "citation"]) > 20


def test_scores_of_published_forecasts(table: pd.DataFrame, observed: Observations) -> None:
    found = others.published(table, observed).set_index("publisher")
    assert list(found.index) == ["Cedefop", "Bakker committee", "CPB", "EIB"]
    scored = found.drop(index="CPB")
    np.testing.assert_allclose(scored["error"], scored["forecast"] - scored["happened"])
    assert np.isnan(found.loc["CPB", "error"])
    np.testing.assert_allclose(found["own_error"], found["own"] - found["own_happened"])
    bakker = found.loc["Bakker committee"]
    assert (bakker["forecast"], bakker["own"], bakker["own_happened"]) == pytest.approx((375.0, -550.0, -500.0))
    assert bakker["happened"] == pytest.approx(129.7 - 723.0)
    assert found.loc["EIB", "own"] == pytest.approx(100 * (53 / 48 - 1))
    assert found.loc["EIB", "forecast"] == pytest.approx(100 * (336 / 314 - 1))
    assert found.loc["CPB", "own"] == pytest.approx(1.1 * 450.0)
    assert found["remark"].str.len().gt(20).all()


def test_a_start_that_was_not_run_gives_no_own_figure(table: pd.DataFrame, observed: Observations) -> None:
    found = others.published(table[table["origin"] == 2013], observed).set_index("publisher")
    assert found["own"].notna().to_dict() == {"Cedefop": False, "Bakker committee": False, "CPB": True, "EIB": False}
    assert found["happened"].notna().all()


def test_errors_by_sector_as_in_the_evaluation_of_roa(table: pd.DataFrame, observed: Observations) -> None:
    found = others.sector_errors(table, observed)
    assert found.roa == pytest.approx((8 + 41 + 27 + 61) / (235 + 1154 + 481 + 936))
    assert found.unchanged == pytest.approx((3 + 40 + 43 + 103) / (235 + 1154 + 481 + 936))
    assert found.own == pytest.approx(0.1)
    assert found.own_unchanged == pytest.approx(0.2)


def test_the_command_gives_the_table(
    table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("krapte_sd.backtest.backtest", lambda starts: (pd.DataFrame({"wmape": [0.1]}), table))
    assert main(["backtest", "--published", "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(",")[:3] == ["publisher", "made", "quantity"]
    assert [line.split(",")[0] for line in lines[1:]] == ["Cedefop", "Bakker committee", "CPB", "EIB"]
