"""Hostile scenario files: each ends in one clear error, quickly, with exit code 2."""

import os
import time

import pytest

from krapte_sd.cli import main

HEAD = "name: mine\ntitle: Mine\ntitle_nl: De mijne\ndescription: For a test\n"


def without(field):
    return "".join(line + "\n" for line in HEAD.splitlines() if not line.startswith(field + ":"))


BOMB = "b0: &b0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"b{i}: &b{i} [{','.join([f'*b{i - 1}'] * 9)}]\n" for i in range(1, 12)
)

WRONG_TYPES = {
    "name": ["1", "[mine]", "{a: b}", "null", "true", "1.5", "''", "Mine", "mine-one", "9mine", "a b", "x" * 61],
    "title": ["1", "[]", "null", "''", "{}"],
    "description": ["[a, b]", "3.5", "null"],
    "extends": ["1", "[baseline]", "null_scenario", "''", "baselin", "no/such.yaml", "/etc/passwd", "true"],
    "population": ["1", "[groen]", "groenn", "''", "{groen: 1}", "GROEN"],
    "economy": ["1", "hig", "[low]", "''"],
    "tasks": ["dela", "3", "{delay: 3}"],
    "technology": ["fastt", "false", "[fast]"],
    "parameters": [
        "1", "[wage_response]", "wage_response", "{wage_response: high}", "{wage_response: .nan}",
        "{wage_response: .inf}",
        "{wage_response: [1, 2]}", "{wage_response: null}", "{wage_response: true}", "{wage_respons: 1.0}", "{1: 2}",
        "{wage_response: 1e999}", "{wage_response: 0x10}", "{wage_response: '0.03'}", "{turnover: 1.0}", "{'': 1.0}",
    ],
    "policies": [
        "L01", "1", "{L01: 1}", "[1]", "[null]", "[[L01]]", "[L99]", "[job_agrement]", "['']", "[L02, L02]",
        "[L02, job_agreement]",
        "[{measure: L02, strengths: 1.0}]", "[{strength: 1.0}]", "[{measure: L02, strength: strong}]",
        "[{measure: L02, strength: 1e9}]", "[{measure: L02, strength: -5}]", "[{measure: L02, strength: .nan}]",
        "[{measure: L02, strength: [1]}]", "[{measure: L02, start: 1999}]", "[{measure: L02, start: 2100}]",
        "[{measure: L02, start: 2030.5}]", "[{measure: L02, start: '2030'}]", "[{measure: L02, start: soon}]",
        "[{measure: L02, ramp: 0}]", "[{measure: L02, ramp: -1}]", "[{measure: L02, ramp: 999}]",
        "[{measure: L02, end: 2020}]", "[{measure: L02, start: 2035, end: 2030}]", "[{measure: L02, delay: -1}]",
        "[{measure: L02, delay: 99}]", "[{measure: no.yaml}]", "[{measure: [L02]}]", "[{}]",
        "[{measure: L02, until: 2030}]",
    ],
    "without": ["L02", "[L02]", "[1]", "{}"],
    "explore": ["1", "ja", "[true]", "'true'", "null"],
}  # fmt: skip


def typed(field, value):
    head = without(field) if field in ("name", "title", "description") else HEAD
    return head + f"{field}: {value}\n"


