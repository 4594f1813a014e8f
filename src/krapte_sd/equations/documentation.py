"""Writes the documentation of a model from its equations alone, as MyST Markdown and a drawing.

The same model gives the same text, byte for byte: nothing here depends on the
time, the machine or the order of sets.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from krapte_sd.equations import latex
from krapte_sd.equations.graph import Loop, feedback, used_by
from krapte_sd.equations.model import Model, Variable

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["diagram", "link", "links", "loop_table", "markdown"]

_KINDS = {
    "input": "constant over time",
    "linear": "linear between 1 Januaries",
    "hold": "value of the calendar year",
    "constant": "number in the file",
    "lookup": "table of points",
    "control": "setting of the run",
}
_SHOWN = {"stock": "stock", "auxiliary": "auxiliary"}


def markdown(model: Model) -> str:
    """Write a page with every equation of a model, by module.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    str
        MyST Markdown with ``math`` blocks: dimensions; for each module (group of the
        file) a table of its inputs, and each of its equations with unit, comment, what
        it depends on and what it feeds. Headings begin at the second level. Each equation
        has the target ``eq-name``, each table of inputs ``inputs-module``.
    """
    page = _Page(model)
    lines = page.dimensions()
    for group in dict.fromkeys(each.group for each in model.variables.values()):
        lines += page.group(group)
    return "\n".join(lines).rstrip() + "\n"


class _Page:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.writer = latex.Writer(model)
        self.depends = {name: used_by(model, name) for name in model.variables}
        self.feeds: dict[str, list[str]] = {name: [] for name in model.variables}
        for name, sources in self.depends.items():
            for each in sources:
                self.feeds[each].append(name)

    def dimensions(self) -> list[str]:
        control = self.model.control
        lines = [
            f"Time runs from {control.start:g} to {control.stop:g} ({_text(control.unit) or 'no unit'}) in the file, "
            "$t_0$ is the start of the run.",
            "",
        ]
        if self.model.dimensions:
            lines += ["| Dimension | Index | Elements |", "|---|---|---|"]
            for dimension, labels in self.model.dimensions.items():
                shown = ", ".join(labels) if len(labels) <= 25 else f"{labels[0]} ... {labels[-1]} ({len(labels)})"
                lines.append(f"| {_text(dimension)} | ${self.writer.letters[dimension]}$ | {_text(shown)} |")
            lines.append("")
        return lines

    def group(self, group: str) -> list[str]:
        members = [each for each in self.model.variables.values() if each.group == group]
        inputs = [each for each in members if each.kind not in _SHOWN]
        lines = [f"## {_text(_title(group))}", ""]
        if doc := self.model.groups.get(group):
            lines += [_text(doc) + ".", ""]
        for each in members:
            if each.kind in _SHOWN:
                lines += self.equation(each)
        if inputs:
            lines += self.inputs(group, inputs)
        return lines

    def equation(self, variable: Variable) -> list[str]:
        unit = _text(variable.unit) or "no unit"
        lines = [
            f"(eq-{_slug(variable.name)})=",
            f"**{_text(variable.label)}** ({unit}{', stock' if variable.kind == 'stock' else ''})",
        ]
        if variable.doc:
            lines[-1] += f": {_text(variable.doc)}"
        lines.append("")
        for formula in self.writer.variable(variable):
            lines += ["```{math}", formula, "```", ""]
        lines += [*self.neighbours(variable), ""]
        return lines

    def neighbours(self, variable: Variable) -> list[str]:
        depends, feeds = self.depends[variable.name], self.feeds[variable.name]
        parts = []
        if depends:
            parts.append("Depends on " + ", ".join(link(self.model, each) for each in depends) + ".")
        parts.append(
            "Feeds " + (", ".join(link(self.model, each) for each in feeds) if feeds else "no other variable") + "."
        )
        return [" ".join(parts)]

    def inputs(self, group: str, inputs: Sequence[Variable]) -> list[str]:
        lines = [
            f"(inputs-{_slug(group)})=",
            f"### Inputs of {_text(_title(group).lower())}",
            "",
            "| Input | Unit | Over time | Meaning | Feeds |",
            "|---|---|---|---|---|",
        ]
        for each in inputs:
            kind = _KINDS[each.interpolation or each.kind]
            if each.kind == "constant" and each.value is not None and each.value.ndim == 0:
                kind += f": {float(each.value):.10g}"
            symbol = self._symbol(each)
            feeds = ", ".join(link(self.model, name) for name in self.feeds[each.name]) or "nothing"
            doc = _text(re.sub(r"^input:\s*", "", each.doc))
            lines.append(f"| ${symbol}$ | {_text(each.unit)} | {kind} | {doc} | {feeds} |")
        return [*lines, ""]

    def _symbol(self, variable: Variable) -> str:
        index = ",".join(self.writer.letters[each] for each in variable.dimensions if each in self.writer.letters)
        return latex.name(variable.label) + (f"_{{{index}}}" if index else "")


def link(model: Model, name: str) -> str:
    """Write a Markdown link to the place of a variable in the page of `markdown`."""
    variable = model.variables[name]
    target = f"eq-{_slug(name)}" if variable.kind in _SHOWN else f"inputs-{_slug(variable.group)}"
    return f"[{_text(variable.label)}](#{target})"


def _title(group: str) -> str:
    return (group[:1].upper() + group[1:]) if group else "Without module"


def _slug(text: str) -> str:
    return re.sub(r"[^\w]+|_", "-", text.lower()).strip("-") or "none"


def _text(text: str) -> str:
    """Take the special meaning in Markdown from letters of a text."""
    return re.sub(r"([\\`*_{}\[\]<>$|#])", r"\\\1", " ".join(text.split()))


# -- loops ------------------------------------------------------------------------------------------------------------


def loop_table(model: Model, loops: Iterable[Loop]) -> str:
    """Write a table of loops.

    Parameters
    ----------
    model : Model
        The model.
    loops : iterable of Loop
        Its loops, see `krapte_sd.equations.graph`.

    Returns
    -------
    str
        MyST Markdown; a variable that lowers the next one is followed by a minus sign,
        stocks are bold.
    """
    lines = ["| Polarity | Loop |", "|---|---|"]
    for each in loops:
        parts = []
        for name, mark in zip(each.variables, each.signs, strict=True):
            shown = f"**{link(model, name)}**" if name in each.stocks else link(model, name)
            parts.append(f"{shown} {'−' if mark == '-' else mark}→")
        parts.append(link(model, each.variables[0]))
        lines.append(f"| {each.polarity} | {' '.join(parts)} |")
    return "\n".join(lines) + "\n"


# -- modules ----------------------------------------------------------------------------------------------------------


def links(graph: nx.DiGraph) -> dict[tuple[str, str], tuple[str, ...]]:
    """Find which variables of one module another one uses during the run.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `krapte_sd.equations.graph.causal_graph`.

    Returns
    -------
    dict of (str, str) to tuple of str
        Names of stocks and auxiliaries by (module that owns them, module that uses them),
        the most used first.
    """
    found: dict[tuple[str, str], dict[str, int]] = {}
    for source, target in feedback(graph).edges:
        giver, taker = graph.nodes[source]["group"], graph.nodes[target]["group"]
        if giver != taker and graph.nodes[source]["kind"] in _SHOWN:
            counts = found.setdefault((giver, taker), {})
            counts[source] = counts.get(source, 0) + 1
    place = {name: position for position, name in enumerate(graph)}
    groups = {graph.nodes[name]["group"]: place[name] for name in reversed(list(graph))}
    return {
        pair: tuple(sorted(counts, key=lambda each, counts=counts: (-counts[each], place[each])))  # type: ignore[misc]
        for pair, counts in sorted(found.items(), key=lambda each: (groups[each[0][0]], groups[each[0][1]]))
    }


def diagram(graph: nx.DiGraph, *, without: Iterable[str] = ()) -> str:
    """Draw the modules of a model and the variables that connect them.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `krapte_sd.equations.graph.causal_graph`.
    without : iterable of str, optional
        Modules that are left out.

    Returns
    -------
    str
        SVG. Modules stand on a circle in the order of the file; each arrow names the
        most used variable and counts the others.
    """
    left_out = set(without)
    pairs = {pair: names for pair, names in links(graph).items() if not left_out & set(pair)}
    modules = [
        each for each in dict.fromkeys(dict(graph.nodes(data="group")).values()) if any(each in p for p in pairs)
    ]
    width, height, across, down = 1000, 700, 390, 310
    centre = (width / 2, height / 2)
    at = {}
    for position, module in enumerate(modules):
        angle = 2 * math.pi * position / len(modules) - math.pi / 2
        at[module] = (centre[0] + across * math.cos(angle), centre[1] + down * math.sin(angle))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">',
        "<title>Modules of the model and the variables that connect them</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0,0 L10,5 L0,10 z" fill="#5a6b7b"/></marker></defs>',
    ]
    labels: list[str] = []
    for pair, names in pairs.items():
        curve, label = _arrow(at[pair[0]], at[pair[1]], _caption(graph, names))
        parts.append(curve)
        labels.append(label)
    parts += labels
    parts += [_box(at[each], _title(each)) for each in modules]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _caption(graph: nx.DiGraph, names: Sequence[str]) -> str:
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    return str(graph.nodes[names[0]]["label"]).strip('"') + more


def _box(at: tuple[float, float], text: str) -> str:
    x, y = at
    half = 62
    return (
        f'<rect x="{x - half:.1f}" y="{y - 19:.1f}" width="{2 * half}" height="38" rx="9" fill="#dcebf7" '
        'stroke="#1f5a8a"/>'
        f'<text x="{x:.1f}" y="{y + 5:.1f}" text-anchor="middle" font-size="16" fill="#12324c">{escape(text)}</text>'
    )


def _arrow(begin: tuple[float, float], end: tuple[float, float], caption: str) -> tuple[str, str]:
    """Draw a curved arrow from box to box, and its caption nearer to where it begins."""
    (x0, y0), (x1, y1) = begin, end
    length = math.hypot(x1 - x0, y1 - y0)
    # Bent to its left, so that there and back lie apart.
    bend = 0.13
    cx, cy = (x0 + x1) / 2 + bend * (y1 - y0), (y0 + y1) / 2 - bend * (x1 - x0)

    def point(share: float) -> tuple[float, float]:
        a, b, c = (1 - share) ** 2, 2 * share * (1 - share), share**2
        return a * x0 + b * cx + c * x1, a * y0 + b * cy + c * y1

    def outside(from_end: bool) -> tuple[float, float]:
        steps = [k / 200 for k in range(201)]
        ox, oy = end if from_end else begin
        for share in reversed(steps) if from_end else steps:
            x, y = point(share)
            if abs(x - ox) > 66 or abs(y - oy) > 23:
                return x, y
        return point(0.5)

    (sx, sy), (ex, ey) = outside(from_end=False), outside(from_end=True)
    tx, ty = point(0.36 if length > 300 else 0.5)
    curve = (
        f'<path d="M{sx:.1f},{sy:.1f} Q{cx:.1f},{cy:.1f} {ex:.1f},{ey:.1f}" fill="none" stroke="#5a6b7b" '
        'stroke-width="1.3" marker-end="url(#tip)"/>'
    )
    label = (
        f'<text x="{tx:.1f}" y="{ty + 4:.1f}" text-anchor="middle" font-size="11.5" fill="#7a2d12" stroke="#ffffff" '
        f'stroke-width="3.5" paint-order="stroke">{escape(caption)}</text>'
    )
    return curve, label
