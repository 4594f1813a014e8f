"""Tables of the back-test by region, and of what others forecast at the time."""

from __future__ import annotations

from typing import Any

import numpy as np
from tools.docs.markers import number, table

from krapte_sd.backtest.others import SectorErrors
from krapte_sd.backtest.regional import AREAS, PROVINCES, SHARES_ONLY, SHARES_WALK
from krapte_sd.backtest.run import MODEL

CELLS = {AREAS: "Jobs, areas by group", PROVINCES: "Workers, provinces by group"}
METHODS = {
    MODEL: "krapte_sd",
    "random_walk": "random walk",
    "linear_trend": "trend",
    SHARES_WALK: "shares, country unchanged",
}


def by_region(scores: Any) -> str:
    """Errors and biases of the cells, and the errors that come from the shares alone."""
    rows = []
    for target, label in CELLS.items():
        horizons = sorted({int(h) for t, h, _ in scores.index if t == target})
        for horizon in horizons:
            errors = {m: 100 * float(scores.loc[(target, horizon, m), "wmape"]) for m in METHODS}
            told = [f"**{v:.1f}**" if v == min(errors.values()) else f"{v:.1f}" for v in errors.values()]
            alone = 100 * float(scores.loc[(target, horizon, SHARES_ONLY), "wmape"])
            biases = [number(100 * float(scores.loc[(target, horizon, m), "bias"])) for m in list(METHODS)[:3]]
            starts = str(int(scores.loc[(target, horizon, MODEL), "origins"]))
            rows.append([label, str(horizon), *told, f"{alone:.1f}", *biases, starts])
    head = ["What", "Horizon", *METHODS.values(), "shares alone"]
    head += [*(f"bias {name}" for name in list(METHODS.values())[:3]), "Starts"]
    return table(head, rows)


def of_others(found: Any) -> str:
    """Published forecasts, what happened, and the back-test of the same thing."""
    rows = []
    for _, row in found.iterrows():
        decimals = 1 if row["unit"] == "percent" else 0
        unit = "%" if row["unit"] == "percent" else "thousand"
        told = [
            number(float(row[c]), decimals) if np.isfinite(row[c]) else "–"
            for c in ("forecast", "happened", "error", "own", "own_happened", "own_error")
        ]
        made = f"{row['publisher']}, {row['made']}"
        rows.append([made, f"{row['quantity']}, {unit}", row["period"], row["remark"], *told[:3], str(row["origin"])])
        rows[-1] += told[3:]
    head = ["By", "What", "For", "What differs", "Forecast", "Happened", "Error"]
    return table([*head, "Start", "Back-test", "Happened there", "Error there"], rows, left=4)


def values(scores: Any, sectors: SectorErrors) -> dict[str, str]:
    """Single figures of both tables."""
    made = {}
    for target in CELLS:
        for at, horizon, method in scores.index:
            if at == target:
                made[f"{target}_{horizon}_{method}"] = f"{100 * float(scores.loc[(at, horizon, method), 'wmape']):.1f}"
    return made | {f"sectors_{name}": f"{100 * error:.1f}" for name, error in sectors._asdict().items()}
