"""The whole table: every line that is asked for, and what a wrong reference does."""

import numpy as np
import pytest

import krapte_sd as ks
from krapte_sd import cli, forecast
from krapte_sd.errors import ParameterError
from krapte_sd.parameters.observations import Observations
from krapte_sd.validation import COLUMNS
from krapte_sd.validation.evidence import Evidence
from krapte_sd.validation.first_month import SAME

SECTORS = "ABCDEFGHIJKLMNOPQRS"
STATUSES = ("employed", "unemployed", "inactive")


@pytest.fixture(scope="module")
def table():
    return ks.validate()


@pytest.fixture(scope="module")
def lines(table):
    return table.set_index("line")


def test_the_table_is_whole(table):
    assert tuple(table.columns) == COLUMNS
    assert table["ok"].dtype == bool
    assert table["line"].is_unique
    assert np.isfinite(table[["model", "reference", "deviation"]].to_numpy(float)).all()
    assert (table[["group", "line", "allowed", "unit"]] != "").all().all()


def test_population_lines(lines):
    ages = {"total": "1 %", "0-19": "3 %", "20-64": "2 %", "65-79": "2 %", "80+": "4 %"}
    for variant in ("prognose", "groei", "krimp", "arbeid"):
        for age, allowed in ages.items():
            assert lines.loc[f"1 Jan 2050, {variant}: {age}", "allowed"] == allowed
    for year in (2030, 2040):
        assert lines.loc[f"1 Jan {year}: total", "allowed"] == "0.5 %"
        assert lines.loc[f"1 Jan {year}: 0-19", "allowed"] == "3 %"
    for year in ("2030", "2040", "2050", "2024"):
        end = ", observed" if year == "2024" else ""
        for flow in ("births", "deaths", "immigration", "emigration"):
            assert lines.loc[f"{year}: {flow}{end}", "allowed"] == "2 %"
        assert lines.loc[f"{year}: net migration{end}", "allowed"] == "2 thousand persons"


def test_references_are_the_published_figures(lines):
    published = {
        "1 Jan 2050, krimp: total": 3356 + 10072 + 2732 + 1614,
        "1 Jan 2030: total": 18474.560,
        "2040: deaths": 198.463,
        "2024: net migration, observed": 109.131,
        "2024: emigration, observed": 204.941,
        "1 Jan 2024: employed": 9814,
        "1 Jan 2024: vacancies": 410.4,
        "three months, unemployed to employed": 100 * 143 / 368,
        "2024: vacancies filled or lapsed (2023Q4, 2024Q1)": 1456.2,
        "1 Jan 2024: net participation at 66": 35.5,
        "1 Jan 2024: drop at the AOW age (66 less 67)": 16.3,
        "1 Jan 2025: unemployed (used in the build)": 374,
        "1 Jan 2025: vacancies per 100 unemployed": 108,
        "1 Jan 2025: vacancies": 404,
        "1 Jul 2025: vacancies": 389,
        "1 Jul 2025: vacancies per 100 unemployed": 101,
        "1 Jul 2025: unemployed": 389 / 1.01,
        "2026-2040: growth of labour supply, CPB": 0,
    }
    for line, figure in published.items():
        assert lines.loc[line, "reference"] == pytest.approx(figure, rel=1e-9), line


def test_labour_lines(lines):
    for name in ("employed", "unemployed", "vacancies"):
        for day in ("1 Jan 2024", "1 Apr 2024"):
            assert f"{day}: {name}" in lines.index
    for name in ("employed", "vacancies"):
        parts = lines.loc[[f"1 Jan 2024: {name} {sector}" for sector in SECTORS]]
        whole = lines.loc[f"1 Jan 2024: {name}"]
        assert parts["model"].sum() == pytest.approx(whole["model"])
        assert parts["reference"].sum() == pytest.approx(whole["reference"])
    for origin in STATUSES:
        row = lines.loc[[f"three months, {origin} to {target}" for target in STATUSES]]
        assert row["model"].sum() == pytest.approx(100)
        assert row["reference"].sum() == pytest.approx(100)
        assert (row["allowed"] == "10 %").all()
    for age in range(60, 70):
        assert lines.loc[f"1 Jan 2024: net participation at {age}", "allowed"] == "2.5 points"
    assert "2024: fill rate of vacancies (2023Q4, 2024Q1)" in lines.index


def test_every_output_has_its_first_month(table):
    found = " | ".join(table.loc[table["group"] == "first month", "line"])
    for name in (*forecast.STATES, *forecast.FLOWS):
        assert (name.replace("_", " ") in found) or name in SAME, name
    assert (table["group"] == "first month").sum() == len(forecast.STATES) + len(forecast.FLOWS) - len(SAME)


def test_nothing_but_the_first_month_is_outside_what_is_allowed(table):
    # The first month has a test of its own.
    failed = table[~table["ok"] & (table["group"] != "first month")]
    assert failed.empty, failed.to_string()


def test_no_national_total_jumps_in_the_first_month(table):
    national = table[(table["group"] == "first month") & ~table["line"].str.contains(r" [A-S]$")]
    assert len(national) > 10
    assert national["ok"].all(), national[~national["ok"]].to_string()


def test_a_wrong_reference_fails_its_line_and_the_command(monkeypatch, capsys, lines):
    line = "1 Jan 2024: net participation at 63"
    assert lines.loc[line, "ok"]
    value = Observations.value

    def wrong(self, name, **filters):
        shift = 10.0 if (name, filters.get("age")) == ("net_participation_rate", "63") else 0.0
        return value(self, name, **filters) + shift

    monkeypatch.setattr(Observations, "value", wrong)
    assert cli.main(["validate", "--csv"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    (row,) = [each for each in out.splitlines() if f",{line}," in each]
    assert row.endswith(",False")


def test_a_missing_figure_is_named():
    evidence = Evidence()
    with pytest.raises(ParameterError, match="'forecast_births': found 0 figures for year 2031; one is wanted"):
        evidence.figure("forecast_births", year=2031)
    with pytest.raises(ParameterError, match="'forecast_births': found 6 figures for "):
        evidence.figure("forecast_births")
