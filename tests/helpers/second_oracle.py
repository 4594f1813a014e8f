"""Runs a model file in simlin, an engine that shares no code with ours or with PySD.

simlin has no way to hand it data from outside, and 65,536 places for numbers at most (the shipped model with all years
of birth needs more). So the ranges of a run are cut to a few labels, every data variable becomes a constant, and the
constants are set anew at each step. Euler's method looks at the data at the start of a step only, which makes that
the same run.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from krapte_sd.equations import Model, read_model
from krapte_sd.equations.vensim import read_text, replace_ranges
from krapte_sd.kernel import Series

#: A data variable without an equation, up to the unit behind it.
DATA = re.compile(r":(?:INTERPOLATE|HOLD BACKWARD):(?=\s*~)")


def cut(model: Model, inputs: Mapping[str, Any], smaller: Model) -> dict[str, Any]:
    """Take the elements that a model with shorter ranges has out of the inputs of the one with long ranges."""
    made: dict[str, Any] = {}
    for name, value in inputs.items():
        dimensions = model.variables[name].dimensions
        places = [[model.dimensions[dim].index(label) for label in smaller.dimensions[dim]] for dim in dimensions]
        if isinstance(value, Series):
            values = np.asarray(value.values)
            years = np.asarray(value.years)
            made[name] = Series(years, values[np.ix_(range(years.size), *places)])
        else:
            values = np.asarray(value)
            made[name] = values[np.ix_(*places)] if dimensions else values
    return made


def simlin_text(path: Path, dimensions: Mapping[str, Sequence[str]], start: int, stop: int, step: float) -> str:
    """Write the ranges and times of a run into the text, and what simlin cannot read into a form it can.

    An element that is never set stays :NA:, which is -6.5e32 in simlin, so that no comparison can miss it; a data
    variable as it stands would be 1 in silence.
    """
    text = DATA.sub("= :NA:", replace_ranges(read_text(path), dimensions))
    for name, value in {"INITIAL TIME": start, "FINAL TIME": stop, "TIME STEP": step, "SAVEPER": 1}.items():
        text, count = re.subn(rf"^{name}=[^~]*(?=~)", f"{name}= {value!r} ", text, flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"{path}: {count} definitions of {name}, one was expected")
    return text


class Oracle:
    """One run of a model file in simlin."""

    def __init__(
        self,
        folder: Path,
        path: Path,
        dimensions: Mapping[str, Sequence[str]],
        inputs: Mapping[str, Any],
        years: tuple[int, int],
        step: float,
    ) -> None:
        import simlin

        self.model = read_model(path, dimensions)
        self.inputs = inputs
        self.start, self.stop = years
        self.step = step
        file = folder / "second_oracle.mdl"
        file.write_text(simlin_text(path, dimensions, *years, step), encoding="utf-8")
        engine = simlin.load(str(file))
        issues = [str(issue) for issue in engine.check() if issue.severity == "error"]
        if issues:
            raise ValueError("\n".join(issues))
        self.simulation = engine.simulate()
        self.slots = frozenset(self.simulation.get_var_names())

    def places(self, name: str) -> Iterator[str]:
        """Give the names of the elements of a variable in simlin, in order; a single element has no brackets."""
        dimensions = self.model.variables[name].dimensions
        labels = [[label.lower() for label in self.model.dimensions[dim]] for dim in dimensions]
        several = int(np.prod([len(each) for each in labels])) > 1
        for each in product(*labels):
            slot = f"{name}[{','.join(each)}]" if several else name
            if slot not in self.slots:
                raise ValueError(f"simlin has no '{slot}'")
            yield slot

    def run(self, save: Iterable[str]) -> dict[str, np.ndarray]:
        """Run and give variables on each 1 January, shape (times, dimensions)."""
        held, moving = [], []
        for name, value in self.inputs.items():
            slots = list(self.places(name))
            if not isinstance(value, Series):
                self._set(slots, value)
                continue
            rows = dict(zip(np.asarray(value.years).tolist(), np.asarray(value.values), strict=True))
            (moving if self.model.variables[name].interpolation == "linear" else held).append((slots, rows))
        parts = round(1 / self.step)
        for year, part in product(range(self.start, self.stop), range(parts)):
            if part == 0:
                for slots, rows in held:
                    self._set(slots, rows[year])
            share = part * self.step
            for slots, rows in moving:
                self._set(slots, rows[year] + share * (rows[year + 1] - rows[year]))
            self.simulation.run_to(year + share)
        # No step starts at the end; its values are those of the data of that day.
        for slots, rows in (*held, *moving):
            self._set(slots, rows[self.stop])
        self.simulation.run_to_end()
        times = self.simulation.get_series("time")
        np.testing.assert_array_equal(times, np.arange(self.start, self.stop + 1))
        return {name: self._series(name) for name in save}

    def _set(self, slots: Sequence[str], values: Any) -> None:
        for slot, value in zip(slots, np.asarray(values, dtype=float).ravel().tolist(), strict=True):
            self.simulation.set_value(slot, value)

    def _series(self, name: str) -> np.ndarray:
        columns = [self.simulation.get_series(slot) for slot in self.places(name)]
        return np.stack(columns, axis=-1).reshape(-1, *self.model.shape(name))
