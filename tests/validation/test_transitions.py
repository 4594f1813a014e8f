"""The simulated three-month table against cases that can be worked out by hand."""

import numpy as np
import pytest

from krapte_sd.validation.transitions import generators, three_month_shares


def test_generators_divide_flows_by_the_stock_they_leave():
    stocks = np.array([[100.0, 0.0], [10.0, 5.0], [40.0, 20.0]])
    found = generators(
        stocks, {(0, 1): np.array([20.0, 0.0]), (1, 0): np.array([15.0, 5.0]), (1, 2): np.array([5.0, 0.0])}
    )
    assert found.shape == (2, 3, 3)
    np.testing.assert_allclose(found[0], [[-0.2, 0.2, 0], [1.5, -2.0, 0.5], [0, 0, 0]])
    np.testing.assert_allclose(found[1], [[0, 0, 0], [1.0, -1.0, 0], [0, 0, 0]])


def test_one_way_flow_is_exponential():
    stocks = np.array([[1000.0], [50.0], [200.0]])
    found = three_month_shares(stocks, {(0, 2): np.array([400.0])})
    stay = np.exp(-0.4 / 4)
    np.testing.assert_allclose(found, [[stay, 0, 1 - stay], [0, 1, 0], [0, 0, 1]], atol=1e-14)


def test_who_comes_back_within_the_quarter_is_not_seen():
    # Two statuses, rates a and b: the share elsewhere is a/(a+b) (1 - exp(-(a+b)/4)), less than the gross flow a/4.
    a, b = 0.5, 6.0
    stocks = np.array([[100.0], [10.0], [0.0]])
    found = three_month_shares(np.vstack([stocks[:2], [[1.0]]]), {(0, 1): a * stocks[0], (1, 0): b * stocks[1]})
    assert found[0, 1] == pytest.approx(a / (a + b) * (1 - np.exp(-(a + b) / 4)), rel=1e-12)
    assert found[0, 1] < a / 4
    assert found[1, 0] == pytest.approx(b / (a + b) * (1 - np.exp(-(a + b) / 4)), rel=1e-12)


def test_cells_count_by_their_people():
    stocks = np.array([[300.0, 100.0], [1.0, 1.0], [1.0, 1.0]])
    found = three_month_shares(stocks, {(0, 1): np.array([0.0, 100.0])})
    leave = 1 - np.exp(-0.25)
    assert found[0, 1] == pytest.approx(0.25 * leave, rel=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


@pytest.mark.parametrize("flow", [np.array([-1.0, 0.0]), np.array([0.0, 2.0])])
def test_flows_that_cannot_be_are_refused(flow):
    stocks = np.array([[10.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    with pytest.raises(
        ValueError, match="flow from employed to inactive: found a negative flow, or one out of an empty"
    ):
        generators(stocks, {(0, 2): flow})
