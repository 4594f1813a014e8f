"""The command line: exit codes, messages, and what it hands to the library."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest
from netcdf_sample import sample
from outputs import call

import krapte_sd
import krapte_sd.files as files
from krapte_sd import cli
from krapte_sd.commands.printing import print_table
from krapte_sd.errors import ParameterError, ScenarioError


@pytest.fixture
def library(monkeypatch):
    """The library's functions replaced by ones that write down how they were called."""
    calls = SimpleNamespace(run=[])

    def run(scenario="baseline", **options):
        calls.run.append((scenario, options))
        return sample()

    table = pd.DataFrame({"name": ["a", "b"], "label": ["één", None], "value": [1.0, 2.25]})
    monkeypatch.setattr(krapte_sd, "run", run, raising=False)
    for name in ("scenarios", "populations", "parameters", "variables"):
        monkeypatch.setattr(krapte_sd, name, lambda: table, raising=False)
    return calls


def test_a_cell_without_text_is_empty(capsys):
    """With pandas 2 a column of text keeps None, which must not be printed as a word."""
    print_table(pd.DataFrame({"a": pd.Series(["x", None], dtype=object), "b": [1.5, None], "c": [1, 2]}), as_csv=False)
    out = capsys.readouterr().out
    assert [line.split() for line in out.splitlines()] == [["a", "b", "c"], ["x", "1.5", "1"], ["2"]]


def test_run_writes_the_forecast(library, capsys, tmp_path):
    path = tmp_path / "forecast.nc"
    code, out, err = call(capsys, "run", "baseline", "-o", path)
    assert (code, err) == (0, "")
    assert library.run == [("baseline", {})]
    assert out.startswith(f"{path}: written, content SHA-256 ")
    assert files.open_netcdf(path).identical(sample())


def test_run_hands_every_option_on(library, capsys, tmp_path):
    options = ["--population", "groen", "--until", "2040", "--solver", "euler", "--step", "0.0625"]
    settings = ["--set", "separation_rate=0.1", "--set", " hours = -1.5e3 "]
    code, _, err = call(capsys, "run", "high", "--output", tmp_path / "a.nc", *options, *settings)
    assert (code, err) == (0, "")
    assert library.run == [
        (
            "high",
            {
                "population": "groen",
                "until": 2040,
                "solver": "euler",
                "step": 0.0625,
                "parameters": {"separation_rate": 0.1, "hours": -1500.0},
            },
        )
    ]