FILES: dict[str, str | bytes] = {
    f"{field}: {value[:40]}": typed(field, value) for field, values in WRONG_TYPES.items() for value in values
}
FILES |= {f"without {field}": without(field) for field in ("name", "title", "title_nl", "description")}
FILES |= {
    "empty": "",
    "only spaces": "   \n\n",
    "only a comment": "# nothing\n",
    "a list": "- a\n- b\n",
    "a text": "baseline\n",
    "a number": "42\n",
    "null": "null\n",
    "unknown field": HEAD + "populaton: groen\n",
    "many unknown fields": HEAD + "".join(f"field_{i}: {i}\n" for i in range(5_000)),
    "duplicate key": HEAD + "name: again\n",
    "duplicate key below": HEAD + "parameters:\n  wage_response: 0.02\n  wage_response: 0.03\n",
    "alias": HEAD.replace("Mine", "&a Mine") + "population: *a\n",
    "alias bomb": BOMB + HEAD,
    "merge key": "base: &b {title: T}\n" + HEAD + "<<: *b\n",
    "tag python": HEAD + "population: !!python/object/apply:os.system ['true']\n",
    "tag binary": HEAD + "population: !!binary aGFsbG8=\n",
    "tag own": HEAD + "population: !mine groen\n",
    "two documents": HEAD + "---\n" + HEAD,
    "directive": "%YAML 9.9\n---\n" + HEAD,
    "deep flow": HEAD + "policies: " + "[" * 60 + "]" * 60 + "\n",
    "very deep flow": HEAD + "policies: " + "[" * 50_000,
    "deep block": HEAD + "policies:\n  " + "- " * 20_000 + "x\n",
    "unclosed": HEAD + "policies: [L01\n",
    "unclosed quote": HEAD.replace("Mine", '"Mine'),
    "tab": HEAD + "parameters:\n\twage_response: 0.02\n",
    "colon": HEAD + "population: groen: grijs\n",
    "list as key": "? [a, b]\n: c\n" + HEAD,
    "control character": HEAD.replace("Mine", "Mi\x07ne"),
    "null byte": HEAD.replace("Mine", "Mi\0ne"),
    "byte order mark": "\ufeff" + HEAD + "population: groenn\n",
    "huge number": HEAD + "parameters: {wage_response: 1" + "0" * 5_000 + "}\n",
    "huge integer": HEAD + "policies: [{measure: L02, start: 9" + "9" * 30 + "}]\n",
    "long text": HEAD + "population: " + "x" * 100_000 + "\n",
    "many measures": HEAD + "policies: [" + ", ".join(f"L{i}" for i in range(100, 3_000)) + "]\n",
    "many parameters": HEAD + "parameters:\n" + "".join(f"  p{i}: {i}\n" for i in range(3_000)),
    "larger than allowed": HEAD + "# " + "x" * 1_200_000 + "\n",
    "utf-16": (HEAD + "population: groen\n").encode("utf-16"),
    "utf-32": HEAD.encode("utf-32"),
    "latin-1": HEAD.replace("Mine", "Caf\xe9").encode("latin-1"),
    "utf-16 without mark": HEAD.encode("utf-16-le"),
    "cut utf-8": HEAD.encode() + b"population: caf\xc3",
    "surrogate": HEAD.encode() + b"population: \xed\xa0\x80",
    "binary": bytes(range(256)) * 20,
    "gzip": b"\x1f\x8b\x08\x00" + b"\x00" * 100,
    "json array": "[1, 2, 3]\n",
    "html": "<html><body>404</body></html>\n",
    "windows ini": "[scenario]\nname=mine\n",
    "parameter of the variant": HEAD + "economy: low\nparameters: {market_makes_room: 0.2}\n",
    "a measure as a scenario": "measures:\n  - {id: X01, slug: mine}\n",
}


def refused(capsys, *arguments):
    capsys.readouterr()
    begun = time.process_time()
    code = main(["compare", "baseline", *map(str, arguments)])
    spent = time.process_time() - begun
    _out, err = capsys.readouterr()
    assert code == 2, err
    assert spent < 2.0
    lines = [line for line in err.splitlines() if not line.startswith("krapte-sd: note:")]
    assert lines[0].startswith("krapte-sd: ")
    assert sum(line.startswith("krapte-sd: ") for line in lines) == 1
    assert "Traceback" not in err
    assert len(err) < 30_000
    return err


@pytest.fixture(scope="module", autouse=True)
def warm():
    """Everything is compiled before the clock runs."""
    assert main(["compare", "baseline", "future_groen", "--by", "total"]) == 0


