"""The page of all equations, its loops and the drawing of the modules, made from the model file.

The equations come from the file alone. The sign of an effect comes from the equations where they decide it, else from
the values of the baseline on 1 January of its first year.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import krapte_sd
from krapte_sd.analysis.loops import model_graph
from krapte_sd.equations import read_model
from krapte_sd.equations.documentation import diagram, link, links, loop_table, markdown
from krapte_sd.equations.graph import components, independent_loops
from krapte_sd.equations.model import Model

PAGE = "docs/equations.md"
PICTURE = "docs/images/modules.svg"
#: Indicators and the clock use or feed almost everything and would hide the rest.
NOT_DRAWN = ("indicators", "time")

HEAD = """\
<!-- Made by `python -m tools.docs equations` out of models/krapte.mdl. Changes belong there. -->

# Equations

Every equation of `models/krapte.mdl`, written from the file itself: what is below is what is run. Stocks are given by
their derivative and their value at the start. Inputs stand at the end of each module; their figures are in
`parameters/`, each with its source.
"""

MODULES = """\
## Modules

```{image} images/modules.svg
:alt: Modules of the model as boxes, with arrows for the variables that one takes from another
:width: 100%
```

An arrow names the variable that is used most and counts the others. Indicators use all modules and feed none; they and
the clock are left out of the drawing.

| From | To | Variables |
|---|---|---|
"""

LOOPS = """\
## Feedback loops

{shares} All {edges} effects that lie on a loop are in the {count} loops below: short ones first, each with at least
one effect that no shorter one has.

A loop is balancing if it holds an odd number of effects that lower (−→), and reinforcing otherwise; it is ambiguous if
the sign of an effect (?→) differs between groups or times. Signs come from the equations where these decide, else from
the state of the baseline on 1 January of its first year. Stocks are bold: there an effect accumulates, and arrives with
a delay. What acts at the start of a run only closes no loop.

"""


def page(model: Model, causal: Any) -> str:
    """Write the page."""
    loops = independent_loops(causal)
    counts = {kind: sum(each.polarity == kind for each in loops) for kind in ("balancing", "reinforcing", "ambiguous")}
    sizes = [len(each) for each in components(causal) if len(each) > 1]
    shares = (
        f"Of the {len(model.variables)} variables, {sizes[0]} all act on each other. Of the loops below, "
        + ", ".join(f"{count} are {kind}" for kind, count in counts.items() if count)
        + "."
    )
    edges = len(frozenset().union(*(each.edges for each in loops)))
    rows = [
        f"| {giver} | {taker} | {', '.join(link(model, name) for name in names)} |"
        for (giver, taker), names in links(causal).items()
    ]
    parts = [
        HEAD,
        MODULES + "\n".join(rows) + "\n",
        LOOPS.format(edges=edges, count=len(loops), shares=shares) + loop_table(model, loops),
        "## Dimensions and time\n\n" + markdown(model),
    ]
    return "\n".join(parts)


def make(root: Path, *, write: bool) -> list[str]:
    """Make the page and the drawing; give the names of those that were stale (and are written, if asked)."""
    model = read_model(root / "models" / "krapte.mdl")
    causal = model_graph(krapte_sd.load_model())
    stale = []
    for name, text in ((PAGE, page(model, causal)), (PICTURE, diagram(causal, without=NOT_DRAWN))):
        path = root / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if write:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
    return stale
