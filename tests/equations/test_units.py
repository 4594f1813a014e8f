"""Units of equations."""

from pathlib import Path

import pytest
from small_models import small

from krapte_sd.equations import check_units, read_model
from krapte_sd.equations.units import parse_unit
from krapte_sd.errors import UnitError

COHORT = Path(__file__).parent.parent / "kernel" / "models" / "cohort.mdl"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("person", "Persons"),
        ("1/year", "1/Years"),
        ("person/(Year*home)", "person/Year/home"),
        ("m^2", "m*m"),
        ("m^-2", "1/(m*m)"),
        ("Dmnl", "1"),
        ("fraction", "person/person"),
        ("hour/(person*Year)", "hours/persons/year"),
        ("full time equivalent", "full  time equivalents"),
        ("(kg)", "kg"),
    ],
)
def test_equal_units(text: str, same: str) -> None:
    assert parse_unit(text) == parse_unit(same)


def test_how_units_are_written() -> None:
    assert str(parse_unit("hours/(years*persons)")) == "hour/(person*year)"
    assert str(parse_unit("1/Year")) == "1/year"
    assert str(parse_unit("m^2*kg")) == "kg*m^2"
    assert str(parse_unit("1")) == "Dmnl"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("person/", "ends too early"),
        ("(person", r"a '\)' is missing"),
        ("person)", r"cannot be read at '\)'"),
        ("2*person", "holds the number 2"),
        ("person^x", "a number must follow"),
        ("person?", r"cannot be read at '\?'"),
        ("*", r"cannot be read at '\*'"),
        ("", "empty"),
    ],
)
def test_units_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(UnitError, match=message):
        parse_unit(text)


def test_a_right_model_passes() -> None:
    check_units(read_model(COHORT))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x= 1 ~ ~ |", "'x' has no unit; write Dmnl if it has none"),
        ("x= 1 ~ 3*kg ~ |", "'x': the unit '3*kg' holds the number 3"),
        ("x= INTEG(y, 0) ~ kg ~ | y= 1 ~ kg ~ |", "in 'x': the net flow is in kg, it should be in kg/year"),
        ("x= INTEG(0, y) ~ kg ~ | y= 1 ~ m ~ |", "in 'x': the right-hand side is in m, it should be in kg"),
        ("x= y*y ~ kg ~ | y= 1 ~ kg ~ |", "the right-hand side is in kg^2, it should be in kg"),
        ("x= y+z ~ kg ~ | y= 1 ~ kg ~ | z= 1 ~ m ~ |", "the terms of '+' are in kg and m"),
        ("x= y-1 ~ kg ~ | y= 1 ~ kg ~ |", "the terms of '-' are in kg and Dmnl"),
        ("x= MAX(y, 2) ~ kg ~ | y= 1 ~ kg ~ |", "the two sides of 'MAX' are in kg and Dmnl"),
        ("x= EXP(y) ~ Dmnl ~ | y= 1 ~ kg ~ |", "the argument of EXP is in kg, it must be Dmnl"),
        ("x= LN(2*y) ~ Dmnl ~ | y= 1 ~ kg ~ |", "the argument of LN is in kg"),
        ("x= y^z ~ kg ~ | y= 1 ~ kg ~ | z= 1 ~ Dmnl ~ |", "with an exponent that is no number it must be Dmnl"),
        ("x= 2^y ~ Dmnl ~ | y= 1 ~ kg ~ |", "the exponent is in kg"),
        ("x= IF THEN ELSE(y>3, 1, 2) ~ Dmnl ~ | y= 1 ~ kg ~ |", "the two sides of '>' are in kg and Dmnl"),
        ("x= IF THEN ELSE(y>0, y, 2) ~ kg ~ | y= 1 ~ kg ~ |", "the branches of IF THEN ELSE are in kg and Dmnl"),
        ("x= XIDZ(y, y, y) ~ Dmnl ~ | y= 1 ~ kg ~ |", "XIDZ are in Dmnl and kg"),
        ("x= Time ~ kg ~ |", "the right-hand side is in year, it should be in kg"),
        ("x= Time-2024 ~ Year ~ |", "the terms of '-' are in year and Dmnl"),
        ("x= SMOOTH(y, 3) ~ kg ~ | y= 1 ~ kg ~ |", "in 'x: smooth 1': the net flow is in kg, it should be"),
        ("x= DELAY1(y, z) ~ kg ~ | y= 1 ~ kg/Year ~ | z= 1 ~ Year ~ |", "the right-hand side is in kg/year, it should"),
        ("x= f(Time) ~ kg ~ | f((0,0),(1,1)) ~ m ~ |", "the right-hand side is in m, it should be in kg"),
        ("x= SIN(y) ~ Dmnl ~ | y= 1 ~ kg ~ |", "the argument of SIN is in kg, it must be Dmnl"),
        ("x= STEP(y, y) ~ kg ~ | y= 1 ~ kg ~ |", "a time of STEP is in kg, it must be in year"),
        ("x= ACTIVE INITIAL(y, z) ~ kg ~ | y= 1 ~ kg ~ | z= 1 ~ m ~ |", "the values of ACTIVE INITIAL are in kg and m"),
        ("x= y/TIME STEP ~ kg ~ | y= 1 ~ kg ~ |", "the right-hand side is in kg/year, it should be in kg"),
    ],
)
def test_problems(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        check_units(small(tmp_path, text))
    assert message in str(caught.value)


def test_what_is_right(tmp_path: Path) -> None:
    text = """
    A: a1, a2 ~~ |
    x[A]= INTEG(y[A]/z, 3) ~ kg ~ |
    y[A]= MAX(x[A], 0)+0-SUM(x[A!]) ~ kg ~ |
    z= SQRT(w*w) ~ Year ~ | w= 3 ~ Years ~ |
    share= 1-ZIDZ(x[a1], SUM(x[A!])) ~ Dmnl ~ |
    ratio[A]= XIDZ(x[A], y[A], 1)^1.5 ~ 1 ~ |
    area= x[a1]^2 ~ kg*kg ~ |
    late[A]= SMOOTH3I(x[A], z, x[A])+z*DELAY N(y[A]/z, z, y[A]/z, 2) ~ kg ~ |
    growth= TREND(x[a1], z, 0) ~ 1/Year ~ |
    pushed= STEP(x[a1], 3*z)+RAMP(x[a1]/z, z, 2*z)+x[a1]*PULSE(z, z) ~ kg ~ |
    table((0,0),(1,1)) ~ kg ~ |
    looked up= table(Time)+WITH LOOKUP(Time, ((0,0),(1,1)))+MODULO(x[a1], x[a2]) ~ kg ~ |
    waves= SIN(share)^2+LOG(share, 10) ~ Dmnl ~ |
    older= IF THEN ELSE(Time>INITIAL TIME+2*z, INTEGER(Time), 0) ~ Year ~ |
    """
    check_units(small(tmp_path, text))


def test_all_problems_together(tmp_path: Path) -> None:
    with pytest.raises(UnitError) as caught:
        check_units(small(tmp_path, "x= y ~ kg ~ |\ny= z ~ m ~ |\nz= 1 ~ ~ |"))
    assert len(caught.value.problems) == 2
    assert "small.mdl:2: in 'x'" in str(caught.value)
