"""The numbers of the members, the distributions, and the inputs made of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm, qmc
from small_ensemble import METADATA, make, table

from krapte_sd.ensemble import Sampling, between, deviation, read_sampling
from krapte_sd.ensemble.drawn import draw_inputs
from krapte_sd.errors import ParameterError

NAMES = ("initial_people", "exit_rate", "net_migration", "growth", "turnover", "layoff_time", "attraction")
PINNED = ["0x1.95369bb030000p-4", "0x1.2889a88e54000p-2", "0x1.656b818a54000p-2"]
DRAWN = ["aow_age", "attraction", "exit_rate", "growth", "layoff_time", "net_migration", "turnover"]


def drawn_of(model, seed=7):
    sampling = read_sampling(model.parameters, NAMES, seed)
    made = draw_inputs(
        model.equations,
        model.parameters,
        NAMES,
        lambda tables, names: model.with_parameters(tables).inputs(names, 2024, 2028),
        sampling,
    )
    return sampling, made


def sampling_of(seed, names=("turnover", "wage_response", "aow_age")):
    """Sampling of parameters out of sixty, all drawn evenly."""
    every = tuple(sorted({*names, *(f"parameter_{k:02}" for k in range(60 - len(names)))}))
    return Sampling(seed, dict.fromkeys(sorted(names), "uniform"), {}, every)


@given(st.integers(0, 9000), st.integers(1, 300), st.integers(0, 2**64 - 1))
@settings(max_examples=12, deadline=None)
def test_a_member_has_the_same_number_wherever_it_is_asked_for(first, count, seed):
    whole = sampling_of(seed).quantiles(0, first + count)
    np.testing.assert_array_equal(sampling_of(seed).quantiles(first, count), whole[first:])
    assert ((whole >= 0) & (whole < 1)).all()


def test_the_numbers_of_member_7_are_these_on_every_machine():
    assert [float(each).hex() for each in sampling_of(7).quantiles(7, 1)[0]] == PINNED


def test_they_are_those_of_scipy():
    sampling = sampling_of(3)
    theirs = qmc.Halton(60, scramble=True, rng=np.random.default_rng(3)).random(20)
    columns = [sampling.names.index(name) for name in sampling.distributions]
    np.testing.assert_allclose(sampling.quantiles(0, 20), theirs[:, columns], rtol=0, atol=2.0**-40)


def test_parameters_are_as_good_as_independent_and_better_spread_than_random_numbers():
    count = 1000
    ours = sampling_of(7, [f"parameter_{k:02}" for k in range(60)]).quantiles(0, count)
    random = np.random.default_rng(7).random(ours.shape)
    pairs = ~np.eye(60, dtype=bool)
    assert np.abs(np.corrcoef(ours.T)[pairs]).max() < 0.15
    assert np.abs(np.corrcoef(ours.T)[pairs]).mean() < np.abs(np.corrcoef(random.T)[pairs]).mean()
    assert np.abs(ours.mean(0) - 0.5).mean() < 0.25 * np.abs(random.mean(0) - 0.5).mean()
    assert min(kstest(column, "uniform").pvalue for column in ours.T) > 0.9


def test_seeds_differ():
    one, other = (sampling_of(seed).quantiles(0, 1000) for seed in (1, 2))
    assert (one != other).mean() > 0.9


@pytest.mark.parametrize("distribution", ["uniform", "triangular", "normal"])
def test_the_middle_is_the_central_value_exactly_and_order_is_kept(distribution):
    assert deviation(0.5, distribution) == 0
    spread = deviation(np.linspace(0.001, 0.999, 999), distribution)
    assert (np.diff(spread) > 0).all()
    np.testing.assert_allclose(spread, -spread[::-1], atol=1e-12)


def test_distributions_are_what_their_names_say():
    q = (np.arange(100000) + 0.5) / 100000
    assert np.abs(deviation(q, "uniform")).max() < 1
    # Triangular between -1 and 1 with its top at 0: variance 1/6.
    assert np.var(deviation(q, "triangular")) == pytest.approx(1 / 6, rel=1e-4)
    normal = deviation(q, "normal")
    assert np.mean(np.abs(normal) <= 1) == pytest.approx(0.67, abs=1e-4)
    assert np.std(normal) == pytest.approx(1 / norm.ppf(0.835), rel=1e-3)
    with pytest.raises(ParameterError, match="'beta' cannot be drawn from; allowed: uniform, triangular, normal"):
        deviation(0.5, "beta")


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3).map(sorted),
    st.floats(-1, 1),
)
def test_values_lie_within_the_range(ends, at):
    low, value, high = ends
    found = between(low, value, high, [at, -1.0, 0.0, 1.0])
    assert low <= found[0] <= high
    assert found[1:].tolist() == [low, value, high]


def test_what_is_drawn_and_how(model):
    sampling, made = drawn_of(model)
    assert list(sampling.distributions) == DRAWN
    assert sampling.distributions["attraction"] == "triangular"
    assert sampling.distributions["exit_rate"] == "uniform"
    assert sampling.held == {}
    assert made.different == (
        *("attraction", "down:aow_age", "down:net_migration", "factor:exit_rate", "growth", "layoff_time"),
        *("scale:turnover", "up:aow_age", "up:net_migration"),
    )
    draws = made.draws(sampling, 0, 64)
    assert {name: each.shape for name, each in draws.items() if each.ndim > 1} == {"growth": (64, 2)}
    assert (draws["growth"] >= [0, -0.02]).all()
    assert (draws["growth"] <= [0.05, 0.02]).all()
    # Both sectors have one place in their ranges.
    place = sampling.deviations(0, 64)["growth"]
    np.testing.assert_allclose(draws["growth"][:, 1], 0.02 * place, rtol=1e-12)
    assert 0.8 <= draws["factor:exit_rate"].min() < 0.82
    assert 1.2 < draws["factor:exit_rate"].max() <= 1.25
    assert np.median(draws["factor:exit_rate"]) == pytest.approx(1, abs=0.02)


def test_members_do_not_move_when_a_parameter_is_added(model):
    few = read_sampling(model.parameters, ["growth"], 7)
    many = read_sampling(model.parameters, NAMES, 7)
    np.testing.assert_array_equal(few.deviations(0, 20)["growth"], many.deviations(0, 20)["growth"])
    column = DRAWN.index("growth")
    np.testing.assert_array_equal(few.quantiles(0, 20)[:, 0], many.quantiles(0, 20)[:, column])


def changed(folder, old, new, metadata=(("", ""),)):
    text = METADATA
    for one, other in metadata:
        text = text.replace(one, other, 1)
    assert old in table()
    return make(folder, table().replace(old, new), text)


def test_a_range_that_must_not_be_drawn_is_held_and_named(tmp_path):
    model = changed(tmp_path, "attraction,,,,0,-0.5,0.25,triangular,assumed", "attraction,,,,0,-0.5,0.25,,unknown")
    sampling = read_sampling(model.parameters, NAMES, 7)
    assert sampling.held == {"attraction": "no number exists; its range is for exploration only"}
    assert "attraction" not in sampling.distributions
    ds = model.run(save=["jobs"], members=3, seed=1)
    assert ds.attrs["held_parameters"].startswith("attraction: no number exists")


def test_a_constant_is_held(tmp_path):
    model = changed(tmp_path, "0.5,0.25,1,uniform", "0.5,0.25,1,constant")
    assert "constant" in read_sampling(model.parameters, NAMES, 7).held["layoff_time"]


def test_a_distribution_that_is_not_known_is_refused_by_name(tmp_path):
    model = changed(tmp_path, "0.5,0.25,1,uniform", "0.5,0.25,1,lognormal")
    with pytest.raises(ParameterError, match="'layoff_time' has the distribution lognormal; members can be drawn"):
        read_sampling(model.parameters, NAMES, 7)


def test_a_run_without_ranges_has_no_members(model):
    with pytest.raises(ParameterError, match="no parameter of this run has a range"):
        read_sampling(model.parameters, ["initial_people"], 7)


def test_a_count_drawn_below_zero_is_refused_with_the_member(tmp_path):
    model = changed(
        tmp_path, "0.5,0.25,1,uniform", "0.5,0.1,2,normal", [("layoff_time: {unit: year", "layoff_time: {unit: person")]
    )
    mdl = tmp_path / "small.mdl"
    mdl.write_text(mdl.read_text().replace("layoff time= :NA: ~ Year", "layoff time= :NA: ~ person"))
    from krapte_sd.equations import read_model
    from krapte_sd.simulation import LoadedModel

    other = LoadedModel(read_model(mdl), model.parameters)
    with pytest.raises(ParameterError, match=r"'layoff_time' is drawn below zero for member \d+ \(-"):
        other.run(save=["jobs"], members=200, seed=1)
