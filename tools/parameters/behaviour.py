"""Behaviour: closure, wages, posting, search, and the state pension age. Nearly all of it is assumed and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tools.parameters.labour_profiles import SECTORS
from tools.parameters.tables import Row, rows_of

if TYPE_CHECKING:
    from krapte_sd.parameters.observations import Observations

PUBLIC = ("O", "P", "Q")
LEGAL_YEARS = range(2024, 2032)
AOW_AFTER = ((2032, 67.5), (2036, 67.75), (2041, 68.0), (2046, 68.25))
"""Steps after the last year fixed by law; `assumed`, between the law and the projection of 2021."""

# parameter: (value, low, high, unit, definition, method)
SCALARS: dict[str, tuple[float, float, float, str, str, str]] = {
    "participation_elasticity": (0.2, 0.0, 0.5, "dmnl", "Change of the log entry rate per log point of average wage pressure", "Assumed; range of the trials of the labour core"),
    "layoff_tolerance": (0.01, 0.005, 0.03, "dmnl", "Surplus of staff, as a share of staff, kept without layoffs", "Assumed"),
    "layoff_width": (0.003, 0.001, 0.01, "dmnl", "Range of the surplus over which layoffs set in", "Assumed"),
    "layoff_time": (0.5, 0.25, 1.0, "year", "Time to lay off a surplus", "Assumed"),
    "own_sector_preference": (2.0, 0.5, 4.0, "dmnl", "How much more likely a move is inside the own sector", "Assumed; gives moves between sectors near those published for agriculture and industry"),
    "seeker_substitution": (0.5, 0.1, 1.0, "dmnl", "Weight of the seekers in direct hires", "Assumed"),
    "posting_time": (0.25, 0.2, 0.5, "year", "Time in which a gap between wanted and filled posts becomes vacancies", "Assumed; a longer time moves vacancies into the structural gap"),
    "posting_width": (0.01, 0.005, 0.02, "1/year", "Range over which the opening of vacancies is rounded off at zero", "Assumed; a numerical device"),
    "wage_response": (0.025, 0.01, 0.04, "1/year", "Growth of the wage above trend per log point of tightness", "Assumed: middle of the range of the trials of the labour core; no Dutch estimate could be read"),
    "wage_fading_rate": (0.0, 0.0, 0.67, "1/year", "Return of the wage to its trend", "Assumed; zero: wage growth follows tightness"),
    "wage_attraction": (2.0, 0.0, 3.0, "dmnl", "Log change of applicants per log point of relative wage pressure", "Assumed"),
    "expectation_time": (5.0, 2.0, 10.0, "year", "Time in which firms come to expect another labour supply", "Assumed"),
    "expected_supply_weight": (1.0, 0.0, 1.0, "dmnl", "Whether market need as a whole follows expected labour supply (1) or its own trend (0)", "Long-run view of CPB and DNB: output follows supply"),
}  # fmt: skip


def rows(observations: Observations) -> list[Row]:
    """Rows of the theme `behaviour`."""
    out = [
        Row(name, value, "cpb_dnb" if name == "expected_supply_weight" else "no_source", "assumed", low=low, high=high, distribution="uniform")
        for name, (value, low, high, *_) in SCALARS.items()
    ]
    public = np.array([k in PUBLIC for k in SECTORS])
    out += rows_of("wage_elasticity_of_demand", np.where(public, 0.05, 0.5), {"sector": SECTORS}, low=np.where(public, 0.0, 0.2),
                   high=np.where(public, 0.1, 1.0), distribution="uniform", source="no_source", status="assumed")  # fmt: skip
    out.append(Row("reference_aow_age", 67.0, "szw_aow", "observed", low=67.0, high=67.0, distribution="constant"))
    for year in range(2024, 2052):
        if year in LEGAL_YEARS:
            age = observations.value("state_pension_age", period=str(year))
            out.append(Row("aow_age", age, "szw_aow", "official_projection", year=year, low=age, high=age))
        else:
            age = max(a for y, a in AOW_AFTER if y <= year)
            steps = min((year - 2031) / 19, 1.0)
            out.append(Row("aow_age", age, "aow_after", "assumed", year=year, low=67.25, high=max(age, 67.25 + 1.5 * steps)))
    return out


METADATA = {
    "title": "Behaviour and the closure of the model",
    "description": "How firms post, search and pay and how people respond; the path of the state pension age (AOW).",
    "licence": "CC BY 4.0",
    "sources": {
        "no_source": {"citation": "No published Dutch figure could be read; assumption of the authors, to be calibrated", "table": "none", "vintage": "2026", "licence": "CC BY 4.0"},
        "cpb_dnb": {"citation": "DNB 2024 using CPB: growth of output 0.6% a year in 2026-2040 because labour supply stands still", "table": "none", "vintage": "2024", "licence": "quotation of facts"},
        "szw_aow": {"citation": "Ministry of Social Affairs and Employment: AOW age fixed by law to 2031", "table": "none", "vintage": "November 2025", "licence": "quotation of facts"},
        "aow_after": {"citation": "Steps of three months between the law of 2031 and the CBS/PBL projection of 2022 (67 years 9 months in 2035, 68 years 9 months in 2050, of which later forecasts are lower)", "table": "none", "vintage": "2026", "licence": "CC BY 4.0"},
    },
    "parameters": {
        **{
            name: {"unit": unit, "dimensions": [], "definition": definition, "method": method, "range": {"kind": "none", "basis": "the row has its own low and high"}}
            for name, (_, _, _, unit, definition, method) in SCALARS.items()
        },
        "wage_elasticity_of_demand": {"unit": "dmnl", "dimensions": ["sector"], "definition": "Fall of log wanted labour per log point of wage pressure",
            "method": "Assumed; public services hardly react, so that their unmet need stays visible", "range": {"kind": "none", "basis": "each row has its own low and high"}},
        "reference_aow_age": {"unit": "year", "dimensions": [], "definition": "State pension age to which the schedules by age belong", "method": "Age of 2024",
            "range": {"kind": "none", "basis": "by law"}},
        "aow_age": {"unit": "year", "dimensions": ["year"], "definition": "State pension age on 1 January", "method": "Law to 2031, then assumed steps",
            "range": {"kind": "none", "basis": "each row has its own low and high"}},
    },
}  # fmt: skip
