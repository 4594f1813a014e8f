"""The page on calibration: what the past can tell of the parameters, and whether fitting them helps."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tools.docs.markers import number, percent, refill, table

from krapte_sd.backtest.run import start_points
from krapte_sd.calibration import IDENTIFIED, PARAMETERS, calibrate, judge
from krapte_sd.parameters.history import HORIZON, origins

PAGE = "docs/calibration.md"
YEARS = 5
TARGETS = {
    "employed_by_group": "Employed by group of sections",
    "vacancies": "Vacancies",
    "unemployed": "Unemployed",
    "labour_force": "Labour force",
}


class Analysis:
    """What the page is about, computed when it is first asked for."""

    @cached_property
    def found(self) -> dict[int, tuple[Any, Any]]:
        """By origin: the calibration on its first years, and the scores of the years after."""
        made = {}
        for origin in origins():
            points, until = start_points(origin, origin + HORIZON), origin + YEARS - 1
            fitted = calibrate(origin, until, points=points)
            made[origin] = fitted, judge(origin, until, fitted, points)
        return made


def estimates(found: Analysis) -> str:
    """Deviation and what the figures tell of it, by parameter and origin."""
    rows = []
    tables = {origin: fitted.table.set_index("parameter") for origin, (fitted, _) in found.found.items()}
    for name in PARAMETERS:
        cells = []
        for each in tables.values():
            row = each.loc[name]
            plus = "+" if row["deviation"] >= 0.005 else ""
            deviation = plus + number(row["deviation"], 2)
            cells += [deviation + ("*" if row["at_end"] else ""), f"{row['error']:.2f}", percent(row["told"], 0)]
        rows.append([f"`{name}`", *cells])
    head = ["Parameter"]
    for origin in tables:
        head += [f"{origin}–{origin + YEARS - 1}", "Error", "Told, %"]
    return table(head, rows)


def after(found: Analysis) -> str:
    """Errors in the years after the window, with tables and with estimates."""
    rows = []
    for origin, (_, scores) in found.found.items():
        for row in scores.itertuples():
            both = [percent(row.tables), percent(row.estimated)]
            best = 0 if row.tables <= row.estimated else 1
            both[best] = f"**{both[best]}**"
            rows.append([f"{origin}–{origin + YEARS - 1}", TARGETS[row.target], f"{row.first}–{row.last}", *both])
    return table(["Fitted on", "What", "Scored on", "Tables", "Estimated"], rows, left=3)


def pieces(found: Analysis) -> dict[str, str]:
    """All tables and values of the page."""
    made = {"estimates": estimates(found), "after": after(found), "parameters": str(len(PARAMETERS))}
    known = {origin: fitted for origin, (fitted, _) in found.found.items()}
    for origin, fitted in known.items():
        made[f"fit_before_{origin}"], made[f"fit_{origin}"] = f"{fitted.fit_before:.1f}", f"{fitted.fit:.1f}"
        made[f"informed_{origin}"] = str(int(np.sum(fitted.eigenvalues > 1)))
        made[f"ends_{origin}"] = str(int(fitted.table["at_end"].sum()))
    told = {
        name: [fitted.table.set_index("parameter").loc[name, "told"] for fitted in known.values()]
        for name in PARAMETERS
    }
    made["always"] = ", ".join(f"`{n}`" for n, each in told.items() if min(each) >= IDENTIFIED)
    made["never"] = ", ".join(f"`{n}`" for n, each in told.items() if max(each) < IDENTIFIED)
    made["reference"] = ", ".join(percent(each, 0) for each in told["reference_tightness"])
    scores = [row for _, (_, each) in found.found.items() for row in each.itertuples()]
    made["lines"] = str(len(scores))
    made["better"] = str(sum(row.estimated < row.tables for row in scores))
    return made


def make(root: Path, *, write: bool) -> list[str]:
    """Compute the page; give its name if it was stale (and is written, if asked)."""
    return refill(root, PAGE, pieces(Analysis()), write=write)
