"""Checks the units of every equation from the units written in the file.

A unit is a product of powers of base units; the base units are whatever names
the file uses. Names differ only by case and by a plural ``s`` are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from krapte_sd.equations.expressions import COMPARISONS, Expr, Initial, Number, Op, Reduce, Ref, TimeRef
from krapte_sd.equations.model import Model
from krapte_sd.errors import UnitError

__all__ = ["Unit", "check_units", "parse_unit"]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[^\W\d][\w$€%]*(?:[ ]+[^\W\d]\w*)*|[$€%]+)|(?P<sign>[*/^()\-]))"
)
_DIMENSIONLESS = {"dmnl", "dimensionless", "fraction", ""}


@dataclass(frozen=True)
class Unit:
    """A product of powers of base units, as sorted (name, exponent) pairs."""

    powers: tuple[tuple[str, Fraction], ...] = ()

    @classmethod
    def of(cls, powers: dict[str, Fraction]) -> Unit:
        """Make a unit, leaving out exponents of zero."""
        return cls(tuple(sorted((name, power) for name, power in powers.items() if power)))

    def __mul__(self, other: Unit) -> Unit:
        powers = dict(self.powers)
        for name, power in other.powers:
            powers[name] = powers.get(name, Fraction(0)) + power
        return Unit.of(powers)

    def __pow__(self, power: Fraction) -> Unit:
        return Unit.of({name: each * power for name, each in self.powers})

    def __truediv__(self, other: Unit) -> Unit:
        return self * other ** Fraction(-1)

    def __str__(self) -> str:
        def shown(items: Iterable[tuple[str, Fraction]]) -> str:
            return "*".join(name if power == 1 else f"{name}^{power}" for name, power in items)

        above = shown((name, power) for name, power in self.powers if power > 0)
        below = [(name, -power) for name, power in self.powers if power < 0]
        if not self.powers:
            return "Dmnl"
        if not below:
            return above
        return f"{above or '1'}/{shown(below)}" if len(below) == 1 else f"{above or '1'}/({shown(below)})"


NONE = Unit()


def parse_unit(text: str) -> Unit:
    """Read a unit.

    Parameters
    ----------
    text : str
        As in ``person/(Year*home)``, ``1/Year``, ``Dmnl``, ``m^2``.

    Returns
    -------
    Unit
        Its base units and exponents.

    Raises
    ------
    UnitError
        If it cannot be read.

    Examples
    --------
    >>> str(parse_unit("persons/years")) == str(parse_unit("person/Year"))
    True
    """
    tokens: list[tuple[str, str]] = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        found = _TOKEN.match(stripped, position)
        if not found:
            raise UnitError(f"the unit '{text}' cannot be read at '{stripped[position:]}'")
        tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
        position = found.end()
    unit, rest = _product(tokens, text)
    if rest:
        raise UnitError(f"the unit '{text}' cannot be read at '{rest[0][1]}'")
    return unit


def _base(name: str) -> str:
    name = " ".join(name.lower().split())
    if name in _DIMENSIONLESS:
        return ""
    return name[:-1] if len(name) > 3 and name.endswith("s") and not name.endswith("ss") else name


def _product(tokens: list[tuple[str, str]], text: str) -> tuple[Unit, list[tuple[str, str]]]:
    unit, tokens = _factor(tokens, text)
    while tokens and tokens[0][1] in ("*", "/"):
        sign = tokens[0][1]
        right, tokens = _factor(tokens[1:], text)
        unit = unit * right if sign == "*" else unit / right
    return unit, tokens


def _factor(tokens: list[tuple[str, str]], text: str) -> tuple[Unit, list[tuple[str, str]]]:
    if not tokens:
        raise UnitError(f"the unit '{text}' ends too early" if text.strip() else "the unit is empty")
    (kind, token), tokens = tokens[0], tokens[1:]
    if token == "(":
        unit, tokens = _product(tokens, text)
        if not tokens or tokens[0][1] != ")":
            raise UnitError(f"a ')' is missing in the unit '{text}'")
        tokens = tokens[1:]
    elif kind == "number":
        if Fraction(token) != 1:
            raise UnitError(f"the unit '{text}' holds the number {token}; only 1 is allowed")
        unit = NONE
    elif kind == "name":
        unit = Unit.of({_base(token): Fraction(1)}) if _base(token) else NONE
    else:
        raise UnitError(f"the unit '{text}' cannot be read at '{token}'")
    if tokens and tokens[0][1] == "^":
        tokens = tokens[1:]
        sign = Fraction(1)
        if tokens and tokens[0][1] == "-":
            sign, tokens = Fraction(-1), tokens[1:]
        if not tokens or tokens[0][0] != "number":
            raise UnitError(f"a number must follow '^' in the unit '{text}'")
        unit, tokens = unit ** (sign * Fraction(tokens[0][1])), tokens[1:]
    return unit, tokens


def check_units(model: Model) -> None:
    """Check the units of every equation of a model.

    Parameters
    ----------
    model : Model
        The model; every variable must have a unit (``Dmnl`` for none).

    Raises
    ------
    UnitError
        With every problem: units that are missing or cannot be read, sums and
        comparisons of different units, functions of a dimensioned argument,
        results that differ from the unit written. A literal 0 fits any unit;
        any other literal is dimensionless, except a number that is the whole
        right-hand side.
    """
    checker = _Checker(model)
    if checker.problems:
        raise UnitError.collect(f"{model.path}: units", checker.problems)


class _Checker:
    """Goes through the equations; None is the unit of a literal 0 or of something already reported."""

    def __init__(self, model: Model) -> None:
        self.problems: list[str] = []
        self.units: dict[str, Unit | None] = {}
        self.where = ""
        self.time = self._read(model.control.unit, f"{model.path}: TIME STEP") or NONE
        self.model = model
        for name, variable in model.variables.items():
            if variable.kind == "control":
                self.units[name] = self.time
            elif variable.part_of is None:
                self.units[name] = self._read(variable.unit, f"{variable.span}: '{variable.label}'")
        for name, variable in model.variables.items():
            declared = self._of(name)
            flow = declared / self.time if variable.kind == "stock" and declared is not None else declared
            for equations, unit in ((variable.equations, flow), (variable.initial, declared)):
                for equation in equations:
                    self.where = f"{equation.span}: in '{variable.label}'"
                    found = self.unit(equation.expr)
                    if isinstance(equation.expr, Number) or found is None or unit is None:
                        continue
                    if found != unit:
                        what = "the net flow" if unit is flow and variable.kind == "stock" else "the right-hand side"
                        self.problems.append(f"{self.where}: {what} is in {found}, it should be in {unit}")

    def _read(self, text: str, where: str) -> Unit | None:
        if not text.strip():
            self.problems.append(f"{where} has no unit; write Dmnl if it has none")
            return None
        try:
            return parse_unit(text)
        except UnitError as error:
            self.problems.append(f"{where}: {error}")
            return None

    def _of(self, name: str) -> Unit | None:
        """Unit of a variable; what is a part of an equation has that of its initial value or of its expression."""
        if name not in self.units:
            variable = self.model.variables[name]
            self.units[name] = None
            where, problems, self.problems = self.where, self.problems, []
            if variable.equations:
                self.units[name] = self.unit((variable.initial or variable.equations)[0].expr)
            elif variable.unit:
                self.units[name] = self._read(variable.unit, "")
            # What is wrong is reported where the equation itself is checked.
            self.where, self.problems = where, problems
        return self.units[name]

    def unit(self, expr: Expr) -> Unit | None:
        """Unit of an expression, reporting what does not fit in it."""
        match expr:
            case Number(value):
                return None if value == 0 else NONE
            case TimeRef():
                return self.time
            case Ref(name, _):
                return self._of(name)
            case Reduce("prod", _, body):
                # A product over elements has a power that depends on their number.
                return NONE if self.unit(body) == NONE else None
            case Reduce(_, _, body) | Initial(body):
                return self.unit(body)
            case Op(function, args):
                return self._op(function, args)
        raise AssertionError(expr)

    def _op(self, function: str, args: tuple[Expr, ...]) -> Unit | None:
        units = [self.unit(each) for each in args]
        match function:
            case "*" | "/" | "zidz":
                return self._ratio(units[0], units[1], divide=function != "*")
            case "xidz":
                return self._same("XIDZ", [self._ratio(units[0], units[1], divide=True), units[2]])
            case "neg" | "abs" | "integer":
                return units[0]
            case "sqrt":
                return None if units[0] is None else units[0] ** Fraction(1, 2)
            case (
                "exp" | "ln" | "log" | "sin" | "cos" | "tan" | "arcsin" | "arccos" | "arctan" | "sinh" | "cosh" | "tanh"
            ):
                for each in units:
                    if each is not None and each != NONE:
                        self.problems.append(
                            f"{self.where}: the argument of {function.upper()} is in {each}, it must be Dmnl"
                        )
                return NONE
            case "lookup" | "lookup_backward" | "lookup_forward":
                return units[0]
            case "step" | "ramp" | "pulse" | "pulse_train":
                return self._test_input(function, units)
            case "active_initial":
                return self._same("the values of ACTIVE INITIAL", units)
            case "^":
                return self._power(args, units)
            case "if_then_else":
                return self._same("the branches of IF THEN ELSE", units[1:])
            case "and" | "or" | "not":
                return None
        self._same(
            {"+": "the terms of '+'", "-": "the terms of '-'"}.get(function, f"the two sides of '{function.upper()}'"),
            units,
        )
        if function in COMPARISONS:
            return None
        return next((each for each in units if each is not None), None)

    def _ratio(self, left: Unit | None, right: Unit | None, *, divide: bool) -> Unit | None:
        if left is None or right is None:
            return None
        return left / right if divide else left * right

    def _same(self, what: str, units: list[Unit | None]) -> Unit | None:
        known = [each for each in units if each is not None]
        if any(each != known[0] for each in known):
            self.problems.append(f"{self.where}: {what} are in {' and '.join(str(each) for each in known)}")
            return None
        return known[0] if known else None

    def _test_input(self, function: str, units: list[Unit | None]) -> Unit | None:
        first = 1 if function in ("step", "ramp") else 0
        for each in units[first:]:
            if each is not None and each != self.time:
                shown = function.upper().replace("_", " ")
                self.problems.append(f"{self.where}: a time of {shown} is in {each}, it must be in {self.time}")
        if function == "step":
            return units[0]
        return None if function != "ramp" or units[0] is None else units[0] * self.time

    def _power(self, args: tuple[Expr, ...], units: list[Unit | None]) -> Unit | None:
        base, power = units
        if power is not None and power != NONE:
            self.problems.append(f"{self.where}: the exponent is in {power}, it must be Dmnl")
        if base is None or base == NONE:
            return base
        if not isinstance(args[1], Number):
            self.problems.append(
                f"{self.where}: the base is in {base}; with an exponent that is no number it must be Dmnl"
            )
            return None
        return base ** Fraction(args[1].value).limit_denominator(1000)
