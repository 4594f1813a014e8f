"""Numbers as they are written on the pages."""

import pytest
from tools.docs.markers import number


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(-0.04, 1, "0.0"), (-0.06, 1, "−0.1"), (-0.4, 0, "0"), (-12.0, 0, "−12"), (0.126, 2, "0.13"), (-0.0, 2, "0.00")],
)
def test_no_zero_has_a_sign_and_what_is_below_has_a_minus(value, decimals, text):
    assert number(value, decimals) == text