def test_there_are_a_hundred_and_all_differ():
    assert len(FILES) >= 100
    assert len(set(map(repr, FILES.values()))) == len(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_ends_in_one_clear_error(tmp_path, capsys, name):
    path = tmp_path / "mine.yaml"
    content = FILES[name]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    err = refused(capsys, path)
    # It names the file, or what in it is wrong.
    assert "mine" in err or "parameters" in err or "population" in err


SAID = {
    "unknown field": ["populaton: Extra inputs are not permitted", "did you mean 'population'?"],
    "policies: [job_agrement]": ["there is no measure 'job_agrement'", "did you mean 'job_agreement'?"],
    "policies: [{measure: L02, strengths: 1.0}]": ["policies.0.strengths", "did you mean 'strength'?"],
    "policies: [{measure: L02, strength: 1e9}]": ["strength 1e+09 of 'job_agreement' is out of reach", "0 to 7740"],
    "policies: [{measure: L02, start: 2100}]": ["policies.0.start", "less than or equal to 2050"],
    "policies: [L02, job_agreement]": ["the measure 'job_agreement' is asked for twice"],
    "extends: baselin": ["there is no scenario 'baselin'", "did you mean 'baseline'?"],
    "population: groenn": ["unknown population variant 'groenn'", "did you mean 'groen'?"],
    "economy: hig": ["unknown economy variant 'hig'", "did you mean 'high'?"],
    "parameters: {wage_respons: 1.0}": ["unknown parameter", "did you mean 'wage_response'?"],
    "alias bomb": ["an alias is not allowed"],
    "duplicate key": ["the key stands twice (first in row 1)"],
    "utf-16": ["not text in UTF-8; remedy: save it as UTF-8"],
    "larger than allowed": ["the file is too large: 1200"],
    "without: [L02]": ["'L02' is no measure of the parent; allowed: none, the parent has no measures"],
    "parameter of the variant": ["market_makes_room is given as a parameter and set by the economy 'low'"],
}


@pytest.mark.parametrize("name", SAID)
def test_the_message_says_what_and_what_is_nearest(tmp_path, capsys, name):
    path = tmp_path / "mine.yaml"
    content = FILES[name]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    err = refused(capsys, path)
    for part in SAID[name]:
        assert part in err


def test_circles_and_chains_of_parents(tmp_path, capsys):
    (tmp_path / "a.yaml").write_text(HEAD + "extends: b.yaml\n")
    (tmp_path / "b.yaml").write_text(HEAD + "extends: a.yaml\n")
    (tmp_path / "self.yaml").write_text(HEAD + "extends: self.yaml\n")
    for name in ("a.yaml", "self.yaml"):
        assert "extends goes round in a circle" in refused(capsys, tmp_path / name)
    for i in range(20):
        (tmp_path / f"c{i}.yaml").write_text(HEAD + f"extends: c{i + 1}.yaml\n")
    assert "more than 8 parents" in refused(capsys, tmp_path / "c0.yaml")
    (tmp_path / "broken.yaml").write_text(HEAD + "population: [x]\n")
    (tmp_path / "child.yaml").write_text(HEAD + "extends: broken.yaml\n")
    assert "broken.yaml:5: population" in refused(capsys, tmp_path / "child.yaml")


def test_what_is_no_file(tmp_path, capsys):
    (tmp_path / "folder.yaml").mkdir()
    assert "not a regular file" in refused(capsys, tmp_path / "folder.yaml")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.yaml")
        assert "not a regular file" in refused(capsys, tmp_path / "pipe.yaml")
    assert "there is no scenario" in refused(capsys, tmp_path / "gone.yaml")
    with (tmp_path / "sparse.yaml").open("wb") as file:
        file.truncate(3_000_000_000)  # takes no room on the disk
    assert "the file is too large: 3000000000 bytes" in refused(capsys, tmp_path / "sparse.yaml")


MEASURE = """measures:
- id: X01
  slug: my_measure
  name: Mine
  name_nl: De mijne
  area: better match
  effects: [{lever: lever_matching, effect: 1.0}]
  strength: {unit: share, low: 0.0, central: 0.01, high: 0.02}
  start: 2026
  cap: 0.05
  pool: vacancies
  side_effects: None known
  source: Own guess
  status: assumed
  caveat: For a test
"""
BROKEN_MEASURES = {
    "unknown lever": (("lever_matching", "lever_maching"), "the model has no lever 'lever_maching'"),
    "lever in capitals": (("lever_matching", "Lever Matching"), "should match pattern"),
    "label it does not have": (("effect: 1.0}", "effect: 1.0, sector: [Q]}"), "has no dimension for 'sector'"),
    "cap below high": (("cap: 0.05", "cap: 0.015"), "the cap lies below the high strength"),
    "range the wrong way": (("low: 0.0", "low: 0.5"), "low <= central <= high does not hold"),
    "unknown and strong": (("status: assumed", "status: unknown"), "an unknown effect has the central strength 0"),
    "status": (("status: assumed", "status: sure"), "Input should be 'read', 'computed', 'assumed' or 'unknown'"),
    "field": (("caveat:", "caveats:"), "did you mean 'caveat'?"),
    "start": (("start: 2026", "start: 2019"), "greater than or equal to 2024"),
    "a text as number": (("cap: 0.05", "cap: much"), "cap: Input should be a valid number"),
    "ends before it works": (("cap: 0.05", "end: 2025\n  cap: 0.05"), "it ends before it works"),
    "no measures": (("measures:\n- id: X01\n", "measures: []\nx:\n- id: X01\n"), "List should have at least 1 item"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_MEASURES)
def test_a_broken_measure_of_your_own(tmp_path, capsys, name):
    (old, new), expected = BROKEN_MEASURES[name]
    assert old in MEASURE
    (tmp_path / "measure.yaml").write_text(MEASURE.replace(old, new))
    scenario = tmp_path / "mine.yaml"
    scenario.write_text(HEAD + f"policies: ['{tmp_path / 'measure.yaml'}']\n")
    assert expected in refused(capsys, scenario)


def test_the_measure_that_is_broken_here_is_good_before(tmp_path, capsys):
    (tmp_path / "measure.yaml").write_text(MEASURE)
    scenario = tmp_path / "mine.yaml"
    scenario.write_text(HEAD + f"policies: ['{tmp_path / 'measure.yaml'}']\n")
    assert main(["compare", "baseline", str(scenario), "--by", "total"]) == 0
    assert "mine" in capsys.readouterr().out
