"""What members hold: independent of their number, of blocks, threads and workers; and equal to single runs."""

import io

import numpy as np
import pytest
import xarray as xr
from small_ensemble import INTEGRATE, SAVE

import krapte_sd as ks
from krapte_sd.ensemble import LEVELS, STATISTICS, deviation
from krapte_sd.ensemble.recipe import Recipe
from krapte_sd.errors import FileError, ParameterError
from krapte_sd.kernel import Series


def recipes(monkeypatch):
    """Take down the blocks that are run."""
    found = []
    block = Recipe.block

    def told(self, first, count, threads=None):
        found.append((first, count))
        return block(self, first, count, threads)

    monkeypatch.setattr(Recipe, "block", told)
    return found


def test_member_7_is_the_same_in_10_and_in_1000(run, monkeypatch):
    blocks = recipes(monkeypatch)
    few, many = run(members=10, seed=7, full=True), run(members=1000, seed=7, full=True)
    assert blocks == [(0, 10), (0, 512), (512, 488)]
    for name in (*SAVE, *INTEGRATE, "parameter_quantile"):
        assert few[name].isel(member=7).values.tobytes() == many[name].isel(member=7).values.tobytes(), name
        assert (few[name].isel(member=7) != few[name].isel(member=8)).any(), name


def test_a_member_is_a_run_with_the_parameters_drawn_for_it(model, members):
    tables = model.parameters
    at = {
        name: deviation(members["parameter_quantile"].sel(parameter=name).values, how)
        for name, how in (each.split(": ") for each in members.attrs["sampled_parameters"].split("; "))
    }

    def inputs(changes):
        changes = {name: end if end.ndim else float(end) for name, end in changes.items()}
        return model.with_parameters(tables.replace(changes)).inputs(["exit_rate"], 2024, 2028)["exit_rate"]

    central = inputs({})
    old, young = (inputs({"aow_age": end("aow_age")}).values for end in (tables.high, tables.low))
    assert np.abs(old - central.values).max() > 0.001
    for member in (0, 7, 39):
        z = {name: float(each[member]) for name, each in at.items()}

        def drawn(name, z=z):
            middle, end = tables.values(name), (tables.high if z[name] > 0 else tables.low)(name)
            found = middle + abs(z[name]) * (end - middle)
            return (found.sel(sector=["Q", "F"]) if "sector" in found.dims else found).values

        moved = central.values + abs(z["aow_age"]) * ((old if z["aow_age"] > 0 else young) - central.values)
        factor = 1 + z["exit_rate"] * (0.25 if z["exit_rate"] > 0 else 0.2)
        params = {name: drawn(name) for name in ("growth", "layoff_time", "attraction", "turnover")}
        params["net_migration"] = Series(np.arange(2024, 2029), drawn("net_migration"))
        params["exit_rate"] = Series(central.years, factor * moved)
        alone = model.run(params, save=SAVE, integrate=INTEGRATE)
        for name in (*SAVE, *INTEGRATE):
            np.testing.assert_allclose(members[name].isel(member=member), alone[name], rtol=1e-12, err_msg=name)


def test_the_central_run_stands_beside_the_statistics_of_the_members(run, members):
    ds, alone = run(members=40, seed=7), run()
    assert ds["statistic"].values.tolist() == list(STATISTICS)
    assert STATISTICS == ("central", "mean", "q05", "q10", "q25", "q50", "q75", "q90", "q95")
    for name in (*SAVE, *INTEGRATE):
        assert ds[name].dims == ("statistic", *alone[name].dims)
        assert ds[name].attrs == alone[name].attrs
        np.testing.assert_array_equal(ds[name].sel(statistic="central"), alone[name])
        np.testing.assert_allclose(ds[name].sel(statistic="mean"), members[name].mean("member"), rtol=1e-14)
        exact = np.quantile(members[name], LEVELS, axis=0)
        np.testing.assert_allclose(ds[name].values[2:], exact, rtol=1e-14, err_msg=name)
    assert ds.attrs["members"] == 40
    assert ds.attrs["seed"] == 7
    assert ds.attrs["sampled_parameters"].startswith("aow_age: uniform; attraction: triangular; ")


@pytest.mark.parametrize("members", [1, 2])
def test_few_members_have_statistics_too(run, members):
    ds, full = run(members=members, seed=3), run(members=members, seed=3, full=True)
    np.testing.assert_allclose(ds["jobs"].sel(statistic="q95"), np.quantile(full["jobs"], 0.95, axis=0), rtol=1e-14)


