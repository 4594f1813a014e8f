"""Runs by province and labour-market region: what must hold in every one of them."""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import krapte_sd as ks
from krapte_sd import forecast
from krapte_sd.equations import read_model
from krapte_sd.errors import FileError
from krapte_sd.parameters import division as dividing
from krapte_sd.parameters import read_parameters
from krapte_sd.parameters import regions as areas
from krapte_sd.parameters.division import workplaces
from krapte_sd.parameters.locate import models_folder, parameters_folder
from krapte_sd.parameters.regions import aggregate, read_region_set
from krapte_sd.scenarios import read_scenario
from krapte_sd.simulation import REFERENCE_STEP, LoadedModel

pytestmark = pytest.mark.slow

SIZES = {"province": 12, "arbeidsmarktregio": 35}
TOLERANCE = 1e-9
#: Cells below this part of the largest are too small for Vensim's ZIDZ: compared on the scale of the variable only.
NEGLIGIBLE = 1e-6
THREE = {"north": range(20, 25), "middle": range(25, 29), "south": range(29, 32)}
#: Migrants follow tightness and homes, which are not alike with regions.
NO_RESPONSE = dict.fromkeys(("labour_migration_switch", "temporary_migration_switch", "housing_limit_switch"), 0.0)
WEIGHTED = {"domestic_move_rate", "domestic_move_by_age", "birth_factor"}


@pytest.fixture(scope="module", params=SIZES)
def regional(request: pytest.FixtureRequest) -> tuple[str, xr.Dataset]:
    """A run at the default step that stops where a stock turns negative."""
    return request.param, ks.run("baseline", regions=request.param, debug=True)


@pytest.fixture(scope="module")
def country() -> xr.Dataset:
    return ks.run("baseline")


def test_regions_have_codes_and_names(regional: tuple[str, xr.Dataset]) -> None:
    name, ds = regional
    known = read_region_set(name)
    assert tuple(ds["region"].values) == known.codes
    assert tuple(ds["region_name"].values) == known.names
    assert ds.sizes["region"] == SIZES[name]
    assert "workplace" not in ds.dims
    for each in ds.data_vars.values():
        assert np.isfinite(each.values).all(), each.name


def test_the_start_adds_up_to_the_country(regional: tuple[str, xr.Dataset], country: xr.Dataset) -> None:
    _, ds = regional
    for name in (
        "population_by_age", "employed_by_age", "unemployed_by_age", "employed_in_sector", "vacancies",
        "working_age_population", "labour_force", "employed_total", "unemployed_total", "vacancies_total",
    ):  # fmt: skip
        ours, theirs = (each[name].isel(time=0).sum("region").values for each in (ds, country))
        np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, err_msg=name)
    # the homes that cannot be built for want of hands are worked out in each region
    ours, theirs = (each["task_labour"].isel(time=0).sum("region").values for each in (ds, country))
    np.testing.assert_allclose(ours, theirs, rtol=1e-3)


def test_people_of_all_regions_are_those_of_the_country_in_every_year(regional: tuple[str, xr.Dataset]) -> None:
    name, _ = regional
    ds, country = (ks.run("baseline", regions=each, parameters=NO_RESPONSE) for each in (name, "nl"))
    for name in ("population_total", "births", "deaths_total", "emigration_total", "immigration_total"):
        ours, theirs = (each[name].sum("region").values for each in (ds, country))
        np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, err_msg=name)


def test_outputs_are_the_sums_of_their_parts(regional: tuple[str, xr.Dataset]) -> None:
    _, ds = regional
    parts = {
        "population_total": ds["population_by_age"].sum(["sex", "age"]),
        "employed_total": ds["employed_in_sector"].sum("sector"),
        "employed_in_sector": ds["employed_by_age"].sum(["sex", "age"]),
        "unemployed_total": ds["unemployed_by_age"].sum(["sex", "age"]),
        "vacancies_total": ds["vacancies"].sum("sector"),
        "labour_force": ds["employed_total"] + ds["unemployed_total"],
        "need_gap": ds["structural_shortage"] + ds["suppressed_shortage"],
        "hires": ds["vacancy_hires"] + ds["direct_hires"],
    }
    for name, summed in parts.items():
        scale = float(np.abs(ds[name]).max())
        np.testing.assert_allclose(
            summed.transpose(*ds[name].dims).values, ds[name].values, rtol=1e-12, atol=1e-12 * scale, err_msg=name
        )


