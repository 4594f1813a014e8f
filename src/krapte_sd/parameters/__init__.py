"""Every number of the model: reading, checking, provenance, and the way to the model's inputs."""

from krapte_sd.parameters.inputs import Series, model_inputs
from krapte_sd.parameters.locate import models_folder, parameters_folder
from krapte_sd.parameters.parameter_set import ParameterSet
from krapte_sd.parameters.reading import read_parameters

__all__ = ["ParameterSet", "Series", "model_inputs", "models_folder", "parameters_folder", "read_parameters"]
