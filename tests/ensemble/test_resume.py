"""An ensemble that is stopped goes on: the same bytes in the end, damaged blocks are run again."""

import json
import logging
import os
import signal
import subprocess
import sys
import time

import pytest
import xarray as xr
from outputs import sha
from small_ensemble import INTEGRATE, SAVE, make

import krapte_sd as ks
from krapte_sd.ensemble.recipe import Recipe
from krapte_sd.errors import FileError, SolverError

WORK = """
import sys, time
from pathlib import Path
from outputs import sha
from small_ensemble import INTEGRATE, SAVE, make
from krapte_sd.ensemble.recipe import Recipe

block = Recipe.block

def slow(self, first, count, threads=None):
    if first >= 1024:
        time.sleep(600)
    return block(self, first, count, threads)

Recipe.block = slow
model = make(Path(sys.argv[1]))
model.run(save=SAVE, integrate=INTEGRATE, members=2000, seed=7, full=True, out=sys.argv[2])
print("done", flush=True)
"""


@pytest.fixture
def stopped(model, tmp_path, monkeypatch):
    """A call that is interrupted in its third block; gives how to call it again, and the blocks that were run.

    The first two blocks are kept then; the last one, which runs side by side with the third, perhaps.
    """
    blocks, block = [], Recipe.block

    def interrupted(self, first, count, threads=None):
        if first == 1024 and first not in blocks:
            blocks.append(first)
            raise KeyboardInterrupt
        found = block(self, first, count, threads)
        blocks.append(first)
        return found

    monkeypatch.setattr(Recipe, "block", interrupted)

    def call(name, members=2000, seed=7, **options):
        outputs = {"save": SAVE, "integrate": INTEGRATE}
        return model.run(**outputs, members=members, seed=seed, out=tmp_path / name, **options)

    return call, blocks


@pytest.mark.parametrize("full", [False, True])
def test_an_interrupted_call_goes_on_to_the_same_bytes(stopped, tmp_path, full):
    call, blocks = stopped
    with pytest.raises(KeyboardInterrupt):
        call("a.nc", full=full)
    folder = tmp_path / "a.nc.members"
    left = {each.name for each in folder.iterdir()}
    assert {"000000.block", "000001.block", "manifest.json"} <= left
    assert "000002.block" not in left
    assert not (tmp_path / "a.nc").exists()
    again = call("a.nc", full=full)
    # Each block once, and the third one twice.
    assert sorted(blocks) == [0, 512, 1024, 1024, 1536]
    assert not folder.exists()
    straight = call("b.nc", full=full)
    assert sorted(blocks[5:]) == [0, 512, 1024, 1536]
    assert sha(tmp_path / "a.nc") == sha(tmp_path / "b.nc")
    xr.testing.assert_identical(again, straight)


def test_a_damaged_or_cut_block_is_run_again(stopped, tmp_path, caplog):
    call, blocks = stopped
    with pytest.raises(KeyboardInterrupt):
        call("a.nc")
    one, two = (tmp_path / "a.nc.members" / f"00000{k}.block" for k in (0, 1))
    data = bytearray(one.read_bytes())
    data[1000] ^= 1
    one.write_bytes(data)
    two.write_bytes(two.read_bytes()[:-8])
    before = len(blocks)
    with caplog.at_level(logging.WARNING):
        call("a.nc")
    assert "000000.block is damaged" in caplog.text
    assert "000001.block has the wrong size" in caplog.text
    assert {0, 512, 1024} <= set(blocks[before:])
    call("b.nc")
    assert sha(tmp_path / "a.nc") == sha(tmp_path / "b.nc")


def test_blocks_of_another_ensemble_are_refused_with_what_differs(stopped, model, tmp_path):
    call, _ = stopped
    with pytest.raises(KeyboardInterrupt):
        call("a.nc")
    with pytest.raises(FileError, match=r"a part of another ensemble; go on with its settings, or remove") as caught:
        call("a.nc", seed=8, members=1999)
    assert caught.value.problems[0] == "members: 2000 there, 1999 now"
    assert any(each.startswith("seed: 7 there, 8 now") for each in caught.value.problems)
    with pytest.raises(FileError, match="run_sha256: ") as caught:
        call("a.nc", params={"layoff_time": 0.5})
    assert len(caught.value.problems) == 1


def test_a_folder_of_something_else_is_refused(stopped, tmp_path):
    call, blocks = stopped
    (tmp_path / "a.nc.members").mkdir()
    (tmp_path / "a.nc.members" / "thesis.txt").write_text("mine")
    with pytest.raises(FileError, match="there are files of something else"):
        call("a.nc")
    assert (tmp_path / "a.nc.members" / "thesis.txt").read_text() == "mine"
    (tmp_path / "a.nc.members" / "manifest.json").write_text("{")
    with pytest.raises(FileError, match="cannot be used for the members"):
        call("a.nc")
    assert blocks == []


def test_the_manifest_says_what_the_blocks_are(stopped, tmp_path, model):
    call, _ = stopped
    with pytest.raises(KeyboardInterrupt):
        call("a.nc")
    found = json.loads((tmp_path / "a.nc.members" / "manifest.json").read_text())
    assert found["model_sha256"] == model.equations.sha256
    assert (found["seed"], found["members"], found["chunk"], found["step"]) == (7, 2000, 512, 0.25)


def test_a_failed_member_is_named_and_nothing_is_left_without_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "model").mkdir()
    model = make(tmp_path / "model")
    path = tmp_path / "model" / "small.mdl"
    path.write_text(path.read_text().replace("(1+layoff time)", "MAX(0, 0.9-layoff time)"))
    other = ks.load_model(path).with_parameters(model.parameters)
    with pytest.raises(SolverError, match=r"lost_jobs.* is not finite first at \d+ in member \d+"):
        other.run(save=["jobs"], integrate=["lost_jobs"], members=100, seed=7)
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_killed_process_goes_on_to_the_same_bytes(model, tmp_path, child_environment):
    out, folder = tmp_path / "a.nc", tmp_path / "model"
    folder.mkdir()
    call = [sys.executable, "-c", WORK, str(folder), str(out)]
    with subprocess.Popen(call, env=child_environment, stdout=subprocess.PIPE, text=True) as child:
        kept = [tmp_path / "a.nc.members" / f"00000{k}.block" for k in (0, 1)]
        while child.poll() is None and not all(each.exists() for each in kept):
            time.sleep(0.05)
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert not out.exists()
    assert all(each.exists() for each in kept)
    # The same model from the same path, in this process.
    make(folder).run(save=SAVE, integrate=INTEGRATE, members=2000, seed=7, full=True, out=out)
    model.run(save=SAVE, integrate=INTEGRATE, members=2000, seed=7, full=True, out=tmp_path / "b.nc")
    assert sha(out) == sha(tmp_path / "b.nc")