def test_regions_add_up_to_the_country_by_the_mapping(regional: tuple[str, xr.Dataset]) -> None:
    name, ds = regional
    known, nation = read_region_set(name), read_region_set("nl")
    for output in ("population_total", "need_gap", "hires"):
        values = ds[output].values
        found = aggregate(values, known, nation, axis=1)
        np.testing.assert_allclose(found[:, 0], values.sum(axis=1), rtol=1e-13, err_msg=output)


def test_work_in_sections_stays_close_to_the_run_of_the_country(
    regional: tuple[str, xr.Dataset], country: xr.Dataset
) -> None:
    """Where jobs follow people, work of places that lose them shrinks, as agriculture; where jobs stay, hardly."""
    name, ds = regional
    staying = {"jobs_follow_people": 0.0}
    still, still_country = (ks.run("baseline", regions=each, parameters=staying) for each in (name, "nl"))
    for output, limit, following in (("labour_needed", 0.0125, 0.02), ("employed_in_sector", 0.02, 0.05)):
        last, of_country = (each[output].isel(time=-1).sum("region") for each in (ds, country))
        assert float(np.abs(last - of_country).sum() / of_country.sum()) < 0.006, output
        rest = (each.drop_sel(sector="A") for each in (last, of_country))  # need in agriculture is 2.01% off
        np.testing.assert_allclose(*rest, rtol=following, err_msg=output)
        ours, theirs = (each[output].isel(time=-1).sum("region") for each in (still, still_country))
        np.testing.assert_allclose(ours, theirs, rtol=limit, err_msg=output)
        # sections of the countryside, and of the cities
        moved = (last / of_country) / (ours / theirs)
        assert (moved.sel(sector=["A", "C", "E"]) < 0.996).all(), output
        assert (moved.sel(sector=["J", "K"]) > 1.004).all(), output


def test_need_stays_above_zero_where_more_homes_end_than_construction_has_left() -> None:
    """Much labour for homes at the start and a falling trend: posts for homes that end are more than those left."""
    tables = read_parameters()
    productivity = tables.values("trend_productivity_growth").copy()
    productivity.loc["F"] += 0.04
    given = {
        "labour_per_unit": tables.high("labour_per_unit"),
        "task_volume": tables.high("task_volume"),
        "trend_productivity_growth": productivity,
        "expected_growth_at_start": 0.0,
    }
    save = ("need_of_trend_and_tasks", "labour_needed_before_technology", "labour_needed")
    model = forecast.model_for(read_scenario("baseline").changed(parameters=given), "arbeidsmarktregio")
    run = model.run(start=2024, stop=2051, save=save)
    assert float(run[save[0]].min()) < 0
    least = float(tables["least_need_share"].value) * float(run[save[0]].isel(time=0).min())
    assert float(run[save[1]].min()) >= least > 0
    assert float(run[save[2]].min()) > 0


def test_the_country_is_the_default_and_a_regional_run_leaves_it_as_it_is(country: xr.Dataset) -> None:
    before = ks.run("baseline", regions="nl", until=2030)
    ks.run("baseline", regions="province", until=2025)
    assert ks.run("baseline", until=2030).identical(before)
    xr.testing.assert_identical(before["need_gap"], country["need_gap"].isel(time=slice(0, 8)))
    assert tuple(before["region"].values) == ("NL",)


def test_the_same_call_gives_the_same_bits() -> None:
    first, second = (ks.run("baseline", regions="province", until=2026) for _ in range(2))
    assert first.identical(second)


def test_an_unknown_division_is_named_with_the_nearest() -> None:
    with pytest.raises(FileError) as caught:
        ks.run("baseline", regions="provincie")
    text = str(caught.value)
    assert "'provincie' is neither a division of the country nor a file" in text
    assert "did you mean 'province'" in text


