"""Levers: neutral at zero, bounded by their pools, and people stay conserved whatever they are set to."""

import numpy as np
import pytest

from krapte_sd.kernel import Series

LAST = 2051
START = 2030
#: What a lever moves, and in which direction on 1 January 2035.
MOVES = {
    "lever_job_finding": ("unemployed_total", -1),
    "lever_entry": ("employed_total", 1),
    "lever_placements": ("employed_total", 1),
    "lever_matching": ("unemployed_total", -1),
    "lever_job_carving": ("vacancies_total", -1),
    "lever_minimum_wage": ("structural_total", -1),
    "lever_childcare_demand": ("gap_total", 1),
}
SIZE = {"lever_placements": 2_000.0, "lever_childcare_demand": 10_000.0}
SECTORAL = {"lever_placements": "Q", "lever_childcare_demand": "Q", "lever_job_carving": "Q"}


def path(shipped, name, size, last=LAST):
    """A lever that rises over two years from 2030 on."""
    years = np.arange(2024, last + 1)
    dimensions = shipped.equations.variables[name].dimensions
    shape = shipped.equations.shape(name)
    rise = np.clip((years - START) / 2, 0, 1) * size
    values = np.broadcast_to(rise.reshape(-1, *[1] * len(shape)), (years.size, *shape)).copy()
    if name in SECTORAL:
        at = shipped.equations.dimensions["Sector"].index(SECTORAL[name])
        keep = np.zeros(shape)
        keep[..., at] = 1
        values *= keep
    assert dimensions is not None
    return Series(years, values)


def totals(saved):
    gap = {"gap_total": saved["need_gap"], "structural_total": saved["structural_shortage"]}
    return {**saved, **{name: each.sum(axis=-1) for name, each in gap.items()}}


@pytest.fixture(scope="module")
def go(shipped, everything):
    def run(**levers):
        inputs = {**shipped.inputs(everything.inputs, 2024, LAST), **levers}
        return everything.run(inputs, 2024, LAST, 0.25, "rk4", debug=True)

    return run


@pytest.fixture(scope="module")
def baseline(go):
    return go()


def levers(shipped):
    """Levers of programmes; those of technology, hours and migration have ranges of their own."""
    variables = shipped.equations.variables
    return [name for name, each in variables.items() if name.startswith("lever_") and each.group == "programmes"]


@pytest.mark.parametrize("name", MOVES)
def test_a_lever_moves_its_target_after_its_start_and_nothing_before(shipped, go, baseline, name):
    half, whole = (totals(go(**{name: path(shipped, name, part * SIZE.get(name, 0.1))}).saved) for part in (0.5, 1.0))
    before = totals(baseline.saved)
    at = START - 2024
    for variable in before:
        assert half[variable][: at + 1].tobytes() == before[variable][: at + 1].tobytes() or variable == name, variable
    target, sign = MOVES[name]
    steps = [float(each[target][at + 5].sum()) for each in (before, half, whole)]
    assert sign * (steps[1] - steps[0]) > 0
    assert sign * (steps[2] - steps[1]) > 0


def test_with_all_programmes_far_out_people_are_conserved_and_pools_hold(shipped, go):
    far = {name: path(shipped, name, 3.0) for name in levers(shipped)}
    far["lever_placements"] = path(shipped, "lever_placements", 1e6)
    far["lever_treated_people"] = path(shipped, "lever_treated_people", 1e6)
    far["lever_distance_friction"] = path(shipped, "lever_distance_friction", 0.9)
    far["lever_minimum_wage"] = path(shipped, "lever_minimum_wage", 0.4)
    result = go(**far)
    saved = result.saved
    status = saved["employed"].sum(axis=2) + saved["unemployed"] + saved["inactive"]
    np.testing.assert_allclose(status, saved["population"], rtol=0, atol=1e-6)
    assert saved["inactive"].min() > -1e-6
    np.testing.assert_allclose(saved["commuters"].sum(axis=2), saved["employed_in_sector"], rtol=1e-9, atol=1e-6)
    limit = float(shipped.parameters.values("placement_limit"))
    entrants = saved["entrants_available"].sum(axis=-1)
    assert (saved["placements"].sum(axis=(1, 2)) <= limit * entrants).all()
    capacity = float(shipped.parameters.values("implementing_capacity"))
    treated = saved["programme_delivery"] * saved["lever_treated_people"]
    assert (treated <= capacity + saved["lever_implementing_capacity"]).all()
    gains = float(shipped.parameters.values("limit_of_gains"))
    for name in ("search_gain", "entry_gain", "matching_gain", "carving_gain"):
        assert (np.abs(saved[name] - 1) <= gains * (1 + 1e-12)).all(), name


def test_placements_are_hires_of_inactive_people(shipped, go, baseline):
    placed = go(lever_placements=path(shipped, "lever_placements", 2_000.0))
    total = placed.integrals["placements"].sum(axis=(1, 2))
    assert total[: START - 2024].max() == 0.0
    assert total[START - 2024 + 3] == pytest.approx(2_000, rel=1e-3)
    more = placed.saved["employed_total"] - baseline.saved["employed_total"]
    # Some would have found work anyway, and some leave again.
    assert 0 < float(more[-1].sum()) < total.sum()
