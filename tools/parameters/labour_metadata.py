"""Metadata of the theme `labour`."""

from __future__ import annotations

_RATE = {"kind": "relative", "low": 0.85, "high": 1.15, "basis": "gross flows between statuses are identified within 15 to 25%"}
_STOCK = {"kind": "relative", "low": 0.95, "high": 1.05, "basis": "sampling error of the labour force survey; small cells are less sure"}
_CELLS = ["sex", "age"]
_SECTOR_CELLS = ["sector", "sex", "age"]
_NOTHING = {"below": "zero", "above": "zero"}
_LEAVING = {"below": "zero", "above": "hold"}


def _entry(unit, dimensions, definition, method, span, **more):  # noqa: ANN001, ANN003, ANN202
    return {"unit": unit, "dimensions": dimensions, "definition": definition, "method": method, "range": span, **more}


_ESTIMATE = "Estimated together with the other rates: near an assumed pattern by age, cohorts keep the participation of 2023-2024 by age, simulated three-month table equal to CBS 82848NED"
_WEIGHT = "Hires balance each cell at the start: they replace what leaves and follow the age profile of the section"

METADATA = {
    "title": "The labour market on 1 January 2024",
    "description": "Stocks by status, section, sex and age; rates between statuses by sex and age; how hires divide over sections.",
    "licence": "CBS CC BY 4.0; ILOSTAT CC BY 4.0; estimates made here CC BY 4.0",
    "sources": {
        "lfs": {
            "citation": "Labour force survey: ILOSTAT EMP_TEMP_SEX_AGE_ECO_NB, EAP_DWAP_SEX_AGE_RT and EMP_DWAP_SEX_AGE_RT, mean of 2023 and 2024; CBS 85267NED 2024Q1; totals of January 2024 from CBS 82848NED",
            "table": "ILOSTAT; CBS 85267NED, 82848NED", "vintage": "2024", "licence": "CC BY 4.0",
        },
        "transitions": {
            "citation": "CBS 82848NED, three-month transitions April 2024; participation by age as in the source lfs; vacancies closed by section CBS 80472ned",
            "table": "CBS 82848NED, 80472ned", "vintage": "2024", "licence": "CC BY 4.0",
        },
        "definition": {"citation": "Definition of CBS: the labour force survey counts people of 15 to 74", "table": "none", "vintage": "2024", "licence": "CC BY 4.0"},
    },
    "parameters": {
        "initial_employed": _entry("person", ["region", "sector", "sex", "age"], "Employed residents of 15-74 on 1 January 2024 by section of the main job",
            "Rates by single age met to the published bands, total 9.814 million; section shares log-linear in age, fitted to section x sex x band and group x sex x ten-year band; unknown section, households and extraterritorial bodies divided in proportion", _STOCK, ages=_NOTHING),
        "initial_unemployed": _entry("person", ["region", "sex", "age"], "Unemployed residents of 15-74 on 1 January 2024",
            "Participation less employment by five-year age and sex, smoothed to single ages, total 368 thousand", _STOCK, ages=_NOTHING),
        "separation_rate": _entry("1/year", _CELLS, "Employed who become unemployed, at turnover one", _ESTIMATE, _RATE, ages=_NOTHING, follows_aow=True),
        "exit_rate": _entry("1/year", _CELLS, "Employed below 60 who leave the labour force, at turnover one", _ESTIMATE, _RATE, ages=_NOTHING, follows_aow=True),
        "retirement_rate": _entry("1/year", _CELLS, "Employed of 60 and over who leave the labour force", _ESTIMATE + "; from 75 on everybody leaves (the statistic ends)", _RATE, ages=_LEAVING, follows_aow=True),
        "discouragement_rate": _entry("1/year", _CELLS, "Unemployed who leave the labour force", _ESTIMATE + "; from 75 on everybody leaves (the statistic ends)", _RATE, ages=_LEAVING, follows_aow=True),
        "entry_rate": _entry("1/year", _CELLS, "Inactive people who enter the labour force", _ESTIMATE, _RATE, ages=_NOTHING, follows_aow=True),
        "first_entry_rate": _entry("1/year", _CELLS, "Share of those who turn 15 in the year that enters the labour force on that day; by age on 1 January", _ESTIMATE, _RATE, ages=_NOTHING),
        "reference_participation": _entry("dmnl", _CELLS, "Share of residents in the labour force at unchanged participation by age", "Stocks of 1 January 2024 over residents", {"kind": "relative", "low": 0.98, "high": 1.02, "basis": "sampling error of the survey"}, ages=_NOTHING, follows_aow=True),
        "search_of_unemployed": _entry("1/year", _SECTOR_CELLS, "Hires into the section per unemployed person and year at the start", _WEIGHT, _RATE, ages=_NOTHING, follows_aow=True),
        "search_of_entrants": _entry("dmnl", _SECTOR_CELLS, "Share of entrants hired into the section at once at the start", _WEIGHT, _RATE, ages=_NOTHING, follows_aow=True),
        "search_of_employed": _entry("1/year", _SECTOR_CELLS, "Moves into the section per employed person of average turnover and year at the start", _WEIGHT + "; 55% of hires through vacancies come from another job (assumed)", _RATE, ages=_NOTHING, follows_aow=True),
        "expected_growth_at_start": _entry("1/year", [], "Growth of the labour supply that firms expect at the start", "Growth over 2024 at unchanged participation by age", {"kind": "none", "basis": "the row has its own low and high: standstill, and the growth of the years before"}),
        "in_working_age": _entry("dmnl", ["age"], "1 for the ages of the labour force survey", "By definition", {"kind": "none", "basis": "by definition"}, ages=_NOTHING),
        "turnover": _entry("dmnl", ["sector"], "Separations, exits below 60 and job leaving relative to the average", "Such that hires through vacancies are those of CBS 80472ned, for the same share of direct hires in all sections", {"kind": "relative", "low": 0.85, "high": 1.15, "basis": "only turnover net of direct hires is identified"}),
        "vacancy_share_of_non_employed": _entry("dmnl", ["sector"], "Share of hires from unemployment and inactivity that goes through a vacancy", "Common share, such that all hires through vacancies are those observed", {"kind": "relative", "low": 0.75, "high": 1.25, "basis": "depends on the share of hires from other jobs, 0.45-0.65 (assumed)"}),
    },
}  # fmt: skip
