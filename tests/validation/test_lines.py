"""One line of the validation: what is compared, and when it fails."""

import math

import pytest

from krapte_sd.validation.lines import COLUMNS, absolute, relative, scaled, table_of


@pytest.mark.parametrize(("model", "ok"), [(102.0, True), (98.0, True), (102.1, False), (97.9, False)])
def test_relative_is_in_percent_of_the_reference(model, ok):
    line = relative("g", "l", model, 100.0, 2.0 + 1e-9, "person")
    assert line.deviation == pytest.approx(model - 100)
    assert (line.ok, line.allowed, line.unit) == (ok, "2 %", "person")


@pytest.mark.parametrize(("model", "ok"), [(-1.0, True), (3.0, True), (3.5, False), (-1.5, False)])
def test_absolute_is_in_the_unit(model, ok):
    line = absolute("g", "l", model, 1.0, 2.0, "% a year")
    assert (line.deviation, line.ok, line.allowed) == (model - 1, ok, "2 % a year")
    assert absolute("g", "l", 1.0, 1.0, 2.5, "%", "points").allowed == "2.5 points"


def test_scaled_is_in_percent_of_another_figure():
    line = scaled("g", "l", 3.0, 0.0, (200.0, "staff"), 2.0, "person")
    assert (line.deviation, line.ok, line.allowed) == (1.5, True, "2 % of staff")
    assert not scaled("g", "l", 5.0, 0.0, (200.0, "staff"), 2.0, "person").ok


@pytest.mark.parametrize(
    "line",
    [
        relative("g", "l", 1.0, 0.0, 2.0, "person"),
        relative("g", "l", math.nan, 1.0, 2.0, "person"),
        absolute("g", "l", math.nan, 1.0, 2.0, "person"),
        scaled("g", "l", 1.0, 1.0, (0.0, "staff"), 2.0, "person"),
    ],
)
def test_what_cannot_be_compared_is_not_ok(line):
    assert math.isnan(line.deviation)
    assert line.ok is False


def test_the_table_has_the_columns_and_a_true_bool():
    table = table_of([relative("g", "one", 1.0, 1.0, 2.0, "person"), absolute("h", "two", 9.0, 1.0, 2.0, "person")])
    assert tuple(table.columns) == COLUMNS
    assert table["ok"].dtype == bool
    assert table["ok"].tolist() == [True, False]
    assert table["line"].tolist() == ["one", "two"]
