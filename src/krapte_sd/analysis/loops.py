"""The named feedback loops: what their switches cut, and their polarity, read from the causal graph."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from krapte_sd.equations.cuts import cut_edges
from krapte_sd.equations.graph import causal_graph, shortest_loop, start_state
from krapte_sd.simulation import LoadedModel, load_model

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from krapte_sd.parameters.metadata import LoopMeta

__all__ = ["loop_metadata", "loops", "model_graph"]


def loop_metadata(model: LoadedModel) -> dict[str, LoopMeta]:
    """Give what is declared about the loops, by switch, sorted by name."""
    tables = model.parameters
    assert tables is not None
    return {name: meta for name in sorted(tables.names) if (meta := tables[name].meta.loop) is not None}


def model_graph(model: LoadedModel) -> nx.DiGraph:
    """Make the causal graph of the shipped model; signs that equations leave open are those at the start of the run.

    Parameters
    ----------
    model : LoadedModel
        The shipped model with its tables.
    """
    equations = model.equations
    start = int(equations.control.start)
    state = start_state(equations, model.inputs(equations.inputs, start, start + 1))
    positive = [name for name in equations.inputs if name in state and state[name].min() >= 0]
    positive += [name for name in equations.stocks if equations.variables[name].unit == "person"]
    return causal_graph(equations, positive=positive, state=state)


@lru_cache(maxsize=2)
def _shipped_graph() -> Any:
    return model_graph(load_model())


def loops() -> pd.DataFrame:
    """List the named feedback loops of the shipped model.

    Each has a switch, a parameter that is 1; 0 cuts the loop (``parameters={"participation_switch": 0}`` in `run`).

    Returns
    -------
    pandas.DataFrame
        One row a loop: ``switch``; ``loop`` and ``loop_nl``, its name in English and Dutch; ``what_it_does``;
        ``declared`` and ``polarity``, as declared and as it follows from the causal graph (balancing, reinforcing,
        ambiguous, or none where the switched link closes no loop); ``agrees``; ``link``, the effects that the switch
        cuts; ``variables``, those on the shortest loop through one of them, in the order in which they act, with the
        sign of each effect.

    Notes
    -----
    What a switch cuts is read from the equations with zero in its place. The polarity is the product of the signs of
    the effects (Sterman, J.D. (2000), Business Dynamics, ch. 5); signs that the equations leave open are those at the
    start of the baseline. Where the shortest loop is not the one that is meant, the table names variables it must pass.

    Examples
    --------
    >>> import krapte_sd as ks
    >>> table = ks.loops()
    >>> bool(table["agrees"].all())
    True
    """
    import pandas as pd

    model = load_model()
    equations = model.equations
    graph = _shipped_graph()
    rows = []
    for switch, meta in loop_metadata(model).items():
        edges = cut_edges(equations, switch)
        found = shortest_loop(graph, edges, meta.via)
        polarity = "none" if found is None else found.polarity
        rows.append(
            {
                "switch": switch,
                "loop": meta.label,
                "loop_nl": meta.label_nl,
                "what_it_does": _definition(model, switch),
                "declared": meta.polarity,
                "polarity": polarity,
                "agrees": polarity == meta.polarity,
                "link": "; ".join(f"{a} -> {b}" for a, b in sorted(edges) if a not in equations.inputs),
                "variables": "" if found is None else str(found).rsplit(":", 1)[0],
            }
        )
    return pd.DataFrame(rows)


def _definition(model: LoadedModel, name: str) -> str:
    assert model.parameters is not None
    return model.parameters[name].meta.definition
