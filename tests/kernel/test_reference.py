"""The compiled kernel and PySD on the same file with the same inputs."""

from pathlib import Path

import numpy as np
import pytest
from small_models import cohort_inputs

from krapte_sd.equations import read_model
from krapte_sd.errors import ParameterError
from krapte_sd.kernel import compile_model, run_reference

OTHER = {"Region": ["N1", "N2", "N3"], "Cohort": [f"k{year}" for year in range(1995, 2008)]}


@pytest.mark.parametrize(("seed", "dimensions"), [(1, None), (2, OTHER)])
def test_every_variable_agrees(cohort_path: Path, seed: int, dimensions: dict | None) -> None:
    if dimensions:
        # The file names an element of Region, which a replaced range does not have.
        with pytest.raises(ValueError, match="'North' is not an element of 'Region'"):
            read_model(cohort_path, dimensions)
        dimensions = {"Cohort": dimensions["Cohort"]}
    model = read_model(cohort_path, dimensions)
    names = list(model.variables)
    inputs = cohort_inputs(model, 2001, 2004, seed)
    ours = compile_model(model, names).run(inputs, 2001, 2004, 1 / 8, "euler", save_step=1 / 4)
    theirs = run_reference(cohort_path, inputs, 2001, 2004, 1 / 8, names, dimensions, save_step=1 / 4)
    assert np.array_equal(ours.times, theirs.times)
    for name in names:
        assert ours.saved[name].shape == theirs.saved[name].shape == (13, *model.shape(name))
        scale = np.abs(theirs.saved[name]).max()
        assert np.abs(ours.saved[name] - theirs.saved[name]).max() <= 1e-12 * scale, name


def test_reference_checks_its_inputs(cohort_path: Path) -> None:
    model = read_model(cohort_path)
    inputs = cohort_inputs(model, 2000, 2004)
    del inputs["immigrants"]
    with pytest.raises(ParameterError, match="'immigrants' is not set"):
        run_reference(cohort_path, inputs, 2000, 2004, 0.25, ["births"])
    with pytest.raises(ParameterError, match="'birth' is not a variable of the model; did you mean 'births'"):
        run_reference(cohort_path, inputs, 2000, 2004, 0.25, ["birth"])
