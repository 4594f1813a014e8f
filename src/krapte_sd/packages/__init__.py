"""Packages of measures: what each contributes, what they have in common, and the smallest that reaches a target.

The joint effect of a package is always that of one run, never a sum of single runs. Contributions are Shapley values
(Shapley 1953): the mean over all orders of what a measure adds to those before it. Mixes are found by mixed-integer
linear programming (`scipy.optimize.milp`) on the effects of single measures, which are corrected by runs of the mix
itself until the mix does what it should.
"""

from krapte_sd.packages.attribution import attribute
from krapte_sd.packages.search import Package, find_package, front, robust_package
from krapte_sd.packages.worlds import Goal, World, drawn_scenarios

__all__ = ["Goal", "Package", "World", "attribute", "drawn_scenarios", "find_package", "front", "robust_package"]
