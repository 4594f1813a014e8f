"""Writes expressions as LaTeX that MathJax can show, in the form the author gave them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from krapte_sd.equations.expressions import Equation, Expr, Index, Initial, Number, Op, Reduce, Ref, TimeRef, children
from krapte_sd.equations.model import Model, Variable

__all__ = ["Writer", "letters", "name"]

#: Letters in a line of a formula, as the page of the theme holds them; longer sums and products are broken.
_WIDTH = 62
_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
_LEVEL = {"+": _SUM, "-": _SUM, "neg": _SUM, "*": _PRODUCT, "/": _PRODUCT, "^": _POWER}
_RELATIONS = {"=": "=", "<>": r"\ne", "<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "and": r"\wedge", "or": r"\vee"}
_CALLS = {"exp": r"\exp", "ln": r"\ln", "min": r"\min", "max": r"\max", "integer": r"\operatorname{int}"}
_REDUCERS = {"sum": r"\sum", "prod": r"\prod", "vmin": r"\min", "vmax": r"\max"}
_SPECIAL = {"\\": r"\backslash ", "^": r"\wedge ", "~": r"\sim ", " ": r"\ "}


def name(label: str) -> str:
    r"""Write the name of a variable as upright text.

    Parameters
    ----------
    label : str
        As in the file.

    Returns
    -------
    str
        For example ``\mathrm{net\ migration}``.
    """
    text = "".join(
        _SPECIAL.get(each, f"\\{each}" if each in "_%&#${}" else each) for each in label.strip('"').replace("_", " ")
    )
    return rf"\mathrm{{{text}}}"


def letters(model: Model) -> dict[str, str]:
    """Choose a letter for the index of each dimension.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    dict of str to str
        The first letter of its name that is not taken; in the order of the file.
    """
    found: dict[str, str] = {}
    # t is the time.
    taken = {"t"}
    for dimension in model.dimensions:
        candidates = [each for each in dimension.lower() if each.isascii() and each.isalpha()]
        candidates += list("ijklmnopqrsuvwxyzabcdefgh")
        letter = next((each for each in candidates if each not in taken), rf"\mathrm{{{dimension}}}")
        taken.add(letter)
        found[dimension] = letter
    return found


class Writer:
    """Writes the equations of one model.

    Parameters
    ----------
    model : Model
        The model; its labels and letters are used.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.letters = letters(model)
        self._loops: frozenset[str] = frozenset()

    def variable(self, variable: Variable) -> list[str]:
        """Write all definitions of a variable.

        Returns
        -------
        list of str
            One formula for each, and one for each initial value of a stock.
        """
        formulas = []
        for equation in variable.equations:
            left = self.reference(variable.label, equation.target)
            if variable.kind == "stock":
                left = rf"\frac{{\mathrm{{d}}}}{{\mathrm{{d}}t}}\,{left}"
            formulas.append(self.equation(left, equation))
        for equation in variable.initial:
            formulas.append(self.equation(self.reference(variable.label, equation.target) + "(t_0)", equation))
        return formulas

    def equation(self, left: str, equation: Equation) -> str:
        """Write one definition, broken into lines where it is long."""
        self._loops = frozenset(each.over or each.dimension for each in equation.target if each.element is None)
        lines = self._lines(equation.expr)
        if len(lines) == 1 and _width(left) + _width(lines[0]) <= _WIDTH + 6:
            return f"{left} = {lines[0]}"
        if _width(left) + max(map(_width, lines)) > _WIDTH:
            # The right-hand side begins on a line of its own.
            body = "".join("\\\\\n&\\qquad " + each for each in (f"= {lines[0]}", *lines[1:]))
            return f"\\begin{{aligned}}\n& {left}{body}\n\\end{{aligned}}"
        body = "\\\\\n&\\qquad ".join(lines)
        return f"\\begin{{aligned}}\n{left} &= {body}\n\\end{{aligned}}"

    def _lines(self, expr: Expr) -> list[str]:
        """Write an expression, cut before the terms of a long sum or the factors of a long product."""
        whole = self.expr(expr)
        if _width(whole) <= _WIDTH:
            return [whole]
        if isinstance(expr, Op) and expr.function in ("+", "-"):
            parts = [self._term(sign, each) for sign, each in _terms(expr)]
            return _filled([parts[0].removeprefix("{} + "), *parts[1:]])
        if isinstance(expr, Op) and expr.function == "*":
            *others, last = _factors(expr)
            factors = [*(self._left(each) for each in others), self.expr(last, _PRODUCT)]
            return _filled([factors[0], *(rf"\cdot {each}" for each in factors[1:])])
        if isinstance(expr, Initial):
            inner = self._lines(expr.body)
            return [rf"\bigl[ {inner[0]}", *inner[1:-1], rf"{inner[-1]} \bigr]_{{t_0}}"] if len(inner) > 1 else [whole]
        return [whole]

    def _term(self, sign: str, expr: Expr) -> str:
        # The empty group gives a sign at the beginning of a line the space of a sign between two terms.
        return f"{{}} {sign} {self.expr(expr, _SUM if sign == '+' and _plain(expr) else _PRODUCT)}"

    def reference(self, label: str, index: Sequence[Index]) -> str:
        """Write a variable with its subscripts."""
        # The points of a lookup are an axis that is no range of the file.
        shown = [self._index(each) for each in index if each.dimension in self.model.ranges]
        return name(label) + (f"_{{{','.join(shown)}}}" if shown else "")

    def _index(self, index: Index) -> str:
        if index.element is not None:
            return name(self.model.ranges[index.dimension].labels[index.element])
        if index.over is None or index.places is None:
            return self._letter(index.dimension, index.reduced)
        letter = self._letter(index.over, index.reduced)
        labels, own = self.model.ranges[index.dimension].labels, self.model.ranges[index.over].labels
        if tuple(labels[each] for each in index.places) == own:
            return letter
        # A mapped range stands for other elements: a fixed number of places away, or as the mapping says.
        if set(own) <= set(labels):
            steps = {place - labels.index(each) for place, each in zip(index.places, own, strict=True)}
            if len(steps) == 1:
                return f"{letter}{steps.pop():+d}"
        return f"{self._letter(index.dimension, reduced=False)}({letter})"

    def _letter(self, dimension: str, reduced: bool) -> str:
        # A sum over a dimension that also stands on the left-hand side runs over a letter of its own.
        letter = self.letters.get(dimension, rf"\mathrm{{{dimension}}}")
        return letter + "'" if reduced and dimension in self._loops else letter

    def expr(self, expr: Expr, level: int = 0) -> str:
        """Write an expression.

        Parameters
        ----------
        expr : Expr
            The expression; a kind that is not known here is written as a function of its parts.
        level : int
            How strongly the operator around it binds.
        """
        match expr:
            case Number(value):
                text = _number(value)
                return _brackets(text) if level > _SUM and value < 0 else text
            case TimeRef():
                return "t"
            case Ref():
                return self.reference(self.model.variables[expr.name].label, expr.index)
            case Initial(TimeRef()):
                return "t_0"
            case Initial(Ref() as ref):
                return self.expr(ref) + "(t_0)"
            case Initial(body):
                return rf"\left[{self.expr(body)}\right]_{{t_0}}"
            case Reduce(function, over, body):
                below = ",".join(self._letter(each, reduced=True) for each in over)
                text = rf"{_REDUCERS.get(function, name(function))}_{{{below}}} {self.expr(body, _PRODUCT)}"
                return _brackets(text) if level > _PRODUCT else text
            case Op(function, args):
                return self._operation(function, args, level)
        parts = ",\\ ".join(self.expr(each) for each in children(expr))
        return rf"\operatorname{{{_words(type(expr).__name__)}}}\left({parts}\right)"

    def _operation(self, function: str, args: tuple[Expr, ...], level: int) -> str:
        own = _LEVEL.get(function, _ATOM)
        match function:
            case "+":
                text = f"{self.expr(args[0])} + {self.expr(args[1], _SUM if _plain(args[1]) else _PRODUCT)}"
            case "-":
                text = f"{self.expr(args[0])} - {self.expr(args[1], _PRODUCT)}"
            case "neg":
                text = f"-{self.expr(args[0], _PRODUCT)}"
            case "*":
                negative = level == 0 and isinstance(args[0], Op) and args[0].function == "neg"
                left = self.expr(args[0]) if negative and not _open(args[0]) else self._left(args[0])
                text = rf"{left} \cdot {self.expr(args[1], _PRODUCT)}"
            case "/":
                text = rf"\frac{{{self.expr(args[0])}}}{{{self.expr(args[1])}}}"
            case "^":
                text = f"{self.expr(args[0], _ATOM)}^{{{self.expr(args[1])}}}"
            case _:
                return self._call(function, args)
        return _brackets(text) if own < level else text

    def _left(self, expr: Expr) -> str:
        """Write a factor that others follow, so that a sum sign does not seem to hold them too."""
        return self.expr(expr, _ATOM if _open(expr) else _PRODUCT)

    def _call(self, function: str, args: tuple[Expr, ...]) -> str:
        if function == "active_initial":
            return self.expr(args[0])
        parts = [self.expr(each) for each in args]
        if function in _RELATIONS:
            sides = [self.expr(each, _SUM) if not _logical(each) else _brackets(self.expr(each)) for each in args]
            return f"{sides[0]} {_RELATIONS[function]} {sides[1]}"
        if function == "lookup":
            return rf"{parts[0]}\left({parts[1]}\right)"
        if function == "not":
            return rf"\neg {_brackets(parts[0])}"
        if function == "sqrt":
            return rf"\sqrt{{{parts[0]}}}"
        if function == "abs":
            return rf"\left|{parts[0]}\right|"
        if function == "if_then_else":
            return (
                rf"\begin{{cases}} {parts[1]} & \text{{if }} {parts[0]} \\ "
                rf"{parts[2]} & \text{{otherwise}} \end{{cases}}"
            )
        called = _CALLS.get(function, rf"\operatorname{{{_words(function)}}}")
        inside = ",\\ ".join(parts)
        return rf"{called}\left({inside}\right)"


