"""TIME STEP, FINAL TIME, INITIAL TIME and SAVEPER: numbers, or expressions of constants and Time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from krapte_sd.equations.declare import Declaration
from krapte_sd.equations.model import Control, Stretch
from krapte_sd.equations.ranges import normal
from krapte_sd.equations.text import Entry

__all__ = ["CONTROL", "Clock"]

CONTROL = ("initial_time", "final_time", "time_step", "saveper")
_DEEPEST = 50
_MOST_STEPS = 100_000
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


class Clock:
    """Works out expressions of constants, and the times of the run that a file asks for.

    Parameters
    ----------
    control : mapping of str to (Entry, Any)
        Entry and parsed component of each of `CONTROL` that the file has.
    declared : mapping of str to Declaration
        The variables of the file.
    unit : str
        Unit of TIME STEP.
    """

    def __init__(
        self, control: Mapping[str, tuple[Entry, Any]], declared: Mapping[str, Declaration], unit: str = ""
    ) -> None:
        self.control = control
        self.declared = declared
        self.unit = unit
        self.now: float | None = None
        self.timed = False

    def read(self) -> tuple[Control, list[tuple[str, str]]]:
        """Give the times of the run, and what is wrong: the name of a control variable, and the text."""
        problems: list[tuple[str, str]] = []
        for key in CONTROL:
            if key not in self.control:
                if key != "saveper":
                    problems.append(("", f"'{_shown(key)}' is not defined"))
            elif self._number(key, 0.0) is None:
                told = f"'{self.control[key][1].name}' must be a number, or made of constants of the model and Time"
                problems.append((key, told))
        if problems:
            return Control(0.0, 1.0, 1.0, self.unit, 1.0), problems
        self.timed = False
        start = self._number("initial_time", 0.0) or 0.0
        # The start may be written as an expression of Time; at the start it must say the start.
        if self._number("initial_time", start) != start:
            told = "INITIAL TIME is another time at the start than at time 0"
            return Control(0.0, 1.0, 1.0, self.unit, 1.0), [("initial_time", told)]
        stop, step = self._number("final_time", start) or 0.0, self._number("time_step", start) or 0.0
        saveper = step if "saveper" not in self.control else self._number("saveper", start)
        if not (step > 0 and stop >= start):
            told = f"a run from {start:g} to {stop:g} by {step:g} goes nowhere; TIME STEP must be above zero, "
            told += "FINAL TIME not before INITIAL TIME"
            return Control(start, stop, step, self.unit, saveper), [("time_step", told)]
        if not self.timed:
            return Control(start, stop, step, self.unit, saveper), []
        stretches, problem = self._stretches(start)
        end = stretches[-1].stop if stretches else stop
        return Control(start, end, step, self.unit, saveper, tuple(stretches)), [problem] if problem else []

    def _stretches(self, start: float) -> tuple[list[Stretch], tuple[str, str] | None]:
        """Walk through the run step by step, and cut it where a control variable changes."""
        found: list[Stretch] = []
        now, save = start, start
        for _ in range(_MOST_STEPS):
            initial, final, step = (self._number(key, now) or 0.0 for key in CONTROL[:3])
            saveper = step if "saveper" not in self.control else self._number("saveper", now) or 0.0
            if not (step > 0 and saveper > 0):
                return found, ("time_step", f"TIME STEP and SAVEPER must be above zero, found {step:g} at time {now:g}")
            saves = now >= save - step / 2
            if saves:
                save = now + saveper
            over = now >= final - step / 2
            values = (initial, final, step, saveper)
            last = found[-1] if found else None
            due = last is not None and last.saves and _grid(now - last.start, saveper)
            if last is not None and last.values == values and saves == due:
                steps = round((now - last.start) / step) + 1
                found[-1] = Stretch(last.start, last.start + steps * step, *values)
            else:
                found.append(Stretch(now, now + step, *values, saves))
            if over:
                last = found.pop()
                if last.start < now:
                    found.append(Stretch(last.start, now, *values, last.saves))
                return found, None
            now = found[-1].stop
        return found, ("final_time", f"the run does not end within {_MOST_STEPS} steps")

    def _number(self, key: str, now: float) -> float | None:
        """Value of a control variable at a time."""
        self.now = now
        found = self._value(key, frozenset())
        self.now = None
        return found if found is not None and np.isfinite(found) else None

    def _value(self, key: str, path: frozenset[str]) -> float | None:
        if key not in self.control or key in path:
            return None
        return self.constant(getattr(self.control[key][1], "ast", None), path | {key})

    def constant(self, tree: Any, path: frozenset[str] = frozenset()) -> float | None:
        """Value of an expression of constants at the start, as control variables and orders of delays may be."""
        if isinstance(tree, int | float):
            return float(tree)
        if len(path) > _DEEPEST:
            return None
        kind = type(tree).__name__
        if kind == "ReferenceStructure" and not tree.subscripts:
            return self._reference(normal(tree.reference), path)
        if kind == "CallStructure":
            return self._call(normal(tree.function.reference), list(tree.arguments), path)
        if kind == "LogicStructure":
            return self._compared(list(tree.operators), self._all(tree.arguments, path))
        if kind == "ArithmeticStructure":
            return _computed(list(tree.operators), self._all(tree.arguments, path))
        return None

    def _all(self, trees: Sequence[Any], path: frozenset[str]) -> list[float | None]:
        return [self.constant(each, path | {f"'{len(path)}"}) for each in trees]

    def _reference(self, key: str, path: frozenset[str]) -> float | None:
        if key in path:
            return None
        if key == "time":
            self.timed = True
            return self.now
        if key in self.control:
            return self._value(key, path)
        parts = self.declared[key].parts if key in self.declared else []
        return self.constant(parts[0].component.ast, path | {key}) if len(parts) == 1 else None

    def _call(self, name: str, arguments: list[Any], path: frozenset[str]) -> float | None:
        args = self._all(arguments, path)
        if name == "step" and len(args) == 2:
            # Away from control variables a step that comes later than the start is not there yet.
            self.timed = True
            now = self._value("initial_time", path) if self.now is None else self.now
            step = self._value("time_step", path)
            height, time = args
            if height is None or time is None or now is None or step is None:
                return None
            return height if now + step / 2 > time else 0.0
        if name == "if_then_else" and len(args) == 3:
            return args[0] and args[1] if args[0] else None if args[0] is None else args[2]
        if name in ("min", "max") and len(args) == 2 and args[0] is not None and args[1] is not None:
            return min(args[0], args[1]) if name == "min" else max(args[0], args[1])
        return None

    def _compared(self, operators: list[str], args: list[float | None]) -> float | None:
        if len(operators) != 1 or len(args) != 2 or operators[0] not in _COMPARISONS:
            return None
        left, right = args
        return None if left is None or right is None else float(_COMPARISONS[operators[0]](left, right))


def _computed(operators: list[str], args: list[float | None]) -> float | None:
    numbers = [each for each in args if each is not None]
    if len(numbers) < len(args) or not numbers:
        return None
    if operators == ["negative"]:
        return -numbers[0]
    result = numbers[0]
    for operator, right in zip(operators, numbers[1:], strict=True):
        if operator == "^" or (operator == "/" and right == 0):
            return None
        result = {"+": result + right, "-": result - right, "*": result * right, "/": result / (right or 1.0)}[operator]
    return result


def _grid(since: float, every: float) -> bool:
    """True if a time is a multiple of a width after the start of a stretch."""
    return abs(since / every - round(since / every)) < 1e-9


def _shown(key: str) -> str:
    return key.replace("_", " ").upper()
