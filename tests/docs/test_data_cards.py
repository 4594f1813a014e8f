"""The page of data cards says what the tables of parameters say now, and leaves none of them out."""

import csv
import re

import pytest
import yaml
from tools.docs import data_cards


@pytest.fixture(scope="module")
def text(root):
    return (root / data_cards.PAGE).read_text(encoding="utf-8")


def test_the_page_is_what_the_tables_say(root, text):
    assert text == data_cards.page(root), "run: python -m tools.docs data-cards"


def test_every_table_parameter_and_source_is_there(root, text):
    folder = root / "parameters"
    seen = 0
    for path in sorted(folder.rglob("*.csv")):
        metadata = path.with_suffix(".yaml")
        if not metadata.is_file():
            assert path.parent.name in ("codes", "regions"), path
            continue
        name = path.relative_to(folder).with_suffix("").as_posix()
        described = yaml.safe_load(metadata.read_text(encoding="utf-8"))
        if "between" in name:
            assert f"`{path.stem}`" in text
            continue
        assert f"`parameters/{name}.csv`" in text or f"`{name}`" in text, name
        for key in (*described.get("parameters", ()), *described.get("series", ()), *described["sources"]):
            assert f"`{key}`" in text, (name, key)
        seen += 1
    assert seen > 40


def test_a_card_counts_statuses_and_shows_range_method_and_limits(root, text):
    (row,) = [line for line in text.splitlines() if line.startswith("| `wage_response` |")]
    cells = [each.strip() for each in row.strip("|").split(" | ")]
    with (root / "parameters" / "behaviour.csv").open(encoding="utf-8") as file:
        (given,) = [each for each in csv.DictReader(file) if each["parameter"] == "wage_response"]
    low, high = (f"{float(given[name]):.4g}" for name in ("low", "high"))
    assert cells[2] == f"{float(given['value']):.4g} ({low} to {high}) 1/year"
    assert cells[4] == "1 assumed"
    assert "*Made:* Assumed: middle of the range of the trials" in cells[1]
    assert re.search(r"`initial_vacancies` .* \*Range:\* 0.97 to 1.03 times the value; rounding to hundreds", text)
    assert "Not seasonally adjusted; created and filled are rounded to thousands" in text


def test_text_of_the_tables_cannot_break_the_page():
    assert data_cards.cell("a | b *c* $d$ <e> [f]\n g") == "a \\| b \\*c\\* \\$d\\$ \\<e> \\[f] g"
