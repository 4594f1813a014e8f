"""Scenarios as data: population, demand, technology, parameters and measures of policy. Never another equation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from krapte_sd.errors import ScenarioError, nearest
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.problems import Problems, clipped, listed
from krapte_sd.parameters.strict_yaml import YamlDocument, read_yaml
from krapte_sd.scenarios.levers import Chosen, Programme
from krapte_sd.scenarios.policies import Measure, few, find_measures, is_file, read_text, said
from krapte_sd.scenarios.schema import VARIANTS, Asked, ScenarioFile, variants_of
from krapte_sd.scenarios.variants import variant_changes

if TYPE_CHECKING:
    import pandas as pd

    from krapte_sd.parameters import ParameterSet

__all__ = ["Given", "Scenario", "populations", "read_scenario", "scenario_table"]

FOLDER: Final = "scenarios"
KINDS: Final = ("economy", "tasks", "technology")
BASELINE: Final = {"population": "prognose", "economy": "trend", "tasks": "planned", "technology": "trend"}
_DEEPEST: Final = 8
_DATES: Final = ("start", "delay", "ramp", "end")

Given = str | Mapping[str, Any]
"""A scenario or measure by its name, as the path of a file, or as a mapping that follows the schema."""


@dataclass(frozen=True)
class Scenario:
    """One set of assumptions.

    Attributes
    ----------
    name, title, title_nl, description : str
        Name, and what it is for.
    population : str
        Population variant.
    economy, tasks, technology : str
        Demand and technology variants.
    parameters : dict of str to float or xarray.DataArray
        Parameters that take another value.
    policies : tuple of Chosen
        Measures.
    explore : bool
        Use the exploratory ranges of measures whose effect is unknown.
    """

    name: str
    title: str
    title_nl: str
    description: str
    population: str = BASELINE["population"]
    economy: str = BASELINE["economy"]
    tasks: str = BASELINE["tasks"]
    technology: str = BASELINE["technology"]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    policies: tuple[Chosen, ...] = ()
    explore: bool = False

    def changed(
        self,
        population: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        policies: Sequence[Given] = (),
        explore: bool | None = None,
    ) -> Scenario:
        """Return the scenario with another population variant, further parameters or further measures.

        Raises
        ------
        ScenarioError
            If a measure does not exist or is not asked for as it must be.
        """
        problems: list[str] = []
        if isinstance(policies, str | Mapping):
            raise ScenarioError(f"policies: found {clipped(policies)}; allowed: a list, such as policies=['L01']")
        more = _chosen([_asked(each, problems) for each in policies], problems)
        if problems:
            raise ScenarioError.collect("policies", few(problems))
        return replace(
            self,
            population=self.population if population is None else population,
            parameters={**self.parameters, **(parameters or {})},
            policies=_merged(self.policies, more),
            explore=self.explore if explore is None else explore,
        )

    def programme(self) -> Programme:
        """Give the measures of the scenario, those of the technology variant among them."""
        problems: list[str] = []
        variant = _variant("technology", self.technology).policies
        found = Programme(_merged(tuple(_chosen(variant, problems)), self.policies), self.explore)
        if problems:
            raise ScenarioError.collect(f"technology '{self.technology}'", problems)
        return found

    def apply(self, tables: ParameterSet) -> ParameterSet:
        """Return the tables with the values of the scenario.

        Raises
        ------
        ScenarioError
            If a variant does not exist, or sets what is also given as a parameter.
        ParameterError
            If a parameter does not exist, or the value does not fit.
        """
        from krapte_sd.scenarios.population import variant_inputs

        changes: dict[str, Any] = {}
        sets = {f"population variant '{self.population}'": dict(variant_inputs(tables, self.population))}
        for kind in KINDS:
            name = getattr(self, kind)
            sets[f"{kind} '{name}'"] = variant_changes(_variant(kind, name), tables)
        sets["scenario"] = dict(self.parameters)
        for who, own in sets.items():
            both = sorted(set(changes) & set(own))
            if both:
                before = next(other for other, each in sets.items() if both[0] in each)
                how = "is given as a parameter and set by the" if who == "scenario" else f"is set by the {who} and the"
                raise ScenarioError(
                    f"scenario '{self.name}': {', '.join(both)} {how} {before}; remedy: drop one of the two"
                )
            changes.update(own)
        return tables.replace(changes) if changes else tables

    def text(self) -> str:
        """Return the scenario in full as YAML, for the file; arrays are named by their shape."""
        import yaml

        numbers = {
            name: float(value) if getattr(value, "ndim", 0) == 0 else f"array of shape {tuple(value.shape)}"
            for name, value in self.parameters.items()
        }
        content: dict[str, Any] = {
            "name": self.name,
            "title": self.title,
            "title_nl": self.title_nl,
            "description": self.description,
        }
        content |= {kind: getattr(self, kind) for kind in BASELINE}
        content["parameters"] = numbers
        content["policies"] = [_told(each) for each in self.policies]
        if self.explore:
            content["explore"] = True
        return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100))


def _told(chosen: Chosen) -> dict[str, Any]:
    own = chosen.measure
    dates = {name: getattr(own, name) for name in _DATES if getattr(own, name) is not None}
    strength = {} if chosen.strength is None else {"strength": chosen.strength}
    return {"measure": own.slug, **strength, **dates}


def _variant(kind: str, name: str) -> Any:
    known = variants_of(kind)
    if name not in known:
        allowed = f"allowed: {', '.join(known)}{nearest(str(name)[:60], known)}"
        raise ScenarioError(f"unknown {kind} variant {clipped(name)}; {allowed}")
    return known[name]


def _asked(given: Any, problems: list[str]) -> Asked | None:
    """Read one measure that is asked for: its name, or a mapping."""
    if isinstance(given, Asked):
        return given
    try:
        return Asked.model_validate({"measure": given} if isinstance(given, str) else given)
    except ValidationError as error:
        problems.extend(said("policies", YamlDocument(given), error, Asked))
        return None


def _chosen(asked: Sequence[Asked | None], problems: list[str], beside: Path = Path()) -> list[Chosen]:
    """Find the measures that are asked for, with their strength and dates."""
    found: list[Chosen] = []
    for each in asked:
        if each is None:
            continue
        try:
            own = find_measures(each.measure, beside)
        except ScenarioError as error:
            problems.extend(error.problems)
            continue
        for measure in own:
            if any(measure.slug == other.measure.slug for other in found):
                problems.append(f"the measure '{measure.slug}' is asked for twice; remedy: drop one of the two")
                continue
            one = _one(measure, each, problems)
            if one is not None:
                found.append(one)
    return found


def _one(measure: Measure, asked: Asked, problems: list[str]) -> Chosen | None:
    dates = {name: getattr(asked, name) for name in _DATES if getattr(asked, name) is not None}
    strength = asked.strength
    value = getattr(measure.strength, strength) if isinstance(strength, str) else strength
    lowest = min(0.0, measure.strength.low)
    if value is not None and not lowest <= value <= measure.cap:
        what = f"strength {value:g} of '{measure.slug}' is out of reach"
        problems.append(f"{what}; allowed: {lowest:g} to {measure.cap:g} ({measure.strength.unit}; {measure.pool})")
        return None
    try:
        dated = Measure.model_validate({**measure.model_dump(), **dates}) if dates else measure
    except ValidationError as error:
        problems.extend(f"measure '{measure.slug}': {each['msg']}; found {dates}" for each in error.errors())
        return None
    return Chosen(dated, None if value is None else float(value))


def _merged(first: Sequence[Chosen], second: Sequence[Chosen]) -> tuple[Chosen, ...]:
    """Put measures together; of one that is in both, the second stands."""
    found = {each.measure.slug: each for each in (*first, *second)}
    return tuple(found.values())


def _folder() -> Path:
    return parameters_folder() / FOLDER


def _shipped() -> dict[str, Path]:
    return {path.stem: path for path in sorted(_folder().glob("*.yaml")) if path.name != VARIANTS}


def _found(name: str, beside: Path) -> Path:
    """Find the file of a scenario: one of those shipped, or a path that ends in .yaml."""
    shipped = _shipped()
    if name in shipped:
        return shipped[name]
    if is_file(name, beside):
        return beside / name
    allowed = f"allowed: {listed(shipped)}, or a .yaml file"
    raise ScenarioError(f"there is no scenario '{name[:80]}'; {allowed}{nearest(name[:80], list(shipped))}")


def _read(path: Path) -> ScenarioFile:
    problems = Problems()
    document = read_yaml(read_text(path), path.name, problems)
    if document is None or problems.lines:
        raise ScenarioError.collect(f"scenario {path}", problems.lines)
    return _valid(document, path.name, f"scenario {path}")


def _valid(document: YamlDocument, file: str, heading: str) -> ScenarioFile:
    try:
        return ScenarioFile.model_validate(document.data)
    except ValidationError as error:
        raise ScenarioError.collect(heading, said(file, document, error, ScenarioFile)) from None


def _resolved(own: ScenarioFile, where: str, beside: Path, above: tuple[str, ...]) -> Scenario:
    """Put a scenario on top of its parents."""
    problems: list[str] = []
    parent = Scenario("", "", "", "")
    if own.extends is not None:
        try:
            path = _found(own.extends, beside)
        except ScenarioError as error:
            raise ScenarioError(f"scenario {where}: extends: {error}") from None
        key = str(path.resolve())
        if key in above:
            chain = " -> ".join(Path(each).name for each in (*above, key))
            raise ScenarioError(f"scenario {where}: extends goes round in a circle: {chain}; remedy: cut one link")
        if len(above) >= _DEEPEST:
            raise ScenarioError(f"scenario {where}: more than {_DEEPEST} parents; remedy: put some of them together")
        parent = _resolved(_read(path), str(path), path.parent, (*above, key))
    kept = []
    names = [each.measure.slug for each in parent.policies]
    numbers = [each.measure.id for each in parent.policies]
    for name in own.without:
        if name not in (*names, *numbers):
            allowed = f"allowed: {', '.join(names) or 'none, the parent has no measures'}{nearest(name[:60], names)}"
            problems.append(f"without: {clipped(name)} is no measure of the parent; {allowed}")
    for each in parent.policies:
        if each.measure.slug not in own.without and each.measure.id not in own.without:
            kept.append(each)
    more = _chosen(own.policies, problems, beside)
    chosen = {kind: getattr(own, kind) for kind in BASELINE if getattr(own, kind) is not None}
    for kind in KINDS:
        if kind in chosen:
            try:
                _variant(kind, chosen[kind])
            except ScenarioError as error:
                problems.append(str(error))
    if problems:
        raise ScenarioError.collect(f"scenario {where}", few(problems))
    return replace(
        parent,
        name=own.name,
        title=own.title,
        title_nl=own.title_nl,
        description=own.description,
        parameters={**parent.parameters, **own.parameters},
        policies=_merged(kept, more),
        explore=own.explore or parent.explore,
        **chosen,
    )


def read_scenario(given: Given | Scenario) -> Scenario:
    """Read a scenario by its name, from a YAML file or from a mapping.

    Parameters
    ----------
    given : str or mapping
        A name out of `krapte_sd.scenarios`, a path that ends in .yaml, or the content of such a file.

    Returns
    -------
    Scenario
        The scenario, put on top of its parents.

    Raises
    ------
    ScenarioError
        If there is no such scenario (with the nearest name), or it does not follow the schema.
    """
    if isinstance(given, Scenario):
        return given
    if isinstance(given, Mapping):
        own = _valid(YamlDocument(dict(given)), "scenario", "scenario")
        return _resolved(own, f"'{own.name}'", Path(), ())
    path = _found(given, Path())
    return _resolved(_read(path), str(path), path.parent, (str(path.resolve()),))


def scenario_table() -> pd.DataFrame:
    """List the shipped scenarios.

    Returns
    -------
    pandas.DataFrame
        Columns name, title, title_nl, population, economy, tasks, technology, policies (how many), description.
    """
    import pandas as pd

    found = [read_scenario(name) for name in _shipped()]
    columns = ["name", "title", "title_nl", *BASELINE, "policies", "description"]
    rows = [
        (s.name, s.title, s.title_nl, *(getattr(s, k) for k in BASELINE), len(s.policies), s.description) for s in found
    ]
    return pd.DataFrame(rows, columns=columns)


def populations() -> pd.DataFrame:
    """List the population variants of the NIDI/CBS Verkenning Bevolking 2050 (edition 2024).

    Returns
    -------
    pandas.DataFrame
        Columns name, total_fertility, life_expectancy_women, net_migration: published averages of 2023-2049, in
        children per woman, years and persons a year.
    """
    import pandas as pd

    from krapte_sd.parameters import read_parameters
    from krapte_sd.scenarios.population import variants

    tables = read_parameters()
    names = {
        "total_fertility": "variant_total_fertility",
        "life_expectancy_women": "variant_life_expectancy_women",
        "net_migration": "variant_net_migration",
    }
    values = {column: tables.values(name) for column, name in names.items()}
    rows = [(v, *(float(each.sel(variant=v)) for each in values.values())) for v in variants(tables)]
    return pd.DataFrame(rows, columns=["name", *names])
