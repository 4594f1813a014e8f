"""The causal graph: signs of effects against numbers, loops against cases worked out by hand."""

import itertools
import math

import networkx as nx
import numpy as np
import pytest
from small_models import small

import krapte_sd
from krapte_sd.equations.expressions import Ref, walk
from krapte_sd.equations.graph import (
    causal_graph,
    components,
    feedback,
    independent_loops,
    loop,
    loops_through,
    shortest_loops,
    start_state,
)
from krapte_sd.equations.signs import bounds, join, known_bounds, sign, slope
from krapte_sd.errors import ModelError

GROWTH = """
rabbits= INTEG(births-deaths, start) ~ animal ~ |
start= 20 ~ animal ~ |
births= rabbits*birth rate*space ~ animal/Year ~ |
deaths= rabbits*death rate ~ animal/Year ~ |
space= MAX(0, 1-rabbits/capacity) ~ Dmnl ~ |
capacity= 1000 ~ animal ~ |
birth rate= 0.4 ~ 1/Year ~ |
death rate= 0.1 ~ 1/Year ~ |
share= rabbits/INITIAL(rabbits) ~ Dmnl ~ |
"""

ONE = """
x= :NA: ~ Dmnl [0,?] ~ |
y= :NA: ~ Dmnl [0,?] ~ |
z= :NA: ~ Dmnl ~ |
f= {} ~ Dmnl ~ |
"""


def effect(folder, text, source, **options):
    return causal_graph(small(folder, ONE.format(text)), **options).edges[source, "f"]["polarity"]


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("x+y-z", "x+ y+ z-"),
        ("x*y", "x+ y+"),
        ("x*z", "x? z+"),
        ("2*x-3*x", "x-"),
        ("(x+1)*(y+2)-x*y", "x+ y+"),
        ("x/(1+y)", "x+ y-"),
        ("x/(x+y)", "x+ y-"),
        ("y/(x+y)", "x- y+"),
        ("(x-y)/x", "x+ y-"),
        ("x*y/(2*x+3*y)", "x+ y+"),
        ("z/(1+x)", "x? z+"),
        ("EXP(-x*y)", "x- y-"),
        ("EXP(x*z)", "x? z+"),
        ("LN(1+x)-SQRT(y)", "x+ y-"),
        ("MIN(x, 30)+MAX(-y, z)", "x+ y- z+"),
        ("MIN(x, -x)", "x?"),
        ("ABS(x)", "x+"),
        ("ABS(z)", "z?"),
        ("INTEGER(x)", "x+"),
        ("x^2", "x+"),
        ("(1+x)^(-2)", "x-"),
        ("z^2", "z?"),
        ("z^3", "z+"),
        ("IF THEN ELSE(x > y, 1, 0)", "x+ y-"),
        ("IF THEN ELSE(x < 3, y, 2+y)", "x+ y+"),
        ("IF THEN ELSE(x < 3, 2+y, y)", "x- y+"),
        ("IF THEN ELSE(z > 0, x, y)", "x+ y+ z?"),
        ("IF THEN ELSE(x = 3, 1, 0)", "x?"),
        ("XIDZ(x, 1+y, 0)", "x+ y-"),
        ("ZIDZ(x, y)", "x+"),
    ],
)
def test_signs_from_the_equation(tmp_path, text, signs):
    graph = causal_graph(small(tmp_path, ONE.format(text)))
    assert [graph.edges[each[0], "f"]["polarity"] for each in signs.split()] == [each[1] for each in signs.split()]


def test_every_sign_agrees_with_numbers(tmp_path):
    """Where the equations decide, finite differences at random points never say the opposite."""
    texts = ["x/(x+y)", "(x-y)/(x+2)", "x*y/(x+y)-z", "EXP(-x)*(y+z)", "MIN(x,y)*z", "LN(1+x*y)/(1+x)", "(z-x)^3/(1+y)"]
    random = np.random.default_rng(3)
    decided = 0
    for text in texts:
        model = small(tmp_path, ONE.format(text))
        graph = causal_graph(model)
        used = {each.name for each in walk(model.variables["f"].equations[0].expr) if isinstance(each, Ref)}
        for name in used:
            polarity = graph.edges[name, "f"]["polarity"]
            for _ in range(50):
                point = dict(zip("xyz", [*random.uniform(0.1, 5, 2), random.uniform(-5, 5)], strict=True))
                value = start_state(model, point)["f"]
                change = float(start_state(model, point | {name: point[name] + 1e-6})["f"] - value)
                if polarity != "?":
                    decided += 1
                    assert change * (1 if polarity == "+" else -1) >= -1e-12, (text, name, point)
    assert decided > 300


def test_what_the_caller_knows_decides(tmp_path):
    assert effect(tmp_path, "x*z", "x") == "?"
    assert effect(tmp_path, "x*z", "x", positive=["z"]) == "+"
    with pytest.raises(ModelError, match="'zz' is not a variable of the model"):
        effect(tmp_path, "x*z", "x", positive=["zz"])


