"""Carry demographic figures over: the official forecast, its variants, and the schedules by age of the United Nations.

Only what the derivation of the population inputs and their validation use is taken; units are made persons and years,
nothing else is changed. Groups of ages are named by their first age. The raw files have no header; which columns they
have stands in the file beside them (``SOURCES.md``).
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from tools.parameters.demography_metadata import SOURCES_METADATA, VARIANTS_METADATA
from tools.parameters.tables import Row, write_table

__all__ = ["carry"]

SEX = {"F": "female", "M": "male"}
VARIANTS = {
    "Forecast": "prognose",
    "Growth": "groei",
    "Decline": "krimp",
    "Green": "groen",
    "Grey": "grijs",
    "Labour": "arbeid",
    "Asylum": "asiel",
    "LowMigration": "lage_migratie",
}
THOUSAND, MILLION = 1e3, 1e6


def _raw(folder: Path, name: str) -> list[list[str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.reader(file) if row]


def _schedules(raw: Path) -> list[Row]:
    """Take single-age figures: base population, mortality, fertility, net migration, emigration."""
    rows = []
    for year, age, sex, _, persons in _raw(raw, "derived/DERIVED_pop_jan1_singleage_nl_2024_2025.csv"):
        if year == "2024":
            rows.append(Row("base_population", float(persons), "base", "estimated", sex=SEX[sex], age=int(age)))
    for period, age, sex, _, rate in _raw(raw, "mx_5yearperiod_abridged_nl_unwpp2024.csv"):
        if period in ("2020-2025", "2045-2050") and sex in SEX:
            first = int(age.rstrip("+"))
            status = "estimated" if period == "2020-2025" else "official_projection"
            rows.append(
                Row("un_mortality_rate", float(rate), "wpp2024", status, int(period[:4]), sex=SEX[sex], age=first)
            )
    for year, age, _, _, rate in _raw(raw, "asfr_singleage_nl_unwpp2022_2000_2030.csv"):
        if year == "2021":
            rows.append(Row("un_fertility_rate", float(rate), "wpp2022", "estimated", age=int(age)))
    for year, age, sex, _, persons in _raw(raw, "netmigration_singleage_nl_unwpp2024_2024_2100.csv"):
        if year == "2024" and sex in SEX:
            cells = {"sex": SEX[sex], "age": int(age)}
            rows.append(Row("un_net_migration", float(persons), "wpp2024", "official_projection", **cells))
    for _, age, _, _, indicator, percent in _raw(raw, "moves_by_age_2017_cbs.csv"):
        if indicator == "emigrated_pct" and age.isdecimal():
            rows.append(Row("emigrated_share", float(percent) / 100, "cbs_moves_2017", "observed", age=int(age)))
    return rows


def _un_totals(raw: Path) -> list[Row]:
    """Take life expectancy and the sex ratio at birth."""
    rows = []
    for year, indicator, _, kind, value in _raw(raw, "wpp2024_nl_annual_indicators_1950_2100.csv"):
        status = "official_projection" if kind == "proj" else "estimated"
        if indicator in ("e0F", "e0M") and year in ("2023", "2024", "2030", "2040", "2050"):
            rows.append(Row("un_life_expectancy", float(value), "wpp2024", status, int(year), sex=SEX[indicator[2]]))
        if indicator == "srb" and year == "2023":
            rows.append(Row("un_sex_ratio_at_birth", float(value), "wpp2024", status))
    return rows


def _forecast(raw: Path) -> list[Row]:
    """Take the official forecast of 2023 with its intervals, and ages 40-49 and 60-69 of the one of 2020."""
    figures = {}
    for table, indicator, age, variant, year, value in _raw(raw, "cbs_projection_figures_read_from_pages.csv"):
        figures[table, indicator, age, variant, int(year)] = float(value)
    names = {"births": "births", "deaths": "deaths", "netmigration": "net_migration", "tfr": "total_fertility"}
    names |= {"immigration": "immigration", "emigration": "emigration", "pop_jan1": "population"}
    rows = []
    for (table, indicator, age, variant, year), value in figures.items():
        cells = {"status": "official_projection", "source": f"cbs_{table.lower()}", "year": year}
        if table in ("85745NED", "85746NED", "85747NED") and variant == "prognose" and age == "total":
            low, high = (figures.get((table, indicator, age, f"{side}67", year)) for side in ("lower", "upper"))
            rows.append(Row(f"forecast_{names[indicator]}", value, low=low, high=high, **cells))
        elif table == "85745NED" and variant == "prognose":
            rows.append(Row("forecast_population_by_age", value, age=int(age.split("-")[0]), **cells))
        elif table == "85751NED" and indicator != "netmigration" and age == "total" and year == 2024:
            rows.append(Row(f"forecast_{indicator}", value, **cells))
        elif table == "85751NED" and age == "total" and year == 2024:
            rows.append(Row("forecast_net_migration", value, **cells))
        elif table == "85751NED" and indicator != "netmigration" and age != "total":
            rows.append(Row(f"forecast_{indicator}_by_age", value, age=int(age.split("-")[0]), **cells))
        elif table == "84880NED" and indicator != "netmigration":
            if age == "total":
                rows.append(Row(f"earlier_forecast_{indicator}", value, **cells))
            elif age != "20-29":
                rows.append(Row(f"earlier_forecast_{indicator}_by_age", value, age=int(age.split("-")[0]), **cells))
    return rows


def _observed(raw: Path) -> list[Row]:
    names = {("births", "2024"): "births", ("deaths", "2024"): "deaths", ("immigration", "2024"): "immigration"}
    names |= {("pop_jan1", "2024"): "population", ("pop_dec31", "2024"): "population"}
    rows = []
    for table, indicator, _, sex, _, year, value in _raw(raw, "cbs_figures_read_from_pages.csv"):
        if table == "37230ned" and sex == "T" and (indicator, year) in names:
            when = int(year) + (indicator == "pop_dec31")
            name = f"observed_{names[indicator, year]}"
            rows.append(Row(name, float(value), "cbs_37230ned", "observed", when))
    return rows


def _variants(raw: Path) -> tuple[list[Row], list[Row]]:
    """Take the variants of edition 2024, and the mean life expectancy of both sexes in the forecast of edition 2020."""
    rows, earlier = [], []
    assumed: dict[str, tuple[str, float]] = {
        "tfr_avg_2023_2049": ("variant_total_fertility", 1.0),
        "e0_women_avg_2023_2049": ("variant_life_expectancy_women", 1.0),
        "netmig_thousand_avg_2023_2049": ("variant_net_migration", THOUSAND),
    }
    ages = {"0_19": 0, "20_64": 20, "65_79": 65, "80plus": 80}
    for edition, variant, indicator, value in _raw(raw, "variants_verkenning_bevolking_2050.csv"):
        if edition == "2020edition" and variant == "Forecast" and indicator.startswith("e0_"):
            sex = "female" if "women" in indicator else "male"
            cells = {"source": "verkenning_2020", "status": "official_projection", "sex": sex}
            earlier.append(Row("earlier_forecast_life_expectancy", float(value), **cells))
        if edition != "2024edition" or variant not in VARIANTS:
            continue
        cells = {"source": "verkenning_2024", "status": "official_projection", "variant": VARIANTS[variant]}
        if indicator in assumed:
            name, factor = assumed[indicator]
            rows.append(Row(name, round(float(value) * factor, 6), **cells))
        elif indicator.endswith("_million_2050"):
            age = ages[indicator.removeprefix("pop_").removesuffix("_million_2050")]
            rows.append(Row("variant_population", float(value) * MILLION, age=age, year=2050, **cells))
    return rows, earlier


def carry(raw: Path, parameters: Path) -> None:
    """Write the tables ``demography_sources`` and ``population_variants``.

    Parameters
    ----------
    raw : pathlib.Path
        Folder with the sub-folder ``demography``.
    parameters : pathlib.Path
        Folder of the parameter tables.
    """
    folder = raw / "demography"
    variants, earlier = _variants(folder)
    parts: tuple[Callable[[Path], list[Row]], ...] = (_schedules, _un_totals, _forecast, _observed)
    figures = [row for part in parts for row in part(folder)] + earlier
    write_table(parameters, "demography_sources", figures, SOURCES_METADATA)
    write_table(parameters, "population_variants", variants, VARIANTS_METADATA)
