"""Width of the forecast: the drawn population beside the official interval, and the parts of the variance."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from krapte_sd import uncertainty
from krapte_sd.ensemble.sampling import Sampling
from krapte_sd.errors import ParameterError


@pytest.mark.slow
def test_members_give_the_official_intervals_of_the_population() -> None:
    found = uncertainty.population_intervals()
    assert found.index.tolist() == [2030, 2040, 2050]
    assert found.loc[2050, ["official_low", "official", "official_high"]].tolist() == [
        18_700_708,
        19_683_506,
        20_624_844,
    ]
    assert (found["ratio"] - 1).abs().max() < 0.15, found["ratio"].to_dict()
    # The labour market draws migrants: the middle of the members drifts up, by less than one percent.
    assert ((found["median"] / found["official"] - 1).abs() < 0.01).all()
    assert ((found["low"] < found["central"]) & (found["central"] < found["high"])).all()


def test_a_year_without_official_figure_is_refused() -> None:
    with pytest.raises(ParameterError, match="no official interval for 2031; there are 2024, 2030, 2040, 2050"):
        uncertainty.population_intervals((2031,), members=2)


class Product:
    """Stands in for the compiled model: a gap of two parameters of two tables and of what they do together."""

    names = ("one", "two")
    sampling = Sampling(0, {"one": "uniform", "two": "uniform"}, {}, names)
    model = SimpleNamespace(
        parameters={"one": SimpleNamespace(theme="supply"), "two": SimpleNamespace(theme="technology")}
    )

    def run(self, deviations):
        one, two = deviations["one"], deviations["two"]
        gap = 3 * one + 4 * two + 2 * one * two
        coords = {"time": [np.datetime64("2030-01-01", "ns")], "region": ["NL"], "sector": ["F", "Q"]}
        values = np.stack([gap, np.ones_like(gap)], axis=-1)[:, None, None]
        return xr.Dataset({"need_gap": (("member", "time", "region", "sector"), values)}, coords)


def test_shares_are_those_of_a_known_function() -> None:
    found = uncertainty.variance_by_source((2030,), members=4000, points=Product())  # type: ignore[arg-type]
    found = found.set_index("source")
    whole = (9 + 16) / 3 + 4 / 9
    assert found.loc["supply", "alone"] == pytest.approx(3 / whole, abs=0.01)
    assert found.loc["supply", "share"] == pytest.approx((3 + 2 / 9) / whole, abs=0.01)
    assert found.loc["need and technology", "share"] == pytest.approx((16 / 3 + 2 / 9) / whole, abs=0.01)
    assert found.loc["population", "share"] == 0.0
    assert sum(found["share"]) == pytest.approx(1.0, abs=1e-14)


def test_sources_divide_the_parameters() -> None:
    with pytest.raises(ParameterError, match="'two' of the table 'technology' belongs to no source"):
        uncertainty.variance_by_source((2030,), members=9, sources={"a": ["supply"]}, points=Product())  # type: ignore[arg-type]
    both = {"a": ["supply", "technology"], "b": ["technology"]}
    with pytest.raises(ParameterError, match="'two' of the table 'technology' belongs to a and b"):
        uncertainty.variance_by_source((2030,), members=9, sources=both, points=Product())  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="one member has no variance"):
        uncertainty.variance_by_source((2030,), members=1, points=Product())  # type: ignore[arg-type]


def test_every_drawn_parameter_has_a_source_and_shares_add_up() -> None:
    points = uncertainty._points("need_gap", 2050)
    found = uncertainty.variance_by_source(members=6, points=points)
    assert found["source"].unique().tolist() == list(uncertainty.SOURCES)
    assert found["year"].unique().tolist() == [2030, 2040, 2050]
    assert found.groupby("year")["share"].sum().tolist() == pytest.approx([1.0, 1.0, 1.0], abs=1e-14)
    assert set(found.groupby("year")["parameters"].sum()) == {len(points.names)}
    assert (found.loc[found["source"] == "population", "deviation"] > 0).all()
