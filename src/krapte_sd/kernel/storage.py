"""Places every array of a kernel in one flat workspace.

One workspace with fixed offsets lets the compiler see how arrays lie to each
other. What all members of an ensemble share, if they share it, lies in two blocks of its
own: what holds for a calendar year, and what follows time.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from krapte_sd.kernel.lower import Lowered

__all__ = ["Layout", "place"]

#: Arrays start at multiples of a cache line, in units of 8 bytes.
_ALIGN = 8


@dataclass
class Layout:
    """Where everything is.

    Attributes
    ----------
    offsets : dict of str to int
        First place of every slot.
    size : int
        Places in all.
    state, rates : int
        First places of the state (stocks, then integrals) and of its derivatives
        (net flows, then integrands), which lie in the same order.
    saved_state, weighted : int
        First places of the state at the start of a step, and of the weighted sum
        of the derivatives of its stages.
    length : int
        Places of the state.
    stocks : int
        Places of the stocks alone.
    hold, linear : tuple of int
        First place and number of places of the data that hold for a year, and of
        the data that are interpolated.
    yearly, timed : tuple of int
        First place and number of places of all that holds for a calendar year
        (inputs and `hold` among them), and of all that follows time alone
        (`linear` among them).
    """

    offsets: dict[str, int] = field(default_factory=dict)
    size: int = 0
    state: int = 0
    rates: int = 0
    saved_state: int = 0
    weighted: int = 0
    length: int = 0
    stocks: int = 0
    hold: tuple[int, int] = (0, 0)
    linear: tuple[int, int] = (0, 0)
    yearly: tuple[int, int] = (0, 0)
    timed: tuple[int, int] = (0, 0)

    def take(self, size: int) -> int:
        """Reserve places and give the first one."""
        first = self.size
        self.size += -(-size // _ALIGN) * _ALIGN
        return first


def place(
    lowered: Lowered,
    without: Iterable[str],
    hold: Sequence[str],
    linear: Sequence[str],
    only: Container[str] | None = None,
) -> Layout:
    """Give every slot its place.

    Parameters
    ----------
    lowered : Lowered
        The statements.
    without : iterable of str
        Slots that need no memory.
    hold, linear : sequence of str
        Data variables by the way they run between two 1 Januaries.
    only : container of str, optional
        Slots that are wanted; default: all.
    """
    layout = Layout()
    skip = set(without)

    def block(names: Iterable[str]) -> tuple[int, int]:
        first = layout.size
        for name in names:
            if name not in layout.offsets and name not in skip and (only is None or name in only):
                layout.offsets[name] = layout.take(lowered.slots[name].size)
        return first, layout.size - first

    layout.state, layout.stocks = block(lowered.stocks)
    block(lowered.integrals)
    layout.length = layout.size - layout.state
    layout.rates, _ = block([*lowered.rates, *lowered.integrands])
    layout.saved_state = layout.take(layout.length)
    layout.weighted = layout.take(layout.length)
    timed = [each.target for each in lowered.phases["time"]]
    yearly = [each.target for phase in ("const", "year") for each in lowered.phases[phase]]
    given = [name for name, slot in lowered.slots.items() if slot.role in ("input", "lookup", "cell")]
    layout.hold = block(hold)
    block([*given, *yearly])
    layout.yearly = (layout.hold[0], layout.size - layout.hold[0])
    layout.linear = block(linear)
    block(timed)
    layout.timed = (layout.linear[0], layout.size - layout.linear[0])
    block(lowered.slots)
    return layout
