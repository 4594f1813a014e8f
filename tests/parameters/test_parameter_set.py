"""Reading good tables, and what a parameter set gives."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import xarray as xr

from krapte_sd.errors import ParameterError
from krapte_sd.parameters import read_parameters

NAMES = ("initial_population", "layoff_time", "mortality_rate", "net_migration", "turnover", "wage_attraction")


@pytest.fixture
def parameters(folder):
    return read_parameters(folder)


def test_names_and_size(parameters):
    assert parameters.names == NAMES
    assert len(parameters) == 6
    assert list(parameters) == list(NAMES)
    assert "turnover" in parameters
    assert "turn" not in parameters


def test_values_have_declared_order_labels_and_unit(parameters):
    rate = parameters.values("mortality_rate")
    assert rate.dims == ("sex", "age", "year")
    assert rate.shape == (2, 4, 3)
    assert list(rate.sex.values) == ["female", "male"]
    assert rate.age.dtype.kind == "i"
    assert list(rate.year.values) == [2024, 2025, 2026]
    assert rate.sel(sex="male", age=3, year=2026).item() == 0.403
    assert rate.attrs == {"units": "1/year", "long_name": "Deaths per person-year."}


def test_sectors_stand_in_the_order_of_the_classification_not_of_the_rows(parameters):
    turnover = parameters.values("turnover")
    assert list(turnover.sector.values) == ["F", "Q"]
    assert list(turnover.values) == [1.25, 0.8]


def test_scalar(parameters):
    assert parameters.values("layoff_time").dims == ()
    assert parameters.values("layoff_time").item() == 0.5


def test_ranges_come_from_cells_or_from_the_rule(parameters):
    assert list(parameters.low("turnover").values) == [1.0, 0.7]
    assert list(parameters.high("turnover").values) == [1.5, 0.9]
    rate = parameters.values("mortality_rate")
    xr.testing.assert_allclose(parameters.low("mortality_rate"), rate * 0.9)
    xr.testing.assert_allclose(parameters.high("mortality_rate"), rate * 1.2)
    # kind none: no range
    assert parameters.low("initial_population").identical(parameters.values("initial_population"))


def test_relative_range_of_negative_values_is_not_upside_down(parameters):
    assert (parameters.low("net_migration") < parameters.values("net_migration")).all()
    assert parameters.low("net_migration").sel(year=2024).item() == pytest.approx(-15.75)


def test_absolute_range(folder):
    meta = (folder / "work.yaml").read_text()
    rule = "range: {kind: absolute, low: -0.1, high: 0.3, basis: x}"
    (folder / "work.yaml").write_text(meta.replace("method: Read off.", f"method: Read off., {rule}"))
    table = (folder / "work.csv").read_text()
    (folder / "work.csv").write_text(table.replace("0.8,0.7,0.9", "0.8,,"))
    changed = read_parameters(folder)
    assert changed.low("turnover").sel(sector="Q").item() == pytest.approx(0.7)
    assert changed.high("turnover").sel(sector="Q").item() == pytest.approx(1.1)
    assert changed.high("turnover").sel(sector="F").item() == 1.5


def test_what_is_given_out_is_a_copy_and_what_is_kept_cannot_be_written(parameters):
    parameters.values("turnover")[:] = 99.0
    assert parameters.values("turnover").max() == 1.25
    with pytest.raises(ValueError, match="read-only"):
        parameters["turnover"].value[0] = 1.0


def test_sources_and_statuses(parameters):
    assert list(parameters.sources("turnover")) == ["cbs", "paper"]
    assert parameters.sources("net_migration")["paper"].citation == "A. Author (2020). A paper."
    assert parameters.sources("initial_population")["cbs"].vintage == "2023"
    assert parameters.status_counts() == {
        "observed": 8,
        "official_projection": 0,
        "estimated": 25,
        "literature": 1,
        "assumed": 4,
        "unknown": 1,
    }
    assert sum(parameters.status_counts("turnover").values()) == 2


def test_table_has_one_row_per_parameter(parameters):
    table = parameters.table().set_index("parameter")
    assert tuple(table.index) == NAMES
    assert table.loc["mortality_rate", "dimensions"] == "sex, age, year"
    assert table.loc["mortality_rate", "rows"] == 24
    assert table.loc["turnover", "statuses"] == "estimated, literature"
    assert table.loc["turnover", "sources"] == "cbs, paper"
    assert table.loc["layoff_time", "unit"] == "year"
    assert table.loc["layoff_time", "definition"] == "Time to lay off."


def test_rows_are_tidy(parameters):
    rows = parameters.rows("mortality_rate")
    assert list(rows.columns) == ["sex", "age", "year", "value", "low", "high", "status", "source"]
    assert len(rows) == 24
    one = rows[(rows.sex == "male") & (rows.age == 2) & (rows.year == 2025)]
    assert one.value.item() == 0.302
    assert parameters.rows("layoff_time").value.item() == 0.5


def test_sparse_figures_have_rows_but_no_array(folder):
    table = (folder / "population.csv").read_text().splitlines()
    kept = [line for line in table if not line.startswith("mortality_rate,,,male,2")]
    (folder / "population.csv").write_text("\n".join(kept) + "\n")
    with pytest.raises(ParameterError, match=r"misses 3 of 24 cells"):
        read_parameters(folder)
    meta = (folder / "population.yaml").read_text()
    (folder / "population.yaml").write_text(meta.replace("    unit: 1/year", "    unit: 1/year\n    sparse: true"))
    parameters = read_parameters(folder)
    rows = parameters.rows("mortality_rate")
    assert len(rows) == 21
    assert sorted(set(rows[rows.sex == "male"].age)) == [0, 1, 3]
    with pytest.raises(ParameterError, match=r"mortality_rate: the parameter is sparse.*remedy: use rows"):
        parameters.values("mortality_rate")


def test_unknown_name_says_the_nearest(parameters):
    with pytest.raises(ParameterError, match=r"unknown parameter; found 'turnovers'.*did you mean 'turnover'\?"):
        parameters.values("turnovers")


def test_checksum_is_stable_and_sees_every_change(folder, parameters):
    assert parameters.sha256 == read_parameters(folder).sha256
    assert len(parameters.sha256) == 64
    table = folder / "work.csv"
    text = table.read_text()
    table.write_bytes(text.replace("\n", "\r\n").encode())
    assert read_parameters(folder).sha256 == parameters.sha256, "line ends as git writes them on Windows"
    table.write_text(text.replace("1.25,", "1.26,"))
    assert read_parameters(folder).sha256 != parameters.sha256
    table.write_text(text)
    (folder / "work.yaml").rename(folder / "labour.yaml")
    table.rename(folder / "labour.csv")
    assert read_parameters(folder).sha256 != parameters.sha256


def test_sub_folders_hidden_and_other_files_are_left_alone(folder, parameters):
    (folder / "policies").mkdir()
    (folder / "policies" / "a.yaml").write_text("nonsense: [")
    (folder / ".keep").write_text("")
    (folder / "README.md").write_text("# Tables\n")
    assert read_parameters(folder).sha256 == parameters.sha256


def test_replace_scalar(parameters):
    changed = parameters.replace({"layoff_time": 0.75})
    assert changed.values("layoff_time").item() == 0.75
    assert changed.low("layoff_time").item() == 0.75
    assert parameters.values("layoff_time").item() == 0.5
    assert changed.changed == ("layoff_time",)
    assert list(changed.sources("layoff_time")) == ["scenario"]
    assert changed.status_counts("layoff_time")["assumed"] == 1
    assert changed.sha256 != parameters.sha256
    assert changed.sha256 == parameters.replace({"layoff_time": np.float64(0.75)}).sha256
    assert "scenario" in changed.table().set_index("parameter").loc["layoff_time", "sources"]


def test_replace_array_in_any_order_of_dimensions_and_labels(parameters):
    rate = parameters.values("mortality_rate")
    shuffled = (rate * 2).transpose("year", "sex", "age").isel(sex=[1, 0], age=[3, 0, 2, 1])
    changed = parameters.replace({"mortality_rate": shuffled})
    np.testing.assert_array_equal(changed.values("mortality_rate"), rate * 2)
    assert changed.values("mortality_rate").dims == rate.dims


def test_replacing_nothing_changes_nothing(parameters):
    assert parameters.replace({}) is parameters


def test_changes_add_up(parameters):
    both = parameters.replace({"layoff_time": 0.75}).replace({"wage_attraction": 0.1})
    assert both.changed == ("layoff_time", "wage_attraction")


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        (
            "layof_time",
            lambda rate: 1.0,
            r"layof_time: unknown parameter; found 'layof_time'.*did you mean 'layoff_time'",
        ),
        ("layoff_time", lambda rate: float("nan"), r"layoff_time: a value is not a finite number; found 'nan'"),
        ("layoff_time", lambda rate: True, r"layoff_time: neither an array nor a number; found 'bool'"),
        ("layoff_time", lambda rate: "1", r"layoff_time: neither an array nor a number; found 'str'"),
        ("layoff_time", lambda rate: rate, r"layoff_time: other dimensions.*\[sex, age, year\].*allowed: \[\]"),
        ("mortality_rate", lambda rate: 0.1, r"a number is not repeated over the dimensions \[sex, age, year\]"),
        ("mortality_rate", lambda rate: rate.values, r"neither an array nor a number; found 'ndarray'"),
        ("mortality_rate", lambda rate: rate.isel(year=0, drop=True), r"other dimensions than the parameter"),
        ("mortality_rate", lambda rate: rate.isel(year=[0, 1]), r"other labels along year.*found '2026'"),
        ("mortality_rate", lambda rate: rate.assign_coords(sex=["f", "m"]), r"other labels along sex.*found 'f'"),
        ("mortality_rate", lambda rate: rate.isel(age=[0, 0, 1, 2, 3]), r"other labels along age"),
        ("mortality_rate", lambda rate: rate.drop_vars("age"), r"other labels along age"),
        ("mortality_rate", lambda rate: rate.astype(str), r"the array does not hold numbers"),
        ("mortality_rate", lambda rate: rate / 0 * 0, r"a value is not a finite number"),
    ],
)
def test_replace_refuses(parameters, name, make, message):
    with np.errstate(all="ignore"):
        change = make(parameters.values("mortality_rate"))
    with pytest.raises(ParameterError, match=message) as caught:
        parameters.replace({name: change})
    assert "remedy: " in str(caught.value)


def test_replace_refuses_a_negative_stock_but_not_a_negative_balance(parameters):
    population = parameters.values("initial_population")
    with pytest.raises(ParameterError, match=r"a value in person cannot be negative; found '-203\.0'"):
        parameters.replace({"initial_population": -population})
    changed = parameters.replace({"net_migration": -parameters.values("net_migration")})
    assert changed.values("net_migration").max() > 0


def test_all_refused_changes_come_in_one_message(parameters):
    with pytest.raises(ParameterError) as caught:
        parameters.replace({"a": 1, "b": 2, "layoff_time": float("inf")})
    assert len(caught.value.problems) == 3


def test_parameters_survive_a_trip_to_another_process(parameters):
    again = pickle.loads(pickle.dumps(parameters))
    assert again.sha256 == parameters.sha256
    np.testing.assert_array_equal(again.values("mortality_rate"), parameters.values("mortality_rate"))


def test_a_big_table_is_read_quickly(tmp_path):
    import time

    years, ages = range(2024, 2052), range(101)
    lines = ["parameter,sex,age,year,value,low,high,distribution,status,source"]
    for name in ("a", "b", "c", "d"):
        for sex in ("female", "male"):
            lines += [f"{name},{sex},{a},{y},{a / (y + 7):.10g},,,normal,estimated,cbs" for a in ages for y in years]
    (tmp_path / "big.csv").write_text("\n".join(lines) + "\n")
    entry = "{unit: 1/year, dimensions: [sex, age, year], definition: x, method: x, range: {kind: none, basis: x}}"
    meta = "title: x\ndescription: x\nlicence: x\nsources: {cbs: {citation: x}}\nparameters:\n"
    (tmp_path / "big.yaml").write_text(meta + "".join(f"  {name}: {entry}\n" for name in "abcd"))
    start = time.process_time()
    parameters = read_parameters(tmp_path)
    assert time.process_time() - start < 1.0  # 0.06 s on an idle machine for 22,624 rows
    assert sum(parameters.status_counts().values()) == 22_624
