"""The shipped model with all its variables as outputs, and random draws of its parameters."""

import zlib
from collections.abc import Callable

import numpy as np
import pytest

from krapte_sd import load_model
from krapte_sd.kernel import Program
from krapte_sd.parameters import ParameterSet
from krapte_sd.simulation import LoadedModel


@pytest.fixture(scope="session")
def shipped() -> LoadedModel:
    return load_model()


@pytest.fixture(scope="session")
def everything(shipped: LoadedModel) -> Program:
    """All variables are saved, and all flows of persons are integrated."""
    variables = shipped.equations.variables
    return shipped.program(tuple(variables), tuple(n for n, v in variables.items() if v.unit == "person/Year"))


@pytest.fixture(scope="session")
def uncertain(shipped: LoadedModel) -> list[str]:
    """Names of all parameters of the model that have a range."""
    tables = shipped.parameters
    used = [*(n for n in shipped.equations.inputs if n in tables), "aow_age"]
    return [n for n in used if (tables[n].low != tables[n].high).any()]


@pytest.fixture(scope="session")
def draw(shipped: LoadedModel, uncertain: list[str]) -> Callable[..., ParameterSet]:
    """Draw all parameters that have a range.

    A whole table moves to one common place between its low and its high values: with a range of five percent
    either way, that is one common factor. At a corner every parameter stands at its low or at its high end.
    """

    def drawn(seed: int, *, corner: bool = False) -> ParameterSet:
        changes = {}
        for name in uncertain:
            # By name, so that a draw stays what it is when parameters are added.
            share = np.random.default_rng([seed, zlib.crc32(name.encode())]).random()
            if corner:
                share = float(share >= 0.5)
            low, high = shipped.parameters.low(name), shipped.parameters.high(name)
            value = low + share * (high - low)
            changes[name] = value if value.dims else float(value)
        return shipped.parameters.replace(changes)

    return drawn
