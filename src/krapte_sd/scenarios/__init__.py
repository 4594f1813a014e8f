"""Scenarios, measures of policy and population variants: data that change inputs, never equations."""

from __future__ import annotations

from krapte_sd.scenarios.levers import Chosen, Programme
from krapte_sd.scenarios.policies import Measure, find_measures, policies
from krapte_sd.scenarios.scenario import Given, Scenario, populations, read_scenario, scenario_table

__all__ = [
    "Chosen",
    "Given",
    "Measure",
    "Programme",
    "Scenario",
    "find_measures",
    "policies",
    "populations",
    "read_scenario",
    "scenario_table",
]
