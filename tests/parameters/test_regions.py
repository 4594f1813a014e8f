"""Divisions of the country: what ships, what is refused, and sums that are exact."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from krapte_sd.errors import BalanceError, FileError, ParameterError
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.raking import commuting_by_section, divide_employed, rake
from krapte_sd.parameters.regions import (
    RegionSet,
    aggregate,
    nests,
    read_between,
    read_region_set,
    region_sets,
    shares,
)

SIZES = {"nl": 1, "province": 12, "corop": 40, "arbeidsmarktregio": 35}
Rows = list[list[str]]


@pytest.fixture(scope="module")
def sets() -> dict[str, RegionSet]:
    return {name: read_region_set(name) for name in region_sets()}


@pytest.fixture
def rows() -> Rows:
    with (parameters_folder() / "regions" / "province.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write(path: Path, rows: Rows) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


def test_shipped_divisions_are_complete(sets: dict[str, RegionSet]) -> None:
    assert {name: len(each) for name, each in sets.items()} == SIZES
    for each in sets.values():
        assert len(each.municipalities) == 342
        assert each.codes == tuple(sorted(each.codes))
        assert sorted(code for region in each.codes for code in each.members(region)) == list(each.municipalities)
        assert each.inhabitants.sum() == pytest.approx(17_467_145)


def test_codes_and_names_are_those_of_cbs(sets: dict[str, RegionSet]) -> None:
    names = {code: name for each in sets.values() for code, name in zip(each.codes, each.names, strict=True)}
    assert names["NL"] == "Nederland"
    assert names["PV27"] == "Noord-Holland"
    assert names["CR23"] == "Groot-Amsterdam"
    assert names["AM18"] == "Groot Amsterdam"
    assert "GM0363" in sets["arbeidsmarktregio"].members("AM18")
    assert not {"AM04", "AM16", "AM31"} & set(names)


def test_which_divisions_nest(sets: dict[str, RegionSet]) -> None:
    assert nests(sets["corop"], sets["province"])
    assert nests(sets["arbeidsmarktregio"], sets["nl"])
    assert not nests(sets["arbeidsmarktregio"], sets["province"])
    assert not nests(sets["province"], sets["corop"])
    groningen = sets["arbeidsmarktregio"].codes.index("AM01")
    row = shares(sets["arbeidsmarktregio"], sets["province"])[groningen]
    assert set(np.array(sets["province"].codes)[row > 0]) == {"PV20", "PV22"}
    assert row.sum() == pytest.approx(1, abs=1e-15)


def test_nested_sums_are_the_sums_of_the_parts(sets: dict[str, RegionSet]) -> None:
    corop, province = sets["corop"], sets["province"]
    values = np.random.default_rng(1).integers(0, 10**9, (3, len(corop))).astype(float)
    found = aggregate(values, corop, province, axis=1)
    at = [corop.codes.index(code) for code in ("CR01", "CR02", "CR03")]
    np.testing.assert_array_equal(found[:, 0], values[:, at].sum(axis=1))
    np.testing.assert_array_equal(aggregate(found, province, sets["nl"], axis=1)[:, 0], values.sum(axis=1))


def test_regions_are_divided_only_when_asked(sets: dict[str, RegionSet]) -> None:
    regions, province = sets["arbeidsmarktregio"], sets["province"]
    values = np.arange(1.0, 36.0)
    with pytest.raises(ParameterError, match=r"lie in several of 'province': AM01, .*divide=True"):
        aggregate(values, regions, province)
    divided = aggregate(values, regions, province, divide=True)
    assert divided.sum() == pytest.approx(values.sum(), rel=1e-14)
    assert divided[0] == pytest.approx(shares(regions, province)[0, 0])


@pytest.mark.parametrize("values", [np.zeros(34), np.zeros((35, 2)).T, np.full(35, np.nan)])
def test_wrong_values_are_refused(values: np.ndarray, sets: dict[str, RegionSet]) -> None:
    with pytest.raises(ParameterError, match="arbeidsmarktregio"):
        aggregate(values, sets["arbeidsmarktregio"], sets["nl"])


def test_own_division(tmp_path: Path, rows: Rows) -> None:
    mine = [["municipality", "region"]] + [[row[0], "north" if row[1] < "PV23" else "rest"] for row in rows[1:]]
    found = read_region_set(write(tmp_path / "mine.csv", mine))
    assert (found.name, found.codes, found.names) == ("mine", ("north", "rest"), ("north", "rest"))
    assert nests(read_region_set("province"), found)


def test_all_problems_of_a_division_in_one_message(tmp_path: Path, rows: Rows) -> None:
    twice = next(row for row in rows if row[0] == "GM0014")
    mine = [row for row in rows if row[0] not in ("GM0034", "GM0363")]
    mine += [twice, ["GM0457", "PV27", "Noord-Holland"], ["GM9999", "PV27", "Noord-Holland"]]
    mine += [["GM0034", "PV24", "Flevopolder"]]
    with pytest.raises(ParameterError) as caught:
        read_region_set(write(tmp_path / "wrong.csv", mine))
    message = str(caught.value)
    assert "the municipality also stands in row 2; found 'GM0014'" in message
    assert "a municipality of another vintage; found 'GM0457'; remedy: it ended in 2022; give GM0363 instead" in message
    assert "unknown municipality; found 'GM9999'" in message
    assert "region PV24 has another name above: 'Flevoland'; found 'Flevopolder'" in message
    assert "1 of 342 municipalities are missing: GM0363" in message
    assert len(caught.value.problems) == 5


def test_codes_of_another_vintage_are_listed(sets: dict[str, RegionSet]) -> None:
    with pytest.raises(ParameterError) as caught:
        sets["arbeidsmarktregio"].positions(["AM01", "AM04", "AM31", "AM04"])
    assert len(caught.value.problems) == 2
    assert "AM04: not a region of 'arbeidsmarktregio'" in str(caught.value)
    with pytest.raises(ParameterError, match="PV99"):
        sets["province"].members("PV99")


def test_unknown_division(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"neither a division of the country nor a file.*province"):
        read_region_set("provinces")
    with pytest.raises(ParameterError, match="no column 'region'"):
        read_region_set(write(tmp_path / "a.csv", [["municipality", "regio"], ["GM0014", "x"]]))
    (tmp_path / "b.csv").write_bytes(b"municipality,region\nGM0014,\xff\n")
    with pytest.raises(FileError, match="not UTF-8"):
        read_region_set(tmp_path / "b.csv")


def test_divisions_cannot_be_changed(sets: dict[str, RegionSet]) -> None:
    with pytest.raises(ValueError, match="read-only"):
        sets["province"].position[0] = 3


def test_divisions_of_other_municipalities_do_not_mix(sets: dict[str, RegionSet]) -> None:
    few = RegionSet("few", ("x",), ("x",), ("GM0014",), np.zeros(1, np.int64), np.ones(1))
    with pytest.raises(ParameterError, match="other municipalities: GM0034"):
        aggregate([1.0], few, sets["nl"])


@pytest.mark.parametrize("name", ["province", "arbeidsmarktregio"])
def test_tables_between_regions(name: str, sets: dict[str, RegionSet]) -> None:
    share, distance = (read_between(table, sets[name]) for table in ("commuting_share", "distance"))
    np.testing.assert_allclose(share.sum(axis=1), 1, rtol=0, atol=1e-9)
    assert (share >= 0).all()
    np.testing.assert_allclose(distance, distance.T, rtol=1e-9)
    assert (distance.argmin(axis=1) == np.arange(SIZES[name])).all()
    assert 150 < distance[
        sets[name].codes.index({"province": "PV20", "arbeidsmarktregio": "AM01"}[name]), -1
    ] < 320 or (name == "arbeidsmarktregio")


def test_mistakes_between_regions(tmp_path: Path, sets: dict[str, RegionSet]) -> None:
    write(tmp_path / "flow.csv", [["region", "to_region", "value"], ["NL", "NL", "x"], ["NL", "BE", "1"]])
    with pytest.raises(ParameterError) as caught:
        read_between("flow", sets["nl"], tmp_path)
    assert len(caught.value.problems) == 2
    write(tmp_path / "gap.csv", [["region", "to_region", "value"], ["PV20", "PV20", "1"]])
    with pytest.raises(ParameterError, match="143 pairs are missing: PV20 to PV21"):
        read_between("gap", sets["province"], tmp_path)


def test_raking() -> None:
    seed = np.random.default_rng(2).uniform(0.1, 1, (4, 3, 2))
    truth = np.random.default_rng(3).uniform(0.1, 1, (4, 3, 2))
    found = rake(seed, [((0,), truth.sum(axis=(1, 2))), ((1, 2), truth.sum(axis=0))])
    np.testing.assert_allclose(found.sum(axis=(1, 2)), truth.sum(axis=(1, 2)), rtol=1e-11)
    np.testing.assert_allclose(found.sum(axis=0), truth.sum(axis=0), rtol=1e-14)
    np.testing.assert_allclose(rake(found, [((1, 2), found.sum(axis=0))]), found, rtol=1e-14)
    with pytest.raises(BalanceError, match="different totals"):
        rake(np.ones((2, 2)), [((0,), [1, 1]), ((1,), [1, 2])])
    with pytest.raises(BalanceError, match="seed has nothing"):
        rake([[0.0, 0.0], [1.0, 1.0]], [((0,), [1.0, 1.0])])
    with pytest.raises(BalanceError, match="not met after 5 rounds"):
        rake([[1.0, 0.0], [1.0, 1.0]], [((0,), [2.0, 1.0]), ((1,), [1.0, 2.0])], most=5)


def test_employed_by_residence_and_by_work() -> None:
    random = np.random.default_rng(4)
    national = random.uniform(10, 100, (3, 2, 5))
    workplace = random.dirichlet(np.ones(4), 3).T
    commuting = random.dirichlet(np.ones(4), 4)
    workers = workplace * national.sum(axis=(1, 2))
    # residents such that the commuting matrix closes
    residents = np.linalg.solve(commuting.T, workers.sum(axis=1))
    if (residents <= 0).any():
        commuting = 0.8 * np.eye(4) + 0.2 * commuting
        residents = np.linalg.solve(commuting.T, workers.sum(axis=1))
    residence = (commuting * residents[:, None]) @ (workers / workers.sum(axis=1, keepdims=True))
    share = np.broadcast_to((residents / residents.sum())[:, None, None], (4, 2, 5))
    found = divide_employed(national, share, residence / residence.sum(axis=0))
    np.testing.assert_allclose(found.sum(axis=0), national, rtol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), share * national.sum(axis=0), rtol=1e-8)
    where = commuting_by_section(commuting, workplace, national.sum(axis=(1, 2)))
    np.testing.assert_allclose(where.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.einsum("rkxa,rwk->wk", found, where), workers, rtol=1e-8)
