"""The page on the back-test: its text says what its own tables hold. They take minutes to compute: see the page."""

from __future__ import annotations

import re

import pytest

METHODS = ("krapte_sd", "random_walk", "linear_trend", "arima", "ets")
LABELS = {
    "Employed by group of sections": "employed_by_group",
    "Employed": "employed",
    "Labour force": "labour_force",
    "Unemployed": "unemployed",
    "Vacancies by section": "vacancies_by_section",
}


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "validation.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def errors(page):
    found = {}
    for line in re.search(r"<!-- table: errors -->(.*?)<!-- end -->", page, re.DOTALL)[1].splitlines():
        cells = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
        if cells[0] in LABELS:
            values = dict(zip(METHODS, map(float, cells[2:]), strict=True))
            found[LABELS[cells[0]], int(cells[1])] = values
    assert len(found) == 6 * len(LABELS)
    return found


def test_figures_in_the_text_are_those_of_the_table(page, errors):
    told = re.findall(
        r"<!-- value: ([a-z_]+?)_(\d+)_(krapte_sd|random_walk|linear_trend|arima|ets) -->(.*?)<!-- end -->", page
    )
    assert len(told) > 10
    for target, horizon, method, value in told:
        assert float(value) == errors[target, int(horizon)][method], (target, horizon, method)


@pytest.mark.parametrize("horizon", [5, 10])
def test_groups_are_better_than_walk_arima_and_smoothing(errors, horizon):
    own = errors["employed_by_group", horizon]
    assert own["krapte_sd"] < min(own["random_walk"], own["arima"], own["ets"])


@pytest.mark.parametrize("horizon", [3, 5, 7, 10])
def test_vacancies_are_better_than_all(errors, horizon):
    own = errors["vacancies_by_section", horizon]
    assert own["krapte_sd"] == min(own.values())


@pytest.mark.parametrize("horizon", [3, 5, 7, 10])
def test_unemployment_is_worse_than_arima_and_better_than_walk_and_smoothing(errors, horizon):
    own = errors["unemployed", horizon]
    assert own["arima"] < own["krapte_sd"] < min(own["random_walk"], own["ets"])


def test_the_first_year_is_no_better_than_the_random_walk(errors):
    own = errors["employed_by_group", 1]
    assert own["krapte_sd"] > own["random_walk"]
