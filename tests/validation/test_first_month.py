"""The first month: sampling at exactly a twelfth of a year."""

import numpy as np
import pytest

from krapte_sd import forecast
from krapte_sd.validation.first_month import SAME, SCALES, first_month


def test_the_last_value_is_that_of_one_month():
    times = 2024 + np.arange(65) / 64
    values = np.stack([3 * (times - 2024), 1 - (times - 2024)], axis=1)
    found = first_month(times, values)
    assert found.shape == (7, 2)  # 0, 1/64 ... 5/64, 1/12
    np.testing.assert_allclose(found[-1], [3 / 12, 11 / 12], rtol=1e-12)
    np.testing.assert_array_equal(found[:6], values[:6])


def test_a_spike_within_the_month_is_seen():
    times = 2024 + np.arange(65) / 64
    values = np.zeros(65)
    values[2] = 5.0
    assert first_month(times, values).max() == pytest.approx(5.0)


def test_only_outputs_of_the_forecast_have_a_scale_of_their_own():
    assert set(SCALES) | set(SAME) <= {*forecast.STATES, *forecast.FLOWS}
