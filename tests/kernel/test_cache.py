"""Compiled kernels are kept, found again by other processes, and never trusted blindly."""

import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_models import small

from krapte_sd.kernel import cache, compile_model

SCRIPT = """
import sys, time
from pathlib import Path
from krapte_sd.equations import read_model
model = read_model(Path(sys.argv[1]))
import numba
from krapte_sd.kernel import compile_model
begin = time.perf_counter()
program = compile_model(model, ["employed", "tight"], ["deaths"])
took = time.perf_counter() - begin
functions = [each for each in vars(program._module).values() if hasattr(each, "cache_hits")]
print(took, len(functions), sum(1 for each in functions if each.cache_hits), sep=",")
"""


def test_second_process_compiles_nothing(cohort_path: Path, tmp_path: Path, child_environment: dict) -> None:
    rows = []
    for seed in ("1", "2"):
        # The seed changes the order of sets: the source must not depend on it.
        environment = {**child_environment, "KRAPTE_SD_CACHE": str(tmp_path), "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(cohort_path)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        rows.append([float(each) for each in done.stdout.split(",")])
    assert len(list((tmp_path / "kernels").glob("*.py"))) == 1
    assert rows[0][2] == 0
    assert rows[1][2] == rows[1][1] > 5
    assert rows[1][0] < 0.5 * rows[0][0]


def test_heavy_libraries_are_loaded_late(child_environment: dict) -> None:
    heavy = "{'pysd', 'numba', 'pandas', 'xarray'}"
    code = f"import sys, krapte_sd.equations, krapte_sd.kernel; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=child_environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_damaged_source_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRAPTE_SD_CACHE", str(tmp_path / "own"))
    model = small(tmp_path, "x= INTEG(x*0.25/year, 7) ~ person ~ | year= 1 ~ Year ~ |")
    program = compile_model(model, ["x"])
    (file,) = (tmp_path / "own" / "kernels").glob("*.py")
    file.write_text("raise SystemExit")
    sys.modules.pop(program._module.__name__)
    assert compile_model(model, ["x"]).run({}, 2000, 2001, 1.0, "euler").saved["x"][-1] == 8.75
    assert file.read_text(encoding="utf-8") == program.source


def test_a_folder_that_cannot_be_written_only_costs_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KRAPTE_SD_CACHE", str(tmp_path / "file"))
    model = small(tmp_path, "x= INTEG(x*0.125/year, 8) ~ person ~ | year= 1 ~ Year ~ |")
    with caplog.at_level(logging.WARNING):
        program = compile_model(model, ["x"])
    assert "compiled kernels are not kept" in caplog.text
    assert program.run({}, 2000, 2001, 1.0, "euler").saved["x"][-1] == 9


def test_same_program_is_compiled_once(tmp_path: Path) -> None:
    model = small(tmp_path, "x= INTEG(x*0.5/year, 8) ~ person ~ | year= 1 ~ Year ~ |")
    compile_model(model, ["x"])
    begin = time.process_time()
    assert compile_model(model, ["x"]).source == compile_model(model, ["x"]).source
    assert time.process_time() - begin < 0.5


def test_cache_directory_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KRAPTE_SD_CACHE", str(tmp_path))
    assert cache.cache_directory() == tmp_path / "kernels"
    monkeypatch.delenv("KRAPTE_SD_CACHE")
    assert cache.cache_directory().parts[-2:] == ("krapte_sd", "kernels")
