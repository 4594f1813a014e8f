"""Reads a Vensim model file through PySD's grammar into our own `Model`.

This is the only module that imports PySD's translators, and it does so when a
file is read. Each entry of the file is parsed on its own, so that every mistake
of a file is reported, with its line, in one `ModelError`, before anything runs.

Supported: subscript ranges (lists and numeric ranges), references to whole
ranges and to single elements, numbers and lists of numbers, inputs ``= :NA:``,
data variables without equation (``:INTERPOLATE:``, ``:HOLD BACKWARD:``),
auxiliaries, INTEG, INITIAL, the functions in `expressions.ARITY`, SUM, VMIN and
VMAX over ``!``, and definitions element by element.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from krapte_sd.equations import checks
from krapte_sd.equations.convert import Converter, Declaration
from krapte_sd.equations.expressions import Equation, Index, Number, Span
from krapte_sd.equations.model import Control, Dimension, Model, Variable
from krapte_sd.equations.text import Entry, split
from krapte_sd.errors import FileError, ModelError, nearest

__all__ = ["read_model", "replace_ranges"]

_CONTROL = ("initial_time", "final_time", "time_step", "saveper")
# Refused before PySD sees them: PySD passes parts of lookups to eval().
_LOOKUP = re.compile(r"WITH\s+LOOKUP|TABBED\s+ARRAY|\bGET[\s_]+(XLS|DIRECT|VDF|DATA)\b", re.IGNORECASE)
_LIMITS = re.compile(r"^(?P<unit>.*?)\s*\[(?P<limits>[^\[\]]*)\]$")


def read_model(path: str | Path, dimensions: Mapping[str, Sequence[str]] | None = None) -> Model:
    """Read and check a Vensim model file.

    Parameters
    ----------
    path : str or Path
        A ``.mdl`` file, encoded in UTF-8.
    dimensions : mapping of str to sequence of str, optional
        Labels that replace those of the file, by name of the dimension.

    Returns
    -------
    Model
        The equations, typed and checked. Units are checked by `check_units`.

    Raises
    ------
    FileError
        If the file cannot be read.
    ModelError
        With every mistake of the file, each with its line.
    """
    path = Path(path)
    text = read_text(path)
    reader = _Reader(path.name, dimensions or {})
    model = reader.read(text, str(path))
    problems = reader.problems or checks.check_model(model)
    if problems:
        raise ModelError.collect(str(path), _in_order(problems))
    return model


def read_text(path: Path) -> str:
    """Read the text of a model file.

    Raises
    ------
    FileError
        If it does not exist, is not ``.mdl``, or is not UTF-8.
    """
    if path.suffix.lower() != ".mdl":
        raise FileError(f"{path}: a model file must end in .mdl (Vensim text format), found '{path.suffix}'")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: the model file cannot be read: {error.strerror or error}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(
            f"{path}:{line}: byte {data[error.start]:#04x} is not UTF-8; save the model as UTF-8"
        ) from error
    if "\0" in text:
        raise FileError(
            f"{path}:{text.count(chr(10), 0, text.index(chr(0))) + 1}: the file holds a zero byte; it is no text"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def load_pysd() -> None:
    """Import PySD for the first time without the warnings it sets off in the libraries it uses."""
    if "pysd" not in sys.modules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module("pysd")


def replace_ranges(text: str, dimensions: Mapping[str, Sequence[str]]) -> str:
    """Write other labels into the subscript ranges of a model text.

    Parameters
    ----------
    text : str
        A model file that `read_model` accepts.
    dimensions : mapping of str to sequence of str
        New labels by name of the dimension.

    Returns
    -------
    str
        The text with those ranges replaced, for engines that read the file themselves.

    Raises
    ------
    ModelError
        If a label cannot be written in a model file, or a range is not in the text.
    """
    problems = [
        f"dimension '{name}': the label '{label}' cannot be written in a Vensim file; "
        "letters, digits, blanks and '_' are allowed, the first a letter"
        for name, labels in dimensions.items()
        for label in labels
        if not re.fullmatch(r"[^\W\d][\w ]*", label)
    ]
    if problems:
        raise ModelError.collect("replacing dimensions", problems)
    for name, labels in dimensions.items():
        pattern = rf"(?P<head>^[ \t]*{re.escape(name)}[ \t]*:)(?!=)[^~|]*(?=~)"
        # The labels were checked above: they hold nothing a replacement text would act on.
        text, count = re.subn(pattern, rf"\g<head> {', '.join(labels)} ", text, count=1, flags=re.MULTILINE)
        if count == 0:
            problems.append(f"dimension '{name}' is not defined in the file")
    if problems:
        raise ModelError.collect("replacing dimensions", problems)
    return text


def _in_order(problems: Sequence[str]) -> list[str]:
    def line(problem: str) -> int:
        found = re.match(r"[^:]*:(\d+)", problem)
        return int(found[1]) if found else 0

    return sorted(dict.fromkeys(problems), key=line)


class _Reader:
    """Collects the entries of one file, and all that is wrong with them."""

    def __init__(self, file: str, dimensions: Mapping[str, Sequence[str]]) -> None:
        self.file = file
        self.replaced = dimensions
        self.problems: list[str] = []
        self.ranges: dict[str, Dimension] = {}
        self.declared: dict[str, Declaration] = {}
        self.control: dict[str, tuple[Entry, Any]] = {}
        # Names whose own entry could not be read: that they are used elsewhere is no second mistake.
        self.failed: set[str] = set()

    def read(self, text: str, path: str) -> Model:
        entries, groups, problems = split(text, self.file)
        self.problems += problems
        components = [(entry, self._parse(entry)) for entry in entries]
        self.failed = {_key(entry.equation) for entry, component in components if component is None}
        for entry, component in components:
            if type(component).__name__ == "SubscriptRange":
                self._range(entry, component)
        self._replace_labels()
        for entry, component in components:
            if component is not None and type(component).__name__ != "SubscriptRange":
                self._declare(entry, component)
        self._identifiers()
        converter = Converter(
            {key: each.variable for key, each in self.declared.items()}, self.declared, self.ranges, self.failed
        )
        variables = {}
        for declaration in self.declared.values():
            variable = self._variable(declaration, converter)
            variables[variable.name] = variable
        self.problems += converter.problems
        digest = hashlib.sha256(text.encode())
        digest.update(repr([(each.name, each.labels) for each in self.ranges.values()]).encode())
        return Model(
            path, self.ranges, variables, {each.name: each.doc for each in groups}, self._control(), digest.hexdigest()
        )

    def _say(self, line: int, text: str) -> None:
        self.problems.append(f"{self.file}:{line}: {text}")

    # -- reading one entry -------------------------------------------------------------------------------------------

    def _parse(self, entry: Entry) -> Any:
        """Let PySD's grammar read one entry; None if it cannot."""
        from parsimonious.exceptions import ParseError, VisitationError

        load_pysd()
        from pysd.translators.vensim.vensim_element import Element

        if not entry.equation:
            self._say(entry.line, "an entry without equation")
            return None
        if found := _LOOKUP.search(entry.equation):
            self._say(entry.line, f"{' '.join(found.group().upper().split())} is not supported")
            return None
        if "->" in entry.equation or "<->" in entry.equation:
            self._say(entry.line, "mappings and copies of subscript ranges are not supported")
            return None
        try:
            component = Element(entry.equation, "", "").parse()
            kind = type(component).__name__
            if kind == "Lookup":
                self._say(entry.line, f"lookups are not supported ('{entry.equation[:60]}')")
                return None
            if kind in ("Constraint", "TestInput"):
                self._say(entry.line, "reality checks are not supported")
                return None
            if kind == "Data" and component.expression:
                self._say(entry.line, f"data equations ':=' are not supported; declare '{component.name}:INTERPOLATE:'")
                return None
            if kind in ("Component", "UnchangeableConstant"):
                component.parse()
        except ParseError as error:
            self._say(entry.line, f"{_syntax(entry.equation, error)}")
        except (VisitationError, RecursionError, KeyError, TypeError, ValueError, SyntaxError, IndexError) as error:
            self._say(entry.line, f"the equation '{entry.equation[:80]}' cannot be read: {_cause(error)}")
        else:
            return component
        return None

    def _range(self, entry: Entry, component: Any) -> None:
        if component.name in self.ranges:
            self._say(
                entry.line,
                f"the range '{component.name}' is already defined in line {self.ranges[component.name].span.line}",
            )
            return
        if not isinstance(component.definition, list):
            self._say(entry.line, f"the range '{component.name}' must be a list of elements or a numeric range")
            return
        labels = tuple(component.definition)
        if double := sorted({each for each in labels if labels.count(each) > 1}):
            self._say(entry.line, f"the range '{component.name}' holds {', '.join(double)} twice")
        self.ranges[component.name] = Dimension(component.name, labels, Span(self.file, entry.line, entry.equation))

    def _replace_labels(self) -> None:
        for name, labels in self.replaced.items():
            if name not in self.ranges:
                self.problems.append(f"dimensions: the model has no range '{name}'{nearest(name, self.ranges)}")
                continue
            labels = tuple(labels)
            if (
                not labels
                or not all(isinstance(each, str) and each for each in labels)
                or len(set(labels)) < len(labels)
            ):
                self.problems.append(
                    f"dimensions: the labels of '{name}' must be different non-empty texts, at least one"
                )
                continue
            self.ranges[name] = Dimension(name, labels, self.ranges[name].span)
        owner: dict[str, str] = {}
        for each in self.ranges.values():
            for label in each.labels:
                if label in self.ranges:
                    self.problems.append(
                        f"{each.span}: '{label}' is both an element of '{each.name}' and the name of a range"
                    )
                if label in owner and each.name not in self.replaced and owner[label] not in self.replaced:
                    self.problems.append(
                        f"{each.span}: '{label}' is an element of '{owner[label]}' and of '{each.name}'; "
                        "subranges are not supported"
                    )
                owner.setdefault(label, each.name)

    # -- declarations ------------------------------------------------------------------------------------------------

    def _declare(self, entry: Entry, component: Any) -> None:
        key = component.name.lower().replace(" ", "_")
        if key in _CONTROL:
            if key in self.control:
                self._say(entry.line, f"'{component.name}' is already defined in line {self.control[key][0].line}")
            self.control[key] = (entry, component)
            return
        if key == "time":
            self._say(entry.line, "Time is given by the run and cannot be defined")
            return
        names, excepted = component.subscripts
        if excepted:
            self._say(entry.line, ":EXCEPT: is not supported")
            self.failed.add(key)
            return
        target = self._target(entry, component.name, names)
        if target is None:
            self.failed.add(key)
            return
        if key not in self.declared:
            self.declared[key] = Declaration(component.name, tuple(each.dimension for each in target))
        declaration = self.declared[key]
        if tuple(each.dimension for each in target) != declaration.dimensions:
            self._say(
                entry.line,
                f"'{component.name}' is defined over {_list(each.dimension for each in target)} here, "
                f"and over {_list(declaration.dimensions)} in line {declaration.parts[0][0].line}",
            )
            return
        overlap = next((other for other, index, _ in declaration.parts if checks.overlap(index, target)), None)
        if overlap is not None:
            self._say(entry.line, f"'{entry.equation.split('=')[0].strip()}' is already defined in line {overlap.line}")
            return
        declaration.parts.append((entry, target, component))

    def _target(self, entry: Entry, name: str, subscripts: Sequence[str]) -> tuple[Index, ...] | None:
        target = []
        for each in subscripts:
            owners = [dimension.name for dimension in self.ranges.values() if each in dimension.labels]
            if each in self.ranges:
                target.append(Index(each))
            elif len(owners) == 1:
                target.append(Index(owners[0], self.ranges[owners[0]].labels.index(each)))
            elif owners:
                self._say(entry.line, f"'{each}' is an element of {_list(owners)}; which one is meant is not clear")
                return None
            else:
                known = [*self.ranges, *(label for dimension in self.ranges.values() for label in dimension.labels)]
                self._say(
                    entry.line, f"'{each}' in '{name}[...]' is neither a range nor an element{nearest(each, known)}"
                )
                return None
        if len({each.dimension for each in target}) < len(target):
            self._say(entry.line, f"'{name}' uses one range twice; give the second one a range of its own")
            return None
        return tuple(target)

    def _identifiers(self) -> None:
        """Give every variable the name PySD's namespace gives it."""
        load_pysd()
        from pysd.builders.python.namespace import NamespaceManager

        taken: dict[str, str] = {}
        for declaration in self.declared.values():
            name = NamespaceManager().make_python_identifier(declaration.label)
            entry = declaration.parts[0][0]
            if name in taken:
                self._say(entry.line, f"'{declaration.label}' and '{taken[name]}' both become '{name}'; rename one")
            taken[name] = declaration.label
            declaration.variable = name

    # -- variables ---------------------------------------------------------------------------------------------------

    def _variable(self, declaration: Declaration, converter: Converter) -> Variable:
        entry = declaration.parts[0][0]
        span = Span(self.file, entry.line, entry.equation)
        unit, limits = self._unit(declaration)
        equations: list[Equation] = []
        initial: list[Equation] = []
        kinds = []
        value = np.full(tuple(len(self.ranges[each]) for each in declaration.dimensions), np.nan)
        for part, target, component in declaration.parts:
            place = Span(self.file, part.line, part.equation)
            kind, expr, start = converter.part(component, target, place, declaration.label)
            kinds.append(kind)
            if kind == "constant":
                self._fill(value, target, expr, place, declaration.label)
            if isinstance(expr, np.ndarray):
                expr = None
            if expr is not None:
                equations.append(Equation(target, expr, place))
            if start is not None:
                initial.append(Equation(target, start, place))
        kind = self._kind(kinds, declaration, equations)
        if kind in ("input", "data", "constant"):
            equations = []
        keyword = getattr(declaration.parts[0][2], "keyword", None)
        return Variable(
            declaration.variable, declaration.label, kind, declaration.dimensions, unit,
            next((each.doc for each, _, _ in declaration.parts if each.doc), ""), entry.group,
            tuple(equations), tuple(initial), value if kind == "constant" else None,
            {"interpolate": "linear", "hold_backward": "hold"}.get(keyword) if kind == "data" else None,  # type: ignore[arg-type]
            limits, span,
        )  # fmt: skip

    def _kind(self, kinds: list[str], declaration: Declaration, equations: list[Equation]) -> Any:
        entry = declaration.parts[0][0]
        found = set(kinds)
        if found <= {"constant", "auxiliary"} and len(found) == 2:
            if len(equations) < len(kinds):
                self._say(entry.line, f"'{declaration.label}' mixes a list of numbers with equations")
            found = {"auxiliary"}
        if len(found) > 1:
            self._say(entry.line, f"the parts of '{declaration.label}' are of different kinds: {_list(sorted(found))}")
        missing = checks.missing(
            [target for _, target, _ in declaration.parts], [len(self.ranges[each]) for each in declaration.dimensions]
        )
        if missing is not None:
            labels = [self.ranges[name].labels[k] for name, k in zip(declaration.dimensions, missing, strict=True)]
            self._say(entry.line, f"'{declaration.label}' has no equation for [{','.join(labels)}]")
        return kinds[0] if len(found) > 1 else found.pop()

    def _fill(self, value: np.ndarray, target: tuple[Index, ...], expr: Any, place: Span, label: str) -> None:
        where = tuple(slice(None) if each.element is None else each.element for each in target)
        shape = value[where].shape
        if isinstance(expr, Number):
            value[where] = expr.value
        elif expr.shape == shape or (
            expr.size == int(np.prod(shape)) and expr.ndim <= 1 and max(shape, default=1) == expr.size
        ):
            value[where] = expr.reshape(shape)
        else:
            self.problems.append(f"{place}: the list of '{label}' has shape {expr.shape}, its subscripts have {shape}")

    def _unit(self, declaration: Declaration) -> tuple[str, tuple[float | None, float | None]]:
        text = next((each.unit for each, _, _ in declaration.parts if each.unit), "")
        found = _LIMITS.match(text)
        if not found:
            return text, (None, None)
        try:
            low, high = (None if each.strip() == "?" else float(each) for each in found["limits"].split(",")[:2])
        except ValueError:
            self._say(
                declaration.parts[0][0].line,
                f"limits must be '[low,high]' with numbers or '?', found '[{found['limits']}]'",
            )
            return found["unit"], (None, None)
        # Written limits without a lower one allow negative values; see the guard in the kernel.
        return found["unit"], (float("-inf") if low is None else low, float("inf") if high is None else high)

    def _control(self) -> Control:
        values = {}
        for key in _CONTROL[:3]:
            if key not in self.control:
                self.problems.append(f"{self.file}: '{key.replace('_', ' ').upper()}' is not defined")
                values[key] = 1.0
                continue
            entry, component = self.control[key]
            number = getattr(component, "ast", None)
            if not isinstance(number, int | float) or not np.isfinite(number):
                self._say(entry.line, f"'{component.name}' must be a number")
                number = 1.0
            values[key] = float(number)
        unit = _LIMITS.sub(r"\g<unit>", self.control["time_step"][0].unit) if "time_step" in self.control else ""
        return Control(values["initial_time"], values["final_time"], values["time_step"], unit)


def _key(equation: str) -> str:
    """Name on a left-hand side, as PySD's references carry it."""
    return re.split(r"[=\[:(]", equation, maxsplit=1)[0].strip().lower().replace(" ", "_")


def _list(names: Any) -> str:
    return "[" + ", ".join(str(each) for each in names) + "]"


def _cause(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if "Integ" in str(error) and "argument" in str(error):
        return "INTEG needs a flow and an initial value"
    return str(error).splitlines()[0][:120]


def _syntax(equation: str, error: Any) -> str:
    """Say where in an equation the grammar stopped."""
    left, sign, right = equation.partition("=")
    rest = str(getattr(error, "text", ""))[getattr(error, "pos", 0) :].strip()
    if not sign:
        hint = f"; a data variable is written '{left.strip()}:INTERPOLATE:' or ':HOLD BACKWARD:'"
        return f"'{equation[:80]}' is neither an equation nor a range{hint}"
    if not right.strip():
        return f"'{left.strip()}' has no right-hand side"
    place = f"before '{rest[:50]}'" if rest else "at its end"
    if rest == equation:
        return f"the left-hand side '{left.strip()[:60]}' cannot be read"
    return f"the equation of '{left.strip()}' cannot be read {place}"
