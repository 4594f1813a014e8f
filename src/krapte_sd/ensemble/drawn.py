"""From draws of parameters to inputs of the kernel that differ between members.

What a parameter does to an input of the model takes one of four forms:

``value``
    A single number, or a small array: each member has its own.
``factor``
    A table whose low and high ends are fixed shares of it: one factor on the whole.
``ends``
    Any other table, and all tables that a parameter moves without being one of them, as the state
    pension age moves schedules by age: three tables (central, what is added at the high end, what
    is added at the low end) shared by all members, and two weights for each member. The input then
    becomes an equation, ``factor * (central + up*above + down*below)``; nothing else in the model
    changes. In between it is a straight line; for the pension age that is an approximation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.ensemble.sampling import Sampling, between
from krapte_sd.equations.expressions import Equation, Expr, Index, Op, Ref
from krapte_sd.equations.model import Model, Variable
from krapte_sd.errors import ParameterError
from krapte_sd.kernel.inputs import Series
from krapte_sd.parameters.inputs import LEVER_AOW_AGE
from krapte_sd.parameters.units import is_count

if TYPE_CHECKING:
    from krapte_sd.parameters import ParameterSet

__all__ = ["Drawn", "Rule", "draw_inputs"]

Floats = NDArray[np.float64]
_FACTOR: Final = "scale:"
_SMALL: Final = 1024  # elements; above, a copy for each member costs more than it is worth
_SAME: Final = 1e-9  # tables carry ten digits


@dataclass(frozen=True)
class Rule:
    """How one kernel input follows one parameter.

    Attributes
    ----------
    target : str
        The kernel input.
    parameter : str
        The parameter that is drawn.
    kind : {"between", "up", "down"}
        ``between``: value between `low`, `value` and `high` by the deviation; ``up`` and ``down``:
        how far the deviation is above or below zero.
    low, value, high : numpy.ndarray
        Ends and middle, for ``between``.
    floor : bool
        Whether a value below zero has no meaning.
    order : tuple of int
        Where values are drawn one by one: which of them each element of the input is.
    """

    target: str
    parameter: str
    kind: str
    low: Floats
    value: Floats
    high: Floats
    floor: bool = False
    order: tuple[int, ...] = ()

    def values(self, deviations: Floats, first: int) -> Floats:
        """Give the values of some members, shape (members, ...)."""
        if self.kind == "up":
            return np.maximum(deviations, 0.0)
        if self.kind == "down":
            return np.maximum(-deviations, 0.0)
        # A deviation for all values too: a point in the ranges, chosen and not drawn.
        own = deviations if deviations.ndim == 1 else deviations[:, self.order]
        found = between(self.low, self.value, self.high, own)
        if self.floor and (found < 0).any():
            member = first + int(np.argwhere(found < 0)[0][0])
            raise ParameterError(
                f"'{self.parameter}' is drawn below zero for member {member} ({found.min():.6g}), where it has no "
                "meaning; remedy: a distribution without tails (uniform, triangular) or a narrower range"
            )
        return found


@dataclass(frozen=True)
class Drawn:
    """A model, its shared inputs, and the rules for what differs.

    Attributes
    ----------
    model : Model
        The model; inputs of the form ``ends`` are equations in it.
    inputs : dict of str to array or Series
        What all members share.
    rules : tuple of Rule
        What differs.
    """

    model: Model
    inputs: Mapping[str, Any]
    rules: tuple[Rule, ...]

    @property
    def different(self) -> tuple[str, ...]:
        """Names of the kernel inputs that differ between members."""
        return tuple(each.target for each in self.rules)

    def draws(self, deviations: Mapping[str, Floats], first: int = 0) -> dict[str, Floats]:
        """Give the kernel inputs of some members, each of shape (count, ...), for their deviations by parameter."""
        return {each.target: each.values(deviations[each.parameter], first) for each in self.rules}


Make = Callable[["ParameterSet", Sequence[str]], Mapping[str, Any]]


def draw_inputs(model: Model, parameters: ParameterSet, names: Sequence[str], make: Make, sampling: Sampling) -> Drawn:
    """Make the inputs of an ensemble.

    Parameters
    ----------
    model : Model
        The model.
    parameters : ParameterSet
        The tables.
    names : sequence of str
        Inputs the run needs.
    make : callable
        Makes some inputs out of tables, as `LoadedModel.inputs` does.
    sampling : Sampling
        What is drawn.
    """
    return _Maker(model, parameters, names, make, sampling).make()


class _Maker:
    def __init__(
        self, model: Model, parameters: ParameterSet, names: Sequence[str], make: Make, sampling: Sampling
    ) -> None:
        self.model = model
        self.parameters = parameters
        self.names = names
        self.inputs = make
        self.sampling = sampling
        self.central = self.inputs(parameters, names)
        self.shared = dict(self.central)
        self.rules: list[Rule] = []
        self.factors: dict[str, Rule] = {}
        self.ends: dict[str, list[str]] = {}
        self.variables: dict[str, Variable] = {}

    def make(self) -> Drawn:
        drawn = list(self.sampling.distributions)
        # Each moves an input of its own, so that all can stand at their ends at once.
        direct = [name for name in drawn if name in self.central]
        low, high = (self.at_end(direct, which, direct) for which in ("low", "high"))
        for name in direct:
            self.direct(name, low[name], high[name])
        for parameter in (name for name in drawn if name not in self.central):
            follows = self.followers(parameter)
            low, high = (self.at_end([parameter], which, follows) for which in ("low", "high"))
            for name in follows:
                self.add_ends(name, parameter, low[name], high[name])
        for name, rule in self.factors.items():
            target = f"factor:{name}" if name in self.ends else _FACTOR + name
            self.rules.append(replace(rule, target=target))
            if name in self.ends:
                self.add_number(target)
        return Drawn(self.rewritten(), self.shared, tuple(sorted(self.rules, key=lambda rule: rule.target)))

    def followers(self, parameter: str) -> list[str]:
        """Give the inputs that a parameter moves without being one of them."""
        moves = self.parameters[parameter].meta.moves
        by_age = not moves or LEVER_AOW_AGE in moves
        known = [n for n in self.names if n in self.parameters]
        return [n for n in known if n in moves or (by_age and self.parameters[n].meta.follows_aow)]

    def at_end(self, parameters: Sequence[str], which: str, names: Sequence[str]) -> Mapping[str, Any]:
        """Make some inputs with parameters at an end of their range."""
        changes: dict[str, Any] = {}
        for name in parameters:
            end = self.parameters.low(name) if which == "low" else self.parameters.high(name)
            # A parameter without dimensions is replaced by a number.
            changes[name] = end if end.ndim else float(end)
        return self.inputs(self.parameters.replace(changes), names)

    def direct(self, name: str, low: Any, high: Any) -> None:
        """Take up a parameter that is an input of the model itself."""
        floor = is_count(self.parameters[name].meta.unit) and not self.parameters[name].meta.signed
        ends = (_array(low), _array(self.central[name]), _array(high))
        shares = _shares(*ends) if ends[1].ndim and name not in self.sampling.apart else None
        if shares is not None:
            one, other = (np.array(each) for each in shares)
            self.factors[name] = Rule(name, name, "between", one, np.array(1.0), other, floor)
        elif not isinstance(low, Series) and ends[1].size <= _SMALL:
            self.rules.append(Rule(name, name, "between", *ends, floor, self.order(name)))
        else:
            self.add_ends(name, name, low, high)

    def order(self, name: str) -> tuple[int, ...]:
        """Say where the elements of an input stand among the values that are drawn one by one."""
        if name not in self.sampling.apart:
            return ()
        correlation = self.parameters[name].meta.correlation
        assert correlation is not None
        labels = [str(each) for each in self.parameters[name].along(correlation.over)]
        found = self.model.variables[name].dimensions
        elements = [each for dimension in found for each in self.model.dimensions[dimension]]
        if len(found) != 1 or set(elements) != set(labels):
            raise ParameterError(
                f"'{name}' is drawn value by value over {correlation.over}, and the model has it by "
                f"{', '.join(found) or 'nothing'}; remedy: no correlation in its metadata"
            )
        return tuple(labels.index(each) for each in elements)

    def add_ends(self, name: str, parameter: str, low: Any, high: Any) -> None:
        """Let a table follow a parameter by what is added at each end of its range."""
        middle = _array(self.central[name])
        for side, end in (("up", high), ("down", low)):
            change = _array(end) - middle
            if not change.any():
                continue
            table, weight = f"{name}'{parameter}'{side}", f"{side}:{parameter}"
            self.add_table(name, table, change)
            self.ends.setdefault(name, []).extend([table, weight])
            if weight not in self.variables:
                self.add_number(weight)
                nothing = np.empty(0)
                self.rules.append(Rule(weight, parameter, side, nothing, nothing, nothing))

    def add_table(self, name: str, table: str, values: Floats) -> None:
        """Add a table beside an input, of the same kind."""
        given = self.central[name]
        self.variables[table] = replace(self.model.variables[name], name=table, label=table, value=None, part_of=name)
        self.shared[table] = Series(given.years, values) if isinstance(given, Series) else values

    def add_number(self, name: str) -> None:
        """Add a number that a member has."""
        like = next(iter(self.model.variables.values()))
        bare = replace(
            like, dimensions=(), equations=(), initial=(), value=None, interpolation=None, limits=(None, None)
        )
        self.variables[name] = replace(bare, name=name, label=name, kind="input", unit="dmnl", doc="")

    def rewritten(self) -> Model:
        """Give the model in which tables with ends are equations."""
        if not self.ends:
            return self.model
        variables = dict(self.model.variables)
        for name, terms in self.ends.items():
            own = variables[name]
            index = tuple(Index(dimension) for dimension in own.dimensions)
            central = f"{name}'central"
            self.add_table(name, central, _array(self.central[name]))
            del self.shared[name]
            expr: Expr = Ref(central, index)
            for table, weight in zip(terms[::2], terms[1::2], strict=True):
                expr = Op("+", (expr, Op("*", (Ref(table, index), Ref(weight)))))
            if name in self.factors:
                expr = Op("*", (expr, Ref(f"factor:{name}")))
            equation = Equation(index, expr, own.span)
            variables[name] = replace(own, kind="auxiliary", equations=(equation,), interpolation=None, value=None)
        variables.update(self.variables)
        return replace(self.model, variables=variables)


def _array(given: Any) -> Floats:
    return np.asarray(given.values if isinstance(given, Series) else given, np.float64)


def _shares(low: Floats, value: Floats, high: Floats) -> tuple[float, float] | None:
    """Say by what factor the ends of a range differ from the value, if it is the same everywhere."""
    there = value != 0
    if not there.any() or (low[~there] != 0).any() or (high[~there] != 0).any():
        return None
    found = []
    for end in (low, high):
        ratio = end[there] / value[there]
        middle = float(np.median(ratio))
        if np.abs(ratio - middle).max() > _SAME * max(1.0, abs(middle)):
            return None
        # 0.8500000000000001 is 0.85.
        found.append(float(f"{middle:.10g}"))
    # Negative values turn the ends around, one factor cannot.
    return (found[0], found[1]) if found[0] <= 1.0 <= found[1] else None
