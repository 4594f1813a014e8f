"""Takes loops over a single element out of the statements.

A model for one region, say, has the loops of a model for many. Without them more
statements run over the same loops, and a sum over one element is no sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from krapte_sd.equations.expressions import Expr, Index, Number, Op, Ref, rewrite
from krapte_sd.kernel.lower import Lowered, Statement

__all__ = ["without_single_loops"]


def without_single_loops(lowered: Lowered) -> None:
    """Change the statements in place; the numbers stay the same."""
    for phase, statements in lowered.phases.items():
        lowered.phases[phase] = [_simpler(each, lowered.sizes) for each in statements]


def _simpler(statement: Statement, sizes: Mapping[str, int]) -> Statement:
    single = {key for key in statement.loops if sizes[key.rstrip("!")] == 1}
    if not single:
        return statement

    def fixed(index: tuple[Index, ...]) -> tuple[Index, ...]:
        return tuple(
            Index(each.dimension, 0 if each.places is None else each.places[0]) if each.key in single else each
            for each in index
        )

    expr = rewrite(statement.expr, lambda each: Ref(each.name, fixed(each.index)) if isinstance(each, Ref) else each)
    target = fixed(statement.index)
    loops = tuple(key for key in statement.loops if key not in single)
    mode = statement.mode
    if mode != "set" and set(loops) <= {each.key for each in target}:
        # Every sum begins with zero: this is not the same for -0.0.
        expr = _alone(mode, expr)
        mode = "set"
    return replace(statement, index=target, loops=loops, expr=expr, mode=mode)


def _alone(mode: str, expr: Expr) -> Expr:
    if mode == "sum":
        return Op("+", (Number(0.0), expr))
    return Op("*", (Number(1.0), expr)) if mode == "prod" else expr
