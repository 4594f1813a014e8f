"""The baseline page and the README say what the model says; the code in the README runs."""

import itertools
import re
import struct

import numpy as np
import pytest
from tools.docs import baseline, markers
from tools.docs.__main__ import main
from tools.docs.runs import Runs, total
from tools.docs.tables import pieces

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs():
    return Runs()


@pytest.fixture(scope="module")
def computed(runs):
    return pieces(runs)


REMEDY = "run: python -m tools.docs baseline"


@pytest.mark.parametrize("name", baseline.PAGES)
def test_the_page_holds_what_is_computed_now(root, computed, name):
    text = (root / name).read_text(encoding="utf-8")
    assert markers.names(text), name
    wrong = [line for line in markers.fill(text, computed, name).splitlines() if line not in text.splitlines()]
    assert not wrong, f"{name} is stale ({REMEDY}): {wrong[:3]}"
    assert markers.fill(text, computed, name) == text, f"{name} is stale; {REMEDY}"


def test_every_section_is_explained(root, runs):
    text = (root / "docs" / "baseline.md").read_text(encoding="utf-8")
    found = dict(re.findall(r"^### ([A-S]): .+?\n\n(.+?)(?=^##)", text, re.MULTILINE | re.DOTALL))
    assert list(found) == [str(s) for s in runs.baseline["sector"].values]
    for sector, words in found.items():
        assert f"<!-- table: sector_{sector} -->" in words
        hand_written = words.split("<!-- end -->", 1)[1]
        assert len(re.findall(r"[.:;](?:\s|$)", hand_written)) >= 2, f"{sector}: two sentences at least"


def test_pictures_are_of_the_numbers_of_now(root, runs):
    for stem, (_, names) in baseline.PICTURES.items():
        path = root / baseline.IMAGES / f"{stem}.png"
        assert baseline.told(path) == baseline.checksum(runs.baseline, names), f"{path.name} is stale; {REMEDY}"


def test_pages_show_the_pictures_that_exist(root):
    folder = root / baseline.IMAGES
    shown = set()
    for name in baseline.PAGES:
        page = root / name
        for link in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).is_file(), f"{name}: {link}"
            shown.add((page.parent / link).name)
    assert shown == {path.name for path in folder.glob("*.png")} == {f"{stem}.png" for stem in baseline.PICTURES}


def test_a_picture_has_no_date_and_a_moderate_size(tmp_path, runs):
    one, other = tmp_path / "a" / "headline.png", tmp_path / "b" / "headline.png"
    for path in (one, other):
        baseline.draw(path, runs.baseline)
    data = one.read_bytes()
    assert data == other.read_bytes()
    assert b"Software" not in data
    assert b"Date" not in data
    assert b"tIME" not in data
    width, height = struct.unpack(">II", data[16:24])
    assert 500 <= width <= 1200
    assert 300 <= height <= 1000


def test_a_missing_picture_is_stale(tmp_path):
    assert baseline.told(tmp_path / "none.png") == ""


def test_the_bridge_adds_up(runs, computed):
    cells = [line.strip("| ").split(" | ") for line in computed["bridge"].splitlines()[2:]]
    rows = {c[0]: [float(v.replace(",", "").strip("*")) for v in c[1:]] for c in cells}
    gap = rows.pop("**= need gap**")
    less = rows.pop("− more people employed")
    for i, year in enumerate((2030, 2040, 2050)):
        assert sum(values[i] for values in rows.values()) - less[i] == pytest.approx(gap[i], abs=4)
        assert gap[i] == pytest.approx(total(runs.baseline, "need_gap", year) / 1000, abs=0.5)


def test_openings_add_up_over_sections(computed):
    cells = [line.strip("| ").split(" | ") for line in computed["openings"].splitlines()[2:]]
    *sections, everything = [[float(v) for v in c[-7:]] for c in cells]
    assert len(sections) == 19
    for column in (0, 2, 4, 6):
        assert sum(row[column] for row in sections) == pytest.approx(everything[column], abs=1.0)


def test_the_market_makes_room(runs):
    by = {each.label: each for each in runs.closures}
    none = next(each for label, each in by.items() if label.startswith("room 0:"))
    everything = next(each for label, each in by.items() if label.startswith("room 1:"))
    assert everything.gap[-1] < runs.closures[0].gap[-1] < none.gap[-1]
    assert everything.gap[-1] == min(each.gap[-1] for each in runs.closures)


def test_the_growth_under_room_1_rests_on_what_firms_expect(runs):
    start, end = total(runs.baseline, "need_gap", 2024), total(runs.room[1.0], "need_gap", 2050)
    assert runs.need_like_supply.gap[-1] < start < end < 1.2 * start


def test_need_that_follows_supply_follows_supply_before_technology(runs):
    ds = runs.room[1.0]
    before, supply, after = (
        np.array([total(ds, name, year) for year in range(2024, 2052)]) / total(ds, name, 2024)
        for name in ("labour_needed_before_technology", "expected_labour_supply_in_the_country", "labour_needed")
    )
    np.testing.assert_allclose(before, supply, rtol=1e-9)
    assert (after[1:] < before[1:]).all()


