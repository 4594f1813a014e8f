"""Reads a Vensim model file through PySD's grammar into our own `Model`.

Each entry of the file is parsed on its own (`grammar`), so that every mistake of a
file is reported, with its line, in one `ModelError`, before anything runs.

Supported: subscript ranges (lists, numeric ranges, subranges, copies ``<->``, mappings
by position, GET DIRECT SUBSCRIPT), definitions of parts and ``:EXCEPT:``, numbers,
lists and tables of numbers, inputs ``= :NA:``, data variables without equation
(``:INTERPOLATE:``, ``:HOLD BACKWARD:``) and with a table, auxiliaries, INTEG, INITIAL,
ACTIVE INITIAL, lookups, delays and smooths (`hidden`), TREND, FORECAST, SAMPLE IF TRUE,
the functions in `expressions.ARITY`, SUM, PROD, VMIN and VMAX over ``!``, and TIME STEP,
FINAL TIME and SAVEPER in equations. Everything else is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from krapte_sd.equations import checks
from krapte_sd.equations.clock import CONTROL, Clock
from krapte_sd.equations.convert import Converter, MacroBody
from krapte_sd.equations.declare import Declaration, Part, boxes_of
from krapte_sd.equations.expressions import Span
from krapte_sd.equations.external import TableError, Tables
from krapte_sd.equations.grammar import load_pysd, parse_entry, split_mapping
from krapte_sd.equations.model import Control, Model, Variable
from krapte_sd.equations.ranges import Ranges, normal
from krapte_sd.equations.text import Entry, macros, split
from krapte_sd.equations.variables import Assembler, split_unit
from krapte_sd.errors import FileError, ModelError

__all__ = ["load_pysd", "read_model", "read_text", "replace_ranges"]


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
    reader = _Reader(path, dimensions or {})
    model = reader.read(text)
    problems = reader.problems
    if not problems:
        model, problems = checks.check_model(model)
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

    def __init__(self, path: Path, dimensions: Mapping[str, Sequence[str]]) -> None:
        self.path = path
        self.file = path.name
        self.replaced = dimensions
        self.problems: list[str] = []
        self.ranges = Ranges()
        self.tables = Tables(path.parent)
        self.declared: dict[str, Declaration] = {}
        self.control: dict[str, tuple[Entry, Any]] = {}
        # Names whose own entry could not be read: that they are used elsewhere is no second mistake.
        self.failed: set[str] = set()

    def read(self, text: str) -> Model:
        entries, groups, problems = split(text, self.file)
        self.problems += problems
        components = [(entry, self._parse(entry)) for entry in entries]
        self.failed = {_key(entry.equation) for entry, component in components if component is None}
        for entry, component in components:
            if type(component).__name__ == "SubscriptRange":
                self._range(entry, component)
        self.problems += self.ranges.resolve(self.replaced)
        for entry, component in components:
            if component is not None and type(component).__name__ != "SubscriptRange":
                self._declare(entry, component)
        for declaration in self.declared.values():
            self.problems += declaration.settle(self.ranges)
        self.failed |= {key for key, each in self.declared.items() if each.broken}
        self.declared = {key: each for key, each in self.declared.items() if not each.broken}
        self._identifiers()
        unit = split_unit(self.control["time_step"][0].unit)[0] if "time_step" in self.control else ""
        clock = Clock(self.control, self.declared, unit)
        control = self._control(clock)
        converter = Converter(
            self.declared, self.ranges, self.failed, self._control_variables(unit), self._macros(text), clock.constant
        )
        assembler = Assembler(converter, self.tables)
        variables = {each.variable: assembler.variable(each) for each in self.declared.values()}
        self.problems += converter.problems
        self.problems += [
            f"{each.span}: '{each.label}' is also the name of a part of another equation; rename it"
            for each in variables.values()
            if each.name in converter.hidden.variables or each.name in converter.used
        ]
        variables |= converter.hidden.variables | converter.used
        if not self.problems:
            self.problems += checks.varying_delays(variables, converter.varying)
        return Model(
            str(self.path), self.ranges.known, variables, {each.name: each.doc for each in groups}, control,
            self._checksum(text),
        )  # fmt: skip

    def _checksum(self, text: str) -> str:
        digest = hashlib.sha256(text.encode())
        written = [(name, self.ranges.known[name].labels) for name in self.ranges.raw]
        digest.update(repr(written).encode())
        for _, content in sorted(self.tables.files.items()):
            digest.update(content)
        return digest.hexdigest()

    def _say(self, line: int, text: str) -> None:
        self.problems.append(f"{self.file}:{line}: {text}")

    # -- entries and ranges ------------------------------------------------------------------------------------------

    def _parse(self, entry: Entry) -> Any:
        if not entry.equation:
            self._say(entry.line, "an entry without equation")
            return None
        component, problem = parse_entry(entry.equation)
        if problem:
            self._say(entry.line, problem)
        return component

    def _range(self, entry: Entry, component: Any) -> None:
        span = Span(self.file, entry.line, entry.equation)
        _, mapping, problem = split_mapping(entry.equation)
        definition = component.definition
        items: Sequence[str] = ()
        copy_of = None
        if isinstance(definition, str):
            copy_of = definition
        elif isinstance(definition, dict):
            try:
                items = self.tables.labels(
                    *(str(definition[each]) for each in ("file", "tab", "firstcell", "lastcell", "prefix"))
                )
            except TableError as error:
                problem = problem or f"the range '{component.name}': {error}"
        else:
            items = definition
        problem = self.ranges.define(component.name, items, span, copy_of, mapping) or problem
        if problem:
            self._say(entry.line, problem)

    # -- declarations ------------------------------------------------------------------------------------------------

    def _declare(self, entry: Entry, component: Any) -> None:
        key = normal(component.name)
        if key in CONTROL:
            if key in self.control:
                self._say(entry.line, f"'{component.name}' is already defined in line {self.control[key][0].line}")
            self.control[key] = (entry, component)
            return
        if key == "time":
            self._say(entry.line, "Time is given by the run and cannot be defined")
            return
        names, excepted = component.subscripts
        boxes, problems = boxes_of(names, excepted, self.ranges, component.name)
        spelled = tuple(self.ranges.spelled(names))
        written = [each for each in spelled if each in self.ranges.raw]
        if not problems and len(set(written)) < len(written):
            problems = [f"'{component.name}' uses one range twice; give the second one a range of its own"]
        if problems:
            for problem in dict.fromkeys(problems):
                self._say(entry.line, problem)
            self.failed.add(key)
            return
        declaration = self.declared.setdefault(key, Declaration(component.name))
        if type(component.ast).__name__ in ("LookupsStructure", "GetLookupsStructure"):
            declaration.kind = "lookup"
        span = Span(self.file, entry.line, entry.equation)
        declaration.parts.append(Part(entry, component, spelled, boxes, span))

    def _identifiers(self) -> None:
        """Give every variable the name PySD's namespace gives it."""
        load_pysd()
        from pysd.builders.python.namespace import NamespaceManager

        taken: dict[str, str] = {}
        for declaration in self.declared.values():
            name = NamespaceManager().make_python_identifier(declaration.label)
            entry = declaration.parts[0].entry
            if name in taken:
                self._say(entry.line, f"'{declaration.label}' and '{taken[name]}' both become '{name}'; rename one")
            taken[name] = declaration.label
            declaration.variable = name

    def _macros(self, text: str) -> dict[str, MacroBody]:
        found, problems = macros(text, self.file)
        self.problems += problems
        bodies = {}
        for macro in found:
            parts = {}
            for entry in macro.entries:
                component = self._parse(entry)
                if component is not None:
                    parts[normal(component.name)] = (component, Span(self.file, entry.line, entry.equation), entry.unit)
            key = normal(macro.name)
            if key not in parts and len(parts) == len(macro.entries):
                self._say(macro.line, f"the macro '{macro.name}' has no equation for '{macro.name}'")
            elif key in bodies or key in self.declared:
                self._say(macro.line, f"the macro '{macro.name}' has the name of another macro or variable")
            elif key in parts:
                bodies[key] = MacroBody(macro.name, tuple(normal(each) for each in macro.arguments), parts)
            if key not in bodies:
                self.failed.add(key)
        return bodies

    # -- control -----------------------------------------------------------------------------------------------------

    def _control(self, clock: Clock) -> Control:
        control, problems = clock.read()
        for key, text in problems:
            if key:
                self._say(self.control[key][0].line, text)
            else:
                self.problems.append(f"{self.file}: {text}")
        return control

    def _control_variables(self, unit: str) -> dict[str, Variable]:
        """Variables for TIME STEP, FINAL TIME and SAVEPER where equations use them."""
        made = {}
        for key in CONTROL[1:]:
            entry = self.control[key][0] if key in self.control else Entry(0, key, unit, "", "")
            label = key.replace("_", " ").upper()
            made[key] = Variable(
                key, label, "control", (), unit, entry.doc or "given by the settings of the run", entry.group, (), (),
                None, None, (None, None), Span(self.file, entry.line, entry.equation),
            )  # fmt: skip
        return made


def _key(equation: str) -> str:
    """Name on a left-hand side, in normal form."""
    return normal(re.split(r"[=\[:(]", equation, maxsplit=1)[0])
