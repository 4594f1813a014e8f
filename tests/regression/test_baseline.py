"""The baseline is what it was: a stored table of headline figures, so that no change goes unseen.

If a change of the model or of its numbers is meant, rewrite the table and look at the differences before
committing them::

    python tests/regression/test_baseline.py
    git diff tests/regression/baseline.csv
"""

from pathlib import Path

import pandas as pd
import pytest

import krapte_sd as ks

TABLE = Path(__file__).with_name("baseline.csv")
YEARS = (2024, 2030, 2040, 2050)
NATIONAL = (
    "population_total", "working_age_population", "employed_total", "unemployed_total", "unemployment_rate",
    "net_participation", "vacancies_total", "tightness", "mean_wage_pressure", "closure_factor", "births",
    "deaths_total", "net_migration",
)  # fmt: skip
BY_SECTOR = (
    "employed_in_sector", "vacancies", "need_gap", "frictional_shortage", "structural_shortage", "suppressed_shortage",
    "wage_pressure", "hires", "replacement_demand", "expansion_demand",
)  # fmt: skip
KEYS = ["variable", "sector", "year"]


def headlines() -> pd.DataFrame:
    """Run the baseline and take the figures: stocks on 1 January of the year, flows over it."""
    ds = ks.run("baseline")
    rows = []
    for name in (*NATIONAL, *BY_SECTOR):
        values = ds[name].sum("region") if "region" in ds[name].dims else ds[name]
        along = "year" if "year" in values.dims else "time"
        for year in YEARS:
            at = values.sel({along: year if along == "year" else f"{year}-01-01"})
            at = at.squeeze(drop=True) if along == "time" else at
            for sector in at["sector"].values if "sector" in at.dims else [""]:
                rows.append((name, sector, year, float(at.sel(sector=sector) if sector else at)))
    return pd.DataFrame(rows, columns=[*KEYS, "value"])


def stored() -> pd.DataFrame:
    return pd.read_csv(TABLE, keep_default_na=False)


def test_the_table_is_complete():
    table = stored()
    assert len(table) == len(YEARS) * (len(NATIONAL) + 19 * len(BY_SECTOR))
    assert not table[KEYS].duplicated().any()


@pytest.mark.parametrize("name", [*NATIONAL, *BY_SECTOR])
def test_headline_figures_are_as_stored(now, name):
    before = stored()
    before = before[before["variable"] == name].set_index(KEYS)["value"]
    found = now[now["variable"] == name].set_index(KEYS)["value"]
    assert list(found.index) == list(before.index)
    # A figure that happens to be near zero is measured by the others of its variable.
    allowed = 1e-6 * before.abs() + 1e-9 * before.abs().max()
    away = (found - before).abs()
    changed = pd.DataFrame({"before": before, "now": found})[away > allowed]
    assert changed.empty, f"changed; if this is meant, run python tests/regression/{Path(__file__).name}\n{changed}"


@pytest.fixture(scope="module")
def now() -> pd.DataFrame:
    return headlines()


if __name__ == "__main__":
    headlines().to_csv(TABLE, index=False, lineterminator="\n", float_format="%.10g")
