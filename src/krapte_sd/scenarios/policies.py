"""Measures of policy as data: what each one is, how strong it is, and which levers of the model it moves.

A measure is an entry of a YAML file (``parameters/policies/`` or a file of the user). Its strength is one number with a
range; each of its effects says what one unit of strength does to a lever. A measure never edits an equation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from krapte_sd.errors import ScenarioError, nearest
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.problems import Problems, clipped, listed
from krapte_sd.parameters.strict_yaml import YamlDocument, read_yaml

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FIRST_START",
    "LAST_START",
    "Effect",
    "Measure",
    "Strength",
    "find_measures",
    "measures",
    "policies",
    "said",
]

FOLDER: Final = "policies"
FIRST_START: Final = 2024
LAST_START: Final = 2050
_LARGEST_FILE: Final = 1_000_000
_MOST_TOLD: Final = 20
Status = Literal["read", "computed", "assumed", "unknown"]
Area = Literal[
    "unused potential", "status holders", "more hours", "work longer", "labour migration", "less demand", "better match"
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Effect(_Strict):
    """What one unit of strength does to one lever.

    Attributes
    ----------
    lever : str
        Lever of the model, in lower snake case.
    effect : float
        What is added to the lever, in its unit, for a strength of one.
    sector, sex, task, driver, migrant_group : list of str or None
        Labels it holds for; default: all.
    ages : list of two int or None
        Lowest and highest completed age; default: all.
    split : bool
        Divide the effect over the sectors in proportion to the employed, instead of giving it to each.
    """

    lever: str = Field(pattern=r"^lever_[a-z0-9_]+$")
    effect: float
    sector: list[str] | None = Field(default=None, min_length=1)
    sex: list[Literal["female", "male"]] | None = Field(default=None, min_length=1)
    task: list[str] | None = Field(default=None, min_length=1)
    migrant_group: list[str] | None = Field(default=None, min_length=1)
    ages: tuple[int, int] | None = None
    split: bool = False

    @model_validator(mode="before")
    @classmethod
    def _pair(cls, data: Any) -> Any:
        """YAML has lists, where the schema has a pair."""
        if isinstance(data, dict) and isinstance(data.get("ages"), list):
            data = {**data, "ages": tuple(data["ages"])}
        return data

    @model_validator(mode="after")
    def _ordered(self) -> Effect:
        if self.ages is not None and not 0 <= self.ages[0] <= self.ages[1] <= 100:
            raise ValueError("ages are the lowest and the highest age, between 0 and 100")
        return self


class Strength(_Strict):
    """How strong a measure is.

    Attributes
    ----------
    unit : str
        What one unit of strength is, in words.
    low, central, high : float
        Range and central value; for a measure of unknown effect the central value is zero and the range is for
        exploration only.
    distribution : {"uniform", "triangular", "normal"}
        How members of an ensemble are drawn.
    """

    unit: str = Field(min_length=1)
    low: float
    central: float
    high: float
    distribution: Literal["uniform", "triangular", "normal"] = "uniform"

    @model_validator(mode="after")
    def _ordered(self) -> Strength:
        if not self.low <= self.central <= self.high:
            raise ValueError("low <= central <= high does not hold")
        return self


class Measure(_Strict):
    """One measure.

    Attributes
    ----------
    id, slug, name, name_nl : str
        Number in the list of the ministry (L01 ... L55; your own measures have another), short name, names.
    area : str
        Policy area.
    deck : bool
        Whether the deck of 2022 holds it as a proposal or as running policy.
    effects : list of Effect
        Levers it moves; empty for a measure without any direct effect.
    strength : Strength
        How strong.
    treated : float
        People treated in a year per unit of strength: the call on the capacity of the implementing bodies.
    start, delay, ramp, end : int or None
        First 1 January, years until it begins to work, years over which it grows (one at least), and the 1 January
        after which it is withdrawn within a year.
    cap, pool : float or None, str
        Largest strength that can be asked for, and the pool it comes from.
    side_effects : str
        What else happens, and where the model shows it.
    cost, cost_unit : float or None, str
        Cost per unit of strength and year in million euros, where known.
    source, status, caveat : str
        Where the strength comes from, of what kind it is, and what to keep in mind.
    exploration : str
        For an unknown effect: what the range explores.
    """

    id: str = Field(pattern=r"^[A-Z][0-9]{2,3}$")
    slug: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    name: str = Field(min_length=1)
    name_nl: str = Field(min_length=1)
    area: Area
    deck: bool = True
    effects: list[Effect] = Field(default_factory=list)
    strength: Strength
    treated: float = Field(default=0.0, ge=0)
    start: int = Field(ge=FIRST_START, le=LAST_START)
    delay: int = Field(default=0, ge=0, le=20)
    ramp: int = Field(default=1, ge=1, le=26)
    end: int | None = Field(default=None, ge=FIRST_START, le=LAST_START)
    cap: float
    pool: str = Field(min_length=1)
    side_effects: str = Field(min_length=1)
    cost: float | None = Field(default=None, ge=0)
    cost_unit: str = ""
    source: str = Field(min_length=1)
    status: Status
    caveat: str = Field(min_length=1)
    exploration: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Measure:
        wrong = []
        known = self.strength
        if self.status == "unknown":
            if known.central != 0:
                wrong.append("an unknown effect has the central strength 0")
            if self.effects and not self.exploration:
                wrong.append("an unknown effect says in 'exploration' what its range explores")
        elif not self.effects and known.high != known.low:
            wrong.append("a range of strength without effects does nothing")
        if self.cap < known.high:
            wrong.append("the cap lies below the high strength")
        if self.end is not None and self.end <= self.start + self.delay:
            wrong.append("it ends before it works: end must lie after start and delay")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def effect_known(self) -> bool:
        """Whether the measure does anything at its central strength."""
        return bool(self.effects) and self.strength.central != 0


class _File(_Strict):
    measures: list[Measure] = Field(min_length=1)


def said(file: str, document: YamlDocument, error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Turn the mistakes of a schema into lines: place, what, found, allowed, nearest.

    Parameters
    ----------
    file : str
        Name of the file.
    document : YamlDocument
        What was read, with the line of each entry.
    error : pydantic.ValidationError
        The mistakes.
    model : type
        The schema; its fields are what is allowed.
    """
    lines = []
    for each in error.errors():
        where = tuple(part for part in each["loc"] if isinstance(part, str | int))
        text = f"{file}:{document.line(where)}: {'.'.join(map(str, where)) or 'file'}: {each['msg']}"
        text += f"; found {clipped(each['input'])}"
        if each["type"] == "extra_forbidden":
            fields = list(_fields(model, where[:-1]))
            text += f"; allowed: {', '.join(fields)}{nearest(str(where[-1])[:60], fields)}"
        lines.append(text)
    return few(lines)