def _logical(expr: Expr) -> bool:
    return isinstance(expr, Op) and expr.function in ("and", "or")


def _open(expr: Expr) -> bool:
    """Tell whether what follows an expression would seem to stand under its sum sign."""
    if isinstance(expr, Op) and expr.function in ("*", "neg"):
        return _open(expr.args[-1])
    return isinstance(expr, Reduce)


def _plain(expr: Expr) -> bool:
    """Tell whether an expression can follow a plus sign: it does not begin with a minus."""
    while isinstance(expr, Op) and expr.function in ("*", "+", "-"):
        expr = expr.args[0]
    return not (isinstance(expr, Op) and expr.function == "neg") and not (isinstance(expr, Number) and expr.value < 0)


def _terms(expr: Expr, sign: str = "+") -> Iterable[tuple[str, Expr]]:
    """Terms of a sum from left to right, each with its sign."""
    if isinstance(expr, Op) and expr.function in ("+", "-") and sign == "+":
        yield from _terms(expr.args[0])
        yield from ((expr.function, expr.args[1]),) if expr.function == "-" else _terms(expr.args[1])
    else:
        yield sign, expr


def _factors(expr: Expr) -> Iterable[Expr]:
    if isinstance(expr, Op) and expr.function == "*":
        yield from _factors(expr.args[0])
        yield expr.args[1]
    else:
        yield expr


