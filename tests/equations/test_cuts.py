"""What a switch cuts is read from the equations; the shortest loop through it is the one meant."""

import pytest
from small_models import small

from krapte_sd.equations.cuts import cut_edges
from krapte_sd.equations.graph import causal_graph, shortest_loop
from krapte_sd.errors import ModelError

ONE = """
x= :NA: ~ Dmnl ~ |
y= :NA: ~ Dmnl ~ |
on= :NA: ~ Dmnl ~ |
f= {} ~ Dmnl ~ |
"""


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("on*x+y", "x"),
        ("y*EXP(x*on*2)", "x"),
        ("x+on*x", ""),
        ("on*x+(1-on)*INITIAL(x)+y", "x"),
        ("y*(1+on*(x-1))", "x"),
        ("IF THEN ELSE(on=1, x, y)", "x"),
        ("IF THEN ELSE(on>0, x, x+y)", ""),
        ("on/(1+x)-(-on*y)", "x y"),
        ("MAX(on, x)", ""),
        ("(0-on*x)*y", "x y"),
        ("x+y", ""),
    ],
)
def test_what_is_multiplied_by_zero_is_cut(tmp_path, text, gone):
    found = cut_edges(small(tmp_path, ONE.format(text)), "on")
    assert found == {(source, "f") for source in gone.split()}


def test_an_unknown_switch_is_refused(tmp_path):
    with pytest.raises(ModelError, match="'onn' is not a variable of the model; did you mean 'on'"):
        cut_edges(small(tmp_path, ONE.format("x")), "onn")


TWO_WAYS = """
stock= INTEG(grow-shrink, 1) ~ Dmnl ~ |
grow= stock*0.1 ~ Dmnl/Year ~ |
shrink= stock*seen ~ Dmnl/Year ~ |
seen= on*stock ~ 1/Year ~ |
far= stock*2 ~ Dmnl ~ |
near= on*far ~ Dmnl ~ |
other= near+stock ~ Dmnl ~ |
on= 1 ~ Dmnl ~ |
"""


def test_the_shortest_loop_holds_the_edge_and_what_it_must_pass(tmp_path):
    model = small(tmp_path, TWO_WAYS)
    graph = causal_graph(model, positive=["stock"])
    found = shortest_loop(graph, cut_edges(model, "on"))
    assert found.variables == ("seen", "shrink", "stock")
    assert found.polarity == "balancing"
    # The way through growth is no way through the switch.
    assert shortest_loop(graph, cut_edges(model, "on"), via=["grow"]) is None
    assert shortest_loop(graph, [("far", "near")]) is None
    with pytest.raises(ModelError, match="'groww' is not a variable"):
        shortest_loop(graph, [("stock", "grow")], via=["groww"])
