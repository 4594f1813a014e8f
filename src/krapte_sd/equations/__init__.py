"""Reading a model file into typed, checked equations. Knows nothing about labour."""

from __future__ import annotations

from krapte_sd.equations.model import Dimension, Model, Variable
from krapte_sd.equations.units import check_units
from krapte_sd.equations.vensim import read_model

__all__ = ["Dimension", "Model", "Variable", "check_units", "read_model"]
