"""The page on regions: its tables and figures; persons in thousands."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from tools.docs.markers import percent, table, tenths, thousands
from tools.docs.runs import YEARS, Runs, total
from tools.parameters.regions import AREA_ERROR, SPLIT_ERROR
from tools.parameters.regions_jobs import GROUPS

import krapte_sd as ks
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.reading import read_parameters

FIRST, LAST = 2024, YEARS[-1]
DIVISIONS = {"province": "provinces", "arbeidsmarktregio": "labour-market regions"}


def on(ds: Any, name: str, year: int) -> Any:
    """Read a variable on 1 January by region, sections together."""
    each = ds[name].sel(time=f"{year}-01-01")
    return each.sum([dim for dim in each.dims if dim != "region"])


def filled(ds: Any, year: int) -> Any:
    """Count filled posts by region of work: need less what is not there."""
    return on(ds, "labour_needed", year) - on(ds, "need_gap", year)


def national(runs: Runs) -> str:
    """Set the sums over regions beside the run of the country as one region, by section in the last year."""
    several = [runs.baseline, *runs.divisions.values()]

    def cells(sector: str | None) -> list[str]:
        chosen = several if sector is None else [ds.sel(sector=sector) for ds in several]
        names = ("employed_in_sector", "vacancies", "need_gap")
        write = (thousands, tenths if sector else thousands, tenths if sector else thousands)
        return [w(total(ds, name, LAST)) for name, w in zip(names, write, strict=True) for ds in chosen]

    ds = runs.baseline
    rows = [
        [str(s), str(name), *cells(str(s))]
        for s, name in zip(ds["sector"].values, ds["sector_name"].values, strict=True)
    ]
    rows.append(["", "**All**", *cells(None)])
    head = [f"{n}, {d}" for n in ("employed", "vacancies", "gap") for d in ("country", "12", "35")]
    return table(["", "Section", *head], rows, left=2)


def errors() -> str:
    """Say how wrong the workers of a group may be in a region."""
    rows = [
        [group, percent(alone, 0), percent(SPLIT_ERROR[group], 0)]
        for group, alone in zip(GROUPS, AREA_ERROR, strict=True)
    ]
    return table(["Group", "COROP area as a whole, %", "COROP area divided, its smaller part, %"], rows)


def commuting(name: str) -> dict[str, str]:
    """Write net commuting of the start by region; in brackets where even its sign is not sure."""
    found = read_parameters(parameters_folder() / "regional" / name)["net_commuting"]
    ends = zip(found.value, found.low, found.high, strict=True)
    written = [thousands(value) if low * high > 0 else f"({thousands(value)})" for value, low, high in ends]
    return dict(zip(map(str, found.along("region")), written, strict=True))


def by_region(runs: Runs, name: str) -> str:
    """Describe each region of a division."""
    ds = runs.divisions[name]
    net = commuting(name)
    people = {y: on(ds, "population_total", y) for y in (FIRST, LAST)}
    columns = [
        [f"{v / 1000:,.0f}" for v in people[FIRST].values],
        [percent(v) for v in (people[LAST] / people[FIRST] - 1).values],
        [thousands(v) for v in on(ds, "employed_total", FIRST).values],
        [net[str(code)] for code in ds["region"].values],
        *([percent(v) for v in on(ds, "unemployment_rate", y).values] for y in (FIRST, 2030)),
        *([f"{v:.0f}" for v in on(ds, "tightness", y).values] for y in (FIRST, 2030)),
        *(
            [percent(v) for v in (on(ds, "need_gap", y) / on(ds, "labour_needed", y)).values]
            for y in (FIRST, 2030, LAST)
        ),
    ]
    names = zip(ds["region"].values, ds["region_name"].values, strict=True)
    rows = [[str(code), str(label), *cells] for (code, label), *cells in zip(names, *columns, strict=True)]
    head = [
        "residents 2024", f"growth to {LAST}, %", "employed residents 2024", "net commuting 2024",
        *(f"unemployed {y}, %" for y in (FIRST, 2030)), *(f"vacancies per 100 unemployed {y}" for y in (FIRST, 2030)),
        *(f"gap {y}, % of need" for y in (FIRST, 2030, LAST)),
    ]  # fmt: skip
    return table(["", "Region", *head], rows, left=2)


def start(runs: Runs, name: str = "arbeidsmarktregio") -> dict[str, float]:
    """Compare the start of the regions: correlations, and the range of employment growth in the first year, %."""
    ds = runs.divisions[name]
    gap = (on(ds, "need_gap", FIRST) / on(ds, "labour_needed", FIRST)).values
    unemployed, tightness = (on(ds, n, FIRST).values for n in ("unemployment_rate", "tightness"))
    growth = 100 * (filled(ds, FIRST + 1) / filled(ds, FIRST) - 1).values
    spread = {year: np.ptp(on(ds, "unemployment_rate", year).values) * 100 for year in (FIRST, 2030, LAST)}
    return {
        "gap_unemployed": float(np.corrcoef(gap, unemployed)[0, 1]),
        "gap_tightness": float(np.corrcoef(gap, tightness)[0, 1]),
        "lowest_growth": float(growth.min()),
        "highest_growth": float(growth.max()),
        "spread_2024": float(spread[FIRST]),
        "spread_2030": float(spread[2030]),
        f"spread_{LAST}": float(spread[LAST]),
    }


def taking_part(ds: Any, year: int) -> tuple[Any, Any, Any]:
    """Split net participation by region, points: itself, what ages add to that of the country, and the rest.

    The part of ages is what the region would differ from the country if its residents of each sex and age worked as
    often as in the country; the rest is what they do otherwise.
    """
    at = {"time": f"{year}-01-01", "age": slice(15, 74)}
    people, employed = ds["population_by_age"].sel(at), ds["employed_by_age"].sel(at).sum("sector")
    residents = people.sum(["sex", "age"])
    expected = (people * (employed.sum("region") / people.sum("region"))).sum(["sex", "age"])
    country = float(employed.sum() / people.sum())
    own = employed.sum(["sex", "age"])
    return 100 * own / residents, 100 * (expected / residents - country), 100 * (own - expected) / residents


def spread(values: Any, residents: Any) -> float:
    """Compute the standard deviation over regions, weighted by their residents."""
    return float(np.sqrt(values.weighted(residents).var()))


def participation(ds: Any) -> dict[str, str]:
    """Say why net participation of the regions comes nearer to each other."""
    out = {}
    for year in (FIRST, LAST):
        total_, ages, own = taking_part(ds, year)
        residents = on(ds, "population_total", year)
        out[f"participation_range_{year}"] = f"{np.ptp(total_.values):.1f}"
        for name, part in (("ages", ages), ("own", own)):
            out[f"participation_{name}_{year}"] = f"{spread(part, residents):.1f}"
            for code in ("AM01", "AM18", "AM30"):
                out[f"participation_{name}_{code}_{year}"] = sign(float(part.sel(region=code)))
        for code in ("AM18", "AM30"):
            out[f"participation_{code}_{year}"] = f"{float(total_.sel(region=code)):.1f}"
    return out


def sign(points: float) -> str:
    """Write points with their sign."""
    return f"{points:+z.1f}".replace("-", "−")


@cache
def following(share: float) -> Any:
    """Run with jobs that stay where they are (0) or follow people in full (1)."""
    return ks.run("baseline", regions="arbeidsmarktregio", parameters={"jobs_follow_people": share}, by_age=False)


def shortest(ds: Any) -> Any:
    """Give the gap of the last year as % of need by name of the region, largest first."""
    gap = (100 * on(ds, "need_gap", LAST) / on(ds, "labour_needed", LAST)).to_series()
    gap.index = ds["region_name"].values
    return gap.sort_values(ascending=False)


def told(gap: Any) -> str:
    """Write regions with their gap."""
    each = [f"{name} ({value:.1f})" for name, value in gap.items()]
    return f"{', '.join(each[:-1])} and {each[-1]}"


def odd(runs: Runs) -> dict[str, str]:
    """Figures of what looks odd: unemployment that stays, participation, and who ends the shortest."""
    ds = runs.divisions["arbeidsmarktregio"]
    rate = {year: (100 * on(ds, "unemployment_rate", year)).to_series() for year in (FIRST, LAST)}
    name = dict(zip(ds["region"].values, ds["region_name"].values, strict=True))
    out = {}
    for which, code in (("highest", rate[FIRST].idxmax()), ("lowest", rate[FIRST].idxmin())):
        out[f"unemployment_{which}"] = f"{name[code]} ({rate[FIRST][code]:.1f}%, then {rate[LAST][code]:.1f}%)"
    out["unemployment_order"] = f"{rate[FIRST].corr(rate[LAST]):.2f}"
    gap = shortest(ds)
    out |= {"gap_largest": told(gap.head(4)), "gap_smallest": told(gap.tail(3)[::-1])}
    for share in (0, 1):
        gap = shortest(following(float(share)))
        out |= {f"gap_largest_{share}": told(gap.head(2)), f"gap_smallest_{share}": told(gap.tail(2)[::-1])}
    last = f"{LAST}-01-01"
    wage = ds["wage_pressure"].sel(time=last).weighted(ds["labour_needed"].sel(time=last)).mean("sector").values
    out["wages_apart"] = f"{100 * np.expm1(np.ptp(wage)):.0f}"
    return out | participation(ds)


def make(root: Path, *, write: bool) -> list[str]:
    """Compute the page on regions alone; give its name if it was stale (and is written, if asked)."""
    from tools.docs import baseline  # which itself needs the tables here

    return baseline.pages(root, ("docs/regions.md",), Runs(), write=write)


def regional(runs: Runs) -> dict[str, str]:
    """All tables and figures of the page on regions, by the name of their marker."""
    found = start(runs)
    fast = {"country": runs.baseline, **runs.divisions}
    hires = {
        name: float(ds["hires"].sel(year=LAST).sum()) / float(ds["vacancies"].sel(time=f"{LAST}-01-01").sum())
        for name, ds in fast.items()
    }
    out = {f"regions_{name}": by_region(runs, name) for name in DIVISIONS}
    for name, ds in runs.divisions.items():
        out |= {f"gap_{name}_{year}": thousands(total(ds, "need_gap", year)) for year in (FIRST, *YEARS)}
    people = [
        total(ds, "population_total", LAST) - total(runs.baseline, "population_total", LAST) for ds in fast.values()
    ]
    out["population_apart"] = tenths(max(people, key=abs))
    out |= odd(runs)
    return out | {
        "regions_national": national(runs),
        "regions_errors": errors(),
        "regions_gap_unemployed": f"{found['gap_unemployed']:.1f}".replace("-", "−"),
        "regions_gap_tightness": f"{found['gap_tightness']:.1f}".replace("-", "−"),
        "regions_growth": f"{found['lowest_growth']:z.1f} to {found['highest_growth']:z.1f}".replace("-", "−"),
        "regions_spread_2024": f"{found['spread_2024']:.1f}",
        "regions_spread_2030": f"{found['spread_2030']:.1f}",
        f"regions_spread_{LAST}": f"{found[f'spread_{LAST}']:.1f}",
        "hires_per_vacancy_country": f"{hires['country']:.1f}",
        "hires_per_vacancy_35": f"{hires['arbeidsmarktregio']:.1f}",
    }
