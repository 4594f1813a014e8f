"""A regional run: sums, accounts, figures by region, the first month, and the run of the country beside it.

How well the regional base finds areas it was not told about is tested where the base is derived, by
``python -m tools.parameters.regions_holdout`` in a checkout; the lines here are about the model that runs on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.stats import rankdata

from krapte_sd import forecast
from krapte_sd.errors import ParameterError, nearest
from krapte_sd.parameters.division import COUNTRY, divide
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.reading import read_parameters
from krapte_sd.parameters.regions import RegionSet, aggregate, nests, read_region_set
from krapte_sd.simulation import DEFAULT_STEP
from krapte_sd.validation.balance import ROUNDING, booked
from krapte_sd.validation.evidence import FINE_STEP, MIGRATION_SWITCHES, Evidence, run_outputs
from krapte_sd.validation.first_month import LOGARITHM, SAME, SCALES, SHARE, first_month
from krapte_sd.validation.lines import THOUSAND, Line, absolute, relative, scaled
from krapte_sd.validation.transitions import Floats

if TYPE_CHECKING:
    import xarray as xr

    from krapte_sd.kernel import Program, Result
    from krapte_sd.parameters import ParameterSet

__all__ = ["DIVISIONS", "RegionalEvidence", "lines", "same_area"]

SUMS, BALANCE, POPULATION, START, COUNTRY_RUN, MONTH = (
    "sums", "balance", "population", "start", "against nl", "first month",
)  # fmt: skip
DIVISIONS: Final = ("province", "arbeidsmarktregio")
"""Divisions with a regional base."""

EXACT: Final = 1e-9
"""Of each cell: shares are written with ten digits."""

LOST: Final = 1e-6
"""Persons a year of one sex and cohort: Vensim's ZIDZ takes less for zero, so that nobody arrives."""

OBSERVED_POPULATION: Final = 0.1
"""%: the rounding of municipal figures, see the regional base."""

FORECAST_LIMITS: Final = {2035: 2.0, 2050: 1.0}
"""% of the residents. Shares of 2050 are what domestic moves were solved for; the country itself is 0.1% off, since its
forecast is a later one. The reference of 2035 is an estimate, known to 1-2%."""

SHARE_LIMIT: Final = 0.5
"""% of the share of a region in the country: domestic moves were solved in steps of a year, without labour."""

UNEMPLOYMENT_POINTS, RANKS = 0.5, 0.7
WORKERS: Final = 2.0
"""% of workers by region and group, as asked for by issue 4; they are margins of the base, so the build kept them."""

AGAINST_COUNTRY: Final = 5.0
"""% of labour needed: regions differ in mix and growth, and matching is not linear, so the sum is not the country."""

JUMP, CELL_JUMP, LARGE = 2.0, 5.0, 10_000
"""% in a month for a region, and for a section of a region with this many posts: vacancies of a cell are printed in
hundreds."""

TABLES: Final = {
    "initial_population": "residents by sex and age",
    "initial_employed": "employed by section, sex and age",
    "initial_unemployed": "unemployed by sex and age",
    "initial_vacancies": "vacancies by section",
    "net_migration_assumed": "net migration by year",
    "task_volume": "tasks by year",
}
PERSONS: Final = ("hires_from_unemployed", "hires_from_inactive", "job_moves_in", "arrivals_of_employed")
GROUPS: Final = ("A", "B-E", "F", "G-I", "J", "K", "L", "M-N", "O-Q", "R-U")


