"""What the explorer shows, without a browser: the numbers are those of the library, and a wrong lever is refused."""

import numpy as np
import pytest
import xarray as xr

import krapte_sd as ks
from krapte_sd.errors import FileError, ParameterError, ScenarioError
from krapte_sd.explorer import Levers, Session, explore, report, write_report
from krapte_sd.scenarios import read_scenario


@pytest.fixture(scope="module")
def session():
    return Session()


MOVED = Levers(
    population="groei", parameters={"market_makes_room": 0.0}, policies={"employer_service_points": {"start": 2030}}
)


def test_levers_come_from_the_tables(session):
    assert session.populations == ks.populations()["name"].tolist()
    assert list(session.measures) == ks.policies()["name"].tolist()
    table = ks.parameters().set_index("parameter")
    for name, each in session.parameters.items():
        assert each["low"] <= each["value"] <= each["high"], name
        assert each["status"] == table.loc[name, "statuses"]
    assert "market_makes_room" in session.parameters


def test_the_picture_is_the_forecast(session):
    ds = session.forecast(MOVED)
    direct = ks.run("baseline", population="groei", parameters={"market_makes_room": 0.0},
                    policies=[{"measure": "employer_service_points", "start": 2030}])  # fmt: skip
    drawn = session.picture(ds, "need_gap", "all", "Q", 2040)
    gap = direct["need_gap"].sel(region="NL")
    np.testing.assert_allclose(drawn.values * 1000, gap.sel(sector="Q"), rtol=1e-15)
    np.testing.assert_allclose(drawn.by_sector * 1000, gap.sel(time="2040-01-01"), rtol=1e-15)
    assert drawn.years[0] == 2024
    rows = session.table(ds, session.baseline(MOVED), "NL", "all")
    gap = next(row for row in rows if row["what"] == "Need gap")
    assert gap["2050"] * 1000 == pytest.approx(float(direct["need_gap"].sel(time="2050-01-01").sum()))
    assert gap["2024 change"] == pytest.approx(0, abs=1e-9)
    assert abs(gap["2050 change"]) > 1


def test_the_band_is_that_of_the_members(session, monkeypatch):
    """The members themselves are those of `krapte_sd.run`, which has its own tests."""
    base = session.baseline(Levers())[["need_gap"]]
    members = xr.concat([base * (1 + k / 10) for k in range(11)], "member")
    asked = []
    monkeypatch.setattr(ks, "run", lambda scenario, **options: asked.append((scenario, options)) or members)
    band = session.band(MOVED, "need_gap", "all", "all")
    assert asked[0][0]["population"] == "groei"
    assert asked[0][1]["full"] is True
    total = base["need_gap"].sum(["region", "sector"]).values / 1000
    np.testing.assert_allclose(band.low, total * 1.05, rtol=1e-12)
    np.testing.assert_allclose(band.high, total * 1.95, rtol=1e-12)


def test_levers_at_rest_give_the_baseline(session):
    assert session.forecast(Levers()) is session.baseline(Levers())
    assert not Levers().moved
    assert MOVED.moved


def test_the_yaml_runs_as_a_scenario(session, tmp_path):
    path = tmp_path / "scenario.yaml"
    path.write_text(session.yaml(MOVED))
    again = read_scenario(str(path))
    assert again.population == "groei"
    assert ks.run(str(path), by_age=False)["need_gap"].identical(session.forecast(MOVED)["need_gap"])


@pytest.mark.parametrize(
    ("levers", "message"),
    [
        (Levers(population="groie"), "did you mean 'gro"),
        (Levers(parameters={"market_makes_rom": 0.0}), "did you mean 'market_makes_room'"),
        (Levers(policies={"no_such_measure": {}}), "no_such_measure"),
        (Levers(policies={"employer_service_points": {"start": 1066}}), "1066"),
        (Levers(policies={"employer_service_points": {"strength": "huge"}}), "strength"),
    ],
)
def test_wrong_levers(session, levers, message):
    with pytest.raises((ScenarioError, ParameterError), match=message):
        session.forecast(levers)


@pytest.mark.parametrize(
    ("look", "message"),
    [
        (("wages", "all", "all", 2030), "variable 'wages': not shown here; allowed: need_gap"),
        (("need_gap", "XX", "all", 2030), "region 'XX': not in the forecast; allowed: all, NL"),
        (("need_gap", "all", "Z", 2030), "sector 'Z': not in the forecast; allowed: all, A, B"),
        (("need_gap", "all", "all", 1999), "year 1999: not in the forecast; allowed: 2024 to 2051"),
    ],
)
def test_wrong_looks(session, look, message):
    with pytest.raises(ScenarioError, match=message):
        session.picture(session.baseline(Levers()), *look)


def test_the_report_is_one_page_with_everything(tmp_path):
    ds = ks.run("baseline")
    ds.attrs["title"] = "A <script>alert(1)</script> title"
    text = report(ds)
    assert text.count("<img ") == text.count('src="data:image/png;base64,') == 4
    assert "<script" not in text
    assert "http://" not in text.replace('http-equiv="', "")
    total = float(ds["need_gap"].sel(time="2050-01-01").sum()) / 1000
    assert f"<td>{total:,.0f}</td>" in text
    for line in ds.attrs["references"].splitlines()[:5]:
        assert line.split("&")[0].split("'")[0][:40] in text
    assert ds.attrs["parameter_status_counts"] in text
    first = write_report(ds, tmp_path / "a.html")
    assert write_report(ds, tmp_path / "b.html") == first
    with pytest.raises(FileError, match="let the name end in"):
        write_report(ds, tmp_path / "a.pdf")


def test_a_port_that_cannot_be_had():
    pytest.importorskip("panel", reason="needs the extra explore")
    import socket

    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        with pytest.raises(ParameterError, match=r"port \d+ on localhost cannot be had: .*; give another"):
            explore(taken.getsockname()[1], show=False)
