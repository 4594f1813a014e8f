"""The tables of the baseline page and of the README, as Markdown; persons in thousands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from tools.docs.markers import percent, signed, table, tenths, thousands
from tools.docs.regions import regional
from tools.docs.runs import EARLY, FIRST, ROOM, YEARS, Outcome, Runs, total

from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.observations import read_observations

HEADLINE_YEARS = (2024, 2025, 2030, 2035, 2040, 2050)
SECTOR_YEARS = (2024, 2030, 2040, 2050)
OPENINGS = (2024, 2029)
PAST = (2000, 2017)
GROUP = {
    **dict.fromkeys("BDE", "B-E"), **dict.fromkeys("GHI", "G-I"), **dict.fromkeys("MN", "M-N"),
    **dict.fromkeys("OPQ", "O-Q"), **dict.fromkeys("RS", "R-U"),
}  # fmt: skip
"""Groups of the regional accounts; B-E holds C, so B, D and E have no growth of their own there."""
PUBLIC = {"Q": "care (Q)", "P": "education (P)", "O": "public administration without defence (O)"}
STATUSES = {
    "observed": "published statistics",
    "official_projection": "official projections and laws",
    "estimated": "derived here from the two above, the method named with each parameter",
    "literature": "studies, aims of ministries, definitions",
    "assumed": "chosen by the authors, with a range; nearly all of behaviour and demand is of this kind",
    "unknown": "no number exists; no effect",
}


def at(ds: Any, name: str, year: int, sector: str | None = None) -> float:
    """Read a variable on 1 January, all regions together."""
    return total(ds if sector is None else ds.sel(sector=sector), name, year)


def above_trend(wage: float) -> str:
    """Write a log wage relative to trend in percent."""
    return percent(np.expm1(wage), 0)


def headline(runs: Runs) -> str:
    """Describe the country in some years."""
    ds = runs.baseline
    rows: tuple[tuple[str, str, Callable[[float], str]], ...] = (
        ("Population", "population_total", thousands),
        ("Labour force", "labour_force", thousands),
        ("Employed", "employed_total", thousands),
        ("Unemployed", "unemployed_total", thousands),
        ("Unemployed, % of the labour force", "unemployment_rate", percent),
        ("Vacancies", "vacancies_total", thousands),
        ("Vacancies per 100 unemployed", "tightness", lambda v: f"{v:.0f}"),
        ("Frictional shortage", "frictional_shortage", thousands),
        ("Structural shortage", "structural_shortage", thousands),
        ("Suppressed shortage", "suppressed_shortage", thousands),
        ("**Need gap** (structural + suppressed)", "need_gap", lambda v: f"**{thousands(v)}**"),
        ("Need gap, thousand full-time equivalents", "need_gap_in_fte", thousands),
        ("Need gap, million hours a year", "need_gap_in_hours", lambda v: f"{v / 1e6:,.0f}"),
        ("Mean wage above trend, %", "mean_wage_pressure", above_trend),
    )
    years = HEADLINE_YEARS
    cells = ([label, *(write(at(ds, name, y)) for y in years)] for label, name, write in rows)
    return table(["Thousand persons on 1 January", *map(str, years)], cells)


def readme_headline(runs: Runs) -> str:
    """Give the headline in few lines, with its range."""
    ds, years = runs.baseline, SECTOR_YEARS
    low, high = runs.spread(runs.closures, runs.ranges)
    rows = [
        ["Employed", *(thousands(at(ds, "employed_total", y)) for y in years)],
        ["Vacancies", *(thousands(at(ds, "vacancies_total", y)) for y in years)],
        ["**Need gap**", *(f"**{thousands(at(ds, 'need_gap', y))}**" for y in years)],
        [
            "its range over closures and assumptions",
            "",
            *(f"{thousands(a)} to {thousands(b)}" for a, b in zip(low, high, strict=True)),
        ],
    ]
    return table(["Thousand persons on 1 January", *map(str, years)], rows)


def bridge(runs: Runs) -> str:
    """Say where the need gap comes from: what need and employment add since the start."""
    ds = runs.baseline
    start = HEADLINE_YEARS[0]

    def change(name: str, year: int, sector: str | None = None) -> float:
        return at(ds, name, year, sector) - at(ds, name, start, sector)

    def defence(year: int) -> float:
        return change_of_task(year, ["defence"])

    def change_of_task(year: int, tasks: list[str]) -> float:
        labour = ds["task_labour"].sel(task=tasks)
        return float((labour.sel(time=f"{year}-01-01") - labour.sel(time=f"{start}-01-01")).sum())

    rows = [["Need gap on 1 January 2024", *[thousands(at(ds, "need_gap", start))] * len(YEARS)]]
    public = {s: [change("labour_needed", y, s) - (defence(y) if s == "O" else 0.0) for y in YEARS] for s in PUBLIC}
    rows += [[f"+ more need of {PUBLIC[s]}", *map(thousands, values)] for s, values in public.items()]
    tasks = [change_of_task(y, list(ds["task"].values)) for y in YEARS]
    rows.append(["+ more need of the tasks (homes, climate, grid, defence)", *map(thousands, tasks)])
    market = [
        change("labour_needed", y) - t - sum(v[i] for v in public.values())
        for i, (y, t) in enumerate(zip(YEARS, tasks, strict=True))
    ]
    rows.append(["+ more need of the market", *map(thousands, market)])
    rows.append(["− more people employed", *(thousands(change("employed_total", y)) for y in YEARS)])
    rows.append(["**= need gap**", *(f"**{thousands(at(ds, 'need_gap', y))}**" for y in YEARS)])
    return table(["Thousand persons since 1 January 2024", *map(str, YEARS)], rows)


def _by_sector(runs: Runs, blocks: Iterable[tuple[str, Callable[[int, str], str]]]) -> str:
    """Lay some quantities by sector and year beside each other."""
    ds, blocks = runs.baseline, list(blocks)
    head = ["", "Section", *(f"{label} {y}" for label, _ in blocks for y in SECTOR_YEARS)]
    rows = []
    for s, name in zip(ds["sector"].values, ds["sector_name"].values, strict=True):
        rows.append([str(s), str(name), *(write(y, str(s)) for _, write in blocks for y in SECTOR_YEARS)])
    return table(head, rows, left=2)


def sectors_need(runs: Runs) -> str:
    """Employed and needed by sector."""
    ds = runs.baseline
    return _by_sector(runs, [
        ("employed", lambda y, s: thousands(at(ds, "employed_in_sector", y, s))),
        ("needed", lambda y, s: thousands(at(ds, "labour_needed", y, s))),
    ])  # fmt: skip


def sectors_shortage(runs: Runs) -> str:
    """Vacancies and need gap by sector, absolute and relative."""
    ds = runs.baseline
    return _by_sector(runs, [
        ("vacancies", lambda y, s: thousands(at(ds, "vacancies", y, s))),
        ("gap", lambda y, s: thousands(at(ds, "need_gap", y, s))),
        ("gap, % of need", lambda y, s: percent(at(ds, "need_gap", y, s) / at(ds, "labour_needed", y, s))),
    ])  # fmt: skip


def growth(ds: Any, name: str, first: int, last: int, sector: str | None = None) -> str:
    """Write the mean growth of a variable between two 1 Januaries, % a year."""
    return percent(np.log(at(ds, name, last, sector) / at(ds, name, first, sector)) / (last - first))


def sectors_growth(runs: Runs) -> str:
    """Growth a year of need and employment, beside that of employment in the past."""
    ds = runs.baseline
    observations = read_observations(parameters_folder() / "observations")

    def past(sector: str) -> str:
        group = GROUP.get(sector, sector)
        ends = [observations.value("employed_persons", sector=group, period=str(y)) for y in PAST]
        shown = percent(np.log(ends[1] / ends[0]) / (PAST[1] - PAST[0]))
        return shown if group == sector else f"{shown} ({group})"

    spans = ((2024, 2030), (2030, 2050))
    rows = []
    for s, name in zip(map(str, ds["sector"].values), ds["sector_name"].values, strict=True):
        cells = [growth(ds, n, *span, s) for n in ("labour_needed", "employed_in_sector") for span in spans]
        rows.append([s, str(name), *cells, above_trend(at(ds, "wage_pressure", YEARS[-1], s)), past(s)])
    head = ["", "Section", *(f"{n} {a}-{b}" for n in ("need", "employed") for a, b in spans)]
    return table([*head, f"wage above trend {YEARS[-1]}, %", f"employed {PAST[0]}-{PAST[1]} (accounts)"], rows, left=2)


def openings(runs: Runs) -> str:
    """Replacement and expansion demand by sector, mean of some years."""
    ds = runs.baseline
    first, last = OPENINGS
    flows = ds.sel(year=slice(first, last)).sum("region").mean("year")
    people = ds["employed_in_sector"].sum("region").sel(time=[f"{y}-01-01" for y in range(first, last + 2)]).values
    staff = dict(zip(map(str, ds["sector"].values), (people[:-1] + people[1:]).mean(axis=0) / 2, strict=True))

    def line(code: str, name: str, sectors: list[str]) -> list[str]:
        mean = sum(staff[s] for s in sectors)
        values = [
            float(flows[n].sel(sector=sectors).sum())
            for n in ("replacement_demand", "expansion_demand", "retirements_in_sector")
        ]
        cells = [cell for v in (*values[:2], values[0] + values[1]) for cell in (tenths(v), percent(v / mean))]
        return [code, name, *cells, tenths(values[2])]

    rows = [line(s, str(n), [s]) for s, n in zip(staff, ds["sector_name"].values, strict=True)]
    rows.append(line("", "**All**", list(staff)))
    head = [cell for n in ("replacement", "expansion", "together") for cell in (n, "%")]
    return table(["", "Section", *head, "retirements"], rows, left=2)


def _outcomes(outcomes: list[Outcome], first: str) -> str:
    def cell(each: Outcome, i: int) -> str:
        return f"{thousands(each.gap[i])} ({thousands(each.structural[i])}+{thousands(each.suppressed[i])})"

    rows = [[each.label, *(cell(each, i) for i in range(len(YEARS))), above_trend(each.wage)] for each in outcomes]
    return table([first, *map(str, YEARS), f"wage above trend {YEARS[-1]}, %"], rows)


def populations(runs: Runs) -> str:
    """Shortage by population variant, and the gap of the last year if the market makes room for nothing or for all."""
    lines = _outcomes(runs.populations, "Population variant").splitlines()
    ends = [[thousands(each.gap[-1]) for each in pair] for pair in runs.populations_by_room]
    last = YEARS[-1]
    more = [[f"{last}, market makes no room", f"{last}, room for everything"], ["---:", "---:"], *ends]
    return "\n".join(f"{line} {' | '.join(cells)} |" for line, cells in zip(lines, more, strict=True))


def migration(runs: Runs) -> str:
    """Say what more migrants alone do to the gap of the last year."""
    rows = [[f"{delay:g}", *map(signed, changes)] for delay, changes in runs.migration.items()]
    return table(["Years in which firms expect another supply", *(f"room {room:g}" for room in ROOM)], rows)


def outlooks(runs: Runs) -> str:
    """Set published outlooks beside the baseline, where both say something on the same thing."""
    ds = runs.baseline
    seen = read_observations(parameters_folder() / "observations")

    care = [seen.value("care_people_demand", sector="Q", period=str(y)) for y in (2020, 2030)]
    share = [seen.value("care_share_of_workers", sector="Q", period=str(y)) for y in (2021, 2060)]
    line = share[0] + (share[1] - share[0]) * (2050 - 2021) / (2060 - 2021)
    teachers = seen.value("teachers_short", sector="P", period="2027")
    supply = seen.value("labour_supply_growth", period="2026/2040")
    unchanged = growth(ds, "labour_supply_at_unchanged_participation", 2026, 2040)
    employed, needed = (
        at(ds, name, 2050, "Q") / at(ds, "employed_total", 2050) for name in ("employed_in_sector", "labour_needed")
    )
    rows = [
        [
            "Growth of labour supply 2026-2040, % a year",
            "CPB, cited by DNB 2024: practically nil",
            f"{supply:.1f}",
            f"{growth(ds, 'labour_force', 2026, 2040)}; {unchanged} at unchanged participation",
        ],
        [
            "Growth of the need for care, % a year",
            "ABF 2020, 2020-2030",
            percent(np.log(care[1] / care[0]) / 10),
            f"{growth(ds, 'labour_needed', 2024, 2030, 'Q')} (2024-2030)",
        ],
        [
            "Care, % of all workers in 2050",
            "WRR 2021, on the straight line from 1 in 6 (2021) to 1 in 3 (2060)",
            f"{line:.0f}",
            f"{percent(employed, 0)}; the need is {percent(needed, 0)}",
        ],
        [
            "Short in education in 2027, thousand full-time",
            "OCW 2022, teachers alone, possibly",
            thousands(teachers),
            f"{thousands(at(ds, 'need_gap_in_fte', 2027, 'P'))}, all staff of the section",
        ],
    ]
    return table(["", "Published", "Outlook", "Baseline"], rows, left=2)


def statuses(runs: Runs) -> str:
    """Count the numbers by status."""
    parameters = runs.parameters
    counts = parameters.status_counts()
    single = {status: sum(parameters.status_counts(name)[status] > 0 for name in parameters) for status in counts}
    rows = [[status, STATUSES[status], str(single[status]), f"{counts[status]:,}"] for status in STATUSES]
    return table(["Status", "What it is", "Parameters with such values", "Values"], rows, left=2)


def sector_line(runs: Runs, sector: str) -> str:
    """Give the path of one sector in one line."""
    ds, last = runs.baseline, YEARS[-1]
    parts = []
    for label, name in (("Employed", "employed_in_sector"), ("needed", "labour_needed"), ("need gap", "need_gap")):
        parts.append(f"{label} " + " → ".join(thousands(at(ds, name, y, sector)) for y in SECTOR_YEARS))
    wage = above_trend(at(ds, "wage_pressure", last, sector))
    return f"*{'; '.join(parts)} thousand ({', '.join(map(str, SECTOR_YEARS))}); wage {wage}% above trend in {last}.*"


def values(runs: Runs) -> dict[str, str]:
    """Single figures for use inside the text."""
    ds = runs.baseline
    years = range(FIRST, YEARS[-1] + 2)
    own = next(each for each in runs.closures if each.label.endswith("own trend"))
    tightness = [each for each in runs.ranges if each.label.startswith("reference tightness")]
    wages = [each for each in runs.closures if each.label.startswith("wages:")]
    out = {f"gap_{y}": thousands(at(ds, "need_gap", y)) for y in (FIRST, *YEARS)}
    groups = {"tightness": tightness, "populations": runs.populations, "closures": runs.closures}
    for name, group in groups.items():
        low, high = runs.spread(group)
        out |= {f"{name}_{y}": _between([a, b]) for y, a, b in zip(YEARS, low, high, strict=True)}
    highest = max((at(ds, "vacancies_total", y), y) for y in years if y > FIRST)
    return (
        out
        | _room(runs)
        | {
            "need_like_supply_2050": thousands(runs.need_like_supply.gap[-1]),
            "own_trend_2050": thousands(own.gap[-1]),
            "wages_2050": _between([each.gap[-1] for each in wages]),
            "structural_wages_2050": _between([each.structural[-1] for each in (*wages, runs.closures[0])]),
            "care_beyond_2050": thousands(runs.ranges[-1].gap[-1]),
            "vacancies_wages_2050": _between([each.vacancies for each in wages]),
            "vacancies_2024": thousands(at(ds, "vacancies_total", FIRST)),
            "vacancies_highest": thousands(highest[0]),
            "vacancies_2050": thousands(at(ds, "vacancies_total", 2050)),
            "structural_tightness_2050": _between([each.structural[-1] for each in tightness]),
            "wage_passes_20": passes_20(ds),
            "wage_2050": above_trend(at(ds, "mean_wage_pressure", 2050)),
            "wage_log_2050": f"{at(ds, 'mean_wage_pressure', 2050):.2f}",
            "wage_care_2050": above_trend(at(ds, "wage_pressure", 2050, "Q")),
            "tightness_2024": f"{at(ds, 'tightness', FIRST):.0f}",
            "tightness_highest": f"{max(at(ds, 'tightness', y) for y in years if y > FIRST):.0f}",
            "retirements_2024": thousands(float(ds["retirements_in_sector"].sel(year=FIRST).sum())),
        }
    )


def _room(runs: Runs) -> dict[str, str]:
    """Figures for the share of other need for which the market makes room."""
    observed = read_observations(parameters_folder() / "observations")
    out = {
        f"observed_{quarter}": f"{100 * observed.value('tightness', period=quarter):.0f}" for quarter in EARLY.values()
    }
    for word, share in (("half", None), ("none", 0.0), ("all", 1.0)):
        found = runs.early_tightness(share)
        out |= {f"tightness_{word}_{quarter}": f"{found[time]:.0f}" for time, quarter in EARLY.items()}
    last = YEARS[-1]
    for word, share in (("none", 0.0), ("all", 1.0)):
        ds = runs.room[share]
        out |= {
            f"room_{word}_{last}": thousands(at(ds, "need_gap", last)),
            f"wage_passes_20_{word}": passes_20(ds),
            f"wage_{word}_{last}": above_trend(at(ds, "mean_wage_pressure", last)),
            f"need_growth_{word}": percent(at(ds, "labour_needed", last) / at(ds, "labour_needed", FIRST) - 1),
        }
    supply = at(runs.baseline, "expected_labour_supply_in_the_country", last) / at(
        runs.baseline, "expected_labour_supply_in_the_country", FIRST
    )
    return out | {"supply_growth": percent(supply - 1)}


def passes_20(ds: Any) -> str:
    """Name the first 1 January on which the mean wage is more than 20% above its trend."""
    dear = [y for y in range(FIRST, YEARS[-1] + 2) if np.expm1(at(ds, "mean_wage_pressure", y)) > 0.2]
    return str(dear[0]) if dear else "no year of the run"


def _between(persons: list[float]) -> str:
    return f"{thousands(min(persons))} to {thousands(max(persons))}"


def pieces(runs: Runs) -> dict[str, str]:
    """All tables and figures, by the name of their marker."""
    sectors = {f"sector_{s}": sector_line(runs, str(s)) for s in runs.baseline["sector"].values}
    return {
        "headline": headline(runs),
        "readme_headline": readme_headline(runs),
        "bridge": bridge(runs),
        "sectors_need": sectors_need(runs),
        "sectors_shortage": sectors_shortage(runs),
        "sectors_growth": sectors_growth(runs),
        "openings": openings(runs),
        "closures": _outcomes(runs.closures, "Closure"),
        "ranges": _outcomes(runs.ranges, "Parameter"),
        "populations": populations(runs),
        "migration": migration(runs),
        "outlooks": outlooks(runs),
        "statuses": statuses(runs),
        **sectors,
        **values(runs),
        **regional(runs),
    }