class RegionalEvidence(Evidence):
    """What the lines of a division are made of.

    Parameters
    ----------
    regions : str
        One of `DIVISIONS`.

    Attributes
    ----------
    division : RegionSet
        The regions.
    national : Evidence
        The run of the country as one region.

    Raises
    ------
    ParameterError
        If there is no such division.
    """

    def __init__(self, regions: str) -> None:
        if regions not in DIVISIONS:
            allowed = (COUNTRY, *DIVISIONS)
            raise ParameterError(
                f"regions '{regions}': no division that can be validated; allowed: {', '.join(allowed)}"
                f"{nearest(regions, allowed)}"
            )
        super().__init__(regions)
        self.division: RegionSet = read_region_set(regions)
        self.national = Evidence()

    @cached_property
    def tables(self) -> ParameterSet:
        """Regional tables of the division."""
        return read_parameters(parameters_folder() / "regional" / self.regions)

    @cached_property
    def accounts(self) -> Program:
        """Program of `run` and `residents`: outputs of the forecast, and what the accounts need beyond them."""
        save = (*forecast.STATES, *forecast.BY_COHORT, "inactive", "commuters", "filled_posts")
        return self.model.program(save, (*forecast.FLOWS, "domestic_arrivals", "domestic_departures"))

    @cached_property
    def run(self) -> xr.Dataset:
        """Outputs of the forecast, and what the accounts need beyond them, labelled."""
        return self.model.labelled(self._years())

    @cached_property
    def residents(self) -> Floats:
        """Residents on each 1 January by region, without migrants who follow the labour market."""
        return self._years(dict.fromkeys(MIGRATION_SWITCHES, 0.0)).saved["population_total"]

    def _years(self, params: Mapping[str, float] | None = None) -> Result:
        return run_outputs(self.model, self.accounts, forecast.LAST_YEAR + 1, DEFAULT_STEP, 1.0, params)

    @cached_property
    def gross(self) -> Program:
        """Program of `hiring` and `month`: outputs of the forecast, flows among them as they are at a moment."""
        of_hires = (*PERSONS, "hires_of_commuters", "commuting_share", "separations")
        return self.model.program((*forecast.STATES, "filled_posts", *forecast.FLOWS, *of_hires))

    @cached_property
    def hiring(self) -> Mapping[str, Floats]:
        """Hires of persons and of posts at the quarters of the first year."""
        stop = forecast.FIRST_YEAR + 1
        return run_outputs(self.model, self.gross, stop, DEFAULT_STEP, DEFAULT_STEP).saved

    @cached_property
    def month(self) -> Result:
        """Outputs of the forecast over 2024 at every fine step."""
        return run_outputs(self.model, self.gross, forecast.FIRST_YEAR + 1, FINE_STEP, FINE_STEP)

    def at_start(self, name: str) -> Floats:
        """Return an output on 1 January of the first year."""
        return np.asarray(self.run[name].values[0], np.float64)

    def in_year(self, name: str, year: int) -> Floats:
        """Return an output on 1 January of a year."""
        return np.asarray(self.run[name].values[year - forecast.FIRST_YEAR], np.float64)


def same_area(division: RegionSet, other: RegionSet) -> dict[str, str]:
    """Say which regions of a division have the same municipalities as one of another division.

    Returns
    -------
    dict of str to str
        Code in `other` by code in `division`.
    """
    known = {other.members(code): code for code in other.codes}
    return {code: known[division.members(code)] for code in division.codes if division.members(code) in known}


def lines(evidence: RegionalEvidence) -> Iterator[Line]:
    """Give all lines of a division."""
    yield from _sums(evidence)
    yield from _accounts(evidence)
    yield from _hires(evidence)
    yield from _lowest(evidence)
    yield from _population(evidence)
    yield from _start(evidence)
    yield from _workers(evidence)
    yield from _against_country(evidence)
    yield from _month(evidence)


def _worst(
    group: str,
    text: str,
    model: Any,
    reference: Any,
    unit: str,
    limit: float = EXACT,
    by: tuple[Any, str] | None = None,
) -> Line:
    """The cell that is farthest off: by itself (if empty by the largest), or by a figure that has a name."""
    ours, theirs = np.atleast_1d(np.asarray(model, np.float64)), np.atleast_1d(np.asarray(reference, np.float64))
    scale = np.where(theirs == 0, np.abs(theirs).max(), np.abs(theirs)) if by is None else np.asarray(by[0], np.float64)
    gap = (ours - theirs) / scale
    at = np.unravel_index(int(np.argmax(np.abs(gap))), gap.shape)
    deviation, measure = float(gap[at]), "the cell" if by is None else by[1]
    good = abs(deviation) <= limit
    return Line(group, text, float(ours[at]), float(theirs[at]), deviation, f"{limit:g} of {measure}", unit, good)


def _sums(evidence: RegionalEvidence) -> Iterator[Line]:
    national = evidence.national.model.parameters
    assert national is not None
    divided = divide(national, evidence.division)
    for name, label in TABLES.items():
        country, each = national[name], divided[name]
        axis = country.meta.dimensions.index("region")
        reference = country.value.sum(axis=axis)
        yield _worst(SUMS, f"regions add up: {label}", each.value.sum(axis=axis), reference, country.meta.unit)
    commuting = divided["commuting_share"].value.sum(axis=1)
    yield _worst(SUMS, "commuting shares add up to one", commuting, np.ones_like(commuting), "dmnl")


