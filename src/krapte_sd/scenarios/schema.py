"""The one schema of a scenario: a YAML file and a mapping in Python follow the same rules."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from krapte_sd.errors import ScenarioError
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.problems import Problems
from krapte_sd.parameters.strict_yaml import read_yaml
from krapte_sd.scenarios.policies import FIRST_START, LAST_START, read_text, said

__all__ = ["Asked", "ScenarioFile", "Variant", "variants_of"]

VARIANTS: Final = "variants.yaml"
NAME: Final = r"^[a-z][a-z0-9_]*$"
_LONGEST: Final = 60


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Asked(_Strict):
    """A measure that a scenario asks for.

    Attributes
    ----------
    measure : str
        Short name or number, or a YAML file of your own.
    strength : float, {"low", "central", "high"} or None
        In the unit of the measure; default: its central strength, with its range.
    start, delay, ramp, end : int or None
        Other dates than those of the measure.
    """

    measure: str = Field(min_length=1, max_length=400)
    strength: float | Literal["low", "central", "high"] | None = None
    start: int | None = Field(default=None, ge=FIRST_START, le=LAST_START)
    delay: int | None = Field(default=None, ge=0, le=20)
    ramp: int | None = Field(default=None, ge=1, le=26)
    end: int | None = Field(default=None, ge=FIRST_START, le=LAST_START)


class Variant(_Strict):
    """One choice of a scenario for the economy, the tasks or the technology.

    Attributes
    ----------
    description : str
        What it is.
    parameters : dict of str to float, "low" or "high"
        Parameters that take another value, or an end of their range.
    task_delay : int
        Years by which the tasks come later than planned; negative: earlier.
    policies : list of Asked
        Measures it stands for.
    """

    description: str = Field(min_length=1)
    parameters: dict[str, float | Literal["low", "high"]] = Field(default_factory=dict)
    task_delay: int = Field(default=0, ge=-10, le=10)
    policies: list[Asked] = Field(default_factory=list)


class _Variants(_Strict):
    economy: dict[str, Variant]
    tasks: dict[str, Variant]
    technology: dict[str, Variant]


class ScenarioFile(_Strict):
    """What a scenario may say; with `extends`, only what differs from the parent.

    Attributes
    ----------
    name, title, title_nl, description : str
        Name, and what it is for.
    extends : str or None
        Parent: a shipped scenario, or a YAML file beside this one.
    population : str or None
        Population variant.
    economy, tasks, technology : str or None
        Demand and technology variants, see `variants_of`.
    parameters : dict of str to float
        Parameters that take another value.
    policies : list of Asked
        Measures, by name or with strength and dates.
    without : list of str
        Measures of the parent that are left out.
    explore : bool
        Use the exploratory ranges of measures whose effect is unknown.
    """

    name: str = Field(pattern=NAME, max_length=_LONGEST)
    title: str = Field(min_length=1)
    title_nl: str = Field(min_length=1)
    description: str = Field(min_length=1)
    extends: str | None = Field(default=None, min_length=1, max_length=400)
    population: str | None = None
    economy: str | None = None
    tasks: str | None = None
    technology: str | None = None
    parameters: dict[str, float] = Field(default_factory=dict)
    policies: list[Asked] = Field(default_factory=list)
    without: list[str] = Field(default_factory=list)
    explore: bool = False

    @field_validator("extends", "population", "economy", "tasks", "technology", mode="before")
    @classmethod
    def _given(cls, data: Any) -> Any:
        if data is None:
            raise ValueError("has no value; give one, or leave the line out")
        return data

    @field_validator("policies", mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        """A measure with nothing else is written as its name."""
        return [{"measure": each} if isinstance(each, str) else each for each in data] if _listed(data) else data


def _listed(data: Any) -> bool:
    return isinstance(data, list | tuple)


@lru_cache(maxsize=1)
def _variants() -> _Variants:
    path = parameters_folder() / "scenarios" / VARIANTS
    problems = Problems()
    document = read_yaml(read_text(path), path.name, problems)
    if document is None or problems.lines:
        raise ScenarioError.collect(f"variants {path}", problems.lines)
    try:
        return _Variants.model_validate(document.data)
    except ValidationError as error:
        raise ScenarioError.collect(f"variants {path}", said(path.name, document, error, _Variants)) from None


def variants_of(kind: str) -> dict[str, Variant]:
    """Give the variants of the economy, the tasks or the technology, by name.

    Parameters
    ----------
    kind : {"economy", "tasks", "technology"}
        What is chosen.
    """
    found: dict[str, Variant] = getattr(_variants(), kind)
    return found
