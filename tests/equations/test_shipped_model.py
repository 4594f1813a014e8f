"""The shipped model file itself."""

from pathlib import Path

from krapte_sd.equations import check_units, read_model


def test_it_reads_and_its_units_fit(root: Path) -> None:
    model = read_model(root / "models" / "krapte.mdl")
    check_units(model)
    assert {"Region", "Sector", "Sex", "Cohort"} <= set(model.dimensions)
    assert {"population", "employed", "unemployed", "vacancies"} <= set(model.stocks)
    assert all(each.doc and each.group for each in model.variables.values())
    # PySD cannot stack stocks that share their first dimension unless one is a scalar.
    assert any(model.shape(name) == () for name in model.stocks)
