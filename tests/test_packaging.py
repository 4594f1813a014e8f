"""The package, its README lines and its papers fit together."""

import re
import subprocess
import sys
import tomllib
import zipfile

import pytest
import yaml


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """The wheel, built from the checkout by the build tool itself, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    call = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    result = subprocess.run(call, cwd=root, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    (path,) = folder.glob("*.whl")
    return path


def block(root, mark):
    """The one line of the fenced block behind a mark in the README."""
    text = (root / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^<!-- {mark} -->\n```bash\n(.+)\n```$", text, flags=re.MULTILINE)
    assert len(found) == 1, f"README.md: one block behind <!-- {mark} --> is needed"
    return found[0]


def test_the_wheel_holds_model_parameters_and_types(wheel, root):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "krapte_sd/py.typed" in names
    for folder in ("models", "parameters"):
        expected = {
            f"krapte_sd/_shipped/{path.relative_to(root).as_posix()}"
            for path in (root / folder).rglob("*")
            if path.is_file() and path.suffix in {".mdl", ".csv", ".yaml"}
        }
        assert expected, folder
        assert expected <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    # What belongs to the checkout alone stays out.
    assert not [name for name in names if re.match(r"(tests|docs|tools|benchmarks|examples)/", name)]


def test_the_wheel_runs_without_the_checkout(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import krapte_sd.cli as c; print(c.__file__); c.main([])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert result.stdout.strip() == str(tmp_path / "krapte_sd" / "cli.py")
    assert result.stderr.startswith("krapte-sd: the following arguments are required: COMMAND")


def test_the_command_is_installed(project):
    assert project["scripts"] == {"krapte-sd": "krapte_sd.cli:main"}


def test_one_version_everywhere(root, project):
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(citation["version"]) == project["version"]
    assert citation["license"] == project["license"] == "BSD-3-Clause"
    changes = re.findall(r"^## \[(\d[^\]]*)\]", (root / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert changes[0] == project["version"]


def test_dependencies_have_lower_bounds_only(project):
    extras = [each for group in project["optional-dependencies"].values() for each in group]
    for requirement in [*project["dependencies"], *extras]:
        assert not re.search(r"==|<|~=", requirement), requirement


def test_the_readme_lines(root):
    run, test = block(root, "run"), block(root, "test")
    assert run.startswith("python3 -m venv .venv && ")
    assert run.endswith("krapte-sd run baseline -o forecast.nc")
    assert "pip install -e '.[test]'" in test
    assert test.endswith(".venv/bin/python -m pytest -n 2")


def test_ci_runs_the_line_of_the_readme(root):
    script = root / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    result = subprocess.run([str(script), "--show"], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == block(root, "test")
    # The line itself stands in README.md alone.
    assert "pip install" not in script.read_text(encoding="utf-8")
