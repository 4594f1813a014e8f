"""Broken parameter tables: each gives one clear error, quickly, with file, row and remedy."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krapte_sd.errors import FileError, ParameterError
from krapte_sd.parameters import ParameterSet, read_parameters

CSV = """\
parameter,sector,sex,age,year,value,low,high,distribution,status,source
mortality_rate,,female,0,2024,0.003,,,normal,estimated,cbs
mortality_rate,,female,0,2025,0.0029,,,normal,estimated,cbs
mortality_rate,,female,1,2024,0.001,,,normal,estimated,cbs
mortality_rate,,female,1,2025,0.0009,,,normal,estimated,cbs
mortality_rate,,male,0,2024,0.004,,,normal,estimated,cbs
mortality_rate,,male,0,2025,0.0039,,,normal,estimated,cbs
mortality_rate,,male,1,2024,0.002,,,normal,estimated,cbs
mortality_rate,,male,1,2025,0.0019,,,normal,estimated,cbs
share_of_births,,female,,,0.4875,,,,observed,cbs
share_of_births,,male,,,0.5125,,,,observed,cbs
initial_vacancies,F,,,,19000,18000,20000,,observed,cbs
initial_vacancies,Q,,,,65000,64000,66000,,observed,cbs
wage_effect,,,,,0,-0.1,0.2,uniform,unknown,guess
"""
YAML = """\
title: Demo
description: A small theme for tests.
licence: CC BY 4.0
sources:
  cbs: {citation: "Statistics Netherlands (2024)", table: 85746NED}
  guess: {citation: "No figure exists; see the method."}
parameters:
  mortality_rate:
    unit: 1/year
    dimensions: [sex, age, year]
    definition: Deaths per person-year.
    method: Deaths by age divided by exposure.
    range: {kind: relative, low: 0.95, high: 1.05, basis: spread of past projections}
  share_of_births:
    unit: dmnl
    dimensions: [sex]
    definition: Share of girls and boys among the newborn.
    method: Counted.
    range: {kind: none, basis: counted in full}
    adds_to_one_over: [sex]
  initial_vacancies:
    unit: vacancy
    dimensions: [sector]
    definition: Open vacancies.
    method: Survey.
  wage_effect:
    unit: dmnl
    definition: Effect of wages.
    method: Not known.
