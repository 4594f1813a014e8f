"""The page of equations: formulas, what stands beside them, and that the committed page is current."""

import re
import xml.etree.ElementTree as ET

import pytest
from small_models import small

from krapte_sd.equations import latex
from krapte_sd.equations.documentation import diagram, link, links, loop_table, markdown
from krapte_sd.equations.expressions import Op, Ref
from krapte_sd.equations.graph import causal_graph, independent_loops, used_by

SIMPLE = """
Age: young, old ~ ~ |
Area: north, south ~ ~ |
*******************
	.people
*******************~
		Who lives *where*
	|
people[Age,Area]= INTEG(net births[Age,Area], first people[Age,Area]) ~ person ~ residents_of an area |
net births[Age,Area]= people[young,Area]*birth rate-deaths[Age,Area] ~ person/Year ~ |
deaths[Age,Area]= people[Age,Area]/life ~ person/Year ~ |
mean[Area]= VMAX(people[Age!,Area])-(SUM(people[Age!,Area])-SUM(people[Age!,north])) ~ person ~ |
wider[Age]= SUM(people[Age!,north])*people[Age,north] ~ person ~ |
*******************
	.numbers
*******************~
		Numbers
	|
first people[Age,Area]= :NA: ~ person ~ input: at the start |
birth rate:INTERPOLATE: ~ 1/Year ~ input: born |
life= 70 ~ Year ~ |
level:HOLD BACKWARD: ~ person ~ unused |
"""

ONE = """
x= :NA: ~ Dmnl ~ |
y= :NA: ~ Dmnl ~ |
long name= 2 ~ Dmnl ~ |
f= {} ~ Dmnl ~ |
"""


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("x+y-x", r"X + Y - X"),
        ("x-(y-x)", r"X - \left(Y - X\right)"),
        ("x-(y+x)", r"X - \left(Y + X\right)"),
        ("x-y*(x+1)", r"X - Y \cdot \left(X + 1\right)"),
        ("x/y*2", r"\frac{X}{Y} \cdot 2"),
        ("(x+y)/(x-y)", r"\frac{X + Y}{X - Y}"),
        ("(x/y)^2", r"\left(\frac{X}{Y}\right)^{2}"),
        ("x^(y+1)", r"X^{Y + 1}"),
        ("x-(-y*2)", r"X - \left(-Y\right) \cdot 2"),
        ("x+(-y)", r"X + \left(-Y\right)"),
        ("(x^2)^y", r"\left(X^{2}\right)^{Y}"),
        ("-x*y", r"-X \cdot Y"),
        ("x*(-y)", r"X \cdot \left(-Y\right)"),
        ("x-(-2)", r"X - \left(-2\right)"),
        ("1e-07*x", r"1 \cdot 10^{-7} \cdot X"),
        ("EXP(-x)+LN(y)", r"\exp\left(-X\right) + \ln\left(Y\right)"),
        ("SQRT(ABS(x))", r"\sqrt{\left|X\right|}"),
        ("MIN(x, MAX(y, 0))", r"\min\left(X,\ \max\left(Y,\ 0\right)\right)"),
        ("INTEGER(Time)", r"\operatorname{int}\left(t\right)"),
        ("XIDZ(x, y, 1)", r"\operatorname{xidz}\left(X,\ Y,\ 1\right)"),
        (
            "IF THEN ELSE(x >= 2 :AND: y <> 0, x, y)",
            r"\begin{cases} X & \text{if } X \ge 2 \wedge Y \ne 0 \\ Y & \text{otherwise} \end{cases}",
        ),
        ("x-INITIAL(x)", r"X - X(t_0)"),
        ("INITIAL(Time)+INITIAL(x+y)", r"t_0 + \left[X + Y\right]_{t_0}"),
        ("long name", r"\mathrm{long\ name}"),
    ],
)
def test_formulas(tmp_path, text, formula):
    model = small(tmp_path, ONE.format(text))
    (found,) = latex.Writer(model).variable(model.variables["f"])
    expected = re.sub("[XY]", lambda each: rf"\mathrm{{{each[0].lower()}}}", formula)
    assert found == rf"\mathrm{{f}} = {expected}"


