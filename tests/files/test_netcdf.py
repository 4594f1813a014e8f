"""Round trip, reproducible bytes, CF compliance, other readers, and what is refused."""

import subprocess
import sys
import time
from pathlib import Path

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr
from netcdf_sample import SECTORS, sample
from outputs import sha

import krapte_sd.files as files
from krapte_sd.errors import FileError
from krapte_sd.files.encode import encode

HELPERS = Path(__file__).resolve().parent.parent / "helpers"


def test_reading_gives_what_was_written(written):
    back = files.open_netcdf(written)
    xr.testing.assert_identical(back, sample())
    assert back["employed"].dims == ("time", "region", "sector", "sex")
    for name, variable in sample().variables.items():
        assert back[name].dtype == variable.dtype, name
    assert [str(each) for each in back["sector"].values] == list(SECTORS)
    assert float(back["hires"].sel(year=2030, sector="Q").sum()) > 0


def test_a_dataset_that_was_read_can_be_written_again_to_the_same_bytes(written, tmp_path):
    files.write_netcdf(files.open_netcdf(written), tmp_path / "again.nc")
    assert sha(tmp_path / "again.nc") == sha(written)


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_dates_keep_their_resolution(tmp_path, unit):
    ds = sample()
    ds = ds.assign_coords(time=ds["time"].astype(f"datetime64[{unit}]"))
    files.write_netcdf(ds, tmp_path / "a.nc")
    back = files.open_netcdf(tmp_path / "a.nc")
    assert back["time"].dtype == ds["time"].dtype
    xr.testing.assert_identical(back, ds)


def test_selections_can_be_written(tmp_path):
    for index, part in enumerate(
        [
            sample().isel(time=0, year=0),
            sample().isel(sector=[3], age=slice(20, 30)),
            sample()[["single", "rank"]],
            sample().drop_vars("year_bounds"),
        ]
    ):
        path = tmp_path / f"{index}.nc"
        files.write_netcdf(part, path)
        xr.testing.assert_identical(files.open_netcdf(path), part)


def test_order_of_making_does_not_change_the_bytes(written, tmp_path):
    ds = sample()
    turned = xr.Dataset(
        {name: ds[name].variable for name in reversed(list(ds.data_vars))},
        {name: ds[name].variable for name in reversed(list(ds.coords))},
        dict(reversed(list(ds.attrs.items()))),
    )
    files.write_netcdf(turned, tmp_path / "turned.nc")
    assert sha(tmp_path / "turned.nc") == sha(written)


def test_same_bytes_at_another_time(written, tmp_path):
    # HDF5 keeps times in whole seconds: two writes within one second prove nothing.
    time.sleep(1.1)
    files.write_netcdf(sample(), tmp_path / "later.nc")
    assert sha(tmp_path / "later.nc") == sha(written)


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "4242", "TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "2"},
    ],
)
def test_same_bytes_in_another_process(written, tmp_path, child_environment, variables):
    path = tmp_path / "child.nc"
    call = [sys.executable, str(HELPERS / "netcdf_sample.py"), str(path), "7", "1"]
    subprocess.run(call, check=True, env={**child_environment, **variables}, capture_output=True, timeout=60)
    assert sha(path) == sha(written)


def test_compliance_checker_has_no_remark(written):
    checker = Path(sys.executable).with_name("compliance-checker")
    call = [str(checker), "--test", "cf:1.11", "--criteria", "strict", str(written)]
    result = subprocess.run(call, capture_output=True, text=True, timeout=120)
    assert "All tests passed!" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 0


def test_attributes_for_discovery(written):
    with netCDF4.Dataset(written) as file:
        for name in ("title", "summary", "keywords", "Conventions"):
            assert getattr(file, name)
        assert file.Conventions == "CF-1.11, ACDD-1.3"
        assert (file.time_coverage_start, file.time_coverage_end) == ("2024-01-01", "2051-01-01")
        assert file.title == "Synthetic forecast"
        assert file.krapte_sd_schema_version == 1


