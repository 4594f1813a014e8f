"""Loading and running a model: the shipped one, and any other."""

import numpy as np
import pytest
from small_models import write_model

import krapte_sd as ks
from krapte_sd.errors import FileError, ModelError, ParameterError
from krapte_sd.kernel import Series

DECAY = """
Thing: a, b ~ ~ |
clock= INTEG(1, 0) ~ Year ~ a scalar stock |
stock[Thing]= INTEG(inflow[Thing]-rate*stock[Thing], 10) ~ person ~ things on hand |
rate= 0.5 ~ 1/Year ~ share that leaves |
arrivals per year[Thing]:HOLD BACKWARD: ~ person/Year ~ input |
inflow[Thing]= arrivals per year[Thing] ~ person/Year ~ what comes in |
total= SUM(stock[Thing!]) ~ person ~ all |
"""


@pytest.fixture
def path(tmp_path):
    return write_model(tmp_path, DECAY)


def arrivals(years=range(2000, 2005)):
    return {"arrivals_per_year": Series(np.array(years), np.tile([1.0, 2.0], (len(years), 1)))}


def test_any_vensim_model_runs(path):
    model = ks.load_model(path)
    assert model.parameters is None
    assert repr(model) == f"<model small.mdl: {len(model.equations.variables)} variables>"
    ds = model.run(arrivals(), save=["total", "stock"], integrate=["inflow"], step=1 / 16, solver="rk4")
    assert ds["stock"].dims == ("time", "thing")
    assert ds["inflow"].dims == ("year", "thing")
    assert ds["thing"].values.tolist() == ["a", "b"]
    exact = np.array([2.0, 4.0]) + np.array([8.0, 6.0]) * np.exp(-0.5 * np.arange(5.0))[:, None]
    np.testing.assert_allclose(ds["stock"], exact, rtol=1e-6)
    np.testing.assert_allclose(ds["inflow"], np.tile([1.0, 2.0], (4, 1)), rtol=1e-14)
    assert ds["stock"].attrs == {
        "long_name": "stock",
        "units": "person",
        "description": "things on hand",
        "module": "",
    }
    assert ds["inflow"].attrs["units"] == "person"


def test_without_names_all_stocks_are_given(path):
    ds = ks.load_model(path).run(arrivals())
    assert list(ds.data_vars) == ["clock", "stock"]
    np.testing.assert_allclose(ds["clock"], np.arange(5.0))


def test_start_and_stop(path):
    ds = ks.load_model(path).run(arrivals(), start=2001, stop=2003, save=["clock"])
    assert [str(each)[:4] for each in ds["time"].values] == ["2001", "2002", "2003"]
    assert "thing" not in ds.coords


def test_both_engines(path):
    model = ks.load_model(path)
    names = ["stock", "total", "rate"]
    ours = model.run(arrivals(), solver="euler", save=names)
    theirs = model.run(arrivals(), engine="pysd", save=names)
    for name in names:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12)


def test_a_constant_of_the_file_takes_another_value(path):
    ds = ks.load_model(path).run({**arrivals(), "rate": 0.0}, save=["stock"])
    np.testing.assert_allclose(ds["stock"][-1], [14.0, 18.0], rtol=1e-14)


def test_an_input_that_was_not_set_is_named(path):
    with pytest.raises(ParameterError, match="arrivals_per_year"):
        ks.load_model(path).run(save=["total"])


def test_unknown_names(path):
    model = ks.load_model(path)
    with pytest.raises(ParameterError, match=r"'arrivals_per_yaer' is not .*; did you mean 'arrivals_per_year'"):
        model.run({"arrivals_per_yaer": 1.0})
    with pytest.raises(ParameterError, match="save: 'stok' is not a variable of the model; did you mean 'stock'"):
        model.run(arrivals(), save=["stok"])
    with pytest.raises(ParameterError, match="PySD gives no integrals over a year; remedy: engine='compiled'"):
        model.run(arrivals(), engine="pysd", save=["total"], integrate=["inflow"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": 0.3}, "step must be 1, 1/2, 1/4"),
        ({"step": 0.0}, "step must be 1, 1/2, 1/4"),
        ({"solver": "rk5"}, "found 'rk5'; did you mean 'rk"),
        ({"stop": 2000}, "stop must be after start"),
        ({"engine": "vensim"}, "found 'vensim'"),
    ],
)
def test_bad_settings(path, options, message):
    with pytest.raises(ParameterError, match=message):
        ks.load_model(path).run(arrivals(), save=["total"], **options)


def test_files_that_are_not_there_or_no_model(tmp_path):
    with pytest.raises(FileError, match=r"none\.mdl.*No such file"):
        ks.load_model(tmp_path / "none.mdl")
    bad = write_model(tmp_path, "a= b+ ~ ~ |\n")
    with pytest.raises(ModelError, match=r"small\.mdl:"):
        ks.load_model(bad)


def test_the_shipped_model_is_loaded_once():
    assert ks.load_model() is ks.load_model()
    assert ks.load_model().parameters is not None


def test_inputs_of_the_shipped_model_can_be_given():
    model = ks.load_model()
    given = model.run({"wage_response": 0.03}, save=["wage_response", "wage_pressure"], stop=2026)
    assert (given["wage_response"] == 0.03).all()
    own = model.run(save=["wage_response", "wage_pressure"], stop=2026)
    assert not np.array_equal(given["wage_pressure"][-1], own["wage_pressure"][-1])
    with pytest.raises(ParameterError, match=r"'turnover' has shape \(\), it must be \(19,\) = \[Sector\]"):
        model.run({"turnover": 1.0}, save=["vacancies"], stop=2025)


def test_years_outside_the_tables_are_refused():
    with pytest.raises(ParameterError, match="the table covers 2024 to 2051, needed are 2024 to 2053"):
        ks.load_model().run(save=["births"], stop=2053)


def test_programs_are_compiled_once():
    model = ks.load_model()
    assert model.program(("births",)) is model.program(("births",))
