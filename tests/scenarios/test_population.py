"""Population variants: the life table, the ramps, the deviations, and the published results for 2050."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import xarray as xr
from tools.parameters.population_run import population_alone

from krapte_sd.equations import read_model
from krapte_sd.errors import ScenarioError
from krapte_sd.kernel import Series, compile_model
from krapte_sd.parameters import ParameterSet, models_folder, parameters_folder, read_parameters
from krapte_sd.parameters.schedules import by_cohort
from krapte_sd.scenarios.population import (
    FORECAST,
    life_expectancy,
    scale_fertility,
    shift_life_expectancy,
    variant_inputs,
    variants,
)

YEARS = np.arange(2024, 2052)
AVERAGED = 27  # calendar years 2023-2049; in 2023 nothing deviates
TOLERANCE = {0: 0.03, 20: 0.02, 65: 0.02, 80: 0.04}
FLOWS = ("births", "deaths", "immigration", "emigration")


@pytest.fixture(scope="module")
def parameters(tmp_path_factory) -> ParameterSet:
    folder = tmp_path_factory.mktemp("parameters")
    for theme in ("population", "population_variants", "demography_sources"):
        for suffix in (".csv", ".yaml"):
            shutil.copy(parameters_folder() / f"{theme}{suffix}", folder)
    return read_parameters(folder)


@pytest.fixture(scope="module")
def run():
    model, alone = population_alone(read_model(models_folder() / "krapte.mdl"))
    cohorts = np.array([int(label[1:]) for label in model.ranges["Cohort"].labels])
    program = compile_model(model, ["population"], FLOWS)

    def run(parameters: ParameterSet):
        def table(name, below=None):
            values = parameters.values(name)
            ages = values["age"].to_numpy()
            dated = {"table_years": YEARS} if "year" in values.dims else {}
            years = YEARS if dated else YEARS[:1]
            above = "zero" if below and ages[-1] < 100 else None
            return by_cohort(values.to_numpy(), cohorts, years, ages=ages, below=below, above=above, **dated)

        inputs = {
            "birth_year": cohorts.astype(float),
            "initial_population": table("initial_population", "zero")[0],
            "share_of_births": parameters.values("share_of_births").to_numpy(),
            "fertility_rate": Series(YEARS, table("fertility_rate", "zero")),
            "net_migration_assumed": Series(YEARS, parameters.values("net_migration_assumed").to_numpy().T),
        }
        # one region: nobody moves within the country
        still = Series(YEARS, np.zeros((YEARS.size, cohorts.size)))
        by_region = Series(YEARS, np.zeros((YEARS.size, 1, cohorts.size)))
        inputs |= {"domestic_pull": np.zeros(1), "move_weight": still, "age_pull": by_region}
        inputs["birth_factor"] = np.ones(1)
        inputs |= alone
        for name in ("mortality_rate", "emigration_rate", "immigration_profile"):
            inputs[name] = Series(YEARS, table(name))
        result = program.run(inputs, 2024, 2051)
        age = YEARS[:, None] - cohorts - 1
        flows = {name: flow.reshape(27, -1).sum(1) for name, flow in result.integrals.items()}
        return result.saved["population"].sum((1, 2)), age, flows

    return run


def calendar(first_january: np.ndarray) -> np.ndarray:
    return (first_january[..., 1:] + first_january[..., :-1]) / 2


def groups(residents: np.ndarray, age: np.ndarray, year: int) -> dict[int, float]:
    at = year - YEARS[0]
    bounds = {0: 20, 20: 65, 65: 80, 80: 999}
    return {low: residents[at, (age[at] >= low) & (age[at] < high)].sum() for low, high in bounds.items()}


def published(parameters: ParameterSet, variant: str) -> dict[int, float]:
    rows = parameters.rows("variant_population")
    return {int(row.age): row.value for row in rows[rows.variant == variant].itertuples()}


def expectancy(parameters: ParameterSet, sex: str) -> np.ndarray:
    return life_expectancy(parameters.values("mortality_rate").sel(sex=sex).transpose("year", "age").to_numpy())


class TestLifeTable:
    def test_constant_hazard_lives_its_inverse(self):
        assert life_expectancy(np.full(101, 0.0125)) == pytest.approx(80.0, rel=1e-12)

    def test_by_hand(self):
        # One year at 0.1, then 0.5 for good.
        expected = (1 - np.exp(-0.1)) / 0.1 + np.exp(-0.1) / 0.5
        assert life_expectancy([0.1, 0.5]) == pytest.approx(expected, rel=1e-14)

    def test_leading_axes(self):
        rates = np.full((2, 3, 101), 0.02)
        rates[1] = 0.04
        np.testing.assert_allclose(life_expectancy(rates), [[50.0] * 3, [25.0] * 3])

    @pytest.mark.parametrize("bad", [0.0, -0.1, np.nan, np.inf])
    def test_refuses_rates_that_are_none(self, bad):
        with pytest.raises(ScenarioError, match="positive and finite by age"):
            life_expectancy([0.1, bad, 0.2])

    def test_of_the_forecast(self, parameters):
        rates = parameters.values("mortality_rate").transpose("sex", "year", "age").to_numpy()
        women, men = calendar(life_expectancy(rates))
        carried = parameters.rows("un_life_expectancy").set_index(["sex", "year"]).value
        average = (carried["female", 2023] + women[: AVERAGED - 1].sum()) / AVERAGED
        assert average == pytest.approx(86.0, abs=0.1)  # published for the forecast
        assert (np.diff(women) > 0).all()
        assert (np.diff(men) > 0).all()
        assert ((women - men > 2) & (women - men < 4)).all()


class TestRamps:
    def test_average_one(self, parameters):
        rates = parameters.values("variant_ramp_rates").to_numpy()
        counts = parameters.values("variant_ramp_net_migration").to_numpy()
        assert calendar(rates)[: AVERAGED - 1].sum() / AVERAGED == pytest.approx(1.0, rel=1e-8)
        assert counts[: AVERAGED - 1].sum() / AVERAGED == pytest.approx(1.0, rel=1e-8)

    def test_start_from_nothing_and_grow(self, parameters):
        rates = parameters.values("variant_ramp_rates").to_numpy()
        counts = parameters.values("variant_ramp_net_migration").to_numpy()
        assert (rates[:2] == 0).all()  # the year 2024 is observed
        assert counts[0] == 0
        assert (np.diff(rates[1:]) > 0).all()
        assert (np.diff(counts) > 0).all()


class TestFertility:
    def test_deviates_as_asked_and_keeps_its_shape(self):
        fertility = np.array([[0.1, 0.2], [0.3, 0.2]])
        scaled = scale_fertility(fertility, [0.2, -0.1])
        np.testing.assert_allclose(scaled.sum(0), [0.6, 0.3])
        np.testing.assert_allclose(scaled / scaled.sum(0), fertility / fertility.sum(0))

    def test_cannot_turn_negative(self):
        with pytest.raises(ScenarioError, match=r"from 0\.3 to -0\.2; remedy"):
            scale_fertility([[0.1], [0.2]], [-0.5])


class TestMortality:
    @pytest.mark.parametrize("deviation", [-3.0, -0.01, 0.5, 3.0])
    def test_deviates_as_asked_for_both_sexes(self, parameters, deviation):
        rates = parameters.values("mortality_rate").to_numpy()
        pattern = parameters.values("mortality_decline_by_age").to_numpy()
        moved = shift_life_expectancy(rates, np.full(YEARS.size, deviation), pattern)
        change = life_expectancy(np.moveaxis(moved, 1, -1)) - life_expectancy(np.moveaxis(rates, 1, -1))
        np.testing.assert_allclose(change, deviation, atol=1e-9)
        assert (moved > 0).all()

    def test_moves_along_the_pattern(self, parameters):
        rates = parameters.values("mortality_rate").to_numpy()
        pattern = parameters.values("mortality_decline_by_age").to_numpy()
        moved = shift_life_expectancy(rates, np.full(YEARS.size, 1.0), pattern)
        steps = np.log(rates / moved) / pattern[:, :, None]
        np.testing.assert_allclose(steps, np.broadcast_to(steps[:, :1], steps.shape), rtol=1e-6)

    def test_no_deviation_changes_no_bit(self, parameters):
        rates = parameters.values("mortality_rate").to_numpy()
        pattern = parameters.values("mortality_decline_by_age").to_numpy()
        assert (shift_life_expectancy(rates, np.zeros(YEARS.size), pattern) == rates).all()

    def test_out_of_reach(self, parameters):
        rates = parameters.values("mortality_rate").to_numpy()
        pattern = parameters.values("mortality_decline_by_age").to_numpy()
        with pytest.raises(ScenarioError, match=r"by 60 years is out of reach.*smaller deviation"):
            shift_life_expectancy(rates, np.full(YEARS.size, 60.0), pattern)


class TestVariantInputs:
    def test_all_eight(self, parameters):
        assert set(variants(parameters)) == {
            *("prognose", "groei", "krimp", "groen", "grijs", "arbeid", "asiel", "lage_migratie")
        }

    def test_the_forecast_changes_nothing(self, parameters):
        assert variant_inputs(parameters, FORECAST) == {}

    def test_only_what_deviates(self, parameters):
        assert set(variant_inputs(parameters, "lage_migratie")) == {"net_migration_assumed"}
        assert set(variant_inputs(parameters, "groen")) == {"fertility_rate", "mortality_rate"}

    @pytest.mark.parametrize("variant", ["groei", "krimp", "groen", "grijs", "arbeid", "asiel", "lage_migratie"])
    def test_averages_are_met(self, parameters, variant):
        changed = parameters.replace(variant_inputs(parameters, variant))

        def deviation(of) -> float:
            """Average over 2023-2049, less that of the forecast."""
            return float((of(changed) - of(parameters))[: AVERAGED - 1].sum() / AVERAGED)

        def asked(name: str) -> float:
            values = parameters.values(name)
            return float(values.sel(variant=variant) - values.sel(variant=FORECAST))

        total = deviation(lambda p: calendar(p.values("fertility_rate").sum("age").to_numpy()))
        net = deviation(lambda p: p.values("net_migration_assumed").to_numpy()[0])
        assert total == pytest.approx(asked("variant_total_fertility"), abs=1e-8)
        assert net == pytest.approx(asked("variant_net_migration"), abs=1e-3)
        wanted = asked("variant_life_expectancy_women")
        women, men = (deviation(lambda p, sex=sex: calendar(expectancy(p, sex))) for sex in ("female", "male"))
        assert (women, men) == (pytest.approx(wanted, abs=1e-7), pytest.approx(wanted, abs=1e-7))

    def test_twice_the_same_bits(self, parameters):
        first, second = (variant_inputs(parameters, "groei") for _ in range(2))
        for name, values in first.items():
            assert (values == second[name]).all()

    def test_keeps_labels(self, parameters):
        for name, values in variant_inputs(parameters, "krimp").items():
            before = parameters.values(name)
            assert values.dims == before.dims
            xr.testing.assert_equal(values * 0, before * 0)

    def test_unknown_variant(self, parameters):
        with pytest.raises(ScenarioError, match=r"unknown population variant 'groie'; allowed: .*groei"):
            variant_inputs(parameters, "groie")


class TestTables:
    def test_profile_adds_up(self, parameters):
        profile = parameters.values("immigration_profile")
        np.testing.assert_allclose(profile.sum(["sex", "age"]), 1.0, rtol=1e-8)
        assert int(profile["age"][0]) == -1
        assert (profile.sel(age=100) == 0).all()

    def test_start_is_that_of_the_office(self, parameters):
        start = parameters.values("initial_population")
        assert float(start.sum()) == 17_942_942
        assert float(start.sel(sex="female").sum()) == 9_022_174

    def test_rates_are_plausible_and_smooth(self, parameters):
        mortality = parameters.values("mortality_rate")
        old = np.log(mortality.sel(age=slice(40, 99)))
        assert (old.diff("age") > 0).all()
        assert (np.diff(mortality.to_numpy(), axis=-1) < 0).all()
        for name, largest in (("emigration_rate", 0.06), ("fertility_rate", 0.2)):
            rates = parameters.values(name)
            assert float(rates.min()) >= 0
            assert float(rates.max()) < largest

    def test_interval_of_net_migration(self, parameters):
        rows = parameters.rows("net_migration_assumed").set_index("year")
        assert rows.value[2024] == 109_131  # growth 102,590 less births 165,404 plus deaths 171,945
        assert (rows.low[2030], rows.value[2030], rows.high[2030]) == (25_568, 66_970, 108_615)


class TestAgainstTheForecast:
    def test_population_births_deaths_migration(self, parameters, run):
        residents, _, flows = run(parameters)
        for year in (2030, 2040, 2050):
            at = year - 2024
            for name, found, within in (
                ("forecast_population", residents[at].sum(), 0.005),
                ("forecast_births", flows["births"][at], 0.005),
                ("forecast_deaths", flows["deaths"][at], 0.005),
                ("forecast_immigration", flows["immigration"][at], 0.002),
                ("forecast_emigration", flows["emigration"][at], 0.002),
            ):
                wanted = parameters.rows(name).set_index("year").value[year]
                assert found == pytest.approx(wanted, rel=within), (name, year)

    def test_first_year_as_observed(self, parameters, run):
        residents, _, flows = run(parameters)
        assert residents[1].sum() == pytest.approx(18_045_532, rel=1e-4)
        assert flows["immigration"][0] == pytest.approx(314_072, rel=1e-3)
        assert flows["births"][0] == pytest.approx(165_404, rel=5e-3)
        assert flows["deaths"][0] == pytest.approx(171_945, rel=2e-3)

    @pytest.mark.parametrize("variant", ["prognose", "groei", "krimp", "arbeid"])
    def test_ages_of_the_variants_in_2050(self, parameters, run, variant):
        residents, age, _ = run(parameters.replace(variant_inputs(parameters, variant)))
        found, wanted = groups(residents, age, 2050), published(parameters, variant)
        assert sum(found.values()) == pytest.approx(sum(wanted.values()), rel=0.01)
        for low, within in TOLERANCE.items():
            assert found[low] == pytest.approx(wanted[low], rel=within), (variant, low)

    @pytest.mark.parametrize("variant", ["groen", "grijs", "asiel", "lage_migratie"])
    def test_no_variant_breaks_the_population(self, parameters, run, variant):
        residents, _, flows = run(parameters.replace(variant_inputs(parameters, variant)))
        assert residents.min() >= 0
        assert (flows["immigration"] > 150_000).all()
        assert 17e6 < residents[-1].sum() < 22e6
