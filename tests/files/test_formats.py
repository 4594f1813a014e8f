"""Every format a forecast is written in: chosen by its name, whole, the same bytes, read by other programs."""

import json
import shutil
import subprocess
import zipfile

import netCDF4
import numpy as np
import openpyxl
import pandas as pd
import pytest
import xarray as xr
from netcdf_sample import sample
from outputs import sha

import krapte_sd.files as files
from krapte_sd.errors import FileError
from krapte_sd.files.formats import SUFFIXES
from krapte_sd.files.iamc import iamc_table
from krapte_sd.files.workbook import open_book


def small(seed=7):
    """The sample without most of its size: three sectors and few ages."""
    ds = sample(seed).isel(sector=slice(3), age=slice(4))
    ds["employed"].attrs["module"] = "status"
    ds["region_name"].attrs["long_name"] = "name, with a comma\nand a second line"
    return ds.assign_attrs(references="CBS, table 1\n=HYPERLINK()\nUWV", source="krapte_sd 9")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    told = {suffix: files.write_forecast(small(), folder / f"a{suffix}") for suffix in SUFFIXES}
    return folder, told


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv"])
def test_what_can_be_opened_again_is_identical(written, suffix):
    folder, told = written
    back = files.open_forecast(folder / f"a{suffix}")
    xr.testing.assert_identical(back, small())
    for name, variable in small().variables.items():
        assert back[name].dtype == variable.dtype, name
    # One checksum of the contents, whatever the format.
    assert told[suffix] == told[".nc"]
    assert files.check_file(folder / f"a{suffix}")["content_sha256"] == told[".nc"]


@pytest.mark.parametrize("suffix", [".iamc.csv", ".iamc.xlsx", ".xlsx"])
def test_what_cannot_be_opened_again_says_so(written, suffix):
    with pytest.raises(FileError, match=r"does not hold a whole dataset; write \.nc, \.zarr or \.csv"):
        files.open_forecast(written[0] / f"a{suffix}")
    assert files.check_file(written[0] / f"a{suffix}")["state"]


@pytest.mark.parametrize("suffix", [".csv", ".iamc.csv", ".iamc.xlsx", ".xlsx"])
def test_the_same_dataset_gives_the_same_bytes(written, tmp_path, monkeypatch, suffix):
    monkeypatch.setattr("time.localtime", lambda *_: (2031, 2, 3, 4, 5, 6, 0, 0, 0))
    assert files.write_forecast(small(), tmp_path / f"b{suffix}") == written[1][suffix]
    assert sha(tmp_path / f"b{suffix}") == sha(written[0] / f"a{suffix}")
    assert files.write_forecast(small(8), tmp_path / f"c{suffix}") != written[1][suffix]


@pytest.mark.parametrize("name", ["a.txt", "a", "a.ncc", "a.CSV", "", "a.nc.gz", "a.xls"])
def test_names_without_a_known_end(tmp_path, name):
    path = f"{tmp_path}/{name}" if name else ""
    for call in (files.check_output, files.check_file, files.open_forecast, lambda p: files.write_forecast(small(), p)):
        with pytest.raises(FileError, match=r"the end of the name says the format; found '.*', allowed: \.nc, \.zarr"):
            call(path)


def test_the_tidy_table_in_other_programs(written):
    table = pd.read_csv(written[0] / "a.csv", comment="#")
    assert list(table.columns) == ["variable", "unit", "region", "sex", "age", "sector", "when", "year", "value"]
    rows = table[(table["variable"] == "employed") & (table["sector"] == "B") & (table["sex"] == "male")]
    expected = small()["employed"].sel(sector="B", sex="male", region="NL")
    np.testing.assert_allclose(rows["value"], expected.values, rtol=1e-15)
    assert rows["year"].astype(int).tolist() == list(range(2024, 2052))
    assert set(rows["when"]) == {"1 January"}
    assert set(table.loc[table["variable"] == "hires", "when"]) == {"whole year"}
    total = sum(each.size for each in small().data_vars.values())
    assert len(table) == total


def test_the_iamc_table(written):
    table = pd.read_csv(written[0] / "a.iamc.csv")
    assert list(table.columns) == ["Model", "Scenario", "Region", "Variable", "Unit", *map(str, range(2024, 2052))]
    assert not table.duplicated(["Region", "Variable"]).any()
    assert set(table["Region"]) == {"Nederland", "all regions"}
    assert set(table["Model"] + table["Scenario"]) == {"krapte_sd 9baseline"}
    by = table.set_index("Variable")
    ds = small()
    assert by.loc["Employed", "2030"] == pytest.approx(float(ds["employed"].sel(time="2030-01-01").sum()), rel=1e-12)
    assert by.loc["Hires|sector B: coördinatie", "2050"] == float(ds["hires"].sel(year=2050, sector="B").item())
    assert np.isnan(by.loc["Hires", "2051"])
    assert not table["Variable"].str.startswith("Population by Age").any()
    assert by.loc["Tightness", "Unit"] == "vacancy/person"
    book = open_book(written[0] / "a.iamc.xlsx")[1]["data"]
    np.testing.assert_allclose(book[2030].astype(float), table["2030"], rtol=1e-15)


