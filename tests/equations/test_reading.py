"""Reading Vensim files: what is kept, and the message about every kind of mistake."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from small_models import CONTROL, small, write_model

from krapte_sd.equations import read_model
from krapte_sd.equations.text import split
from krapte_sd.equations.vensim import replace_ranges
from krapte_sd.errors import FileError, KrapteError, ModelError

COHORT = Path(__file__).parent.parent / "kernel" / "models" / "cohort.mdl"


def test_what_is_kept() -> None:
    model = read_model(COHORT)
    assert model.dimensions["Region"] == ("North", "South")
    assert model.dimensions["Cohort"][:2] == ("b1990", "b1991")
    assert len(model.dimensions["Cohort"]) == 15
    assert model.stocks == ("population", "employed", "vacancies", "wage", "clock")
    assert model.inputs[:3] == ("birth_year", "initial_population", "mortality_rate")
    deaths = model.variables["deaths"]
    assert (deaths.label, deaths.kind, deaths.unit, deaths.group) == (
        "deaths",
        "auxiliary",
        "person/Year",
        "population",
    )
    assert deaths.dimensions == ("Region", "Sex", "Cohort")
    births = model.variables["births_to_cohort"]
    assert births.label == "births to cohort"
    assert births.span.file == "cohort.mdl"
    assert COHORT.read_text().splitlines()[births.span.line - 1].startswith("births to cohort[")
    assert model.variables["mortality_rate"].interpolation == "linear"
    assert model.variables["immigrants"].interpolation == "hold"
    assert model.variables["immigrants"].doc == "input: count of the calendar year"
    assert model.variables["share_of_births"].kind == "constant"
    assert np.array_equal(model.variables["share_of_births"].value, [0.49, 0.51])  # type: ignore[arg-type]
    assert model.variables["population"].limits == (0, np.inf)
    assert model.variables["population"].unit == "person"
    assert model.variables["births"].limits == (None, None)
    assert list(model.groups) == ["population", "work", "Control"]
    assert model.groups["work"] == "Jobs"
    assert (model.control.start, model.control.stop, model.control.step, model.control.unit) == (
        2000,
        2004,
        0.25,
        "Year",
    )
    assert model.shape("employed") == (2, 3, 2, 15)
    assert "deaths" in model.needed(["births"])
    assert "wage" not in model.needed(["births"])
    assert read_model(COHORT).sha256 == model.sha256


def test_entries_are_cut_as_pysd_cuts_them() -> None:
    from pysd.translators.vensim.vensim_file import VensimFile

    theirs = VensimFile(COHORT, encoding="UTF-8")
    theirs.parse(parse_all=False)
    theirs.sections[0].parse(parse_all=False)
    entries, _, problems = split(COHORT.read_text(encoding="utf-8"), COHORT.name)
    assert not problems
    assert [each.equation for each in entries] == [each.equation for each in theirs.sections[0].elements]
    assert [each.doc for each in entries] == [each.documentation for each in theirs.sections[0].elements]


def test_replaced_dimensions() -> None:
    cohorts = [f"c{year}" for year in range(2000, 2003)]
    model = read_model(COHORT, {"Cohort": cohorts})
    assert model.dimensions["Cohort"] == tuple(cohorts)
    assert model.shape("population") == (2, 2, 3)
    assert model.sha256 != read_model(COHORT).sha256
    with pytest.raises(ModelError, match="the model has no range 'Cohorts'; did you mean 'Cohort'") as caught:
        read_model(
            COHORT, {"Cohorts": cohorts, "Sector": [], "Region": ["North", "North"], "Sex": ["male", "female", "x"]}
        )
    assert "labels of 'Sector' must be different non-empty texts" in str(caught.value)
    assert "labels of 'Region'" in str(caught.value)
    assert "the list of 'share of births' has shape (2,), its subscripts have (3,)" in str(caught.value)


def test_replaced_text() -> None:
    text = COHORT.read_text(encoding="utf-8")
    replaced = replace_ranges(text, {"Cohort": ["k1", "k 2"]})
    assert "Cohort: k1, k 2 ~~ year of birth |" in replaced
    assert len(replaced.splitlines()) == len(text.splitlines())
    with pytest.raises(ModelError, match="the label 'a~b' cannot be written in a Vensim file"):
        replace_ranges(text, {"Cohort": ["a~b"]})
    with pytest.raises(ModelError, match="dimension 'Kohort' is not defined in the file"):
        replace_ranges(text, {"Kohort": ["k1"]})


def test_models_travel_between_processes() -> None:
    model = read_model(COHORT)
    again = pickle.loads(pickle.dumps(model))
    assert again.variables["births"].equations == model.variables["births"].equations
    assert again.sha256 == model.sha256


RANGES = "A: a1, a2 ~~ |\nB: b1, b2, b3 ~~ |\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x= 2*yy ~~ |\nyyy= 3 ~~ |", 4, "in 'x': 'yy' is not defined; did you mean 'yyy'?"),
        ("x= y ~~ |\ny= z ~~ |\nz= 2*x ~~ |", 4, "depend on each other in a circle: x -> y -> z -> x"),
        ("x= 1+x ~~ |", 4, "in a circle: x -> x"),
        ("x= INTEG(1, y) ~~ |\ny= 2*x ~~ |", 4, "in a circle for the initial values: x -> y -> x"),
        ("x= INITIAL(y) ~~ |\ny= 2*x ~~ |", 4, "in a circle for the initial values: x -> y -> x"),
        ("x[A]= 1 ~~ |\ny[B]= x[A] ~~ |", 5, "'A' in 'x' is neither on the left-hand side nor marked with '!'"),
        ("x[A]= 1 ~~ |\ny= x[A] ~~ |", 5, "'A' in 'x' is neither on the left-hand side"),
        ("x[A]= 1 ~~ |\ny[A,B]= x[A,B] ~~ |", 5, "'x' has [A], found [A,B]"),
        ("x[A]= 1 ~~ |\ny[A]= x ~~ |", 5, "'x' has [A], found none"),
        ("x= 1 ~~ |\ny[A]= x[A] ~~ |", 5, "'x' has no subscripts, found [A]"),
        ("x[A,B]= 1 ~~ |\ny[A,B]= x[B,A] ~~ |", 5, "'x' has the range 'A' where 'B' stands"),
        ("x[A]= 1 ~~ |\ny= x[a3] ~~ |", 5, "'a3' is not an element of 'A' (in 'x')"),
        ("x[A]= 1 ~~ |\ny= x[A!] ~~ |", 5, "'A!' in 'x' stands outside SUM, PROD, VMIN and VMAX"),
        ("x[A]= 1 ~~ |\ny[A]= SUM(x[A]) ~~ |", 5, "SUM without a subscript marked with '!'"),
        ("x[A]= 1 ~~ |\ny= SUM(INITIAL(x[A!])) ~~ |", 5, "stands outside SUM"),
        ("x[C]= 1 ~~ |", 4, "'C' in 'x[...]' is neither a range nor an element"),
        ("x[A,A]= 1 ~~ |", 4, "'x' uses one range twice"),
        ("x= 1 ~~ |\nX= 2 ~~ |", 5, "'X' is already defined in line 4"),
        ("my var= 1 ~~ |\nmy_var= 2 ~~ |", 5, "'my_var' is already defined in line 4"),
        ("x[A]= 1 ~~ |\nx[a1]= 2 ~~ |", 5, "'x[a1]' is already defined in line 4"),
        ("x[a1]= 1 ~~ |\ny[A]= x[A] ~~ |", 5, "'x' has no equation for 'a2' of 'A'"),
        ("x[a1]= 1 ~~ |\ny= x[a2] ~~ |", 5, "'a2' is not an element of 'A (part 1)' (in 'x')"),
        ("x[a1,b1]= 1 ~~ |\nx[a2,b2]= 1 ~~ |", 4, "'x' has no equation for [a1,b2]"),
        ("x[a1]= 1 ~~ |\nx[b1]= 1 ~~ |", 4, "no range holds all of a1, b1, for which 'x' is defined; define one"),
        ("x[A]= 1 ~~ |\nx[a1,b1]= 1 ~~ |", 5, "'x' has 2 subscript(s) here, and 1 in line 4"),
        ("x!y= 1 ~~ |\nxy= 1 ~~ |", 4, "cannot be read"),
        ('"x!y"= 1 ~~ |\nxy= 1 ~~ |', 5, "both become 'xy'; rename one"),
        ("x= MAX(1) ~~ |", 4, "MAX takes 2 argument(s), found 1"),
        ("x= MIN(1, 2, 3) ~~ |", 4, "MIN takes 2 argument(s), found 3"),
        ("x= SQR(2) ~~ |", 4, "the function SQR is not supported; did you mean 'SQRT'?"),
        ("x= RANDOM NORMAL(0,1,0,1,7) ~~ |", 4, "the function RANDOM NORMAL is not supported"),
        ("x= SMOOTH(2) ~~ |", 4, "cannot be read: SMOOTH has too few or too many arguments"),
        ("x= SMOOTH N(2, 3, 1, Time) ~~ |", 4, "the order of SMOOTH N must be a whole number between 1 and 100, "),
        ("x= DELAY N(2, 3, 1, 2.5) ~~ |", 4, "must be a whole number between 1 and 100, found 2.5"),
        ("x= DELAY N(2, Time, 1, 2) ~~ |", 4, "the delay time of DELAY N varies"),
        ("x[A]= 1 ~~ |\ny= SUM(SMOOTH(x[A!], 3)) ~~ |", 5, "SMOOTH of a subscript marked with '!'"),
        ("x= GAME(1) ~~ |", 4, "GAME is not supported"),
        ("x= VECTOR SELECT(1, 2, 3, 4, 5) ~~ |", 4, "the function VECTOR SELECT is not supported"),
        ("x= DELAY FIXED(2, 3, 1) ~~ |", 4, "DELAY FIXED is not supported"),
        ("x= WITH LOOKUP(Time, ((0,0),(0,1))) ~~ |", 4, "the lookup has two points at 0"),
        ("x= 1+GET DIRECT CONSTANTS('f.csv', ',', 'B2') ~~ |", 4, "GET CONSTANTS must stand alone"),
        ("x= GET DIRECT CONSTANTS('f.csv', ',', 'B2') ~~ |", 4, "the table 'f.csv' cannot be read: No such file"),
        ("x:RAW::= GET DIRECT DATA('f.csv', ',', 'A', 'B2') ~~ |", 4, "':RAW:' has no value between its times"),
        ("f((0,0),(1,1)) ~~ |\nx= f ~~ |", 5, "the lookup 'f' is used without an argument"),
        ("f((0,0),(1,1)) ~~ |\nx= f(1, 2) ~~ |", 5, "the lookup 'f' takes 1 argument, found 2"),
        ("f= 3 ~~ |\nx= f(1) ~~ |", 5, "'f' is called like a lookup, but it is no lookup"),
        ("f([(0,0)-(a,1)],(0,0),(1,1)) ~~ |", 4, "of a lookup must be '[(x,y)-(x,y)]' with numbers"),
        ("x= 2^3^2 ~~ |", 4, "'a^b^c' is read differently by different programs; write brackets"),
        ("x= A ~~ |", 4, "the range 'A' is not on the left-hand side"),
        ("x= ELMCOUNT(y) ~~ |", 4, "ELMCOUNT takes the name of a range"),
        ("x= 1+INTEG(1, 0) ~~ |", 4, "INTEG must stand alone"),
        ("x= INTEG(1) ~~ |", 4, "the equation 'x= INTEG(1)' cannot be read: INTEG needs a flow and an initial value"),
        ("x= 1+:NA: ~~ |", 4, "':NA:' must stand alone"),
        ("x= 3 > 2 ~~ |", 4, "a comparison stands where a number is needed"),
        ("x= IF THEN ELSE(3, 1, 2) ~~ |", 4, "3 stands where a condition is needed"),
        ("x= IF THEN ELSE(1=1 :AND: 1=1 :OR: 1=1, 1, 2) ~~ |", 4, ":AND: and :OR: side by side; write brackets"),
        ("x[A]= 1, 2, 3 ~~ |", 4, "the list of 'x' has shape (3,), its subscripts have (2,)"),
        ("x[a1]= :NA: ~~ |\nx[a2]= :NA: ~~ |", 4, "the input 'x' must be declared over whole ranges"),
        ("x[a1]= :NA: ~~ |\nx[a2]= 3 ~~ |", 4, "the parts of 'x' are of different kinds: [constant, input]"),
        ("x[A]:RAW: ~~ |", 4, "use ':INTERPOLATE:' or ':HOLD BACKWARD:'"),
        ("x[A]:EXCEPT:[a3]= 3 ~~ |", 4, "'a3' in 'x[...]' is neither a range nor an element"),
        ("x[A]:EXCEPT:[A]= 3 ~~ |", 4, "':EXCEPT:' leaves nothing of 'x'"),
        ("x[A]:EXCEPT:[a1]= 1, 2 ~~ |", 4, "a list of numbers and :EXCEPT: together are not supported"),
        ("x ~~ |", 4, "'x' is neither an equation nor a range; a data variable is written"),
        ("x= ~~ |", 4, "'x' has no right-hand side"),
        ("x= (1+2 ~~ |", 4, "the equation of 'x' cannot be read"),
        ("x= 1 + * 2 ~~ |", 4, "the equation of 'x' cannot be read before '+ * 2'"),
        ("x= 1 ~ |", 4, "the entry 'x= 1' has 1 '~'"),
        ("x= 1 ~~ \ny= 2 ~~ |", 4, "unit ~ comment |'; is the '|' missing before 'y'?"),
        ("x= 1 ~ kg [0,b] ~ |", 4, "limits must be '[low,high]'"),
        ("Time= 3 ~~ |", 4, "Time is given by the run"),
        ("x[B]= 1 ~~ |\nC: b1, b2 ~~ |\ny[B]= x[C] ~~ |", 6, "'C' in 'x' is neither on the left-hand side nor marked"),
        ("C: c1, c1 ~~ |", 4, "the range 'C' holds c1 twice"),
        ("A: c1, c2 ~~ |", 4, "the range 'A' is already defined in line 2"),
        ("C: D, c2 ~~ |\nD: C, d2 ~~ |", 4, "the range 'C' is made of itself: C -> D -> C"),
        ("C: c1, c2 -> B ~~ |", 4, "'C' has 2 elements and is mapped to 3 of 'B'; a mapping goes by position"),
        ("C: c1, c2 -> D ~~ |", 4, "'C' is mapped to 'D', which is not a range"),
        ("C: c1, c2 -> (A: a1, a3) ~~ |", 4, "'a3' is not an element of 'A'"),
        ("C <-> D ~~ |", 4, "'D' is not a range"),
        (":MACRO: f(x)\ng= x ~~ |\n:END OF MACRO:\n", 4, "the macro 'f' has no equation for 'f'"),
        (":MACRO: f(x: y)\nf= x ~~ |\n:END OF MACRO:\n", 4, "must be 'name(argument, argument)'"),
        (":MACRO: f(x)\nf= x ~~ |\n:END OF MACRO:\ny= f(1, 2) ~~ |", 7, "the macro f takes 1 argument(s), found 2"),
        (":MACRO: f(x)\nf= 2*f(x) ~~ |\n:END OF MACRO:\ny= f(1) ~~ |", 5, "the macro f calls itself"),
        (":MACRO: f(x)\nf= x*y ~~ |\n:END OF MACRO:\ny= f(1) ~~ |", 5, "'y' is neither an argument nor a variable"),
        (":MACRO: f(x)\nf= (x ~~ |\n:END OF MACRO:\ny= f(1) ~~ |", 5, "the equation of 'f' cannot be read"),
        (":MACRO: f(x)\nf[A]= x ~~ |\n:END OF MACRO:\ny= f(1) ~~ |", 5, "only equations without subscripts"),
        ("x:THE CONDITION: y ~~ |", 4, "reality checks are not supported"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        small(tmp_path, RANGES + text + "\n")
    assert f"small.mdl:{line}: " in str(caught.value)
    assert message in str(caught.value)


def test_all_mistakes_of_a_file_in_the_order_of_its_lines(tmp_path: Path) -> None:
    text = """
    x= nosuch*2 ~~ |
    broken= (1 ~~ |
    uses broken= 2*broken+SQR(2) ~~ |
    x= 3 ~~ |
    """
    with pytest.raises(ModelError) as caught:
        small(tmp_path, text)
    assert [each.split(":")[1] for each in caught.value.problems] == ["3", "4", "5", "6"]
    assert "4 problems" in str(caught.value)
    assert "broken' is not defined" not in str(caught.value)


def test_control_variables(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="'TIME STEP' is not defined") as caught:
        read_model(
            write_model(
                tmp_path, "x= 1 ~~ |", CONTROL.replace("TIME STEP= 0.25", "OTHER= 0.25").replace("2004", "SIN(1)")
            )
        )
    assert "'FINAL TIME' must be a number" in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read: No such file"):
        read_model(tmp_path / "none.mdl")
    with pytest.raises(FileError, match=r"must end in .mdl"):
        read_model(tmp_path / "model.xmile")
    (tmp_path / "latin.mdl").write_bytes(b"{UTF-8}\nx= 1 ~ ~ caf\xe9 |\n")
    with pytest.raises(FileError, match=r"latin.mdl:2: byte 0xe9 is not UTF-8"):
        read_model(tmp_path / "latin.mdl")
    (tmp_path / "zero.mdl").write_bytes(b"{UTF-8}\n\nx= \0 1 ~ ~ |\n")
    with pytest.raises(FileError, match=r"zero.mdl:3: the file holds a zero byte"):
        read_model(tmp_path / "zero.mdl")
    (tmp_path / "empty.mdl").write_text("")
    with pytest.raises(ModelError, match="'INITIAL TIME' is not defined"):
        read_model(tmp_path / "empty.mdl")


@pytest.mark.parametrize(
    "text",
    [
        "f([__import__('pathlib').Path('{path}').touch()], (0,0),(1,1)) ~~ |",
        "x= WITH LOOKUP(Time, ([__import__('pathlib').Path('{path}').touch()], (0,0),(1,1))) ~~ |",
        "x= with  lookup(Time, ([__import__('pathlib').Path('{path}').touch()], (0,0),(1,1))) ~~ |",
        "x= f(__import__('pathlib').Path('{path}').touch()) ~~ |",
        "x= f('a', __import__('pathlib').Path('{path}').touch()) ~~ |",
        "x= 1 ~ kg [__import__('pathlib').Path('{path}').touch(),1] ~ |",
    ],
)
def test_text_is_never_run(tmp_path: Path, text: str) -> None:
    target = tmp_path / "touched"
    with pytest.raises(ModelError):
        small(tmp_path, text.replace("{path}", str(target)))
    assert not target.exists()


@pytest.mark.parametrize(
    "text",
    [
        "x= " + "(" * 2000 + "1" + ")" * 2000,
        "x= " + "+".join(["Time"] * 3000),
        "x= " + "-" * 3000 + "1",
        "x= " + "ABS(" * 300 + "1",
    ],
)
def test_endless_nesting(tmp_path: Path, text: str) -> None:
    with pytest.raises(ModelError, match=r"nested|cannot be read"):
        small(tmp_path, text + " ~~ |")


def test_damaged_files_never_raise_anything_else(tmp_path: Path) -> None:
    text = COHORT.read_text(encoding="utf-8")
    random = np.random.default_rng(5)
    raised = 0
    for number in range(40):
        first = int(random.integers(len(text)))
        if number % 2:
            damaged = text[:first] + text[first + int(random.integers(1, 40)) :]
        else:
            damaged = text[:first] + str(random.choice(list("~|[]()=!:,*^\"'\\{}é"))) + text[first:]
        path = tmp_path / "damaged.mdl"
        path.write_text(damaged, encoding="utf-8")
        try:
            read_model(path)
        except KrapteError:
            raised += 1
    assert raised > 10
