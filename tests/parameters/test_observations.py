"""The observed series: figures as published, messages, and the step that writes them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

from krapte_sd.errors import FileError, ParameterError
from krapte_sd.parameters.codes import FIXED_CODES
from krapte_sd.parameters.observations import Observations, read_observations

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "parameters" / "observations"
SECTIONS = FIXED_CODES["sector"]
RAW = os.environ.get("KRAPTE_SD_RAW", "")


@pytest.fixture(scope="module")
def observations() -> Observations:
    return read_observations()


@pytest.mark.parametrize(
    ("name", "filters", "value"),
    [
        ("open_vacancies_adjusted", {"period": "2023Q4"}, 410_400),
        ("open_vacancies_adjusted", {"period": "2022Q2"}, 463_700),
        ("employed", {"period": "2024-01"}, 9_814_000),
        ("unemployed", {"period": "2024-01"}, 368_000),
        ("inactive", {"period": "2024-01"}, 3_191_000),
        ("transition_inactive_to_employed", {}, 178_000),
        ("employed_labour_force", {"sector": "F", "period": "2022Q3"}, 423_000),
        ("employed_labour_force", {"sector": "A-U"}, 9_573_000),
        ("job_changers_share", {"period": "2025Q2"}, 3.8),
        ("net_participation_rate", {"age": 67, "period": "2024Q1"}, 19.2),
        ("net_participation_rate", {"age": "70-74", "period": "2024Q1"}, 10.0),
        ("net_participation_rate", {"age": 65, "period": "2023Q3"}, 42.0),
        ("weekly_hours_per_job", {"sector": "F"}, 37.0),
        ("weekly_hours_by_age", {"sex": "total", "age": "15-74", "period": 2023}, 32.2),
        ("jobs_accounts", {"sector": "A-U"}, 11_684_000),
        ("unemployed_annual", {"sex": "total", "period": 2013}, 756_000),
        ("open_vacancies_annual", {"sector": "A-U", "period": 2023}, 423_700),
        ("filled_vacancies_annual", {"sector": "A-U", "period": 2013}, 624_000),
        ("filled_vacancies_annual", {"sector": "F", "period": 2023}, 52_000),
        ("open_vacancies_adjusted_by_section", {"sector": "Q"}, 65_400),
        ("vacancy_rate", {"sector": "F"}, 0.074),
        ("tightness", {"period": "2024Q4"}, 1.08),
        ("vacancies_reported", {"period": "2025Q2"}, 389_000),
        ("unemployed_reported", {"period": "2024Q4"}, 374_000),
        ("employed_persons", {"sector": "A-U", "period": 2017}, 9_142_500),
        ("hours_worked", {"sector": "F", "period": 2015}, 845_636_000),
        ("state_pension_age", {"period": 2028}, 67.25),
        ("state_pension_age_projection", {"period": 2050}, 68.75),
        ("homes_built", {"period": 2023}, 73_300),
        ("care_people_demand", {"period": 2030}, 1_580_000),
        ("climate_labour_net_high", {}, 72_000),
    ],
)
def test_figures_are_as_published(
    observations: Observations, name: str, filters: dict[str, str | int], value: float
) -> None:
    assert observations.value(name, **filters) == pytest.approx(value, rel=1e-9)


def test_transitions_connect_the_stocks_of_january_and_april(observations: Observations) -> None:
    states = ("employed", "unemployed", "inactive")
    for state in states:
        left = sum(observations.value(f"transition_{state}_to_{other}") for other in states)
        arrived = sum(observations.value(f"transition_{other}_to_{state}") for other in states)
        assert left == observations.value(state, period="2024-01")
        assert arrived == observations.value(state, period="2024-04")


@pytest.mark.parametrize("name", ["open_vacancies", "created_vacancies", "filled_vacancies"])
def test_vacancies_of_the_sections_add_up_to_the_total(observations: Observations, name: str) -> None:
    wide = observations.series(name).pivot_table(index="period", columns="sector", values="value")
    assert list(wide.columns) == sorted([*SECTIONS, "A-U"])
    assert wide.index[0] == "1997Q1"
    assert wide.index[-1] == "2023Q3"
    assert len(wide) == 107
    # 19 figures rounded to hundreds (open) or thousands (created, filled); published sums differ by up to five of these
    rounding = 100 if name == "open_vacancies" else 1000
    assert (wide[list(SECTIONS)].sum(axis=1) - wide["A-U"]).abs().max() <= 5 * rounding


def test_vacancies_change_by_created_minus_filled_but_for_the_known_break(observations: Observations) -> None:
    wide = {
        name: observations.series(f"{name}_vacancies", sector="A-U").set_index("period")["value"]
        for name in ("open", "created", "filled")
    }
    gap = (wide["open"].diff() - wide["created"] + wide["filled"]).dropna().abs()
    assert gap.drop("2008Q3").max() <= 2000
    assert gap["2008Q3"] == pytest.approx(8500)


def test_yearly_open_vacancies_are_the_mean_over_five_quarter_ends(observations: Observations) -> None:
    ends = observations.series("open_vacancies", sector="A-U").set_index("period")["value"]
    annual = observations.series("open_vacancies_annual", sector="A-U").set_index("period")["value"]
    for year in range(1998, 2023):
        quarters = [f"{year - 1}Q4", *(f"{year}Q{number}" for number in (1, 2, 3, 4))]
        first, *middle, last = (ends[quarter] for quarter in quarters)
        assert (first / 2 + sum(middle) + last / 2) / 4 == pytest.approx(
            annual[str(year)], abs=100
        )  # both rounded to hundreds


def test_workers_by_section_add_up_within_the_suppressed_cells(observations: Observations) -> None:
    wide = observations.series("employed_by_section").pivot_table(
        index=["sex", "age", "period"], columns="sector", values="value"
    )
    gap = wide["A-U"] - wide.drop(columns="A-U").sum(axis=1)
    assert gap.min() > -5
    assert gap.max() < 9_200
    assert wide["B"].isna().any()  # suppressed cells stay out; nobody filled them


def test_ten_year_bands_add_up_to_the_band_25_to_54(observations: Observations) -> None:
    bands = observations.series("employed_by_sector_group", sector="A-U").groupby(["sex", "period"])["value"].sum()
    whole = observations.series("employed_by_section", sector="A-U", age="25-54").set_index(["sex", "period"])["value"]
    assert (bands - whole).abs().max() < 5


def test_productivity_is_value_added_per_hour(observations: Observations) -> None:
    index = ["sector", "period"]
    volume = observations.series("value_added_volume").set_index(index)["value"]
    hours = observations.series("hours_worked").set_index(index)["value"]
    ratio = (volume / hours).unstack("period")
    published = observations.series("labour_productivity_index").set_index(index)["value"].unstack("period")
    assert (ratio.div(ratio["2010"], axis=0) * 100 - published).abs().max().max() < 1e-3


def test_sources_cover_every_figure_and_say_where_it_is_from(observations: Observations) -> None:
    used = set(zip(observations.table["theme"], observations.table["source"], strict=True))
    assert used == set(observations.sources.index)
    assert observations.sources["citation"].str.len().min() > 10
    assert observations.sources["licence"].str.len().min() > 0
    assert observations.sources.loc[("vacancies", "cbs_80472ned"), "table"] == "CBS 80472ned"
    assert "unknown" not in set(observations.table["status"])


def test_units_and_names(observations: Observations) -> None:
    assert observations.unit("created_vacancies") == "vacancy/quarter"
    assert observations.unit("weekly_hours") == "hour/week"
    assert observations.names == tuple(sorted(observations.table["series"].unique()))


def test_a_selection_is_a_copy(observations: Observations) -> None:
    mine = observations.series("employed")
    mine["value"] = 0.0
    assert observations.value("employed", period="2024-01") == 9_814_000


@pytest.mark.parametrize(
    ("name", "filters", "parts"),
    [
        ("open_vacancy", {}, ["unknown observed series 'open_vacancy'", "did you mean 'open_vacancies'?"]),
        ("zzz", {}, ["unknown observed series 'zzz'", "see Observations.names"]),
        ("open_vacancies", {"sektor": "F"}, ["unknown dimension 'sektor'", "did you mean 'sector'?"]),
        (
            "open_vacancies",
            {"sector": "V", "period": "2023Q5"},
            ["2 problems", "no sector 'V'", "no period '2023Q5'", "(107 in all)", "did you mean '2023Q"],
        ),
        ("open_vacancies", {"sector": "F"}, ["107 figures, one wanted", "choose period: 1997Q1"]),
        ("homes_target", {"period": 2030}, ["no period '2030'", "there is: (empty)"]),
        (
            "employed_by_section",
            {"sector": "B", "sex": "female", "age": "65+", "period": 2008},
            ["no figure for sector B", "not together"],
        ),
    ],
)
def test_messages_say_what_there_is(
    observations: Observations, name: str, filters: dict[str, str | int], parts: list[str]
) -> None:
    with pytest.raises(ParameterError) as caught:
        observations.value(name, **filters)
    for part in parts:
        assert part in str(caught.value)


YAML = """\
title: Test
description: A table for the test
sources:
  a: {citation: "A source of figures", licence: none}