def _accounts(evidence: RegionalEvidence) -> Iterator[Line]:
    ds = evidence.run
    moves = {f"domestic_{name}": ds[f"domestic_{name}"] for name in ("arrivals", "departures")}
    people = ds.assign({name: each.sum(["sex", "cohort"]) for name, each in moves.items()})
    inflows = dict.fromkeys(("births", "immigration_total", "domestic_arrivals"), 1)
    outflows = dict.fromkeys(("deaths_total", "emigration_total", "domestic_departures"), -1)
    text = "population by region: births - deaths + immigration - emigration + domestic moves"
    yield booked(text, "population_total", people, inflows | outflows)
    arrive, depart = (np.asarray(each.sum("region").values) for each in moves.values())
    text, largest = "domestic moves by sex and cohort: in less out", "the largest cell"
    yield _worst(BALANCE, text, arrive, depart, "person a year", LOST, (1.0, "one person"))
    states = ds["employed"].sum("sector") + ds["unemployed"] + ds["inactive"]
    text = "statuses by region, sex and cohort: employed + unemployed + inactive"
    people_by_cell = ds["population"].values
    yield _worst(BALANCE, text, states.values, people_by_cell, "person", ROUNDING, (people_by_cell.max(), largest))
    commuters = ds["commuters"].sum("workplace").values
    text = "commuters by region and section: employed residents"
    yield _worst(BALANCE, text, commuters, ds["employed_in_sector"].values, "person")
    posts = ds["filled_posts"].sum(["region", "sector"]).values
    employed = ds["employed_total"].sum("region").values
    yield _worst(BALANCE, "filled posts of all regions: employed", posts, employed, "person")
    vacancies = {"vacancies_opened": 1, "vacancy_hires": -1, "vacancies_lapsed": -1}
    text = "vacancies by region and section: opened - vacancy hires - lapsed"
    yield booked(text, "vacancies", ds, vacancies)
    text = "filled posts by region and section: expansion demand"
    yield booked(text, "filled_posts", ds, {"expansion_demand": 1})
    leaving = (
        "separations_in_sector", "layoffs", "exits_in_sector", "retirements_in_sector", "deaths_in_sector",
        "emigration_from_sector", "job_leavers",
    )  # fmt: skip
    flows = {"vacancy_hires": 1, "direct_hires": 1, **dict.fromkeys(leaving, -1)}
    country = ds[["employed_in_sector", *flows]].sum("region")
    country["employed_in_sector"].attrs = ds["employed_in_sector"].attrs
    text = "employed by section, all regions: vacancy hires + direct hires - outflows"
    yield booked(text, "employed_in_sector", country, flows)


def _hires(evidence: RegionalEvidence) -> Iterator[Line]:
    """Hires counted as persons at home and as posts at work."""
    found = evidence.hiring
    persons = np.sum([found[name].sum(axis=(-2, -1)) for name in PERSONS], axis=0)
    home = found["hires_of_commuters"].sum(axis=2)
    text = "hires and arrivals by region and section: persons against posts"
    yield _worst(BALANCE, text, home, persons, "person a year")
    moved = found["arrivals_of_employed"].sum(axis=(-2, -1))
    at_work = (found["hires_of_commuters"] - found["commuting_share"] * moved[:, :, None, :]).sum(axis=1)
    text = "hires by region of work and section: persons against vacancies and direct hires"
    yield _worst(BALANCE, text, at_work, found["hires"], "person a year")
    separations = found["separations_in_sector"].sum(axis=1)
    laid_off = found["separations"].sum(axis=(1, -2, -1)) - separations
    text = "layoffs by section, all regions: at home against at work"
    by = separations.max(), "the largest separations"
    yield _worst(BALANCE, text, laid_off, found["layoffs"].sum(axis=1), "person a year", EXACT, by)


def _lowest(evidence: RegionalEvidence) -> Iterator[Line]:
    """No stock below zero (but for rounding, in cells of nobody) on any 1 January, inactive people among them."""
    for name in ("employed", "unemployed", "inactive", "commuters", "vacancies"):
        lowest = float(evidence.run[name].min())
        text = f"{name}: lowest in any cell and year"
        below = min(lowest, 0.0)
        yield Line(BALANCE, text, lowest, 0.0, below, f"not below -{EXACT:g}", "person", lowest >= -EXACT)


def _observed(evidence: RegionalEvidence) -> dict[str, str]:
    """Province by region that is one."""
    return same_area(evidence.division, read_region_set("province"))


