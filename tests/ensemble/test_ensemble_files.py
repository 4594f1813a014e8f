"""Files of ensembles: netCDF and Zarr, statistics and members; clean after CF 1.11, whole or not at all."""

import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr as zarr_library
from small_ensemble import INTEGRATE, SAVE

import krapte_sd as ks
from krapte_sd.errors import FileError
from krapte_sd.files import open_netcdf
from krapte_sd.files.zarr import open_zarr, write_zarr


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    """The same ensemble in four files."""
    place = tmp_path_factory.mktemp("files")
    for name in ("statistics.nc", "statistics.zarr"):
        run(members=40, seed=7, out=place / name)
    for name in ("members.nc", "members.zarr"):
        run(members=40, seed=7, full=True, out=place / name)
    return place


def test_nothing_else_is_left(folder):
    names = ["members.nc", "members.zarr", "statistics.nc", "statistics.zarr"]
    assert sorted(each.name for each in folder.iterdir()) == names


def test_statistics_come_back_as_they_were_given(folder, run):
    ds = run(members=40, seed=7)
    xr.testing.assert_identical(open_netcdf(folder / "statistics.nc"), ds)
    xr.testing.assert_identical(open_zarr(folder / "statistics.zarr"), ds)


def test_members_come_back_as_they_were_given(folder, members):
    xr.testing.assert_identical(open_netcdf(folder / "members.nc"), members)
    xr.testing.assert_identical(open_zarr(folder / "members.zarr"), members)


@pytest.mark.parametrize("name", ["statistics", "members"])
def test_netcdf_and_zarr_have_one_checksum(folder, name):
    with netCDF4.Dataset(folder / f"{name}.nc") as file:
        there = file.content_sha256
    assert zarr_library.open_group(folder / f"{name}.zarr", mode="r").attrs["content_sha256"] == there
    assert len(set(there)) > 1


@pytest.mark.parametrize("name", ["statistics.nc", "members.nc"])
def test_compliance_checker_has_no_remark(folder, name):
    checker = Path(sys.executable).with_name("compliance-checker")
    call = [str(checker), "--test", "cf:1.11", "--criteria", "strict", str(folder / name)]
    result = subprocess.run(call, capture_output=True, text=True, timeout=120)
    assert "All tests passed!" in result.stdout, result.stdout + result.stderr


def test_the_forecast_of_an_ensemble_is_clean_too(tmp_path):
    path = tmp_path / "forecast.nc"
    ks.run("baseline", until=2025, members=3, seed=7, out=path)
    checker = Path(sys.executable).with_name("compliance-checker")
    call = [str(checker), "--test", "cf:1.11", "--criteria", "strict", str(path)]
    result = subprocess.run(call, capture_output=True, text=True, timeout=120)
    assert "All tests passed!" in result.stdout, result.stdout + result.stderr
    assert ks.open_forecast(path).attrs["members"] == 3


def test_other_programs_read_the_store(folder, members):
    with xr.open_zarr(folder / "members.zarr", chunks=None) as ds:
        np.testing.assert_array_equal(ds["jobs"].transpose("member", "time", "sector"), members["jobs"])
        assert [str(each) for each in ds["sector_code"].values] == ["Q", "F"]


def test_members_written_together_and_piece_by_piece_have_one_content(folder, members, tmp_path):
    from krapte_sd.files import write_netcdf

    with netCDF4.Dataset(folder / "members.nc") as file:
        assert write_netcdf(members, tmp_path / "whole.nc") == file.content_sha256


def test_a_large_ensemble_is_written_in_several_pieces(run, tmp_path, monkeypatch):
    from krapte_sd.files import members as module

    options = {"members": 100, "seed": 7, "full": True}
    run(**options, out=tmp_path / "one.nc")
    monkeypatch.setattr(module, "_STORED", 400)
    monkeypatch.setattr(module, "_SLAB", 1600)
    run(**options, out=tmp_path / "many.nc")
    run(**options, out=tmp_path / "many.zarr")
    with netCDF4.Dataset(tmp_path / "many.nc") as file:
        assert file["jobs"].chunking() == [5, 2, 5]
    xr.testing.assert_identical(open_netcdf(tmp_path / "one.nc"), open_netcdf(tmp_path / "many.nc"))
    xr.testing.assert_identical(open_netcdf(tmp_path / "one.nc"), open_zarr(tmp_path / "many.zarr"))


def test_an_existing_file_stays_until_the_new_one_is_whole(run, tmp_path, monkeypatch):
    from krapte_sd.files import members as module

    for name in ("a.nc", "a.zarr"):
        run(members=3, seed=1, full=True, out=tmp_path / name)

    def broken(self, name):
        raise OSError(28, "No space left on device")
        yield

    monkeypatch.setattr(module.Stream, "slabs", broken)
    for name, read in (("a.nc", open_netcdf), ("a.zarr", open_zarr)):
        with pytest.raises(FileError, match="No space left on device; free some space"):
            run(members=4, seed=1, full=True, out=tmp_path / name)
        assert read(tmp_path / name).sizes["member"] == 3
        assert sorted(each.suffix for each in (tmp_path / f"{name}.members").iterdir()) == [".block", ".json"]
    monkeypatch.undo()
    for name, read in (("a.nc", open_netcdf), ("a.zarr", open_zarr)):
        run(members=4, seed=1, full=True, out=tmp_path / name)
        assert read(tmp_path / name).sizes["member"] == 4


def test_a_damaged_store_is_refused(folder, tmp_path, run):
    run(members=5, seed=1, out=tmp_path / "a.zarr")
    store = zarr_library.open_group(tmp_path / "a.zarr", mode="r+")
    store["jobs"][0, 0, 0] = 1.5
    with pytest.raises(FileError, match="the contents were changed"):
        open_zarr(tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / "jobs" / ".zarray").unlink()
    with pytest.raises(FileError, match=r"a\.zarr"):
        open_zarr(tmp_path / "a.zarr")
    with pytest.raises(FileError, match="No such file or directory"):
        open_zarr(tmp_path / "b.zarr")


def test_a_dataset_that_cannot_be_kept_is_refused(tmp_path):
    with pytest.raises(FileError, match="no attribute 'units'"):
        write_zarr(xr.Dataset({"a": ("x", [1.0])}), tmp_path / "a.zarr")
    assert list(tmp_path.iterdir()) == []


def test_without_the_package_zarr_the_remedy_is_named(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(FileError, match=r"pip install 'krapte_sd\[zarr\]', or write netCDF"):
        run(members=3, out=tmp_path / "a.zarr")


def test_outputs_of_all_kinds_are_there(members):
    assert set(members.data_vars) == {*SAVE, *INTEGRATE, "parameter_quantile"}
    for name, each in members.data_vars.items():
        assert each.dims[0] == "member", name