def test_the_recipe_as_it_stands_in_the_file(written):
    with netCDF4.Dataset(written) as file:
        assert file["employed"].dimensions == ("region", "sector", "sex", "time")
        assert file["hires"].dimensions == ("region", "sector", "period")
        assert file["sector"].dtype == np.int32
        assert file["sector"][:].tolist() == list(range(19))
        assert file["employed"].units == "count"
        assert file["employed"].unit_label == "person"
        assert file["employed"].cell_methods == "time: point"
        assert file["hires"].units == "year-1"
        assert file["hires"].cell_methods == "period: mean"
        assert file["hours_worked"].cell_methods == "period: sum"
        assert file["time"].units_metadata == "leap_seconds: none"
        assert file["time"].axis == "T"  # one axis of time, that of the coverage
        assert "axis" not in file["period"].ncattrs()
        assert "sector_code" in file["employed"].coordinates.split()
        bounds = netCDF4.num2date(file["period_bounds"][3], file["period"].units)
        assert [str(each)[:10] for each in bounds] == ["2027-01-01", "2028-01-01"]
        for name, variable in file.variables.items():
            assert "_FillValue" not in variable.ncattrs(), name
            if variable.ndim:
                assert variable.filters()["zlib"], name
                assert variable.filters()["fletcher32"], name


def test_other_programs_can_read_it(written):
    expected = sample()["employed"].transpose("region", "sector", "sex", "time").values
    for engine in ("netcdf4", "h5netcdf"):
        with xr.open_dataset(written, engine=engine) as ds:
            np.testing.assert_array_equal(ds["employed"].values, expected)
            assert [str(each) for each in ds["sector_code"].values] == list(SECTORS)
            assert ds["time"].values[1] == np.datetime64("2025-01-01")
    with h5py.File(written) as file:
        np.testing.assert_array_equal(file["employed"][...], expected)


def test_a_rewrite_by_another_program_is_refused_with_advice(written, tmp_path):
    path = tmp_path / "copy.nc"
    with xr.open_dataset(written) as ds:
        ds.to_netcdf(path)
        with pytest.raises(FileError, match=r"copy\.nc: the checksum .* is missing at the end.*xarray\.open_dataset"):
            files.open_netcdf(path)
        with xr.open_dataset(path) as copy:
            xr.testing.assert_identical(copy, ds)


def test_the_checksum_is_returned_and_stands_in_the_file(written, tmp_path):
    checksum = files.write_netcdf(sample(), tmp_path / "a.nc")
    with netCDF4.Dataset(tmp_path / "a.nc") as file:
        assert file.content_sha256 == checksum
    assert len(checksum) == 64
    assert files.write_netcdf(sample(8), tmp_path / "b.nc") != checksum


