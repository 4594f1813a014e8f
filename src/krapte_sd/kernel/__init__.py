"""Compiled runs of a model, and PySD as the reference. Knows nothing about labour."""

from __future__ import annotations

from krapte_sd.kernel.inputs import Series
from krapte_sd.kernel.program import Program, Result, compile_model
from krapte_sd.kernel.reference import run_reference
from krapte_sd.kernel.shared import Kept
from krapte_sd.kernel.state import State
from krapte_sd.kernel.stream import MemberResult

__all__ = ["Kept", "MemberResult", "Program", "Result", "Series", "State", "compile_model", "run_reference"]
