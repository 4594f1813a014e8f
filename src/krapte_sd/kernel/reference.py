"""PySD as the reference engine: the same file, the same inputs, Euler's method."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from krapte_sd.equations.model import Model
from krapte_sd.equations.text import SKETCH
from krapte_sd.equations.vensim import load_pysd, read_model, read_text, replace_ranges
from krapte_sd.errors import ParameterError, nearest
from krapte_sd.kernel.inputs import Checked, check_inputs
from krapte_sd.kernel.program import Result
from krapte_sd.kernel.state import State

__all__ = ["run_reference"]


def run_reference(
    path: str | Path,
    inputs: Mapping[str, Any],
    start: int,
    stop: int,
    step: float,
    save: Sequence[str],
    dimensions: Mapping[str, Sequence[str]] | None = None,
    save_step: float = 1.0,
) -> Result:
    """Run a model file with PySD.

    Parameters
    ----------
    path : str or Path
        The model file. It must pass `read_model`, and hold a scalar stock:
        without one PySD 3.14.3 cannot stack stocks that share their first dimension.
    inputs : mapping of str to array or Series
        As for `Program.run`; all inputs of the model must be set.
    start, stop : int
        First and last 1 January.
    step : float
        Step of Euler's method.
    save : sequence of str
        Variables wanted.
    dimensions : mapping of str to sequence of str, optional
        Labels that replace those of the file.
    save_step : float, optional
        Interval of the outputs.

    Returns
    -------
    Result
        With `times` and `saved`; PySD gives no integrals. At the final time PySD
        evaluates with the data of the last year, as the compiled kernel does.

    Raises
    ------
    ModelError, ParameterError
        As from `read_model` and `Program.run`.
    """
    model = read_model(path, dimensions)
    problems = [
        f"save: '{name}' is not a variable of the model{nearest(name, model.variables)}"
        for name in save
        if name not in model.variables
    ]
    if problems:
        raise ParameterError.collect(f"outputs of {path}", problems)
    checked = check_inputs(model, list(model.variables), inputs, start, stop)
    load_pysd()
    import pysd

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # PySD warns about its own use of other libraries, and about inputs that are still to be set.
        warnings.simplefilter("ignore")
        copy = Path(folder) / "reference_model.mdl"
        text = replace_ranges(read_text(Path(path)), dimensions or {})
        copy.write_text(_timed(text, start, stop, step, save_step), encoding="utf-8")
        engine = pysd.read_vensim(str(copy), initialize=False, encoding="utf-8")
        engine.set_components(_components(model, checked, start, stop))
        frame = engine.run(return_columns=list(save), flatten_output=False)
    times = np.asarray(frame.index, dtype=float)
    saved = {}
    for name in save:
        column = name if name in frame.columns else model.variables[name].label
        rows = [_values(each, model, name) for each in frame[column]]
        saved[name] = np.stack(rows)
    return Result(times, saved, np.arange(0), {}, State({}))


def _timed(text: str, start: int, stop: int, step: float, save_step: float) -> str:
    """Write the times of the run into the text; PySD starts nowhere else than the file says."""
    values = {"INITIAL TIME": start, "FINAL TIME": stop, "TIME STEP": step, "SAVEPER": save_step}
    for name, value in values.items():
        pattern = rf"^(\s*{name.replace(' ', '[ _]')}\s*=)[^~|]*(?=~)"
        text, count = re.subn(pattern, rf"\g<1> {value!r} ", text, flags=re.MULTILINE | re.IGNORECASE)
        if count == 0:
            text = f"{text.split(SKETCH, 1)[0]}\n{name}= {value!r} ~ ~ |\n"
    return text


def _components(model: Model, checked: Checked, start: int, stop: int) -> dict[str, Any]:
    import pandas as pd
    import xarray as xr

    def labelled(name: str, value: np.ndarray) -> Any:
        dims = model.variables[name].dimensions
        if not dims:
            return float(value)
        return xr.DataArray(value, {each: list(model.dimensions[each]) for each in dims}, list(dims))

    components: dict[str, Any] = {name: labelled(name, value) for name, value in checked.constants.items()}
    for name, table in checked.tables.items():
        series = pd.Series(index=np.arange(start, stop + 1, dtype=float), dtype=object)
        for number, year in enumerate(series.index):
            series[year] = labelled(name, table[number])
        if not model.variables[name].dimensions:
            series = series.astype(float)
        components[name] = series
    return components


def _values(value: Any, model: Model, name: str) -> np.ndarray:
    """One output of PySD in the order of our dimensions; PySD drops none but may return a number."""
    dims = model.variables[name].dimensions
    if not dims or not hasattr(value, "transpose"):
        return np.broadcast_to(np.asarray(value, dtype=float), model.shape(name)).copy()
    return np.asarray(value.transpose(*dims).values, dtype=float)
