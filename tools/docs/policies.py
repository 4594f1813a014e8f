"""The page on policies: the table of all measures; persons in thousands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tools.docs.markers import refill, signed, table

import krapte_sd as ks
from krapte_sd.ensemble.sampling import between, read_sampling
from krapte_sd.packages import Goal, World, drawn_scenarios
from krapte_sd.scenarios import Chosen, read_scenario
from krapte_sd.scenarios.levers import STRENGTH
from krapte_sd.scenarios.policies import Measure, measures

PAGE = "docs/policies.md"
YEARS = (2030, 2040, 2050)
MIDDLE = 2040
DRAWS, SEED = 40, 1
BAND = (0.1, 0.9)


def changes(known: list[Measure]) -> dict[str, Any]:
    """Give the change of the need gap by each measure alone, for members with drawn parameters and strength."""
    goals = [Goal("need_gap", year) for year in YEARS]
    base = read_scenario("baseline")
    chosen = [Chosen(each) for each in known]
    found = np.empty((DRAWS, len(known), len(YEARS)))
    for k, scenario in enumerate(drawn_scenarios(base, DRAWS, SEED)):
        world = World(scenario, chosen)
        names = [n for n in world.model.equations.inputs if n in world.tables]
        deviations = read_sampling(world.tables, names, SEED).deviations(k, 1)
        strengths = []
        for each in known:
            own, deviation = each.strength, deviations.get(STRENGTH + each.slug, np.zeros(1))
            strengths.append(float(between(own.low, own.central, own.high, deviation)[0]))
        mixes = [[0.0] * len(known)]
        mixes += [[s if i == j else 0.0 for j, s in enumerate(strengths)] for i in range(len(known))]
        values = world.values(mixes, goals)
        found[k] = values[1:] - values[0]
    return {each.slug: found[:, i] for i, each in enumerate(known)}


def central(known: list[Measure]) -> dict[str, Any]:
    """Give the change by sector, and by labour-market region, of each measure alone at its central strength."""

    def gap(**options: Any) -> Any:
        return ks.run("baseline", by_age=False, **options)["need_gap"]

    reference = {regions: gap(regions=regions) for regions in ("nl", "arbeidsmarktregio")}
    found = {}
    for each in known:
        country, divided = (
            gap(regions=regions, policies=[each.slug]) - before for regions, before in reference.items()
        )
        found[each.slug] = (country.sum("region"), divided.sum("sector"))
    return found


def explored(unknown: list[Measure]) -> dict[str, float]:
    """Give the change in the middle year if a measure of unknown effect stood at the top of its exploratory range."""
    chosen = [Chosen(each) for each in unknown]
    world = World(replace(read_scenario("baseline"), explore=True), chosen)
    tops = [each.strength.high for each in unknown]
    mixes = [[0.0] * len(tops)] + [[s if i == j else 0.0 for j, s in enumerate(tops)] for i in range(len(tops))]
    values = world.values(mixes, [Goal("need_gap", MIDDLE)])[:, 0]
    return {each.slug: float(values[i + 1] - values[0]) for i, each in enumerate(unknown)}


def persons(value: float) -> str:
    """Write a change in thousands with one decimal and its sign."""
    text = f"{value / 1000:+.1f}"
    return "0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def largest(change: Any, dimension: str) -> str:
    """Name the three places where the gap falls most."""
    each = change.sel(time=f"{MIDDLE}-01-01")
    names = each["region_name"].values if dimension == "region" else each["sector"].values
    order = np.argsort(each.values, kind="stable")[:3]
    return ", ".join(str(names[i]) for i in order if each.values[i] < -0.5) or "none"


def why(each: Measure) -> str:
    """Say why a measure changes nothing at its central strength."""
    return "no proven effect" if each.status == "unknown" else "no direct effect"


def effects() -> str:
    """Write the table of all measures of the deck."""
    deck = [each for each in measures().values() if each.deck]
    known = [each for each in deck if each.effect_known]
    bands, places = changes(known), central(known)
    top = explored([each for each in deck if each.status == "unknown" and each.effects])
    rows = []
    for each in deck:
        tail = [f"{persons(top[each.slug])}" if each.slug in top else ""]
        if each.slug not in bands:
            rows.append([each.id, each.name, each.status, *["0"] * len(YEARS), why(each), "", *tail])
            continue
        country, divided = places[each.slug]
        cells = []
        for j, year in enumerate(YEARS):
            low, high = np.quantile(bands[each.slug][:, j], BAND)
            middle = float(country.sel(time=f"{year}-01-01").sum())
            cells.append(f"{persons(middle)} ({persons(float(low))} to {persons(float(high))})")
        rows.append(
            [each.id, each.name, each.status, *cells, largest(country, "sector"), largest(divided, "region"), ""]
        )
    head = [
        "",
        "Measure",
        "Status",
        *map(str, YEARS),
        f"Sections, {MIDDLE}",
        f"Regions, {MIDDLE}",
        f"Explored, {MIDDLE}",
    ]
    return table(head, rows, left=3)


def packages() -> str:
    """Write the need gap of every shipped scenario."""
    rows = []
    reference = None
    for _, each in ks.scenarios().sort_values("name", key=lambda names: names != "baseline", kind="stable").iterrows():
        gap = ks.run(each["name"], by_age=False)["need_gap"].sum(("region", "sector"))
        values = [float(gap.sel(time=f"{year}-01-01")) for year in YEARS]
        reference = reference or values
        cells = [f"{v / 1000:,.0f} ({signed(v - r)})" for v, r in zip(values, reference, strict=True)]
        rows.append([f"`{each['name']}`", each["title"], *cells])
    return table(["Name", "Scenario", *map(str, YEARS)], rows, left=2)


def six() -> str:
    """Write the contributions of a package of six."""
    found = ks.attribute(["L01", "L26", "L31", "L32", "L43", "L46"], year=MIDDLE)
    rows = []
    for _, each in found.iterrows():
        numbers = [
            persons(each[column]) if each[column] == each[column] else ""
            for column in ("alone", "last", "contribution")
        ]
        rows.append([each["id"], each["name"], each["status"], *numbers])
    return table(["", "Measure", "Status", "Alone", "Last", "Contribution"], rows, left=3)


def make(root: Path, *, write: bool) -> list[str]:
    """Compute the page; give its name if it was stale (and is written, if asked)."""
    return refill(root, PAGE, {"effects": effects(), "packages": packages(), "six": six()}, write=write)
