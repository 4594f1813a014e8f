"""The derived tables can be derived again, and the base they describe agrees with what is published."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from tools.parameters import __main__ as steps
from tools.parameters.labour_flows import EN, EU, NA, ODDS, UE, UN, generators, quarter
from tools.parameters.labour_profiles import SECTORS
from tools.parameters.tables import Row, write_rows

from krapte_sd.parameters import read_parameters
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.observations import read_observations


def figures(path: Path) -> tuple[list[list[str]], np.ndarray]:
    """Split a table into its keys and its numbers."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = ("value", "low", "high")
    keys = [[cell for name, cell in row.items() if name not in numbers] for row in rows]
    return keys, np.array([[float(row[name] or "nan") for name in numbers] for row in rows])


def test_the_labour_tables_can_be_derived_again(tmp_path: Path) -> None:
    shutil.copytree(parameters_folder(), tmp_path / "parameters")
    assert steps.main(["derive-labour", "--parameters", str(tmp_path / "parameters")]) == 0
    for theme in ("demand", "labour", "vacancies"):
        keys, numbers = figures(parameters_folder() / f"{theme}.csv")
        again_keys, again = figures(tmp_path / "parameters" / f"{theme}.csv")
        assert again_keys == keys
        # another processor may sum in another order inside the least squares
        np.testing.assert_allclose(again, numbers, rtol=2e-5, atol=1e-9, err_msg=theme)


def test_the_base_has_the_published_totals() -> None:
    tables, observed = read_parameters(), read_observations()
    survey = slice(15, 74)
    assert float(tables.values("initial_employed").sel(age=survey).sum()) == pytest.approx(
        observed.value("employed", period="2024-01"), rel=1e-8
    )
    assert float(tables.values("initial_unemployed").sel(age=survey).sum()) == pytest.approx(
        observed.value("unemployed", period="2024-01"), rel=1e-8
    )
    assert float(tables.values("initial_vacancies").sum()) == pytest.approx(
        observed.value("open_vacancies_adjusted", period="2023Q4"), rel=1e-8
    )


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize(("band", "low", "high"), [("15-24", 15, 24), ("25-54", 25, 54), ("55-64", 55, 64)])
def test_the_base_has_the_published_section_shares(sex: str, band: str, low: int, high: int) -> None:
    workers = read_parameters().values("initial_employed").sel(region="NL", sex=sex, age=slice(low, high)).sum("age")
    observed = read_observations().series("employed_by_section", sex=sex, age=band)
    recent = observed[observed["period"].isin(["2023", "2024"])].groupby("sector")["value"].mean()
    known = [k for k in SECTORS if k in recent.index and recent[k] > 20_000]
    assert len(known) >= 8
    ours = workers.sel(sector=known) / workers.sum()
    theirs = recent[known] / recent[[k for k in SECTORS if k in recent.index]].sum()
    np.testing.assert_allclose(ours.values, theirs.values, rtol=0.01)


def test_every_search_weight_is_a_rate_and_entrants_are_not_placed_twice() -> None:
    tables = read_parameters()
    for name in ("search_of_unemployed", "search_of_entrants", "search_of_employed"):
        assert float(tables.values(name).min()) >= 0
    placed = tables.values("search_of_entrants").sum("sector")
    assert float(placed.max()) <= 1


def test_a_quarter_of_a_two_state_generator_is_the_closed_form() -> None:
    r = np.zeros((6, 1))
    r[EU], r[UE] = 0.4, 2.0
    table = quarter(generators(r))[0]
    gone = 0.4 / 2.4 * (1 - np.exp(-2.4 / 4))
    assert table[0, 1] == pytest.approx(gone, rel=1e-9)
    assert table[0, 0] == pytest.approx(1 - gone, rel=1e-9)
    assert table[2, 2] == 1.0


def test_rows_of_a_generator_add_up_to_zero() -> None:
    r = np.zeros((6, 3))
    r[EU], r[EN], r[UE], r[UN], r[NA], r[ODDS] = 0.1, 0.2, 2.0, 1.0, 0.5, 1.5
    np.testing.assert_allclose(generators(r).sum(axis=-1), 0, atol=1e-15)


def test_a_row_without_metadata_is_refused(tmp_path: Path) -> None:
    (tmp_path / "some.yaml").write_text("sources: {here: {}}\nparameters: {known: {}}\n", encoding="utf-8")
    rows = [Row("known", 1.0, "here", "assumed"), Row("other", 1.0, "here", "assumed")]
    with pytest.raises(ValueError, match=r"some: parameters in the table and in the metadata differ: \['other'\]"):
        write_rows(tmp_path, "some", rows)
    assert not (tmp_path / "some.csv").exists()