def _fields(model: type[BaseModel], where: tuple[str | int, ...]) -> Iterable[str]:
    """Give the fields of the part of a schema that a place points to."""
    for part in where:
        if isinstance(part, int) or part not in model.model_fields:
            continue
        inner = [each for each in _inner(model.model_fields[part].annotation) if issubclass(each, BaseModel)]
        if inner:
            model = inner[0]
    return model.model_fields


def _inner(annotation: Any) -> list[type]:
    arguments = getattr(annotation, "__args__", ())
    if not arguments:
        return [annotation] if isinstance(annotation, type) else []
    return [found for each in arguments for found in _inner(each)]


def read_text(path: Path) -> str:
    """Read a text that a user wrote; one clear error for all that is not one.

    Raises
    ------
    ScenarioError
        If it cannot be read, is too large or is not UTF-8.
    """
    try:
        if not path.is_file():
            raise ScenarioError(f"{path}: not a regular file; remedy: give a YAML file")
        size = path.stat().st_size
        if size > _LARGEST_FILE:
            what = f"the file is too large: {size} bytes; allowed: at most {_LARGEST_FILE}"
            raise ScenarioError(f"{path}: {what}; remedy: give a YAML file of one scenario or some measures")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: not text in UTF-8; remedy: save it as UTF-8") from None
    except OSError as error:
        raise ScenarioError(
            f"{path}: cannot be read: {error.strerror}; remedy: give a file that you may read"
        ) from None


