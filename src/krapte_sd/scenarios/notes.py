"""What is said about the measures of a run: which they are, which change nothing, and which are at a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from krapte_sd.scenarios.levers import Chosen, Programme

__all__ = ["policy_attributes"]

_NOTICED: Final = 0.95
"""Below this share of the programmes that is carried out, a lack of capacity is reported."""


def policy_attributes(programme: Programme | None, ds: xr.Dataset) -> dict[str, str]:
    """Give the attributes about measures.

    Parameters
    ----------
    programme : Programme or None
        The measures.
    ds : xarray.Dataset
        The run, with ``programme_delivery`` and ``placements``.

    Returns
    -------
    dict of str to str
        ``policies``: one line a measure with strength, status and dates; ``policy_status_counts``; ``policy_notes``:
        measures that change nothing or stand at their cap, and limits that are reached. Empty without measures.
    """
    if programme is None or not programme.chosen:
        return {}
    last = int(ds["time"].dt.year[-1])
    lines = [each.text(programme.explore) for each in programme.chosen]
    notes = [note for each in programme.chosen for note in _about(each, programme.explore, last)]
    delivery = ds["programme_delivery"]
    if float(delivery.min()) < _NOTICED:
        year = int(ds["time"].dt.year[int(np.argmin(delivery.values))])
        notes.append(
            f"capacity of the implementing bodies: programmes ask for more people than it allows; in {year} only "
            f"{float(delivery.min()):.0%} of what they promise is carried out"
        )
    statuses = [each.measure.status for each in programme.chosen]
    counts = {each: statuses.count(each) for each in ("read", "computed", "assumed", "unknown")}
    found = {
        "policies": "\n".join(lines),
        "policy_status_counts": "; ".join(f"{status}: {count}" for status, count in counts.items()),
    }
    return found | ({"policy_notes": "\n".join(notes)} if notes else {})


def _about(chosen: Chosen, explore: bool, last: int) -> list[str]:
    own, value = chosen.measure, chosen.value(explore)
    name = f"{own.id} {own.slug}"
    if not own.effects:
        return [f"{name}: changes nothing in the model: {own.caveat}"]
    if value == 0:
        if own.status == "unknown" and not explore:
            how = (
                f"no proven effect, so it does nothing; explore=True uses {own.strength.low:g} to {own.strength.high:g}"
            )
            return [f"{name}: {how} ({own.exploration})"]
        return [f"{name}: its strength is zero, so it changes nothing"]
    if not chosen.path(np.arange(own.start, last + 1)).any():
        return [f"{name}: begins to work on 1 January {own.start + own.delay}, too late for this run"]
    return [f"{name}: stands at its cap of {own.cap:g} ({own.pool})"] if value == own.cap else []