@pytest.mark.parametrize(("chunk", "threads"), [(1, 1), (7, 2), (8, 1), (16, 3), (40, 1), (1000, 2)])
def test_blocks_and_threads_do_not_matter(model, members, monkeypatch, chunk, threads):
    import krapte_sd.ensemble as ensemble

    original = ensemble.run_ensemble
    monkeypatch.setattr(ensemble, "run_ensemble", lambda *a, **o: original(*a, **o, chunk=chunk, threads=threads))
    blocks = recipes(monkeypatch)
    found = model.run(save=SAVE, integrate=INTEGRATE, members=40, seed=7, full=True)
    assert len(blocks) == -(-40 // chunk)
    xr.testing.assert_identical(found, members)


def test_what_the_caller_sets_is_not_drawn(model):
    ds = model.run({"layoff_time": 0.75, "growth": [0.01, 0.03]}, save=["jobs"], members=9, seed=1, full=True)
    assert ds["parameter"].values.tolist() == ["attraction", "turnover"]
    one = model.run({"layoff_time": 0.75, "growth": [0.01, 0.03]}, save=["jobs"])
    other = model.run(save=["jobs"])
    summary = model.run({"layoff_time": 0.75, "growth": [0.01, 0.03]}, save=["jobs"], members=9, seed=1)
    np.testing.assert_array_equal(summary["jobs"].sel(statistic="central"), one["jobs"])
    assert (one["jobs"] != other["jobs"]).any()


def test_parameters_set_by_the_scenario_are_not_drawn(model):
    changed = model.with_parameters(model.parameters.replace({"layoff_time": 0.75}))
    ds = changed.run(save=["jobs"], members=2, seed=1, full=True)
    assert ds["parameter"].values.tolist() == ["attraction", "growth", "turnover"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"members": 0}, "members=0: give a whole number from 1 to 1000000, such as 1000"),
        ({"members": 2.5}, "members=2.5: give a whole number"),
        ({"members": True}, "members=True: give a whole number"),
        ({"members": "10"}, "members='10': give a whole number"),
        ({"members": 10, "seed": -1}, r"seed=-1: give a whole number from 0 to 2\*\*64 - 1, such as 7"),
        ({"members": 10, "seed": None}, "seed=None: give a whole number"),
        ({"members": -1, "seed": 0.5}, r"2 problems\n  members=-1: .*\n  seed=0.5: "),
    ],
)
def test_a_bad_number_of_members_or_seed_is_refused(run, options, message):
    with pytest.raises(ParameterError, match=message):
        run(**options)
    with pytest.raises(ParameterError, match=message):
        ks.run("baseline", **options)


def test_a_bad_file_is_refused_before_the_work(run, tmp_path, monkeypatch):
    blocks = recipes(monkeypatch)
    with pytest.raises(FileError, match=r"written as netCDF or Zarr; let the name end in \.nc or \.zarr"):
        run(members=5, out=tmp_path / "a.csv")
    with pytest.raises(FileError, match="nowhere"):
        run(members=5, out=tmp_path / "nowhere" / "a.nc")
    (tmp_path / "b.zarr").mkdir()
    with pytest.raises(FileError, match="something else stands there"):
        run(members=5, out=tmp_path / "b.zarr")
    assert blocks == []
    assert [each.name for each in tmp_path.iterdir()] == ["b.zarr"]


def test_options_of_an_ensemble_need_members():
    with pytest.raises(ParameterError, match="seed, full: for ensembles only; remedy: give members"):
        ks.run("baseline", seed=7, full=True)


def test_a_model_without_tables_has_no_members(tmp_path):
    from small_models import write_model

    model = ks.load_model(write_model(tmp_path, "stock= INTEG(-stock, 1) ~ person ~ |"))
    with pytest.raises(ParameterError, match="members need parameter tables with ranges"):
        model.run(members=3)
    with pytest.raises(ParameterError, match="PySD runs no members"):
        model.run(members=3, engine="pysd")


def test_the_shipped_model_runs_members():
    """Three years, by the public interface: labels, order of the quantiles, and the draws within what tables say."""
    ds = ks.run("baseline", until=2026, members=20, seed=7)
    alone = ks.run("baseline", until=2026, by_age=False)
    assert set(ds.data_vars) == set(alone.data_vars)
    assert ds["need_gap"].dims == ("statistic", *alone["need_gap"].dims)
    for name in alone.data_vars:
        np.testing.assert_array_equal(ds[name].sel(statistic="central"), alone[name], err_msg=name)
    assert (ds.sel(statistic="q05") <= ds.sel(statistic="q95")).to_dataarray().all()
    assert float(ds["labour_force"].sel(statistic="q05")[-1].sum()) < float(alone["labour_force"][-1].sum())
    assert ds["sector_name"].values.tolist() == alone["sector_name"].values.tolist()
    told = dict(each.split(": ") for each in ds.attrs["sampled_parameters"].split("; "))
    assert told["net_migration_assumed"] == "normal"
    assert {"aow_age", "mortality_rate", "turnover", "wage_response"} <= set(told)


def test_the_stocks_by_age_are_given_on_request():
    ds = ks.run("baseline", until=2025, members=3, seed=7, by_age=True, full=True)
    assert ds["population_by_age"].dims[:2] == ("member", "time")
    total = ds["population_by_age"].sum(["sex", "age"])
    np.testing.assert_allclose(total, ds["population_total"], rtol=1e-12)


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "asked", "shown"), [(_Terminal, True, True), (_Terminal, False, False), (io.StringIO, True, False)]
)
def test_a_progress_bar_is_shown_on_a_terminal_only(model, monkeypatch, stream, asked, shown):
    import krapte_sd.ensemble as ensemble

    original = ensemble.run_ensemble
    monkeypatch.setattr(ensemble, "run_ensemble", lambda *a, **o: original(*a, **o, progress=asked, chunk=8))
    written = stream()
    monkeypatch.setattr("sys.stderr", written)
    model.run(save=SAVE, integrate=INTEGRATE, members=40, seed=7)
    assert ("40/40" in written.getvalue()) == shown
    assert shown or not written.getvalue()
