"""Every figure shows the numbers of the forecast, in both languages, with the status of evidence under it."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import krapte_sd as ks
from krapte_sd import plots
from krapte_sd.errors import ParameterError


@pytest.fixture(scope="module")
def ds():
    return ks.run("baseline")


@pytest.fixture(scope="module")
def spread(ds):
    """Statistics as of an ensemble: factors of the central run, so that each number is known."""
    factors = {"central": 1.0, "mean": 1.1, "q05": 0.5, "q95": 2.0}
    made = xr.concat([ds[["need_gap"]] * factor for factor in factors.values()], "statistic")
    return made.assign_coords(statistic=list(factors)).assign_attrs(ds.attrs)


STEPS = pd.DataFrame({"step": ["2024", "ageing", "wages"], "value": [200_000.0, 150_000.0, -50_000.0]})
PARTS = pd.DataFrame({"year": [2030, 2030, 2040, 2040], "part": ["a", "b"] * 2, "value": [9e3, -2e3, 7e3, 1e3]})


def drawn(ds, spread):
    return {
        "headline": lambda language: plots.headline(ds, language=language),
        "shortage_by_sector": lambda language: plots.shortage_by_sector(ds, language=language),
        "population_pyramid": lambda language: plots.population_pyramid(ds, language=language),
        "openings": lambda language: plots.openings(ds, language=language),
        "beveridge": lambda language: plots.beveridge(ds, language=language),
        "shortage_bands": lambda language: plots.shortage_bands(spread, language=language),
        "waterfall": lambda language: plots.waterfall(STEPS, ds, language=language),
        "decomposition": lambda language: plots.decomposition(PARTS, ds, language=language),
    }


def texts(figure):
    found = [text.get_text() for text in figure.texts]
    if figure.get_suptitle():
        found.append(figure.get_suptitle())
    for axes in figure.axes:
        legend = axes.get_legend()
        found += [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
        found += [each.get_text() for each in legend.get_texts()] if legend else []
    return [text for text in found if text]


@pytest.mark.parametrize("name", ["headline", "shortage_by_sector", "population_pyramid", "openings", "beveridge",
                                  "shortage_bands", "waterfall", "decomposition"])  # fmt: skip
def test_both_languages_and_the_status_of_evidence(ds, spread, name):
    draw = drawn(ds, spread)[name]
    english, dutch = texts(draw("en")), texts(draw("nl"))
    counts = ds.attrs["parameter_status_counts"].replace("; ", ", ")
    assert any(f"parameter values by status: {counts}" in text for text in english)
    assert any(f"parameterwaarden naar status: {counts}" in text for text in dutch)
    words = r"\b(thousand|persons|January|age|shortage|demand|by sector|unemployed)\b"
    told = [text for text in dutch if counts not in text]
    assert not [text for text in told if re.search(words, text)]
    with pytest.raises(ParameterError, match="language='fy': allowed: en, nl"):
        draw("fy")


def test_the_beveridge_curve(ds):
    (line,) = plots.beveridge(ds).axes[0].get_lines()
    first = ds.isel(time=0)
    assert line.get_xdata()[0] == pytest.approx(100 * float(first["unemployment_rate"].item()))
    posts = float(first["vacancies"].sum() + first["employed_in_sector"].sum())
    assert line.get_ydata()[0] == pytest.approx(100 * float(first["vacancies"].sum()) / posts)


def test_bands(spread, ds):
    figure = plots.shortage_bands(spread)
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert len(panels) == 19
    care = next(axes for axes in panels if axes.get_title().startswith("Q "))
    central = ds["need_gap"].sel(sector="Q", region="NL").values / 1000
    np.testing.assert_allclose(care.get_lines()[0].get_ydata(), central)
    edge = care.collections[0].get_paths()[0].vertices[:, 1]
    assert edge.max() == pytest.approx(2 * central.max())
    with pytest.raises(ParameterError, match="no statistics; remedy: run it with members"):
        plots.shortage_bands(ds)
    with pytest.raises(ParameterError, match=r"quantiles do not add up over 19 labels of sector; remedy: select one"):
        plots.shortage_bands(spread, by="region")
    assert plots.shortage_bands(spread.isel(sector=[3]).assign_coords(ds["region_name"].coords), by="region")


def test_waterfall(ds):
    bars = plots.waterfall(STEPS, ds).axes[0].patches
    assert [bar.get_width() for bar in bars] == [200, 150, -50, 300]
    assert [bar.get_x() for bar in bars] == [0, 200, 350, 0]
    with pytest.raises(ParameterError, match="no column 'step'; found: name, value"):
        plots.waterfall(STEPS.rename(columns={"step": "name"}), ds)
    with pytest.raises(ParameterError, match="fewer than two rows"):
        plots.waterfall(STEPS[:1], ds)
    with pytest.raises(ParameterError, match="column 'value': 1 values are not finite"):
        plots.waterfall(STEPS.assign(value=[1.0, np.nan, 2.0]), ds)
    with pytest.raises(ParameterError, match="column 'value': not all are numbers"):
        plots.waterfall(STEPS.assign(value=["1", "two", "3"]), ds)


def test_decomposition(ds):
    axes = plots.decomposition(PARTS, ds).axes[0]
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), [7, 8])
    assert [bar.get_height() for bar in axes.patches] == [9, 7, -2, 1]
    assert [bar.get_y() for bar in axes.patches] == [0, 0, 0, 7]
    with pytest.raises(ParameterError, match="a part stands twice in one year"):
        plots.decomposition(pd.concat([PARTS, PARTS]), ds)
    with pytest.raises(ParameterError, match="9 parts; at most 8 can be told apart"):
        plots.decomposition(pd.DataFrame({"year": 2030, "part": list("abcdefghi"), "value": 1.0}), ds)
