"""Step `derive-labour`: the labour market on 1 January 2024 and the demand for labour, from the observations.

Needs `population` to be derived first, and the assumptions of `behaviour`, which are kept by hand. Writes the tables of
the themes `labour`, `vacancies` and `demand`; their metadata files are kept by hand.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
from tools.parameters import demand
from tools.parameters import vacancies as vacancy_tables
from tools.parameters.labour_flows import CLOSING_RATE, LabourFlows, Surroundings, labour_flows
from tools.parameters.labour_hiring import Hiring, hiring
from tools.parameters.labour_profiles import (
    AGES,
    SECTORS,
    SEXES,
    SURVEY,
    LabourProfiles,
    labour_profiles,
    survey_2024,
)
from tools.parameters.population_run import population_alone
from tools.parameters.tables import Row, read_table, rows_of, write_rows

from krapte_sd.equations import Model, read_model
from krapte_sd.kernel import Result, compile_model
from krapte_sd.parameters import ParameterSet, read_parameters
from krapte_sd.parameters.division import COUNTRY, divide
from krapte_sd.parameters.history import cohort_labels
from krapte_sd.parameters.inputs import model_inputs
from krapte_sd.parameters.locate import models_folder
from krapte_sd.parameters.observations import Observations, read_observations
from krapte_sd.parameters.regions import read_region_set

Floats = npt.NDArray[np.float64]
STATES = ("employed", "unemployed", "inactive")
TRANSITION_MONTH = "2024-04"
MOVES_SHARE = 0.55
"""Share of the hires through vacancies who come from another job; `assumed` (range 0.45-0.65)."""

TABLE_AGES = range(15, 78)


def derive(parameters: Path) -> None:
    """Derive and write the three themes."""
    observations = read_observations(parameters / "observations")
    write_rows(parameters, "demand", demand.rows(observations))
    found = vacancy_tables.vacancies(observations, vacancy_tables.window_2024(observations))
    write_rows(parameters, "vacancies", vacancy_tables.rows(found))
    base, around = surroundings(parameters)
    profiles = labour_profiles(observations, base, survey_2024(observations))
    flows = labour_flows(
        profiles, around, observed_transitions(observations), observations.value("unemployed_reported", period="2024Q4")
    )
    preference = read_table(parameters, "behaviour").one("own_sector_preference")
    supply_growth = expected_growth(profiles, around)
    growth = np.zeros(len(SECTORS))
    for _ in range(3):
        hires = hiring(
            profiles, flows, around.loss[:, 1:63], around.youngest, found.hires, MOVES_SHARE, preference, growth
        )
        write_rows(parameters, "labour", rows(profiles, flows, hires, supply_growth))
        growth = wanted_growth(parameters)


def run_model(
    parameters: Path, save: list[str], themes: tuple[str, ...], stop: int = 2025, start: int = 2024
) -> tuple[Model, Result]:
    """Run the part of the model that some variables need from some themes, whatever state the others are in."""
    with TemporaryDirectory() as folder:
        for theme in themes:
            for ending in ("csv", "yaml"):
                shutil.copy(parameters / f"{theme}.{ending}", folder)
        return run_tables(read_parameters(Path(folder)), save, start, stop)


def run_tables(tables: ParameterSet, save: list[str], start: int, stop: int) -> tuple[Model, Result]:
    """Run the part of the model that some variables need, from a year on; the population alone if it is all of it."""
    model, still = read_model(models_folder() / "krapte.mdl", {"Cohort": cohort_labels(start)}), {}
    if set(save) <= set(SURROUNDED):
        model, still = population_alone(model)
    program = compile_model(model, save=save)
    needed = [name for name in program.inputs if name not in still]
    inputs = model_inputs(model, divide(tables, read_region_set(COUNTRY)), years=range(start, stop + 1), names=needed)
    return model, program.run({**inputs, **still}, start, stop)


SURROUNDED = ["population", "immigration", "deaths", "emigration"]


def surroundings(parameters: Path) -> tuple[Floats, Surroundings]:
    """Population by sex and age on 1 January 2024, and what the cohorts of 14 to 76 meet in 2024."""
    return surrounded(*run_model(parameters, SURROUNDED, ("population",)), 2024)


def surrounded(model: Model, result: Result, start: int) -> tuple[Floats, Surroundings]:
    """Arrange the outcome of a run of the population by age."""
    cohorts = [int(label[1:]) for label in model.dimensions["Cohort"]]

    def by_age(name: str, time: int, ages: range) -> Floats:
        columns = [cohorts.index(start + time - age - 1) for age in ages]
        return np.asarray(result.saved[name][time, 0][:, columns])

    base = by_age("population", 0, range(101))
    people = by_age("population", 0, range(14, 78))
    loss = (by_age("deaths", 0, range(14, 78)) + by_age("emigration", 0, range(14, 78))) / people
    around = Surroundings(
        loss, by_age("immigration", 0, range(14, 78)), base[:, 14], by_age("population", 1, range(15, 78))
    )
    return base, around


def observed_transitions(observations: Observations) -> Floats:
    """Shares (3, 3) of CBS 82848NED: rows status three months before, columns status now."""
    counts = [[observations.value(f"transition_{a}_to_{b}", period=TRANSITION_MONTH) for b in STATES] for a in STATES]
    table = np.array(counts)
    return np.asarray(table / table.sum(axis=1, keepdims=True))


def expected_growth(profiles: LabourProfiles, around: Surroundings) -> float:
    """Growth of the labour supply over 2024 at unchanged participation by age, 1/year."""
    participation = (profiles.employed + profiles.unemployed) / profiles.population
    return float(
        np.log((participation * around.population[:, :62]).sum() / (participation * profiles.population).sum())
    )


def wanted_growth(parameters: Path) -> Floats:
    """Growth a year of the labour wanted by section over 2024, as the model gives it."""
    themes = tuple(sorted(path.stem for path in parameters.glob("*.csv")))
    _, result = run_model(parameters, ["desired_labour"], themes)
    wanted = result.saved["desired_labour"][:, 0]
    return np.asarray(np.log(wanted[1] / wanted[0]))


def rows(profiles: LabourProfiles, flows: LabourFlows, hires: Hiring, supply_growth: float) -> list[Row]:
    """Rows of the theme `labour`: stocks by age 15-76, rates and weights by age 15-77."""
    stock = {"region": ["NL"], "sector": SECTORS, "sex": SEXES, "age": [int(a) for a in AGES]}
    people = {"region": ["NL"], "sex": SEXES, "age": [int(a) for a in AGES]}
    cells = {"sex": SEXES, "age": TABLE_AGES}
    sector_cells = {"sector": SECTORS, **cells}
    told = {"source": "lfs", "status": "estimated"}
    out = rows_of("initial_employed", (profiles.share * profiles.employed)[None], stock, **told)
    out += rows_of("initial_unemployed", profiles.unemployed[None], people, **told)
    told["source"] = "transitions"
    out += rows_of("separation_rate", _padded(hires.separation), cells, **told)
    out += rows_of("exit_rate", _padded(hires.exit), cells, **told)
    out += rows_of("retirement_rate", _padded(hires.retirement, old=CLOSING_RATE), sector_cells, **told)
    out += rows_of("discouragement_rate", _padded(flows.discouragement, old=CLOSING_RATE), cells, **told)
    out += rows_of("entry_rate", _padded(flows.entry), cells, **told)
    out += rows_of("first_entry_rate", flows.first_entry[:, None], {"sex": SEXES, "age": [14]}, **told)
    participation = (profiles.employed + profiles.unemployed) / profiles.population
    out += rows_of("reference_participation", _padded(participation), cells, source="lfs", status="estimated")
    out += rows_of("search_of_unemployed", _padded(hires.of_unemployed), sector_cells, **told)
    out += rows_of("search_of_entrants", _padded(hires.of_entrants), sector_cells, **told)
    first = {"sector": SECTORS, "sex": SEXES}
    out += rows_of("search_of_first_entrants", hires.of_first_entrants, first, **told)
    out += rows_of("search_of_employed", _padded(hires.of_employed), sector_cells, **told)
    span = {"low": min(0.0, supply_growth), "high": max(0.01, supply_growth), "distribution": "uniform"}
    out.append(Row("expected_growth_at_start", supply_growth, "lfs", "estimated", **span))
    survey = np.ones(AGES[SURVEY].size)
    ages = {"age": [int(a) for a in AGES[SURVEY]]}
    out += rows_of("in_working_age", survey, ages, source="definition", status="literature")
    out += rows_of("share_past_15", np.ones(1), {"age": [15]}, source="definition", status="literature")
    out += rows_of("turnover", hires.turnover, {"sector": SECTORS}, source="transitions", status="estimated")
    out += rows_of(
        "vacancy_share_of_non_employed",
        hires.vacancy_share,
        {"sector": SECTORS},
        source="transitions",
        status="estimated",
    )
    return out


def _padded(values: Floats, old: float = 0.0) -> Floats:
    """Add the age 77 to (..., 62): nothing, or what is given."""
    return np.concatenate([values, np.full((*values.shape[:-1], 1), old)], axis=-1)
