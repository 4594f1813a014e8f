"""Python code of every function and operator, for plain floats and for vectors of members.

Both forms do the same IEEE operations in the same order, so that they agree bit
for bit; see `krapte_sd.kernel.lanes` for the vectors.
"""

from __future__ import annotations

from collections.abc import Sequence

from krapte_sd.equations.expressions import COMPARISONS, Expr, Number

__all__ = ["combine", "is_atomic", "needs_names", "write_op"]

_UNARY = {
    "exp": "math.exp", "ln": "math.log", "sqrt": "math.sqrt", "abs": "abs", "integer": "np.trunc",
    "sin": "math.sin", "cos": "math.cos", "tan": "math.tan",
    "arcsin": "math.asin", "arccos": "math.acos", "arctan": "math.atan",
    "sinh": "math.sinh", "cosh": "math.cosh", "tanh": "math.tanh",
}  # fmt: skip
#: Functions of a whole vector; all others are called lane by lane.
_VECTOR = {"sqrt": "root", "abs": "absolute", "integer": "whole"}


def is_atomic(code: str) -> bool:
    """Tell whether some code is a name or a number, so that repeating it costs nothing."""
    return (
        code.isidentifier()
        or code.strip("()-").replace(".", "").replace("e", "").replace("-", "").replace("+", "").isdigit()
    )


def needs_names(function: str, args: Sequence[Expr]) -> bool:
    """Tell whether the code of an operator holds an argument more than once."""
    return function in ("min", "max", "xidz", "zidz") or (
        function == "^" and isinstance(args[1], Number) and args[1].value in (2.0, 3.0, 4.0)
    )


def write_op(function: str, codes: Sequence[str], args: Sequence[Expr], vectors: Sequence[bool]) -> str:
    """Write an operator or function.

    Parameters
    ----------
    function : str
        Its name, see `krapte_sd.equations.expressions.ARITY`.
    codes : sequence of str
        Code of its arguments.
    args : sequence of Expr
        The arguments themselves.
    vectors : sequence of bool
        Which of them differ between members.
    """
    vector = any(vectors)
    a = codes[0] if codes else ""
    b = codes[1] if len(codes) > 1 else ""
    match function:
        case "+" | "-" | "*" | "/":
            return f"({a} {function} {b})"
        case "neg":
            return f"(-{a})"
        case "and" | "or":
            if vector:
                return f"{'both' if function == 'and' else 'either'}({a}, {b})"
            return f"({a} {'&' if function == 'and' else '|'} {b})"
        case "not":
            return f"no({a})" if vector else f"(not {a})"
        case "min" | "max":
            return _extreme("<" if function == "min" else ">", a, b, vector=vector)
        case "if_then_else":
            return f"select({a}, {b}, {codes[2]})" if vector else f"({b} if {a} else {codes[2]})"
        case "xidz" | "zidz":
            otherwise = codes[2] if function == "xidz" else "0.0"
            near = f"{'absolute' if len(vectors) > 1 and vectors[1] else 'abs'}({b}) < 1e-6"
            return f"select({near}, {otherwise}, ({a} / {b}))" if vector else f"({otherwise} if {near} else {a} / {b})"
        case "^":
            return _power(a, b, args[1], vectors)
    if function in COMPARISONS:
        return f"({a} { {'=': '==', '<>': '!='}.get(function, function) } {b})"
    if function in _UNARY:
        if not vector:
            return f"{_UNARY[function]}({a})"
        return f"{_VECTOR[function]}({a})" if function in _VECTOR else f"each({_UNARY[function]}, {a}, None)"
    raise AssertionError(function)


def combine(mode: str, left: str, right: str, *, vector: bool) -> str:
    """Write one step of a SUM, PROD, VMIN or VMAX; the arguments of the last two must be names."""
    if mode in ("sum", "prod"):
        return f"{left} {'+' if mode == 'sum' else '*'} {right}"
    return _extreme("<" if mode == "vmin" else ">", left, right, vector=vector)


def _extreme(sign: str, left: str, right: str, *, vector: bool) -> str:
    """Write a minimum (``<``) or maximum (``>``)."""
    # NaN on either side stays NaN: it must reach the checks, never vanish.
    if vector:
        return f"select(either(({left} {sign} {right}), ({left} != {left})), {left}, {right})"
    return f"({left} if ({left} {sign} {right}) | ({left} != {left}) else {right})"


def _power(base: str, exponent: str, expr: Expr, vectors: Sequence[bool]) -> str:
    # A power with a literal exponent that is a small whole number, or a half, is worth no call of pow().
    if isinstance(expr, Number) and expr.value == 0.5:
        return f"root({base})" if vectors[0] else f"math.sqrt({base})"
    if isinstance(expr, Number) and expr.value in (1.0, 2.0, 3.0, 4.0):
        square = f"({base} * {base})"
        return {1: base, 2: square, 3: f"({base} * {square})", 4: f"({square} * {square})"}[int(expr.value)]
    return f"each(math.pow, {base}, {exponent})" if any(vectors) else f"math.pow({base}, {exponent})"
