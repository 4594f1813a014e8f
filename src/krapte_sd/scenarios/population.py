"""Population variants: from published assumptions to inputs of the population module.

A variant of the Verkenning Bevolking 2050 is given by three averages over 2023-2049: the total
fertility rate, the life expectancy of women and net migration. One method turns their
deviations from the forecast into inputs, the same for all variants; nothing is fitted per
variant:

* A deviation grows along a ramp that averages one over 2023-2049, so that the published average
  is met. The ramps are data (`variant_ramp_rates`, `variant_ramp_net_migration`).
* Fertility is scaled alike at all ages until the total fertility rate deviates as asked.
* Mortality moves along a pattern of decline by age (`mortality_decline_by_age`) until life expectancy
  deviates as asked. No deviation is published for men; theirs is that of women.
* The deviation of net migration is added to that of the forecast, with the age profile of
  immigration unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from krapte_sd.errors import ScenarioError, nearest

if TYPE_CHECKING:
    import xarray as xr

    from krapte_sd.parameters import ParameterSet

__all__ = ["FORECAST", "life_expectancy", "scale_fertility", "shift_life_expectancy", "variant_inputs", "variants"]

Floats = NDArray[np.float64]

FORECAST: Final = "prognose"

_WIDEST: Final = 6.0  # times the pattern of decline, either way
_BISECTIONS: Final = 64  # leaves nothing but rounding


def life_expectancy(mortality: ArrayLike) -> Floats:
    """Compute life expectancy at birth of a period life table.

    Parameters
    ----------
    mortality : array_like, shape (..., age)
        Deaths per person-year by single year of age from 0; constant within a year of age. The last
        age is open ("and over"). Positive.

    Returns
    -------
    numpy.ndarray of float64, shape (...)
        Life expectancy at birth, years.

    Raises
    ------
    ScenarioError
        If a rate is not positive and finite.

    Examples
    --------
    >>> life_expectancy([0.02] * 101).round(6)
    np.float64(50.0)
    """
    rates = np.asarray(mortality, np.float64)
    if rates.ndim == 0 or rates.shape[-1] == 0 or not (np.isfinite(rates) & (rates > 0)).all():
        raise ScenarioError(f"mortality must be positive and finite by age; found an array of shape {rates.shape}")
    alive = np.exp(-np.cumsum(rates, axis=-1))
    born = np.concatenate([np.ones_like(rates[..., :1]), alive[..., :-1]], axis=-1)
    lived = (born[..., :-1] - alive[..., :-1]) / rates[..., :-1]
    return np.asarray(lived.sum(axis=-1) + born[..., -1] / rates[..., -1], np.float64)


def scale_fertility(fertility: ArrayLike, deviation: ArrayLike) -> Floats:
    """Scale fertility at all ages alike until the total fertility rate deviates as asked.

    Parameters
    ----------
    fertility : array_like, shape (age, year)
        Births per woman and year by single age.
    deviation : array_like, shape (year,)
        What is added to the total fertility rate, births per woman.

    Returns
    -------
    numpy.ndarray of float64, shape (age, year)
        The scaled rates, not negative.

    Raises
    ------
    ScenarioError
        If a total fertility rate would become negative.
    """
    rates = np.asarray(fertility, np.float64)
    total = rates.sum(axis=0)
    wanted = total + np.asarray(deviation, np.float64)
    if not (wanted >= 0).all():
        raise ScenarioError(
            f"the deviation takes the total fertility rate from {total.min():.3g} to {wanted.min():.3g}; "
            "remedy: a deviation that leaves it at 0 or more"
        )
    return np.asarray(rates * (wanted / total), np.float64)


def shift_life_expectancy(mortality: ArrayLike, deviation: ArrayLike, pattern: ArrayLike) -> Floats:
    """Move mortality along a pattern by age until life expectancy deviates as asked.

    One factor for all ages would put too much of a change at the highest ages: there mortality
    declines little.

    Parameters
    ----------
    mortality : array_like, shape (sex, age, year)
        Deaths per person-year by single age, the last age open.
    deviation : array_like, shape (year,)
        What is added to life expectancy at birth, years; for both sexes.
    pattern : array_like, shape (sex, age)
        Decline of the logarithm of mortality by age, positive; only its shape matters.

    Returns
    -------
    numpy.ndarray of float64, shape (sex, age, year)
        The moved rates. A year without a deviation keeps its rates bit for bit.

    Raises
    ------
    ScenarioError
        If no multiple of the pattern, up to six times, gives the deviation.
    """
    rates = np.asarray(mortality, np.float64)
    change = np.asarray(deviation, np.float64)
    decline = np.asarray(pattern, np.float64)[:, None, :]
    by_age = np.moveaxis(rates, 1, -1)  # (sex, year, age)
    target = life_expectancy(by_age) + change
    low = np.full(target.shape, -_WIDEST)
    high = np.full(target.shape, _WIDEST)

    def moved(steps: Floats) -> Floats:
        return np.asarray(by_age * np.exp(-decline * steps[..., None]), np.float64)

    reached = (life_expectancy(moved(low)) < target) & (target < life_expectancy(moved(high)))
    if not reached.all():
        worst = change[~reached.all(axis=0)]
        raise ScenarioError(
            f"a deviation of life expectancy by {worst[0]:.3g} years is out of reach: it needs more than "
            f"{_WIDEST:g} times the pattern of decline; remedy: a smaller deviation"
        )
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        below = life_expectancy(moved(middle)) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    steps = np.where(change == 0.0, 0.0, (low + high) / 2)
    return np.ascontiguousarray(np.moveaxis(moved(steps), -1, 1))


def variants(parameters: ParameterSet) -> tuple[str, ...]:
    """Return the names of the population variants that have assumptions."""
    return tuple(str(name) for name in parameters["variant_net_migration"].along("variant"))


def variant_inputs(parameters: ParameterSet, variant: str) -> dict[str, xr.DataArray]:
    """Return the inputs of the population module that differ from the forecast in a variant.

    Parameters
    ----------
    parameters : ParameterSet
        With the inputs of the forecast (`fertility_rate`, `mortality_rate`, `net_migration_assumed`), the
        assumptions of the variants, the ramps and `mortality_decline_by_age`.
    variant : str
        Name of the variant, one of `variants`.

    Returns
    -------
    dict of str to xarray.DataArray
        By name of the input, with the dimensions and units of the table; for `ParameterSet.replace`. An
        input without a deviation is left out, so the forecast itself gives an empty dict. Net migration
        is for a single region, that of the forecast.

    Raises
    ------
    ScenarioError
        If there is no such variant, if its deviation is out of reach, or if there are several regions.
    """
    known = variants(parameters)
    if variant not in known:
        raise ScenarioError(
            f"unknown population variant '{str(variant)[:60]}'; allowed: {', '.join(known)}"
            + nearest(str(variant)[:60], known)
        )
    changed: dict[str, xr.DataArray] = {}
    ramp = parameters.values("variant_ramp_rates")
    fertility = _deviation(parameters, "variant_total_fertility", variant)
    if fertility:
        rates = parameters.values("fertility_rate")
        by_year = fertility * ramp.sel(year=rates["year"]).to_numpy()
        changed["fertility_rate"] = rates.copy(data=scale_fertility(rates.to_numpy(), by_year))
    years = _deviation(parameters, "variant_life_expectancy_women", variant)
    if years:
        rates = parameters.values("mortality_rate")
        by_year = years * ramp.sel(year=rates["year"]).to_numpy()
        pattern = parameters.values("mortality_decline_by_age").to_numpy()
        changed["mortality_rate"] = rates.copy(data=shift_life_expectancy(rates.to_numpy(), by_year, pattern))
    persons = _deviation(parameters, "variant_net_migration", variant)
    if persons:
        net = parameters.values("net_migration_assumed")
        if net.sizes["region"] != 1:
            raise ScenarioError(
                f"population variants are national; found net_migration_assumed for {net.sizes['region']} regions; "
                "remedy: apply the variant before the division over regions"
            )
        by_year = persons * parameters.values("variant_ramp_net_migration").sel(year=net["year"]).to_numpy()
        changed["net_migration_assumed"] = net.copy(data=net.to_numpy() + by_year)
    return changed


def _deviation(parameters: ParameterSet, name: str, variant: str) -> float:
    """Return the published average of a variant minus that of the forecast."""
    averages = parameters.values(name)
    # Published with two decimals at most: rounding removes 1.5600000000000001 - 1.56.
    return round(float(averages.sel(variant=variant)) - float(averages.sel(variant=FORECAST)), 6)
