"""Ensembles: many members of one run, each with its own draw of the parameters that have a range."""

from __future__ import annotations

from krapte_sd.ensemble.run import LEVELS, STATISTICS, check_call, run_ensemble
from krapte_sd.ensemble.sampling import Sampling, between, deviation, read_sampling

__all__ = [
    "LEVELS",
    "STATISTICS",
    "Sampling",
    "between",
    "check_call",
    "deviation",
    "read_sampling",
    "run_ensemble",
]
