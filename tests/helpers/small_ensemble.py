"""A small model with every kind of parameter that an ensemble knows, and its tables; numbers that stand for nothing."""

from __future__ import annotations

from small_models import write_model

from krapte_sd.equations import read_model
from krapte_sd.parameters import read_parameters
from krapte_sd.simulation import LoadedModel

CONTROL = """
INITIAL TIME= 2024 ~ Year ~ |
FINAL TIME= 2028 ~ Year ~ |
TIME STEP= 0.25 ~ Year ~ |
SAVEPER= 1 ~ Year ~ |
"""
MODEL = """
Sector: Q, F ~ ~ |
Cohort: (b1955-b1965) ~ ~ |
people[Cohort]= INTEG(arrivals[Cohort]-exits[Cohort], initial people[Cohort]) ~ person ~ by birth |
initial people[Cohort]= :NA: ~ person ~ input |
exit rate[Cohort]:INTERPOLATE: ~ 1/Year ~ input, follows the pension age |
exits[Cohort]= exit rate[Cohort]*people[Cohort] ~ person/Year ~ leaving |
net migration:INTERPOLATE: ~ person/Year ~ input, dated, ends of its own in each year |
arrivals[Cohort]= net migration/11 ~ person/Year ~ coming |
all people= SUM(people[Cohort!]) ~ person ~ sum |
jobs[Sector]= INTEG(growth[Sector]*jobs[Sector]-lost jobs[Sector], 1000) ~ person ~ jobs |
growth[Sector]= :NA: ~ 1/Year ~ input, absolute ends |
turnover[Sector]= :NA: ~ 1/Year ~ input, relative ends |
layoff time= :NA: ~ Year ~ input |
attraction= :NA: ~ dmnl ~ input, triangular |
lost jobs[Sector]= jobs[Sector]*turnover[Sector]/(1+layoff time)*(1+attraction) ~ person/Year ~ lost |
"""
HEAD = "parameter,sector,age,year,value,low,high,distribution,status,source\n"
AGES = range(55, 76)
YEARS = range(2024, 2029)


def table() -> str:
    rows = []
    rows += [f"initial_people,,{age},,{1000 + age},,,,observed,paper" for age in range(55, 72)]
    rows += [f"exit_rate,,{age},,{(age - 50) / 100:.10g},,,,estimated,paper" for age in AGES]
    rows += [f"aow_age,,,{year},67,{67 - (year - 2024) / 8},{67 + (year - 2024) / 4},,assumed,paper" for year in YEARS]
    rows += ["reference_aow_age,,,,67,,,,observed,paper"]
    rows += [
        f"net_migration,,,{y},500,{500 - 40 * (y - 2023)},{500 + 50 * (y - 2023)},normal,estimated,paper" for y in YEARS
    ]
    rows += ["growth,Q,,,0.02,0,0.05,uniform,assumed,paper", "growth,F,,,0,-0.02,0.02,uniform,assumed,paper"]
    rows += ["turnover,Q,,,0.1,,,,estimated,paper", "turnover,F,,,0.2,,,,estimated,paper"]
    rows += ["layoff_time,,,,0.5,0.25,1,uniform,assumed,paper"]
    rows += ["attraction,,,,0,-0.5,0.25,triangular,assumed,paper"]
    return HEAD + "\n".join(rows) + "\n"


METADATA = """\
title: Small
description: Numbers for tests; they stand for nothing.
licence: CC0
sources:
  paper: {citation: "A. Author (2020). A paper."}
parameters:
  initial_people:
    {unit: person, dimensions: [age], definition: People., method: None., ages: {above: zero, below: zero},
     at_base_year: true, range: {kind: none, basis: counted}}
  exit_rate:
    {unit: 1/year, dimensions: [age], definition: Exits., method: None., ages: {above: hold, below: hold},
     follows_aow: true, range: {kind: relative, low: 0.8, high: 1.25, basis: a guess}}
  aow_age: {unit: year, dimensions: [year], definition: Pension age., method: None.}
  reference_aow_age:
    {unit: year, definition: Pension age of the schedules., method: None., range: {kind: none, basis: law}}
  net_migration: {unit: person/year, dimensions: [year], definition: Migration., method: None., signed: true}
  growth: {unit: 1/year, dimensions: [sector], definition: Growth., method: None.}
  turnover:
    {unit: 1/year, dimensions: [sector], definition: Turnover., method: None.,
     range: {kind: relative, low: 0.75, high: 1.25, basis: a guess}}
  layoff_time: {unit: year, definition: Time., method: None.}
  attraction: {unit: dmnl, definition: Attraction., method: None.}
"""
SAVE = ("people", "all_people", "jobs")
INTEGRATE = ("exits", "lost_jobs")


def make(folder, rows: str | None = None, metadata: str = METADATA) -> LoadedModel:
    (folder / "tables").mkdir(exist_ok=True)
    (folder / "tables" / "small.csv").write_text(rows or table())
    (folder / "tables" / "small.yaml").write_text(metadata)
    equations = read_model(write_model(folder, MODEL, CONTROL))
    return LoadedModel(equations, read_parameters(folder / "tables"))
