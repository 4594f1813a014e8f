"""Where the equations and the numbers lie."""

from __future__ import annotations

import pytest

from krapte_sd.errors import FileError
from krapte_sd.parameters import models_folder, parameters_folder
from krapte_sd.parameters.locate import _shipped


def test_the_folders_that_ship_are_found():
    assert (models_folder() / "krapte.mdl").is_file()
    assert parameters_folder().is_dir()


def test_in_a_wheel_the_packaged_folder_is_taken(tmp_path):
    package = tmp_path / "site-packages" / "krapte_sd"
    (package / "_shipped" / "models").mkdir(parents=True)
    assert _shipped("models", package) == package / "_shipped" / "models"


def test_in_a_checkout_the_folder_at_the_root_is_taken(tmp_path):
    package = tmp_path / "src" / "krapte_sd"
    package.mkdir(parents=True)
    (tmp_path / "models").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    assert _shipped("models", package) == tmp_path / "models"


def test_a_stranger_s_folder_above_site_packages_is_not_taken(tmp_path):
    package = tmp_path / "lib" / "krapte_sd"
    package.mkdir(parents=True)
    (tmp_path / "models").mkdir()
    with pytest.raises(FileError, match=r"'models' of krapte_sd was not found; looked in .*remedy: install"):
        _shipped("models", package)