def part_of_ages(ds: xr.Dataset, name: str, ages: slice) -> np.ndarray:
    """Share of a region in the residents of the country of some ages, by 1 January."""
    people = ds["population_by_age"].sum("sex").sel(age=ages).sum("age")
    return (people.isel(region=list(ds["region_name"].values).index(name)) / people.sum("region")).values


def test_towns_keep_their_students_and_their_share_of_the_children(regional: tuple[str, xr.Dataset]) -> None:
    name, ds = regional
    towns = {"province": ("Groningen",), "arbeidsmarktregio": ("Groningen", "Rijk van Nijmegen", "Groot Amsterdam")}
    for town in towns[name]:
        students, pupils = (part_of_ages(ds, town, ages) for ages in (slice(20, 24), slice(10, 14)))
        # those who are 20 to 24 in 2034 were pupils in 2024: without newcomers they would have the share of the pupils
        assert students[0] > 1.2 * pupils[0], town
        assert students[10] / pupils[0] == pytest.approx(students[0] / pupils[0], rel=0.1), town
        assert part_of_ages(ds, town, slice(0, 4))[6] == pytest.approx(part_of_ages(ds, town, slice(0, 4))[0], rel=0.07)


def test_expansion_demand_is_the_change_of_filled_posts(regional: tuple[str, xr.Dataset]) -> None:
    _, ds = regional
    posts = (ds["labour_needed"] - ds["need_gap"]).values
    np.testing.assert_allclose(np.diff(posts, axis=0), ds["expansion_demand"].values, rtol=0, atol=1e-6)


def test_the_default_step_is_fine_enough_by_region(regional: tuple[str, xr.Dataset]) -> None:
    name, ds = regional
    fine = ks.run("baseline", regions=name, step=1 / 16, until=2035, by_age=False)
    coarse = ds.isel(time=slice(0, 13))
    for output in ("employed_total", "unemployed_total", "vacancies_total"):
        np.testing.assert_allclose(coarse[output].values, fine[output].values, rtol=2e-3, err_msg=output)


@pytest.fixture(scope="module")
def provinces() -> xr.Dataset:
    return ks.run("baseline", regions="province", until=2024)


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedModel:
    """The model on a division of the caller: three parts of the country, each some provinces."""
    part_of = {f"PV{number}": part for part, numbers in THREE.items() for number in numbers}
    home = tmp_path / "parameters"
    shutil.copytree(parameters_folder() / "regions", home / "regions")
    known = read_region_set("province")
    rows = [(code, part_of[known.codes[at]]) for code, at in zip(known.municipalities, known.position, strict=True)]
    write_rows(home / "three.csv", [("municipality", "region"), *rows])
    add_up(parameters_folder() / "regional" / "province", home / "regional" / "three", part_of)
    for module in (dividing, areas):
        monkeypatch.setattr(module, "parameters_folder", lambda: home)
    found = read_region_set(home / "three.csv")
    dimensions = {"Region": list(found.codes), "Workplace": list(workplaces(found.codes))}
    yield LoadedModel(read_model(models_folder() / "krapte.mdl", dimensions), read_parameters(), found)
    dividing._shares.cache_clear()