def test_contents_that_do_not_fit_their_checksum_are_refused(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("krapte_sd.files.contents.Contents.checksum", lambda self: "0" * 64)
        files.write_netcdf(sample(), tmp_path / "a.nc")
    with pytest.raises(FileError, match=rf"a\.nc: the contents were changed: .* but {'0' * 64} stands in 'content_"):
        files.open_netcdf(tmp_path / "a.nc")


def change_value(contents):
    contents.variables["employed"].values[0, 3, 1, 5] += 1e-9


def change_type(contents):
    variable = contents.variables["rank"]
    variable.values = variable.values.astype("int64")


def change_unit(contents):
    contents.variables["employed"].attrs["units"] = "1"


def change_provenance(contents):
    contents.attrs["parameters_sha256"] = "1" * 64


def change_name(contents):
    contents.variables["vacancy"] = contents.variables.pop("vacancies")


def change_dims(contents):
    contents.variables["rank"].dims = ("section",)


def change_size(contents):
    contents.sizes["sector"] = 20


CHANGES = [change_value, change_type, change_unit, change_provenance, change_name, change_dims, change_size]


@pytest.mark.parametrize("change", CHANGES)
def test_the_content_checksum_sees_every_change(change):
    contents = encode(sample())
    assert contents.checksum() == contents.attrs["content_sha256"]
    change(contents)
    assert contents.checksum() != contents.attrs["content_sha256"]


def test_a_file_of_another_schema_is_refused(written, tmp_path, monkeypatch):
    monkeypatch.setattr("krapte_sd.files.encode.SCHEMA_VERSION", 2)
    monkeypatch.setattr("krapte_sd.files.decode.decode", lambda contents, path: sample())
    monkeypatch.setattr("krapte_sd.files.netcdf.decode", lambda contents, path: sample())
    files.write_netcdf(sample(), tmp_path / "new.nc")
    with pytest.raises(FileError, match=r"new\.nc: the file has schema version 2, .* reads 1; use the version"):
        files.open_netcdf(tmp_path / "new.nc")


def bad_nan(ds):
    ds["employed"].values[2, 0, 3, 1] = np.nan
    return ds


def bad_infinity(ds):
    ds["wage_cost"].values[0] = np.inf
    return ds


def bad_date(ds):
    times = ds["time"].values.copy()
    times[4] = np.datetime64("NaT")
    return ds.assign_coords(time=times)


def bad_type(ds):
    return ds.assign(odd=("sector", np.arange(19) * 1j, {"units": "dmnl"}))


def bad_object(ds):
    return ds.assign(odd=("sector", np.array([None] * 19, dtype=object)))


def bad_empty(ds):
    return ds.isel(sector=[])


def no_unit(ds):
    del ds["hires"].attrs["units"]
    return ds


def unknown_unit(ds):
    ds["hires"].attrs["units"] = "persn/year"
    return ds


def bad_attribute(ds):
    ds.attrs["scenario"] = {"name": "baseline"}
    return ds


def none_attribute(ds):
    ds["hires"].attrs["comment"] = None
    return ds


def own_attribute(ds):
    ds.attrs["Conventions"] = "CF-1.0"
    return ds


def own_local_attribute(ds):
    ds["hires"].attrs["_FillValue"] = -1.0
    return ds


def own_name(ds):
    return ds.assign(period=((), 1.0, {"units": "dmnl"}))


def odd_name(ds):
    return ds.rename(hires="hires per year")


def year_of_text(ds):
    return ds.assign_coords(year=[str(each) for each in ds["year"].values])


def time_of_numbers(ds):
    return ds.assign_coords(time=np.arange(28))


def time_without_coordinate(ds):
    return ds.drop_vars("time")


def nul_in_text(ds):
    return ds.assign_coords(region=["N\0L"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (bad_nan, r"variable 'employed': nan at \[time=2026.*, region=NL, sector=D, sex=male\] and 1 such values"),
        (bad_infinity, r"variable 'wage_cost': inf at \[year=2024\].*only finite numbers"),
        (bad_date, r"variable 'time': NaT at \[time=NaT\]"),
        (bad_type, r"variable 'odd': type complex128 cannot be written; use float"),
        (bad_object, r"variable 'odd': type object cannot be written"),
        (bad_empty, r"dimension 'sector' is empty"),
        (no_unit, r"variable 'hires': no attribute 'units'; give it"),
        (unknown_unit, r"variable 'hires': unit 'persn/year': 'persn' is not a known unit; did you mean 'person'\?"),
        (bad_attribute, r"dataset: attribute 'scenario' = .* cannot be written"),
        (none_attribute, r"hires: attribute 'comment' = None cannot be written"),
        (own_attribute, r"attribute 'Conventions' of the dataset is set by the writer; remove it"),
        (own_local_attribute, r"variable 'hires': attribute '_FillValue' is set by the writer"),
        (own_name, r"name 'period': the file uses this name itself"),
        (odd_name, r"name 'hires per year': use ASCII letters"),
        (year_of_text, r"coordinate 'year': type <U4 found; calendar years are integers"),
        (time_of_numbers, r"coordinate 'time': type int64 found; 1 Januaries are datetime64"),
        (time_without_coordinate, r"dimension 'time' has no coordinate"),
        (nul_in_text, r"variable 'region': a string holds the character NUL"),
    ],
)
def test_what_would_lose_something_is_refused_and_nothing_is_written(tmp_path, change, message):
    with pytest.raises(FileError, match=message) as caught:
        files.write_netcdf(change(sample()), tmp_path / "a.nc")
    assert "this dataset cannot be written: 1 problem" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_all_problems_come_in_one_message(tmp_path):
    with pytest.raises(FileError, match="3 problems") as caught:
        files.write_netcdf(bad_nan(no_unit(own_attribute(sample()))), tmp_path / "a.nc")
    assert len(caught.value.problems) == 3


def test_the_calendar():
    made = files.calendar(2024, 2050)
    assert made["time"].dtype == "datetime64[ns]"
    assert [str(made["time"].values[i])[:10] for i in (0, -1)] == ["2024-01-01", "2051-01-01"]
    assert made["year"].values.tolist() == list(range(2024, 2051))
    assert (made["year_bounds"].values[:, 0] == made["time"].values[:-1]).all()
    assert (made["year_bounds"].values[:, 1] == made["time"].values[1:]).all()
    with pytest.raises(ValueError, match="the last year is before the first"):
        files.calendar(2030, 2029)
