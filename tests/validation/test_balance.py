"""The accounts: a flow that is not booked is found."""

import numpy as np
import pytest
import xarray as xr

from krapte_sd.validation.balance import booked


def accounts(missing=0.0):
    flow_in, flow_out = np.array([[10.0, 20.0], [30.0, 40.0]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    stock = np.cumsum(np.vstack([[[100.0, 200.0]], flow_in - flow_out]), axis=0)
    stock[2, 1] += missing
    return xr.Dataset(
        {
            "stock": (("time", "sector"), stock, {"units": "person"}),
            "hires": (("year", "sector"), flow_in),
            "leavers": (("year", "sector"), flow_out),
        }
    )


def test_a_closed_account_is_ok():
    line = booked("stock", "stock", accounts(), {"hires": 1, "leavers": -1})
    assert line.ok
    assert abs(line.deviation) < 1e-14
    assert (line.group, line.unit, line.allowed) == ("balance", "person a year", "1e-12 of the stock")


def test_a_missing_person_is_found_where_it_is_missing():
    line = booked("stock", "stock", accounts(missing=0.5), {"hires": 1, "leavers": -1})
    assert not line.ok
    assert (line.model, line.reference) == (pytest.approx(36.5), pytest.approx(36.0))
    assert line.deviation == pytest.approx(0.5 / 254.5)


def test_a_flow_left_out_is_found():
    assert not booked("stock", "stock", accounts(), {"hires": 1}).ok
