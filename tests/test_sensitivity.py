"""Sensitivity: screening and shares of variance on a function whose answer is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import xarray as xr

from krapte_sd import sensitivity


class Linear:
    """Stands in for the compiled model: a gap that is linear in three parameters, and one that nothing moves."""

    names = ("large", "none", "small")

    def quantiles(self, places: Mapping[str, np.ndarray]) -> xr.Dataset:
        total = 100.0 * places["large"] - 20.0 * places.get("small", 0.0)
        values = np.stack([total, 0.5 * total], axis=-1)[:, None, None]
        coords = {"time": [np.datetime64("2030-01-01", "ns")], "region": ["NL"], "sector": ["Q", "F"]}
        return xr.Dataset({"need_gap": (("member", "time", "region", "sector"), values)}, coords)


def test_screening_finds_size_sign_and_order() -> None:
    table = sensitivity.morris((2030,), trajectories=6, points=Linear())  # type: ignore[arg-type]
    ranked = table[(table["sector"] == "all") & (table["year"] == 2030)].set_index("parameter")
    inside = 1 - 2 * 0.02
    assert ranked["rank"].to_dict() == {"large": 1, "small": 2, "none": 3}
    assert ranked.loc["large", "mean"] == pytest.approx(150.0 * inside)
    assert ranked.loc["small", "mean"] == pytest.approx(-30.0 * inside)
    assert ranked.loc["none", "effect"] == 0.0
    assert (ranked["spread"] < 1e-9).all()


def test_shares_of_variance_are_those_of_a_linear_function() -> None:
    table = sensitivity.sobol(("large", "small"), (2030,), samples=256, points=Linear())  # type: ignore[arg-type]
    shares = table[table["sector"] == "Q"].set_index("parameter")
    assert shares.loc["large", "total"] == pytest.approx(100**2 / (100**2 + 20**2), abs=0.02)
    assert shares.loc["small", "first"] == pytest.approx(20**2 / (100**2 + 20**2), abs=0.02)
    again = sensitivity.sobol(("large", "small"), (2030,), samples=256, points=Linear())  # type: ignore[arg-type]
    np.testing.assert_array_equal(table["total_error"], again["total_error"])
