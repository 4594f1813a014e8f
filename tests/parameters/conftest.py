"""A small folder of good parameter tables."""

from __future__ import annotations

import pytest

HEAD = "parameter,region,sector,sex,age,year,value,low,high,distribution,status,source\n"
SOURCES = """\
licence: CC BY 4.0
sources:
  cbs: {citation: "Statistics Netherlands (2024)", table: 85746NED, vintage: 2023}
  paper: {citation: "A. Author (2020). A paper."}
parameters:
"""
YEARS = (2024, 2025, 2026)


def population_rows() -> str:
    rows = []
    for sex, base in (("female", 100), ("male", 200)):
        rows += [f"initial_population,NL,,{sex},{age},,{base + age},,,,observed,cbs" for age in range(4)]
        for age in range(4):
            for year in YEARS:
                value = (base + age) / 1000 + (year - 2024) / 10
                rows.append(f"mortality_rate,,,{sex},{age},{year},{value:.10g},,,normal,estimated,cbs")
    rows += [f"net_migration,NL,,,,{year},{-10.5 * (year - 2023)},,,,assumed,paper" for year in YEARS]
    return HEAD + "\n".join(rows) + "\n"


POPULATION = (
    "title: Population\ndescription: People.\n"
    + SOURCES
    + """\
  initial_population:
    unit: person
    dimensions: [region, sex, age]
    definition: Residents on 1 January.
    method: Counted.
    range: {kind: none, basis: counted in full}
    ages: {above: zero}
  mortality_rate:
    unit: 1/year
    dimensions: [sex, age, year]
    definition: Deaths per person-year.
    method: Deaths divided by exposure.
    range: {kind: relative, low: 0.9, high: 1.2, basis: past errors}
    ages: {above: hold}
  net_migration:
    unit: person/Year
    dimensions: [region, year]
    definition: Immigration minus emigration.
    method: Assumed for the test.
    range: {kind: relative, low: 0.5, high: 1.5, basis: a guess}
    signed: true
"""
)
WORK_TABLE = (
    HEAD
    + """\
turnover,,Q,,,,0.8,0.7,0.9,triangular,literature,paper
turnover,,F,,,,1.25,1,1.5,triangular,estimated,cbs
layoff_time,,,,,,0.5,0.25,1,,assumed,paper
wage_attraction,,,,,,0,-1,2,uniform,unknown,paper
"""
)
WORK = (
    "title: Work\ndescription: Labour.\n"
    + SOURCES
    + """\
  turnover: {unit: dmnl, dimensions: [sector], definition: Turnover., method: Read off.}
  layoff_time: {unit: year, definition: Time to lay off., method: Judged.}
  wage_attraction: {unit: dmnl, definition: Attraction., method: No figure exists.}
"""
)


@pytest.fixture
def folder(tmp_path):
    """A folder with the themes `population` and `work`."""
    (tmp_path / "population.csv").write_text(population_rows())
    (tmp_path / "population.yaml").write_text(POPULATION)
    (tmp_path / "work.csv").write_text(WORK_TABLE)
    (tmp_path / "work.yaml").write_text(WORK)
    return tmp_path