"""
Break = Callable[[str], str]


def swap(old: str, new: str) -> Break:
    """Replace the one occurrence of a text."""

    def apply(text: str) -> str:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        return text.replace(old, new)

    return apply


def row(number: int, new: str | None) -> Break:
    """Replace or delete one row of the file, counted from 1."""

    def apply(text: str) -> str:
        lines = text.split("\n")
        lines[number - 1 : number] = [] if new is None else [new]
        return "\n".join(lines)

    return apply


def cell(number: int, column: str, new: str) -> Break:
    """Replace one cell."""

    def apply(text: str) -> str:
        lines = text.split("\n")
        cells = lines[number - 1].split(",")
        cells[lines[0].split(",").index(column)] = new
        lines[number - 1] = ",".join(cells)
        return "\n".join(lines)

    return apply


def write(folder, csv_text, yaml_text):
    for name, text in (("demo.csv", csv_text), ("demo.yaml", yaml_text)):
        content = text if isinstance(text, bytes) else text.encode()
        (folder / name).write_bytes(content)


# id, change of the table, where, what
BROKEN_TABLES = {
    "value missing": (cell(2, "value", ""), "demo.csv:2:value: the value is missing"),
    "nan": (cell(3, "value", "nan"), "demo.csv:3:value: the value is not a finite number; found 'nan'"),
    "NA": (cell(3, "value", "NA"), "demo.csv:3:value: the value is not a finite number; found 'NA'"),
    "inf": (cell(3, "value", "-inf"), "demo.csv:3:value: the value is not a finite number; found '-inf'"),
    "overflow": (cell(3, "value", "1e999"), "demo.csv:3:value: the value is not a finite number; found '1e999'"),
    "decimal comma": (cell(4, "value", '"0,001"'), "demo.csv:4:value: the value has a decimal comma; found '0,001'"),
    "unquoted comma": (
        row(4, "mortality_rate,,female,1,2024,0,001,,,,estimated,cbs"),
        "demo.csv:4: the row has 12 cells",
    ),
    "word": (cell(2, "value", "about 3"), "demo.csv:2:value: the value is not a number; found 'about 3'"),
    "space": (cell(2, "value", " 0.003"), "demo.csv:2:value: the value is not a number; found ' 0.003'"),
    "underscore": (cell(12, "value", "19_000"), "demo.csv:12:value: the value is not a number; found '19_000'"),
    "other digits": (cell(12, "value", "١٩"), "demo.csv:12:value: the value is not a number"),
    "hexadecimal": (cell(12, "value", "0x10"), "demo.csv:12:value: the value is not a number; found '0x10'"),
    "percent": (cell(12, "value", "5%"), "demo.csv:12:value: the value is not a number; found '5%'"),
    "low is nan": (cell(12, "low", "nan"), "demo.csv:12:low: the low is not a finite number"),
    "high missing": (cell(12, "high", ""), "demo.csv:12:high: low is given without high"),
    "low missing": (cell(12, "low", ""), "demo.csv:12:low: high is given without low"),
    "no range": (
        row(12, "initial_vacancies,F,,,,19000,,,,observed,cbs"),
        "demo.csv:12:low: 'initial_vacancies' has neither",
    ),
    "range upside down": (cell(12, "low", "19500"), "demo.csv:12:low: low <= value <= high does not hold"),
    "negative stock": (cell(12, "value", "-1"), "demo.csv:12:value: 'initial_vacancies' in vacancy cannot be negative"),
    "negative low": (cell(12, "low", "-1"), "demo.csv:12:low: 'initial_vacancies' in vacancy cannot be negative"),
    "unknown with effect": (
        cell(14, "value", "0.1"),
        "demo.csv:14:value: 'wage_effect' is unknown, so its value must be",
    ),
    "unknown, no width": (
        row(14, "wage_effect,,,,,0,0,0,,unknown,guess"),
        "demo.csv:14:low: 'wage_effect' is unknown but has no range",
    ),
    "shares": (
        cell(10, "value", "0.5"),
        "demo.csv:10:value: the shares 'share_of_births' do not add up to one over sex",
    ),
    "unknown sector": (
        cell(12, "sector", "Z"),
        "demo.csv:12:sector: unknown sector code; found 'Z'; allowed: A, B, C",
    ),
    "lower-case sector": (cell(12, "sector", "f"), "demo.csv:12:sector: unknown sector code; found 'f'"),
    "unknown sex": (cell(2, "sex", "femal"), "demo.csv:2:sex: unknown sex code; found 'femal'; allowed: female, male"),
    "Dutch sex": (cell(2, "sex", "vrouw"), "demo.csv:2:sex: unknown sex code; found 'vrouw'"),
    "age too high": (cell(2, "age", "101"), "demo.csv:2:age: the age is out of range; found '101'; allowed: -1 to 100"),
    "age too low": (cell(2, "age", "-2"), "demo.csv:2:age: the age is out of range; found '-2'"),
    "age class": (cell(2, "age", "0-4"), "demo.csv:2:age: the age is not a whole number; found '0-4'"),
    "age as float": (cell(2, "age", "0.0"), "demo.csv:2:age: the age is not a whole number; found '0.0'"),
    "long age": (cell(2, "age", "9" * 5000), "demo.csv:2:age: the age is out of range"),
    "year out of range": (cell(2, "year", "24"), "demo.csv:2:year: the year is out of range; found '24'"),
    "year with text": (cell(2, "year", "2024*"), "demo.csv:2:year: the year is not a whole number; found '2024*'"),
    "missing cell": (
        row(5, None),
        "demo.csv:2:year: 'mortality_rate' misses 1 of 8 cells: (sex female, age 1, year 2025)",
    ),
    "missing year": (
        lambda text: text.replace(",2025,", ",2026,"),
        "demo.csv:2:year: 'mortality_rate' misses 4 of 12 cells: (sex female, age 0, year 2025)",
    ),
    "missing age": (
        lambda text: text.replace("male,1,", "male,2,"),
        "demo.csv:2:year: 'mortality_rate' misses 4 of 12 cells: (sex female, age 1, year 2024)",
    ),
    "row twice": (
        row(3, "mortality_rate,,female,0,2024,0.0029,,,,estimated,cbs"),
        "demo.csv:3: 'mortality_rate' has two rows for sex female, age 0, year 2024 (first in row 2)",
    ),
    "dimension empty": (cell(2, "sex", ""), "demo.csv:2:sex: the sex of 'mortality_rate' is missing"),
    "dimension not declared": (cell(2, "sector", "A"), "demo.csv:2:sector: 'mortality_rate' has no dimension sector"),
    "year not declared": (cell(12, "year", "2024"), "demo.csv:12:year: 'initial_vacancies' has no dimension year"),
    "unknown parameter": (
        cell(2, "parameter", "mortality_rat"),
        "demo.csv:2:parameter: unknown parameter; found 'mortality_rat'",
    ),
    "parameter missing": (cell(2, "parameter", ""), "demo.csv:2:parameter: the parameter is missing"),
    "unknown status": (
        cell(2, "status", "guessed"),
        "demo.csv:2:status: unknown status; found 'guessed'; allowed: observed,",
    ),
    "status missing": (cell(2, "status", ""), "demo.csv:2:status: the status is missing"),
    "status with capital": (cell(2, "status", "Observed"), "demo.csv:2:status: unknown status; found 'Observed'"),
    "unknown source": (
        cell(2, "source", "csb"),
        "demo.csv:2:source: unknown source key; found 'csb'; allowed: cbs, guess",
    ),
    "source missing": (cell(2, "source", ""), "demo.csv:2:source: the source is missing"),
    "unknown distribution": (
        cell(2, "distribution", "gauss"),
        "demo.csv:2:distribution: unknown distribution; found 'gauss'",
    ),
    "column missing": (swap(",status,source", ",state,source"), "demo.csv:1:status: the column is missing"),
    "column unknown": (swap("parameter,sector,", "parameter,setcor,"), "demo.csv:1:2: unknown column; found 'setcor'"),
    "column twice": (swap("sector,sex,age", "sex,sex,age"), "demo.csv:1:sex: the column stands twice"),
    "dimension column gone": (
        lambda text: "\n".join(",".join(line.split(",")[:3] + line.split(",")[4:]) for line in text.splitlines()),
        "demo.csv:1:age: the column of a dimension of 'mortality_rate' is missing",
    ),
    "semicolons": (lambda text: text.replace(",", ";"), "demo.csv:1: the columns are not separated by commas"),
    "tabs": (lambda text: text.replace(",", "\t"), "demo.csv:1: the columns are not separated by commas"),
    "short row": (row(6, "mortality_rate,,male"), "demo.csv:6: the row has 3 cells, the header has 11"),
    "empty line": (swap("share_of_births,,female", "\nshare_of_births,,female"), "demo.csv:10: the row has 0 cells"),
    "open quotation": (cell(6, "sex", '"male'), "demo.csv:6: not a CSV row"),
    "cell over two lines": (cell(6, "source", '"cbs\n"'), "demo.csv:6: not a CSV row"),
    "huge cell": (cell(6, "source", "x" * 500_000), "demo.csv:6: not a CSV row"),
    "long cell": (cell(6, "source", "x" * 100_000), "demo.csv:6:source: unknown source key; found 'xxx"),
    "comment line": (row(1, "# made by hand"), "demo.csv:1:parameter: the column is missing"),
    "empty file": (lambda text: "", "demo.csv:1: the file is empty"),
    "header only": (lambda text: text.split("\n")[0] + "\n", "demo.csv:2: the table has no rows"),
    "byte order mark": (lambda text: "\ufeff" + text, "demo.csv:1: the file begins with a byte order mark"),
    "UTF-16": (lambda text: text.encode("utf-16"), "demo.csv:1: the file begins with a byte order mark"),
    "Latin-1": (lambda text: text.replace("guess", "gué").encode("latin-1"), "demo.csv:14: the file is not UTF-8"),
    "NUL": (cell(5, "source", "c\0bs"), "demo.csv:5: a NUL character in the file"),
    "old Mac": (lambda text: text.replace("\n", "\r"), "demo.csv:1: a carriage return inside a line"),
    "binary": (lambda text: bytes(range(256)) * 40, "demo.csv:2: the file is not UTF-8"),
}
BROKEN_METADATA = {
    "unit missing": (
        swap("    unit: vacancy\n", ""),
        "demo.yaml:21:unit: 'unit' is missing in parameters.initial_vacancies",
    ),
    "unit empty": (swap("unit: vacancy", "unit: ''"), "demo.yaml:22:unit: the unit is missing"),
    "unit unknown": (swap("unit: vacancy", "unit: vacansies"), "demo.yaml:22:unit: unknown unit 'vacansies'"),
    "unit unreadable": (swap("unit: vacancy", "unit: vacancy//year"), "demo.yaml:22:unit: a unit that cannot be read"),
    "thousands": (swap("unit: vacancy", "unit: 1000 vacancy"), "demo.yaml:22:unit: a unit that cannot be read"),
    "citation missing": (
        swap('citation: "Statistics Netherlands (2024)", ', ""),
        "demo.yaml:5:citation: 'citation' is missing",
    ),
    "citation empty": (swap('"Statistics Netherlands (2024)"', '""'), "demo.yaml:5:citation: 'citation' is empty"),
    "licence missing": (swap("licence: CC BY 4.0\n", ""), "demo.yaml:1:licence: 'licence' is missing"),
    "title missing": (swap("title: Demo\n", ""), "demo.yaml:1:title: 'title' is missing"),
    "sources missing": (
        lambda text: text.replace("sources:", "source:"),
        "demo.yaml:4:source: unknown key in the file",
    ),
    "definition missing": (
        swap("    definition: Open vacancies.\n", ""),
        "demo.yaml:21:definition: 'definition' is missing",
    ),
    "key misspelt": (swap("    method: Survey.", "    meth: Survey."), "demo.yaml:25:meth: unknown key"),
    "dimension unknown": (swap("[sector]", "[sectors]"), "demo.yaml:23:dimensions: unknown dimension 'sectors'"),
    "dimension twice": (
        swap("[sex, age, year]", "[sex, sex, year]"),
        "demo.yaml:10:dimensions: a dimension stands twice",
    ),
    "year not last": (
        swap("[sex, age, year]", "[year, sex, age]"),
        "demo.yaml:8:mortality_rate: year must be the last",
    ),
    "dimensions as text": (swap("[sector]", "sector"), "demo.yaml:23:dimensions: 'dimensions'"),
    "range kind": (swap("kind: relative", "kind: factor"), "demo.yaml:13:kind: 'kind'"),
    "range upside down": (swap("low: 0.95", "low: 1.2"), "demo.yaml:13:range: low <= 1 <= high does not hold"),
    "range without basis": (swap(", basis: counted in full", ""), "demo.yaml:19:basis: 'basis' is missing"),
    "range not a number": (swap("low: 0.95", "low: small"), "demo.yaml:13:low: 'low'"),
    "range infinite": (swap("high: 1.05", "high: 1e999"), "demo.yaml:13:high: 'high'"),
    "parameter twice": (
        swap("  wage_effect:", "  mortality_rate:"),
        "demo.yaml:26: the key stands twice (first in row 8)",
    ),
    "key twice": (
        swap("    unit: vacancy\n", "    unit: vacancy\n    unit: person\n"),
        "demo.yaml:23: the key stands twice",
    ),
    "parameter without rows": (
        swap("  wage_effect:", "  wage_effects:"),
        "demo.yaml:26:wage_effects: a parameter without rows in the table; found 'wage_effects'; did you mean",
    ),
    "name with capital": (
        swap("  wage_effect:", "  WageEffect:"),
        "demo.yaml:7:parameters: 'WageEffect' is not a name",
    ),
    "alias": (
        lambda text: text.replace("title: Demo", "title: &a Demo").replace(
            "description: A small", "description: *a\nnote: A small"
        ),
        "demo.yaml:2: an alias is not allowed",
    ),
    "alias bomb": (
        lambda text: "a: &a [x,x,x,x]\n" + "".join(f"b{i}: &b{i} [*a,*a,*a]\n" for i in range(50)) + text,
        "demo.yaml:2: an alias is not allowed",
    ),
    "tag": (swap("title: Demo", "title: !!python/object:os.system Demo"), "demo.yaml:1: a tag is not allowed"),
    "deep": (
        swap("title: Demo", "title: " + "[" * 50 + "]" * 50),
        "demo.yaml:1: nested more than 20 levels deep",
    ),
    "bottomless": (swap("title: Demo", "title: " + "[" * 50_000), "demo.yaml:1"),
    "deep block": (
        swap("title: Demo", "title:\n  " + "- " * 20_000 + "x"),
        "demo.yaml:2: nested more than 20 levels deep",
    ),
    "two documents": (lambda text: text + "---\na: 1\n", "demo.yaml:30: a second document in one file"),
    "tab": (swap("    unit: vacancy", "\tunit: vacancy"), "demo.yaml:22:1: not valid YAML"),
    "unclosed": (swap("[sector]", "[sector"), "demo.yaml:24"),
    "empty": (lambda text: "", "demo.yaml:1: the file does not hold keys and values; found 'nothing'"),
    "a list": (lambda text: "- a\n- b\n", "demo.yaml:1: the file does not hold keys and values; found 'list'"),
    "list as key": (swap("title: Demo", "? [a, b]\n: Demo"), "demo.yaml:1: a list or mapping cannot be a key"),
    "control character": (swap("title: Demo", "title: De\x07mo"), "demo.yaml: not valid YAML"),
    "byte order mark": (lambda text: "\ufeff" + text, "demo.yaml:1: the file begins with a byte order mark"),
    "codes of a wrong dimension": (
        swap("sources:", "codes: {age: [a]}\nsources:"),
        "demo.yaml:4:codes: codes for 'age'",
    ),
    "ages without age": (
        swap("    unit: vacancy", "    unit: vacancy\n    ages: {below: zero}"),
        "ages needs the dimension age",
    ),
    "both same and own": (
        swap("    unit: vacancy", "    unit: vacancy\n    same_for: [sector]"),
        "'sector' is in dimensions and in",
    ),
}


def refused(folder) -> ParameterError:
    start = time.process_time()
    with pytest.raises(ParameterError) as caught:
        read_parameters(folder)
    assert time.process_time() - start < 2.0
    return caught.value


def check(error: ParameterError, expected: str) -> None:
    wanted = [line for line in error.problems if expected in line]
    assert wanted, f"{expected!r} is not in:\n{error}"
    assert "remedy: " in wanted[0]
    assert len(str(error)) < 20_000
    assert len(wanted[0]) < 1_000


@pytest.mark.parametrize("name", BROKEN_TABLES)
def test_broken_table_is_refused_with_row_and_remedy(tmp_path, name):
    change, expected = BROKEN_TABLES[name]
    write(tmp_path, change(CSV), YAML)
    check(refused(tmp_path), expected)


@pytest.mark.parametrize("name", BROKEN_METADATA)
def test_broken_metadata_is_refused_with_row_and_remedy(tmp_path, name):
    change, expected = BROKEN_METADATA[name]
    write(tmp_path, CSV, change(YAML))
    check(refused(tmp_path), expected)


def test_the_tables_that_are_broken_here_are_good_before(tmp_path):
    write(tmp_path, CSV, YAML)
    assert len(read_parameters(tmp_path)) == 4


def test_one_mistake_in_a_cell_gives_one_problem(tmp_path):
    write(tmp_path, cell(2, "value", "nan")(CSV), YAML)
    assert len(refused(tmp_path).problems) == 1


def test_the_same_mistake_in_many_rows_is_one_line(tmp_path):
    write(tmp_path, CSV.replace(",estimated,", ",estimate,"), YAML)
    error = refused(tmp_path)
    assert len(error.problems) == 1
    assert error.problems[0].startswith("demo.csv:2:status: unknown status; found 'estimate'")
    assert "did you mean 'estimated'?" in error.problems[0]
    assert error.problems[0].endswith("(and 7 more rows)")


def test_twenty_thousand_different_mistakes_are_reported_quickly_and_briefly(tmp_path):
    rows = [f"wage_effect_{i},X{i},y{i},{i},{i},v{i},,,d{i},s{i},k{i}" for i in range(20_000)]
    write(tmp_path, CSV + "\n".join(rows) + "\n", YAML)
    error = refused(tmp_path)
    assert len(str(error)) < 60_000
    assert any("19980 further problems of this kind" in line for line in error.problems)


def test_twenty_thousand_ragged_rows_are_reported_quickly_and_briefly(tmp_path):
    write(tmp_path, CSV + "a,b\n" * 20_000, YAML)
    error = refused(tmp_path)
    assert len(str(error)) < 20_000
    assert "demo.csv:15: the row has 2 cells" in str(error)


def test_few_rows_that_span_a_huge_product_are_refused(tmp_path):
    header = "parameter,region,sector,sex,age,task,driver,variant,year,value,low,high,distribution,status,source\n"
    rows = "".join(
        f"x,NL,{'ABCDEFGHIJKLMNOPQRS'[i % 19]},male,{i % 100},t{i},d{i},v{i},{1900 + i % 300},1,,,,observed,cbs\n"
        for i in range(300)
    )
    meta = YAML.split("parameters:")[0] + (
        "parameters:\n  x:\n    unit: dmnl\n    dimensions: [region, sector, sex, age, task, driver, variant, year]\n"
        "    definition: x\n    method: x\n    range: {kind: none, basis: x}\n"
    )
    write(tmp_path, header + rows, meta)
    check(refused(tmp_path), "demo.csv:2: 'x' has 300 rows, all combinations of its dimensions would be")


def test_problems_of_both_halves_and_of_all_themes_come_together(tmp_path):
    write(tmp_path, cell(2, "value", "nan")(cell(3, "sex", "m")(CSV)), YAML.replace("unit: 1/year", "unit: year"))
    (tmp_path / "other.csv").write_text(CSV)
    (tmp_path / "third.yaml").write_text("title: [")
    error = refused(tmp_path)
    files = {line.split(":")[0] for line in error.problems}
    assert files == {"demo.csv", "other.csv", "third.yaml"}
    assert "its other half other.yaml is missing" in str(error)
    assert "its other half third.csv is missing" in str(error)


def test_missing_half_names_the_nearest_other_half(tmp_path):
    (tmp_path / "population.csv").write_text(CSV)
    (tmp_path / "populaton.yaml").write_text(YAML)
    assert "found 'population'; did you mean 'populaton'?; remedy: a theme is" in str(refused(tmp_path))


def test_same_parameter_in_two_themes(tmp_path):
    write(tmp_path, CSV, YAML)
    (tmp_path / "zoo.csv").write_text(CSV)
    (tmp_path / "zoo.yaml").write_text(YAML)
    check(refused(tmp_path), "zoo.yaml: 'mortality_rate' is also in demo.yaml")


@pytest.mark.parametrize("name", ["demo.yml", "demo.CSV", "demo.Yaml"])
def test_other_endings_are_named(tmp_path, name):
    (tmp_path / name).write_text(YAML)
    check(refused(tmp_path), f"{name}: the ending of the file name is not used here")


def test_theme_name_with_a_space(tmp_path):
    (tmp_path / "my theme.csv").write_text(CSV)
    (tmp_path / "my theme.yaml").write_text(YAML)
    check(refused(tmp_path), "my theme.csv: not a name for a theme")


def test_a_folder_instead_of_a_file(tmp_path):
    write(tmp_path, CSV, YAML)
    (tmp_path / "demo.csv").unlink()
    (tmp_path / "demo.csv").mkdir()
    check(refused(tmp_path), "demo.csv: not a regular file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_instead_of_a_file_does_not_hang(tmp_path):
    write(tmp_path, CSV, YAML)
    (tmp_path / "demo.yaml").unlink()
    os.mkfifo(tmp_path / "demo.yaml")
    check(refused(tmp_path), "demo.yaml: not a regular file")


def test_a_link_to_nowhere(tmp_path):
    write(tmp_path, CSV, YAML)
    (tmp_path / "demo.csv").unlink()
    (tmp_path / "demo.csv").symlink_to(tmp_path / "gone")
    check(refused(tmp_path), "demo.csv: not a regular file")


def test_a_file_that_is_too_large(tmp_path):
    write(tmp_path, CSV, YAML)
    with (tmp_path / "demo.csv").open("r+b") as file:
        file.truncate(3_000_000_000)  # sparse: takes no room on the disk
    check(refused(tmp_path), "demo.csv: the file is too large; found '3000000000'; allowed: at most")


def test_empty_folder(tmp_path):
    check(refused(tmp_path), "no parameter tables in this folder")


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileError, match="cannot be read: No such file or directory; remedy: give a folder"):
        read_parameters(tmp_path / "gone")


def test_file_instead_of_folder(tmp_path):
    write(tmp_path, CSV, YAML)
    with pytest.raises(FileError, match="cannot be read: Not a directory"):
        read_parameters(tmp_path / "demo.csv")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["demo.csv", "demo.yaml"]), st.data())
def test_any_damage_gives_good_parameters_or_one_parameter_error(tmp_path_factory, name, data):
    folder = tmp_path_factory.mktemp("damaged")
    write(folder, CSV, YAML)
    content = (folder / name).read_bytes()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        stop = min(len(content), start + data.draw(st.integers(0, 30)))
        piece = data.draw(
            st.binary(max_size=8) | st.sampled_from([b",", b"\n", b'"', b"- ", b": ", b"[", b"&a ", b"1e400"])
        )
        content = content[:start] + piece + content[stop:]
    (folder / name).write_bytes(content)
    problems = []
    parameters = ParameterSet({}, {}, "")
    try:
        parameters = read_parameters(folder)
    except ParameterError as error:
        problems = list(error.problems)
    assert problems or len(parameters)
    assert all("remedy: " in line or "further problems" in line for line in problems)
    for parameter in parameters:
        assert np.isfinite(parameters[parameter].value).all()
        assert (parameters[parameter].low <= parameters[parameter].high).all()
