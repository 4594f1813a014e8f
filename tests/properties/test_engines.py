"""The compiled kernel against PySD: every variable of the shipped model, on every 1 January.

PySD takes seven seconds a year, so the comparison stops in 2033, after the path of the AOW age, the targets of 2030
and the first years of the tasks that follow. KRAPTE_SD_TEST_UNTIL=2051 compares the whole forecast.
"""

import os

import numpy as np
import pytest

from krapte_sd.kernel import Series
from krapte_sd.simulation import REFERENCE_STEP, LoadedModel

TOLERANCE = 1e-9
#: Cells below this share of the largest value of their variable are differences of much larger numbers:
#: they are compared on the scale of the variable only.
NEGLIGIBLE = 1e-9
UNTIL = int(os.environ.get("KRAPTE_SD_TEST_UNTIL", "2033"))


#: How far levers of policy are moved, by unit.
MOVED = {"person/Year": 3_000.0, "person": 5_000.0}


def random_levers(model, seed, stop):
    """Every lever on a random path that begins at zero."""
    random, found = np.random.default_rng(seed), {}
    for name, each in model.equations.variables.items():
        if name.startswith("lever_"):
            values = random.random((stop - 2023, *model.equations.shape(name))) * MOVED.get(each.unit, 0.2)
            values[0] = 0.0
            found[name] = Series(np.arange(2024, stop + 1), values)
    return found


def differences(model, everything, stop, levers=None):
    """Run both engines; name every variable that differs by more than the tolerance."""
    names = tuple(model.equations.variables)
    reference = model.run(levers, engine="pysd", step=REFERENCE_STEP, stop=stop, save=names)
    inputs = model.inputs(everything.inputs, 2024, stop, levers)
    saved = everything.run(inputs, 2024, stop, REFERENCE_STEP, "euler").saved
    found = []
    for name in names:
        ours, theirs = saved[name], reference[name].values
        assert ours.shape == theirs.shape
        assert np.isfinite(theirs).all()
        size = np.abs(theirs)
        away = np.abs(ours - theirs)
        cells = size > NEGLIGIBLE * size.max()
        by_cell = float((away[cells] / size[cells]).max(initial=0.0))
        of_largest = float(away.max() / (size.max() or 1.0))
        if max(by_cell, of_largest) > TOLERANCE:
            found.append(f"{name}: {of_largest:.2g} of its largest value, {by_cell:.2g} in a cell")
    return found


@pytest.mark.slow
def test_both_engines_agree(shipped, everything):
    assert len(everything.save) == len(shipped.equations.variables)
    assert differences(shipped, everything, UNTIL) == []


@pytest.mark.parametrize("seed", [101, 102])
def test_both_engines_agree_for_random_parameters_and_levers(shipped, everything, draw, seed):
    model = LoadedModel(shipped.equations, draw(seed), shipped.regions)
    levers = random_levers(model, seed, 2026)
    assert levers
    assert differences(model, everything, 2026, levers) == []
