"""What anybody could have forecast: random walk, linear trend, automatic ARIMA and exponential smoothing.

Every method sees the same yearly figures before the origin and gives mean and standard deviation of each year ahead.
All but the trend work on logarithms.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["BENCHMARKS", "Outlook", "structural"]

Floats = NDArray[np.float64]

TREND_YEARS: Final = 10
_ORDERS: Final = ((0, 0), (1, 0), (0, 1), (1, 1), (2, 0))
"""Autoregressive and moving-average orders tried; a dozen yearly figures bear no more."""

_STATIONARY: Final = 0.05
_SMALLEST: Final = 1e-4


class Outlook(NamedTuple):
    """Mean and standard deviation of each year ahead, persons; shape (horizon,)."""

    mean: Floats
    spread: Floats


def _random_walk(values: Floats, horizon: int) -> Outlook:
    """Every year as the last one; spread of the yearly changes, growing with the root of time."""
    ahead = np.arange(1, horizon + 1)
    step = float(np.sqrt((np.diff(np.log(values)) ** 2).mean()))
    mean = np.full(horizon, values[-1])
    return Outlook(mean, mean * step * np.sqrt(ahead))


def _linear_trend(values: Floats, horizon: int) -> Outlook:
    """Least squares over the last ten years, as the naive forecast of the US Bureau of Labor Statistics."""
    recent = values[-TREND_YEARS:]
    n = recent.size
    at = np.arange(n) - (n - 1) / 2
    slope, level = np.polyfit(at, recent, 1)
    ahead = np.arange(1, horizon + 1) + (n - 1) / 2
    residual = np.sqrt(((recent - level - slope * at) ** 2).sum() / (n - 2))
    spread = residual * np.sqrt(1 + 1 / n + ahead**2 / (at**2).sum())
    least = recent.min() * 0.01  # a trend may run below zero, a count may not
    return Outlook(np.maximum(level + slope * ahead, least), spread)


def _from_logs(mean: Floats, spread: Floats) -> Outlook:
    middle = np.exp(mean)
    return Outlook(middle, middle * np.minimum(spread, 1.0))


def _arima(values: Floats, horizon: int) -> Outlook:
    """ARIMA on logarithms: differenced if the test of KPSS says so, orders and drift by the corrected AIC."""
    from statsmodels.tsa.arima.model import ARIMA
    from statsmodels.tsa.stattools import kpss

    logs = np.log(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the search: starting values, and p-values outside the table of KPSS
        d = int(kpss(logs, regression="c", nlags="auto")[1] < _STATIONARY)
        best, found = np.inf, None
        for (p, q), trend in itertools.product(_ORDERS, ("n", "t") if d else ("c",)):
            fit = ARIMA(logs, order=(p, d, q), trend=trend).fit(method="innovations_mle")
            if np.isfinite(fit.aicc) and fit.aicc < best - _SMALLEST:
                best, found = fit.aicc, fit
        assert found is not None
        ahead = found.get_forecast(horizon)
        return _from_logs(np.asarray(ahead.predicted_mean), np.asarray(ahead.se_mean))


def _smoothing(values: Floats, horizon: int) -> Outlook:
    """Exponential smoothing on logarithms: no trend, a trend or a damped trend by the corrected AIC."""
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    logs = pd.Series(np.log(values))  # statsmodels gives predictions of labelled series only
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the search
        best, found = np.inf, None
        for trend, damped in ((None, False), ("add", False), ("add", True)):
            fit = ETSModel(logs, error="add", trend=trend, damped_trend=damped).fit(disp=False, maxiter=200)
            if np.isfinite(fit.aicc) and fit.aicc < best - _SMALLEST:
                best, found = fit.aicc, fit
        assert found is not None
        ahead = found.get_prediction(logs.size, logs.size + horizon - 1)
        return _from_logs(np.asarray(ahead.predicted_mean), np.sqrt(np.asarray(ahead.forecast_variance)))


BENCHMARKS: Final[dict[str, Callable[[Floats, int], Outlook]]] = {
    "random_walk": _random_walk,
    "linear_trend": _linear_trend,
    "arima": _arima,
    "ets": _smoothing,
}
"""By name: a function of the values before the origin, shape (year,), and of the number of years ahead."""


def structural(series: Floats, horizon: int, *, slope: bool = True) -> Outlook:
    """Forecast by a structural time-series model: a level that wanders, around a straight trend or around nothing.

    Parameters
    ----------
    series : numpy.ndarray, shape (year,)
        Figures before the origin on a scale without bounds: the logarithm of a number, the log odds of a share.
    horizon : int
        Years ahead.
    slope : bool
        Whether there is a trend; without, the level alone wanders.

    Returns
    -------
    Outlook
        On the same scale: mean, and standard deviation, which grows with the horizon as shocks stay, the slope itself
        uncertain (`statsmodels.tsa.statespace.structural.UnobservedComponents`, local level with a fixed slope or with
        none; Harvey 1989).
    """
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the search
        fitted = UnobservedComponents(series, level="lldtrend" if slope else "llevel").fit(disp=False, maxiter=200)
        found = fitted.get_forecast(horizon)
    return Outlook(np.asarray(found.predicted_mean, np.float64), np.asarray(found.se_mean, np.float64))
