"""The numbers of the members, the distributions, and the inputs made of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm, qmc
from small_ensemble import CONTROL, METADATA, MODEL, make, table
from small_models import write_model

from krapte_sd.ensemble import Sampling, between, deviation, read_sampling
from krapte_sd.ensemble.drawn import draw_inputs
from krapte_sd.ensemble.points import Points
from krapte_sd.equations import read_model
from krapte_sd.errors import ParameterError
from krapte_sd.parameters import read_parameters
from krapte_sd.simulation import LoadedModel

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
    draws = made.draws(sampling.deviations(0, 64))
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


def with_correlation(added="correlation: {over: sector, by: attraction}"):
    """The metadata, with something added to those of growth."""
    said = "growth: {unit: 1/year, dimensions: [sector],"
    return METADATA.replace(said, f"{said} {added},", 1)


def one_by_one(folder, correlation="0.36", distribution="normal"):
    """The growth of each sector is drawn by itself; any two have the correlation."""
    text = table().replace("growth,Q,,,0.02,0,0.05,uniform", f"growth,Q,,,0.02,0,0.05,{distribution}")
    text = text.replace("growth,F,,,0,-0.02,0.02,uniform", f"growth,F,,,0,-0.02,0.02,{distribution}")
    text = text.replace("attraction,,,,0,-0.5,0.25,triangular", f"attraction,,,,{correlation},{correlation},2,constant")
    return make(folder, text, with_correlation())


def test_values_drawn_one_by_one_have_their_distribution_and_correlation(tmp_path, model):
    sampling = read_sampling(one_by_one(tmp_path).parameters, NAMES, 7)
    places = sampling.deviations(0, 4000)
    assert places["growth"].shape == (4000, 2)
    assert np.corrcoef(places["growth"].T)[0, 1] == pytest.approx(0.36, abs=0.03)
    for each in places["growth"].T:
        assert kstest(each * norm.ppf(0.835), "norm").pvalue > 0.2
    # what the other parameters have is theirs as before
    before = read_sampling(model.parameters, NAMES, 7).deviations(0, 4000)
    for name in set(places) - {"growth"}:
        np.testing.assert_array_equal(places[name], before[name])


@pytest.mark.parametrize(("correlation", "alike"), [("1", True), ("0", False)])
def test_at_the_ends_of_the_correlation_values_move_as_one_or_by_themselves(tmp_path, correlation, alike):
    places = read_sampling(one_by_one(tmp_path, correlation).parameters, NAMES, 7).deviations(0, 2000)["growth"]
    assert np.array_equal(places[:, 0], places[:, 1]) == alike
    assert alike or abs(np.corrcoef(places.T)[0, 1]) < 0.03


def test_a_member_has_the_values_drawn_one_by_one_for_it(tmp_path):
    model = one_by_one(tmp_path)
    members = model.run(save=["jobs"], members=5, seed=7, full=True)
    assert {"growth", "growth[F]", "growth[Q]"} <= set(members["parameter"].values.tolist())
    where = members["parameter_quantile"].to_dataset("parameter")
    tables = model.parameters
    for member in (1, 4):
        found = tables.values("growth").copy()
        for sector in found["sector"].values.tolist():
            place = [deviation(where[n].values[member], "normal") for n in ("growth", f"growth[{sector}]")]
            at = 0.6 * place[0] + 0.8 * place[1]
            low, value, high = (
                float(of("growth").sel(sector=sector)) for of in (tables.low, tables.values, tables.high)
            )
            found.loc[sector] = value + at * (high - value if at > 0 else value - low)
        own = {"growth": found, "layoff_time": between(0.25, 0.5, 1, deviation(where["layoff_time"].values, "uniform"))}
        own["layoff_time"] = float(own["layoff_time"][member])
        turnover = tables.values("turnover")
        factor = between(0.75, 1, 1.25, deviation(where["turnover"].values[[member]], "uniform"))[0]
        changed_tables = tables.replace({**own, "turnover": turnover * factor})
        alone = model.with_parameters(changed_tables).run(save=["jobs"])
        np.testing.assert_allclose(members["jobs"].isel(member=member), alone["jobs"], rtol=1e-9)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"correlation": "1.5"}, "with the correlation 'attraction', which is 1.5; remedy: give a number from 0 to 1"),
        ({"distribution": "uniform"}, "'growth' is drawn value by value with a correlation, for which it must be norm"),
    ],
)
def test_values_that_cannot_be_drawn_one_by_one_are_refused(tmp_path, changes, told):
    with pytest.raises(ParameterError, match=told):
        read_sampling(one_by_one(tmp_path, **changes).parameters, NAMES, 7)


def test_at_chosen_points_the_values_drawn_one_by_one_move_by_what_they_share(tmp_path):
    model = one_by_one(tmp_path)
    points = Points(model, ["jobs"], [], (2024, 2026))
    moved = points.quantiles({"growth": np.array([0.5, 0.835])})["jobs"]
    tables = model.parameters
    growth = tables.values("growth") + 0.6 * (tables.high("growth") - tables.values("growth"))
    alone = model.with_parameters(tables.replace({"growth": growth})).run(save=["jobs"])["jobs"].isel(time=slice(0, 3))
    np.testing.assert_allclose(moved.isel(member=1), alone, rtol=1e-9)
    assert (moved.isel(member=0, time=-1) < moved.isel(member=1, time=-1)).all()


def test_a_correlation_over_another_dimension_or_by_nothing_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="over 'age' need it as their only dimension"):
        make(tmp_path, None, with_correlation("correlation: {over: age, by: attraction}"))
    absent = make(tmp_path, None, with_correlation("correlation: {over: sector, by: attractions}"))
    with pytest.raises(ParameterError, match="'attractions', which is no number in the tables"):
        read_sampling(absent.parameters, NAMES, 7)


def test_values_that_the_model_has_by_more_than_their_dimension_are_refused(tmp_path):
    text = with_correlation("same_for: [sex], correlation: {over: sector, by: attraction}")
    one_by_one(tmp_path)
    by_sex = "Sex: female, male ~~|" + MODEL.replace("growth[Sector]= :NA:", "growth[Sector,Sex]= :NA:")
    path = write_model(tmp_path, by_sex.replace("INTEG(growth[Sector]*", "INTEG(SUM(growth[Sector,Sex!])*"), CONTROL)
    (tmp_path / "tables" / "small.yaml").write_text(text)
    model = LoadedModel(read_model(path), read_parameters(tmp_path / "tables"))
    with pytest.raises(ParameterError, match="over sector, and the model has it by Sector, Sex; remedy"):
        drawn_of(model)


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
    other = LoadedModel(read_model(mdl), model.parameters)
    with pytest.raises(ParameterError, match=r"'layoff_time' is drawn below zero for member \d+ \(-"):
        other.run(save=["jobs"], members=200, seed=1)