series:
  people: {unit: person, definition: "People"}
"""
HEADER = "series,region,sector,sex,age,period,value,status,source\n"
GOOD = "people,NL,F,,15-24,2023,5,observed,a\n"


def write(folder: Path, table: str, metadata: str = YAML, theme: str = "test") -> Path:
    (folder / f"{theme}.csv").write_bytes(table.encode())
    (folder / f"{theme}.yaml").write_bytes(metadata.encode())
    return folder


def test_a_small_folder_reads(tmp_path: Path) -> None:
    assert read_observations(write(tmp_path, HEADER + GOOD)).value("people") == 5.0


def test_all_problems_of_a_folder_come_in_one_message(tmp_path: Path) -> None:
    rows = [
        "people,NL,F,,15-24,2023,5,observed,a",
        "people,NL,F,,15-24,2023,6,observed,a",
        "peple,NL,F,,15-24,2023,5,observed,a",
        "people,NL,Z,males,15 to 24,2023Q5,five,seen,b",
        "people,NL,F,,25-54,2023,nan,observed,a",
        "people,NL,F,,55-64,2023,1e999,observed,a",
    ]
    write(tmp_path, HEADER + "\n".join(rows) + "\n")
    extra = YAML.replace("people: {unit: person", "other: {unit: persn")
    write(tmp_path, HEADER + GOOD, extra, theme="worse")
    with pytest.raises(ParameterError) as caught:
        read_observations(tmp_path)
    text = str(caught.value)
    for part in (
        "test.csv:3: the same figure as in row 2",
        "test.csv:4:series: unknown series; found 'peple'; allowed: people; did you mean 'people'?",
        "test.csv:5:sector: not a sector; found 'Z'",
        "test.csv:5:sex: not a sex; found 'males'",
        "did you mean 'male'?",
        "test.csv:5:age: not an age; found '15 to 24'",
        "test.csv:5:period: not a period; found '2023Q5'",
        "test.csv:5:value: not a finite number; found 'five'",
        "test.csv:5:status: unknown status; found 'seen'",
        "test.csv:5:source: unknown source; found 'b'",
        "test.csv:6:value: not a finite number; found 'nan'",
        "test.csv:7:value: not a finite number; found '1e999'",
        "worse.yaml:6: 'series.other.unit': unknown unit 'persn'",
    ):
        assert part in text
    assert len(caught.value.problems) == 12


def test_leftovers_and_double_names_are_reported(tmp_path: Path) -> None:
    more = YAML + '  gone: {unit: person, definition: "Nobody"}\n'
    write(tmp_path, HEADER + GOOD, more.replace("series:", '  b: {citation: "Unused source"}\nseries:'))
    write(tmp_path, HEADER + GOOD, theme="zweite")
    with pytest.raises(ParameterError) as caught:
        read_observations(tmp_path)
    text = str(caught.value)
    assert "test.yaml:8:gone: no figure in the table" in text
    assert "test.yaml:5:b: no figure refers to this source" in text
    assert "zweite.yaml:6:people: the series is also in test.yaml" in text


@pytest.mark.parametrize(
    ("table", "part"),
    [
        ("series,value\npeople,5\n", "test.csv:1: wrong columns"),
        (HEADER + "people,NL,F\n", "test.csv:2: not 9 cells; found 'people,NL,F'"),
        (HEADER, "test.csv:2: the table has no rows"),
        (HEADER + GOOD.replace("\n", "\r\n"), "test.csv:2:source: unknown source"),
    ],
)
def test_a_table_of_the_wrong_shape_is_refused(tmp_path: Path, table: str, part: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read_observations(write(tmp_path, table))
    assert part in str(caught.value)


def test_missing_files_are_file_errors(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="not found"):
        read_observations(tmp_path / "nowhere")
    with pytest.raises(FileError, match="no observations in"):
        read_observations(tmp_path)
    (tmp_path / "alone.csv").write_text(HEADER)
    with pytest.raises(FileError, match=r"alone\.csv: the other file of the pair"):
        read_observations(tmp_path)
    write(tmp_path, HEADER, theme="alone")
    (tmp_path / "alone.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match=r"alone\.csv: not UTF-8 text at byte 0"):
        read_observations(tmp_path)


@pytest.mark.skipif(not RAW, reason="the raw figures are not part of the repository; set KRAPTE_SD_RAW to their folder")
def test_carrying_over_again_gives_the_same_bytes(tmp_path: Path) -> None:
    path = ROOT / "tools" / "parameters" / "carry_labour.py"
    spec = importlib.util.spec_from_file_location("carry_labour", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["carry_labour"] = module
    spec.loader.exec_module(module)
    module.carry(Path(RAW), tmp_path)
    written = {file.name: file.read_bytes() for file in (tmp_path / "observations").iterdir()}
    assert written == {file.name: file.read_bytes() for file in FOLDER.glob("*.csv") if file.name in written}
    assert len(written) == 4
    for file in FOLDER.glob("*.yaml"):
        shutil.copy(file, tmp_path / "observations")
    assert len(read_observations(tmp_path / "observations").names) > 100