def test_early_tightness_is_that_of_the_forecast(runs):
    assert runs.early_tightness()[2025.0] == pytest.approx(total(runs.baseline, "tightness", 2025), rel=1e-12)
    assert runs.early_tightness(0.0)[2025.0] == pytest.approx(total(runs.room[0.0], "tightness", 2025), rel=1e-12)


def test_homes_are_told_in_full_time_years(runs):
    assert runs.full_time_years_per_home == ["0.56 full-time years", "1.6 full-time years"]


# What the text of the page says of the baseline without a computed figure beside it.


def test_what_the_text_says_of_shares(runs):
    ds = runs.baseline
    structural = {y: total(ds, "structural_shortage", y) for y in (2035, 2050)}
    assert structural[2050] < structural[2035]
    assert total(ds, "vacancies", 2050) < 0.5 * total(ds, "vacancies", 2035)
    assert 1.75 < total(ds, "need_gap", 2035) / total(ds, "need_gap", 2024) < 2
    assert total(ds, "need_gap", 2050) / total(ds, "need_gap", 2035) == pytest.approx(0.9, abs=0.02)
    care = total(ds.sel(sector="Q"), "labour_needed", 2050) - total(ds.sel(sector="Q"), "labour_needed", 2024)
    assert care > total(ds, "labour_force", 2050) - total(ds, "labour_force", 2024)
    assert total(ds, "vacancies", 2035) > 0.9 * total(ds, "vacancies", 2024)
    assert total(ds, "closure_factor", 2050) == pytest.approx(0.8, abs=0.02)
    market = [
        float(ds["labour_needed"].sel(time=f"{y}-01-01").drop_sel(sector=list("OPQ")).sum()) for y in (2024, 2030, 2050)
    ]
    assert market[0] < market[1]
    assert market[2] < market[0]
    growth = {
        name: total(ds, name, 2050) / total(ds, name, 2024)
        for name in (
            "labour_needed_before_technology",
            "expected_labour_supply_in_the_country",
            "labour_needed",
            "labour_force",
        )
    }
    before, supply, after, force = growth.values()
    assert force < after < supply < before
    flows = ds.sel(year=slice(2024, 2029)).sum(["region", "year"])
    replacement, expansion = float(flows["replacement_demand"].sum()), float(flows["expansion_demand"].sum())
    assert replacement / (replacement + expansion) > 0.9


def test_what_the_text_says_of_closures(runs):
    by = {each.label: each for each in runs.closures}
    base = runs.closures[0]
    for label, times in (
        ("wages: do not react", 2.0),
        ("wages: the level follows tightness (proportional)", 1.5),
    ):
        assert by[label].gap[-1] / base.gap[-1] == pytest.approx(times, abs=0.1)
        assert by[label].structural[-1] > 3 * base.structural[-1]
        assert by[label].vacancies > 2 * base.vacancies


def test_what_the_text_says_of_wages_and_the_match(runs, computed):
    number = {
        name: int(text) for name, text in computed.items() if re.fullmatch(r"(observed|tightness_\w+)_\d{4}Q\d", name)
    }
    apart = {
        word: sum(abs(number[f"tightness_{word}_{q}"] - number[f"observed_{q}"]) for q in ("2024Q4", "2025Q2"))
        for word in ("none", "half", "all")
    }
    assert apart["none"] > apart["half"] + 2
    assert abs(apart["half"] - apart["all"]) <= 2
    assert 2040 <= int(computed["wage_passes_20_none"]) <= 2044
    assert computed["wage_passes_20"] == "no year of the run"
    assert 17 <= int(computed["wage_2050"]) < 20
    assert computed["wage_passes_20_all"] == "no year of the run"


def test_what_the_text_says_of_populations(runs):
    gap = {each.label: each.gap[-1] for each in runs.populations}
    none, everything = ({pair[i].label: pair[i].gap[-1] for pair in runs.populations_by_room} for i in (0, 1))
    assert max(gap, key=gap.get) == "grijs"
    migration = gap["lage_migratie"] - gap["arbeid"]
    assert 0 < migration < (gap["grijs"] - gap["groen"]) / 2
    assert none["groei"] > none["krimp"]
    assert everything["groei"] < everything["krimp"]
    at_2040 = {each.label: each.gap[1] for each in runs.populations}
    assert at_2040["groei"] > at_2040["krimp"]
    assert gap["groei"] > gap["krimp"]
    soon = [max(each.gap[0] for each in runs.populations), min(each.gap[0] for each in runs.populations)]
    assert soon[0] - soon[1] < 30_000


def test_the_sign_of_migration_follows_the_delay(runs):
    effect = runs.migration
    assert all(value > 0 for value in effect[1.0])
    assert all(value < 0 for value in effect[5.0])
    for some, longer in itertools.pairwise(effect.values()):
        assert all(b < a for a, b in zip(some, longer, strict=True))


