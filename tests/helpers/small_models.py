"""Writes small Vensim models for tests."""

from pathlib import Path

import numpy as np

from krapte_sd.equations import Model, read_model
from krapte_sd.kernel import Series

CONTROL = """
INITIAL TIME= 2000 ~ Year ~ |
FINAL TIME= 2004 ~ Year ~ |
TIME STEP= 0.25 ~ Year ~ |
SAVEPER= 1 ~ Year ~ |
"""


def write_model(folder: Path, text: str, control: str = CONTROL) -> Path:
    """Write a model file, with the control variables behind the given entries."""
    path = folder / "small.mdl"
    path.write_text("{UTF-8}\n" + text + control, encoding="utf-8")
    return path


def small(folder: Path, text: str) -> Model:
    """Read a model from the text of its entries."""
    return read_model(write_model(folder, text))


def cohort_inputs(model: Model, start: int, stop: int, seed: int = 1) -> dict:
    """Random inputs of the cohort model, within sensible bounds."""
    random = np.random.default_rng(seed)
    years = np.arange(start - 1, stop + 2)

    def series(name: str, low: float, high: float) -> Series:
        return Series(years, random.uniform(low, high, (years.size, *model.shape(name))))

    def constant(name: str, low: float, high: float) -> np.ndarray:
        return random.uniform(low, high, model.shape(name))

    return {
        "birth_year": np.array([float(label[1:]) for label in model.dimensions["Cohort"]]),
        "initial_population": constant("initial_population", 80, 120),
        "initial_employed": constant("initial_employed", 5, 20),
        "mortality_rate": series("mortality_rate", 0.01, 0.05),
        "fertility_rate": series("fertility_rate", 0.02, 0.2),
        "immigrants": series("immigrants", 0, 50),
        "target_jobs": series("target_jobs", 0.9, 1.4),
        "separation_rate": constant("separation_rate", 0.1, 0.4),
    }


def part(count: int, first: int, length: int, low: float, high: float, random: np.random.Generator) -> np.ndarray:
    """Random numbers in a part of a dimension, zero outside."""
    found = np.zeros(count)
    found[first : first + length] = random.uniform(low, high, count)[first : first + length]
    return found
