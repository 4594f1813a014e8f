"""``krapte-sd run`` with members."""

import pytest
from outputs import call

import krapte_sd as ks
from krapte_sd.files.zarr import open_zarr


def test_run_writes_statistics(capsys, tmp_path):
    path = tmp_path / "a.nc"
    code, out, err = call(capsys, "run", "baseline", "-o", path, "--until", 2025, "--members", 4, "--seed", 7)
    # No progress bar, as standard error is not a terminal.
    assert (code, err) == (0, "")
    written, wages = out.splitlines()
    assert written == f"{path}: written, 4 members"
    assert wages.startswith("wages: plausible: ")
    assert ks.open_forecast(path).identical(ks.run("baseline", until=2025, members=4, seed=7))


def test_run_writes_members_in_full_as_zarr(capsys, tmp_path):
    path = tmp_path / "a.zarr"
    code, _, err = call(capsys, "run", "baseline", "-o", path, "--until", 2025, "--members", 4, "--full")
    assert (code, err) == (0, "")
    assert open_zarr(path).identical(ks.run("baseline", until=2025, members=4, seed=0, full=True))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seed", "7", "--full"], "--seed and --full: for ensembles only; give --members too"),
        (["--members", "0"], "members=0: give a whole number from 1 to 1000000"),
        (["--members", "1e3"], "argument --members: invalid int value: '1e3'"),
        (["--members", "10", "--seed", "-1"], "seed=-1: give a whole number from 0"),
    ],
)
def test_a_bad_call_ends_with_one_message(capsys, tmp_path, options, message):
    code, out, err = call(capsys, "run", "baseline", "-o", tmp_path / "a.nc", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_the_file_says_the_format(capsys, tmp_path):
    code, _, err = call(capsys, "run", "baseline", "-o", tmp_path / "a.doc")
    assert code == 2
    assert ".iamc.csv" in err
    assert list(tmp_path.iterdir()) == []
