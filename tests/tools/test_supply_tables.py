"""The table of supply responses can be derived again, and its rates give what was published."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tools.parameters import __main__ as steps
from tools.parameters.migration import LEFT, departure_rates, group_shares, left_after

from krapte_sd.parameters.locate import parameters_folder


def test_the_table_can_be_derived_again(tmp_path: Path) -> None:
    shutil.copytree(parameters_folder(), tmp_path / "parameters")
    assert steps.main(["derive-supply", "--parameters", str(tmp_path / "parameters")]) == 0
    assert (tmp_path / "parameters" / "supply.csv").read_bytes() == (parameters_folder() / "supply.csv").read_bytes()


def test_departure_rates_give_the_published_shares() -> None:
    first, later = (
        dict(zip(("eu_labour", "non_eu_labour", "study_family"), r, strict=False)) for r in departure_rates()
    )
    for group in ("eu_labour", "non_eu_labour", "study_family"):
        for years, share in zip((2.0, 5.0), LEFT[group], strict=True):
            assert left_after(years, first[group], later[group]) == pytest.approx(share, abs=1e-3)


def test_group_shares_are_those_of_the_counts() -> None:
    """EU labour migrants: 36% of 127 thousand of the 299 thousand without refugees from Ukraine."""
    assert group_shares()[0] == pytest.approx(0.364 * 126.8 / 298.7, rel=0.01)
    assert group_shares().sum() == pytest.approx(1.0)
