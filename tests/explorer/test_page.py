"""The page in a real browser: it loads, a lever moves the numbers, files come down, wrong input is told."""

import shutil
import warnings

import pytest
import yaml

import krapte_sd as ks
from krapte_sd.explorer import Band

pytest.importorskip("panel", reason="needs the extra explore")
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium found (Debian: apt-get install chromium)")

READY = "() => window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].get_model_by_name('lines')"
LAST = "() => { const s = Bokeh.documents[0].get_model_by_name('lines'); return Array.from(s.data.now).at(-2) }"
SECONDS = 30_000


def quick_band(session, levers, variable, region, sector):
    """A band without the compiled ensemble, which has its own tests: half and twice the forecast."""
    drawn = session.picture(session.forecast(levers), variable, region, sector, 2050).values
    return Band(drawn / 2, drawn * 2)


@pytest.fixture(scope="module")
def address():
    from krapte_sd.explorer import explore

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the server's own libraries
        patch.setattr("krapte_sd.explorer.session.Session.band", quick_band)
        server = explore(show=False, threaded=True)
        yield server.url
        server.stop()


@pytest.fixture(scope="module")
def page(address):
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1320, "height": 1000}, accept_downloads=True)
        page.foreign, page.wrong = [], []
        page.on(
            "request", lambda r: page.foreign.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else 0
        )
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.goto(address)
        page.wait_for_function(READY, timeout=4 * SECONDS)
        yield page
        browser.close()


@pytest.fixture(scope="module")
def expected():
    """Need gap of 2050, thousand, with and without room made."""
    gap = {
        room: ks.run("baseline", by_age=False, parameters={"market_makes_room": room})["need_gap"] for room in (0.5, 1)
    }
    return {room: float(each.sel(time="2050-01-01").sum()) / 1000 for room, each in gap.items()}


def number(page, value):
    """Type a value for the first parameter."""
    box = page.locator("input.bk-input[type=text]").first
    box.fill(value)
    box.press("Enter")


def shows(page, value):
    page.wait_for_function(f"Math.abs(({LAST})() - {value}) < 1e-6", timeout=SECONDS)
    page.locator(".figures", has_text=f"{value:,.1f}").wait_for(timeout=SECONDS)


def test_it_loads_and_shows_the_baseline(page, expected):
    shows(page, expected[0.5])
    assert page.locator(".figures").count() == 1
    assert page.foreign == []  # nothing comes from elsewhere
    assert page.wrong == []


def test_a_lever_moves_the_numbers_and_back(page, expected):
    number(page, "1")
    shows(page, expected[1])
    page.get_by_text("Back to the baseline").click()
    shows(page, expected[0.5])
    assert page.wrong == []


def test_the_band_follows(page, expected):
    high = "() => { const s = Bokeh.documents[0].get_model_by_name('band'); return Array.from(s.data.high).at(-2) }"
    page.wait_for_function(f"Math.abs(({high})() - {2 * expected[0.5]}) < 1e-6", timeout=SECONDS)


def test_sources_come_when_they_are_unfolded(page):
    page.get_by_text("Sources of the figures").click()
    page.locator(".sources li", has_text="CBS").first.wait_for(timeout=SECONDS)
    page.get_by_text("Sources of the figures").click()
    assert page.wrong == []


def test_wrong_input_is_told_and_changes_nothing(page, expected, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: x\npopulation: nowhere\n")
    page.locator("input[type=file]").set_input_files(str(bad))
    page.locator(".refused").wait_for(timeout=SECONDS)
    assert "title" in page.locator(".refused").inner_text()
    shows(page, expected[0.5])
    good = tmp_path / "good.yaml"
    told = dict.fromkeys(("title", "title_nl", "description"), "X")
    content = {"name": "x", **told, "extends": "baseline", "parameters": {"market_makes_room": 1.0}}
    good.write_text(yaml.safe_dump(content))
    page.locator("input[type=file]").set_input_files(str(good))
    shows(page, expected[1])
    assert page.locator(".refused").count() == 0


def test_downloads(page, expected, tmp_path):
    for label, name in (
        ("Scenario (YAML)", "scenario.yaml"),
        ("Forecast (netCDF)", "forecast.nc"),
        ("Forecast (CSV)", "forecast.csv"),
    ):
        with page.expect_download(timeout=SECONDS) as came:
            page.get_by_text(label, exact=True).click()
        came.value.save_as(tmp_path / name)
    assert yaml.safe_load((tmp_path / "scenario.yaml").read_text())["parameters"] == {"market_makes_room": 1.0}
    for name in ("forecast.nc", "forecast.csv"):
        ds = ks.open_forecast(tmp_path / name)
        assert float(ds["need_gap"].sel(time="2050-01-01").sum()) / 1000 == pytest.approx(expected[1], rel=1e-12)
    assert page.wrong == []
