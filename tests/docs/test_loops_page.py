"""The page on loops says what the model says now, as far as it can be computed quickly; its pictures are there."""

import re

import pytest
from tools.docs import loops, markers

import krapte_sd as ks
from krapte_sd.analysis.knockout import scenario_batch

REMEDY = "run: python -m tools.docs loops"


@pytest.fixture(scope="module")
def found():
    analysis = loops.Analysis()
    analysis.__dict__["cut"] = ks.knockout(batch=scenario_batch("baseline"))
    return analysis


@pytest.fixture(scope="module")
def text(root):
    return (root / loops.PAGE).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["loop_list", "knockout", "knockout_sectors", "openings_periods", "openings_later"])
def test_tables_hold_what_is_computed_now(text, found, name):
    missing = [line for line in getattr(loops, name)(found).splitlines() if line not in text]
    assert missing == [], f"{loops.PAGE} is stale; {REMEDY}"


def rows(text, name):
    block = re.search(rf"<!-- table: {name} -->\n\n(.*?)\n\n<!-- end -->", text, re.DOTALL)[1]
    cells = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in block.splitlines()[2:]]
    return {each[0]: [float(cell.replace("−", "-").replace(",", "")) for cell in each[1:]] for each in cells}


def test_parts_of_the_page_add_up(text):
    parts = rows(text, "decomposition")
    whole = parts.pop("Together: change of the need gap")
    assert len(parts) >= 12
    for column, total in enumerate(whole):
        assert sum(each[column] for each in parts.values()) == pytest.approx(total, abs=0.5 * len(parts) + 0.5)


def test_pictures_and_markers(root, text, found):
    for stem in loops.PICTURES:
        assert f"images/loops/{stem}.png" in text
    assert loops.told(root / loops.IMAGES / "knockout.png") == loops.checksum(found, "knockout"), REMEDY
    assert len(loops.told(root / loops.IMAGES / "decomposition.png")) == 64
    assert len(markers.names(text)) > 30
