"""What the page on regions says beside its computed tables."""

import re

import numpy as np
import pytest
from tools.docs.equations import NOT_DRAWN
from tools.docs.regions import filled, following, on, regional, shortest, spread, start, taking_part
from tools.docs.runs import Runs, total

import krapte_sd as ks
from krapte_sd.equations import read_model
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.reading import read_parameters


@pytest.fixture(scope="module")
def runs():
    return Runs()


@pytest.fixture(scope="module")
def regions(runs):
    return runs.divisions["arbeidsmarktregio"]


def test_regions_divide_the_country(runs):
    for ds in runs.divisions.values():
        for year in (2024, 2050):
            assert total(ds, "population_total", year) == pytest.approx(
                total(runs.baseline, "population_total", year), rel=1e-9 if year == 2024 else 5e-4
            )
        assert float(filled(ds, 2024).sum()) == pytest.approx(total(runs.baseline, "employed_total", 2024), rel=1e-9)
        # The page says why the gap is larger with regions: hundredths of the gap, below a thousandth of the need.
        apart = total(ds, "need_gap", 2050) - total(runs.baseline, "need_gap", 2050)
        assert 0 < apart < 0.025 * total(runs.baseline, "need_gap", 2050)
        assert apart < 1e-3 * total(runs.baseline, "labour_needed", 2050)


def test_without_migrants_who_respond_the_people_are_the_same_to_the_person(runs):
    names = ("labour_migration_switch", "temporary_migration_switch", "housing_limit_switch")
    people = {
        switches: [
            total(
                ks.run("baseline", regions=name, parameters=dict.fromkeys(switches, 0.0), by_age=False),
                "population_total",
                2050,
            )
            for name in ("nl", *runs.divisions)
        ]
        for switches in (names, names[:2])
    }
    assert np.ptp(people[names]) < 0.5
    # the limit of homes is one of the three
    assert np.ptp(people[names[:2]]) > 500


def test_commuting_at_the_start_is_that_of_the_tables(regions):
    ours = (filled(regions, 2024) - on(regions, "employed_total", 2024)).values
    table = read_parameters(parameters_folder() / "regional" / "arbeidsmarktregio")["net_commuting"].value
    np.testing.assert_allclose(ours, table, atol=300)


def test_what_the_page_says_of_the_sum(runs, regions):
    country = runs.baseline
    for name in ("vacancies", "need_gap"):
        assert total(regions.sel(sector="Q"), name, 2050) > total(country.sel(sector="Q"), name, 2050)
    for sector in "JM":
        assert total(regions.sel(sector=sector), "need_gap", 2050) > total(country.sel(sector=sector), "need_gap", 2050)
    care = [total(ds.sel(sector="Q"), "labour_needed", 2050) for ds in (regions, country)]
    assert 1 < care[0] / care[1] < 1.01
    found = regional(runs)
    assert float(found["hires_per_vacancy_35"]) < float(found["hires_per_vacancy_country"])


def test_what_the_page_says_of_odd_things(runs, regions):
    found = start(runs)
    assert abs(found["gap_unemployed"]) < 0.2
    assert 0 < found["gap_tightness"] < 0.4
    assert -0.3 < found["lowest_growth"] < found["highest_growth"] < 0.9
    assert found["spread_2024"] < found["spread_2030"] < found["spread_2050"] < 1.5 * found["spread_2024"]
    gap_2024 = on(regions, "need_gap", 2024) / on(regions, "labour_needed", 2024)
    assert 0.0165 < float(gap_2024.min()) < float(gap_2024.max()) < 0.0275
    first, last = (on(regions, "unemployment_rate", year).to_series() for year in (2024, 2050))
    assert first.corr(last) > 0.8
    assert first.idxmax() == last.idxmax() == "AM18"


def test_what_the_page_says_of_participation(regions):
    parts = {year: taking_part(regions, year) for year in (2024, 2050)}
    people = {year: on(regions, "population_total", year) for year in parts}
    for year, (whole, ages, own) in parts.items():
        country = 100 * regions["net_participation"].sel(time=f"{year}-01-01")
        at = regions.sel(time=f"{year}-01-01")
        older = at["employed_by_age"].sel(age=slice(75, None)).sum(["sex", "age", "sector"])
        past_74 = 100 * older / at["working_age_population"]
        np.testing.assert_allclose((whole + past_74).values, country.values, atol=1e-9)
        assert 0 < float(past_74.max()) < 0.1
        apart = (whole - ages - own).values
        np.testing.assert_allclose(apart, apart[0], atol=1e-9)
    # what people of the same age do differs as much as at the start; ages come nearer to each other
    own = [spread(parts[year][2], people[year]) for year in parts]
    ages = [spread(parts[year][1], people[year]) for year in parts]
    assert own[1] == pytest.approx(own[0], rel=0.15)
    assert ages[1] < 0.5 * ages[0]
    assert np.ptp(parts[2050][0].values) < 0.75 * np.ptp(parts[2024][0].values)
    # only where many move the own part fades
    assert abs(parts[2050][2].sel(region="AM01")) < 0.6 * abs(parts[2024][2].sel(region="AM01"))


def test_where_jobs_follow_people_decides_which_regions_become_the_shortest(regions):
    gaps = {0.0: shortest(following(0.0)), 0.5: shortest(regions), 1.0: shortest(following(1.0))}
    assert [gap.idxmax() for gap in gaps.values()] == ["Drenthe", "Drenthe", "Groot Amsterdam"]
    assert "Groningen" in gaps[0.0].index[:4]
    for share in (0.5, 1.0):
        assert "Groningen" not in gaps[share].index[:4]
    supply = (on(regions, "labour_force", 2050) / on(regions, "labour_force", 2024) - 1).to_series()
    supply.index = regions["region_name"].values
    assert supply.idxmin() == "Drenthe"
    assert supply["Flevoland"] == pytest.approx(0.16, abs=0.005)
    assert {"Drenthe", "Flevoland"} < set(gaps[0.5].index[:4])
    with_supply = {share: gap.corr(supply) for share, gap in gaps.items()}
    assert with_supply[0.0] < -0.6
    assert abs(with_supply[0.5]) < 0.4
    assert with_supply[1.0] > 0.6
    assert gaps[0.0]["Drenthe"] > gaps[0.5]["Drenthe"] > gaps[1.0]["Drenthe"]


def test_errors_are_those_of_the_hold_out(runs):
    rows = re.findall(r"^\| (\S+) \| (\d+) \| (\d+) \|$", regional(runs)["regions_errors"], re.MULTILINE)
    assert [group for group, _, _ in rows] == ["A", "B-E", "F", "G-I", "J", "K", "L", "M-N", "O-Q", "R-U"]
    assert all(int(whole) < int(divided) for _, whole, divided in rows)


def test_the_drawing_of_the_modules_has_commuting(root):
    drawing = (root / "docs" / "images" / "modules.svg").read_text(encoding="utf-8")
    boxes = re.findall(r'font-size="16"[^>]*>([^<]+)<', drawing)
    groups = {each.group for each in read_model(root / "models" / "krapte.mdl").variables.values()}
    assert sorted(boxes) == sorted(each.capitalize() for each in groups if each and each not in NOT_DRAWN)
    assert "Commuting" in boxes