def _filled(parts: Sequence[str]) -> list[str]:
    """Put as many parts on a line as fit."""
    lines = [parts[0]]
    for each in parts[1:]:
        if _width(lines[-1]) + _width(each) > _WIDTH:
            lines.append(each)
        else:
            lines[-1] += " " + each.removeprefix("{} ")
    return lines


def _width(text: str) -> int:
    """Rough number of letters that a formula is wide; a fraction is as wide as its longer part."""
    while found := re.search(r"\\frac\{((?:[^{}]|\{[^{}]*\}|\{(?:[^{}]|\{[^{}]*\})*\})*)\}\{", text):
        end = _closing(text, found.end())
        above, below = found[1], text[found.end() : end]
        text = text[: found.start()] + max(above, below, key=len) + text[end + 1 :]
    text = re.sub(r"\\(mathrm|operatorname|left|right|bigl|bigr|text|begin|end)\b", "", text)
    text = re.sub(r"_\{([^{}]*)\}", lambda each: "x" * (len(each[1].replace(",", "")) // 2 + 1), text)
    return len(re.sub(r"\\[a-zA-Z]+|\\(?=.)|[{}]", "", text))


def _closing(text: str, begin: int) -> int:
    """Place of the bracket that closes the one before `begin`."""
    depth = 1
    for place in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return len(text) - 1


def _brackets(text: str) -> str:
    return rf"\left({text}\right)"


def _words(text: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", r"\\ ", text).lower()


def _number(value: float) -> str:
    text = f"{value:.10g}"
    mantissa, e, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else text
