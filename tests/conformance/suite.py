"""The public suite SDXorg/test-models: finding its models, running them, comparing every saved output."""

from __future__ import annotations

import csv
import math
import re
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from tests.conformance.interpreter import Interpreter

from krapte_sd.equations import Model, read_model
from krapte_sd.equations.model import Control, Stretch
from krapte_sd.equations.ranges import normal
from krapte_sd.errors import KrapteError, ModelError

RTOL = 1e-5
ATOL = 1e-6
Verdict = Literal["pass", "as PySD", "refused", "wrong", "error", "no output"]
#: Below this share of known columns the output beside a model is that of another one.
_OWN = 0.5
Engine = Callable[[Model, list[str]], tuple[np.ndarray, dict[str, np.ndarray]]]

_CONTROL = {"final_time": "final", "initial_time": "initial", "saveper": "saveper", "time_step": "step"}
Place = tuple[str, tuple[int, ...]] | Callable[[float], float] | str

#: Models whose every feature the labour model, or one like it, may use (the folders of the suite).
_MUST = """
    abs active_initial arguments arithmetics arithmetics_exp builtin_max builtin_min chained_initialization
    comparisons conditional_subscripts constant_expressions control_vars elm_count euler_step_vs_saveper
    eval_order except except_multiple except_subranges exp exponentiation get_constants
    get_constants_incomplete_subscript get_constants_subranges get_data get_data_args_3d_xls
    get_mixed_definitions get_subscript_3d_arrays_xls get_values_order get_xls_cellrange if_stmt
    initial_function input_functions ln log logicals lookups lookups_inline lookups_inline_bounded
    lookups_with_expr lookups_without_range nested_functions partial_range_definitions power repeated_subscript
    smaller_range sqrt subrange_merge subscript_1d_arrays subscript_2d_arrays subscript_3d_arrays
    subscript_3d_arrays_lengthwise subscript_3d_arrays_widthwise subscript_aggregation subscript_constant_call
    subscript_copy subscript_definition subscript_element_name subscript_individually_defined_1_of_2d_arrays
    subscript_individually_defined_1_of_2d_arrays_from_floats subscript_individually_defined_1d_arrays
    subscript_individually_defined_stocks subscript_logicals subscript_mapping_simple subscript_mapping_vensim
    subscript_mixed_assembly subscript_multiples subscript_numeric_range subscript_selection subscript_subranges
    subscript_subranges_equal subscript_transposition subscript_updimensioning subscripted_flows
    subscripted_if_then_else subscripted_logicals subscripted_lookups subscripted_ramp_step subscripted_xidz
    subset_duplicated_coord time unchangeable_constant with_lookup xidz_zidz
"""
MUST = frozenset(_MUST.split())


@dataclass(frozen=True)
class Case:
    """One model of the suite."""

    path: Path
    name: str
    folder: str

    @property
    def family(self) -> str:
        """Family of features, after the name of the folder."""
        if "samples" in self.path.parts:
            return "samples"
        for family in ("subscripted", "subscript", "lookups", "get", "except", "macro", "vector", "allocate"):
            if self.folder.startswith(family):
                return family
        if "delay" in self.folder or "smooth" in self.folder:
            return "delay, smooth"
        return "functions, syntax, control"


@dataclass(frozen=True)
class Outcome:
    """What came of one model."""

    case: Case
    verdict: Verdict
    detail: str = ""


def cases(root: Path) -> list[Case]:
    """All Vensim models of a checkout, in order."""
    found = [each for each in root.rglob("*") if each.suffix.lower() == ".mdl"]
    return [
        Case(each, each.relative_to(root).with_suffix("").as_posix(), each.relative_to(root).parts[1])
        for each in sorted(found)
        if len(each.relative_to(root).parts) > 2
    ]


