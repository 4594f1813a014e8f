"""Scenarios as data: a population variant and parameters that take another value. Never another equation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from krapte_sd.errors import ScenarioError, nearest
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.problems import Problems
from krapte_sd.parameters.strict_yaml import read_yaml

if TYPE_CHECKING:
    import pandas as pd

    from krapte_sd.parameters import ParameterSet

__all__ = ["Scenario", "populations", "read_scenario", "scenario_table"]

FOLDER: Final = "scenarios"


class _Schema(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=1)
    title_nl: str = Field(min_length=1)
    description: str = Field(min_length=1)
    population: str = "prognose"
    parameters: dict[str, float] = Field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """One set of assumptions.

    Attributes
    ----------
    name, title, title_nl, description : str
        Name, and what it is for.
    population : str
        Population variant.
    parameters : dict of str to float or xarray.DataArray
        Parameters that take another value.
    """

    name: str
    title: str
    title_nl: str
    description: str
    population: str = "prognose"
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def changed(self, population: str | None = None, parameters: Mapping[str, Any] | None = None) -> Scenario:
        """Return the scenario with another population variant or further parameters."""
        merged = {**self.parameters, **(parameters or {})}
        return replace(self, population=self.population if population is None else population, parameters=merged)

    def apply(self, tables: ParameterSet) -> ParameterSet:
        """Return the tables with the values of the scenario.

        Raises
        ------
        ScenarioError
            If the population variant does not exist.
        ParameterError
            If a parameter does not exist, or the value does not fit.
        """
        from krapte_sd.scenarios.population import variant_inputs

        changes = dict(variant_inputs(tables, self.population))
        both = sorted(set(changes) & set(self.parameters))
        if both:
            raise ScenarioError(
                f"scenario '{self.name}': {', '.join(both)} is given as a parameter and set by the population variant "
                f"'{self.population}'; remedy: drop one of the two"
            )
        changes.update(self.parameters)
        return tables.replace(changes) if changes else tables

    def text(self) -> str:
        """Return the scenario in full as YAML, for the file; arrays are named by their shape."""
        import yaml

        numbers = {
            name: float(value) if getattr(value, "ndim", 0) == 0 else f"array of shape {tuple(value.shape)}"
            for name, value in self.parameters.items()
        }
        content = {
            "name": self.name,
            "title": self.title,
            "title_nl": self.title_nl,
            "description": self.description,
            "population": self.population,
            "parameters": numbers,
        }
        return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100))


def _folder() -> Path:
    return parameters_folder() / FOLDER


def _found(name: str) -> Path:
    """Find the file of a scenario: one of those shipped, or a path that ends in .yaml."""
    shipped = {path.stem: path for path in sorted(_folder().glob("*.yaml"))}
    if name in shipped:
        return shipped[name]
    try:
        if name.endswith((".yaml", ".yml")) and Path(name).is_file():
            return Path(name)
    except (OSError, ValueError):
        pass  # a name that no file can have
    allowed = f"allowed: {', '.join(shipped)}, or a .yaml file"
    raise ScenarioError(f"there is no scenario '{name[:80]}'; {allowed}{nearest(name[:80], list(shipped))}")


def read_scenario(name: str) -> Scenario:
    """Read a scenario by its name or from a YAML file.

    Parameters
    ----------
    name : str
        A name out of `krapte_sd.scenarios`, or a path that ends in .yaml.

    Returns
    -------
    Scenario
        The scenario.

    Raises
    ------
    ScenarioError
        If there is no such scenario (with the nearest name), or the file does not follow the schema.
    """
    path = _found(name)
    problems = Problems()
    try:
        document = read_yaml(path.read_text(encoding="utf-8"), path.name, problems)
    except UnicodeDecodeError:
        raise ScenarioError(f"scenario {path}: not text in UTF-8; remedy: save it as UTF-8") from None
    if document is None or problems.lines:
        raise ScenarioError.collect(f"scenario {path}", problems.lines)
    try:
        found = _Schema.model_validate(document.data)
    except ValidationError as error:
        raise ScenarioError.collect(f"scenario {path}", [_said(path, dict(e)) for e in error.errors()]) from None
    return Scenario(**found.model_dump())


def _said(path: Path, error: Mapping[str, Any]) -> str:
    """Say one mistake of the schema with the field, what was found and the nearest field."""
    where = ".".join(map(str, error["loc"]))
    text = f"{path.name}: {where or 'file'}: {error['msg']}; found {str(error['input'])[:60]!r}"
    if error["type"] == "extra_forbidden":
        fields = list(_Schema.model_fields)
        text += f"; allowed: {', '.join(fields)}{nearest(str(error['loc'][-1])[:60], fields)}"
    return text


def scenario_table() -> pd.DataFrame:
    """List the shipped scenarios.

    Returns
    -------
    pandas.DataFrame
        Columns name, title, title_nl, population, description.
    """
    import pandas as pd

    found = [read_scenario(p.stem) for p in sorted(_folder().glob("*.yaml"))]
    return pd.DataFrame([(s.name, s.title, s.title_nl, s.population, s.description) for s in found],
                        columns=["name", "title", "title_nl", "population", "description"])  # fmt: skip


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
