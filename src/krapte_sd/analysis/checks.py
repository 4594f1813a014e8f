"""What a file of behaviour checks says: read, and checked against the model.

After the checks of SDEverywhere (Climate Interactive): each says in words what is expected, under which change of
inputs, and by which comparison of outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from krapte_sd.errors import ModelError
from krapte_sd.parameters.locate import models_folder
from krapte_sd.parameters.problems import Problems
from krapte_sd.parameters.strict_yaml import read_yaml

__all__ = ["Check", "Group", "read_checks"]

Changes = dict[str, float | Literal["low", "high"]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reference(_Strict):
    """Another run to compare with.

    Attributes
    ----------
    change : dict
        What it has different from the baseline; nothing: the baseline itself.
    """

    change: Changes = Field(default_factory=dict)


class EffectShare(_Strict):
    """The effect of the change in one year as a share of that in a later one: how it is delayed.

    Attributes
    ----------
    year, of : int
        1 January of both years.
    at_least, at_most : float
        Bounds of the share.
    """

    year: int
    of: int
    at_least: float = float("-inf")
    at_most: float = float("inf")


class EffectRatio(_Strict):
    """The effect of the change relative to that of another one, in the last year: whether it is saturated.

    Attributes
    ----------
    of : dict
        The other change.
    at_least, at_most : float
        Bounds of the ratio.
    """

    of: Changes
    at_least: float = float("-inf")
    at_most: float = float("inf")


class Accounts(_Strict):
    """The yearly change of a stock is the sum of its flows.

    Attributes
    ----------
    flows : dict of str to float
        Variables by year, with the factor they count with.
    within : float
        Largest difference relative to the largest value of the stock.
    """

    flows: dict[str, float]
    within: float = 1e-12


class Parts(_Strict):
    """A variable is the sum of others.

    Attributes
    ----------
    of : dict of str to float
        Variables of the same dimensions, with the factor they count with.
    within : float
        Largest difference relative to the largest value of the variable.
    """

    of: dict[str, float]
    within: float = 1e-12


class Check(_Strict):
    """One expectation.

    Attributes
    ----------
    it : str
        What is expected, in words.
    change, each : dict, list of {"low", "high"}
        What the run has different from the baseline; or `each`: one run for every parameter with a range, at the ends
        named, besides what `change` says.
    variable : tuple of str
        The outputs; sums over sectors and regions are compared, elements are bounded.
    sector : str
        Only this sector.
    years : tuple of int
        Only 1 January of these years; for flows these calendar years.
    above, below : Reference or float
        Sums must lie above or below those of another run, or a number.
    unchanged : Reference
        All elements are those of another run.
    until : int
        With `unchanged`: in the years before this one.
    at_least, at_most : float
        Bounds of all elements.
    finite : bool
        All elements are finite.
    trend : {"rising", "falling"}
        Sums never turn.
    effect_share, effect_ratio, accounts, parts : optional
        See these classes.
    """

    it: str = Field(min_length=1)
    change: Changes = Field(default_factory=dict)
    each: tuple[Literal["low", "high"], ...] = ()
    variable: tuple[str, ...] = Field(min_length=1)
    sector: str = ""
    years: tuple[int, ...] = ()
    above: Reference | float | None = None
    below: Reference | float | None = None
    unchanged: Reference | None = None
    until: int | None = None
    at_least: float | None = None
    at_most: float | None = None
    finite: bool = False
    trend: Literal["rising", "falling"] | None = None
    effect_share: EffectShare | None = None
    effect_ratio: EffectRatio | None = None
    accounts: Accounts | None = None
    parts: Parts | None = None

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, data: Any) -> Any:
        """Take one name for a list of one, and ``baseline`` for a run without change."""
        if not isinstance(data, Mapping):
            return data
        made = dict(data)
        for key in ("variable", "each"):
            if isinstance(made.get(key), str):
                made[key] = (made[key],)
        for key in ("above", "below", "unchanged"):
            if made.get(key) == "baseline":
                made[key] = {}
        return made

    @model_validator(mode="after")
    def _predicates(self) -> Check:
        if not self.predicates:
            raise ValueError(
                "no comparison; give one of above, below, unchanged, at_least, at_most, finite, trend, ..."
            )
        if self.until is not None and self.unchanged is None:
            raise ValueError("until belongs to unchanged")
        return self

    @property
    def predicates(self) -> tuple[str, ...]:
        """Names of the comparisons it makes."""
        single = ("above", "below", "unchanged", "at_least", "at_most", "trend")
        several = ("effect_share", "effect_ratio", "accounts", "parts")
        found = [name for name in (*single, *several) if getattr(self, name) is not None]
        return (*found, *(["finite"] if self.finite else []))


class Group(_Strict):
    """Checks of one subject.

    Attributes
    ----------
    describe : str
        The subject.
    checks : tuple of Check
        The checks.
    """

    describe: str = Field(min_length=1)
    checks: tuple[Check, ...] = Field(min_length=1)


class _File(_Strict):
    groups: tuple[Group, ...] = Field(min_length=1)


def read_checks(path: Path | None = None) -> tuple[Group, ...]:
    """Read a file of behaviour checks.

    Parameters
    ----------
    path : Path, optional
        Default: ``models/checks.yaml``.

    Raises
    ------
    ModelError
        With everything that is wrong with the file, each with its line.
    """
    file = models_folder() / "checks.yaml" if path is None else path
    problems = Problems()
    document = read_yaml(file.read_text(encoding="utf-8"), file.name, problems)
    if document is None or problems.lines:
        raise ModelError.collect(f"checks {file}", problems.lines)
    try:
        return _File.model_validate(document.data).groups
    except ValidationError as error:
        lines = []
        for each in error.errors():
            where = document.line(each["loc"])
            place = ".".join(map(str, each["loc"]))
            lines.append(f"{file.name}:{where}: {place}: {each['msg']}; found {str(each['input'])[:60]!r}")
        raise ModelError.collect(f"checks {file}", lines) from None
