"""The causal graph of a model: what acts on what, in which direction, and the loops that follow.

A variable with dimensions is one node. Edges carry a polarity found from the
equations (`signs`) or, where these do not decide, measured at a state of the
model (`measured`). What acts through INITIAL or the initial value of a stock
only sets the start and closes no loop.

References
----------
Independent loops: Oliva, R. (2004), Model structure analysis through graph
theory, System Dynamics Review 20(4), 313-336 (shortest independent loop set).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from krapte_sd.equations.expressions import Equation, Initial, Op, Ref, children
from krapte_sd.equations.measured import measured_sign, start_state
from krapte_sd.equations.model import Model
from krapte_sd.equations.signs import Bounds, Sign, join, known_bounds, sign, slope
from krapte_sd.errors import ModelError, nearest

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "Loop",
    "causal_graph",
    "components",
    "feedback",
    "independent_loops",
    "loop",
    "loops_through",
    "running",
    "shortest_loop",
    "shortest_loops",
    "start_state",
    "used_by",
]

Kind = Literal["balancing", "reinforcing", "ambiguous"]


@dataclass(frozen=True)
class Loop:
    """A feedback loop.

    Attributes
    ----------
    variables : tuple of str
        In the order in which they act; the last acts on the first.
    signs : tuple of str
        Polarity of the edge that leaves each of them: ``+``, ``-`` or ``?``.
    stocks : tuple of str
        The stocks among them, where the effect accumulates and is delayed.
    """

    variables: tuple[str, ...]
    signs: tuple[Sign, ...]
    stocks: tuple[str, ...]

    @property
    def polarity(self) -> Kind:
        """``balancing`` (an odd number of minus signs), ``reinforcing``, or ``ambiguous`` (a sign is not known)."""
        if any(each not in ("+", "-") for each in self.signs):
            return "ambiguous"
        return "balancing" if self.signs.count("-") % 2 else "reinforcing"

    @property
    def edges(self) -> frozenset[tuple[str, str]]:
        """Its edges, from and to."""
        return frozenset(zip(self.variables, (*self.variables[1:], self.variables[0]), strict=True))

    def __len__(self) -> int:
        return len(self.variables)

    def __str__(self) -> str:
        parts = [f"{name} -({mark})->" for name, mark in zip(self.variables, self.signs, strict=True)]
        return f"{' '.join(parts)} {self.variables[0]}: {self.polarity}"


# -- making the graph -------------------------------------------------------------------------------------------------


def causal_graph(
    model: Model, *, positive: Iterable[str] = (), state: Mapping[str, NDArray[Any]] | None = None
) -> nx.DiGraph:
    """Make the causal graph of a model.

    Parameters
    ----------
    model : Model
        The model.
    positive : iterable of str, optional
        Variables that are known never to be negative, beyond what limits, constants
        and equations in the file say.
    state : mapping of str to ndarray, optional
        Values of the variables at one moment, such as from `start_state`. Where the
        equations do not decide a sign, the slope at this state does; INITIAL is taken
        as if the run began there.

    Returns
    -------
    networkx.DiGraph
        Nodes are names of variables, with ``label``, ``kind``, ``unit``, ``group`` and
        ``dimensions``. Edges run from what is used to what uses it, with

        - ``polarity``: ``+``, ``-`` or ``?``. An edge into a stock has the sign of its
          effect on the net flow;
        - ``basis``: ``equation``, ``state`` or ``unknown``;
        - ``initial``: True if it acts at the start of the run only.

    Raises
    ------
    ModelError
        If a name in `positive` is not a variable.
    """
    import networkx as nx

    known = known_bounds(model, positive)
    graph = nx.DiGraph(name=model.path)
    for name, each in model.variables.items():
        graph.add_node(
            name, label=each.label, kind=each.kind, unit=each.unit, group=each.group, dimensions=each.dimensions
        )
    for name in model.variables:
        for source, found in _uses(model, name).items():
            running = [part for part in found if not part.start]
            polarity, basis = _polarity(model, running or found, known, state)
            graph.add_edge(source, name, polarity=polarity, basis=basis, initial=not running)
    return graph


def used_by(model: Model, name: str) -> list[str]:
    """Give the variables that a variable uses, also for its start, in the order of the file."""
    found = _uses(model, name)
    return [each for each in model.variables if each in found]


def running(model: Model, name: str) -> set[str]:
    """Give the variables that a variable follows during the run."""
    return {source for source, found in _uses(model, name).items() if not all(each.start for each in found)}


@dataclass(frozen=True)
class _Use:
    """One place where a variable is used: for the whole run, or for its start only."""

    equation: Equation
    ref: Ref
    start: bool


def _uses(model: Model, name: str) -> dict[str, list[_Use]]:
    variable = model.variables[name]
    uses: dict[str, dict[_Use, None]] = {}
    for equations, first in ((variable.equations, False), (variable.initial, True)):
        for equation in equations:
            for ref, start in _references(equation.expr, first):
                uses.setdefault(ref.name, {})[_Use(equation, ref, start)] = None
    return {source: list(found) for source, found in uses.items()}


def _references(expr: Any, start: bool) -> Iterator[tuple[Ref, bool]]:
    """Every reference, and whether it acts at the start only. Works for any kind of expression with parts."""
    if isinstance(expr, Ref):
        yield expr, start
        return
    # The second argument of ACTIVE INITIAL is used at the start only.
    active = isinstance(expr, Op) and expr.function == "active_initial"
    for position, each in enumerate(children(expr)):
        yield from _references(each, start or isinstance(expr, Initial) or (active and position == 1))


def _polarity(
    model: Model,
    uses: Sequence[_Use],
    known: Mapping[str, Bounds],
    state: Mapping[str, NDArray[Any]] | None,
) -> tuple[Sign, str]:
    """Sign of all places together, first from the equations, then at the state."""
    found = join(sign(slope(use.equation.expr, use.ref, known, start=use.start)) for use in uses)
    if found in ("+", "-"):
        return found, "equation"
    if state is not None:
        found = join(measured_sign(model, use.equation, use.ref, state, start=use.start) for use in uses)
        if found in ("+", "-"):
            return found, "state"
    return "?", "unknown"


# -- loops ------------------------------------------------------------------------------------------------------------


def feedback(graph: nx.DiGraph, *, initial: bool = False) -> nx.DiGraph:
    """Give the part of a causal graph that can close loops.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `causal_graph`.
    initial : bool, optional
        True to keep the edges that act at the start only.

    Returns
    -------
    networkx.DiGraph
        All nodes, and the edges that act during the run.
    """
    kept = graph.copy()
    if not initial:
        kept.remove_edges_from([(a, b) for a, b, only in graph.edges(data="initial") if only])
    return kept


def components(graph: nx.DiGraph) -> list[tuple[str, ...]]:
    """Give the strongly connected components: sets of variables that all act on each other.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `causal_graph`.

    Returns
    -------
    list of tuple of str
        Each with its variables in the order of the file, the largest first. A variable
        alone counts only if it acts on itself.
    """
    import networkx as nx

    part = feedback(graph)
    place = {name: position for position, name in enumerate(graph)}
    found = [
        tuple(sorted(each, key=place.__getitem__))
        for each in nx.strongly_connected_components(part)
        if len(each) > 1 or part.has_edge(*(tuple(each) * 2))
    ]
    return sorted(found, key=lambda each: (-len(each), place[each[0]]))


def loop(graph: nx.DiGraph, variables: Sequence[str]) -> Loop:
    """Make a loop out of the names of its variables.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `causal_graph`.
    variables : sequence of str
        The variables in order; the last must act on the first.

    Returns
    -------
    Loop
        It begins with the variable given first.

    Raises
    ------
    ModelError
        If a name is not in the graph, or one of them does not act on the next.
    """
    _known(graph, variables)
    following = (*variables[1:], variables[0])
    missing = [
        f"'{a}' does not act on '{b}'"
        for a, b in zip(variables, following, strict=True)
        if not graph.has_edge(a, b) or graph.edges[a, b]["initial"]
    ]
    if missing:
        raise ModelError.collect("the variables form no loop", missing)
    signs = tuple(graph.edges[a, b]["polarity"] for a, b in zip(variables, following, strict=True))
    return Loop(tuple(variables), signs, tuple(each for each in variables if graph.nodes[each]["kind"] == "stock"))


def _known(graph: nx.DiGraph, names: Iterable[str]) -> None:
    wrong = [f"'{each}' is not a variable of the model{nearest(each, graph)}" for each in names if each not in graph]
    if wrong:
        raise ModelError.collect("loops", wrong)


def _begin(graph: nx.DiGraph, cycle: Sequence[str]) -> Loop:
    """Turn a cycle such that equal loops are equal: it begins with its first stock in the order of the file."""
    place = {name: position for position, name in enumerate(graph)}
    first = min(cycle, key=lambda each: (graph.nodes[each]["kind"] != "stock", place[each]))
    at = list(cycle).index(first)
    return loop(graph, (*cycle[at:], *cycle[:at]))


def shortest_loops(graph: nx.DiGraph) -> list[Loop]:
    """Give the shortest loop through each edge that lies on one.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `causal_graph`.

    Returns
    -------
    list of Loop
        Each once, the shortest first.
    """
    import networkx as nx

    found: dict[frozenset[tuple[str, str]], Loop] = {}
    part = feedback(graph)
    for names in components(graph):
        inside = part.subgraph(names)
        # Sorted, so that the choice among loops of the same length does not depend on the order of insertion.
        ordered = nx.DiGraph()
        ordered.add_nodes_from(names)
        ordered.add_edges_from(sorted(inside.edges))
        paths = dict(nx.all_pairs_shortest_path(ordered))
        for a, b in sorted(inside.edges):
            each = _begin(graph, paths[b][a])
            found.setdefault(each.edges, each)
    return sorted(found.values(), key=lambda each: (len(each), each.variables))


def independent_loops(graph: nx.DiGraph) -> list[Loop]:
    """Choose short loops that together hold every edge that lies on a loop.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `causal_graph`.

    Returns
    -------
    list of Loop
        Out of `shortest_loops`, the shortest first, each of them with at least one edge
        that no shorter one has. The number of all loops grows exponentially; this one
        is at most that of the edges.
    """
    chosen = []
    covered: set[tuple[str, str]] = set()
    for each in shortest_loops(graph):
        if not each.edges <= covered:
            covered |= each.edges
            chosen.append(each)
    return chosen


def loops_through(graph: nx.DiGraph, names: Sequence[str], max_length: int, *, limit: int = 1000) -> list[Loop]:
    """Give every loop through some variables.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `causal_graph`.
    names : sequence of str
        Variables that must all be in the loop, in any order; at least one.
    max_length : int
        Largest number of variables in a loop.
    limit : int, optional
        Largest number of loops.

    Returns
    -------
    list of Loop
        Each begins with the first of `names`; the shortest first.

    Raises
    ------
    ModelError
        If a name is not in the graph, none is given, or there are more loops than
        `limit`.
    """
    if not names:
        raise ModelError("loops: give at least one variable that the loop must go through")
    _known(graph, names)
    found: list[Loop] = []
    for cycle in _cycles(feedback(graph), names, max_length):
        if len(found) == limit:
            raise ModelError(
                f"more than {limit} loops of at most {max_length} variables go through {', '.join(names)}; "
                "name more variables, or take a smaller length or a larger limit"
            )
        found.append(loop(graph, cycle))
    return sorted(found, key=lambda each: (len(each), each.variables))


def shortest_loop(graph: nx.DiGraph, edges: Iterable[tuple[str, str]], via: Sequence[str] = ()) -> Loop | None:
    """Give the shortest loop through one of some edges.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `causal_graph`.
    edges : iterable of tuple of str
        From and to; the loop holds one of them.
    via : sequence of str, optional
        Variables the loop must pass, in any order.

    Returns
    -------
    Loop or None
        It begins behind its edge out of `edges`; among loops of one length the first by name. None if there is none.

    Raises
    ------
    ModelError
        If a name is not in the graph.
    """
    part = feedback(graph)
    found: list[Loop] = []
    for begin, end in sorted(edges):
        _known(graph, (begin, end, *via))
        # No other way into the end of the edge, so that every loop through the end holds the edge.
        only = part.copy()
        only.remove_edges_from([(a, b) for a, b in part.in_edges(end) if a != begin])
        # Loops longer than the shortest so far are no use.
        longest = min((len(each) for each in found), default=len(part)) if not via else len(part)
        for length in range(1, longest + 1):
            cycle = next(_cycles(only, (end, begin, *via), length), None)
            if cycle is not None:
                found.append(loop(graph, cycle))
                break
    return min(found, key=lambda each: (len(each), each.variables), default=None)


def _cycles(part: nx.DiGraph, names: Sequence[str], longest: int) -> Iterator[tuple[str, ...]]:
    """Search in depth, giving up a path as soon as what it must still visit is too far away."""
    import networkx as nx

    start = names[0]
    targets = tuple(dict.fromkeys(names))
    back = part.reverse(copy=False)
    distance = {each: dict(nx.single_source_shortest_path_length(back, each)) for each in targets}
    home = distance[start]
    far = longest + 1

    def least(node: str, visited: set[str]) -> int:
        """Fewest edges from a node over each target not yet visited back to the start."""
        missing = [each for each in targets if each not in visited]
        over = [distance[each].get(node, far) + home.get(each, far) for each in missing]
        return int(max([home.get(node, far), *over]))

    path = [start]
    visited = {start}
    stack = [iter(sorted(part.successors(start)))]
    while stack:
        following = next(stack[-1], None)
        if following is None:
            stack.pop()
            visited.discard(path.pop())
        elif following == start:
            if visited.issuperset(targets):
                yield tuple(path)
        elif following not in visited and len(path) + least(following, {*visited, following}) <= longest:
            path.append(following)
            visited.add(following)
            stack.append(iter(sorted(part.successors(following))))
