"""The business cycle at an origin: how far unemployment and vacancies are from what had been usual.

The model has no cycle of its own. A start in a slump has fewer posts than a normal year; they come back with the pace
at which unemployment came back to its mean before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tools.parameters.labour_profiles import SECTORS
from tools.parameters.tables import Row, rows_of

from krapte_sd.backtest.outcomes import past

if TYPE_CHECKING:
    from krapte_sd.parameters.observations import Observations

PUBLIC = "OPQ"
RECOVERY_SPAN = 1.5
"""Factor of the range of the recovery time, either way; assumed."""


def rows(known: Observations, origin: int) -> list[Row]:
    """Rows of the theme `cycle` of an origin."""
    shortfall, time = cycle(known, origin)
    market = np.array([0.0 if k in PUBLIC else 1.0 for k in SECTORS])
    ends = sorted((0.5 * shortfall, 1.5 * shortfall))
    told = {"source": "cycle", "status": "estimated", "distribution": "uniform"}
    cells = {"low": ends[0] * market, "high": ends[1] * market, **told}
    out = rows_of("cyclical_shortfall", shortfall * market, {"sector": SECTORS}, **cells)
    out.append(Row("recovery_time", time, low=time / RECOVERY_SPAN, high=time * RECOVERY_SPAN, **told))
    return out


def cycle(known: Observations, origin: int) -> tuple[float, float]:
    """Return the log shortfall of market need and the recovery time, years.

    Posts missing: unemployed above and vacancies below their mean share of the years before, all in market sections.
    The recovery time is that of a first-order return: the memory of the yearly rate of unemployment around its mean.
    """
    series = past(known, origin)
    force, idle, openings = (series[name].values[0] for name in ("labour_force", "unemployed", "vacancies"))
    last = known.value("unemployed_quarterly", period=f"{origin - 1}Q4", sex="total")
    years = openings.size
    missing = last - (idle / force).mean() * force[-1]
    missing += (openings / force[-years:]).mean() * force[-1] - openings[-1]
    sections = series["employed_by_section"]
    market = sum(v[-1] for k, v in zip(sections.units, sections.values, strict=True) if k not in PUBLIC)
    rates = known.series("unemployment_rate_12_hours").sort_values("period")["value"].to_numpy(dtype=float)
    rest = rates - rates.mean()
    memory = float((rest[1:] * rest[:-1]).sum() / (rest[:-1] ** 2).sum())
    return float(np.log1p(missing / market)), float(-1 / np.log(memory))
