"""Whatever happens during a write: the old file or the new one, whole, and no rubbish."""

import errno
import os
import signal
import stat
import subprocess
import sys

import pytest
import xarray as xr
from netcdf_sample import sample

import krapte_sd.files as files
from krapte_sd.errors import FileError
from krapte_sd.files.atomic import replace_file

OLD, NEW = b"old content", b"new content, longer" * 1000


def names(folder):
    return sorted(each.name for each in folder.iterdir())


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "forecast.nc"
    path.write_bytes(OLD)
    return path


def test_replace(target):
    replace_file(target, NEW)
    assert target.read_bytes() == NEW
    assert names(target.parent) == ["forecast.nc"]


# One process loads everything, then forks a child that writes two datasets in turn for ever, and kills it.
KILLER = """
import os, random, signal, sys, time
from netcdf_sample import sample
import krapte_sd.files as files

path, kills = sys.argv[1], int(sys.argv[2])
small = {seed: sample(seed).isel(sector=slice(3), age=slice(4)) for seed in (1, 2)}
files.write_forecast(small[1], path)
random.seed(5)
seen = []
for _ in range(kills):
    child = os.fork()
    if child == 0:
        while True:
            for seed in (2, 1):
                files.write_forecast(small[seed], path)
    deadline = time.monotonic() + random.uniform(0.0, 0.15)
    while time.monotonic() < deadline:
        if not path.endswith(".zarr"):  # another reader must never see a part
            assert int(files.open_forecast(path)["single"]) in (1, 2)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = files.open_forecast(path)
    seen.append(int(found["single"]))
    assert found.identical(small[seen[-1]]), "torn"
files.write_forecast(small[1], path)
print(seen.count(1), seen.count(2))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.parametrize(("name", "kills"), [("a.nc", 30), ("a.csv", 10), ("a.zarr", 20)])
def test_a_killed_write_leaves_a_whole_file(tmp_path, child_environment, name, kills):
    call = [sys.executable, "-W", "ignore", "-c", KILLER, str(tmp_path / name), str(kills)]
    result = subprocess.run(call, env=child_environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert sum(map(int, result.stdout.split())) == kills
    if name != "a.zarr":
        # The next write sweeps what the killed ones left.
        assert names(tmp_path) == [name]


STOP_INSIDE = """
import os, signal, sys
from krapte_sd.files import replace_file
name = sys.argv[2]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if name == "half":
    whole = os.write
    def write(descriptor, data):
        whole(descriptor, bytes(data)[: len(data) // 2])
        die()
    os.write = write
elif name == "replace":
    from pathlib import Path
    Path.replace = die
elif name == "folder":
    import krapte_sd.files.atomic as atomic
    atomic._sync_folder = die
else:
    setattr(os, name, die)
replace_file(sys.argv[1], b"new content, longer" * 1000)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize(
    ("moment", "content", "leaves"),
    [("write", OLD, 1), ("half", OLD, 1), ("fsync", OLD, 1), ("replace", OLD, 1), ("folder", NEW, 0)],
)
def test_killed_at_each_step(target, moment, content, leaves):
    result = subprocess.run([sys.executable, "-c", STOP_INSIDE, str(target), moment], timeout=60)
    assert result.returncode == -signal.SIGKILL
    assert target.read_bytes() == content
    assert len(names(target.parent)) == 1 + leaves
    replace_file(target, NEW)
    assert target.read_bytes() == NEW
    assert names(target.parent) == ["forecast.nc"]


def test_the_part_of_a_living_writer_is_left_alone(target, monkeypatch):
    inner = []

    def slow(descriptor):
        if not inner:
            inner.append(names(target.parent))
            replace_file(target, b"from the second writer")
            inner.append(names(target.parent))

    monkeypatch.setattr(os, "fsync", slow)
    replace_file(target, NEW)
    assert len(inner[0]) == len(inner[1]) == 2
    assert target.read_bytes() == NEW
    assert names(target.parent) == ["forecast.nc"]


def test_files_of_others_are_not_swept(target):
    others = [".forecast.nc.swp", ".forecast.nc.part", "forecast.nc.part", ".other.nc.12345678.part"]
    for name in others:
        (target.parent / name).write_text("keep me")
    replace_file(target, NEW)
    assert names(target.parent) == sorted(["forecast.nc", *others])


def no_space(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def half_then_no_space():
    write, calls = os.write, []

    def limited(descriptor, data):
        calls.append(len(data))
        return write(descriptor, bytes(data)[: len(data) // 2]) if len(calls) == 1 else no_space()

    return limited


@pytest.mark.parametrize(
    ("name", "function"), [("fsync", no_space), ("write", no_space), ("write", half_then_no_space())]
)
def test_a_full_disk_leaves_the_old_file(target, monkeypatch, name, function):
    with monkeypatch.context() as patch:
        patch.setattr(os, name, function)
        with pytest.raises(FileError, match="cannot be written: No space left on device; free some space") as caught:
            replace_file(target, NEW)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert target.read_bytes() == OLD
    assert names(target.parent) == ["forecast.nc"]


def test_short_writes_are_carried_on(target, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data)[:100]))
    replace_file(target, NEW)
    assert target.read_bytes() == NEW


def test_a_disk_that_does_not_keep_what_it_is_given(target, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(len(data))))
    with pytest.raises(FileError, match="what was read back differs from what was written; check the disk"):
        replace_file(target, NEW)
    assert target.read_bytes() == OLD
    assert names(target.parent) == ["forecast.nc"]


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="mounts a small disk")
def test_a_disk_that_is_really_full(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no permission to mount")
    try:
        replace_file(disk / "a.nc", OLD)
        for _ in range(3):
            with pytest.raises(FileError, match="No space left on device"):
                replace_file(disk / "a.nc", bytes(200_000))
        assert names(disk) == ["a.nc"]
        assert (disk / "a.nc").read_bytes() == OLD
        # The space is free again: nothing keeps the failed file open.
        replace_file(disk / "a.nc", bytes(100_000))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="mounts a small disk")
def test_a_store_on_a_full_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no permission to mount")
    try:
        old = sample(1).isel(age=slice(2))
        files.write_forecast(old, disk / "a.zarr")
        with pytest.raises(FileError, match="No space left on device; free some space"):
            files.write_forecast(xr.concat([sample(2)] * 9, "copy"), disk / "a.zarr")
        assert names(disk) == ["a.zarr"]
        assert files.open_forecast(disk / "a.zarr").identical(old)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_store_taken_away_by_a_killed_write_is_put_back(tmp_path):
    old = sample(1).isel(age=slice(2))
    files.write_forecast(old, tmp_path / "a.zarr")
    (tmp_path / "a.zarr").rename(tmp_path / ".a.zarr.12345678.old")
    assert files.open_forecast(tmp_path / "a.zarr").identical(old)
    assert names(tmp_path) == ["a.zarr"]


def test_an_interrupt_leaves_nothing(target, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace_file(target, NEW)
    assert target.read_bytes() == OLD
    assert names(target.parent) == ["forecast.nc"]


def test_targets_that_are_no_files(tmp_path):
    with pytest.raises(FileError, match="it is a folder; give the name of a file"):
        replace_file(tmp_path, NEW)
    with pytest.raises(FileError, match=r"cannot be written: No such file or directory; make the folder first"):
        replace_file(tmp_path / "no" / "a.nc", NEW)
    (tmp_path / "file").write_bytes(OLD)
    with pytest.raises(FileError, match="cannot be written"):
        replace_file(tmp_path / "file" / "a.nc", NEW)
    with pytest.raises(FileError, match="File name too long; give the file a shorter name"):
        replace_file(tmp_path / ("x" * 300), NEW)
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX")
def test_pipes_and_devices_are_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe.nc")
    with pytest.raises(FileError, match="it is not a regular file"):
        replace_file(tmp_path / "pipe.nc", NEW)
    assert stat.S_ISFIFO((tmp_path / "pipe.nc").stat().st_mode)


@pytest.mark.skipif(os.name != "posix", reason="POSIX")
def test_links_are_followed_and_permissions_kept(tmp_path):
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "a.nc", tmp_path / "link.nc"
    real.write_bytes(OLD)
    real.chmod(0o640)
    link.symlink_to(real)
    replace_file(link, NEW)
    assert link.is_symlink()
    assert real.read_bytes() == NEW
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert names(tmp_path / "real") == ["a.nc"]


def test_what_is_checked_when_it_is_read_is_not_forced_onto_the_disk(target, monkeypatch):
    monkeypatch.setattr(os, "fsync", no_space)
    replace_file(target, NEW, durable=False)
    assert target.read_bytes() == NEW
    assert names(target.parent) == ["forecast.nc"]
    monkeypatch.setattr(os, "write", no_space)
    with pytest.raises(FileError, match="cannot be written: No space left on device; free some space"):
        replace_file(target, OLD, durable=False)
    assert target.read_bytes() == NEW
    assert names(target.parent) == ["forecast.nc"]
