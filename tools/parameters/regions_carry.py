"""Carry the regional figures over: divisions of the country, and what is observed by region.

Writes ``parameters/regions/*.csv`` (municipalities, what became of former ones, one table of members for each division)
and the tables ``regions_population`` and ``regions_labour`` of ``parameters/observations``. It selects, renames and
converts units; the only arithmetic is the adding up of former municipalities into those that took their place.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tools.parameters.carry_labour import COLUMNS, Row
from tools.parameters.tables import read_records

__all__ = ["CORRECTED_NAMES", "FORMER", "carry"]

THOUSAND = 1_000
SETS = {"corop": 2, "province": 4, "arbeidsmarktregio": 6}
CORRECTED_NAMES = {
    "Hengelo": "Hengelo (O.)",
    "Laren": "Laren (NH.)",
    "Rijswijk": "Rijswijk (ZH.)",
    "Middelburg": "Middelburg (Z.)",
    "Beek": "Beek (L.)",
    "Stein": "Stein (L.)",
}
"""Names in the postcode file of 2021 that lack the addition of the official name."""

FORMER: tuple[tuple[str, str, int, tuple[tuple[str, float], ...]], ...] = (
    ("GM0003", "Appingedam", 2021, (("Eemsdelta", 1),)),
    ("GM0010", "Delfzijl", 2021, (("Eemsdelta", 1),)),
    ("GM0024", "Loppersum", 2021, (("Eemsdelta", 1),)),
    # Haaren was divided: shares by inhabitants of its four postcodes (5076, 5268, 5296, 5074), CBS 83502NED, 2021
    ("GM0788", "Haaren", 2021, (("Oisterwijk", 5825), ("Vught", 4885), ("Boxtel", 2170), ("Tilburg", 1445))),
    ("GM0370", "Beemster", 2022, (("Purmerend", 1),)),
    ("GM0398", "Heerhugowaard", 2022, (("Dijk en Waard", 1),)),
    ("GM0416", "Langedijk", 2022, (("Dijk en Waard", 1),)),
    ("GM0457", "Weesp", 2022, (("Amsterdam", 1),)),
    ("GM0756", "Boxmeer", 2022, (("Land van Cuijk", 1),)),
    ("GM1684", "Cuijk", 2022, (("Land van Cuijk", 1),)),
    ("GM0786", "Grave", 2022, (("Land van Cuijk", 1),)),
    ("GM0815", "Mill en Sint Hubert", 2022, (("Land van Cuijk", 1),)),
    ("GM1702", "Sint Anthonis", 2022, (("Land van Cuijk", 1),)),
    ("GM1685", "Landerd", 2022, (("Maashorst", 1),)),
    ("GM0856", "Uden", 2022, (("Maashorst", 1),)),
    ("GM0501", "Brielle", 2023, (("Voorne aan Zee", 1),)),
    ("GM0530", "Hellevoetsluis", 2023, (("Voorne aan Zee", 1),)),
    ("GM0614", "Westvoorne", 2023, (("Voorne aan Zee", 1),)),
)
"""Municipalities that ended in 2021-2023: code, name, year, successors with weights."""

PROVINCES = {
    "Groningen": "PV20",
    "Friesland": "PV21",
    "Fryslân": "PV21",
    "Drenthe": "PV22",
    "Overijssel": "PV23",
    "Flevoland": "PV24",
    "Gelderland": "PV25",
    "Utrecht": "PV26",
    "Noord-Holland": "PV27",
    "Zuid-Holland": "PV28",
    "Zeeland": "PV29",
    "Noord-Brabant": "PV30",
    "Limburg": "PV31",
    "Nederland": "NL",
}
TOTAL = "A-U"
ACCOUNT_YEARS = ("2000", "2005", "2010", "2015", "2017")
"""Years of which the regional accounts are known by province and group."""


def carry(raw: Path, out: Path) -> None:
    """Write the divisions and the regional observations.

    Parameters
    ----------
    raw : pathlib.Path
        Folder with the sub-folders ``demography`` and ``labour``.
    out : pathlib.Path
        Folder of the parameter tables.
    """
    codes = _divisions(raw / "demography", out / "regions")
    areas = _area_codes(raw / "demography")
    people = [*_municipal_population(raw / "demography", codes)]
    _municipalities(people, codes, out / "regions" / "municipalities.csv")
    population = [*people, *_demography(raw / "demography", codes)]
    _write(out / "observations" / "regions_population.csv", population)
    labour = raw / "labour"
    rows = [*_jobs(labour), *_accounts(labour), *_survey(labour, areas, codes), *_vacancies(labour)]
    rows += _commuting(labour, codes)
    _write(out / "observations" / "regions_labour.csv", rows)


def _read(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def _table(path: Path, header: list[str], rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write(path: Path, rows: list[Row]) -> None:
    ordered = sorted(rows, key=lambda row: row.key)
    twice = [row.key for row, following in pairwise(ordered) if row.key == following.key]
    if twice:
        raise ValueError(f"{path.name}: more than one value for {twice[:5]}")
    cells = [[str((row._asdict() | {"value": f"{row.value:.10g}"})[c]) for c in COLUMNS] for row in ordered]
    _table(path, list(COLUMNS), cells)


# --- divisions -------------------------------------------------------------------------------------------------------
def _mapping(folder: Path) -> list[list[str]]:
    return sorted(_read(folder / "mapping_gemeente_corop_province_arbeidsmarktregio_current.csv"))


def _divisions(folder: Path, out: Path) -> dict[str, str]:
    """Write the tables of regions; return the code of each municipality by its name, former ones excluded."""
    mapping = _mapping(folder)
    codes = {row[1]: row[0] for row in mapping}
    for name, column in SETS.items():
        rows = [[row[0], row[column], row[column + 1]] for row in mapping]
        _table(out / f"{name}.csv", ["municipality", "region", "region_name"], rows)
    _table(out / "nl.csv", ["municipality", "region", "region_name"], [[row[0], "NL", "Nederland"] for row in mapping])
    former = [
        [code, name, str(since), codes[new], f"{weight / sum(w for _, w in successors):.6g}"]
        for code, name, since, successors in sorted(FORMER)
        for new, weight in successors
    ]
    _table(out / "former_municipalities.csv", ["municipality", "name", "until", "successor", "share"], former)
    return codes


def _area_codes(folder: Path) -> dict[str, str]:
    """Codes of provinces and COROP areas by the names used on pages of CBS."""
    areas = {f"{row[3]} (CR)": row[2] for row in _mapping(folder)} | {"Twente (CR)": "CR12"}
    return areas | PROVINCES | {f"{name} (PV)": code for name, code in PROVINCES.items()}


def _municipal_population(folder: Path, codes: dict[str, str]) -> Iterator[Row]:
    successors = {name: news for _, name, _, news in FORMER}
    cells: dict[tuple[str, str, str], float] = defaultdict(float)
    for _, age, sex, name, persons in _read(folder / "pop_jan1_2021_5yearage_sex_gemeente_cbs_pc4.csv"):
        new = successors.get(name, ((CORRECTED_NAMES.get(name, name), 1.0),))
        for successor, weight in new:
            cells[codes[successor], sex, age] += float(persons) * weight / sum(w for _, w in new)
    for (code, sex, age), persons in cells.items():
        sex_code = {"F": "female", "M": "male"}[sex]
        yield Row("municipal_population", "2021", persons, "cbs_83502ned", sex=sex_code, age=age, region=code)


def _municipalities(people: list[Row], codes: dict[str, str], path: Path) -> None:
    """Write the base division: codes, names and the inhabitants who are the weights between divisions."""
    sums: dict[str, float] = defaultdict(float)
    for row in people:
        sums[row.region] += row.value
    rows = [[code, name, f"{sums[code]:.10g}"] for name, code in sorted(codes.items(), key=lambda item: item[1])]
    _table(path, ["municipality", "name", "inhabitants"], rows)


def _demography(folder: Path, codes: dict[str, str]) -> Iterator[Row]:
    for year, _, _, region, persons in _read(folder / "pop_jan1_2024_region_totals_cbs70072ned_provisional.csv"):
        yield Row("population_by_region", year, float(persons), "cbs_70072ned", region=region)
    for year, _, _, region, persons in _read(folder / "immigration_by_region_2022_cbs37259ned.csv"):
        yield Row("immigration_by_region", year, float(persons), "cbs_37259ned", region=region)
    for period, region, _, homes in _read(folder / "housing_agreements_by_province_to_2030.csv"):
        yield Row(
            "homes_agreed", period.replace("-", "/"), float(homes), "ipo_2022", region=region, status="literature"
        )
    files = ("pbl_cbs_regional_forecast_totals_2050.csv", "pbl_cbs_regional_forecast_2019round_2023.csv")
    names = {
        ("85173NED", "prognose"): "forecast_2022_population",
        ("85173NED", "lower67"): "forecast_2022_population_low",
        ("85173NED", "upper67"): "forecast_2022_population_high",
        ("84527NED", "prognose"): "forecast_2019_population",
    }
    for file in files:
        for table, variant, year, region, thousand in _read(folder / file):
            cells = {"source": f"cbs_{table.lower()}", "status": "official_projection", "region": region}
            yield Row(names[table, variant], year, float(thousand) * THOUSAND, **cells)
    for table, variant, year, name, thousand in _read(
        folder / "pbl_cbs_forecast_2022round_2050_selected_gemeenten.csv"
    ):
        cells = {"source": f"cbs_{table.lower()}", "status": "official_projection", "region": codes[name]}
        yield Row(names[table, variant], year, float(thousand) * THOUSAND, **cells)
    for year, age, sex, _, persons in _read(folder / "pop_jan1_singleage_nl_unwpp2022_2000_2030.csv"):
        if year == "2021" and sex in ("F", "M"):
            sex_code = {"F": "female", "M": "male"}[sex]
            yield Row(
                "population_by_age", year, float(persons), "un_wpp2022", sex=sex_code, age=age, status="estimated"
            )
    for year, age, _, _, indicator, percent in _read(folder / "moves_by_age_2017_cbs.csv"):
        if indicator == "moved_between_gemeenten_pct":
            yield Row("moved_between_municipalities", year, float(percent), "cbs_moves_2020", age=age)
    moves = {
        "moved_within_gemeente": "moves_within",
        "moved_in_from_other_gemeente": "moves_in_from_other",
        "moved_out_to_other_gemeente": "moves_out_to_other",
        "domestic_balance": "moves_balance",
    }
    for year, _, region, indicator, persons in _read(folder / "domestic_moves_selected_cbs60048ned.csv"):
        if region.startswith("PV"):
            yield Row(moves[indicator], year, float(persons), "cbs_60048ned", region=region)


# --- labour ----------------------------------------------------------------------------------------------------------
def _jobs(labour: Path) -> Iterator[Row]:
    for raw in read_records(labour / "employee_jobs_by_corop_sbi_83582NED_selected_years.csv"):
        if raw["employee_jobs_thousand"]:
            value = float(raw["employee_jobs_thousand"]) * THOUSAND
            period = f"{raw['december_of_year']}-12"
            yield Row(
                "employee_jobs_by_region",
                period,
                value,
                "cbs_83582ned",
                sector=raw["sbi_group"],
                region=raw["corop_code"],
            )


def _accounts(labour: Path) -> Iterator[Row]:
    for raw in read_records(labour / "employment_by_region_sector_nama_10r_3empers.csv"):
        code = PROVINCES.get(raw["region"]) if len(raw["nuts_code_2016"]) <= 4 else None
        if raw["year"] in ACCOUNT_YEARS and code:
            sector = TOTAL if raw["nace_group"] in ("TOTAL", "total", "A-U", "all") else raw["nace_group"]
            yield Row(
                "employed_persons_by_region",
                raw["year"],
                float(raw["value"]) * THOUSAND,
                "eurostat_nama_10r_3empers",
                sector=sector,
                region=code,
                status="observed" if raw["method"] == "read" else "estimated",
            )
    names = {"employed_persons_thousand": "workers_by_region", "selfemployed_thousand": "self_employed_by_region"}
    for raw in read_records(labour / "employed_persons_by_province_2022.csv"):
        region = PROVINCES.get(raw["region"].removesuffix(" (PV)"))
        if region:
            for column, series in names.items():
                yield Row(series, raw["year"], float(raw[column]) * THOUSAND, "cbs_84432ned", region=region)


def _survey(labour: Path, areas: dict[str, str], codes: dict[str, str]) -> Iterator[Row]:
    columns = {
        "population_15_75_thousand": "surveyed_population_by_region",
        "labour_force_thousand": "labour_force_by_region",
        "unemployed_thousand": "unemployed_by_region",
        "employed_thousand": "employed_by_region",
        "unemployment_rate_pct": "unemployment_rate_by_region",
    }
    for raw in read_records(labour / "labour_force_by_region_annual.csv"):
        region = areas.get(raw["region"]) or codes.get(raw["region"])
        if region is None or raw["cbs_table"] == "85230NED" or raw["region"].endswith("(LD)"):
            continue
        for column, series in columns.items():
            if raw[column]:
                factor = 1 if column.endswith("_pct") else THOUSAND
                yield Row(
                    series,
                    raw["year"],
                    float(raw[column]) * factor,
                    f"cbs_{raw['cbs_table'].lower()}",
                    region=region,
                    age="15-74",
                )
    for file, time in (("labour_force_by_corop_2017_partial.csv", "year"), ("labour_force_by_province.csv", "period")):
        for raw in read_records(labour / file):
            region = areas.get(raw["region"])
            if region is None or raw["indicator"] not in columns or raw["cbs_table"] == "83523NED":
                continue
            factor = 1 if raw["indicator"].endswith("_pct") else THOUSAND
            yield Row(
                columns[raw["indicator"]],
                raw[time],
                float(raw["value"]) * factor,
                f"cbs_{raw['cbs_table'].lower()}",
                region=region,
                age="15-74",
            )


def _vacancies(labour: Path) -> Iterator[Row]:
    sections = set("ABCDEFGHIJKLMNOPQRS")
    for raw in read_records(labour / "vacancies_by_region_sbi_83599NED_2011_2023.csv"):
        sector = raw["sbi_title"].split(" ", 1)[0]
        region = "NL" if raw["region_code"] == "NL01" else raw["region_code"]
        if raw["frequency"] == "quarter" and (sector in sections or sector == TOTAL) and region[:2] != "LD":
            value = float(raw["open_vacancies_thousand"]) * THOUSAND
            yield Row("open_vacancies_by_region", raw["period"], value, "cbs_83599ned", sector=sector, region=region)


def _commuting(labour: Path, codes: dict[str, str]) -> Iterator[Row]:
    for raw in read_records(labour / "commuting_matrix_provinces_2018_83628NED.csv"):
        yield Row(
            f"employee_jobs_in_{raw['work_province_code'].lower()}",
            "2018-12",
            float(raw["employee_jobs_thousand"]) * THOUSAND,
            "cbs_83628ned",
            region=raw["home_province_code"],
        )
    areas = PROVINCES | codes | {"Zuid-Nederland (LD)": "LD04", "Zeeuwsch-Vlaanderen (CR)": "CR31"}
    areas["Nederland, Buitenland, Niet in te delen"] = "everybody"
    for raw in read_records(labour / "commuting_employee_jobs_selected.csv"):
        home = areas.get(raw["region_of_residence"].removesuffix(" (PV)"))
        work = areas.get(raw["region_of_work"].removesuffix(" (PV)"))
        source = f"cbs_{raw['cbs_table'].lower()}"
        if home is None or work is None or work == "everybody":
            continue
        if home == work == "NL":
            yield Row("commuting_distance", raw["period"], float(raw["mean_distance_km"]), source)
        series = {
            "everybody": "employee_jobs_of_everybody",
            "NL": "employee_jobs_of_residents",
            "PV27": "employee_jobs_of_residents_of_pv27",
        }.get(home, "employee_jobs_inside")
        if work != "NL" or raw["period"] == "2022-12":
            value = float(raw["employee_jobs_thousand"]) * THOUSAND
            yield Row(series, raw["period"], value, source, region=work)
