"""The compiled kernel against simlin, which shares no code with PySD: every variable of the shipped model.

simlin cannot hold the whole model (see the helper). Of the two cuts here one has all sectors, the other all cohorts
and commuting and moves between two provinces.
"""

from pathlib import Path

import numpy as np
import pytest
from second_oracle import Oracle, cut

from krapte_sd import load_model
from krapte_sd.equations import read_model
from krapte_sd.kernel import Series, compile_model

pytestmark = pytest.mark.slow

START, STOP, STEP = 2024, 2027, 1 / 16
TOLERANCE = 1e-9

#: Those who reach 15, 75 or the AOW age in the years of the run, those born in them, the oldest, and some between.
SOME_COHORTS = [
    *(1923, 1924, 1935, 1948, 1949, 1950, 1955, 1956, 1957, 1958, 1959, 1960, 1965, 1970, 1975, 1980, 1985),
    *(1990, 1995, 2000, 2005, 2008, 2009, 2010, 2011, 2012, 2023, 2024, 2025, 2026, 2027),
]
#: Stocks that only a lever moves, and those of sectors whose work cannot move abroad.
BY_LEVERS = {"added_productivity", "extra_status_holders"}
NOT_MOVED = {"all sectors": BY_LEVERS, "all cohorts": BY_LEVERS | {"offshored_share", "trend_offshored_share"}}
CUTS = {
    "all sectors": ("nl", {"Cohort": [f"b{year}" for year in SOME_COHORTS]}),
    "all cohorts": ("province", {"Region": slice(6, 8), "Workplace": slice(6, 8), "Sector": ["F", "G", "Q"]}),
}


class Small:
    """The shipped model with short ranges, compiled with all its variables as outputs."""

    def __init__(self, regions, ranges, at_rest):
        self.at_rest = at_rest
        self.shipped = load_model(regions=regions)
        whole = self.shipped.equations
        self.dimensions = {
            # a range that is not cut still replaces the one in the file, which knows no provinces
            name: list(labels[ranges[name]] if isinstance(ranges.get(name), slice) else ranges.get(name, labels))
            for name, labels in whole.dimensions.items()
        }
        self.model = read_model(whole.path, self.dimensions)
        self.names = tuple(self.model.variables)
        self.program = compile_model(self.model, save=self.names)

    def inputs(self, parameters=None):
        shipped = self.shipped if parameters is None else self.shipped.with_parameters(parameters)
        whole = shipped.equations
        return cut(whole, shipped.inputs(whole.inputs, START, STOP), self.model)

    def ours(self, inputs, stop=STOP):
        return self.program.run(inputs, START, stop, STEP, "euler").saved

    def theirs(self, folder, inputs, stop=STOP):
        oracle = Oracle(folder, Path(self.model.path), self.dimensions, inputs, (START, stop), STEP)
        return oracle.run(self.names)


def differences(ours, theirs):
    """Name every variable that differs by more than the tolerance in any element; a zero must be a zero."""
    assert ours.keys() == theirs.keys()
    found = {}
    for name, reference in theirs.items():
        assert ours[name].shape == reference.shape
        assert np.isfinite(reference).all()
        away, size = np.abs(ours[name] - reference), np.abs(reference)
        if (away > TOLERANCE * size).any():
            worst = np.unravel_index((away - TOLERANCE * size).argmax(), away.shape)
            found[name] = f"{ours[name][worst]!r} against {reference[worst]!r} at {worst}"
    return found


@pytest.fixture(scope="module", params=list(CUTS))
def small(request):
    return Small(*CUTS[request.param], NOT_MOVED[request.param])


def test_nothing_is_left_out(small):
    assert small.names == tuple(small.shipped.equations.variables)
    assert {"stock", "auxiliary", "input", "data"} <= {each.kind for each in small.model.variables.values()}


@pytest.mark.parametrize("seed", [None, 301])
def test_both_engines_agree(small, draw, tmp_path, seed):
    """As shipped, and with every uncertain parameter drawn."""
    inputs = small.inputs(None if seed is None else draw(seed))
    theirs = small.theirs(tmp_path, inputs)
    assert differences(small.ours(inputs), theirs) == {}
    moved = [n for n, v in small.model.variables.items() if v.kind == "stock" and np.ptp(theirs[n], axis=0).any()]
    assert set(small.model.stocks) - set(moved) == small.at_rest


@pytest.mark.parametrize("small", ["all cohorts"], indirect=True)
def test_a_small_difference_is_seen(small, tmp_path):
    """One number of one cohort in one year, larger by a millionth, comes out in what follows from it."""
    inputs = small.inputs()
    series = inputs["mortality_rate"]
    values = np.array(series.values)
    place = np.unravel_index(values[1].argmax(), values[1].shape)
    values[(1, *place)] *= 1 + 1e-6
    theirs = small.theirs(tmp_path, inputs | {"mortality_rate": Series(series.years, values)}, START + 1)
    found = differences(small.ours(inputs, START + 1), theirs)
    assert {"mortality_rate", "deaths", "population"} <= found.keys()


@pytest.mark.parametrize("small", ["all cohorts"], indirect=True)
def test_an_input_that_is_not_fed_is_seen(small, tmp_path):
    """The engine has no error for it: an element of a data variable that nobody sets would be 1."""
    inputs = small.inputs()
    theirs = small.theirs(tmp_path, {n: v for n, v in inputs.items() if n != "exit_rate"}, START + 1)
    assert (np.abs(theirs["exit_rate"]) > 1e30).all()
