"""The regional tables follow from the observations, add up to the country, and are as good as is said."""

from __future__ import annotations

import csv
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tools.parameters import regions, regions_carry, regions_holdout
from tools.parameters.__main__ import main
from tools.parameters.regions_base import Base, base
from tools.parameters.regions_jobs import GROUP_OF_SECTION, GROUPS, known_totals
from tools.parameters.regions_outlook import END, START, differences, move_weight, national_rates, project

from krapte_sd.errors import ParameterError
from krapte_sd.parameters import ParameterSet, read_parameters
from krapte_sd.parameters import division as dividing
from krapte_sd.parameters import regions as areas
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.raking import commuting_by_section, divide_employed
from krapte_sd.parameters.regions import read_between, read_region_set

SHARES = (
    "regional_population_share",
    "employed_resident_share",
    "unemployed_resident_share",
    "workplace_share",
    "residence_share",
    "vacancy_share",
    "net_migration_share",
    "task_location",
)


@pytest.fixture(scope="module")
def found() -> Base:
    return base(parameters_folder())


@pytest.fixture(scope="module")
def national() -> ParameterSet:
    return read_parameters()


@pytest.fixture(scope="module", params=regions.SETS)
def regional(request: pytest.FixtureRequest) -> tuple[str, ParameterSet]:
    return request.param, read_parameters(parameters_folder() / "regional" / request.param)


def figures(path: Path) -> tuple[list[list[str]], np.ndarray]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = [name for name in ("value", "low", "high") if name in rows[0]]
    keys = [[cell for name, cell in row.items() if name not in numbers] for row in rows]
    return keys, np.array([[float(row[name] or "nan") for name in numbers] for row in rows])


@pytest.fixture(scope="module")
def drifting(found: Base) -> regions.Drift:
    return regions.drift(found, parameters_folder())


def test_the_tables_can_be_derived_again(tmp_path: Path, found: Base, drifting: regions.Drift) -> None:
    shutil.copytree(parameters_folder(), tmp_path / "parameters")
    for name in regions.SETS:
        folder = tmp_path / "parameters" / "regional" / name
        before = {path.relative_to(folder): figures(path) for path in sorted(folder.rglob("*.csv"))}
        regions.write_set(found, drifting, getattr(found.divisions, name), folder)
        assert len(before) == 6
        for path, (keys, numbers) in before.items():
            again = figures(folder / path)
            assert again[0] == keys
            np.testing.assert_allclose(again[1], numbers, rtol=2e-5, atol=1e-9, err_msg=str(path))


PARTS = {"01": range(20, 25), "NO": range(25, 29), "south": range(29, 32)}
"""Codes that YAML would take for a number and for a truth value, and one that it would not."""


