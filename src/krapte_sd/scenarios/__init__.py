"""Scenarios and population variants: data that change inputs, never equations."""

from __future__ import annotations

from krapte_sd.scenarios.scenario import Scenario, populations, read_scenario, scenario_table

__all__ = ["Scenario", "populations", "read_scenario", "scenario_table"]
