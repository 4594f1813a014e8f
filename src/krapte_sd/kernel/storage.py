"""Places every array of a kernel in one flat workspace.

One workspace with fixed offsets lets the compiler see that no two arrays overlap,
so that loops become vector code without checks at run time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

    def take(self, size: int) -> int:
        """Reserve places and give the first one."""
        first = self.size
        self.size += -(-size // _ALIGN) * _ALIGN
        return first


def place(lowered: Lowered, without: Iterable[str], hold: Sequence[str], linear: Sequence[str]) -> Layout:
    """Give every slot its place.

    Parameters
    ----------
    lowered : Lowered
        The statements.
    without : iterable of str
        Slots that need no memory.
    hold, linear : sequence of str
        Data variables by the way they run between two 1 Januaries.
    """
    layout = Layout()

    def block(names: Sequence[str]) -> int:
        first = layout.size
        for name in names:
            layout.offsets[name] = layout.take(lowered.slots[name].size)
        return first

    layout.state = block(lowered.stocks)
    layout.stocks = layout.size - layout.state
    block(lowered.integrals)
    layout.length = layout.size - layout.state
    layout.rates = block([*lowered.rates, *lowered.integrands])
    layout.saved_state = layout.take(layout.length)
    layout.weighted = layout.take(layout.length)
    first = block(hold)
    layout.hold = (first, layout.size - first)
    first = block(linear)
    layout.linear = (first, layout.size - first)
    skip = set(without)
    block([name for name in lowered.slots if name not in layout.offsets and name not in skip])
    return layout
