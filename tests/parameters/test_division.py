"""National tables divided over regions: nothing is lost, and the country itself is untouched."""

from __future__ import annotations

import numpy as np
import pytest

from krapte_sd.errors import ParameterError
from krapte_sd.parameters import ParameterSet, read_parameters
from krapte_sd.parameters.codes import STATUSES
from krapte_sd.parameters.division import WORKPLACE, divide, workplaces
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.regions import RegionSet, read_region_set

DIVISIONS = ("province", "arbeidsmarktregio")
DIVIDED = (
    "initial_population", "initial_employed", "initial_unemployed", "initial_vacancies", "net_migration_assumed",
    "task_volume",
)  # fmt: skip
ADDED = {"commuting_share", "same_place", "domestic_pull", "move_weight", "age_pull", "birth_factor"}


@pytest.fixture(scope="module")
def national() -> ParameterSet:
    return read_parameters()


@pytest.fixture(scope="module", params=DIVISIONS)
def division(request: pytest.FixtureRequest) -> RegionSet:
    return read_region_set(request.param)


@pytest.fixture(scope="module")
def divided(national: ParameterSet, division: RegionSet) -> ParameterSet:
    return divide(national, division)


def test_the_country_as_one_region_has_the_national_figures(national: ParameterSet) -> None:
    found = divide(national, read_region_set("nl"))
    assert set(found.names) == {n for n in national.names if not national[n].meta.sparse} | ADDED
    for name in set(national.names) & set(found.names):
        for part in ("value", "low", "high", "status"):
            np.testing.assert_array_equal(getattr(found[name], part), getattr(national[name], part), err_msg=name)
    assert found["commuting_share"].value.tolist() == [[[1.0] * 19]]
    assert found["same_place"].value.tolist() == [[1.0]]
    assert found["domestic_pull"].value.tolist() == [0.0]
    assert set(found["move_weight"].value) == set(found["age_pull"].value.ravel()) == {0.0}
    assert found["birth_factor"].value.tolist() == [1.0]


def test_regions_add_up_to_the_national_table(
    national: ParameterSet, divided: ParameterSet, division: RegionSet
) -> None:
    for name in DIVIDED:
        axis = national[name].meta.dimensions.index("region")
        assert divided[name].value.shape[axis] == len(division)
        assert (divided[name].value >= 0).all(), name
        expected = national[name].value.sum(axis=axis)
        np.testing.assert_allclose(divided[name].value.sum(axis=axis), expected, rtol=1e-9, err_msg=name)
        assert set(divided[name].status.ravel()) == {STATUSES.index("estimated")}, name


def test_what_has_no_regions_is_handed_on(national: ParameterSet, divided: ParameterSet) -> None:
    for name in set(national.names) & set(divided.names) - set(DIVIDED):
        assert divided[name] is national[name], name


def test_labels_are_the_regions_and_their_places_of_work(divided: ParameterSet, division: RegionSet) -> None:
    assert workplaces(("PV20", "PV21")) == ("at_PV20", "at_PV21")
    assert divided["initial_population"].along("region") == division.codes
    for name in ("initial_vacancies", "task_volume"):
        assert "region" not in divided[name].meta.dimensions
        assert divided[name].along("workplace") == tuple(WORKPLACE + code for code in division.codes)
    assert divided["commuting_share"].meta.dimensions == ("region", "workplace", "sector")


def test_where_residents_work(divided: ParameterSet, division: RegionSet) -> None:
    share = divided["commuting_share"].value
    assert (share >= 0).all()
    np.testing.assert_allclose(share.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_array_equal(divided["same_place"].value, np.eye(len(division)))
    residents = divided["initial_employed"].value.sum(axis=(2, 3))
    work = read_parameters_of(division)["workplace_share"].value
    workers = np.einsum("rs,rws->ws", residents, share)
    np.testing.assert_allclose(workers / workers.sum(axis=0), work, rtol=1e-6)


def part_of(tables: ParameterSet, name: str) -> ParameterSet:
    return ParameterSet({name: tables[name]}, {tables[name].theme: tables.sources(name)}, "0")


def read_parameters_of(division: RegionSet) -> ParameterSet:
    return read_parameters(parameters_folder() / "regional" / division.name)


def test_a_part_of_the_tables_can_be_divided(national: ParameterSet, division: RegionSet) -> None:
    part = part_of(national, "initial_vacancies")
    found = divide(part, division)
    assert set(found.names) == {"initial_vacancies", *ADDED - {"commuting_share", "same_place"}}
    assert found.sha256 != part.sha256


def test_checksums_tell_divisions_apart(national: ParameterSet) -> None:
    sums = {divide(national, read_region_set(name)).sha256 for name in ("nl", *DIVISIONS)}
    assert len(sums) == 3


def test_a_division_without_a_base_is_named_with_what_there_is(national: ParameterSet) -> None:
    with pytest.raises(ParameterError) as caught:
        divide(national, read_region_set("corop"))
    text = str(caught.value)
    assert "division 'corop': there is no regional base for it" in text
    assert "allowed: nl, arbeidsmarktregio, province" in text


def test_tables_that_have_regions_are_not_divided_again(national: ParameterSet) -> None:
    provinces = read_region_set("province")
    half = divide(part_of(national, "initial_unemployed"), provinces)
    with pytest.raises(ParameterError, match="initial_unemployed: not national, it has 12 regions"):
        divide(half, provinces)
