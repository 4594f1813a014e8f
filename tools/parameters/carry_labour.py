"""Carry the published labour-market figures over into our own tidy tables.

`carry` reads the raw source files (see ``parameters/observations/*.yaml`` for what they are and where they come from)
and writes four tables: employment, vacancies, industry, and tasks and policy. It only selects, renames and converts
units. Nothing is estimated but two residuals, and these say so in their status: unemployed women by year (the total
minus men) and employed women of 25-34 (taken as a residual in the raw file).

The rows a source leaves out (suppressed cells, quarters that were not readable) are left out here as well.
The same raw files give the same bytes.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tools.parameters.tables import read_records

__all__ = ["COLUMNS", "SECTIONS", "Row", "carry", "write_observations"]

SECTIONS = tuple("ABCDEFGHIJKLMNOPQRS")
ALL = "A-U"  # the total of all sections, whatever the source calls it
COLUMNS = ("series", "region", "sector", "sex", "age", "period", "value", "status", "source")
SEX = {"men": "male", "women": "female", "M": "male", "F": "female", "T": "total", "total": "total"}
THOUSAND = 1_000


class Row(NamedTuple):
    """One observed figure, in the unit its series has in the metadata."""

    series: str
    period: str
    value: float
    source: str
    sector: str = ""
    sex: str = ""
    age: str = ""
    status: str = "observed"
    region: str = "NL"

    @property
    def key(self) -> tuple[str, ...]:
        """What makes a row unique, and the order of the rows in the table."""
        return (self.series, self.region, self.sector, self.sex, self.age, self.period)


def carry(raw: Path, out: Path) -> None:
    """Write the tables of observations.

    Parameters
    ----------
    raw : Path
        Folder of the raw figures, with the sub-folder ``labour``.
    out : Path
        Folder of the parameter tables; the files go to its sub-folder ``observations``.

    Raises
    ------
    FileNotFoundError
        If a raw file is missing.
    ValueError
        If two rows describe the same figure, or a raw cell is not a number.
    """
    labour = raw / "labour"
    themes: dict[str, Iterable[Callable[[Path], Iterator[Row]]]] = {
        "employment": (
            _workers_by_section,
            _workers_by_group,
            _employed_by_section_cbs,
            _transitions,
            _job_changes,
            _rates_by_age,
            _older_by_age,
            _weekly_hours,
            _hours_per_job,
            _national_accounts,
            _unemployment,
        ),
        "vacancies": (_vacancies, _vacancies_selected, _vacancies_adjusted, _vacancy_rate, _tightness),
        "industry": (_industry_accounts, _persons_by_group),
        "tasks_and_policy": (_pension_age, _published),
    }
    for theme, steps in themes.items():
        write_observations(out / "observations" / f"{theme}.csv", (row for step in steps for row in step(labour)))


def write_observations(path: Path, rows: Iterable[Row]) -> None:
    """Write a table of observations, its rows in the order of their keys."""
    ordered = sorted(rows, key=lambda row: row.key)
    twice = [row.key for row, following in pairwise(ordered) if row.key == following.key]
    if twice:
        raise ValueError(f"{path.name}: more than one value for {twice[:5]}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for row in ordered:
            cells = row._asdict() | {"value": f"{row.value:.10g}"}
            table.writerow([cells[column] for column in COLUMNS])


def _thousand(text: str) -> float:
    return float(text) * THOUSAND


# --- employment ------------------------------------------------------------------------------------------------------
def _workers_by_section(labour: Path) -> Iterator[Row]:
    for raw in read_records(labour / "employed_by_section_age_sex_lfs_2008_2024.csv"):
        sector = ALL if raw["sbi_section"] == "total" else raw["sbi_section"]
        yield Row(
            "employed_by_section",
            raw["year"],
            _thousand(raw["employed_thousand"]),
            "ilostat_emp",
            sector=sector,
            sex=SEX[raw["sex"]],
            age=raw["age"],
        )


def _workers_by_group(labour: Path) -> Iterator[Row]:
    # B-F is printed for men and a sum of printed cells for women; B+D+E, C and F exist for women only.
    keep = {"A": "A", "B-F": "B-F", "G-N": "G-N", "O-U": "O-U", "unknown": "unknown", "total": ALL}
    for raw in read_records(labour / "employed_by_sector_group_age10_sex_2008_2024.csv"):
        if raw["sector_group"] not in keep:
            continue
        yield Row(
            "employed_by_sector_group",
            raw["year"],
            _thousand(raw["employed_thousand"]),
            "ilostat_emp",
            sector=keep[raw["sector_group"]],
            sex=SEX[raw["sex"]],
            age=raw["age"],
            status="estimated" if raw["method"].startswith("residual") else "observed",
        )


def _employed_by_section_cbs(labour: Path) -> Iterator[Row]:
    for raw in read_records(labour / "employed_labour_force_by_sbi_2022.csv"):
        if raw["period"] == "2022Q3":
            value = _thousand(raw["value"])
            yield Row("employed_labour_force", raw["period"], value, "cbs_85272ned", sector=raw["sbi"], age="15-74")


def _transitions(labour: Path) -> Iterator[Row]:
    before: dict[str, float] = {}
    now: dict[str, float] = {}
    for raw in read_records(labour / "labour_force_transitions_3months.csv"):
        if raw["cbs_table"] != "82848NED":
            continue
        start, end, value = raw["state_3_months_before"], raw["state_now"], _thousand(raw["thousand_persons"])
        before[start] = before.get(start, 0.0) + value
        now[end] = now.get(end, 0.0) + value
        yield Row(f"transition_{start}_to_{end}", raw["period"], value, "cbs_82848ned", age="15-74")
    # The table compares April with three months before: its margins are the stocks of January and of April.
    for period, stocks in (("2024-01", before), ("2024-04", now)):
        for state, value in stocks.items():
            yield Row(state, period, value, "cbs_82848ned", age="15-74")


def _job_changes(labour: Path) -> Iterator[Row]:
    other = "other employer than 3 months earlier"
    wanted = {
        ("2022 mean quarter (3 months)", "employees", other, "pct of employees"): ("job_changers_share", ""),
        ("2022 mean quarter (3 months)", "employees", other, "thousand persons"): ("job_changers", ""),
        ("2021 (Jan to Dec)", "employees at start of year", "same job at end of year", "pct"): ("same_job_share", ""),
        ("2021 (Jan to Dec)", "employees at start of year", "other employee job at end of year", "pct"): (
            "other_job_share",
            "",
        ),
        ("2021 (Jan to Dec)", "employees at start of year", "not an employee at end of year", "pct"): (
            "left_employee_status_share",
            "",
        ),
    }
    for raw in read_records(labour / "job_switching_selected.csv"):
        found = wanted.get((raw["period"], raw["group"], raw["indicator"], raw["unit"]))
        if found:
            value = _thousand(raw["value"]) if raw["unit"] == "thousand persons" else float(raw["value"])
            yield Row(found[0], raw["period"][:4], value, "cbs_job_changes", status="literature")
    # Read in a news item, not in a raw file: see the note of the source on its date.
    yield Row("job_changers_share", "2025Q2", 3.8, "cbs_job_changes_2025", status="literature")
    columns = {
        "inflow_from_non_employee_pct": "employee_inflow_share",
        "moved_to_other_section_pct": "employee_section_change_share",
        "outflow_to_no_work_or_self_employed_pct": "employee_outflow_share",
    }
    for raw in read_records(labour / "employee_flows_annual_2009_2019.csv"):
        first, last = raw["september_to_september"].split("/")
        for column, series in columns.items():
            yield Row(series, f"{first}-09/{last}-09", float(raw[column]), "cbs_employee_flows", age="15-74")
    for raw in read_records(labour / "average_retirement_age_employees.csv"):
        age = int(raw["years"]) + int(raw["months"]) / 12
        yield Row("average_retirement_age", raw["year"], age, "cbs_retirement_age", status="literature")


def _rates_by_age(labour: Path) -> Iterator[Row]:
    names = {"participation_rate_pct": "participation_rate", "employment_rate_pct": "employment_rate"}
    for raw in read_records(labour / "participation_employment_rates_age5_sex_1990_2024.csv"):
        series = names[raw["indicator"]]
        value = float(raw["value"])
        yield Row(series, raw["year"], value, "ilostat_rates", sex=SEX[raw["sex"]], age=raw["age"])


def _older_by_age(labour: Path) -> Iterator[Row]:
    names = {
        "population_thousand": "older_population",
        "employed_thousand": "older_employed",
        "unemployed_thousand": "older_unemployed",
        "inactive_thousand": "older_inactive",
        "not_in_labour_force_thousand": "older_inactive",
        "net_participation_pct": "net_participation_rate",
    }
    files = (("participation_older_by_age_2024q1.csv", "cbs_table"), ("participation_older_single_age.csv", "table"))
    for file, table in files:
        for raw in read_records(labour / file):
            if raw["indicator"] not in names:
                continue
            # The old survey method has another level: it gets series of its own, so that nobody takes differences.
            old = raw[table] == "82914NED"
            series = names[raw["indicator"]] + ("_old_method" if old else "")
            source = "cbs_82914ned" if old else "cbs_85267ned"
            value = float(raw["value"]) if raw["indicator"].endswith("_pct") else _thousand(raw["value"])
            yield Row(series, raw["period"], value, source, age=raw["age"])


def _weekly_hours(labour: Path) -> Iterator[Row]:
    for raw in read_records(labour / "weekly_hours_by_section_sex_2008_2024.csv"):
        sector = ALL if raw["sbi_section"] == "total" else raw["sbi_section"]
        value = float(raw["mean_weekly_hours_actually_worked"])
        yield Row("weekly_hours", raw["year"], value, "ilostat_hours", sector=sector, sex=SEX[raw["sex"]])
    for raw in read_records(labour / "hours_by_age_sex.csv"):
        age = "15-74" if raw["group"] == "total" else raw["group"]
        if raw["indicator"] == "average_weekly_hours" and age[0].isdigit():
            source = "cbs_" + raw["cbs_table"].lower()
            series = "weekly_hours_by_age" + ("_old_method" if source == "cbs_82647ned" else "")
            yield Row(series, raw["period"], float(raw["value"]), source, sex=SEX[raw["sex"]], age=age)


def _hours_per_job(labour: Path) -> Iterator[Row]:
    names = {
        "employee_jobs_thousand": ("employee_jobs", THOUSAND),
        "weekly_hours_per_job_incl_overtime": ("weekly_hours_per_job", 1),
        "annual_hours_per_job": ("annual_hours_per_job", 1),
        "annual_hours_per_fte": ("annual_hours_per_fte", 1),
    }
    for raw in read_records(labour / "hours_per_job_by_sbi_2021.csv"):
        if raw["indicator"] in names:
            series, factor = names[raw["indicator"]]
            yield Row(series, raw["year"], float(raw["value"]) * factor, "cbs_81433ned", sector=raw["sbi"])


def _national_accounts(labour: Path) -> Iterator[Row]:
    names = {
        "employed_persons_thousand": ("employed_persons_accounts", 1e3),
        "jobs_thousand": ("jobs_accounts", 1e3),
        "hours_worked_million": ("hours_worked_accounts", 1e6),
    }
    for raw in read_records(labour / "employment_by_sbi_quarterly_national_accounts.csv"):
        if raw["cbs_table"] == "85920NED" and raw["indicator"] in names:
            series, factor = names[raw["indicator"]]
            yield Row(series, raw["period"], float(raw["value"]) * factor, "cbs_85920ned", sector=raw["sbi"])


def _unemployment(labour: Path) -> Iterator[Row]:
    # Names differ by frequency so that a year can never be mistaken for a quarter in a selection.
    annual = {"PC_ACT": "unemployment_rate", "THS_PER": "unemployed_annual", "PC_POP": "unemployed_population_share"}
    persons: dict[tuple[str, str], float] = {}
    for raw in read_records(labour / "unemployment_annual_une_rt_a_nl_2009_2025.csv"):
        sex, age = SEX[raw["sex"]], raw["age"].removeprefix("Y")
        thousand = raw["unit"] == "THS_PER"
        value = _thousand(raw["value"]) if thousand else float(raw["value"])
        yield Row(annual[raw["unit"]], raw["year"], value, "eurostat_une_rt_a", sex=sex, age=age)
        if thousand:
            persons[raw["year"], sex] = value
    for year in sorted({year for year, _ in persons}):
        women = persons[year, "total"] - persons[year, "male"]
        row = Row("unemployed_annual", year, women, "eurostat_une_rt_a", sex="female", age="15-74")
        yield row._replace(status="estimated")
    quarterly = {"PC_ACT": "unemployment_rate_quarterly", "THS_PER": "unemployed_quarterly"}
    for raw in read_records(labour / "unemployment_quarterly_une_rt_q_nl.csv"):
        if raw["age"] == "Y15-74" and raw["unit"] in quarterly:
            value = _thousand(raw["value"]) if raw["unit"] == "THS_PER" else float(raw["value"])
            series = quarterly[raw["unit"]]
            yield Row(series, raw["quarter"], value, "eurostat_une_rt_q", sex=SEX[raw["sex"]], age="15-74")


# --- vacancies -------------------------------------------------------------------------------------------------------
def _vacancies(labour: Path) -> Iterator[Row]:
    names = {
        ("quarter", "open_vacancies_thousand"): "open_vacancies",
        ("quarter", "created_vacancies_thousand"): "created_vacancies",
        ("quarter", "filled_vacancies_thousand"): "filled_vacancies",
        ("year", "open_vacancies_thousand"): "open_vacancies_annual",
        ("year", "created_vacancies_thousand"): "created_vacancies_annual",
        ("year", "filled_vacancies_thousand"): "filled_vacancies_annual",
    }
    for raw in read_records(labour / "vacancies_by_sbi_80472ned_1997_2023.csv"):
        # The titles start with the code; besides the sections there are divisions, aggregates and size classes.
        sector = raw["sbi_title"].split(" ", 1)[0]
        if sector in SECTIONS or sector == ALL:
            series = names[raw["frequency"], raw["indicator"]]
            yield Row(series, raw["period"], _thousand(raw["value"]), "cbs_80472ned", sector=sector)


def _vacancies_selected(labour: Path) -> Iterator[Row]:
    names = {
        "open_vacancies_thousand_year_average": "open_vacancies_annual",
        "created_vacancies_thousand_per_year": "created_vacancies_annual",
        "filled_vacancies_thousand_per_year": "filled_vacancies_annual",
    }
    for raw in read_records(labour / "vacancies_by_sbi_2023_flows.csv"):
        if raw["sbi"] in SECTIONS or raw["sbi"] == ALL:
            value = _thousand(raw["value"])
            yield Row(names[raw["indicator"]], raw["year"], value, "cbs_80472ned_2023", sector=raw["sbi"])
    for raw in read_records(labour / "vacancies_by_sbi_2023q2_sa.csv"):
        # B-F is kept because the page gives no figure for B, D and E apart.
        if raw["sbi"] in (*SECTIONS, ALL, "B-F"):
            value = _thousand(raw["value"])
            yield Row("open_vacancies_adjusted_by_section", raw["period"], value, "cbs_80474ned", sector=raw["sbi"])


def _vacancies_adjusted(labour: Path) -> Iterator[Row]:
    names = {
        "open_vacancies_sa_thousand_end_quarter": "open_vacancies_adjusted",
        "created_vacancies_sa_thousand": "created_vacancies_adjusted",
        "filled_vacancies_sa_thousand_incl_lapsed": "filled_vacancies_adjusted",
    }
    for raw in read_records(labour / "vacancies_sa_stock_flow_quarterly.csv"):
        source = "cbs_84545ned_2020" if raw["period"] < "2020Q4" else "cbs_84545ned_2024"
        yield Row(names[raw["indicator"]], raw["period"], _thousand(raw["value"]), source)


def _vacancy_rate(labour: Path) -> Iterator[Row]:
    for raw in read_records(labour / "vacancy_rate_by_sbi_2024q2.csv"):
        if raw["sbi"] in SECTIONS or raw["sbi"] == ALL:
            value = float(raw["value"]) / THOUSAND
            yield Row("vacancy_rate", raw["period"], value, "cbs_80567eng", sector=raw["sbi"])


def _tightness(labour: Path) -> Iterator[Row]:
    old = {"2018Q4", "2019Q1", "2019Q2"}
    for raw in read_records(labour / "tightness_national_selected.csv"):
        period, direct = raw["period"], raw["read_in"].startswith("CBS")
        status = "observed" if direct else "literature"
        source = "cbs_tightness" if direct else "cbs_tightness_via_press"
        series = "tightness"
        if period in old:
            # News of 2019 uses the unemployment of the old survey method, which is about a quarter lower.
            series, source = "tightness_old_method", "cbs_tightness_old"
        elif "not seasonally adjusted" in raw["remark"]:
            series = "tightness_unadjusted"
        yield Row(series, period, float(raw["vacancies_per_100_unemployed"]) / 100, source, status=status)
        for part in raw["remark"].split(";"):
            words = part.split()
            if words[1:2] != ["thousand"]:
                continue
            suffix = "_old_method" if period in old and words[2] == "unemployed" else ""
            yield Row(f"{words[2]}_reported{suffix}", period, _thousand(words[0]), source, status=status)


# --- industry --------------------------------------------------------------------------------------------------------
def _industry_accounts(labour: Path) -> Iterator[Row]:
    names = {
        "EMP": ("persons_engaged", 1e3),
        "H_EMP": ("hours_worked", 1e3),
        "VA_QI": ("value_added_volume", 1e3),  # million to thousand euro
        "LP_I": ("labour_productivity_index", 1),
    }
    sectors = {code: code for code in (*SECTIONS, "D-E", "M-N", "R-S")} | {"TOT": ALL}
    for raw in read_records(labour / "industry_accounts_euklems2017_nl.csv"):
        if raw["variable"] in names and raw["nace_code"] in sectors:
            series, factor = names[raw["variable"]]
            value = float(raw["value"]) * factor
            yield Row(series, raw["year"], value, "euklems_2017", sector=sectors[raw["nace_code"]])


def _persons_by_group(labour: Path) -> Iterator[Row]:
    groups = ("A", "B-E", "C", "F", "G-I", "J", "K", "L", "M-N", "O-Q", "R-U", "TOTAL")
    for raw in read_records(labour / "employment_by_region_sector_nama_10r_3empers.csv"):
        if raw["nuts_code_2016"] == "NL" and raw["nace_group"] in groups:
            sector = ALL if raw["nace_group"] == "TOTAL" else raw["nace_group"]
            value = _thousand(raw["value"])
            yield Row("employed_persons", raw["year"], value, "eurostat_nama_10r_3empers", sector=sector)


# --- tasks and policy ------------------------------------------------------------------------------------------------
def _pension_age(labour: Path) -> Iterator[Row]:
    for raw in read_records(labour / "aow_age_path.csv"):
        age = int(raw["years"]) + int(raw["months"]) / 12
        if raw["source"] == "legal":
            yield Row("state_pension_age", raw["year"], age, "szw_aow")
        elif raw["status"] == "actual":
            yield Row("state_pension_age", raw["year"], age, "cbs_pbl_2022")
        else:
            row = Row("state_pension_age_projection", raw["year"], age, "cbs_pbl_2022")
            yield row._replace(status="official_projection")


def _published(labour: Path) -> Iterator[Row]:
    del labour  # these figures were read one by one on the pages their sources name, not in a file
    for series, sector, period, value, status, source in PUBLISHED:
        yield Row(series, period, value, source, sector=sector, status=status)


PUBLISHED: tuple[tuple[str, str, str, float, str, str], ...] = (
    # series, sector, period the figure is for (empty: not dated), value, status, source
    ("life_expectancy_65", "", "2027", 20.93, "official_projection", "cbs_aow_notices"),
    ("life_expectancy_65", "", "2028", 21.05, "official_projection", "cbs_aow_notices"),
    ("life_expectancy_65", "", "2031", 21.02, "official_projection", "cbs_aow_notices"),
    ("population_20_to_pension_age", "", "2025", 10.9e6, "official_projection", "cbs_pbl_2022"),
    ("population_20_to_pension_age", "", "2035", 11.0e6, "official_projection", "cbs_pbl_2022"),
    ("population_20_to_pension_age", "", "2050", 11.4e6, "official_projection", "cbs_pbl_2022"),
    ("labour_supply_growth", "", "2026/2040", 0.0, "literature", "dnb_2024"),
    ("gdp_growth_without_adaptation", "", "2026/2040", 0.6, "literature", "dnb_2024"),
    ("gdp_growth", "", "2000/2023", 1.5, "literature", "dnb_2024"),
    ("labour_supply_change", "", "2013/2060", 200e3, "literature", "cpb_2014"),
    ("labour_supply_change_pension_age", "", "2013/2060", 450e3, "literature", "cpb_2014"),
    ("labour_supply_change_trend", "", "2013/2060", 350e3, "literature", "cpb_2014"),
    ("labour_supply_change_ageing", "", "2013/2060", -300e3, "literature", "cpb_2014"),
    ("labour_supply_change_population", "", "2013/2060", -300e3, "literature", "cpb_2014"),
    ("people_short_forecast", "", "2015", 375e3, "literature", "bakker_2008"),
    ("people_short_forecast", "", "2040", 700e3, "literature", "bakker_2008"),
    ("jobs_growth_forecast", "", "2006/2015", 600e3, "literature", "cedefop_2008"),
    ("construction_jobs_forecast", "F", "2018", 314e3, "literature", "eib_2018"),
    ("construction_jobs_forecast", "F", "2023", 336e3, "literature", "eib_2018"),
    ("replacement_demand_overestimated", "", "1993/1998", 440e3, "literature", "roa_2001"),
    *(
        (series, sector, year, 1e3 * thousands, "literature", "roa_2001")
        for series, year, figures in (
            ("workers_roa_realised", "1993", (232, 157 + 125 + 515 + 254 + 63, 438, 833)),
            ("workers_roa_forecast", "1998", (227, 153 + 134 + 510 + 252 + 64, 454, 875)),
            ("workers_roa_realised", "1998", (235, 169 + 138 + 524 + 253 + 70, 481, 936)),
        )
        # agriculture; food, chemistry, metal, other industry and energy together; construction; trade
        for sector, thousands in zip(("A", "B-E", "F", "G"), figures, strict=True)
    ),
    ("participation_15_74", "", "2013", 71.0, "literature", "cpb_2014"),
    ("participation_15_74", "", "2060", 75.0, "literature", "cpb_2014"),
    ("construction_workers_wanted", "F", "2019/2023", 94e3, "literature", "eib_2018"),
    ("construction_labour", "F", "2018", 442e3, "literature", "eib_2018"),
    ("construction_output", "F", "2018", 70e6, "literature", "eib_2018"),
    ("homes_built", "", "2018", 65e3, "literature", "eib_2018"),
    ("homes_built", "", "2023", 73.3e3, "literature", "homes_press"),
    ("homes_added", "", "2024", 82e3, "literature", "duurzaam_gebouwd_2025"),
    ("homes_target", "", "", 100e3, "literature", "homes_press"),
    ("homes_short", "", "2022", 390e3, "literature", "homes_press"),
    ("building_cost_per_home", "", "2016", 128.0, "literature", "cbs_permits_2017"),
    ("extra_homes", "", "2015", 50e3, "literature", "eib_2015"),
    ("extra_homes_labour", "F", "2015", 28e3, "literature", "eib_2015"),
    ("home_aim_labour", "F", "2022/2024", 50e3, "literature", "eib_2022"),
    ("new_homes", "", "2024", 69e3, "literature", "cbs_homes_2025"),
    ("factory_building_labour_saved", "F", "", 5.5e3, "literature", "eib_2023"),
    ("factory_building_homes", "F", "", 80e3, "literature", "eib_2023"),
    ("climate_labour_gross_low", "", "2030", 42e3, "literature", "ecn_tno_2019"),
    ("climate_labour_gross_high", "", "2030", 78e3, "literature", "ecn_tno_2019"),
    ("climate_labour_fossil_low", "", "2030", -11e3, "literature", "ecn_tno_2019"),
    ("climate_labour_fossil_high", "", "2030", -6e3, "literature", "ecn_tno_2019"),
    ("climate_labour_net_low", "", "2030", 39e3, "literature", "ecn_tno_2019"),
    ("climate_labour_net_high", "", "2030", 72e3, "literature", "ecn_tno_2019"),
    ("climate_extra_policy_jobs_low", "", "2030", 23e3, "literature", "ecorys_2021"),
    ("climate_extra_policy_jobs_high", "", "2030", 28e3, "literature", "ecorys_2021"),
    ("grid_people_wanted", "", "2025/2030", 30e3, "literature", "netbeheer_2025"),
    ("grid_technicians_wanted", "", "2025/2030", 5e3, "literature", "netbeheer_2025"),
    ("defence_people", "O", "2022-02", 67.4e3, "literature", "mod_2025"),
    ("defence_people", "O", "2025-12", 80e3, "literature", "mod_2025"),
    ("defence_people_target", "O", "2030", 100e3, "literature", "mod_2025"),
    ("care_people_demand", "Q", "2020", 1.35e6, "literature", "abf_2020"),
    ("care_people_demand", "Q", "2030", 1.58e6, "literature", "abf_2020"),
    ("care_share_of_workers", "Q", "2021", 100 / 6, "literature", "wrr_2021"),
    ("care_share_of_workers", "Q", "2060", 100 / 3, "literature", "wrr_2021"),
    ("teachers_short", "P", "2022", 4.1e3, "literature", "ocw_2022"),
    ("teachers_short", "P", "2027", 11e3, "literature", "ocw_2022"),
    ("teachers", "P", "2019", 180e3, "literature", "ocw_2022"),
    ("ict_workers", "", "2022", 707e3, "literature", "ez_2025"),
    ("ict_workers_target", "", "2030", 1e6, "literature", "ez_2025"),
    ("open_vacancies_technology", "", "2016", 29.2e3, "literature", "ez_2025"),
    ("open_vacancies_technology", "", "2024Q4", 75.6e3, "literature", "ez_2025"),
    ("open_vacancies_ict", "", "2016", 13.3e3, "literature", "ez_2025"),
    ("open_vacancies_ict", "", "2024Q4", 22.7e3, "literature", "ez_2025"),
    ("labour_migrants", "", "2019", 735e3, "literature", "seo_abu_2022"),
    ("labour_migrants", "", "2021", 800e3, "literature", "seo_abu_2022"),
    ("labour_migrants_trend", "", "2030", 1.2e6, "literature", "seo_abu_2022"),
    ("labour_migrants_growth_low", "", "2021/2030", 17.0, "literature", "seo_abu_2022"),
    ("labour_migrants_growth_high", "", "2021/2030", 70.0, "literature", "seo_abu_2022"),
)
