"""Comparing forecasts: differences with the same labels, tables in three units, and what does not fit is refused."""

import numpy as np
import pytest

import krapte_sd as ks
from krapte_sd.analysis.comparison import differences, side_effects
from krapte_sd.cli import main
from krapte_sd.errors import ScenarioError


@pytest.fixture(scope="module")
def runs():
    policies = [{"measure": "L31", "start": 2025, "ramp": 2}, "L04"]
    return {"a": ks.run(until=2031), "b": ks.run(policies=policies, until=2031)}


@pytest.fixture(scope="module")
def ds(runs):
    return ks.compare(runs)


def test_every_variable_is_the_difference(runs, ds):
    assert ds["scenario"].values.tolist() == ["b"]
    assert set(ds.data_vars) == set(runs["a"].data_vars)
    for name in ds.data_vars:
        np.testing.assert_array_equal(ds[name].sel(scenario="b"), runs["b"][name] - runs["a"][name])
        assert ds[name].attrs["units"] == runs["a"][name].attrs["units"]
    assert "L31 childcare_subsidy_95" in ds.attrs["policies: b"]
    assert "L04 employer_service_points: no proven effect" in ds.attrs["policy_notes: b"]


def test_the_tables(runs, ds):
    table = differences(ds, [2028, 2030])
    assert table.columns.tolist() == ["scenario", "year", "sector", "persons", "fte", "hours"]
    whole = table[(table["sector"] == "all") & (table["year"] == 2030)].iloc[0]
    parts = table[(table["sector"] != "all") & (table["year"] == 2030)]
    assert parts["persons"].sum() == pytest.approx(whole["persons"])
    change = runs["b"]["need_gap"] - runs["a"]["need_gap"]
    assert whole["persons"] == pytest.approx(float(change.sel(time="2030-01-01").sum()))
    assert len(differences(ds, [2030], "region")) == 2
    effects = side_effects(ds, [2030]).set_index("effect")[2030]
    homes = (runs["b"]["housing_shortfall"] - runs["a"]["housing_shortfall"]).sel(time="2030-01-01")
    assert effects["housing_shortfall"] == pytest.approx(float(homes.sum()))
    assert effects["in_retraining"] != 0
    # Ten thousand posts in childcare, less those that longer hours save in care as everywhere.
    assert 1_000 < effects["labour needed in care, childcare among it"] < 10_000
    assert effects["labour needed in construction"] < 0


def test_what_does_not_fit_is_refused(runs):
    with pytest.raises(ScenarioError, match="needs two forecasts at least, found 1"):
        ks.compare({"a": runs["a"]})
    with pytest.raises(ScenarioError, match=r"'c' has other labels along time than 'a' \(4 of them against 9 of them"):
        ks.compare({"a": runs["a"], "c": ks.run(until=2026)})


def test_years_and_rows_that_are_not_there(ds):
    with pytest.raises(ScenarioError, match="years 2060: not in the runs; allowed: 2024 to 2031"):
        differences(ds, [2030, 2060])
    with pytest.raises(ScenarioError, match="did you mean 'sector'"):
        differences(ds, [2030], "sectr")


def test_the_command(tmp_path, capsys):
    mine = tmp_path / "mine.yaml"
    mine.write_text("name: mine\ntitle: M\ntitle_nl: M\ndescription: D\nextends: baseline\npolicies: [L02, L04]\n")
    assert main(["compare", "baseline", str(mine), "--by", "total", "--years", "2030,2040"]) == 0
    out, err = capsys.readouterr()
    assert "persons" in out
    assert "population_total" in out
    assert "L04 employer_service_points: no proven effect" in err
    assert main(["compare", "baseline", "baselin"]) == 2
    assert "did you mean 'baseline'?" in capsys.readouterr().err
    assert main(["compare", "baseline", str(mine), "--years", "soon"]) == 2
    assert "give years with commas" in capsys.readouterr().err
