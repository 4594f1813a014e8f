"""The names others rely on, the tables of what there is, and how light the import is."""

import subprocess
import sys

import pandas as pd
import pytest

import krapte_sd as ks

NAMES = {
    "attribute", "compare", "decompose", "find_package", "job_openings", "knockout", "load_model", "loops",
    "open_forecast", "parameters", "policies", "populations", "run", "scenarios",
    "validate", "variables", "write_forecast",
}  # fmt: skip
HEAVY = (
    "pysd",
    "numba",
    "llvmlite",
    "matplotlib",
    "statsmodels",
    "netCDF4",
    "scipy",
    "xarray",
    "pandas",
    "openpyxl",
    "zarr",
    "panel",
    "bokeh",
    "requests",
    "requests_cache",
)


def child(code):
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    return result.stdout.strip()


def test_names():
    assert set(ks.__all__) >= NAMES
    assert set(dir(ks)) >= NAMES
    for name in ks.__all__:
        assert callable(getattr(ks, name)), name
        assert getattr(ks, name).__doc__, name
    with pytest.raises(AttributeError, match="module 'krapte_sd' has no attribute 'rum'"):
        ks.rum  # noqa: B018


@pytest.mark.parametrize("first", [f"krapte_sd.{name}" for name in ("parameters", "scenarios", "forecast", "cli")])
def test_functions_are_not_hidden_by_packages_of_the_same_name(first):
    """`krapte_sd.parameters` is a function and a package; whatever is imported first, users get the function."""
    code = f"import {first}, krapte_sd as ks; print(callable(ks.parameters), callable(ks.scenarios), callable(ks.run))"
    assert child(code) == "True True True"


def test_the_import_is_light():
    code = f"import sys, krapte_sd; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert child(code) == "[]"


def test_importing_changes_no_global_state():
    code = """
import locale, os, random, signal, sys, warnings
import numpy as np
def state():
    return (locale.setlocale(locale.LC_ALL), dict(os.environ), warnings.filters[:], np.geterr(),
            sys.getrecursionlimit(), signal.getsignal(signal.SIGINT),
            random.getstate(), np.random.get_state()[1].tolist(), os.getcwd())
before = state()
import krapte_sd
assert state() == before
"""
    assert child(code) == ""


def test_a_run_says_nothing():
    code = "import krapte_sd as ks; ks.run('baseline', until=2024); ks.scenarios(); ks.populations(); ks.parameters()"
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=300)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_scenarios():
    table = ks.scenarios()
    assert list(table.columns) == [
        "name", "title", "title_nl", "population", "economy", "tasks", "technology", "policies", "description",
    ]  # fmt: skip
    assert "baseline" in set(table["name"])
    assert set(table["population"]) <= set(ks.populations()["name"])
    assert (table.drop(columns="policies").map(len) > 0).all(axis=None)


def test_populations():
    table = ks.populations().set_index("name")
    variants = ["prognose", "groei", "krimp", "groen", "grijs", "arbeid", "asiel", "lage_migratie"]
    assert list(table.index) == variants
    assert table["total_fertility"].between(1.2, 2.0).all()
    assert table["life_expectancy_women"].between(82, 90).all()
    # As published: NIDI/CBS, Verkenning Bevolking 2050, edition 2024.
    assert table.loc["prognose", "total_fertility"] == 1.56
    assert table.loc["groei", "net_migration"] == 106_000
    assert table.loc["lage_migratie", "net_migration"] == 29_000


def test_parameters():
    table = ks.parameters()
    assert isinstance(table, pd.DataFrame)
    assert {"parameter", "unit", "dimensions", "statuses", "sources", "definition"} <= set(table.columns)
    assert table["parameter"].is_unique
    for column in ("unit", "statuses", "sources", "definition", "method"):
        assert (table[column].str.len() > 0).all(), column
    # Every input of the model that is a number is in a table; these follow from the division of the country.
    made = {"birth_year", "commuting_share", "same_place", "domestic_pull", "move_weight", "age_pull", "birth_factor"}
    assert set(ks.load_model().equations.inputs) - set(table["parameter"]) == made


def test_variables():
    table = ks.variables()
    assert list(table.columns) == ["name", "kind", "module", "dimensions", "unit", "definition", "in_forecast"]
    assert table["name"].is_unique
    assert (table["unit"].str.len() > 0).all()
    assert (table["definition"].str.len() > 0).all()
    assert set(table["kind"]) <= {"stock", "auxiliary", "constant", "input", "data"}
    told = table.set_index("name")["in_forecast"]
    assert (told["need_gap"], told["hires"], told["inactive"]) == ("state", "flow", "")
    assert "by" in told["population"]
    ds = ks.run("baseline", until=2024)
    assert set(told[told.isin(["state", "flow"])].index) == {n for n in ds.data_vars if not n.endswith("_by_age")}