def _population(evidence: RegionalEvidence) -> Iterator[Line]:
    division, known = evidence.division, evidence.observations
    model = evidence.at_start("population_total")
    provisional = known.value("population_by_region", region="NL", period=str(forecast.FIRST_YEAR))
    for code, province in _observed(evidence).items():
        at = division.codes.index(code)
        seen = known.value("population_by_region", region=province, period=str(forecast.FIRST_YEAR))
        # provinces were read as provisional figures: the total is the final one
        seen *= model.sum() / provisional
        text = f"1 Jan 2024: residents, {division.names[at]}"
        yield relative(POPULATION, text, model[at] / 1000, seen / 1000, OBSERVED_POPULATION, THOUSAND)
    rows = evidence.tables.rows("forecast_population")
    for year, limit in FORECAST_LIMITS.items():
        found = rows[rows["year"] == year].set_index("region").loc[list(division.codes)]
        # the forecast of the regions knows no migrants who follow the labour market
        model = evidence.residents[year - forecast.FIRST_YEAR]
        reference = found["value"].to_numpy(np.float64)
        for ours, theirs, told, name in zip(model, reference, found["status"], division.names, strict=True):
            more = "" if told == "official_projection" else ", reference estimated"
            text = f"1 Jan {year}: residents, {name}{more}"
            yield relative(POPULATION, text, ours / 1000, theirs / 1000, limit, THOUSAND)
    share, told_share = 100 * model / model.sum(), 100 * reference / reference.sum()
    at = int(np.argmax(np.abs(share / told_share - 1)))
    text = f"1 Jan 2050: share of the region farthest off, {division.names[at]}"
    yield relative(POPULATION, text, share[at], told_share[at], SHARE_LIMIT, "% of the country")


def _start(evidence: RegionalEvidence) -> Iterator[Line]:
    known, division, province = evidence.observations, evidence.division, read_region_set("province")
    rates = 100 * evidence.at_start("unemployment_rate")
    for code, other in _observed(evidence).items():
        at = division.codes.index(code)
        told = {"region": other, "period": "2023"}
        unemployed = known.value("unemployed_by_region", **told)
        seen = 100 * unemployed / (unemployed + known.value("employed_by_region", **told))
        text = f"1 Jan 2024: unemployment rate, {division.names[at]} (survey of 2023)"
        yield absolute(START, text, rates[at], seen, UNEMPLOYMENT_POINTS, "%", "points")
    sums = [
        aggregate(evidence.at_start(name), division, province, divide=True)
        for name in ("vacancies_total", "unemployed_total")
    ]
    told = {"period": "2023Q2"}
    open_ = [known.value("open_vacancies_by_region", region=c, sector="A-U", **told) for c in province.codes]
    people = [known.value("unemployed_by_region", region=c, **told) for c in province.codes]
    ours, theirs = sums[0] / sums[1], np.array(open_) / np.array(people)
    rank = float(np.corrcoef(rankdata(ours), rankdata(theirs))[0, 1])
    more = "" if nests(division, province) else ", regions divided by inhabitants"
    text = f"1 Jan 2024: ranks of vacancies per unemployed by province (2023Q2{more})"
    yield Line(START, text, rank, 1.0, rank - 1, f"at least {RANKS:g}", "rank correlation", rank >= RANKS)


def _figures(evidence: RegionalEvidence, name: str) -> Any:
    """Rows of a regional table, by region."""
    return evidence.tables.rows(name).set_index("region")


def _group_of(section: str) -> str:
    """Group of a section: its own letter, or the range that holds it."""
    return next(group for group in GROUPS if group[0] <= section <= group[-1])


def _workers(evidence: RegionalEvidence) -> Iterator[Line]:
    """Workers and residents against the figures used, scaled to the national table of the model."""
    division, codes = evidence.division, list(evidence.division.codes)
    posts = evidence.at_start("filled_posts")
    inside = np.array([_group_of(section) for section in evidence.sectors])
    rows = evidence.tables.rows("workers_by_group")
    for group in GROUPS:
        model = posts[:, inside == group].sum(axis=1)
        used = rows[rows["sector"] == group].set_index("region").loc[codes, "value"].to_numpy(np.float64)
        used = used * (model.sum() / used.sum())
        at = int(np.argmax(np.abs(model / used - 1)))
        text = f"1 Jan 2024: filled posts {group}, region farthest off, {division.names[at]}"
        yield relative(START, text, model[at] / 1000, used[at] / 1000, WORKERS, THOUSAND)
    residents = evidence.at_start("employed_total")
    used = _figures(evidence, "employed_residents").loc[codes, "value"].to_numpy(np.float64)
    used = used * (residents.sum() / used.sum())
    at = int(np.argmax(np.abs(residents / used - 1)))
    text = f"1 Jan 2024: employed residents, region farthest off, {division.names[at]}"
    yield relative(START, text, residents[at] / 1000, used[at] / 1000, WORKERS, THOUSAND)
    table = _figures(evidence, "net_commuting").loc[codes]
    model = posts.sum(axis=1) - residents
    low, high = table["low"].to_numpy(np.float64), table["high"].to_numpy(np.float64)
    off = np.abs(model - table["value"].to_numpy(np.float64)) / ((high - low) / 2)
    at = int(np.argmax(off))
    text = f"1 Jan 2024: net commuting, region farthest off, {division.names[at]}"
    half = (high[at] - low[at]) / 2000
    reference = float(table["value"].iloc[at]) / 1000
    yield absolute(START, text, float(model[at]) / 1000, reference, float(f"{half:.3g}"), THOUSAND)


