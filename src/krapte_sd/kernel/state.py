"""The state of a run: what must be known to go on with it.

Stocks alone are not enough: what INITIAL() kept from the start, and the time, belong
to it too. A state names its model by checksum and is refused by any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from krapte_sd.equations.expressions import Number, Op, Ref, TimeRef, children
from krapte_sd.equations.model import Model
from krapte_sd.errors import ParameterError
from krapte_sd.kernel.lower import Lowered, Statement

__all__ = ["State", "cell_keys", "check_state"]

Array = NDArray[np.float64]
_STOCK, _INITIAL = "stock:", "initial:"


@dataclass(frozen=True, eq=False)
class State(Mapping[str, Array]):
    """Stocks by name, with what else a run needs to go on.

    Attributes
    ----------
    stocks : dict of str to array
        Values of the stocks.
    initial : dict of str to array
        Values that INITIAL() has kept, by checksum of its argument.
    time : float
        Time of the state.
    model_sha256 : str
        Checksum of the model.

    Examples
    --------
    >>> state = result.final_state                                      # doctest: +SKIP
    >>> np.savez("2035.npz", **state.to_arrays())                       # doctest: +SKIP
    >>> state = State.from_arrays(np.load("2035.npz"))                  # doctest: +SKIP
    """

    stocks: dict[str, Array]
    initial: dict[str, Array] = field(default_factory=dict)
    time: float = float("nan")
    model_sha256: str = ""

    def __getitem__(self, name: str) -> Array:
        return self.stocks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.stocks)

    def __len__(self) -> int:
        return len(self.stocks)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Give everything as plain arrays, to be stored in any format."""
        arrays: dict[str, NDArray[np.generic]] = {
            "time": np.array(self.time),
            "model_sha256": np.frombuffer(bytes.fromhex(self.model_sha256), dtype=np.uint8).copy(),
        }
        arrays |= {_STOCK + name: value for name, value in self.stocks.items()}
        return arrays | {_INITIAL + name: value for name, value in self.initial.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ArrayLike]) -> State:
        """Read a state from what `to_arrays` gave.

        Raises
        ------
        ParameterError
            If the time or the checksum is missing, or a value is not finite.
        """
        missing = [name for name in ("time", "model_sha256") if name not in arrays]
        if missing:
            raise ParameterError(f"not the arrays of a state: {' and '.join(missing)} missing")
        found: dict[str, dict[str, Array]] = {_STOCK: {}, _INITIAL: {}}
        problems = []
        for name in arrays:
            for prefix, group in found.items():
                if name.startswith(prefix):
                    value = np.array(arrays[name], dtype=np.float64)
                    group[name.removeprefix(prefix)] = value
                    if not np.isfinite(value).all():
                        problems.append(f"'{name}' holds a value that is not finite")
        if problems:
            raise ParameterError.collect("state of a run", problems)
        checksum = np.asarray(arrays["model_sha256"], dtype=np.uint8).tobytes().hex()
        return cls(found[_STOCK], found[_INITIAL], float(np.asarray(arrays["time"])), checksum)


def check_state(state: State, model: Model, stocks: tuple[str, ...], cells: Mapping[str, str], start: float) -> None:
    """Check that a state belongs to a model, a time and what a program needs.

    Raises
    ------
    ParameterError
        With every problem.
    """
    problems = []
    if not isinstance(state, State):
        raise ParameterError(f"state must be the final_state of a run, found {type(state).__name__}")
    if state.model_sha256 != model.sha256:
        found = state.model_sha256[:12] or "none"
        problems.append(f"it is of another model (checksum {found}...; this one has {model.sha256[:12]}...)")
    else:
        if state.time != start:
            problems.append(f"it is of time {state.time:g}, the run starts at {start:g}")
        for name in stocks:
            if name not in state.stocks:
                problems.append(f"the stock '{name}' is missing; the run that gave it did not need it")
            elif state.stocks[name].shape != model.shape(name):
                problems.append(f"'{name}' has shape {state.stocks[name].shape}, it must be {model.shape(name)}")
        lacking = [cell for cell, key in cells.items() if key not in state.initial]
        if lacking:
            problems.append(
                f"{len(lacking)} value(s) of INITIAL() are missing; the run that gave it must have the same outputs"
            )
    if problems:
        raise ParameterError.collect(f"state for {model.path}", problems)


def cell_keys(lowered: Lowered) -> dict[str, str]:
    """Give the slot of each INITIAL() a name that depends on its argument alone, not on the rest of a program."""
    writers: dict[str, list[Statement]] = {}
    for statements in lowered.phases.values():
        for each in statements:
            writers.setdefault(each.target, []).append(each)
    bodies = {cell: body for body, cell in lowered.copies}
    known: dict[str, str] = {}

    def told(name: str) -> str:
        slot = lowered.slots[name]
        if name not in known:
            if slot.role == "cell":
                known[name] = f"INITIAL({told(bodies[name])})"
            elif slot.role == "temporary":
                known[name] = "; ".join(
                    f"{each.mode} {each.index} {each.loops} {written(each.expr)}" for each in writers[name]
                )
            else:
                known[name] = name
        return known[name]

    def written(expr: object) -> str:
        match expr:
            case Ref(name, index):
                return f"<{told(name)}>{index}"
            case Op(function, args):
                return f"{function}({', '.join(written(each) for each in args)})"
            case Number(value):
                return repr(value)
            case TimeRef():
                return "Time"
        raise AssertionError(children)

    cells = [cell for _, cell in lowered.copies if lowered.slots[cell].role == "cell"]
    return {cell: hashlib.sha256(told(cell).encode()).hexdigest()[:24] for cell in cells}
