"""From tables to the inputs a model asks for."""

from __future__ import annotations

import numpy as np
import pytest

from krapte_sd.equations import read_model
from krapte_sd.errors import ParameterError
from krapte_sd.parameters import Series, model_inputs, read_parameters

# PySD, which reads the model file, imports a name that its dependency chardet calls old.
pytestmark = pytest.mark.filterwarnings("ignore:chardet.universaldetector is deprecated:DeprecationWarning")

MODEL = """\
{UTF-8}
Region: NL ~ ~ |
Sector: F, Q ~ ~ |
Sex: male, female ~ ~ the other way round than in the tables |
Cohort: (b2019-b2026) ~ ~ |
birth year[Cohort]= :NA: ~ Year ~ |
initial population[Region,Sex,Cohort]= :NA: ~ person ~ |
mortality rate[Sex,Cohort]:INTERPOLATE: ~ 1/Year ~ |
net migration[Region]:HOLD BACKWARD: ~ person/Year ~ |
turnover[Sector]= :NA: ~ Dmnl ~ |
layoff time= :NA: ~ Year ~ |
wage attraction= :NA: ~ Dmnl ~ |
population[Region,Sex,Cohort]= INTEG(-population[Region,Sex,Cohort]*mortality rate[Sex,Cohort],
    initial population[Region,Sex,Cohort]) ~ person ~ |
age[Cohort]= Time-birth year[Cohort] ~ Year ~ |
migration[Region]= net migration[Region] ~ person/Year ~ |
leaving[Sector]= turnover[Sector]*wage attraction ~ Dmnl ~ |
layoff= 1/layoff time ~ 1/Year ~ |
INITIAL TIME= 2024 ~ Year ~ |
FINAL TIME= 2026 ~ Year ~ |
TIME STEP= 0.25 ~ Year ~ |
SAVEPER= 1 ~ Year ~ |
"""
YEARS = range(2024, 2027)


def load(folder, text=MODEL):
    path = folder.parent / f"{folder.name}.mdl"
    path.write_text(text)
    return read_model(path)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def made(folder, text=MODEL, years=YEARS):
    return model_inputs(load(folder, text), read_parameters(folder), years=years)


def refusal(folder, text=MODEL, years=YEARS) -> ParameterError:
    with pytest.raises(ParameterError) as caught:
        made(folder, text, years)
    assert "remedy: " in str(caught.value)
    return caught.value


def test_every_input_is_there_in_the_shape_of_the_model(folder):
    inputs = made(folder)
    model = load(folder)
    assert set(inputs) == set(model.inputs)
    for name, value in inputs.items():
        array = value.values if isinstance(value, Series) else value
        shape = model.shape(name)
        assert array.shape == ((3, *shape) if model.variables[name].kind == "data" else shape)
        assert array.dtype == np.float64
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert np.isfinite(array).all()


def test_labels_and_cohorts_are_put_in_the_order_of_the_model(folder):
    inputs = made(folder)
    np.testing.assert_array_equal(inputs["birth_year"], np.arange(2019.0, 2027.0))
    np.testing.assert_array_equal(inputs["turnover"], [1.25, 0.8])
    assert inputs["layoff_time"].shape == ()
    # 2019: age 4, above the table (zero); 2020: 3 ... 2023: 0; 2024 to 2026 are not born on 1 January 2024
    expected = [[0, 203, 202, 201, 200, 0, 0, 0], [0, 103, 102, 101, 100, 0, 0, 0]]
    np.testing.assert_array_equal(inputs["initial_population"], [expected])
    assert inputs["initial_population"].sum() == read_parameters(folder).values("initial_population").sum()


