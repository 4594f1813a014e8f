"""``krapte-sd simulate``: any Vensim model that brings all its numbers, from the command line."""

import math

import pandas as pd
import pytest
from small_models import write_model

from krapte_sd import cli, open_forecast

MODEL = """
Area: north, south ~ ~ |
people[Area]= INTEG(-people[Area]/life, first people[Area]) ~ person ~ residents |
first people[Area]= 100, 300 ~ person ~ |
life= 10 ~ Year ~ |
"Total, all"= SUM(people[Area!]) ~ person ~ |
"""


def call(capsys, *arguments):
    code = cli.main(["simulate", *(str(each) for each in arguments)])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path, MODEL)


def test_it_prints_a_table_of_the_stocks(model, capsys):
    code, out, err = call(capsys, model)
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["time", "people[north]", "people[south]"]
    assert [line[0] for line in lines[1:]] == ["2000", "2001", "2002", "2003", "2004"]
    # Euler with the step of the file, 1/4, as Vensim itself runs it.
    assert float(lines[-1][1]) == pytest.approx(100 * (1 - 0.25 / 10) ** 16, rel=1e-5)


def test_options_reach_the_run_and_names_may_be_those_of_the_file(model, capsys, tmp_path):
    path = tmp_path / "out.csv"
    options = ["--solver", "rk4", "--step", "0.5", "--until", "2002", "--save", "Total, all", "--save", "PEOPLE"]
    code, out, err = call(capsys, model, *options, "-o", path)
    assert (code, out, err) == (0, f"{path}: written, 3 times\n", "")
    table = pd.read_csv(path)
    assert list(table) == ["time", "total_all", "people[north]", "people[south]"]
    assert table["time"].tolist() == [2000, 2001, 2002]
    assert table["total_all"].tolist() == pytest.approx([400 * math.exp(-t / 10) for t in range(3)], rel=1e-7)
    assert path.read_bytes().count(b"\r") == 0


def test_a_netcdf_file_can_be_opened_again(model, capsys, tmp_path):
    path = tmp_path / "out.nc"
    code, out, err = call(capsys, model, "--save", "people", "-o", path)
    assert (code, err) == (0, "")
    assert out.startswith(f"{path}: written, content SHA-256 ")
    ds = open_forecast(path)
    assert ds["people"].sel(area="south").values[0] == 300
    assert ds["people"].attrs["units"] == "person"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--save", "peoples"], "--save 'peoples': not a variable of the model; did you mean 'people'?"),
        (["--save", "a", "--save", "b"], "bad call: 2 problems"),
        (["--solver", "rk5"], "found 'rk5'"),
        (["--step", "0.3"], "step 0.3 does not divide the time from 2000 to 2004"),
        (["--step", "0"], "--step 0: the time step must be above 0"),
        (["--step", "x"], "argument --step: invalid float value: 'x'"),
        (["--until", "1999"], "stop must be after start, found 2000"),
        (["-o", "a.xlsx"], "--output 'a.xlsx': let the name end in .csv or .nc"),
        (["-o", "no/such/a.csv"], "cannot be written: No such file or directory"),
        (["--stepp", "1"], "unrecognized arguments: --stepp 1"),
    ],
)
def test_a_bad_call_ends_with_one_message_and_2(model, capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    code, out, err = call(capsys, model, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("krapte-sd: ")
    assert err.count("krapte-sd: ") == 1
    assert "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x= nosuch ~ Dmnl ~ |", "'nosuch' is not defined"),
        ("x= :NA: ~ Dmnl ~ |\nlong name= x ~ Dmnl ~ |", "needs a model that brings its numbers; without: 'x'"),
        ("x= INTEG(x*x*x, 9) ~ Dmnl ~ |", "not finite; remedy: a shorter step than"),
    ],
)
def test_what_is_wrong_with_a_model(capsys, tmp_path, text, message):
    path = write_model(tmp_path, text)
    code, out, err = call(capsys, path)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("krapte-sd: ")


def test_a_file_that_is_not_there(capsys, tmp_path):
    code, out, err = call(capsys, tmp_path / "none.mdl")
    assert (code, out) == (2, "")
    assert "none.mdl: the model file cannot be read: No such file or directory" in err
