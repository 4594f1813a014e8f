"""The page on calibration: its text says what its own tables hold. They take minutes to compute: see the page."""

from __future__ import annotations

import re

import pytest

from krapte_sd.calibration import IDENTIFIED, PARAMETERS


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "calibration.md").read_text(encoding="utf-8")


def rows(page, name):
    """Cells of a table, without its head."""
    found = re.search(rf"<!-- table: {name} -->(.*?)<!-- end -->", page, re.DOTALL)[1].strip().splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found]


def value(page, name):
    return re.search(rf"<!-- value: {name} -->(.*?)<!-- end -->", page)[1]


def test_what_the_figures_tell_is_that_of_the_table(page):
    told = {row[0].strip("`"): [float(cell) / 100 for cell in row[3::3]] for row in rows(page, "estimates")}
    assert tuple(told) == PARAMETERS
    for name, chosen in (("always", min), ("never", lambda each: 1 - max(each))):
        for parameter in re.findall("`(.*?)`", value(page, name)):
            assert chosen(told[parameter]) >= IDENTIFIED, (name, parameter)
    assert value(page, "reference") == ", ".join(f"{100 * each:.0f}" for each in told["reference_tightness"])


def test_the_reference_tightness_is_not_settled(page):
    """The page says in bold that five years of history do not settle it."""
    errors = [float(row[k]) for row in rows(page, "estimates") if row[0] == "`reference_tightness`" for k in (2, 5, 8)]
    assert max(errors) > 0.7


def test_estimates_at_an_end_are_counted(page):
    for k, origin in enumerate((2010, 2013, 2015)):
        ends = sum(row[1 + 3 * k].endswith("*") for row in rows(page, "estimates"))
        assert int(value(page, f"ends_{origin}")) == ends


def test_fitting_helps_about_as_often_as_not(page):
    """The reason why the forecast does not use the estimates."""
    lines = rows(page, "after")
    better = sum(row[4].startswith("**") for row in lines)
    assert (int(value(page, "better")), int(value(page, "lines"))) == (better, len(lines))
    assert 0.25 <= better / len(lines) <= 0.75
