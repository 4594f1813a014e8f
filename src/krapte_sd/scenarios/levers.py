"""From measures to levers: the path of every lever of a run, and the strengths as parameters with a range."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import ScenarioError, nearest
from krapte_sd.kernel.inputs import Series
from krapte_sd.parameters.build import Parameter
from krapte_sd.parameters.codes import STATUSES
from krapte_sd.parameters.metadata import ParameterMeta, Source
from krapte_sd.scenarios.policies import Effect, Measure

if TYPE_CHECKING:
    from krapte_sd.equations import Model
    from krapte_sd.parameters import ParameterSet

__all__ = ["LEVER", "STRENGTH", "TREATED", "Chosen", "Programme", "dated"]

Floats = NDArray[np.float64]

LEVER: Final = "lever_"
STRENGTH: Final = "strength_"
TREATED: Final = "lever_treated_people"
_THEME: Final = "policies"
_STATUS: Final = {"read": "literature", "computed": "estimated", "assumed": "assumed", "unknown": "unknown"}
_BY_LABEL: Final = {"Sector": "sector", "Sex": "sex", "Task": "task", "Migrant group": "migrant_group"}
_BORN: Final = re.compile(r"[a-z]([0-9]{4})\Z", re.ASCII)


@dataclass(frozen=True)
class Chosen:
    """A measure as a scenario uses it.

    Attributes
    ----------
    measure : Measure
        The measure, with the dates of the scenario.
    strength : float or None
        Strength that the scenario sets; None: the central one of the measure, with its range.
    """

    measure: Measure
    strength: float | None = None

    def value(self, explore: bool) -> float:
        """Give the strength of the central run."""
        if self.strength is not None:
            return self.strength
        own = self.measure.strength
        return (own.low + own.high) / 2 if explore and self.measure.status == "unknown" else own.central

    def text(self, explore: bool) -> str:
        """Say in one line what is done, how strongly, when, and what is known of it."""
        own = self.measure
        how = f"{self.value(explore):g} ({own.strength.unit})"
        kind: str = "set by the scenario" if self.strength is not None else own.status
        if self.strength is None and explore and own.status == "unknown":
            kind = "unknown, middle of the exploratory range"
        until = "" if own.end is None else f" to {own.end}"
        begins = own.start + own.delay
        return f"{own.id} {own.slug}: {how}, {kind}, works from {begins}{until}, in full from {begins + own.ramp}"

    def path(self, years: NDArray[np.int64]) -> Floats:
        """Give the share of its strength at which the measure works on each 1 January.

        Zero up to and including the 1 January on which it begins to work, growing evenly over `ramp` years, and back to
        zero within the year that begins on `end`.
        """
        own = self.measure
        begins = own.start + own.delay
        grown = np.clip((years - begins) / own.ramp, 0.0, 1.0)
        if own.end is None:
            return grown
        at_end = min(max((own.end - begins) / own.ramp, 0.0), 1.0)
        return np.where(years <= own.end, grown, 0.0) if at_end else np.zeros(years.size)


@dataclass(frozen=True)
class Programme:
    """The measures of a run.

    Attributes
    ----------
    chosen : tuple of Chosen
        The measures, each once.
    explore : bool
        Use the exploratory ranges of measures whose effect is unknown.
    """

    chosen: tuple[Chosen, ...] = ()
    explore: bool = False
    _units: dict[Any, dict[tuple[str, str], Floats]] = field(default_factory=dict, repr=False, compare=False)

    def parameters(self) -> tuple[list[Parameter], dict[str, Source]]:
        """Give the strengths as parameters, and their sources."""
        return [self._strength(each) for each in self.chosen], {
            each.measure.slug: Source(citation=each.measure.source) for each in self.chosen
        }

    def _strength(self, chosen: Chosen) -> Parameter:
        own = chosen.measure
        value = chosen.value(self.explore)
        explored = self.explore and own.status == "unknown"
        ranged = chosen.strength is None
        status = "assumed" if explored or not ranged else _STATUS[own.status]
        moves = tuple(dict.fromkeys([each.lever for each in own.effects] + ([TREATED] if own.treated else [])))
        meta = ParameterMeta(
            unit="dmnl",
            dimensions=(),
            definition=f"Strength of {own.slug} ({own.id}): {own.strength.unit}",
            method=own.caveat,
            moves=moves,
        )
        low, high = (own.strength.low, own.strength.high) if ranged else (value, value)
        return Parameter(
            name=STRENGTH + own.slug,
            theme=_THEME,
            meta=meta,
            labels=(),
            value=_fixed(value),
            low=_fixed(low),
            high=_fixed(high),
            status=_fixed(STATUSES.index(status), np.int64),
            source=_fixed(0, np.int64),
            source_keys=(own.slug,),
            distribution=(own.strength.distribution,) if ranged else (),
        )

    def levers(
        self,
        model: Model,
        tables: ParameterSet,
        years: NDArray[np.int64],
        strengths: Mapping[str, float] | None = None,
    ) -> dict[str, Series]:
        """Give the path of every lever that a measure moves.

        Parameters
        ----------
        model : Model
            The equations.
        tables : ParameterSet
            With the strength of each measure.
        years : array of int
            The 1 Januaries.
        strengths : mapping of str to float, optional
            Other strengths than those of the tables, by measure.

        Raises
        ------
        ScenarioError
            If a measure names a lever or label the model does not have; all in one message.
        """
        key = (model.sha256, tuple(years.tolist()), tuple(model.dimensions.get("Region", ())))
        if key not in self._units:
            self._units[key] = self.units(model, tables, years)
        found: dict[str, Floats] = {}
        for (slug, lever), path in self._units[key].items():
            strength = float(tables[STRENGTH + slug].value) if strengths is None else strengths[slug]
            more = path * strength
            found[lever] = found[lever] + more if lever in found else more
        # A strength of zero times a negative effect is minus zero, which has other bits than zero.
        return {lever: Series(years, values + 0.0) for lever, values in found.items()}

    def units(self, model: Model, tables: ParameterSet, years: NDArray[np.int64]) -> dict[tuple[str, str], Floats]:
        """Give what one unit of strength does, by measure and lever: paths over `years`."""
        problems: list[str] = []
        found: dict[tuple[str, str], Floats] = {}
        for each in self.chosen:
            own = each.measure
            effects = list(own.effects)
            if own.treated:
                effects.append(Effect(lever=TREATED, effect=own.treated))
            shares = each.path(years)
            for effect in effects:
                pattern = _pattern(model, tables, years, own, effect, problems)
                if pattern is None:
                    continue
                values = pattern * shares.reshape(-1, *(1,) * (pattern.ndim - 1))
                key = (own.slug, effect.lever)
                found[key] = found[key] + values if key in found else values
        if problems:
            raise ScenarioError.collect("measures", problems)
        return found


def dated(like: Parameter, path: Series) -> Parameter:
    """Give a lever without dimensions as a table by year."""
    meta = like.meta.model_copy(update={"dimensions": ("year",)})
    value = _fixed(path.values)
    status, source = (_fixed(np.full(value.shape, one.flat[0]), np.int64) for one in (like.status, like.source))
    years = tuple(np.asarray(path.years).tolist())
    return dataclasses.replace(
        like, meta=meta, labels=(years,), value=value, low=value, high=value, status=status, source=source
    )


def _fixed(value: Any, kind: Any = np.float64) -> NDArray[Any]:
    array = np.array(value, kind)
    array.setflags(write=False)
    return array


def _pattern(
    model: Model, tables: ParameterSet, years: NDArray[np.int64], own: Measure, effect: Effect, problems: list[str]
) -> Floats | None:
    """Give an effect over years and the dimensions of its lever."""
    levers = [name for name in model.variables if name.startswith(LEVER)]
    where = f"{own.slug} ({own.id})"
    if effect.lever not in levers:
        what = f"{where}: the model has no lever '{effect.lever}'; allowed: {', '.join(levers)}"
        problems.append(what + nearest(effect.lever, levers))
        return None
    dimensions = model.variables[effect.lever].dimensions
    before = len(problems)
    given = {"sector": effect.sector, "sex": effect.sex, "task": effect.task, "migrant_group": effect.migrant_group}
    usable = {_BY_LABEL[each] for each in dimensions if each in _BY_LABEL}
    for name, labels in {**given, "ages": effect.ages}.items():
        fits = "Cohort" in dimensions if name == "ages" else name in usable
        if labels is not None and not fits:
            problems.append(f"{where}: {effect.lever} [{', '.join(dimensions)}] has no dimension for '{name}'")
    parts: list[Floats] = []
    for dimension in dimensions:
        known = model.dimensions[dimension]
        wanted = given.get(_BY_LABEL.get(dimension, ""))
        if dimension == "Cohort" and effect.ages is not None:
            born = np.array([int(_BORN.match(label).group(1)) for label in known])  # type: ignore[union-attr]
            age = years[:, None] - born[None, :] - 1
            parts.append(((age >= effect.ages[0]) & (age <= effect.ages[1])).astype(np.float64))
            continue
        for label in wanted or ():
            if label not in known:
                what = f"{where}: {effect.lever} has no {dimension.lower()} '{label}'; allowed: {', '.join(known)}"
                problems.append(what + nearest(label, known))
        parts.append(np.array([float(wanted is None or label in wanted) for label in known])[None, :])
    if len(problems) > before:
        return None
    if effect.split:
        at = dimensions.index("Sector") if "Sector" in dimensions else None
        if at is None:
            problems.append(f"{where}: 'split' divides over sectors, and {effect.lever} has none")
            return None
        parts[at] = _split(tables, model.dimensions["Sector"], parts[at])
    values = np.full((years.size, *(1,) * len(dimensions)), effect.effect)
    for at, part in enumerate(parts):
        shape = [part.shape[0], *(1,) * len(dimensions)]
        shape[at + 1] = part.shape[1]
        values = values * part.reshape(shape)
    return np.ascontiguousarray(np.broadcast_to(values, (years.size, *model.shape(effect.lever))), np.float64)


def _split(tables: ParameterSet, sectors: Sequence[str], chosen: Floats) -> Floats:
    """Divide over the chosen sectors in proportion to the employed of the first year."""
    employed = tables.values("initial_employed")
    by_sector = employed.sum([each for each in employed.dims if each != "sector"])
    weights: Mapping[str, float] = dict(zip(map(str, by_sector["sector"].values), by_sector.values, strict=True))
    found = chosen * np.array([weights[each] for each in sectors])[None, :]
    return np.asarray(found / found.sum(), np.float64)