def test_series_hold_a_value_for_every_1_january(folder):
    inputs = made(folder)
    migration, rate = inputs["net_migration"], inputs["mortality_rate"]
    np.testing.assert_array_equal(migration.years, [2024, 2025, 2026])
    np.testing.assert_array_equal(migration.values, [[-10.5], [-21.0], [-31.5]])
    # women born in 2023: 0, 1 and 2 years old; those of 2026 come into being in 2026 with the rate of age 0
    np.testing.assert_allclose(rate.values[:, 1, 2023 - 2019], [0.1, 0.201, 0.302])
    np.testing.assert_allclose(rate.values[:, 1, 2026 - 2019], [0.0, 0.0, 0.3])
    np.testing.assert_allclose(rate.values[:, 0, 0], [0.203, 0.303, 0.403])  # held above 3


def test_changed_values_arrive(folder):
    parameters = read_parameters(folder).replace({"layoff_time": 2.0})
    assert model_inputs(load(folder), parameters, years=YEARS)["layoff_time"] == 2.0


def test_missing_parameters_and_mismatches_come_in_one_message(folder):
    text = MODEL.replace("turnover", "turn over").replace("1/layoff time ~ 1/Year", "layoff time ~ Year")
    text = text.replace("layoff time= :NA: ~ Year", "layoff time= :NA: ~ 1/Year")
    edit(folder / "population.yaml", "    unit: person/Year", "    unit: person")
    error = refusal(folder, text)
    assert len(error.problems) == 3
    message = str(error)
    assert (
        "turn_over: the model needs this input [Sector] in Dmnl, but there is no parameter of this name; "
        "found 'turn_over'; did you mean 'turnover'?" in message
    )
    assert "layoff_time: another unit than in the model; found 'year'; allowed: 1/Year" in message
    assert "net_migration: another unit than in the model; found 'person'; allowed: person/Year" in message


def test_a_value_is_repeated_only_if_the_metadata_says_so(folder):
    text = MODEL.replace("turnover[Sector]", "turnover[Region,Sector]").replace(
        "leaving[Sector]= turnover[Region,Sector]", "leaving[Region,Sector]= turnover[Region,Sector]"
    )
    message = str(refusal(folder, text))
    assert "turnover: the model has the dimension region, the table has not; found '[sector]'; remedy: give" in message
    edit(folder / "work.yaml", "dimensions: [sector]", "dimensions: [sector], same_for: [region]")
    np.testing.assert_array_equal(made(folder, text)["turnover"], [[1.25, 0.8]])
    assert "the table has the dimension region, the model has not" in str(refusal(folder))


def test_a_dimension_too_many(folder):
    text = MODEL.replace("net migration[Region]", "net migration").replace("migration[Region]=", "migration=")
    assert "net_migration: the table has the dimension region, the model has not" in str(refusal(folder, text))


def test_a_code_too_few_or_too_many(folder):
    message = str(refusal(folder, MODEL.replace("F, Q", "F, Q, G")))
    assert "turnover: the model has the sector G, the table has not; found 'G'; allowed: F, Q" in message
    message = str(refusal(folder, MODEL.replace("F, Q", "F")))
    assert "turnover: the table has the sector Q, the model has not; found 'Q'; allowed: F; remedy: delete" in message


def test_a_run_takes_its_regions_out_of_a_table_for_more(folder):
    edit(folder / "population.yaml", "sources:", "codes: {region: [NL11, NL12]}\nsources:")
    with (folder / "population.csv").open("a") as file:
        for year, value in ((2024, 1), (2025, 2), (2026, 3)):
            file.write(f"net_migration,NL11,,,,{year},{value},,,,assumed,paper\n")
    np.testing.assert_array_equal(made(folder)["net_migration"].values, [[-10.5], [-21.0], [-31.5]])


def test_years_that_are_missing(folder):
    message = str(refusal(folder, years=range(2024, 2029)))
    for name in ("mortality_rate", "net_migration"):
        assert (
            f"{name}: the table covers 2024 to 2026, needed are 2024 to 2028; remedy: add the years 2027, 2028"
            in message
        )


def test_a_later_part_of_the_years_may_be_taken(folder):
    inputs = made(folder, years=range(2025, 2027))
    np.testing.assert_array_equal(inputs["net_migration"].values, [[-21.0], [-31.5]])


