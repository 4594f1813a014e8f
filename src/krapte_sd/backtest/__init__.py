"""The back-test: forecasts from the past with what was known then, scored beside simple methods."""

from __future__ import annotations

from krapte_sd.backtest.ends import scores_at_ends
from krapte_sd.backtest.miss import labour_force_miss
from krapte_sd.backtest.others import published
from krapte_sd.backtest.run import backtest, forecasts, scores

__all__ = ["backtest", "forecasts", "labour_force_miss", "published", "scores", "scores_at_ends"]
