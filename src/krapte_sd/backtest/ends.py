"""What the score would have been with one parameter at an end of its range: which of them could mend a miss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from krapte_sd.backtest.measures import weighted_error
from krapte_sd.backtest.outcomes import TARGETS, past
from krapte_sd.backtest.run import HORIZONS, check_starts, start_points, targets
from krapte_sd.parameters.history import HORIZON, origins

if TYPE_CHECKING:
    import pandas as pd

    from krapte_sd.parameters.observations import Observations

__all__ = ["scores_at_ends"]

ENDS = {"value": 0.0, "low": -1.0, "high": 1.0}


def scores_at_ends(
    starts: Sequence[int] | None = None,
    parameters: Sequence[str] | None = None,
    *,
    observed: Observations | None = None,
) -> pd.DataFrame:
    """Score the central run, and runs with one parameter at the low or high end of its range in all starts.

    Nothing is chosen by these scores: they are of years that no parameter may be fitted on, and tell which assumption a
    miss hangs on, and whether any of them alone could mend it.

    Parameters
    ----------
    starts : sequence of int, optional
        Origins; default: all there are.
    parameters : sequence of str, optional
        Default: all that have a range at every start.
    observed : Observations, optional
        What happened; default: the shipped figures.

    Returns
    -------
    pandas.DataFrame
        Columns parameter, end ("value", "low", "high"), target, horizon, wmape. The central run, "value", has no
        parameter (an empty text). Targets and horizons as in `backtest`.

    Raises
    ------
    ParameterError
        If there are no tables for a start, or a parameter has no range there.
    """
    import pandas as pd

    from krapte_sd.parameters.observations import read_observations

    chosen = check_starts(origins() if starts is None else starts)
    figures = read_observations() if observed is None else observed
    points = {origin: start_points(origin, origin + HORIZON) for origin in chosen}
    shared = sorted(set.intersection(*(set(each.names) for each in points.values())))
    names = shared if parameters is None else list(parameters)
    runs = [("", "value"), *((name, end) for name in names for end in ("low", "high"))]
    deviations = {name: np.array([ENDS[end] if name == moved else 0.0 for moved, end in runs]) for name in names}
    pairs: dict[tuple[str, int], list[tuple[np.ndarray, np.ndarray]]] = {}
    for origin, each in points.items():
        found, happened = targets(each.run(deviations)), past(figures, origin)
        for target in TARGETS:
            known = happened[target].years.tolist()
            for horizon in HORIZONS:
                if (year := origin + horizon - 1) in known:
                    actual = happened[target].values[:, known.index(year)]
                    pairs.setdefault((target, horizon), []).append((found[target][..., horizon - 1], actual))
    rows = []
    for (target, horizon), both in pairs.items():
        forecast, actual = (np.concatenate(parts, axis=-1) for parts in zip(*both, strict=True))
        rows += [
            (name, end, target, horizon, weighted_error(of_run, actual))
            for (name, end), of_run in zip(runs, forecast, strict=True)
        ]
    return pd.DataFrame(rows, columns=["parameter", "end", "target", "horizon", "wmape"])
