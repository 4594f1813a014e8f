"""Numbers between 0 and 1 for the members: evenly spread, and the same whatever else is drawn.

Each parameter has its own van der Corput sequence, the first dimension of Sobol's,
scrambled and read in a scrambled order (Owen 1995), both by a hash of the seed and of
the name of the parameter (Laine and Karras 2011; Burley 2020). So

* the number of a member depends on the seed, the name and its own place alone: not on
  how many members there are, nor on what other parameters are drawn;
* the first 2, 4, 8, ... members of every parameter lie one in each half, quarter,
  eighth, ... of the range, and any other number of members nearly so;
* two parameters are as good as independent. In the many dimensions of Sobol's sequence
  itself that takes some thousand members: with 60 parameters and 100 members the
  worst pair has a correlation of 0.8, here 0.4, as with random numbers.

It is arithmetic with whole numbers of 32 bits and gives the same bits on every machine.

References
----------
A. B. Owen (1995), Randomly permuted (t,m,s)-nets and (t,s)-sequences, MCQMC 1994.
S. Laine and T. Karras (2011), Stratified sampling for stochastic transparency, EGSR.
B. Burley (2020), Practical hash-based Owen scrambling, JCGT 9(4).
N. Vegdahl (2021), Building a better LK hash (the constants).
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_MEMBERS", "check_members", "check_seed", "quantiles"]

Words = NDArray[np.uint32]
MOST_MEMBERS = 2**32


def check_members(members: Any) -> str:
    """Say what is wrong with a number of members, which is a whole number from 1 on; nothing if it is right."""
    whole = isinstance(members, int | np.integer) and not isinstance(members, bool)
    good = whole and 1 <= members <= MOST_MEMBERS
    return "" if good else f"members={members!r}: give a whole number of at least 1, such as 1000"


def check_seed(seed: Any) -> str:
    """Say what is wrong with a seed, which is a whole number from 0 on; nothing if it is right."""
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    good = whole and 0 <= seed < 2**64
    return "" if good else f"seed={seed!r}: give a whole number from 0 to 2**64 - 1, such as 7"


def quantiles(name: str, seed: int, first: int, count: int) -> NDArray[np.float64]:
    """Give the numbers of some members for one parameter.

    Parameters
    ----------
    name : str
        Name of the parameter.
    seed : int
        Seed of the ensemble.
    first, count : int
        First member, and number of members.

    Returns
    -------
    numpy.ndarray of float64, shape (count,)
        Between 0 and 1, neither of them included.

    Examples
    --------
    >>> some = quantiles("turnover", 7, 0, 8)
    >>> sorted((some * 8).astype(int).tolist())
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    key = hashlib.sha256(f"{seed}\0{name}".encode()).digest()
    order, digits = (np.uint32(int.from_bytes(key[at : at + 4], "little")) for at in (0, 4))
    place = np.arange(first, first + count, dtype=np.uint64).astype(np.uint32)
    scrambled = _scramble(_reversed(_scramble(place, order)), digits)
    # A member stands in the middle of its 2**-32 of the range, so never at an end of it.
    return (scrambled.astype(np.float64) + 0.5) / 2.0**32


def _scramble(x: Words, seed: np.uint32) -> Words:
    """Owen's scrambling of the binary digits, the highest first."""
    x = _reversed(x)
    with np.errstate(over="ignore"):
        x = x ^ (x * np.uint32(0x3D20ADEA))
        x = x + seed
        x = x * ((seed >> np.uint32(16)) | np.uint32(1))
        x = x ^ (x * np.uint32(0x05526C56))
        x = x ^ (x * np.uint32(0x53A22864))
    return _reversed(x)


def _reversed(x: Words) -> Words:
    """Turn the order of the 32 bits around."""
    for mask, shift in ((0x55555555, 1), (0x33333333, 2), (0x0F0F0F0F, 4), (0x00FF00FF, 8), (0x0000FFFF, 16)):
        kept, by = np.uint32(mask), np.uint32(shift)
        x = ((x >> by) & kept) | ((x & kept) << by)
    return x
