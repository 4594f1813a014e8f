"""Scenarios as data: the shipped ones, those of a file, and what is refused."""

import math

import pytest
import yaml

import krapte_sd as ks
from krapte_sd.errors import ParameterError, ScenarioError
from krapte_sd.scenarios import Scenario, read_scenario

HEAD = "name: mine\ntitle: Mine\ntitle_nl: De mijne\ndescription: For a test\n"


@pytest.fixture
def write(tmp_path):
    def written(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return written


def test_the_baseline_changes_nothing():
    scenario = read_scenario("baseline")
    assert (scenario.name, scenario.population, dict(scenario.parameters)) == ("baseline", "prognose", {})
    tables = ks.load_model().parameters
    assert scenario.apply(tables) is tables


def test_every_shipped_scenario_applies():
    tables = ks.load_model().parameters
    for name in ks.scenarios()["name"]:
        scenario = read_scenario(name)
        assert scenario.name == name
        assert scenario.title_nl
        assert scenario.apply(tables).names == tables.names


def test_a_scenario_of_a_file(write):
    path = write(HEAD + "population: groen\nparameters:\n  wage_response: 0.03\n")
    scenario = read_scenario(path)
    told = ("mine", "Mine", "De mijne", "For a test")
    assert scenario == Scenario(*told, population="groen", parameters={"wage_response": 0.03})
    applied = scenario.apply(ks.load_model().parameters)
    assert set(applied.changed) >= {"wage_response", "fertility_rate", "mortality_rate"}
    assert float(applied.values("wage_response")) == 0.03
    ds = ks.run(path, until=2024)
    assert ds.attrs["title"].endswith(": Mine")


def test_what_is_given_on_top_wins(write):
    scenario = read_scenario(write(HEAD + "parameters: {wage_response: 0.03, layoff_time: 0.4}\n"))
    changed = scenario.changed(population="grijs", parameters={"wage_response": 0.01})
    assert changed.population == "grijs"
    assert dict(changed.parameters) == {"wage_response": 0.01, "layoff_time": 0.4}
    assert dict(scenario.parameters) == {"wage_response": 0.03, "layoff_time": 0.4}


def test_the_text_is_the_scenario_in_full(write):
    scenario = read_scenario(write(HEAD + "parameters: {wage_response: 0.03}\n"))
    again = read_scenario(write(scenario.text(), "again.yaml"))
    assert again == scenario
    rate = ks.load_model().parameters.values("turnover")
    told = yaml.safe_load(scenario.changed(parameters={"turnover": rate}).text())
    assert told["parameters"] == {"wage_response": 0.03, "turnover": "array of shape (19,)"}


REFUSED = [
    (HEAD + "populaton: groen\n", "populaton: Extra inputs are not permitted", "did you mean 'population'?"),
    ("name: Bad Name\ntitle: T\ntitle_nl: T\ndescription: D\n", "name: String should match pattern", "'Bad Name'"),
    ("name: mine\n", "3 problems", "title_nl: Field required"),
    (HEAD + "parameters: {wage_response: high}\n", "parameters.wage_response: ", "found 'high'"),
    (HEAD + "parameters: {wage_response: .nan}\n", "parameters.wage_response: ", "found '.nan'"),
    (HEAD + "parameters: {wage_response: [1, 2]}\n", "parameters.wage_response: ", "should be a valid number"),
    (HEAD + "parameters: [wage_response]\n", "parameters: ", "should be a valid dictionary"),
    (HEAD + "name: twice\n", "1 problem", "name"),
    ("- a\n- b\n", "file: Input should be", "1 problem"),
    ("", "file: Input should be", "1 problem"),
    ("name: [mine\n", "mine.yaml:", "not valid YAML"),
]


@pytest.mark.parametrize(("text", "first", "second"), REFUSED)
def test_files_that_do_not_follow_the_schema(write, text, first, second):
    path = write(text)
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path)
    assert str(caught.value).startswith(f"scenario {path}: ")
    assert first in str(caught.value)
    assert second in str(caught.value)


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="not text in UTF-8; remedy: save it as UTF-8"):
        read_scenario(str(path))


@pytest.mark.parametrize("name", ["", "Baseline", "baseline ", "x" * 500, "../scenarios/none", "no/such.yaml", "a\0b"])
def test_names_that_do_not_exist(name):
    with pytest.raises(ScenarioError, match=r"there is no scenario '.*allowed: .*baseline") as caught:
        read_scenario(name)
    assert len(str(caught.value)) < 600


def test_values_are_checked_when_applied(write):
    tables = ks.load_model().parameters
    with pytest.raises(ParameterError, match="did you mean 'wage_response'"):
        read_scenario(write(HEAD + "parameters: {wage_respons: 1.0}\n")).apply(tables)
    with pytest.raises(ParameterError, match="layoff_time: a value is not a finite number"):
        read_scenario("baseline").changed(parameters={"layoff_time": math.inf}).apply(tables)
    with pytest.raises(ScenarioError, match=r"unknown population variant 'grren'.*did you mean 'groen'"):
        read_scenario(write(HEAD + "population: grren\n")).apply(tables)
