"""Units, definitions and methods of the population inputs."""

from __future__ import annotations

from typing import Any

from tools.parameters.demography_metadata import CITATIONS
from tools.parameters.population_calibration import Calibrated

__all__ = ["metadata"]

RATE = (
    "By completed age on 1 January, that is the rate at half a year more; linear to the next age in the "
    "course of a year."
)


def _relative(low: float, high: float, basis: str) -> dict[str, Any]:
    return {"kind": "relative", "low": low, "high": high, "basis": basis}


def _none(basis: str) -> dict[str, Any]:
    return {"kind": "none", "basis": basis}


def _parameters() -> dict[str, dict[str, Any]]:
    return {
        "initial_population": {
            "unit": "person",
            "dimensions": ["region", "sex", "age"],
            "definition": "Residents on 1 January 2024 by completed age; 100 and over at 100.",
            "method": "The base population as carried over; total and sexes are those of CBS.",
            "range": _none("a count; single ages may be off by about one percent"),
            "long_name_nl": "bevolking op 1 januari 2024",
        },
        "mortality_rate": {
            "unit": "1/year",
            "dimensions": ["sex", "age", "year"],
            "definition": f"Deaths per person-year. {RATE}",
            "method": "UN rates of 2020-2025, log-linear between ages; the decline follows the UN by age, with "
            "level, tilt "
            "and pace calibrated on the deaths and the older ages of the official forecast.",
            "range": _relative(
                0.9, 1.1, "67% interval of the deaths in the official forecast: 9 to 11% either way from 2030 on"
            ),
            "long_name_nl": "sterfte naar leeftijd",
        },
        "emigration_rate": {
            "unit": "1/year",
            "dimensions": ["sex", "age", "year"],
            "definition": f"Emigrants, including administrative corrections, per person-year. {RATE}",
            "method": "Single-age rates of 2017 bent to the emigrants by age of the official forecast; the "
            "level by year "
            "gives its total. The same for both sexes (assumed). From 74 on assumed to fall to none at 100.",
            "range": _relative(
                0.87,
                1.15,
                "67% interval of emigration in the official forecast in 2040: -13% to +13%, 2050: -14% to +16%",
            ),
            "long_name_nl": "emigratie naar leeftijd",
        },
        "fertility_rate": {
            "unit": "1/year",
            "dimensions": ["age", "year"],
            "definition": f"Births per woman and year, children of both sexes. {RATE}",
            "method": "Shape by age of 2021 (UN) times the total fertility rate of the official forecast, and a "
            "factor by "
            "year (0.96 to 1.01) that gives its births.",
            "range": _relative(0.89, 1.11, "67% interval of births in the official forecast in 2040: 11% either way"),
            "ages": {"below": "zero", "above": "zero"},
            "long_name_nl": "vruchtbaarheid naar leeftijd",
        },
        "share_of_births": {
            "unit": "dmnl",
            "dimensions": ["sex"],
            "definition": "Share of girls and boys among the newborn.",
            "method": "From the sex ratio at birth, 1.052 boys per girl.",
            "range": _none("known to the third decimal"),
        },
        "net_migration_assumed": {
            "unit": "person/year",
            "dimensions": ["region", "year"],
            "signed": True,
            "definition": "Immigration minus emigration (including corrections) of the calendar year.",
            "method": "2024 observed; 2030, 2040 and 2050 as in the official forecast, a smooth curve between; "
            "how fast "
            "it falls from 2024 to 2030 follows from the population of 2030. Low and high are the official 67% "
            "interval up to 2030; after that a share of it (estimated) that falls along a straight line to 0.4 in 2040 "
            "and stays. It is calibrated so that members, each with one future of migration for all years, give the "
            "official 67% interval of the population in 2040 and 2050.",
            "range": _none("low and high stand in the table"),
            "long_name_nl": "migratiesaldo",
        },
        "immigration_profile": {
            "unit": "dmnl",
            "dimensions": ["sex", "age", "year"],
            "definition": "Share of the immigrants of the calendar year by sex and completed age on 1 January; "
            "-1 are the "
            "children who are born in that year. Adds up to one.",
            "method": "Ten-year groups of the official forecast, divided over 40 and older with that of 2020; "
            "inside the "
            "groups emigration of 2017 plus the net schedule of the UN, smooth. Sexes as in the net schedule of "
            "the UN.",
            "range": _none("a profile that must add up to one"),
            "long_name_nl": "leeftijdsopbouw van de immigratie",
        },
        "mortality_decline_by_age": {
            "unit": "dmnl",
            "dimensions": ["sex", "age"],
            "definition": "Logarithm of mortality in 2020-2025 over that in 2045-2050 by completed age: the "
            "pattern along "
            "which variants of life expectancy move mortality.",
            "method": "From the UN medium variant, log-linear between ages. The published pattern, not the "
            "calibrated one, "
            "whose slope with age the totals of the forecast pin down only weakly.",
            "range": _none("only its shape matters"),
        },
        "variant_ramp_rates": {
            "unit": "dmnl",
            "dimensions": ["year"],
            "definition": "Deviation of the rates of a variant (fertility, life expectancy) on 1 January, over "
            "its average "
            "deviation in the calendar years 2023-2049.",
            "method": "Zero up to the end of 2024, which is observed, then a straight line: the variants differ "
            "in trend. The "
            "67% interval of births in the official forecast widens along a straight line too.",
            "range": _none("a shape that must average one"),
        },
        "variant_ramp_net_migration": {
            "unit": "dmnl",
            "dimensions": ["year"],
            "definition": "Deviation of the net migration of a variant in a calendar year, over its average "
            "deviation in the "
            "calendar years 2023-2049.",
            "method": "Zero in 2023 and 2024, which are observed, then as the 67% interval of net migration in "
            "the official "
            "forecast widens: fast up to 2030, slowly after.",
            "range": _none("a shape that must average one"),
        },
    }


def metadata(found: Calibrated) -> dict[str, Any]:
    """Return the metadata of the table ``population``, with the calibrated parameters and their fit."""
    values = ", ".join(f"{name} {value:.4f}" for name, value in found.parameters.items())
    fit = "; ".join(
        f"{name}: {model:.7g} (published {published:.7g})" for name, (model, published) in found.residuals.items()
    )
    return {
        "title": "Population: inputs of the forecast",
        "description": "Births, deaths and migration by age for the population module, calibrated on the "
        "official forecast "
        "(Bevolkingsprognose 2023-2070) alone; start and migration of 2024 are as observed. Years are 1 Januaries, "
        "for migration calendar years.",
        "licence": "CC BY 4.0; inputs of the United Nations CC BY 3.0 IGO",
        "note": f"Calibrated parameters: {values}. Fit to the forecast, from its own population of 2024: {fit}.",
        "sources": {
            "derived": {
                "citation": "Derived here from the figures in demography_sources; see the method of each parameter",
                "vintage": "Bevolkingsprognose 2023-2070, WPP 2024",
            },
            **{key: CITATIONS[key] for key in ("base", "wpp2024", "cbs_85746ned", "cbs_37230ned")},
        },
        "parameters": _parameters(),
    }
