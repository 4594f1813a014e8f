"""What the page on regions says beside its computed tables."""

import re

import numpy as np
import pytest
from tools.docs.regions import filled, on, regional, start
from tools.docs.runs import Runs, total

import krapte_sd as ks
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
                total(runs.baseline, "population_total", year), abs=1
            )
        assert float(filled(ds, 2024).sum()) == pytest.approx(total(runs.baseline, "employed_total", 2024), rel=1e-9)
        assert total(ds, "need_gap", 2050) == pytest.approx(total(runs.baseline, "need_gap", 2050), rel=0.01)


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
    assert -0.3 < found["lowest_growth"] < found["highest_growth"] < 0.8
    assert found["spread_2030"] == pytest.approx(found["spread_2024"], rel=0.15)
    gap_2024 = on(regions, "need_gap", 2024) / on(regions, "labour_needed", 2024)
    assert 0.0165 < float(gap_2024.min()) < float(gap_2024.max()) < 0.03
    gap = on(regions, "need_gap", 2050) / on(regions, "labour_needed", 2050)
    for code in ("AM03", "AM01", "AM24", "AM02"):
        assert 0.07 <= round(float(gap.sel(region=code)), 2) <= 0.08
    for code in ("AM19", "AM22", "AM34"):
        assert float(gap.sel(region=code)) < 0.06
    first, last = (on(regions, "unemployment_rate", year).to_series() for year in (2024, 2050))
    assert first.corr(last) > 0.8
    assert first.idxmax() == last.idxmax() == "AM18"
    assert "AM36" in first.nsmallest(3).index
    assert last.idxmin() == "AM36"
    for code, *rates in (("AM18", 4.4, 5.3), ("AM36", 3.0, 3.2)):
        assert [100 * first[code], 100 * last[code]] == pytest.approx(rates, abs=0.05)
    taking_part = [100 * on(regions, "net_participation", year).to_series() for year in (2024, 2050)]
    assert [np.ptp(rates) for rates in taking_part] == pytest.approx([7.6, 4.8], abs=0.05)
    for code, *rates in (("AM30", 68, 73), ("AM18", 75, 74)):
        assert [part[code] for part in taking_part] == pytest.approx(rates, abs=0.5)
    wage = regions["wage_pressure"].sel(time="2050-01-01").weighted(regions["labour_needed"].sel(time="2050-01-01"))
    by_region = wage.mean("sector").to_series()
    assert np.expm1(by_region.max() - by_region.min()) == pytest.approx(0.08, abs=0.01)


@pytest.mark.parametrize(("follow", "drenthe", "amsterdam"), [(0.0, 9.5, 5.6), (1.0, 6.3, 8.1)])
def test_what_the_page_says_of_jobs_that_follow_people(follow, drenthe, amsterdam):
    ds = ks.run("baseline", regions="arbeidsmarktregio", parameters={"jobs_follow_people": follow})
    gap = (100 * on(ds, "need_gap", 2050) / on(ds, "labour_needed", 2050)).to_series()
    assert [gap["AM03"], gap["AM18"]] == pytest.approx([drenthe, amsterdam], abs=0.05)
    assert gap.idxmax() == ("AM18" if follow else "AM03")


def test_errors_are_those_of_the_hold_out(runs):
    rows = re.findall(r"^\| (\S+) \| (\d+) \| (\d+) \|$", regional(runs)["regions_errors"], re.MULTILINE)
    assert [group for group, _, _ in rows] == ["A", "B-E", "F", "G-I", "J", "K", "L", "M-N", "O-Q", "R-U"]
    assert all(int(whole) < int(divided) for _, whole, divided in rows)


def test_the_drawing_of_the_modules_has_commuting(root):
    drawing = (root / "docs" / "images" / "modules.svg").read_text(encoding="utf-8")
    boxes = re.findall(r'font-size="16"[^>]*>([^<]+)<', drawing)
    assert boxes == ["Population", "Participation", "Status", "Commuting", "Matching", "Vacancies", "Demand", "Wages"]
