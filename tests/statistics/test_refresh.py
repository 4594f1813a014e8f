"""Figures of the offices beside the shipped ones, and copies with the new ones, over a server on loopback."""

import datetime
import hashlib
from pathlib import Path

import pandas as pd
import pytest

import krapte_sd.statistics as statistics
from krapte_sd.errors import FileError, ParameterError
from krapte_sd.parameters import read_parameters
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.observations import read_observations
from krapte_sd.statistics.content import read_content, write_rows
from krapte_sd.statistics.declared import declared

DAY = datetime.date(2026, 11, 28)


def at(table, **codes):
    """The one row with these codes."""
    for name, code in codes.items():
        table = table[table[name] == code]
    assert len(table) == 1, table
    return table.iloc[0]


def digest(folder):
    """Checksums of all files of a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("key", declared().tables)
def test_a_table_that_did_not_change_is_the_same(office, difference, key):
    office.publish(key)
    office.page = 1500
    for name in declared().tables[key].figures:
        table = difference(name)
        assert set(table["status"]) == {"same"}, name
        assert (table["difference"] == 0).all()
    assert len(office.asked) == office.pages_of(declared().tables[key].table) or "eurostat" in key


def test_what_can_be_refreshed():
    known = statistics.tables()
    assert known["parameter"].is_unique
    assert known.groupby("office")["table"].nunique().to_dict() == {
        "Eurostat": 3,
        "Statistics Netherlands (CBS), StatLine": 6,
    }


def test_every_declared_figure_is_in_a_shipped_table_with_its_source():
    series, tables = read_observations().info, read_parameters().names
    for key, table in declared().tables.items():
        for name, figures in table.figures.items():
            assert name in (series if figures.file.startswith("observations/") else tables), name
            content = read_content(parameters_folder(), figures.file)
            column = content.header.index("source")
            found = {row[column] for row in content.rows if row[0] == name}
            assert set(figures.sources) <= found, (name, found)
            assert key in figures.sources


def test_fetch_gives_every_figure_of_a_table_in_our_units(office, tmp_path):
    rows = office.publish("cbs_80472ned")
    office.page = 700
    table = statistics.fetch("cbs_80472ned", url=office.url, cache=tmp_path / "a.sqlite")
    assert list(table.columns) == ["parameter", "region", "sector", "sex", "age", "period", "value"]
    assert set(table["parameter"]) == set(declared().tables["cbs_80472ned"].figures)
    found = at(table, parameter="open_vacancies", sector="C", period="2020Q4")
    (theirs,) = [r for r in rows if r["Bedrijfskenmerken"] == "307500 " and r["Perioden"] == "2020KW04"]
    assert found["value"] == theirs["OpenstaandeVacatures_1"] * 1000
    assert len(office.asked) == office.pages_of("80472ned") > 1


def test_the_pages_of_the_newer_odata_are_followed(office, difference):
    office.publish("cbs_80472ned")
    office.page, office.version = 700, 4
    assert set(difference("open_vacancies")["status"]) == {"same"}
    assert len(office.asked) == office.pages_of("80472ned") > 1


def with_changes(office):
    """The vacancies with one figure changed, one withdrawn, a new quarter and one that is not complete."""
    rows = office.publish("cbs_80472ned")
    place = {(row["Bedrijfskenmerken"].strip(), row["Perioden"]): row for row in rows}
    place["307500", "2023KW03"]["OpenstaandeVacatures_1"] += 1.5
    place["435500", "2023KW03"]["OpenstaandeVacatures_1"] = None
    for (section, period), row in list(place.items()):
        if period == "2023KW03":
            rows.append(row | {"Perioden": "2023KW04"})
            if section != "T001081":
                rows.append(row | {"Perioden": "2024KW01"})
    # What is not declared is not looked at: a size of firm, an earlier quarter, a month.
    for code, period in (("WP19074", "2023KW03"), ("307500 ", "1990KW01"), ("307500 ", "2023MM01")):
        rows.append(place["307500", "2023KW03"] | {"Bedrijfskenmerken": code, "Perioden": period})
    return rows


def test_a_difference_says_what_happened_to_each_figure(office, difference):
    with_changes(office)
    table = difference("open_vacancies")
    counts = table["status"].value_counts().to_dict()
    assert counts == {"same": 2138, "changed": 1, "withdrawn": 1, "new": 19, "incomplete": 18}
    changed = at(table, status="changed")
    assert (changed["sector"], changed["period"], changed["difference"]) == ("C", "2023Q3", 1500)
    assert changed["found"] == changed["shipped"] + 1500
    assert at(table, status="withdrawn")["sector"] == "S"
    assert pd.isna(at(table, status="withdrawn")["found"])
    new = table[table["status"] == "new"]
    assert set(new["period"]) == {"2023Q4"}
    assert new["shipped"].isna().all()
    assert set(table.loc[table["status"] == "incomplete", "period"]) == {"2024Q1"}
    assert not set(table["period"]) & {"1990Q1"}


def test_a_copy_has_the_new_figures_with_a_source_of_their_own(office, difference, tmp_path):
    with_changes(office)
    before = digest(parameters_folder())
    table = difference("open_vacancies")
    counts = statistics.replace(table, tmp_path / "mine", day=DAY)
    assert counts == {"open_vacancies": 20}
    assert digest(parameters_folder()) == before
    after = digest(tmp_path / "mine")
    changed = {name for name, each in after.items() if each != before.get(name)}
    assert changed == {"observations/vacancies.csv", "observations/vacancies.yaml"}
    assert set(after) == set(before)
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []

    old, new = read_observations(), read_observations(tmp_path / "mine" / "observations")
    place = {"sector": "C", "period": "2023Q3"}
    assert new.value("open_vacancies", **place) == old.value("open_vacancies", **place) + 1500
    row = new.series("open_vacancies", **place).iloc[0]
    assert (row["status"], row["source"]) == ("observed", "cbs_80472ned_20261128")
    told = new.sources.loc[("vacancies", "cbs_80472ned_20261128")]
    assert told["vintage"] == "refreshed on 2026-11-28"
    assert "Vacatures; SBI 2008" in told["citation"]
    assert new.value("open_vacancies", sector="S", period="2023Q3") == old.value(
        "open_vacancies", sector="S", period="2023Q3"
    )
    assert len(new.table) == len(old.table) + 19
    assert new.series("open_vacancies", period="2022Q4")["source"].unique().tolist() == ["cbs_80472ned"]


def test_a_copy_can_be_refreshed_again(office, difference, tmp_path):
    rows = with_changes(office)
    first = tmp_path / "first"
    statistics.replace(difference("open_vacancies"), first, day=DAY)
    kept = difference("open_vacancies", folder=first)
    assert set(kept["status"]) == {"same", "withdrawn", "incomplete"}
    rows[:] = [row for row in rows if row["Perioden"] != "2024KW01"]
    for row in rows:
        if row["Perioden"] == "2023KW04" and row["OpenstaandeVacatures_1"] is not None:
            row["OpenstaandeVacatures_1"] *= 2
    again = difference("open_vacancies", folder=first, fresh=True)
    later = datetime.date(2026, 12, 1)
    assert statistics.replace(again, tmp_path / "second", folder=first, day=later)["open_vacancies"] == 19
    new = read_observations(tmp_path / "second" / "observations")
    assert set(new.series("open_vacancies", period="2023Q4")["source"]) == {"cbs_80472ned_20261201"}
    assert ("vacancies", "cbs_80472ned_20261128") in new.sources.index  # the changed figure of 2023Q3


def test_parameters_beside_the_observations_are_refreshed_too(office, difference, tmp_path):
    rows = office.publish("cbs_37230ned")
    for row in rows:
        if row["Perioden"] == "2025JJ00":
            row |= {"LevendGeborenKinderen_2": 166_000, "Overledenen_3": 170_000, "Immigratie_6": 300_000}
    names = list(declared().tables["cbs_37230ned"].figures)
    table = pd.concat([difference(name) for name in names], ignore_index=True)
    assert table["status"].value_counts().to_dict() == {"same": 5, "new": 3}
    assert sum(statistics.replace(table, tmp_path / "mine", day=DAY).values()) == 3
    rows = read_parameters(tmp_path / "mine").rows("observed_births")
    assert at(rows, year=2025)["value"] == 166_000
    assert "cbs_37230ned_20261128" in at(rows, year=2025)["source"]


def test_an_estimate_gives_way_to_the_published_figure(office, difference, tmp_path):
    """Unemployed women are the total less men in the shipped table; Eurostat publishes them."""
    rows = office.publish("eurostat_une_rt_a")
    for row in rows:
        if (row["unit"], row["sex"], row["time"]) == ("THS_PER", "F", "2020"):
            row["value"] += 1
    table = difference("unemployed_annual")
    assert at(table, status="changed")["difference"] == 1000
    statistics.replace(table, tmp_path / "mine", day=DAY)
    new = read_observations(tmp_path / "mine" / "observations").series("unemployed_annual", sex="female", period=2020)
    assert new["status"].tolist() == ["observed"]


@pytest.mark.parametrize("file", sorted({f.file for t in declared().tables.values() for f in t.figures.values()}))
def test_a_table_is_written_as_it_was(tmp_path, file):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    write_rows(tmp_path, file, read_content(parameters_folder(), file))
    assert (tmp_path / f"{file}.csv").read_bytes() == (parameters_folder() / f"{file}.csv").read_bytes()


def test_a_copy_never_takes_the_place_of_anything(office, difference, tmp_path):
    with_changes(office)
    table = difference("open_vacancies")
    there = tmp_path / "there"
    there.mkdir()
    with pytest.raises(FileError, match="there is something already; give the name of a new folder"):
        statistics.replace(table, there)
    with pytest.raises(FileError, match="there is something already"):
        statistics.replace(table, parameters_folder())
    with pytest.raises(FileError, match=r"no/folder: cannot be written: .*is not a folder"):
        statistics.replace(table, tmp_path / "no" / "folder")
    assert list(there.iterdir()) == []


def test_a_copy_that_would_not_be_valid_is_not_made(office, difference, tmp_path):
    with_changes(office)
    table = difference("open_vacancies")
    for column, value, message in (
        ("sector", "ZZ", "not a sector"),
        ("status", "changd", "unknown status 'changd'.*did you mean 'changed'"),
        ("shipped", -1.0, "has another figure than the one compared"),
        ("found", float("inf"), "not a finite number"),
    ):
        wrong = table.copy()
        row = wrong.index[wrong["status"] == ("changed" if column in ("shipped", "found") else "new")][0]
        wrong.loc[row, column] = value
        with pytest.raises(ParameterError, match=message):
            statistics.replace(wrong, tmp_path / "mine")
    with pytest.raises(ParameterError, match="a figure stands twice"):
        statistics.replace(pd.concat([table, table]), tmp_path / "mine")
    with pytest.raises(ParameterError, match="no column 'shipped'"):
        statistics.replace(table.drop(columns="shipped"), tmp_path / "mine")
    assert list(tmp_path.glob("*mine*")) == []


def test_names_that_are_not_known(office, difference):
    with pytest.raises(ParameterError, match=r"for 'open_vacancy'; allowed: .*did you mean 'open_vacancies'"):
        difference("open_vacancy")
    with pytest.raises(ParameterError, match=r"unknown table 'cbs_80472'; allowed: .*did you mean 'cbs_80472ned'"):
        statistics.fetch("cbs_80472", url=office.url)
    assert office.asked == []
