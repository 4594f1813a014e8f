"""The table of a division: every line that is asked for, and what a wrong figure does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import krapte_sd as ks
from krapte_sd import cli, forecast
from krapte_sd.errors import ParameterError
from krapte_sd.parameters.observations import Observations
from krapte_sd.parameters.regions import read_region_set
from krapte_sd.validation import COLUMNS
from krapte_sd.validation.first_month import SAME
from krapte_sd.validation.regions import GROUPS, RegionalEvidence, _group_of, _worst, same_area

pytestmark = pytest.mark.slow

SECTORS = "ABCDEFGHIJKLMNOPQRS"
DIVISIONS = ("province", "arbeidsmarktregio")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {name: ks.validate(regions=name) for name in DIVISIONS}


@pytest.fixture(scope="module", params=DIVISIONS)
def division(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def table(tables: dict[str, pd.DataFrame], division: str) -> pd.DataFrame:
    return tables[division]


def test_the_table_is_whole(table: pd.DataFrame) -> None:
    assert tuple(table.columns) == COLUMNS
    assert table["ok"].dtype == bool
    assert table["line"].is_unique
    assert np.isfinite(table[["model", "reference", "deviation"]].to_numpy(float)).all()
    assert (table[["group", "line", "allowed", "unit"]] != "").all().all()
    groups = ["sums", "balance", "population", "start", "against nl", "first month"]
    assert list(dict.fromkeys(table["group"])) == groups


def test_sums_are_held_to_nine_digits(table: pd.DataFrame) -> None:
    sums = table[table["group"] == "sums"]
    assert len(sums) == 7
    assert set(sums["allowed"]) == {"1e-09 of the cell"}
    assert sums["ok"].all(), sums.to_string()


def test_all_accounts_are_there_and_close(table: pd.DataFrame) -> None:
    balance = table[table["group"] == "balance"]
    found = " | ".join(balance["line"])
    for account in (
        "population by region", "domestic moves", "statuses", "commuters by region and section",
        "filled posts of all regions", "filled posts by region and section: expansion demand",
        "vacancies by region and section", "employed by section", "persons against posts",
        "persons against vacancies and direct hires", "layoffs",
    ):  # fmt: skip
        assert account in found, account
    assert balance["line"].str.contains("lowest in any cell and year").sum() == 5
    assert balance["ok"].all(), balance[~balance["ok"]].to_string()


def test_population_lines(table: pd.DataFrame, division: str) -> None:
    lines = table[table["group"] == "population"].set_index("line")
    regions = read_region_set(division)
    observed = ["Friesland", "Zeeland"] if division == "arbeidsmarktregio" else list(regions.names)
    start = [line for line in lines.index if line.startswith("1 Jan 2024")]
    assert start == [f"1 Jan 2024: residents, {name}" for name in observed]
    assert set(lines.loc[start, "allowed"]) == {"0.1 %"}
    for year, allowed in ((2035, "2 %"), (2050, "1 %")):
        found = lines[lines.index.str.startswith(f"1 Jan {year}: residents")]
        assert len(found) == len(regions)
        assert set(found["allowed"]) == {allowed}
    assert lines["ok"].all(), lines[~lines["ok"]].to_string()


def test_references_are_the_published_figures(tables: dict[str, pd.DataFrame]) -> None:
    lines = tables["province"].set_index("line")
    scale = lines.loc["1 Jan 2024: residents, Utrecht", "reference"] / 1400.187
    published = {
        "1 Jan 2024: residents, Groningen": 601.510 * scale,
        "1 Jan 2050: residents, Flevoland": 557.1,
        "1 Jan 2050: residents, Zuid-Holland": 4377.3,
        "1 Jan 2024: unemployment rate, Zeeland (survey of 2023)": 100 * 6 / 210,
    }
    for line, figure in published.items():
        assert lines.loc[line, "reference"] == pytest.approx(figure, rel=1e-9), line
    # provisional figures of the provinces, the final total of the country
    assert scale == pytest.approx(17_942_942 / 17_947_684, rel=1e-4)


def test_labour_lines(table: pd.DataFrame, division: str) -> None:
    start = table[table["group"] == "start"]
    assert start["line"].str.contains("unemployment rate").sum() == {"province": 12, "arbeidsmarktregio": 2}[division]
    assert set(start.loc[start["line"].str.contains("unemployment rate"), "allowed"]) == {"0.5 points"}
    (rank,) = start.loc[start["line"].str.contains("ranks of vacancies per unemployed"), "model"]
    assert 0.7 <= rank <= 1
    groups = start[start["line"].str.startswith("1 Jan 2024: filled posts")]
    assert [line.split()[5].rstrip(",") for line in groups["line"]] == list(GROUPS)
    assert start["ok"].all(), start[~start["ok"]].to_string()


def test_every_section_is_held_against_the_country(table: pd.DataFrame) -> None:
    lines = table[table["group"] == "against nl"].set_index("line")
    for sector in SECTORS:
        assert lines.loc[f"1 Jan 2050: labour needed {sector}", "allowed"] == "5 %"
        assert lines.loc[f"1 Jan 2050: need gap {sector}", "allowed"] == "5 % of labour needed"
    people = lines.loc["1 Jan 2050: population total", "deviation"]
    assert abs(people) < 0.05  # %: labour migrants follow tightness, which is not alike with regions
    assert lines["ok"].all(), lines[~lines["ok"]].to_string()


def test_every_output_by_region_has_its_first_month(table: pd.DataFrame) -> None:
    found = " | ".join(table.loc[table["group"] == "first month", "line"])
    country = {
        "expected_labour_supply_in_the_country", "mean_wage_pressure", "closure_factor", "programme_delivery",
        "in_retraining",
    }  # fmt: skip
    for name in {*forecast.STATES, *forecast.FLOWS} - country - set(SAME):
        assert name.replace("_", " ") in found, name
    for name in country:
        assert name.replace("_", " ") not in found, name


def test_stocks_of_workers_and_need_do_not_jump(table: pd.DataFrame) -> None:
    month = table[table["group"] == "first month"]
    for name in ("population total", "employed total", "vacancies", "labour needed", "need gap", "hires", "births"):
        lines = month[month["line"].str.startswith(f"{name}, ")]
        assert len(lines)
        assert lines["ok"].all(), lines.to_string()


def test_regions_with_the_area_of_a_province() -> None:
    regions, province = read_region_set("arbeidsmarktregio"), read_region_set("province")
    assert same_area(regions, province) == {"AM02": "PV21", "AM24": "PV29"}
    assert same_area(province, province) == {code: code for code in province.codes}
    assert same_area(read_region_set("nl"), province) == {}


def test_every_section_has_one_group() -> None:
    found = [_group_of(section) for section in SECTORS]
    assert list(dict.fromkeys(found)) == list(GROUPS)
    assert (found[1], found[8], found[18]) == ("B-E", "G-I", "R-U")


def test_the_worst_cell_is_the_one_that_is_farthest_off_by_its_own_size() -> None:
    line = _worst("g", "l", [1000.1, 1.01, 0.0], [1000.0, 1.0, 0.0], "person", 0.005)
    assert (line.model, line.reference, line.ok) == (1.01, 1.0, False)
    assert line.deviation == pytest.approx(0.01)
    empty = _worst("g", "l", [10.0, 0.5], [10.0, 0.0], "person")
    assert (empty.deviation, empty.reference, empty.ok) == (0.05, 0.0, False)
    named = _worst("g", "l", [1.0], [0.5], "person", 1.0, (2.0, "all"))
    assert (named.deviation, named.allowed, named.ok) == (0.25, "1 of all", True)


def test_a_wrong_reference_fails_its_line_and_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tables: dict[str, pd.DataFrame]
) -> None:
    line = "1 Jan 2024: residents, Limburg"
    assert tables["province"].set_index("line").loc[line, "ok"]
    value = Observations.value

    def wrong(self: Observations, name: str, **filters: str) -> float:
        factor = 1.002 if (name, filters.get("region")) == ("population_by_region", "PV31") else 1.0
        return value(self, name, **filters) * factor

    monkeypatch.setattr(Observations, "value", wrong)
    assert cli.main(["validate", "--regions", "province", "--csv"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    (row,) = [each for each in out.splitlines() if f'"{line}"' in each]
    assert row.endswith(",False")


@pytest.mark.parametrize("name", ["corop", "provnce"])
def test_a_division_that_cannot_be_validated_is_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    hint = " did you mean 'province'" if name == "provnce" else ""
    with pytest.raises(ParameterError, match=f"regions '{name}'.*nl, province, arbeidsmarktregio.*{hint}"):
        RegionalEvidence(name)
    assert cli.main(["validate", "--regions", name]) == 2
    assert f"argument --regions: '{name}' is not known" in capsys.readouterr().err


def test_list_regions_says_which_divisions_can_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "regions", "--csv"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[0] == "division,region,name,municipalities,run"
    assert len(rows) == 1 + 1 + 12 + 40 + 35
    assert "province,PV24,Flevoland,6,yes" in rows
    assert "corop,CR40,Flevoland,6,no" in rows


def test_no_region_jumps_in_the_first_month(table: pd.DataFrame) -> None:
    # sections of a region may: the students of a university town grow older and no others come
    month = table[(table["group"] == "first month") & table["line"].str.contains(", region farthest off, ")]
    assert len(month) > 20
    assert month["ok"].all(), month[~month["ok"]].to_string()
    sections = table[(table["group"] == "first month") & ~table["ok"]]["line"]
    assert set(sections.str.split(",").str[0]) <= {"vacancies opened"}, sections.to_list()
