"""Units, definitions and sources of the demographic figures that are carried over."""

from __future__ import annotations

from typing import Any

CBS = {"licence": "CC BY 4.0"}
UN = {"licence": "CC BY 3.0 IGO"}
READ = "typed over from the stored text of the CBS page of the table"
FORECAST = "Bevolkingsprognose 2023-2070"
AGE_GROUPS = "Groups of ages are named by their first age."
NO_RANGE = {"kind": "none", "basis": "a carried-over figure; ranges of the model inputs stand with these"}


def _cbs(title: str, table: str, vintage: str, note: str = "") -> dict[str, str]:
    citation = f"Statistics Netherlands (CBS), StatLine: {title}"
    return {"citation": citation, "table": f"CBS {table}", "vintage": vintage, **CBS, "note": f"{READ}. {note}".strip()}


CITATIONS: dict[str, dict[str, str]] = {
    "base": {
        "citation": "Starting population of the project by single age and sex, 1 January 2024; not an official table",
        "vintage": "2024",
        "licence": "CC BY 4.0 and CC BY 3.0 IGO, as its inputs",
        "note": "WPP 2022 of 1 January 2021 scaled to the CBS sex totals, rolled forward with CBS births, "
        "deaths and net "
        "migration, rescaled to the CBS ages of 2023 and the sex totals of 1 January 2024. To be replaced by "
        "CBS 7461bev.",
    },
    "wpp2024": {
        "citation": "United Nations, Department of Economic and Social Affairs, Population Division (2024). World "
        "Population Prospects 2024, Netherlands, medium variant",
        "vintage": "WPP 2024",
        **UN,
        "note": "as published in the R package PPgp/wpp2024",
    },
    "wpp2022": {
        "citation": "United Nations, Department of Economic and Social Affairs, Population Division (2022). World "
        "Population Prospects 2022, Netherlands",
        "vintage": "WPP 2022",
        **UN,
    },
    "cbs_moves_2017": {
        "citation": "Statistics Netherlands (CBS), Statistische Trends 2020: Een analyse van het verhuisgedrag van "
        "zestigers, figure 1",
        "vintage": "2017",
        **CBS,
        "note": "read from the page, where the columns run together; ages 74 and over were cut off",
    },
    "cbs_85745ned": _cbs("Prognose bevolking", "85745NED", FORECAST),
    "cbs_85746ned": _cbs("Prognose levendgeborenen, overledenen, migratie", "85746NED", FORECAST),
    "cbs_85747ned": _cbs("Prognose kindertal", "85747NED", FORECAST),
    "cbs_85751ned": _cbs("Prognose immigratie en emigratie; leeftijd", "85751NED", FORECAST, "Age on 31 December."),
    "cbs_84880ned": _cbs(
        "Prognose immigratie en emigratie; leeftijd", "84880NED", "Bevolkingsprognose 2020-2070", "Age on 31 December."
    ),
    "cbs_37230ned": _cbs("Bevolkingsontwikkeling; regio per maand", "37230ned", "2024, provisional"),
    "verkenning_2020": {
        "citation": "NIDI and CBS (2020). Bevolking 2050 in beeld: drukker, diverser en dubbelgrijs; CBS news 2020/28",
        "vintage": "edition 2020, averages of 2019-2049",
        **CBS,
    },
}


def _figure(
    unit: str, dimensions: list[str], definition: str, method: str = "Carried over.", **more: Any
) -> dict[str, Any]:
    return {
        "unit": unit,
        "dimensions": dimensions,
        "definition": definition,
        "method": method,
        "range": NO_RANGE,
        "sparse": True,
        **more,
    }


def _flows(prefix: str, text: str) -> dict[str, dict[str, Any]]:
    found = {}
    for flow in ("immigration", "emigration"):
        including = " including administrative corrections" if flow == "emigration" else ""
        definition = f"{flow.capitalize()}{including}, {text}."
        found[f"{prefix}_{flow}"] = _figure("person/year", ["year"], definition)
        by_age = definition + f" By ten-year age group (age on 31 December). {AGE_GROUPS}"
        found[f"{prefix}_{flow}_by_age"] = _figure("person/year", ["age", "year"], by_age)
    return found