def test_a_state_decides_what_equations_cannot(tmp_path):
    model = small(tmp_path, ONE.format("x*z"))
    for value, expected in ((2.0, "+"), (-2.0, "-"), (0.0, "?")):
        state = start_state(model, {"x": 1.0, "y": 1.0, "z": value})
        edge = causal_graph(model, state=state).edges["x", "f"]
        assert edge["polarity"] == expected
        assert edge["basis"] == ("state" if expected != "?" else "unknown")
    # A state that lacks a value decides nothing, and is no error.
    assert causal_graph(model, state={"x": np.array(1.0)}).edges["x", "f"]["polarity"] == "?"


def test_a_sign_that_differs_between_elements_is_not_decided(tmp_path):
    text = """
Group: a, b ~ ~ |
factor[Group]= -1, 1 ~ Dmnl ~ |
x= :NA: ~ Dmnl ~ |
f[Group]= x*factor[Group] ~ Dmnl ~ |
total= SUM(f[Group!]) ~ Dmnl ~ |
"""
    model = small(tmp_path, text)
    graph = causal_graph(model, state=start_state(model, {"x": 1.0}))
    assert graph.edges["x", "f"]["polarity"] == "?"
    assert graph.edges["f", "total"]["polarity"] == "+"
    assert graph.nodes["f"]["dimensions"] == ("Group",)


def test_bounds(tmp_path):
    model = small(tmp_path, ONE.format("1-EXP(-x)"))
    known = known_bounds(model)
    assert known["x"] == (0, math.inf)
    assert known["f"] == (0, 1)
    expr = model.variables["f"].equations[0].expr
    assert bounds(expr, {}) == (-math.inf, 1)
    assert sign(slope(expr, Ref("x"), known)) == "+"
    assert sign(slope(expr, Ref("y"), known)) == "0"
    assert [join(each) for each in ("", "0", "+0+", "+-", "-", "?+")] == ["0", "0", "+", "?", "-", "?"]


def test_the_start_of_a_run(tmp_path):
    state = start_state(small(tmp_path, GROWTH), {})
    assert {name: float(value) for name, value in state.items()} == pytest.approx(
        {
            "rabbits": 20, "start": 20, "births": 20 * 0.4 * 0.98, "deaths": 2, "space": 0.98, "capacity": 1000,
            "birth_rate": 0.4, "death_rate": 0.1, "share": 1,
        }
    )  # fmt: skip


def test_a_small_model_by_hand(tmp_path):
    graph = causal_graph(small(tmp_path, GROWTH), positive=["rabbits"])
    assert graph.nodes["rabbits"] == {
        "label": "rabbits", "kind": "stock", "unit": "animal", "group": "", "dimensions": (),
    }  # fmt: skip
    assert graph.edges["start", "rabbits"] == {"polarity": "+", "basis": "equation", "initial": True}
    assert {(a, b): mark for a, b, mark in graph.edges(data="polarity")} == {
        ("births", "rabbits"): "+", ("deaths", "rabbits"): "-", ("start", "rabbits"): "+", ("rabbits", "births"): "+",
        ("birth_rate", "births"): "+", ("space", "births"): "+", ("rabbits", "deaths"): "+",
        ("death_rate", "deaths"): "+", ("rabbits", "space"): "-", ("capacity", "space"): "+", ("rabbits", "share"): "+",
    }  # fmt: skip
    assert components(graph) == [("rabbits", "births", "deaths", "space")]
    assert [str(each) for each in independent_loops(graph)] == [
        "rabbits -(+)-> births -(+)-> rabbits: reinforcing",
        "rabbits -(+)-> deaths -(-)-> rabbits: balancing",
        "rabbits -(-)-> space -(+)-> births -(+)-> rabbits: balancing",
    ]
    assert independent_loops(graph)[0].stocks == ("rabbits",)


def test_what_acts_at_the_start_closes_no_loop(tmp_path):
    text = """
level= INTEG(flow, 2*target) ~ Dmnl ~ |
flow= target-level ~ Dmnl/Year ~ |
target= INITIAL(level+1)*0+1 ~ Dmnl ~ |
""".replace("INITIAL(level+1)*0+1", "base")
    text += "base= INITIAL(other) ~ Dmnl ~ |\nother= 3 ~ Dmnl ~ |\nnow= level+INITIAL(level) ~ Dmnl ~ |\n"
    graph = causal_graph(small(tmp_path, text))
    assert graph.edges["other", "base"]["initial"]
    assert not graph.edges["level", "now"]["initial"]
    # `target` sets the start of `level` too, yet acts on it through the flow alone during the run.
    assert graph.edges["target", "level"]["initial"]
    part = feedback(graph)
    assert not part.has_edge("other", "base")
    assert feedback(graph, initial=True).has_edge("other", "base")
    assert components(graph) == [("level", "flow")]
    with pytest.raises(ModelError, match="'target' does not act on 'level'"):
        loop(graph, ["level", "target"])


