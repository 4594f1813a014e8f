"""Units of the model in the words of UDUNITS."""

import cf_units
import pytest

from krapte_sd.errors import UnitError
from krapte_sd.files.units import to_udunits


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("person", "count"),
        ("dmnl", "1"),
        ("Dmnl", "1"),
        ("1/year", "year-1"),
        ("person/year", "year-1"),
        ("vacancy/person", "1"),
        ("person*person", "1"),
        ("1/person", "1"),
        ("hour/year", "hour year-1"),
        ("hour/(person*year)", "hour year-1"),
        ("hour/person/year", "hour year-1"),
        ("kEUR/(fte*year)", "year-1"),
        ("year*year", "year2"),
        ("year/year", "1"),
        ("home / year", "year-1"),
        ("person*Year/unit", "year"),
        ("people/Years", "year-1"),
        ("vacancies", "count"),
        ("hours/week", "hour week-1"),
        ("year^-1", "year-1"),
        ("person/year^2", "year-2"),
        ("1/(year/(hour*person))", "year-1 hour"),
    ],
)
def test_translation(unit, expected):
    assert to_udunits(unit) == expected
    cf_units.Unit(expected)  # UDUNITS itself reads it


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ("vacency", "'vacency' is not a known unit; did you mean 'vacancy'"),
        ("person per year", "unit 'person per year' cannot be read: 'per' before character"),
        ("", "cannot be read: the end was not expected"),
        ("person/", "cannot be read: the end was not expected"),
        ("(person", "cannot be read: the end was not expected"),
        ("person)", "'\\)' before character 8"),
        ("(person)^2", "'\\^2' before character 11"),
        ("person^2^2", "'\\^2' before character 11"),
        ("person^0", "'\\^' at character 7"),
        ("*person", "'\\*' before character 2"),
        ("person²", "'²' at character 7"),
    ],
)
def test_what_is_not_a_unit(unit, message):
    with pytest.raises(UnitError, match=message):
        to_udunits(unit)
