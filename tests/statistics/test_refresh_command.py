"""``krapte-sd refresh``: shows first, and writes only with --apply, and only a new folder."""

import pytest
from outputs import call

from krapte_sd.parameters.observations import read_observations


@pytest.fixture
def ask(office, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("KRAPTE_SD_CACHE", str(tmp_path / "cache"))

    def refresh(*options):
        return call(capsys, "refresh", "--from", office.url, "--timeout", "5", *options)

    return refresh


def raised(office, by=2):
    for row in office.publish("cbs_80472ned"):
        if (row["Bedrijfskenmerken"], row["Perioden"]) == ("T001081", "2023KW03"):
            row["OpenstaandeVacatures_1"] += by


def test_it_prints_the_difference_and_replaces_nothing(office, ask, tmp_path):
    raised(office)
    code, out, err = ask("--parameter", "open_vacancies")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == [
        *("parameter", "region", "sector", "sex", "age", "period", "shipped", "found", "difference", "status")
    ]
    assert lines[1].split() == ["open_vacancies", "NL", "A-U", "2023Q3", *lines[1].split()[4:6], "2000", "changed"]
    assert lines[2:] == [
        "",
        "2139 same, 1 changed",
        "nothing was replaced; --apply DIR writes a refreshed copy of the parameters",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_apply_writes_a_copy(office, ask, tmp_path):
    raised(office)
    copy = tmp_path / "mine"
    code, out, err = ask("--parameter", "open_vacancies", "--parameter", "created_vacancies", "--apply", copy)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"{copy}: written, 1 figures replaced or added"
    assert len(office.asked) == 1
    new, old = read_observations(copy / "observations"), read_observations()
    where = {"sector": "A-U", "period": "2023Q3"}
    assert new.value("open_vacancies", **where) == old.value("open_vacancies", **where) + 2000
    code, out, err = ask("--parameter", "open_vacancies", "--folder", copy)
    assert (code, out.splitlines()[0]) == (0, "(none)")
    code, _, err = ask("--parameter", "open_vacancies", "--apply", copy)
    assert code == 2
    assert err == (f"krapte-sd: --apply '{copy}': there is something already; give the name of a new folder\n")


def test_the_list_asks_nobody(office, ask):
    code, out, _ = ask("--list", "--csv")
    assert code == 0
    assert "open_vacancies,observations/vacancies," in out
    assert office.asked == []


def test_all_figures_as_csv(office, ask):
    raised(office)
    code, out, _ = ask("--parameter", "open_vacancies", "--all", "--csv")
    assert code == 0
    assert len(out.splitlines()) == 2141


def test_an_office_that_fails_is_one_line_and_writes_nothing(office, ask, tmp_path):
    code, out, err = ask("--apply", tmp_path / "mine")
    assert (code, out) == (2, "")
    assert err.startswith(
        f"krapte-sd: {office.url}/ODataFeed/odata/80472ned/TypedDataSet: the office refuses: HTTP 404"
    )
    assert err.count("\n") == 1
    assert not list(tmp_path.glob("*mine*"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--parameter", "open_vacancie"], "did you mean 'open_vacancies'"),
        (["--parameter", "open_vacancies", "--parameter", "open_vacancies"], "'open_vacancies' is given twice"),
        (["--timeout", "soon"], "argument --timeout: invalid float value: 'soon'"),
        (["--timeout", "0"], "timeout: seconds above 0 are needed"),
        (["--folder", "nowhere"], "cannot be read"),
    ],
)
def test_bad_calls(office, ask, options, message):
    code, out, err = ask(*options)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("krapte-sd: ")
    assert office.asked == []