def test_quantiles_are_not_added_up():
    ds = small()[["employed"]].expand_dims(statistic=["central", "mean", "q05"])
    names = set(iamc_table(ds)["Variable"])
    assert {"Employed|Central", "Employed|Mean", "Employed|sector A: coördinatie|female|5th Percentile"} <= names
    assert "Employed|5th Percentile" not in names


@pytest.mark.parametrize("suffix", [".iamc.csv", ".iamc.xlsx", ".xlsx"])
def test_members_are_refused_with_advice(tmp_path, suffix):
    ds = small()[["employed"]].expand_dims(member=[0, 1])
    with pytest.raises(FileError, match="hold no members; write the statistics"):
        files.write_forecast(ds, tmp_path / f"a{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_the_workbook(written):
    book = openpyxl.load_workbook(written[0] / "a.xlsx")
    assert book.sheetnames == ["status", "variables", "sources", "about"]
    rows = list(book["status"].iter_rows(values_only=True))
    assert rows[0][:8] == ("variable", "what", "unit", "when", "region", "region_name", "sector", "sector_name")
    assert rows[0][9:] == tuple(range(2024, 2052))
    assert rows[1][9] == pytest.approx(float(small()["employed"][0, 0, 0, 0]), rel=1e-15)
    # A text that looks like a formula stays a text.
    assert [cell.value for cell in book["sources"]["A"]] == ["Source of figures", "CBS, table 1", "=HYPERLINK()", "UWV"]
    assert {cell.data_type for cell in book["sources"]["A"]} == {"s"}
    about = {row[0]: row[1] for row in book["about"].iter_rows(values_only=True)}
    assert about["schema version"] == 1
    assert about["sha256 of the other sheets"] == written[1][".xlsx"]
    assert about["title"] == "Synthetic forecast"


def test_a_changed_cell_is_seen(written, tmp_path):
    book = openpyxl.load_workbook(written[0] / "a.xlsx")
    book["status"]["J2"] = book["status"]["J2"].value + 1
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(FileError, match=r"a\.xlsx: cells were changed: .* open it with pandas\.read_excel"):
        files.check_file(tmp_path / "a.xlsx")


def test_saved_again_without_a_change_it_is_still_ours(written, tmp_path):
    openpyxl.load_workbook(written[0] / "a.iamc.xlsx").save(tmp_path / "a.iamc.xlsx")
    assert files.check_file(tmp_path / "a.iamc.xlsx")["state"] == "whole and unchanged"
    with zipfile.ZipFile(written[0] / "a.xlsx") as archive:
        assert {item.date_time[0] for item in archive.infolist()} == {1980}


def test_pyam_reads_the_iamc_files(written):
    pyam = pytest.importorskip("pyam", reason="pyam has needs of its own; see tox.ini, environment pyam")
    for suffix in (".iamc.csv", ".iamc.xlsx"):
        frame = pyam.IamDataFrame(written[0] / f"a{suffix}")
        assert frame.filter(variable="Employed", year=2030).data["value"].tolist() == pytest.approx(
            [float(small()["employed"].sel(time="2030-01-01").sum())]
        )


@pytest.mark.skipif(shutil.which("ncdump") is None, reason="needs ncdump (Debian: netcdf-bin)")
def test_ncdump_reads_the_netcdf_file(written):
    call = ["ncdump", "-v", "employed", "-p", "9,17", str(written[0] / "a.nc")]
    out = subprocess.run(call, capture_output=True, text=True, timeout=60, check=True).stdout
    numbers = out[out.rindex("employed =") :].split("=")[1].split(";")[0]
    found = np.array([float(each) for each in numbers.replace("\n", " ").split(",")])
    expected = small()["employed"].transpose("region", "sector", "sex", "time").values.ravel()
    np.testing.assert_array_equal(found, expected)
    with netCDF4.Dataset(written[0] / "a.nc") as file:
        assert json.loads(file.memory_layout)["variables"]["employed"]["dims"][0] == "time"


@pytest.mark.parametrize("suffix", [".csv", ".iamc.csv", ".iamc.xlsx", ".xlsx"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"a{suffix}"
    files.write_forecast(small(), path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FileError, match="No space left on device; free some space"):
        files.write_forecast(small(8), path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
