"""Population of the forecast and its variants against CBS and NIDI, with the net migration they assume."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from krapte_sd.validation.lines import THOUSAND, Line, absolute, relative

if TYPE_CHECKING:
    import xarray as xr

    from krapte_sd.validation.evidence import Evidence

__all__ = ["PUBLISHED_VARIANTS", "lines"]

GROUP: Final = "population"
PUBLISHED_VARIANTS: Final = ("prognose", "groei", "krimp", "arbeid")
"""Variants of the Verkenning Bevolking 2050 (edition 2024) whose result is published."""

AGE_GROUPS: Final = {0: (19, 3.0), 20: (64, 2.0), 65: (79, 2.0), 80: (100, 4.0)}
"""First age: last age, allowed deviation in %; as asked for by issue 2."""

TOTAL_LIMIT: Final = 1.0
FORECAST_LIMIT: Final = 0.5
"""% for the totals of 2030 and 2040 in the official forecast."""

FLOW_LIMIT: Final = 2.0
"""% for births, deaths and gross migration; a fifth or less of the half width of the 67% interval of CBS in 2030."""

NET_LIMIT: Final = 2.0
"""Thousand a year for net migration, which may be close to zero; CBS gives 41 thousand either side in 2030."""

FLOWS: Final = {
    "births": "births", "deaths": "deaths_total", "immigration": "immigration_total", "emigration": "emigration_total",
}  # fmt: skip


def lines(evidence: Evidence) -> Iterator[Line]:
    """Give the lines of the population."""
    yield from _variants(evidence)
    yield from _forecast(evidence)
    yield from _observed(evidence)


def _on(ds: xr.Dataset, year: int, first: int, last: int) -> float:
    """Residents of some ages on 1 January, thousand."""
    stock = ds["population_by_age"].sel(time=ds["time"].dt.year == year, age=slice(first, last))
    return float(stock.sum()) / 1000


def _over(ds: xr.Dataset, name: str, year: int) -> float:
    """Flow over a calendar year, thousand."""
    return float(ds[name].sel(year=year).sum()) / 1000


def _variants(evidence: Evidence) -> Iterator[Line]:
    for variant in PUBLISHED_VARIANTS:
        ds = evidence.projection(variant)
        parts = {a: evidence.figure("variant_population", variant=variant, age=a, year=2050) / 1000 for a in AGE_GROUPS}
        name = f"1 Jan 2050, {variant}"
        yield relative(GROUP, f"{name}: total", _on(ds, 2050, 0, 100), sum(parts.values()), TOTAL_LIMIT, THOUSAND)
        for first, (last, limit) in AGE_GROUPS.items():
            ages = f"{first}-{last}" if last < 100 else f"{first}+"
            yield relative(GROUP, f"{name}: {ages}", _on(ds, 2050, first, last), parts[first], limit, THOUSAND)


def _forecast(evidence: Evidence) -> Iterator[Line]:
    ds = evidence.projection()
    for year in (2030, 2040):
        total, young = (
            evidence.figure(name, **labels, year=year) / 1000
            for name, labels in (("forecast_population", {}), ("forecast_population_by_age", {"age": 0}))
        )
        yield relative(GROUP, f"1 Jan {year}: total", _on(ds, year, 0, 100), total, FORECAST_LIMIT, THOUSAND)
        yield relative(GROUP, f"1 Jan {year}: 0-19", _on(ds, year, 0, 19), young, AGE_GROUPS[0][1], THOUSAND)
    for year in (2030, 2040, 2050):
        for name, flow in FLOWS.items():
            published = evidence.figure(f"forecast_{name}", year=year) / 1000
            yield relative(GROUP, f"{year}: {name}", _over(ds, flow, year), published, FLOW_LIMIT, THOUSAND)
        net = evidence.figure("forecast_net_migration", year=year) / 1000
        yield absolute(GROUP, f"{year}: net migration", _over(ds, "net_migration", year), net, NET_LIMIT, THOUSAND)


def _observed(evidence: Evidence) -> Iterator[Line]:
    """2024 as it was; net migration as CBS counts it, the rest of the growth, corrections included."""
    ds = evidence.projection()
    figures = {
        name: evidence.figure(f"observed_{name}", year=2024) / 1000
        for name in ("population", "births", "deaths", "immigration")
    }
    after = evidence.figure("observed_population", year=2025) / 1000
    net = after - figures["population"] - figures["births"] + figures["deaths"]
    figures["emigration"] = figures["immigration"] - net
    before = figures.pop("population")
    yield relative(GROUP, "1 Jan 2024: total, observed", _on(ds, 2024, 0, 100), before, 0.01, THOUSAND)
    yield relative(GROUP, "1 Jan 2025: total, observed", _on(ds, 2025, 0, 100), after, FORECAST_LIMIT, THOUSAND)
    for name, figure in figures.items():
        yield relative(GROUP, f"2024: {name}, observed", _over(ds, FLOWS[name], 2024), figure, FLOW_LIMIT, THOUSAND)
    yield absolute(GROUP, "2024: net migration, observed", _over(ds, "net_migration", 2024), net, NET_LIMIT, THOUSAND)