def test_loops_through_finds_all_and_only_those():
    random = np.random.default_rng(5)
    for _ in range(20):
        graph = nx.DiGraph()
        names = [f"v{k}" for k in range(8)]
        graph.add_nodes_from(names, kind="auxiliary")
        for a, b in itertools.product(names, names):
            if random.random() < 0.25:
                graph.add_edge(a, b, polarity="-" if random.random() < 0.5 else "+", initial=False)
        wanted = names[:2]
        found = {each.edges for each in loops_through(graph, wanted, 6)}
        expected = {
            frozenset(zip(cycle, [*cycle[1:], cycle[0]], strict=True))
            for cycle in nx.simple_cycles(graph)
            if set(wanted) <= set(cycle) and len(cycle) <= 6
        }
        assert found == expected
        covered = set().union(*(each.edges for each in independent_loops(graph)))
        on_a_loop = {(a, b) for part in nx.strongly_connected_components(graph) for a, b in graph.subgraph(part).edges}
        assert covered == on_a_loop
        assert {each.edges for each in independent_loops(graph)} <= {each.edges for each in shortest_loops(graph)}


def test_messages(tmp_path):
    graph = causal_graph(small(tmp_path, GROWTH))
    with pytest.raises(ModelError, match=r"'rabbit' is not a variable of the model; did you mean 'rabbits'\?"):
        loops_through(graph, ["rabbit"], 3)
    with pytest.raises(ModelError, match="at least one variable"):
        loops_through(graph, [], 3)
    with pytest.raises(ModelError, match="more than 1 loops of at most 3 variables go through rabbits; name more"):
        loops_through(graph, ["rabbits"], 3, limit=1)


# -- the shipped model ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    from krapte_sd.analysis.loops import model_graph

    return model_graph(krapte_sd.load_model())


NAMED = {
    "wages lower need": (
        "balancing",
        "vacancies vacancy_duration duration_tightness wage_pressure desired_labour vacancies_wanted vacancies_opened",
    ),
    "wages raise supply": (
        "balancing",
        "vacancies vacancy_duration duration_tightness wage_pressure mean_wage_pressure participation_response "
        "participation_effect entrants placed_entrants non_employed_reached reached_at_work vacancy_hires",
    ),
    "applicants share the vacancies": (
        "reinforcing",
        "vacancies vacancy_duration duration_tightness wage_pressure mean_wage_pressure participation_response "
        "participation_effect entrants non_employed_applicants vacancy_applicants match_intensity "
        "intensity_at_work_for_employed vacancy_hires",
    ),
    "vacancies fill themselves": (
        "balancing",
        "vacancies match_intensity intensity_at_work_for_employed vacancy_hires",
    ),
    "the gap closes": (
        "balancing",
        "commuters filled_posts vacancies_wanted vacancies_opened vacancies match_intensity "
        "intensity_at_work_for_employed hires_of_commuters",
    ),
    "the supply line": (
        "balancing",
        "vacancies excess_vacancies excess_vacancies_seen vacancies_wanted vacancies_opened",
    ),
    "wages attract": (
        "balancing",
        "vacancies vacancy_duration duration_tightness wage_pressure attraction intensity_at_work_for_employed "
        "vacancy_hires",
    ),
    "attraction crowds": (
        "reinforcing",
        "vacancies vacancy_duration duration_tightness wage_pressure attraction match_intensity "
        "intensity_at_work_for_employed vacancy_hires",
    ),
    "need shrinks to a surplus": (
        "balancing",
        "commuters filled_posts staff_surplus staff_surplus_seen layoff_rate",
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_the_loops_of_the_design_are_there(shipped, name):
    polarity, variables = NAMED[name]
    found = loop(shipped, variables.split())
    assert found.polarity == polarity, str(found)
    assert set(found.stocks) <= {"vacancies", "wage_pressure", "commuters", "participation_response"}
    assert found.stocks
    others = loops_through(shipped, found.variables, len(found))
    assert found in others


def test_the_labour_market_is_one_component(shipped):
    largest, *_ = components(shipped)
    assert {"vacancies", "wage_pressure", "employed", "unemployed", "desired_labour", "entrants"} <= set(largest)
    # Migrants follow the labour market, so the population is a part of it.
    assert {"population", "births", "immigration", "emigration"} <= set(largest)
    assert "tightness" in largest
    assert "need_gap" not in largest


def test_equations_never_contradict_the_baseline(shipped):
    model = krapte_sd.load_model()
    equations = model.equations
    state = start_state(equations, model.inputs(equations.inputs, 2024, 2025))
    assert set(state) == set(equations.variables)
    by_state = causal_graph(equations, state=state)
    compared = 0
    for a, b, edge in shipped.edges(data=True):
        other = by_state.edges[a, b]
        if edge["basis"] == "equation" and other["basis"] == "state":
            compared += 1
            assert edge["polarity"] == other["polarity"], (a, b)
    assert compared > 50
    # Where no measure is there, what scales it has no effect and so no sign.
    groups = {name: each.group for name, each in equations.variables.items()}
    scaled = {name for name, each in groups.items() if each == "programmes"}
    # A parameter that scales a difference has no sign of its own; between computed variables few may lack one.
    computed = {name for name, each in equations.variables.items() if each.kind in ("stock", "auxiliary")}
    marks = [mark for a, b, mark in shipped.edges(data="polarity") if a in computed and not {a, b} & scaled]
    assert marks.count("?") < 0.1 * len(marks)