def write_rows(path: Path, rows: list[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def add_up(source: Path, target: Path, part_of: dict[str, str]) -> None:
    """Make the base of parts: shares add up, rates and commuting shares are weighted by residents and employed."""
    people, employed = defaultdict(float), {}
    for row in read_rows(source / "regional_people.csv"):
        if row["parameter"] == "regional_population_share":
            people[row["region"]] += float(row["value"])
    for row in read_rows(source / "regional_groups.csv"):
        if row["parameter"] == "employed_residents":
            employed[row["region"]] = float(row["value"])
    whole = {part: sum(people[code] for code in people if part_of[code] == part) for part in THREE}
    for theme in ("regional_people", "regional_work", "regional_outlook"):
        rows: dict[tuple[str, ...], dict[str, str]] = {}
        for row in read_rows(source / f"{theme}.csv"):
            part = part_of.get(row["region"], "")
            value = float(row["value"])
            if row["parameter"] in WEIGHTED:
                value *= people[row["region"]] / whole[part]
            key = (row["parameter"], part, *(row[c] for c in row if c in ("sector", "sex", "age", "task", "year")))
            kept = rows.setdefault(
                key, {**row, "region": part, "value": "0", "low": "", "high": "", "distribution": ""}
            )
            kept["value"] = repr(float(kept["value"]) + value)
            # any status that is there will do; those of parts that differ are not compared
        rates = [row for row in rows.values() if row["parameter"] == "domestic_move_rate"]
        for row in rates:
            row.update(low=row["value"], high=row["value"], distribution="constant")
        names = list(next(iter(rows.values())))
        write_rows(target / f"{theme}.csv", [tuple(names), *(tuple(row.values()) for row in rows.values())])
        text = (source / f"{theme}.yaml").read_text(encoding="utf-8")
        codes = ", ".join(part_of)
        assert codes in text
        (target / f"{theme}.yaml").write_text(text.replace(codes, ", ".join(sorted(THREE))), encoding="utf-8")
    flows: dict[tuple[str, str], float] = defaultdict(float)
    for row in read_rows(source / "between" / "commuting_share.csv"):
        flows[part_of[row["region"]], part_of[row["to_region"]]] += float(row["value"]) * employed[row["region"]]
    of = {part: sum(value for (home, _), value in flows.items() if home == part) for part in THREE}
    table = [(home, work, repr(value / of[home])) for (home, work), value in flows.items()]
    write_rows(target / "between" / "commuting_share.csv", [("region", "to_region", "value"), *table])


def test_a_division_of_the_caller_runs_and_adds_up(provinces: xr.Dataset, three: LoadedModel) -> None:
    assert three.regions is not None
    assert three.regions.codes == ("middle", "north", "south")
    country = ks.run("baseline", parameters=NO_RESPONSE, by_age=False)
    save = ["population_total", "employed_total", "unemployed_total", "vacancies", "filled_posts"]
    ds = three.run(dict(NO_RESPONSE), save=save, debug=True)
    assert ds["population_total"].dims == ("time", "region")
    assert tuple(ds["region"].values) == three.regions.codes
    total = ds["population_total"].sum("region").values
    np.testing.assert_allclose(total, country["population_total"].sum("region").values, rtol=TOLERANCE)
    posts = ds["filled_posts"].sum(["region", "sector"]).values
    np.testing.assert_allclose(posts, ds["employed_total"].sum("region").values, rtol=1e-12)
    for part, numbers in THREE.items():
        together = provinces.isel(time=0).sel(region=[f"PV{number}" for number in numbers]).sum("region")
        for name in ("population_total", "employed_total", "unemployed_total", "vacancies"):
            here = ds[name].isel(time=0).sel(region=part).values
            np.testing.assert_allclose(here, together[name].values, rtol=1e-8, err_msg=f"{part} {name}")


def test_both_engines_agree_with_three_regions(three: LoadedModel) -> None:
    names = tuple(three.equations.variables)
    reference = three.run(engine="pysd", step=REFERENCE_STEP, stop=2025, save=names)
    program = three.program(names)
    inputs = three.inputs(program.inputs, forecast.FIRST_YEAR, 2025)
    saved = program.run(inputs, forecast.FIRST_YEAR, 2025, REFERENCE_STEP, "euler").saved
    found = []
    for name in names:
        ours, theirs = saved[name], reference[name].values
        assert ours.shape == theirs.shape, name
        assert np.isfinite(theirs).all(), name
        size, away = np.abs(theirs), np.abs(ours - theirs)
        # values of two signs are differences of larger numbers: on the scale of the variable only
        cells = (size > NEGLIGIBLE * size.max()) & ~(theirs.min() < 0 < theirs.max())
        by_cell = float((away[cells] / size[cells]).max(initial=0.0))
        of_largest = float(away.max() / (size.max() or 1.0))
        if max(by_cell, of_largest) > TOLERANCE:
            found.append(f"{name}: {of_largest:.2g} of its largest value, {by_cell:.2g} in a cell")
    assert found == []