def is_file(name: str, beside: Path) -> bool:
    """Say whether a name is that of a YAML file; what it is, if anything but a file, is said on reading."""
    try:
        return name.endswith((".yaml", ".yml")) and (beside / name).exists()
    except (OSError, ValueError):
        return False  # a name that no file can have


def few(lines: list[str]) -> list[str]:
    """Keep a message readable: the first problems, and how many more there are."""
    more = len(lines) - _MOST_TOLD
    return [*lines[:_MOST_TOLD], f"and {more} further problems"] if more > 0 else lines


def _read_file(path: Path) -> list[Measure]:
    problems = Problems()
    document = read_yaml(read_text(path), path.name, problems)
    if document is None or problems.lines:
        raise ScenarioError.collect(f"measures {path}", problems.lines)
    try:
        found = _File.model_validate(document.data)
    except ValidationError as error:
        raise ScenarioError.collect(f"measures {path}", said(path.name, document, error, _File)) from None
    return found.measures


@lru_cache(maxsize=1)
def _shipped() -> tuple[Measure, ...]:
    found = [each for path in sorted((parameters_folder() / FOLDER).glob("*.yaml")) for each in _read_file(path)]
    return tuple(sorted(found, key=lambda each: each.id))


def measures() -> dict[str, Measure]:
    """Give the shipped measures by their short name, in the order of their number."""
    return {each.slug: each for each in _shipped()}


def find_measures(name: str, beside: Path = Path()) -> list[Measure]:
    """Find measures by short name, by number, or in a file.

    Parameters
    ----------
    name : str
        A slug or an id out of `policies`, or the path of a YAML file with measures.
    beside : pathlib.Path
        Folder that a path starts from.

    Raises
    ------
    ScenarioError
        If there is none, with the nearest name; or the file does not follow the schema.
    """
    known = measures()
    if name in known:
        return [known[name]]
    by_id = {each.id: each for each in known.values()}
    if name in by_id:
        return [by_id[name]]
    if is_file(name, beside):
        return _read_file(beside / name)
    names = [*known, *by_id]
    what = f"there is no measure {clipped(name)}; allowed: a name or number out of 'list policies' ({listed(known)}), "
    raise ScenarioError(f"{what}or a .yaml file{nearest(name[:60], names)}")


def policies() -> pd.DataFrame:
    """List the measures of the policy deck.

    Returns
    -------
    pandas.DataFrame
        Columns id, name, title, title_nl, area, levers, unit, low, central, high, cap, start, delay, ramp, end,
        treated_per_year, cost_meur_per_year, status, caveat, side_effects, exploration, source. `central` is zero where
        no effect is known; `low` to `high` is then for exploration only.

    Examples
    --------
    >>> import krapte_sd as ks
    >>> ks.policies()["id"].is_unique
    True
    """
    import pandas as pd

    rows: list[Mapping[str, Any]] = [
        {
            "id": m.id, "name": m.slug, "title": m.name, "title_nl": m.name_nl, "area": m.area,
            "levers": ", ".join(dict.fromkeys(each.lever.removeprefix("lever_") for each in m.effects)),
            "unit": m.strength.unit, "low": m.strength.low, "central": m.strength.central, "high": m.strength.high,
            "cap": m.cap, "start": m.start, "delay": m.delay, "ramp": m.ramp, "end": m.end,
            "treated_per_year": m.treated * m.strength.central, "cost_meur_per_year": m.cost, "status": m.status,
            "caveat": m.caveat, "side_effects": m.side_effects, "exploration": m.exploration, "source": m.source,
        }
        for m in _shipped()
    ]  # fmt: skip
    return pd.DataFrame(rows)