def _against_country(evidence: RegionalEvidence) -> Iterator[Line]:
    """Results of 1 January 2050 against the run of the country as one region."""
    national = evidence.national.forecast().isel(time=forecast.LAST_YEAR - forecast.FIRST_YEAR)

    def both(name: str) -> tuple[Floats, Floats]:
        ours = evidence.in_year(name, forecast.LAST_YEAR).sum(axis=0)
        return ours / 1000, np.asarray(national[name].sum("region").values, np.float64) / 1000

    needed, reference = both("labour_needed")
    gap, told = both("need_gap")
    day = f"1 Jan {forecast.LAST_YEAR}"
    for at, sector in enumerate(evidence.sectors):
        text = f"{day}: labour needed {sector}"
        yield relative(COUNTRY_RUN, text, needed[at], reference[at], AGAINST_COUNTRY, THOUSAND)
    for at, sector in enumerate(evidence.sectors):
        scale = float(reference[at]), "labour needed"
        text = f"{day}: need gap {sector}"
        yield scaled(COUNTRY_RUN, text, gap[at], told[at], scale, AGAINST_COUNTRY, THOUSAND)
    total = float(reference.sum()), "labour needed"
    yield scaled(COUNTRY_RUN, f"{day}: need gap", gap.sum(), told.sum(), total, AGAINST_COUNTRY, THOUSAND)
    for name in ("population_total", "employed_total", "unemployed_total", "vacancies_total"):
        ours, theirs = both(name)
        text = f"{day}: {name.replace('_', ' ')}"
        yield relative(COUNTRY_RUN, text, float(ours), float(theirs), AGAINST_COUNTRY, THOUSAND)


def _month(evidence: RegionalEvidence) -> Iterator[Line]:
    """Changes in the first month: region farthest off, and large section of a region farthest off, by output."""
    result, equations = evidence.month, evidence.model.equations
    large = result.saved["filled_posts"][0] >= LARGE
    for name in (*forecast.STATES, *forecast.FLOWS):
        variable = equations.variables[name]
        # outputs of the country are lines of its own run
        if name in SAME or not {"Region", "Workplace"} & set(variable.dimensions):
            continue
        values, scale = first_month(result.times, result.saved[name]), SCALES.get(name)
        per = None if scale in (None, LOGARITHM, SHARE) else np.asarray(result.saved[str(scale)][0], np.float64)
        adds = scale != LOGARITHM and variable.unit != "Dmnl" and name != "vacancy_duration"
        if values.ndim == 2 or adds:
            whole = values if values.ndim == 2 else values.sum(axis=-1)
            yield _jump(evidence, name, whole, None if per is None else per.sum(axis=-1), JUMP)
        if variable.dimensions[-1] == "Sector":
            yield _jump(evidence, name, np.where(large, values, values[0]), per, CELL_JUMP)


def _jump(evidence: RegionalEvidence, name: str, values: Floats, per: Floats | None, limit: float) -> Line:
    """The line of one output, by region or by region and section."""
    start, unit = values[0], evidence.model.equations.variables[name].unit
    points = SCALES.get(name) in (LOGARITHM, SHARE)
    size = np.ones_like(start) if points else per
    if size is None:
        size = np.where(start == 0, np.abs(start).sum(), np.abs(start))
    change = np.abs(values - start) / size
    time, *place = (int(k) for k in np.unravel_index(int(np.argmax(change)), change.shape))
    where = evidence.division.names[place[0]]
    if len(place) > 1:
        where += f" {evidence.sectors[place[1]]}"
    text = f"{name.replace('_', ' ')}, {'section' if len(place) > 1 else 'region'} farthest off, {where}"
    model, first = float(values[(time, *place)]), float(start[tuple(place)])
    if points:
        return absolute(MONTH, text, model, first, limit / 100, unit, SCALES[name])
    if per is None and first != 0:
        return relative(MONTH, text, model, first, limit, unit)
    of = SCALES.get(name, "the total").replace("_", " ")
    return scaled(MONTH, text, model, first, (float(size[tuple(place)]), of), limit, unit)
