"""The behaviour checks of the shipped model hold; a check that does not hold is told; a wrong file is refused."""

import textwrap

import pytest

from krapte_sd import cli
from krapte_sd.analysis import behaviour
from krapte_sd.analysis.behaviour import check_behaviour
from krapte_sd.analysis.checks import read_checks
from krapte_sd.errors import ModelError, ParameterError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def table(batch):
    return check_behaviour(batch=batch)


def test_the_model_behaves_as_expected(table):
    assert table.loc[~table["ok"], ["check", "found"]].values.tolist() == []


def test_there_are_checks_of_every_kind(table, batch):
    assert len(table) >= 60
    kinds = {kind for group in read_checks() for check in group.checks for kind in check.predicates}
    assert kinds == set(behaviour._COMPARISONS)
    # At both ends of each parameter.
    assert (table["runs"] == 2 * len(batch.ranged)).sum() >= 8
    assert not table.duplicated(["group", "check"]).any()


def write(folder, text):
    path = folder / "checks.yaml"
    path.write_text("groups:\n- describe: group\n  checks:\n" + textwrap.indent(textwrap.dedent(text), "  "), "utf-8")
    return path


ROOM = "variable: need_gap\n  change: {market_makes_room: 0}\n"


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("variable: population_total\n  trend: falling", "smallest step"),
        ("variable: need_gap\n  change: {wage_response: high}\n  above: baseline", "high: need_gap above"),
        ("variable: need_gap\n  change: {wage_response: high}\n  unchanged: baseline", "largest difference"),
        ("variable: wage_pressure\n  at_most: 0.01", "highest"),
        ("variable: vacancies\n  years: [2024]\n  at_least: 1000000", "lowest"),
        ("variable: vacancies\n  below: 0", "against 0"),
        ("variable: vacancies\n  accounts: {flows: {vacancies_opened: 1}}", "of the stock"),
        ("variable: hires\n  parts: {of: {vacancy_hires: 1}}", "off by"),
        (f"{ROOM}  effect_share: {{year: 2030, of: 2040, at_most: 0}}", "of the effect of 2040"),
        (f"{ROOM}  effect_ratio: {{of: {{market_makes_room: 1}}, at_least: 0}}", "times the effect"),
    ],
)  # fmt: skip
def test_a_check_that_does_not_hold_is_told(tmp_path, batch, check, told):
    found = check_behaviour(write(tmp_path, f"- it: something\n  {check}\n"), batch=batch).iloc[0]
    assert not found["ok"]
    assert told in found["found"]


def test_everything_wrong_in_a_file_is_in_one_message(tmp_path, batch):
    path = write(tmp_path, "- it: a\n  variable: x\n- it: b\n  variable: x\n  abovee: 3\n")
    with pytest.raises(ModelError) as told:
        read_checks(path)
    assert "checks.yaml:4: groups.0.checks.0: " in str(told.value)
    assert "no comparison; give one of above" in str(told.value)
    assert "checks.yaml:8" in str(told.value) or "groups.0.checks.1.abovee" in str(told.value)
    path = write(tmp_path, "- it: a\n  variable: need_gab\n  sector: Z\n  years: [1990]\n  finite: true\n")
    with pytest.raises(ModelError) as told:
        check_behaviour(path, batch=batch)
    for part in (
        "'need_gab' is no output; did you mean 'need_gap'",
        "no sector 'Z'",
        "the year 1990 is not in the run",
    ):
        assert part in str(told.value)
    path = write(tmp_path, "- it: a\n  variable: need_gap\n  finite: true\n  change: {wage_respons: high}\n")
    with pytest.raises(ParameterError, match="did you mean 'wage_response'"):
        check_behaviour(path, batch=batch)


def test_the_command(capsys, monkeypatch, table):
    monkeypatch.setattr(behaviour, "check_behaviour", lambda: table)
    assert cli.main(["check-behaviour"]) == 0
    assert f"{len(table)} checks, 0 failed" in capsys.readouterr().out
    bad = table.assign(ok=[False] + [True] * (len(table) - 1))
    monkeypatch.setattr(behaviour, "check_behaviour", lambda: bad)
    assert cli.main(["check-behaviour", "--csv"]) == 1
    capsys.readouterr()
    assert cli.main(["check-behaviour", "--seed", "1"]) == 2
    assert "--seed: for random draws only; give --draws too" in capsys.readouterr().err
