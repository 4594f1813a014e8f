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


CELLS = {
    "Jobs, areas by group": "jobs_by_area_and_group",
    "Workers, provinces by group": "employed_by_province_and_group",
}
CELL_METHODS = ("krapte_sd", "random_walk", "linear_trend", "shares_random_walk", "shares_only")


@pytest.fixture(scope="module")
def cells(page):
    found = {}
    for line in re.search(r"<!-- table: by_region -->(.*?)<!-- end -->", page, re.DOTALL)[1].splitlines():
        texts = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
        if texts[0] in CELLS:
            found[CELLS[texts[0]], int(texts[1])] = dict(zip(CELL_METHODS, map(float, texts[2:7]), strict=True))
    assert {horizon for target, horizon in found if target == "jobs_by_area_and_group"} >= {1, 3, 5, 10}
    assert {horizon for target, horizon in found if target == "employed_by_province_and_group"} >= {1, 3, 5}
    return found


def test_figures_by_region_in_the_text_are_those_of_the_table(page, cells):
    told = re.findall(
        r"<!-- value: (jobs_by_area_and_group|employed_by_province_and_group)_(\d+)_([a-z_]+) -->(.*?)<!-- end -->",
        page,
    )
    assert len(told) >= 6
    for target, horizon, method, value in told:
        assert float(value) == cells[target, int(horizon)][method], (target, horizon, method)


def test_cells_are_better_than_the_random_walk_and_the_trend(cells):
    for own in cells.values():
        assert own["krapte_sd"] < min(own["random_walk"], own["linear_trend"])


def test_the_shares_alone_are_half_of_the_error_of_areas_at_ten_years(cells):
    own = cells["jobs_by_area_and_group", 10]
    assert 0.4 < own["shares_only"] / own["krapte_sd"] < 0.75


def test_published_forecasts_are_scored(page):
    found = re.search(r"<!-- table: others -->(.*?)<!-- end -->", page, re.DOTALL)[1]
    for publisher in ("Cedefop", "Bakker committee", "CPB", "EIB"):
        assert f"| {publisher}, " in found


def test_no_zero_has_a_sign(page):
    assert not re.search(r"[-−]0(\.0+)?(?![\d.])", re.sub(r"\d-0|[\w`]-0", "", page))


def test_figures_in_the_text_are_those_of_the_table(page, errors):
    told = re.findall(
        r"<!-- value: ([a-z_]+?)_(\d+)_(krapte_sd|random_walk|linear_trend|arima|ets) -->(.*?)<!-- end -->", page
    )
    told = [each for each in told if each[0] in LABELS.values()]
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


def test_residents_and_people_over_60_make_up_the_error_of_the_labour_force(page):
    rows = re.search(r"<!-- table: miss -->(.*?)<!-- end -->", page, re.DOTALL)[1].strip().splitlines()[2:]
    assert len(rows) == 3
    for row in rows:
        _, whole, residents, _, women, _, old = (float(c.replace("−", "-")) for c in row.strip("| ").split("|"))
        assert whole < 0
        assert (residents + old) / whole > 0.8
        assert women / whole < 0.15


def test_bands_of_groups_hold_what_they_should(page):
    rows = re.findall(r"^\| Employed by group of sections \|.*$", page, re.MULTILINE)
    inside = [float(row.strip("|").split("|")[6]) for row in rows if row.count("|") == 9]
    assert len(inside) == 6
    assert all(70 <= each <= 90 for each in inside)
