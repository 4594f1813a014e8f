"""Units of parameters are compared, never converted."""

from __future__ import annotations

import pytest

from krapte_sd.errors import UnitError
from krapte_sd.parameters.units import is_count, is_stock, normalise, same_unit


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("person/Year", "person/year"),
        ("Dmnl", "dmnl"),
        ("1", "dmnl"),
        ("year/year", "dmnl"),
        ("1/Year", "year^-1"),
        ("persons", "person"),
        ("person*Year/unit", "year*person/unit"),
        ("hour/(person*Year)", "hour/person/year"),
        ("kEUR / (person * year)", "1/year*kEUR/person"),
        ("(person)", "person"),
    ],
)
def test_same(one, other):
    assert same_unit(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("person", "person/year"),
        ("kEUR", "EUR"),
        ("hour/week", "hour/year"),
        ("person/year", "year/person"),
        ("dmnl", "1/year"),
    ],
)
def test_different(one, other):
    assert not same_unit(one, other)


@pytest.mark.parametrize(
    "unit",
    [
        *("", " ", "persn", "person/", "/year", "person year", "1000 person", "person//year", "(person", "person)"),
        *("person^", "()", "(" * 10_000, "person*" * 10_000, "10/year", "person-year", "%", "person^10", "²"),
    ],
)
def test_refused(unit):
    with pytest.raises(UnitError, match="allowed: "):
        normalise(unit)


def test_nearest_unit():
    with pytest.raises(UnitError, match=r"unknown unit 'vacansy'.*did you mean 'vacancy'\?"):
        normalise("vacansy/year")


def test_counts_and_stocks():
    assert [
        unit for unit in ("person", "vacancy", "person/year", "1/year", "hour/person", "dmnl") if is_count(unit)
    ] == [
        "person",
        "vacancy",
        "person/year",
    ]
    assert is_stock("persons")
    assert not is_stock("person/year")
