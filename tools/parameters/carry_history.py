"""Carry the long series over that starts in the past and the back-test need.

Writes the table of observations ``history``: residents, deaths and births by age since 2000, jobs of employees by
section since 2009 and unemployment by the older definition since 1981. Nothing is estimated here but what the sources
estimated; units are made persons.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from tools.parameters.carry_labour import ALL, SECTIONS, SEX, THOUSAND, Row, write_observations
from tools.parameters.tables import read_records

__all__ = ["carry"]

LAST_YEAR = 2021
"""Last year of the estimates of WPP 2022; what comes after is a projection."""

FERTILE = range(15, 50)
SURPLUS = {2000: -0.05, 2005: -0.5, 2010: 0.0, 2015: 0.6, 2019: 0.2, 2020: 0.0, 2021: 0.0}
"""Percent by which the totals of WPP 2022 are above those of CBS; read with the raw file, see its SOURCES.md."""


def carry(raw: Path, out: Path) -> None:
    """Write the table ``history`` of observations.

    Parameters
    ----------
    raw : Path
        Folder of the raw figures, with the sub-folders ``labour`` and ``demography``.
    out : Path
        Folder of the parameter tables.
    """
    rows = [*_population(raw / "demography"), *_jobs(raw / "labour"), *_unemployment(raw / "labour")]
    write_observations(out / "observations" / "history.csv", rows)


def _lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.reader(file) if row]


def _population(folder: Path) -> Iterator[Row]:
    for year, age, sex, _, persons in _lines(folder / "pop_jan1_singleage_nl_unwpp2022_2000_2030.csv"):
        if int(year) <= LAST_YEAR and sex in SEX:
            cells = {"sex": SEX[sex], "age": age, "status": "estimated"}
            yield Row("residents_by_age", f"{year}-01", float(persons), "wpp2022", **cells)
    for year, age, sex, _, _, _, rate in _lines(folder / "deaths_exposure_mx_singleage_nl_stmf_2000_2022.csv"):
        if int(year) <= LAST_YEAR and sex in SEX:
            yield Row("death_rate_by_age", year, float(rate), "stmf", sex=SEX[sex], age=age, status="estimated")
    for year, age, _, _, rate in _lines(folder / "asfr_singleage_nl_unwpp2022_2000_2030.csv"):
        if int(year) <= LAST_YEAR and int(age) in FERTILE:
            yield Row("birth_rate_by_age", year, float(rate), "wpp2022", sex="female", age=age, status="estimated")
    for year, percent in SURPLUS.items():
        yield Row("residents_surplus", f"{year}-01", percent, "wpp2022_cbs", status="estimated")


def _jobs(folder: Path) -> Iterator[Row]:
    for raw in read_records(folder / "employee_jobs_by_sbi_age_sex_81431ned_2009_2022.csv"):
        section = raw["sbi_title"].split(" ", 1)[0]
        wanted = raw["indicator"] == "employee_jobs_thousand" and raw["characteristic"] == "Totaal"
        if not wanted or (section not in SECTIONS and section != ALL):
            continue
        value, sector = THOUSAND * float(raw["value"]), section
        # 2010 is given on two bases, so that 2009 can be linked to the years after
        if raw["year"] in ("2009", "2010X000"):
            yield Row("employee_jobs_older_basis", raw["year"][:4], value, "cbs_81431ned", sector=sector)
        else:
            yield Row("employee_jobs_annual", raw["year"], value, "cbs_81431ned", sector=sector)


def _unemployment(folder: Path) -> Iterator[Row]:
    for raw in read_records(folder / "unemployment_rate_long_1981_2013_12hour_definition.csv"):
        yield Row("unemployment_rate_12_hours", raw["year"], float(raw["unemployment_rate_pct"]), "cbs_71882ned")