def test_an_expression_of_an_unknown_kind_is_written_as_a_function(tmp_path):
    model = small(tmp_path, ONE.format("x"))
    found = latex.Writer(model).expr(Op("some_function", (Ref("x"), Ref("y"))))
    assert found == r"\operatorname{some\ function}\left(\mathrm{x},\ \mathrm{y}\right)"


def test_letters_that_mean_something_are_escaped():
    assert latex.name('"50% & more_#$"') == r"\mathrm{50\%\ \&\ more\ \#\$}"


def test_long_formulas_are_broken_at_terms(tmp_path):
    terms = [f"a rather long name number {k}" for k in range(6)]
    text = "".join(f"{each}= 1 ~ Dmnl ~ |\n" for each in terms)
    model = small(tmp_path, f"{text}f= {'-'.join(terms)} ~ Dmnl ~ |\n")
    (found,) = latex.Writer(model).variable(model.variables["f"])
    assert found.startswith("\\begin{aligned}\n")
    assert found.count("\\\\\n") >= 2
    joined = re.sub(r"\\\\\n&\\qquad \{\} |\\begin\{aligned\}\n|\n\\end\{aligned\}", " ", found).replace("&=", "=")
    assert " ".join(joined.split()) == r"\mathrm{f} = " + " - ".join(latex.name(each) for each in terms)


def test_stocks_subscripts_and_sums(tmp_path):
    model = small(tmp_path, SIMPLE)
    writer = latex.Writer(model)
    assert latex.letters(model) == {"Age": "a", "Area": "r"}
    rate, start = writer.variable(model.variables["people"])
    assert rate == r"\frac{\mathrm{d}}{\mathrm{d}t}\,\mathrm{people}_{a,r} = \mathrm{net\ births}_{a,r}"
    assert start == r"\mathrm{people}_{a,r}(t_0) = \mathrm{first\ people}_{a,r}"
    assert (
        r"\mathrm{people}_{\mathrm{young},r} \cdot \mathrm{birth\ rate}"
        in writer.variable(model.variables["net_births"])[0]
    )
    assert writer.variable(model.variables["mean"])[0].replace("\n", "").replace(r"\\&\qquad {}", "").endswith(
        r"\max_{a} \mathrm{people}_{a,r} - \left(\sum_{a} \mathrm{people}_{a,r} - "
        r"\sum_{a} \mathrm{people}_{a,\mathrm{north}}\right)"
    )  # fmt: skip
    # The letter of the sum must differ from that of the left-hand side.
    assert (
        r"\left(\sum_{a'} \mathrm{people}_{a',\mathrm{north}}\right) \cdot"
        in writer.variable(model.variables["wider"])[0]
    )


def test_the_page(tmp_path):
    model = small(tmp_path, SIMPLE)
    page = markdown(model)
    assert page == markdown(small(tmp_path, SIMPLE))
    assert (
        "## People\n\nWho lives \\*where\\*.\n\n(eq-people)=\n**people** (person, stock): residents\\_of an area\n"
        in page
    )
    assert "Depends on [deaths](#eq-deaths)" not in page
    depends = "Depends on [people](#eq-people), [deaths](#eq-deaths), [birth rate](#inputs-numbers)."
    assert f"\n{depends} Feeds [people](#eq-people).\n" in page
    assert "(inputs-numbers)=\n### Inputs of numbers\n" in page
    rows = [line for line in page.splitlines() if line.startswith(r"| $\mathrm")]
    assert rows == [
        r"| $\mathrm{first\ people}_{a,r}$ | person | constant over time | at the start | [people](#eq-people) |",
        r"| $\mathrm{birth\ rate}$ | 1/Year | linear between 1 Januaries | born | [net births](#eq-net-births) |",
        r"| $\mathrm{life}$ | Year | number in the file: 70 |  | [deaths](#eq-deaths) |",
        r"| $\mathrm{level}$ | person | value of the calendar year | unused | nothing |",
    ]
    targets = set(re.findall(r"^\((\S+)\)=$", page, re.MULTILINE))
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= targets
    assert link(model, "life") == "[life](#inputs-numbers)"
    assert used_by(model, "net_births") == ["people", "deaths", "birth_rate"]