_PARAMETERS = {
    "base_population": _figure(
        "person", ["sex", "age"], "Residents on 1 January 2024 by completed age; 100 and over at 100."
    ),
    "un_mortality_rate": _figure(
        "1/year",
        ["sex", "age", "year"],
        "Deaths per person-year by abridged age group and five-year period; the year is the first of the period.",
    ),
    "un_fertility_rate": _figure("1/year", ["age"], "Births per woman and year by completed age in 2021."),
    "un_net_migration": _figure(
        "person/year", ["sex", "age"], "Net international migration by completed age in 2024.", signed=True
    ),
    "emigrated_share": _figure(
        "1/year",
        ["age"],
        "Emigrants per resident and year by completed age in 2017, both sexes.",
        "Percentages over 100.",
    ),
    "un_life_expectancy": _figure("year", ["sex", "year"], "Life expectancy at birth."),
    "un_sex_ratio_at_birth": _figure("dmnl", [], "Boys per girl at birth in 2023.", sparse=False),
    "forecast_population": _figure(
        "person", ["year"], "Residents on 1 January in the official forecast; 67% interval."
    ),
    "forecast_population_by_age": _figure(
        "person", ["age", "year"], f"Residents under 20 on 1 January in the official forecast. {AGE_GROUPS}"
    ),
    "forecast_births": _figure("person/year", ["year"], "Births in the official forecast; 67% interval."),
    "forecast_deaths": _figure("person/year", ["year"], "Deaths in the official forecast; 67% interval."),
    "forecast_net_migration": _figure(
        "person/year", ["year"], "Net migration in the official forecast; 67% interval.", signed=True
    ),
    "forecast_total_fertility": _figure("dmnl", ["year"], "Total fertility rate in the official forecast."),
    **_flows("forecast", "in the official forecast"),
    **_flows("earlier_forecast", "in the official forecast of 2020"),
    "earlier_forecast_life_expectancy": _figure(
        "year",
        ["sex"],
        "Life expectancy at birth in the official forecast of 2019, average of 2019-2049.",
        sparse=False,
    ),
    "observed_population": _figure("person", ["year"], "Residents on 1 January, observed."),
    "observed_births": _figure("person/year", ["year"], "Births, observed."),
    "observed_deaths": _figure("person/year", ["year"], "Deaths, observed."),
    "observed_immigration": _figure("person/year", ["year"], "Immigration, observed."),
}

SOURCES_METADATA: dict[str, Any] = {
    "title": "Demographic source figures",
    "description": "Published figures from which the inputs of the population module are derived, as they were "
    "published.",
    "licence": "CBS: CC BY 4.0; United Nations: CC BY 3.0 IGO",
    "sources": CITATIONS,
    "parameters": _PARAMETERS,
}

_AVERAGE = "average of 2023-2049"

VARIANTS_METADATA: dict[str, Any] = {
    "title": "Population variants",
    "description": "Assumptions of the variants of the Verkenning Bevolking 2050 (edition 2024), with the "
    "results that "
    "were published for some of them. The variants change inputs of the population module, see "
    "krapte_sd.scenarios.population; the results are for validation only.",
    "licence": "CC BY 4.0",
    "sources": {
        "verkenning_2024": {
            "citation": "NIDI and CBS (2024). Verkenning Bevolking 2050, editie 2024; CBS news 2024/26 with its "
            "sub-pages",
            "vintage": "edition 2024, on the Bevolkingsprognose 2023-2070",
            "licence": "CC BY 4.0",
        }
    },
    "codes": {
        "variant": ["prognose", "groei", "krimp", "groen", "grijs", "arbeid", "asiel", "lage_migratie"],
    },
    "parameters": {
        "variant_total_fertility": _figure("dmnl", ["variant"], f"Total fertility rate, {_AVERAGE}.", sparse=False),
        "variant_life_expectancy_women": _figure(
            "year", ["variant"], f"Life expectancy of women at birth, {_AVERAGE}.", sparse=False
        ),
        "variant_net_migration": _figure(
            "person/year", ["variant"], f"Net migration, {_AVERAGE}.", sparse=False, signed=True
        ),
        "variant_population": _figure(
            "person",
            ["age", "variant", "year"],
            f"Residents on 1 January 2050 under 20, 20-64, 65-79, 80 and over. {AGE_GROUPS}",
        ),
    },
}