def interpreted(model: Model, save: list[str]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Run a model without compiling it."""
    return Interpreter(model, save).run()


def compiled(model: Model, save: list[str]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Run a model with the compiled kernel, by Euler's method as its file asks."""
    from krapte_sd.kernel import compile_model

    result = compile_model(model, save).run_file({})
    return result.times, result.saved


def run(case: Case, engine: Engine = interpreted) -> Outcome:
    """Run a model and compare it with every output saved beside it."""
    try:
        model = read_model(case.path)
        expected = _expected(case)
        if expected is None:
            return Outcome(case, "no output", "the suite has no output of it")
        times, columns = expected
        wanted = {column: _locate(model, column) for column in columns}
        if sum(not isinstance(each, str) for each in wanted.values()) < _OWN * len(wanted):
            return Outcome(case, "no output", "the output beside it is that of another model")
        save = sorted({place[0] for place in wanted.values() if isinstance(place, tuple)})
        problem = next((place for place in wanted.values() if isinstance(place, str)), "")
        if not save:
            return Outcome(case, "wrong" if problem else "pass", problem)
        ours, saved = engine(model, save)
        problem = problem or _differences(times, columns, wanted, ours, saved)
        if problem and _as_pysd(case, model, ours, saved):
            return Outcome(case, "as PySD", problem)
    except KrapteError as error:
        shown = error.problems[0] if error.problems else str(error)
        return Outcome(case, "refused" if isinstance(error, ModelError | OSError) else "error", shown)
    except Exception as error:
        return Outcome(case, "error", f"{type(error).__name__}: {error}")
    return Outcome(case, "wrong" if problem else "pass", problem)


@dataclass(frozen=True)
class Column:
    """Saved values, and half a unit of the last digit they are printed with."""

    values: np.ndarray
    rounding: np.ndarray


def _expected(case: Case) -> tuple[Column, dict[str, Column]] | None:
    folder = case.path.parent
    for path in (folder / "output.csv", folder / "output.tab"):
        if path.is_file():
            rows = list(csv.reader(_text(path).splitlines(), delimiter="\t" if path.suffix == ".tab" else ","))
            rows = [row for row in rows if any(each.strip() for each in row)]
            width = max(len(row) for row in rows)
            rows = [[*row, *[""] * (width - len(row))] for row in rows]
            if rows[0][0].strip().lower() != "time":
                rows = [list(each) for each in zip(*rows, strict=True)]
            columns = [_column([row[k] for row in rows[1:]]) for k in range(width)]
            head = [each.strip() for each in rows[0]]
            return columns[0], {name: columns[k] for k, name in enumerate(head) if k and name}
    return None


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _column(texts: list[str]) -> Column:
    values, rounding = [], []
    for text in texts:
        try:
            values.append(float(text))
        except ValueError:
            values.append(math.nan)
        found = re.fullmatch(r"\s*[+-]?\d*(?:\.(?P<digits>\d*))?(?:[eE](?P<power>[+-]?\d+))?\s*", text)
        decimals = len(found["digits"] or "") - int(found["power"] or 0) if found else 99
        # Whole numbers are exact unless they are printed with a power of ten.
        exact = found is None or (found["digits"] is None and found["power"] is None)
        rounding.append(0.0 if exact else 0.5 * 10.0 ** (-decimals))
    return Column(np.array(values), np.array(rounding))


def _locate(model: Model, column: str) -> Place:
    """Variable and element of a column; values by time for a control variable; a text if it is not found."""
    column = column.strip()
    found = re.fullmatch(r'(?P<name>"(?:[^"\\]|\\.)*"|[^\[]+)\s*(?:\[(?P<labels>.*)\])?', column.strip('"'))
    if not found:
        return f"the column '{column}' cannot be read"
    key = normal(found["name"])
    if key in _CONTROL:
        return partial(_control, model.control, _CONTROL[key])
    labels = [normal(each) for each in found["labels"].split(",")] if found["labels"] else []
    for variable in model.variables.values():
        if normal(variable.label) != key or variable.part_of is not None or variable.kind == "lookup":
            continue
        places = []
        if len(labels) != len(variable.dimensions):
            return f"'{column}' has {len(labels)} subscripts, ours has {len(variable.dimensions)}"
        for label, dimension in zip(labels, variable.dimensions, strict=True):
            known = [normal(each) for each in model.ranges[dimension].labels]
            if label not in known:
                return f"'{column}' has no element '{label}' here"
            places.append(known.index(label))
        return variable.name, tuple(places)
    return f"the column '{column}' is not a variable of the model"


def _control(control: Control, key: str, time: float) -> float:
    """Value of a control variable at a time."""
    every = control.saveper or control.step
    plain = Stretch(control.start, control.stop, control.start, control.stop, control.step, every)
    begun = [each for each in control.stretches or (plain,) if each.start <= time + 1e-9]
    return float(getattr(begun[-1], key))


def _differences(
    times: Column,
    columns: dict[str, Column],
    wanted: dict[str, Place],
    ours: np.ndarray,
    saved: dict[str, np.ndarray],
) -> str:
    rows = np.array([int(np.argmin(np.abs(ours - time))) for time in times.values])
    there = np.abs(ours[rows] - times.values) <= 1e-6 * np.maximum(1.0, np.abs(times.values)) + 1.01 * times.rounding
    if not there.all():
        missing = times.values[~there][0]
        return f"no output at time {missing:g}; ours are {ours[0]:g}, {ours[min(1, len(ours) - 1)]:g} ... {ours[-1]:g}"
    for column, theirs in columns.items():
        place = wanted[column]
        if isinstance(place, tuple):
            values = saved[place[0]][(rows, *place[1])]
        else:
            values = np.array([place(time) for time in times.values])
        allowed = np.maximum(ATOL + RTOL * np.abs(theirs.values), 1.01 * theirs.rounding)
        wrong = ~np.isnan(theirs.values) & ~(np.abs(values - theirs.values) <= allowed)
        if wrong.any():
            k = int(np.nonzero(wrong)[0][0])
            return f"{column} at {times.values[k]:g} is {values[k]:.10g}, expected {theirs.values[k]:.10g}"
    return ""


def _as_pysd(case: Case, model: Model, ours: np.ndarray, saved: dict[str, np.ndarray]) -> bool:
    """Tell whether PySD gives the same numbers to 1e-9: then it is the saved output that differs."""
    from krapte_sd.equations.vensim import load_pysd

    load_pysd()
    import pysd

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in case.path.parent.iterdir():
            if each.is_file():
                (Path(folder) / each.name).write_bytes(each.read_bytes())
        copy = Path(folder) / "model_for_pysd.mdl"
        copy.write_bytes(case.path.read_bytes())
        frame = pysd.read_vensim(str(copy)).run(return_columns=list(saved), flatten_output=False)
    theirs = np.asarray(frame.index, dtype=float)
    if len(theirs) != len(ours) or not np.allclose(theirs, ours):
        return False
    for name, values in saved.items():
        column = name if name in frame.columns else model.variables[name].label
        for mine, other in zip(values, frame[column], strict=True):
            if hasattr(other, "transpose") and getattr(other, "ndim", 0):
                other = other.values
            if not np.allclose(mine, np.broadcast_to(other, mine.shape), rtol=1e-9, atol=1e-12):
                return False
    return True


def table(outcomes: list[Outcome]) -> str:
    """Count the verdicts by family of features."""
    verdicts: list[Verdict] = ["pass", "as PySD", "refused", "wrong", "error", "no output"]
    families = sorted({each.case.family for each in outcomes})
    lines = [f"{'family':28s}" + "".join(f"{each:>11s}" for each in verdicts) + f"{'models':>9s}"]
    for family in [*families, "must", "all"]:
        chosen = [
            each
            for each in outcomes
            if family == "all" or each.case.family == family or (family == "must" and each.case.folder in MUST)
        ]
        counts = [sum(each.verdict == verdict for each in chosen) for verdict in verdicts]
        lines.append(f"{family:28s}" + "".join(f"{each:11d}" for each in counts) + f"{len(chosen):9d}")
    return "\n".join(lines)
