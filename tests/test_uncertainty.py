"""Width of the forecast: the drawn population beside the official interval, and the parts of the variance."""

from __future__ import annotations

import pytest

from krapte_sd import uncertainty
from krapte_sd.errors import ParameterError


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
