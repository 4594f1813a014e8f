"""Damaged, cut and foreign files: always a FileError, never other numbers."""

import json
import subprocess
import sys

import netCDF4
import numpy as np
import pytest
from netcdf_sample import sample

import krapte_sd.files as files
from krapte_sd.errors import FileError
from krapte_sd.files.hdf5 import lookup3, without_clock
from krapte_sd.files.netcdf import _seal

FLIPS, CUTS = 500, 40  # for each seed

# In a child process: should HDF5 crash or hang on a bad file, the test fails and the suite goes on.
CHILD = """
import json, sys
from pathlib import Path
import numpy as np
import krapte_sd.files as files
from krapte_sd.errors import FileError

whole, path = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
random = np.random.default_rng(int(sys.argv[5]))
counts = {"refused": 0, "silent": [], "other": []}
def attempt(data, what):
    path.write_bytes(data)
    try:
        files.open_netcdf(path)
    except FileError as error:
        assert str(error).startswith(f"{path}: "), error
        counts["refused"] += 1
    except BaseException as error:
        counts["other"].append(f"{what}: {error!r}")
    else:
        counts["silent"].append(what)
for bit in random.choice(len(whole) * 8, int(sys.argv[3]), replace=False).tolist():
    flipped = bytearray(whole)
    flipped[bit // 8] ^= 1 << bit % 8
    attempt(bytes(flipped), f"bit {bit}")
for length in random.choice(len(whole), int(sys.argv[4]), replace=False).tolist():
    attempt(whole[:length], f"length {length}")
print(json.dumps(counts))
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_flipped_bits_and_cut_files_never_give_other_numbers(written, tmp_path, child_environment, seed):
    call = [sys.executable, "-c", CHILD, written, tmp_path / "bad.nc", FLIPS, CUTS, seed]
    result = subprocess.run(map(str, call), env=child_environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    counts = json.loads(result.stdout)
    assert counts["silent"] == []
    assert counts["other"] == []
    assert counts["refused"] == FLIPS + CUTS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty; run the forecast again"),
        (b"year,employed\n2024,1\n", "this is not a netCDF-4 file .* give a file of"),
        (b"CDF\x01" + bytes(100), "this is not a netCDF-4 file"),
        (b"\x89HDF\r\n\x1a\n", "the checksum of krapte_sd is missing at the end"),
        (b"\x89HDF\r\n\x1a\n" + bytes(5000), "the checksum of krapte_sd is missing at the end"),
        (_seal(b"\x89HDF\r\n\x1a\n" + bytes(5000)), "the file is damaged .* restore it from a copy or run"),
    ],
)
def test_files_that_are_something_else(tmp_path, content, message):
    path = tmp_path / "other.nc"
    path.write_bytes(content)
    with pytest.raises(FileError, match=rf"other\.nc: {message}"):
        files.open_netcdf(path)


def test_netcdf_files_of_others(tmp_path):
    path = tmp_path / "other.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 3)
        file.createVariable("x", "f8", ("x",))[:] = np.arange(3)
    with pytest.raises(FileError, match=r"other\.nc: the checksum .* written by another program; .*xarray\.open_"):
        files.open_netcdf(path)


def test_a_length_that_the_file_cannot_hold_is_refused_before_memory_is_asked_for(tmp_path):
    path = tmp_path / "huge.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 2**40)
        file.createVariable("x", "f8", ("x",), chunksizes=(1024,))
    path.write_bytes(_seal(path.read_bytes()))
    with pytest.raises(FileError, match=r"huge\.nc: the file is damaged: \d+ bytes cannot hold the 8796093022208 "):
        files.open_netcdf(path)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileError, match=r"no\.nc: cannot be read: No such file or directory"):
        files.open_netcdf(tmp_path / "no.nc")
    with pytest.raises(FileError, match="cannot be read: Is a directory; give the name of a file"):
        files.open_netcdf(tmp_path)
    with pytest.raises(OSError, match="cannot be read"):
        files.open_netcdf("a\0b.nc")


def test_the_checksum_of_hdf5_is_that_of_its_author():
    # The two driver results in Bob Jenkins' lookup3.c, driver5(), for hashlittle with start value 0.
    assert lookup3(b"") == 0xDEADBEEF
    assert lookup3(b"Four score and seven years ago") == 0x17770551


def test_only_the_clock_is_taken_out(written):
    data = written.read_bytes()
    assert without_clock(data) == data[:-83]
    old_version = data[:8] + b"\x00" + data[9:]
    assert without_clock(old_version) == old_version


def test_netcdf_files_of_others_with_our_seal(tmp_path):
    path = tmp_path / "sealed.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.title = "no checksum inside"
    path.write_bytes(_seal(path.read_bytes()))
    with pytest.raises(FileError, match=r"sealed\.nc: the contents were changed: .* but None stands in"):
        files.open_netcdf(path)


def test_a_layout_that_does_not_fit(tmp_path, monkeypatch):
    path = tmp_path / "a.nc"
    with monkeypatch.context() as patch:
        patch.setattr("krapte_sd.files.encode.json.dumps", lambda *_, **__: '{"added": [], "variables": {"x": {}}}')
        patch.setattr("krapte_sd.files.netcdf.decode", lambda contents, path: sample())
        files.write_netcdf(sample(), path)
    with pytest.raises(FileError, match=r"a\.nc: 'memory_layout' does not fit the contents of the file \('x'\)"):
        files.open_netcdf(path)
