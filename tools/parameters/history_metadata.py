"""Metadata of the tables of the origins: those of the base year with other sources and methods."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from tools.parameters.tables import Row

__all__ = ["metadata"]

_SOURCES: dict[str, dict[str, str]] = {
    "rates": {
        "citation": "Residents and births: United Nations, World Population Prospects 2022, at the level of CBS; "
        "deaths: HMD Short-term Mortality Fluctuations; see observations/history",
        "vintage": "2022; only years before the origin",
        "licence": "CC BY 3.0 IGO and CC BY 4.0",
    },
    "lfs": {
        "citation": "Labour force survey: ILOSTAT EMP_TEMP_SEX_AGE_ECO_NB, EAP_DWAP_SEX_AGE_RT and EMP_DWAP_SEX_AGE_RT "
        "of the year before the origin; Eurostat une_rt_q of its last quarter; CBS 82914NED",
        "vintage": "only years before the origin",
        "licence": "CC BY 4.0",
    },
    "transitions": {
        "citation": "Assumed age patterns of moves, which keep participation by age of the year before the origin; "
        "vacancies closed by section CBS 80472ned. No transitions by age of the time were found",
        "vintage": "only years before the origin",
        "licence": "CC BY 4.0",
    },
    "cbs_vacancies": {
        "citation": "CBS StatLine, table 80472ned: open and closed vacancies of the four quarters before the origin",
        "vintage": "November 2023; only years before the origin",
        "licence": "CC BY 4.0",
    },
    "cbs_80472ned": {
        "citation": "CBS StatLine, table 80472ned: open and closed vacancies, years from 1998 up to the origin",
        "vintage": "November 2023; only years before the origin",
        "licence": "CC BY 4.0",
    },
    "euklems_2017": {
        "citation": "EU KLEMS Growth and Productivity Accounts, Netherlands, 1995 up to the year before the origin",
        "vintage": "September 2017, revised July 2018; only years before the origin",
        "licence": "free to use with citation",
    },
    "no_task": {
        "citation": "The task programmes of the base year were not known; assumption of the authors",
        "vintage": "2026",
        "licence": "CC BY 4.0",
    },
    "participation": {
        "citation": "ILOSTAT EAP_DWAP_SEX_AGE_RT: participation of 55-59 and 60-64 from 1990 to the "
        "year before the origin",
        "vintage": "only years before the origin",
        "licence": "CC BY 4.0",
    },
    "cycle": {
        "citation": "Eurostat une_rt_q and une_rt_a, CBS 71882ned (unemployment) and 80472ned (vacancies) before "
        "the origin",
        "vintage": "only years before the origin",
        "licence": "CC BY 4.0",
    },
    "aow_law": {
        "citation": "State pension age in force on 1 January of the origin (65 years until 2012; Staatsblad 2012, "
        "328), from memory",
        "vintage": "unverified",
        "licence": "quotation of facts",
    },
    "definition": {
        "citation": "Definition of CBS: the labour force survey counts people of 15 to 74",
        "vintage": "2024",
        "licence": "CC BY 4.0",
    },
}

_METHODS: dict[str, str] = {
    "initial_population": "World Population Prospects 2022 at the level of CBS.",
    "mortality_rate": "Mean of the three years before the origin, falling on with the pace since 2000 by broad "
    "age band.",
    "emigration_rate": "Where net migration of the five years before the origin was negative: that, per resident. "
    "Gross flows by age are not known.",
    "fertility_rate": "Rates of the year before the origin, held.",
    "net_migration_assumed": "Residents less survivors of the years since 2000, forecast by a structural time-series "
    "model of statsmodels: a level that wanders; low and high enclose 67% of the forecast of each year.",
    "immigration_profile": "Where net migration of the five years before the origin was positive: its shares.",
    "task_volume": "Zero: no programme of the base year was known, and what is done already is in the need at the "
    "start.",
    "aow_age": "Not the law: ages of leaving work move on as participation of 60-64 is forecast to (log odds since "
    "1990, structural time-series model of statsmodels: a level that wanders around a straight trend), over the slope "
    "of the profile between 55-59 and 60-64; low and high: 1.73 standard deviations of that forecast, which even "
    "chances between them give back.",
    "cyclical_shortfall": "Unemployed above and vacancies below their mean share of the labour force in the years "
    "before, as posts of the market sections, alike in all.",
    "recovery_time": "Memory of the yearly rate of unemployment around its mean since 1981, as the time of a "
    "first-order return.",
    "reference_aow_age": "Age in force at the origin.",
    "initial_vacancies": "Total of the last quarter without its season, by section as in the four quarters before.",
    "normal_duration": "Open over closed vacancies in the third of the years from 1998 with the shortest durations.",
}


def metadata(parameters: Path, theme: str, origin: int, rows: Iterable[Row]) -> dict[str, Any]:
    """Return the metadata of a theme of an origin.

    Parameters
    ----------
    parameters : pathlib.Path
        Folder of the parameter tables; the metadata of the base year is read from it.
    theme : str
        Name of the theme.
    origin : int
        Year of the start.
    rows : iterable of Row
        The rows; only what they use is described.
    """
    rows = list(rows)
    base = yaml.safe_load((parameters / f"{theme}.yaml").read_text(encoding="utf-8"))
    described = {}
    for name in dict.fromkeys(row.parameter for row in rows):
        meta = dict(base["parameters"][name])
        for key, text in meta.items():
            if key in ("definition", "method", "long_name_nl") and isinstance(text, str):
                dated = text.replace("1995-2015", f"1995-{origin - 1}").replace("1 January 2024", f"1 January {origin}")
                meta[key] = dated.replace("2024", str(origin))
        if name in _METHODS:
            meta["method"] = _METHODS[name]
        undated = all(row.year == "" for row in rows if row.parameter == name)
        if undated and "year" in meta["dimensions"]:
            meta["dimensions"] = [each for each in meta["dimensions"] if each != "year"]
        described[name] = meta
    return {
        "title": f"{base['title'].split(':')[0].replace('2024', str(origin))}, start of {origin}",
        "description": f"What was known on 1 January {origin}, derived as the tables of the base year; "
        "see observations.",
        "licence": base["licence"],
        "sources": {key: _SOURCES[key] for key in dict.fromkeys(row.source for row in rows)},
        "parameters": described,
    }