def test_a_division_of_a_caller_is_derived(
    tmp_path: Path, found: Base, drifting: regions.Drift, national: ParameterSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    part_of = {f"PV{number}": part for part, numbers in PARTS.items() for number in numbers}
    province = found.divisions.province
    members = [
        (code, part_of[province.codes[at]]) for code, at in zip(province.municipalities, province.position, strict=True)
    ]
    mine = tmp_path / "parts.csv"
    mine.write_text("municipality,region\n" + "".join(f"{m},{part}\n" for m, part in members), encoding="utf-8")
    parameters = tmp_path / "parameters"
    shutil.copytree(parameters_folder(), parameters)
    monkeypatch.setattr(regions, "base", lambda folder: found)
    monkeypatch.setattr(regions, "drift", lambda made, folder: drifting)
    assert main(["add-regions", "--division", str(mine), "--parameters", str(parameters)]) == 0
    for module in (dividing, areas):
        monkeypatch.setattr(module, "parameters_folder", lambda: parameters)
    division = read_region_set(mine)
    assert division.codes == tuple(sorted(PARTS))
    divided = dividing.divide(national, division)
    for name in ("initial_population", "initial_employed", "initial_vacancies", "net_migration_assumed"):
        axis = national[name].meta.dimensions.index("region")
        country = national[name].value.sum(axis=axis)
        np.testing.assert_allclose(divided[name].value.sum(axis=axis), country, rtol=1e-9, err_msg=name)
    # nine provinces of the forecast in three parts; the rest of the country is the third
    rows = read_parameters(parameters / "regional" / "parts").rows("forecast_population")
    rows = rows[rows["year"] == END].set_index("region")["value"]
    official = read_parameters(parameters / "regional" / "province").rows("forecast_population")
    official = official[official["year"] == END].set_index("region")["value"]
    for part, numbers in PARTS.items():
        assert rows[part] == pytest.approx(sum(official[f"PV{number}"] for number in numbers), rel=1e-6)


def test_a_division_of_a_caller_needs_a_name_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = shutil.copy(parameters_folder() / "regions" / "province.csv", tmp_path / "province.csv")
    with pytest.raises(ParameterError, match="'province': it has the name of one that ships; remedy: give the file"):
        regions.add(Path(taken), parameters_folder())
    with pytest.raises(SystemExit):
        main(["add-regions"])
    assert "--division CSV belongs to the step add-regions" in capsys.readouterr().err


def test_shares_add_up_to_the_country(regional: tuple[str, ParameterSet]) -> None:
    for name in SHARES:
        each = regional[1][name]
        total = each.value.sum(axis=each.meta.dimensions.index("region"))
        np.testing.assert_allclose(total, 1, rtol=0, atol=1e-9, err_msg=name)
        assert (each.value >= 0).all()


def test_regions_are_those_of_the_division(regional: tuple[str, ParameterSet]) -> None:
    codes = read_region_set(regional[0]).codes
    for name in SHARES:
        assert regional[1][name].along("region") == codes


def test_people_and_workers_close(regional: tuple[str, ParameterSet], national: ParameterSet) -> None:
    name, tables = regional
    country = national["initial_employed"].value[0]
    employed = divide_employed(country, tables["employed_resident_share"].value, tables["residence_share"].value)
    np.testing.assert_allclose(employed.sum(axis=0), country, rtol=1e-9)
    share = read_between("commuting_share", read_region_set(name))
    where = commuting_by_section(share, tables["workplace_share"].value, country.sum(axis=(1, 2)))
    workers = tables["workplace_share"].value * country.sum(axis=(1, 2))
    np.testing.assert_allclose(np.einsum("rkxa,rwk->wk", employed, where), workers, rtol=1e-6)
    people = tables["regional_population_share"].value * national["initial_population"].value[0]
    unemployed = tables["unemployed_resident_share"].value * national["initial_unemployed"].value[0]
    ages = [int(age) for age in national["initial_unemployed"].along("age")]
    inactive = people[:, :, ages[0] : ages[-1] + 1] - employed.sum(axis=1) - unemployed
    assert (inactive > 0).all()


def test_municipalities_add_up_to_the_national_tables(found: Base) -> None:
    for part, whole in (
        (found.employed, found.national.employed.sum(axis=0)),
        (found.unemployed, found.national.unemployed),
        (found.sections, found.national.employed.sum(axis=(1, 2))),
        (found.vacancies, found.national.vacancies),
    ):
        np.testing.assert_allclose(part.sum(axis=0), whole, rtol=1e-9)
        assert (part >= 0).all()
    workers = found.commuting.workers
    np.testing.assert_allclose(workers.sum(axis=0), found.jobs.sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(workers.sum(axis=1), found.employed.sum(axis=(1, 2)), rtol=1e-9)


def test_known_municipalities_have_their_share(found: Base) -> None:
    known = known_totals(found.observations, found.divisions)
    assert set(known) == {"GM0363", "GM0373", "GM0394"}
    corop, codes = found.divisions.corop, found.divisions.nl.municipalities
    for code, share in known.items():
        at = codes.index(code)
        area = found.jobs[corop.position == corop.position[at]].sum()
        assert found.jobs[at].sum() / area == pytest.approx(share, rel=1e-9)


def test_the_base_is_as_good_as_is_said(found: Base) -> None:
    told: list[str] = []
    assert regions_holdout.report(found, told.append)
    assert sum(line.startswith("ok") for line in told) == 7
    assert not any(line.startswith("MISS") for line in told)


def test_errors_of_groups_are_those_of_the_holdout(found: Base) -> None:
    areas = regions_holdout.areas_of(found)
    errors = regions_holdout.held_out(areas, found.population.sum(axis=(1, 2)), splits=100)
    told = np.array([regions.SPLIT_ERROR[group] for group in GROUPS])
    np.testing.assert_allclose(told, errors.groups, atol=0.03)


def test_exchange_between_provinces_has_the_observed_signs(found: Base) -> None:
    province = found.divisions.province
    balance = province.incidence() @ (found.jobs.sum(axis=1) - found.employed.sum(axis=(1, 2)))
    signs = dict(zip(province.codes, np.sign(balance), strict=True))
    # CBS 83628NED, December 2018: clear receivers and clear senders
    assert {signs[code] for code in ("PV26", "PV27")} == {1.0}
    assert {signs[code] for code in ("PV21", "PV22", "PV24", "PV25", "PV29", "PV31")} == {-1.0}


def test_moves_add_up_to_zero_and_the_official_shares_hold(found: Base) -> None:
    folder = parameters_folder()
    tables = read_parameters(folder / "regional" / "province")
    rates = national_rates(folder)
    weight = move_weight(found.observations, found.population.sum(axis=0))
    start = np.tensordot(found.divisions.province.incidence(), found.population, 1)
    net, move = tables["net_migration_share"].value, tables["domestic_move_rate"].value
    own = differences(start, rates, net, weight)
    moving = project(start, rates, own, move)
    staying = project(start, rates, replace(own, pull=np.zeros((12, 101))), np.zeros(12))
    np.testing.assert_allclose(moving[1].sum(axis=0), staying[1].sum(axis=0), rtol=1e-12)
    rows = tables.rows("forecast_population")
    official = rows[(rows["year"] == END) & (rows["status"] == "official_projection")]
    assert len(official) == 9
    last = moving[END - START].sum(axis=(1, 2))
    codes = found.divisions.province.codes
    for region, value in zip(official["region"], official["value"], strict=True):
        assert last[codes.index(region)] / last.sum() == pytest.approx(value / 19_630_000, rel=1e-6)


def test_sections_in_a_group_have_the_national_mix(found: Base) -> None:
    national = found.national.employed.sum(axis=(1, 2))
    mix = national / np.bincount(GROUP_OF_SECTION, national)[GROUP_OF_SECTION]
    np.testing.assert_allclose(found.sections, found.jobs[:, GROUP_OF_SECTION] * mix, rtol=1e-12)


RAW = os.environ.get("KRAPTE_SD_RAW")


@pytest.mark.skipif(not RAW, reason="the raw figures are not part of the repository; set KRAPTE_SD_RAW to their folder")
def test_carrying_the_figures_again_gives_the_same_bytes(tmp_path: Path) -> None:
    regions_carry.carry(Path(str(RAW)), tmp_path)
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.csv"))
    assert len(written) == 8
    for path in written:
        assert (tmp_path / path).read_bytes() == (parameters_folder() / path).read_bytes(), path


def test_the_report_as_a_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regions_holdout, "base", lambda folder: folder)
    monkeypatch.setattr(regions_holdout, "report", lambda made, tell: bool(tell("cells")) or True)
    assert regions_holdout.main([]) == 0
    assert capsys.readouterr().out == "cells\n"