def test_an_undated_table_is_constant_over_time(folder):
    text = MODEL.replace("turnover[Sector]= :NA:", "turnover[Sector]:INTERPOLATE:")
    np.testing.assert_array_equal(made(folder, text)["turnover"].values, [[1.25, 0.8]] * 3)


def test_a_dated_table_is_no_constant(folder):
    text = MODEL.replace("net migration[Region]:HOLD BACKWARD:", "net migration[Region]= :NA:")
    assert "net_migration: the table is dated, the model takes one value for the whole run" in str(
        refusal(folder, text)
    )


def test_a_constant_by_cohort_must_be_meant(folder):
    text = MODEL.replace("initial population", "population at start")
    for name in ("population.csv", "population.yaml"):
        edit(folder / name, "initial_population", "population_at_start")
    assert "population_at_start: a constant by cohort would freeze the ages" in str(refusal(folder, text))
    edit(folder / "population.yaml", "    unit: person\n", "    unit: person\n    at_base_year: true\n")
    assert made(folder, text)["population_at_start"].sum() == 1212


def test_ages_outside_the_table_are_named(folder):
    edit(folder / "population.yaml", "    ages: {above: hold}\n", "")
    message = str(refusal(folder))
    assert "mortality_rate: the table ends at age 3, age 6 is needed; remedy: add the ages, or 'ages: {above" in message


def test_counts_are_never_repeated_at_other_ages(folder):
    edit(folder / "population.yaml", "    ages: {above: zero}", "    ages: {above: hold}")
    assert "initial_population: 'ages: hold' would repeat person of one age at others" in str(refusal(folder))


def yearly_counts(folder, ages):
    text = MODEL.replace("net migration[Region]:HOLD", "net migration[Region,Cohort]:HOLD").replace(
        "migration[Region]= net migration[Region]", "migration[Region,Cohort]= net migration[Region,Cohort]"
    )
    table = (folder / "population.csv").read_text().splitlines()
    kept = [line for line in table if not line.startswith("net_migration")]
    kept += [
        f"net_migration,NL,,,{age},{year},{age + 5},,,,assumed,paper" for age in ages for year in (2024, 2025, 2026)
    ]
    (folder / "population.csv").write_text("\n".join(kept) + "\n")
    edit(folder / "population.yaml", "dimensions: [region, year]", "dimensions: [region, age, year]")
    return text


def test_yearly_counts_need_a_row_for_those_born_during_the_year(folder):
    text = yearly_counts(folder, range(7))
    assert "net_migration: the table has no age -1, the children born during the year" in str(refusal(folder, text))


def test_yearly_counts_with_a_row_for_those_born_during_the_year(folder):
    inputs = made(folder, yearly_counts(folder, range(-1, 7)))
    np.testing.assert_array_equal(inputs["net_migration"].values[0, 0], [9, 8, 7, 6, 5, 4, 0, 0])
    np.testing.assert_array_equal(inputs["net_migration"].values[2, 0], [11, 10, 9, 8, 7, 6, 5, 4])


def test_a_count_of_100_and_over_is_not_repeated(folder):
    text = yearly_counts(folder, range(-1, 101)).replace("(b2019-b2026)", "(b1920-b2026)")
    message = str(refusal(folder, text))
    assert "net_migration: the row for 100 and over would be repeated for every older cohort; remedy:" in message
    edit(folder / "population.yaml", "    signed: true", "    signed: true\n    ages: {above: zero}")
    values = made(folder, text)["net_migration"].values
    np.testing.assert_array_equal(values[0, 0, :5], [0, 0, 0, 105, 104])


AOW = """\
aow_age,,,,,2024,67,,,,observed,cbs
aow_age,,,,,2025,67,,,,observed,cbs
aow_age,,,,,2026,68,,,,observed,cbs
reference_aow_age,,,,,,67,,,,observed,cbs
"""
AOW_META = """\
  aow_age: {unit: year, dimensions: [year], definition: x, method: x, range: {kind: none, basis: law}}
  reference_aow_age: {unit: year, definition: x, method: x, range: {kind: none, basis: law}}
"""