def test_what_the_text_says_of_sections(runs):
    ds = runs.baseline
    structural = ds["structural_shortage"].sum("region")
    assert structural.sel(time="2024-01-01").to_series().idxmin() == "K"
    assert bool((structural.sel(sector="K") < 0).all())
    for sector, first in (("C", 2039), ("F", 2034)):
        assert bool((structural.sel(sector=sector, time=slice(str(first), None)) < 0).all())
        assert float(structural.sel(sector=sector, time=f"{first - 1}-01-01")) > 0
    construction = np.expm1(ds["wage_pressure"].sum("region").sel(sector="F"))
    assert float(construction.max()) == pytest.approx(0.12, abs=0.005)
    assert 2035 <= int(construction["time"].dt.year[construction.argmax("time")]) <= 2039
    assert total(ds.sel(sector="P"), "need_gap_in_fte", 2027) < 5_500
    wage = ds["wage_pressure"].sum("region").sel(time="2050-01-01").to_series()
    assert wage.idxmax() == "Q"
    needed = ds["labour_needed"].sum("region")
    growth = needed.sel(time="2050-01-01") / needed.sel(time="2024-01-01")
    market = growth.drop_sel(sector=["O", "P", "Q"]).to_series()
    assert list(market.nlargest(4).index) == ["J", "N", "D", "M"]
    assert market["M"] > 1.1  # a strong growth of need, though less than in J and N
    gap = ds["need_gap"].sum("region").sel(sector="Q").to_series()
    assert gap["2050-01-01"] < gap["2040-01-01"] < gap["2035-01-01"]
    homes = ds["homes_built"].sum("region")
    assert float(homes.sel(year=2024)) == pytest.approx(82_000, abs=500)
    for start_of, built in {2030: 87_000, 2040: 50_000, 2050: 19_000}.items():
        assert float(homes.sel(year=[start_of - 1, start_of]).mean()) == pytest.approx(built, abs=500), start_of
    shortfall = ds["housing_shortfall"].sum("region").to_series()
    assert shortfall["2050-01-01"] > shortfall["2045-01-01"]
    assert float(ds["homes_demolished"].sum("region").sel(year=2049)) == pytest.approx(14_000, abs=500)
    need = needed.sel(sector="I").to_series()
    assert need["2024-01-01"] < need["2030-01-01"] > need["2040-01-01"] > need["2050-01-01"]


def test_markers_that_are_wrong_are_named():
    good = "a <!-- value: x -->0<!-- end --> b\n\n<!-- table: t -->\nold\n<!-- end -->\n"
    assert markers.fill(good, {"x": "1", "t": "| a |"}, "page") == (
        "a <!-- value: x -->1<!-- end --> b\n\n<!-- table: t -->\n\n| a |\n\n<!-- end -->\n"
    )
    with pytest.raises(ValueError, match=r"page: no piece is called t, x; there are y"):
        markers.fill(good, {"y": ""}, "page")
    with pytest.raises(ValueError, match="a marker has no end"):
        markers.fill("<!-- table: t -->\nold\n", {"t": ""}, "page")
    with pytest.raises(ValueError, match="beginning of a line"):
        markers.fill("<!-- value: x -->0<!-- end -->\n", {"x": ""}, "page")


def test_numbers_are_written_in_one_way():
    assert markers.thousands(1_234_567.0) == "1,235"
    assert markers.thousands(9_940.0) == "9.9"
    assert markers.thousands(9_960.0) == "10"
    assert markers.thousands(-12.0) == "0.0"
    assert markers.thousands(-1_234.0) == "-1.2"
    assert markers.percent(-0.0001) == "0.0"
    assert markers.percent(0.1234, 0) == "12"


def test_the_check_finds_a_stale_page(root, tmp_path, monkeypatch, capsys, runs):
    for name in baseline.PAGES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((root / name).read_bytes())
    page = tmp_path / "docs" / "baseline.md"
    good = page.read_text(encoding="utf-8")
    page.write_text(re.sub(r"(<!-- value: gap_2050 -->)[^<]*", r"\g<1>7", good), encoding="utf-8")
    monkeypatch.setattr("tools.docs.__main__.ROOT", tmp_path)
    monkeypatch.setattr(baseline, "Runs", lambda: runs)
    assert main(["baseline", "--check"]) == 1
    assert "docs/baseline.md: stale\n" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8") != good
    assert main(["baseline"]) == 0
    assert page.read_text(encoding="utf-8") == good
    capsys.readouterr()
    assert main(["baseline", "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_the_python_of_the_readme_runs(root, tmp_path, monkeypatch, capsys):
    text = (root / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    assert len([line for line in blocks[0].splitlines() if line]) <= 10
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks[0], "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "Name: need_gap" in printed
    assert "assumed: " in printed
    assert (tmp_path / "forecast.nc").stat().st_size > 0


def test_links_of_the_readme_exist(root):
    for link in re.findall(r"\]\(([^)#]+)\)", (root / "README.md").read_text(encoding="utf-8")):
        assert (root / link).exists(), link
