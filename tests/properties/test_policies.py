"""Measures of policy: nothing at strength zero or before their start, more with more strength, one pool for all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krapte_sd.scenarios import Programme, read_scenario
from krapte_sd.scenarios.policies import measures

KNOWN = {name: each for name, each in measures().items() if each.effects}
SLUGS = sorted(KNOWN)
#: Measures, and what more strength moves in which direction on 1 January 2040.
TARGETS = {
    "reintegration_services": ("unemployed_total", -1),
    "job_carving": ("need_gap", -1),
    "broad_offensive": ("employed_total", 1),
    "learn_work_trajectories": ("employed_total", 1),
    "minimum_wage": ("structural_shortage", -1),
    "pension_age": ("employed_total", 1),
    "sustainable_employability": ("employed_total", 1),
}
strengths = st.floats(0.0, 1.0, allow_nan=False)


def asked(slug, share, **dates):
    return {"measure": slug, "strength": share * KNOWN[slug].cap, **dates}


@pytest.fixture(scope="module")
def go(shipped, everything):
    """Run measures with all variables saved, from 2024 to 2041."""
    base = shipped.inputs(everything.inputs, 2024, 2041)

    def run(policies):
        programme = read_scenario("baseline").changed(policies=policies).programme()
        levers = programme.levers(
            shipped.equations, shipped.with_programme(programme).parameters, np.arange(2024, 2042)
        )
        moved = "lever_aow_age" in levers
        inputs = (
            shipped.with_programme(programme).inputs(everything.inputs, 2024, 2041) if moved else {**base, **levers}
        )
        return everything.run(inputs, 2024, 2041, 0.25, "rk4", debug=True).saved

    return run


@pytest.fixture(scope="module")
def baseline(go):
    return go([])


def differing(first, second, until=None):
    return [n for n in first if first[n][:until].tobytes() != second[n][:until].tobytes()]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(SLUGS), min_size=1, max_size=8, unique=True))
def test_strength_zero_is_the_baseline_bit_for_bit(go, baseline, slugs):
    assert differing(baseline, go([{"measure": slug, "strength": 0.0} for slug in slugs])) == []


def test_all_measures_at_strength_zero_are_the_baseline(go, baseline):
    assert differing(baseline, go([{"measure": slug, "strength": 0.0} for slug in SLUGS])) == []


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(SLUGS), st.integers(2024, 2035))
def test_nothing_changes_before_a_measure_works(go, baseline, slug, start):
    found = go([asked(slug, 1.0, start=start, end=None)] if KNOWN[slug].end is None else
               [asked(slug, 1.0, start=start, end=start + KNOWN[slug].delay + 5)])  # fmt: skip
    begins = start + KNOWN[slug].delay
    assert differing(baseline, found, begins - 2024 + 1) == []


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(sorted(TARGETS)), strengths, strengths)
def test_more_strength_moves_its_target_further(go, slug, one, other):
    less, more = sorted((one, other))
    target, sign = TARGETS[slug]
    low, high = (float(go([asked(slug, each)])[target][16].sum()) for each in (less, more))
    assert sign * (high - low) >= -1e-9 * abs(low)
    if more - less > 0.05:
        assert sign * (high - low) > 0


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(SLUGS), min_size=2, max_size=10, unique=True), st.data())
def test_measures_on_one_pool_never_exceed_it(shipped, go, slugs, data):
    saved = go([asked(slug, data.draw(strengths)) for slug in slugs])
    limit = float(shipped.parameters.values("placement_limit"))
    assert (saved["placements"].sum(axis=(1, 2)) <= limit * saved["entrants_available"].sum(axis=-1) + 1e-6).all()
    capacity = float(shipped.parameters.values("implementing_capacity")) + saved["lever_implementing_capacity"]
    assert (saved["programme_delivery"] * saved["lever_treated_people"] <= capacity).all()
    gains = float(shipped.parameters.values("limit_of_gains"))
    for name in ("search_gain", "entry_gain", "matching_gain", "carving_gain"):
        assert (np.abs(saved[name] - 1) <= gains * (1 + 1e-12)).all(), name
    status = saved["employed"].sum(axis=2) + saved["unemployed"] + saved["inactive"]
    np.testing.assert_allclose(status, saved["population"], rtol=0, atol=1e-6)


def test_too_many_people_to_treat_crowd_each_other_out(go):
    """Two programmes for as many people as the bodies can treat achieve less than both alone."""
    alone = [go([{"measure": m, "strength": s}]) for m, s in (("L01", 250_000.0), ("L20", 180_000.0))]
    both = go([{"measure": "L01", "strength": 250_000.0}, {"measure": "L20", "strength": 180_000.0}])
    assert both["programme_delivery"][10] < min(each["programme_delivery"][10] for each in alone)
    assert both["placements"][10].sum() < alone[1]["placements"][10].sum()
    # More capacity lets more of the same be carried out.
    more = go([{"measure": "L01", "strength": 250_000.0}, {"measure": "L20", "strength": 180_000.0},
               {"measure": "L55", "strength": 500_000.0}])  # fmt: skip
    assert more["placements"][10].sum() > both["placements"][10].sum()


def test_a_programme_of_nothing_moves_no_lever(shipped):
    assert Programme().levers(shipped.equations, shipped.parameters, np.arange(2024, 2030)) == {}