BAD_CALLS = [
    ([], "the following arguments are required: COMMAND; see 'krapte-sd --help'"),
    (
        ["rnu"],
        "'rnu' is not known; did you mean 'run'? (one of: run, ",
    ),
    (["list", "varables"], "'varables' is not known; did you mean 'variables'? (one of: scenarios, "),
    (["run"], "required: SCENARIO, -o/--output; see 'krapte-sd run --help'"),
    (["run", "baseline"], "required: -o/--output"),
    (["run", "baseline", "-o", "a.nc", "--until", "soon"], "argument --until: invalid int value: 'soon'"),
    (["run", "baseline", "-o", "a.nc", "--step", "x"], "argument --step: invalid float value: 'x'"),
    (["run", "baseline", "-o", "a.nc", "--popul", "x"], "unrecognized arguments: --popul x"),
    (
        ["run", "baseline", "-o", "a.cvs"],
        "a.cvs: the end of the name says the format; found '.cvs', allowed: .nc, .zarr",
    ),
    (["run", "b", "-o", "a.csv", "--members", "9", "--full"], "--full: all members are written as .nc or .zarr; found"),
    (["run", "baseline", "-o", "no/such/folder/a.nc"], "cannot be written: No such file or directory; make the folder"),
    (["run", "baseline", "-o", "a.nc", "--set", "x"], "--set 'x': NAME=VALUE is needed"),
    (["run", "baseline", "-o", "a.nc", "--set", "x=1,5"], "'1,5' is not a finite number with a decimal point"),
    (["run", "baseline", "-o", "a.nc", "--set", "x=nan"], "'nan' is not a finite number"),
    (["run", "baseline", "-o", "a.nc", "--set", "x=1e999"], "'1e999' is not a finite number"),
    (["run", "baseline", "-o", "a.nc", "--set", "x=1", "--set", "x=2"], "'x' is given twice"),
    (["report", "baseline"], "required: -o/--output; see 'krapte-sd report --help'"),
    (["report", "baseline", "-o", "a.pdf"], "a.pdf: a report is an HTML page; let the name end in .html"),
    (["explore", "--port", "99999"], "port=99999: allowed: 0 (any that is free) to 65535"),
    (["check", "missing.nc"], "missing.nc: cannot be read: No such file or directory"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_CALLS)
def test_a_bad_call_ends_with_one_message_and_2(library, capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("krapte-sd: ")
    assert err.count("krapte-sd: ") == 1
    assert "Traceback" not in err
    assert library.run == []
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_the_file_says_the_format(library, capsys, tmp_path):
    code, _, err = call(capsys, "run", "baseline", "-o", tmp_path / "a.csv", "--members", "9")
    assert (code, err) == (0, "")
    assert library.run == [("baseline", {"members": 9, "seed": 0, "progress": True})]
    assert files.open_forecast(tmp_path / "a.csv").identical(sample())
    code, out, err = call(capsys, "check", tmp_path / "a.csv")
    assert (code, err) == (0, "")
    assert out.startswith(f"{tmp_path / 'a.csv'}: whole and unchanged\nschema version: 1\n")


def test_all_wrong_settings_in_one_message(library, capsys):
    code, _, err = call(capsys, "run", "b", "-o", "a.nc", "--set", "x", "--set", "y=z", "--set", "=1")
    assert code == 2
    assert "3 problems" in err


@pytest.mark.parametrize("error", [ScenarioError("scenario 'x' is not known"), ParameterError("two\nlines")])
def test_an_error_of_the_library_is_one_message_and_2(library, capsys, monkeypatch, tmp_path, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(krapte_sd, "run", fail)
    code, out, err = call(capsys, "run", "x", "-o", tmp_path / "a.nc")
    assert (code, out, err) == (2, "", f"krapte-sd: {error}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_fault_in_the_program_is_not_hidden(library, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(krapte_sd, "run", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["run", "x", "-o", str(tmp_path / "a.nc")])


def test_an_interrupt_is_130_and_leaves_nothing(library, capsys, monkeypatch, tmp_path):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(krapte_sd, "run", interrupt)
    assert call(capsys, "run", "x", "-o", tmp_path / "a.nc") == (130, "", "krapte-sd: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["scenarios", "population", "parameters", "variables"])
def test_lists(library, capsys, what):
    code, out, err = call(capsys, "list", what)
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [["name", "label", "value"], ["a", "één", "1"], ["b", "2.25"]]
    code, out, err = call(capsys, "list", what, "--csv")
    assert (code, out, err) == (0, "name,label,value\na,één,1.0\nb,,2.25\n", "")


def validation(monkeypatch, *good):
    rows = [("population", f"line {i}", 1.0, 1.0, 0.0, 0.01, "dmnl", ok) for i, ok in enumerate(good)]
    columns = ["group", "line", "model", "reference", "deviation", "allowed", "unit", "ok"]
    module = SimpleNamespace(validate=lambda: pd.DataFrame(rows, columns=columns))
    monkeypatch.setitem(sys.modules, "krapte_sd.validation", module)
    monkeypatch.setattr(krapte_sd, "validation", module, raising=False)


@pytest.mark.parametrize(
    ("good", "code", "last"),
    [
        ((True, True), 0, "2 lines, 0 outside what is allowed"),
        ((True, False), 1, "2 lines, 1 outside what is allowed"),
        ((), 1, "0 lines, 0 outside what is allowed"),
    ],
)
def test_validate(capsys, monkeypatch, good, code, last):
    validation(monkeypatch, *good)
    found, out, err = call(capsys, "validate")
    assert (found, err) == (code, "")
    assert out.splitlines()[-1] == last
    if good:
        columns = ["group", "line", "model", "reference", "deviation", "allowed", "unit", "ok"]
        assert out.splitlines()[0].split() == columns
        assert len(out.splitlines()) == len(good) + 3


def test_check_says_what_is_in_the_file(library, capsys, tmp_path):
    path = tmp_path / "a.nc"
    files.write_netcdf(sample(), path)
    code, out, err = call(capsys, "check", path)
    assert (code, err) == (0, "")
    assert out.startswith(f"{path}: whole and unchanged\n")
    assert "\ntitle: Synthetic forecast\n" in out
    assert "\nscenario:\n  name: baseline\n  population: prognose\n" in out


def test_check_refuses_a_damaged_file(library, capsys, tmp_path):
    path = tmp_path / "a.nc"
    files.write_netcdf(sample(), path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    code, out, err = call(capsys, "check", path)
    assert (code, out) == (2, "")
    assert err.startswith(f"krapte-sd: {path}: the file is damaged or was changed")


def test_warnings_are_one_line_each(library, capsys, monkeypatch, tmp_path):
    import warnings

    def run(*_, **__):
        warnings.simplefilter("always")
        warnings.warn("the lever is at its cap", UserWarning, stacklevel=1)
        return sample()

    monkeypatch.setattr(krapte_sd, "run", run)
    code, _, err = call(capsys, "run", "x", "-o", tmp_path / "a.nc")
    assert (code, err) == (0, "krapte-sd: warning: the lever is at its cap\n")


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["run", "--help"]])
def test_version_and_help(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    out, err = capsys.readouterr()
    assert (caught.value.code, err) == (0, "")
    assert "krapte-sd" in out


CHILD = """
import sys
import pandas as pd
import krapte_sd
from krapte_sd import cli
from krapte_sd.commands.printing import print_table
krapte_sd.variables = lambda: pd.DataFrame({"name": ["coördinatie"] * int(sys.argv[1])})
sys.exit(cli.main(["list", "variables"]))
"""


def test_a_reader_that_leaves_early_is_no_error():
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, "200000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout.readline().strip() == b"name"
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 141


def test_output_without_unicode():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = subprocess.run([sys.executable, "-c", CHILD, "1"], capture_output=True, env=environment, timeout=60)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"co\\xf6rdinatie" in result.stdout


def test_the_module_is_light():
    # --help must not wait for the compiler or the plotting library.
    code = (
        "import sys, krapte_sd.cli; print([m for m in ('numba', 'pysd', 'matplotlib', 'netCDF4') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "[]"