def test_loops_and_modules(tmp_path):
    model = small(tmp_path, SIMPLE)
    graph = causal_graph(model, positive=["people", "birth_rate"])
    assert loop_table(model, independent_loops(graph)).splitlines()[2:] == [
        "| reinforcing | **[people](#eq-people)** +→ [net births](#eq-net-births) +→ [people](#eq-people) |",
        "| balancing | **[people](#eq-people)** +→ [deaths](#eq-deaths) −→ [net births](#eq-net-births) +→ "
        "[people](#eq-people) |",
    ]
    # Inputs are no link between modules.
    assert links(graph) == {}


DELAYED = """
Age: (a0-a3) ~ ~ |
Younger: (a0-a2) -> Older ~ ~ |
Older: (a1-a3) ~ ~ |
effect( (0,1),(1,2),(2,1.5) ) ~ Dmnl ~ |
stock= INTEG(inflow-DELAY1(inflow, 3), 5) ~ person ~ |
inflow= effect(stock/10)*STEP(2, 2001) ~ person/Year ~ |
people[Age]= INTEG(flow[Age], 3) ~ person ~ |
flow[a0]= 1 ~ person/Year ~ |
flow[Older]= people[Younger]-people[Older] ~ person/Year ~ |
product= PROD(people[Older!]) ~ Dmnl ~ |
Place: p0, p1 -> Ends ~ ~ |
Ends: a3, a0 -> Place ~ ~ |
at[Place]= people[Ends] ~ person ~ |
"""


def test_delays_lookups_and_subranges(tmp_path):
    model = small(tmp_path, DELAYED)
    page = markdown(model)
    assert r"\mathrm{flow}_{o} = \mathrm{people}_{o-1} - \mathrm{people}_{o}" in page
    assert r"= \mathrm{people}_{a(p)}" in page
    assert (
        r"\mathrm{effect}\left(\frac{\mathrm{stock}}{10}\right) \cdot \operatorname{step}\left(2,\ 2001\right)" in page
    )
    assert r"\prod_{o} \mathrm{people}_{o}" in page
    assert r"| $\mathrm{effect}$ | Dmnl | table of points |" in page
    graph = causal_graph(model, positive=["stock"])
    assert graph.edges["effect", "inflow"]["polarity"] == "+"
    # The table rises and falls.
    assert graph.edges["stock", "inflow"]["polarity"] == "?"
    delays = [each for each in independent_loops(graph) if {"stock", "inflow"} < set(each.variables)]
    assert [len(each.stocks) for each in delays] == [2]


def test_the_drawing_of_the_shipped_model(root):
    from krapte_sd.equations import read_model

    model = read_model(root / "models" / "krapte.mdl")
    graph = causal_graph(model)
    found = links(graph)
    assert "vacancies" in found["vacancies", "wages"]
    assert "attraction" in found["wages", "matching"]
    drawing = diagram(graph, without=["indicators", "time"])
    assert drawing == diagram(graph, without=["indicators", "time"])
    texts = [each.text for each in ET.fromstring(drawing).iter("{http://www.w3.org/2000/svg}text")]
    assert {"Population", "Status", "Matching", "Vacancies", "Demand", "Wages"} <= set(texts)
    assert not {"Indicators", "Time"} & set(texts)


def test_the_committed_page_is_current(root):
    from tools.docs.equations import make

    stale = make(root, write=False)
    assert stale == [], f"{', '.join(stale)}: run 'python -m tools.docs equations'"
    page = (root / "docs" / "equations.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\((\S+)\)=$", page, re.MULTILINE))
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) == targets
