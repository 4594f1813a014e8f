"""Runs the behaviour checks: all runs they need are members of one run of the kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from krapte_sd.analysis.batch import Batch
from krapte_sd.analysis.checks import Accounts, Changes, Check, EffectRatio, EffectShare, Parts, Reference, read_checks
from krapte_sd.analysis.knockout import scenario_batch
from krapte_sd.errors import ModelError, nearest

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["COLUMNS", "check_behaviour"]

Floats = NDArray[np.float64]
COLUMNS = ("group", "check", "runs", "found", "ok")


def check_behaviour(path: Path | None = None, *, batch: Batch | None = None) -> pd.DataFrame:
    """Check that the shipped model behaves as expected.

    Parameters
    ----------
    path : Path, optional
        File of checks; default: ``models/checks.yaml``.
    batch : Batch, optional
        The baseline, prepared before.

    Returns
    -------
    pandas.DataFrame
        One row a check: ``group``, ``check`` (in words), ``runs`` (number of runs it looked at), ``found`` (the figures
        of the comparison that is farthest off, or the nearest to fail), ``ok``.

    Raises
    ------
    ModelError
        If the file is wrong, or names a variable, sector or year that is not there.
    ParameterError
        If it names a parameter that is not there.
    """
    import pandas as pd

    groups = read_checks(path)
    prepared = scenario_batch("baseline") if batch is None else batch
    wanted: dict[tuple[Any, ...], Changes] = {_key({}): {}}
    for group in groups:
        for check in group.checks:
            for change in (*_runs(check, prepared), *_others(check)):
                wanted.setdefault(_key(change), change)
    ds = prepared.run(list(wanted.values()))
    ds = ds.assign_coords(time=ds["time"].dt.year.values)
    place = {key: position for position, key in enumerate(wanted)}
    problems = [
        f"'{check.it}': {problem}" for group in groups for check in group.checks for problem in _problems(check, ds)
    ]
    if problems:
        raise ModelError.collect("behaviour checks", problems)
    rows = []
    for group in groups:
        for check in group.checks:
            told = [_judge(check, change, ds, place) for change in _runs(check, prepared)]
            ok = all(good for good, _ in told)
            text = next((text for good, text in told if not good), told[0][1])
            rows.append((group.describe, check.it, len(told), text, ok))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _key(change: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(sorted(change.items()))


def _runs(check: Check, batch: Batch) -> list[Changes]:
    """Give the runs that a check looks at."""
    if not check.each:
        return [check.change]
    return [{**check.change, name: end} for name in batch.ranged for end in check.each]


def _others(check: Check) -> list[Changes]:
    """Give the runs that a check compares with."""
    found = [each.change for each in (check.above, check.below, check.unchanged) if isinstance(each, Reference)]
    return [*found, *([check.effect_ratio.of] if check.effect_ratio is not None else [])]


def _problems(check: Check, ds: xr.Dataset) -> list[str]:
    """Say what a check names that is not there."""
    names = [
        *check.variable,
        *(check.accounts.flows if check.accounts else ()),
        *(check.parts.of if check.parts else ()),
    ]
    found = [f"'{name}' is no output{nearest(name, list(map(str, ds.data_vars)))}" for name in names if name not in ds]
    if check.sector and check.sector not in ds["sector"].values:
        found.append(f"there is no sector '{check.sector}'")
    years = [*check.years, *([check.effect_share.year, check.effect_share.of] if check.effect_share else [])]
    found += [f"the year {year} is not in the run" for year in years if year not in ds["time"].values]
    return found


def _judge(check: Check, change: Changes, ds: xr.Dataset, place: Mapping[tuple[Any, ...], int]) -> tuple[bool, str]:
    """Make all comparisons of a check for one run."""
    changed = ", ".join(f"{name}={value}" for name, value in change.items()) or "baseline"
    told = []
    for variable in check.variable:

        def values(other: Mapping[str, Any], name: str = variable) -> xr.DataArray:
            found = ds[name].isel(member=place[_key(other)])
            if check.sector and "sector" in found.dims:
                found = found.sel(sector=check.sector)
            line = "time" if "time" in found.dims else "year"
            return found.sel({line: list(check.years)}) if check.years else found

        for name in check.predicates:
            good, text = _COMPARISONS[name](getattr(check, name), values, change, check)
            told.append((good, f"{variable} {name.replace('_', ' ')}: {text}"))
    bad = [text for good, text in told if not good]
    return not bad, f"{changed}: {(bad or [text for _, text in told])[0]}"


Values = Callable[..., Any]


def _sums(found: xr.DataArray) -> Floats:
    return np.asarray(found.sum([d for d in found.dims if d not in ("time", "year")]).values, np.float64)


def _compared(expected: Reference | float, values: Values, change: Changes, *, sign: float) -> tuple[bool, str]:
    own = _sums(values(change))
    other = _sums(values(expected.change)) if isinstance(expected, Reference) else np.full_like(own, expected)
    gap = sign * (own - other)
    worst = int(gap.argmin())
    return bool((gap > 0).all()), f"{own[worst]:.6g} against {other[worst]:.6g}"


def _above(expected: Any, values: Values, change: Changes, _: Check) -> tuple[bool, str]:
    return _compared(expected, values, change, sign=1.0)


def _below(expected: Any, values: Values, change: Changes, _: Check) -> tuple[bool, str]:
    return _compared(expected, values, change, sign=-1.0)


def _unchanged(expected: Reference, values: Values, change: Changes, check: Check) -> tuple[bool, str]:
    own, other = values(change), values(expected.change)
    if check.until is not None:
        line = "time" if "time" in own.dims else "year"
        own, other = (each.sel({line: each[line] < check.until}) for each in (own, other))
    gap = float(np.abs(own.values - other.values).max())
    return gap == 0.0, f"largest difference {gap:.3g}"


def _at_least(bound: float, values: Values, change: Changes, _: Check) -> tuple[bool, str]:
    lowest = float(values(change).min())
    return lowest >= bound, f"lowest {lowest:.6g}, bound {bound:g}"


def _at_most(bound: float, values: Values, change: Changes, _: Check) -> tuple[bool, str]:
    highest = float(values(change).max())
    return highest <= bound, f"highest {highest:.6g}, bound {bound:g}"


def _finite(_: bool, values: Values, change: Changes, __: Check) -> tuple[bool, str]:
    bad = int((~np.isfinite(values(change).values)).sum())
    return bad == 0, f"{bad} values are not finite"


def _trend(way: str, values: Values, change: Changes, _: Check) -> tuple[bool, str]:
    steps = np.diff(_sums(values(change))) * (1.0 if way == "rising" else -1.0)
    return bool((steps >= 0).all()), f"smallest step {steps.min():.6g}"


def _effect_share(expected: EffectShare, values: Values, change: Changes, _: Check) -> tuple[bool, str]:
    effect = values(change) - values({})
    first, last = (float(effect.sel(time=year).sum()) for year in (expected.year, expected.of))
    share = first / last if last else np.nan
    return (
        expected.at_least <= share <= expected.at_most,
        f"{share:.3g} of the effect of {expected.of} in {expected.year}",
    )


def _effect_ratio(expected: EffectRatio, values: Values, change: Changes, _: Check) -> tuple[bool, str]:
    one, other = (_sums(values(each) - values({}))[-1] for each in (change, expected.of))
    ratio = float(one / other) if other else np.nan
    return expected.at_least <= ratio <= expected.at_most, f"{ratio:.4g} times the effect"


def _accounts(expected: Accounts, values: Values, change: Changes, _: Check) -> tuple[bool, str]:
    stock = values(change)
    moved = np.diff(stock.values, axis=0)
    flows = sum(factor * values(change, name).values for name, factor in expected.flows.items())
    gap = float(np.abs(moved - flows).max() / np.abs(stock.values).max())
    return gap <= expected.within, f"off by {gap:.2g} of the stock"


def _parts(expected: Parts, values: Values, change: Changes, _: Check) -> tuple[bool, str]:
    whole = values(change)
    total = sum(factor * values(change, name).values for name, factor in expected.of.items())
    gap = float(np.abs(whole.values - total).max() / np.abs(whole.values).max())
    return gap <= expected.within, f"off by {gap:.2g}"


_COMPARISONS: Mapping[str, Callable[..., tuple[bool, str]]] = {
    "above": _above,
    "below": _below,
    "unchanged": _unchanged,
    "at_least": _at_least,
    "at_most": _at_most,
    "finite": _finite,
    "trend": _trend,
    "effect_share": _effect_share,
    "effect_ratio": _effect_ratio,
    "accounts": _accounts,
    "parts": _parts,
}
