"""What does not change the inputs changes nothing, bit for bit; what changes them later changes nothing before."""

import numpy as np
import pytest

from krapte_sd import run
from krapte_sd.forecast import FLOWS, STATES


def differing(first, second, names=None):
    return [n for n in names or first.data_vars if first[n].values.tobytes() != second[n].values.tobytes()]


@pytest.fixture(scope="module")
def baseline():
    return run("baseline")


def own(tables, name):
    value = tables.values(name)
    return value if value.dims else float(value)


def test_two_runs_are_the_same(baseline):
    again = run("baseline")
    assert differing(baseline, again) == []
    assert again.identical(baseline)


def test_a_parameter_set_to_its_own_value_changes_nothing(baseline, shipped):
    """One by one, until 2026; then all together over the whole run."""
    tables = shipped.parameters
    names = [*(n for n in shipped.equations.inputs if n in tables), "aow_age", "reference_aow_age"]
    assert len(names) > 50
    short = run("baseline", until=2026)
    found = {n: differing(short, run("baseline", until=2026, parameters={n: own(tables, n)})) for n in names}
    assert {n: each for n, each in found.items() if each} == {}
    together = run("baseline", parameters={n: own(tables, n) for n in names})
    assert differing(baseline, together) == []


def test_the_forecast_as_a_variant_changes_nothing(baseline):
    named = run("baseline", population="prognose")
    assert differing(baseline, named) == []
    assert named.attrs["parameters_sha256"] == baseline.attrs["parameters_sha256"]


@pytest.mark.parametrize("solver", ["rk4", "euler"])
def test_a_shorter_run_is_the_beginning_of_a_longer_one(solver):
    longer = run("baseline", solver=solver)
    for until in (2024, 2030):
        shorter = run("baseline", until=until, solver=solver)
        count = until - 2024 + 1
        beginning = longer.isel(time=slice(count + 1), year=slice(count))
        # At its last 1 January a run has no next year to take yearly data from but its own: see Program.run.
        assert differing(shorter, beginning) == []


#: Parameters by year, and whether they run linearly between two 1 Januaries (the change begins a year before the row).
DATED = {
    "task_volume": True,
    "mortality_rate": True,
    "fertility_rate": True,
    "emigration_rate": True,
    "aow_age": True,
    "net_migration_assumed": False,
}


@pytest.mark.parametrize(("name", "linear"), DATED.items(), ids=list(DATED))
def test_what_changes_from_2030_on_changes_nothing_before(baseline, shipped, name, linear):
    path = shipped.parameters.values(name)
    later = path.where(path["year"] < 2030, path * 1.01)
    changed = run("baseline", parameters={name: later})
    last = 2029 if linear else 2030
    # Up to and including 1 January of the last untouched year, and all flows before it.
    states = [n for n in changed.data_vars if "time" in changed[n].dims]
    flows = [n for n in changed.data_vars if "year" in changed[n].dims]
    assert set(states) >= set(STATES)
    assert set(flows) == set(FLOWS)
    at = slice(last - 2024 + 1)
    assert differing(baseline.isel(time=at), changed.isel(time=at), states) == []
    before = slice(last - 2024)
    assert differing(baseline.isel(year=before), changed.isel(year=before), flows) == []
    # And it does change what comes after, already in the first year that may.
    first = changed.sel(year=last)
    assert differing(baseline.sel(year=last), first, flows) != []
    assert not np.array_equal(changed["need_gap"][-1], baseline["need_gap"][-1])


def test_a_constant_parameter_leaves_the_start_as_it_is(baseline):
    """A behaviour that starts from zero pressure does not move the first 1 January."""
    changed = run("baseline", parameters={"wage_response": 0.03})
    names = [n for n in STATES if n != "task_labour"]
    assert differing(baseline.isel(time=0), changed.isel(time=0), names) == []
    assert not np.array_equal(changed["need_gap"][1], baseline["need_gap"][1])