def pension_model(folder):
    rows = [f"exit_rate,,,,{age},,{max(age - 60, 0) / 10:.10g},,,,estimated,cbs\n" for age in range(15, 75)]
    with (folder / "work.csv").open("a") as file:
        file.writelines(rows)
    with (folder / "work.yaml").open("a") as file:
        file.write(
            "  exit_rate:\n    unit: 1/year\n    dimensions: [age]\n    definition: x\n    method: x\n"
            "    range: {kind: none, basis: x}\n    ages: {below: zero, above: zero}\n    follows_aow: true\n"
        )
    text = MODEL.replace("(b2019-b2026)", "(b1940-b2026)")
    return text + "exit rate[Cohort]:INTERPOLATE: ~ 1/Year ~ |\nexits[Cohort]= exit rate[Cohort] ~ 1/Year ~ |\n"


def test_schedules_follow_the_pension_age(folder):
    text = pension_model(folder)
    with (folder / "work.csv").open("a") as file:
        file.write(AOW)
    with (folder / "work.yaml").open("a") as file:
        file.write(AOW_META)
    values = made(folder, text)["exit_rate"].values

    def at(age, year):
        return values[year - 2024, year - age - 1 - 1940]

    assert at(70, 2024) == at(70, 2025) == 1.0
    assert at(70, 2026) == pytest.approx(0.9)
    assert at(60, 2026) == 0.0
    # half a year past 61 the shift is (61.5 - 57) / 6 of a year
    assert at(61, 2025) == pytest.approx(0.1)
    assert at(61, 2026) == pytest.approx(0.1 * (1 - 0.75))
    # from 70.5 to 75.5 the shift fades: at 73.5 two fifths of a year are left of it, at 75.5 nothing
    assert at(73, 2026) == pytest.approx(1.3 - 0.1 * 0.4)
    assert at(75, 2025) == at(75, 2026) == 0.0


def test_a_pension_age_that_is_not_there_is_asked_for(folder):
    message = str(refusal(folder, pension_model(folder)))
    assert "aow_age: needed because a parameter has 'follows_aow: true'" in message
    assert "reference_aow_age: needed because" in message
    assert "exit_rate: it follows the state pension age, which is not known" in message


def test_sparse_figures_are_no_input(folder):
    edit(folder / "work.yaml", "dimensions: [sector]", "dimensions: [sector], sparse: true")
    assert "turnover: a sparse parameter cannot be an input of the model" in str(refusal(folder))


def test_cohorts_and_years_are_checked(folder):
    model, parameters = load(folder), read_parameters(folder)
    with pytest.raises(ParameterError, match=r"cohorts \[2000\] to \[2000\] are not those of the model, \[2019\] to"):
        model_inputs(model, parameters, [2000], YEARS)
    with pytest.raises(ParameterError, match=r"years must be consecutive; remedy"):
        model_inputs(model, parameters, years=[2024, 2026])
    inputs = model_inputs(model, parameters, range(2019, 2027), YEARS)
    assert inputs["birth_year"][0] == 2019.0


def test_a_unit_of_the_model_that_is_not_known(folder):
    text = MODEL.replace("layoff time= :NA: ~ Year", "layoff time= :NA: ~ fortnight")
    text = text.replace("1/layoff time ~ 1/Year", "1/layoff time ~ 1/fortnight")
    with pytest.raises(ParameterError, match=r"layoff_time: the unit in the model: unknown unit 'fortnight'"):
        made(folder, text)


def test_the_compiled_kernel_takes_what_is_made(folder):
    from krapte_sd.kernel.inputs import check_inputs

    model = load(folder)
    checked = check_inputs(model, model.inputs, made(folder), 2024, 2026)
    assert set(checked.constants) | set(checked.tables) == set(model.inputs)
