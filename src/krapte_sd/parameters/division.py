"""National tables divided over the regions of a run, and where residents work.

The national tables stay the only source of levels; regional tables hold shares (``parameters/regional/<division>/``).
A run of the country as one region takes the same path with shares of one.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import ParameterError
from krapte_sd.parameters.build import Label, Parameter
from krapte_sd.parameters.codes import STATUSES
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.metadata import Ages, ParameterMeta
from krapte_sd.parameters.parameter_set import ParameterSet
from krapte_sd.parameters.raking import commuting_by_section, divide_employed
from krapte_sd.parameters.reading import read_parameters
from krapte_sd.parameters.regions import RegionSet, read_between

__all__ = ["COUNTRY", "WORKPLACE", "divide", "workplaces"]

Floats = NDArray[np.float64]

COUNTRY = "nl"
"""The division with the country as its only region."""

WORKPLACE = "at_"
"""Before the code of a region as a place of work: Vensim wants each label once."""

_ESTIMATED = STATUSES.index("estimated")

# national parameter: the share that divides it, and how the share lies in its dimensions
_BY_SHARE: Mapping[str, str] = {
    "initial_population": "regional_population_share",
    "initial_unemployed": "unemployed_resident_share",
    "initial_vacancies": "vacancy_share",
    "net_migration_assumed": "net_migration_share",
    "task_volume": "task_location",
}
_AT_WORK = ("initial_vacancies", "task_volume")


def workplaces(codes: Sequence[str]) -> tuple[str, ...]:
    """Return the labels of regions as places of work."""
    return tuple(f"{WORKPLACE}{code}" for code in codes)


def divide(tables: ParameterSet, regions: RegionSet) -> ParameterSet:
    """Divide national tables over regions.

    Parameters
    ----------
    tables : ParameterSet
        National tables (one region, NL); may hold a part of the parameters.
    regions : RegionSet
        The division of the run.

    Returns
    -------
    ParameterSet
        With the regions of the division in every regional parameter, and with ``commuting_share``, ``same_place``,
        ``domestic_pull``, ``move_weight``, ``age_pull`` and ``birth_factor``.

    Raises
    ------
    ParameterError, FileError
        If there are no shares for the division, or they do not fit the national tables.
    """
    country = regions.name == COUNTRY
    shares = None if country else _shares(regions.name)
    if shares is not None:
        _same_regions(shares, regions)
    made = {name: tables[name] for name in tables.names if not tables[name].meta.sparse}
    for name, share in _BY_SHARE.items():
        if name in made and shares is not None:
            made[name] = _divided(made[name], shares[share], regions)
    if "initial_employed" in made:
        national = made["initial_employed"]
        if shares is not None:
            value = divide_employed(
                national.value[0], shares["employed_resident_share"].value, shares["residence_share"].value
            )
            made["initial_employed"] = _with(national, value, _labels(national, regions))
        sectors = national.along("sector")
        made |= _structure(regions, shares, national.value.sum(axis=(0, 2, 3)), sectors)
    made |= _differences(regions, shares)
    for name in _AT_WORK:
        if name in made:
            made[name] = _at_work(made[name])
    sources = {name: tables.sources(name) for name in tables.names}
    digest = hashlib.sha256(f"{tables.sha256}\0{regions.name}".encode())
    if shares is not None:
        digest.update(shares.sha256.encode())
    return ParameterSet(made, {made[n].theme: found for n, found in sources.items() if n in made}, digest.hexdigest())


@lru_cache(maxsize=4)
def _shares(division: str) -> ParameterSet:
    folder = parameters_folder() / "regional" / division
    if not folder.is_dir():
        known = sorted(path.name for path in (parameters_folder() / "regional").iterdir() if path.is_dir())
        raise ParameterError(
            f"division '{division}': there is no regional base for it; allowed: {COUNTRY}, {', '.join(known)}; "
            "remedy: derive one in a checkout (python -m tools.parameters add-regions --division FILE)"
        )
    return read_parameters(Path(folder))


def _same_regions(shares: ParameterSet, regions: RegionSet) -> None:
    """Refuse shares whose regions are not those of the division, in its order."""
    problems = []
    for name in shares.names:
        each = shares[name]
        if "region" in each.meta.dimensions and not each.meta.sparse and each.along("region") != tuple(regions.codes):
            found = ", ".join(map(str, each.along("region")))
            problems.append(f"{name}: its regions are {found}; allowed: {', '.join(regions.codes)}, in this order")
    if problems:
        raise ParameterError.collect(f"regional base of '{regions.name}'", problems)


def _labels(each: Parameter, regions: RegionSet) -> tuple[tuple[Label, ...], ...]:
    return tuple(
        tuple(regions.codes) if dimension == "region" else labels
        for dimension, labels in zip(each.meta.dimensions, each.labels, strict=True)
    )


def _with(
    each: Parameter,
    value: Floats,
    labels: tuple[tuple[Label, ...], ...],
    low: Floats | None = None,
    high: Floats | None = None,
) -> Parameter:
    """Return a parameter with other values: estimated, since a division is."""
    frozen = [
        np.ascontiguousarray(array, np.float64)
        for array in (value, value if low is None else low, value if high is None else high)
    ]
    status = np.full(value.shape, _ESTIMATED, np.int64)
    source = np.full(value.shape, int(each.source.reshape(-1)[0]), np.int64)
    for array in (*frozen, status, source):
        array.setflags(write=False)
    return dataclasses.replace(
        each, labels=labels, value=frozen[0], low=frozen[1], high=frozen[2], status=status, source=source
    )


def _divided(national: Parameter, share: Parameter, regions: RegionSet) -> Parameter:
    """Multiply a national parameter by a share that has some of its dimensions."""
    axis = national.meta.dimensions.index("region")
    if national.value.shape[axis] != 1:
        found = national.value.shape[axis]
        raise ParameterError(f"{national.name}: not national, it has {found} regions; remedy: give the national table")
    factor = share.value
    for position, dimension in enumerate(national.meta.dimensions):
        if dimension not in share.meta.dimensions:
            factor = np.expand_dims(factor, position)
        elif dimension != "region" and share.along(dimension) != national.along(dimension):
            raise ParameterError(
                f"{share.name}: its {dimension} differ from those of {national.name}; "
                "remedy: derive the regional tables again (python -m tools.parameters derive-regions)"
            )
    labels = _labels(national, regions)
    return _with(national, national.value * factor, labels, national.low * factor, national.high * factor)


def _at_work(each: Parameter) -> Parameter:
    """Return a parameter by region as one by region of work."""
    axis = each.meta.dimensions.index("region")
    dimensions = tuple("workplace" if name == "region" else name for name in each.meta.dimensions)
    labels = tuple(workplaces([str(c) for c in own]) if at == axis else own for at, own in enumerate(each.labels))
    return dataclasses.replace(each, meta=each.meta.model_copy(update={"dimensions": dimensions}), labels=labels)


def _new(
    name: str,
    unit: str,
    dimensions: tuple[str, ...],
    labels: tuple[tuple[Label, ...], ...],
    value: Floats,
    definition: str,
    ages: Ages | None = None,
) -> Parameter:
    meta = ParameterMeta(
        unit=unit,
        dimensions=dimensions,
        definition=definition,
        method="Made from the regional base",
        ages=Ages() if ages is None else ages,
    )
    array = np.ascontiguousarray(value, np.float64)
    status = np.full(array.shape, _ESTIMATED, np.int64)
    source = np.zeros(array.shape, np.int64)
    for each in (array, status, source):
        each.setflags(write=False)
    return Parameter(name, "regions", meta, labels, array, array, array, status, source, ("regional_base",), ())


def _structure(
    regions: RegionSet, shares: ParameterSet | None, by_section: Floats, sectors: tuple[Label, ...]
) -> dict[str, Parameter]:
    """Say where residents work and which place is which region."""
    count = len(regions)
    places = workplaces(regions.codes)
    if shares is None:
        commuting = np.ones((1, 1, len(sectors)))
    else:
        commuting = commuting_by_section(
            read_between("commuting_share", regions), shares["workplace_share"].value, by_section
        )
    home = tuple(regions.codes)
    return {
        "commuting_share": _new(
            "commuting_share", "dmnl", ("region", "workplace", "sector"), (home, places, sectors), commuting,
            "Share of the employed residents of a region and section by region of work",
        ),
        "same_place": _new(
            "same_place", "dmnl", ("region", "workplace"), (home, places), np.eye(count),
            "One where the region of work is the region of residence",
        ),
    }  # fmt: skip


def _differences(regions: RegionSet, shares: ParameterSet | None) -> dict[str, Parameter]:
    """Net moves between regions per resident, and births; no differences in a country of one region."""
    if shares is None:
        pull, weight, ages = np.zeros(1), np.zeros(101), tuple(range(101))
        by_age, births = np.zeros((1, 101)), np.ones(1)
    else:
        pull, moving = shares["domestic_move_rate"].value, shares["domestic_move_weight"]
        weight, ages = moving.value, tuple(int(a) for a in moving.along("age"))
        by_age, births = shares["domestic_move_by_age"].value, shares["birth_factor"].value
    hold = Ages(below="hold", above="hold")
    return {
        "domestic_pull": _new(
            "domestic_pull",
            "1/year",
            ("region",),
            (tuple(regions.codes),),
            pull,
            "Net moves into the region per resident",
        ),
        "birth_factor": _new(
            "birth_factor",
            "dmnl",
            ("region",),
            (tuple(regions.codes),),
            births,
            "Births relative to the national rates by age of the mother",
        ),
        "move_weight": _new(
            "move_weight",
            "dmnl",
            ("age",),
            (ages,),
            weight,
            "How much people of the age move, relative to the mean",
            ages=hold,
        ),
        "age_pull": _new(
            "age_pull",
            "1/year",
            ("region", "age"),
            (tuple(regions.codes), ages),
            by_age,
            "Net moves into the region per resident of the age, beyond domestic pull",
            ages=hold,
        ),
    }
