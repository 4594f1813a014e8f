"""Tables by age become tables by cohort; schedules move with the state pension age."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from krapte_sd.errors import ParameterError
from krapte_sd.parameters.schedules import aow_shift, by_cohort, shift_ages

AGES = np.arange(0, 101)
YEARS = np.arange(2024, 2052)
COHORTS = np.arange(1923, 2051)


def test_value_of_a_cohort_is_that_of_its_completed_age_on_1_january():
    table = AGES[:, None] * 10_000.0 + YEARS  # tells age and year
    found = by_cohort(table, COHORTS, YEARS, ages=AGES, table_years=YEARS)
    assert found.shape == (28, 128)
    # born in 1985: 38 on 1 January 2024, 65 on 1 January 2051
    assert found[0, 1985 - 1923] == 38 * 10_000 + 2024
    assert found[-1, 1985 - 1923] == 65 * 10_000 + 2051


def test_ends_of_a_table_from_0_to_100():
    found = by_cohort(AGES + 1.0, COHORTS, YEARS, ages=AGES)
    assert found[0, 0] == 101.0  # born in 1923: exactly 100
    assert found[-1, 0] == 101.0  # 127 takes the value of 100 and over
    assert found[0, 2023 - 1923] == 1.0  # age 0
    assert found[0, 2024 - 1923] == 1.0  # to be born during the year: the value of age 0
    assert found[0, 2025 - 1923] == 0.0  # not there yet
    assert found[1, 2025 - 1923] == 1.0


def test_a_row_for_minus_one_is_used():
    found = by_cohort([7.0, 1.0, 2.0], [2023, 2024, 2025], [2024], ages=[-1, 0, 1])
    np.testing.assert_array_equal(found, [[1.0, 7.0, 0.0]])


def test_leading_dimensions_stay_between_year_and_cohort():
    table = np.arange(2 * 3 * 4 * 2, dtype=float).reshape(2, 3, 4, 2)
    found = by_cohort(table, [2021, 2022, 2023], [2024, 2025], ages=range(4), table_years=[2024, 2025])
    assert found.shape == (2, 2, 3, 3)
    np.testing.assert_array_equal(found[0], table[..., [2, 1, 0], 0])
    np.testing.assert_array_equal(found[1], table[..., [3, 2, 1], 1])


def test_undated_table_still_moves_along_with_age():
    found = by_cohort(AGES.astype(float), [1980], [2024, 2030], ages=AGES)
    np.testing.assert_array_equal(found, [[43.0], [49.0]])


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [
        ("zero", "zero", [0.0, 5.0, 6.0, 0.0]),
        ("hold", "zero", [5.0, 5.0, 6.0, 0.0]),
        ("zero", "hold", [0.0, 5.0, 6.0, 6.0]),
        ("hold", "hold", [5.0, 5.0, 6.0, 6.0]),
    ],
)
def test_outside_as_declared(below, above, expected):
    found = by_cohort([5.0, 6.0], [2009, 2008, 2007, 2006], [2024], ages=[15, 16], below=below, above=above)
    np.testing.assert_array_equal(found, [expected])


def test_outside_not_declared_is_refused():
    with pytest.raises(ParameterError, match=r"ends at age 16, age 17 is needed; remedy: .*above: zero"):
        by_cohort([5.0, 6.0], [2006], [2024], ages=[15, 16])
    with pytest.raises(ParameterError, match=r"begins at age 15, age 14 is needed; remedy: .*below: zero"):
        by_cohort([5.0, 6.0], [2009], [2024], ages=[15, 16])
    by_cohort([5.0, 6.0], [2008, 2007], [2024], ages=[15, 16])  # nothing outside is asked for


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"table_years": [2024, 2026], "values": np.ones((2, 2))},
            "table_years must follow each other.*found 2026 after 2024",
        ),
        ({"table_years": [2025], "values": np.ones((2, 1))}, "covers 2025 to 2025, needed are also 2024; remedy"),
        ({"ages": [0, 2]}, "ages must follow each other one by one; found 2 after 0"),
        ({"ages": [0.0, 1.0]}, "ages must be a list of whole numbers; found float64"),
        ({"ages": [0, 1, 2]}, r"the table has the shape \(2,\); its last axes must be \(age\): \(3,\)"),
        ({"values": [1.0, np.nan]}, "holds values that are not finite"),
        ({"cohorts": []}, "cohorts must be a list of whole numbers"),
        ({"years": [2024.5]}, "years must be a list of whole numbers"),
        ({"values": 1.0}, "the table has the shape"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, message):
    arguments = {"values": [1.0, 2.0], "cohorts": [2022, 2023], "years": [2024], "ages": [0, 1], **change}
    with pytest.raises(ParameterError, match=message):
        by_cohort(**arguments)


numbers = st.floats(-1e6, 1e6)


@given(
    st.integers(1, 30),
    st.integers(1, 12),
    st.integers(1990, 2040),
    st.integers(-1, 60),
    st.integers(1, 3),
    st.integers(0, 2**32 - 1),
)
def test_round_trip_from_cohorts_back_to_ages(n_ages, n_years, first_year, lowest, n_sex, seed):
    ages = np.arange(lowest, lowest + n_ages)
    years = np.arange(first_year, first_year + n_years)
    table = np.random.default_rng(seed).normal(size=(n_sex, n_ages, n_years))
    cohorts = np.arange(years[0] - ages[-1] - 1, years[-1] - ages[0])
    found = by_cohort(table, cohorts, years, ages=ages, table_years=years, below="zero", above="zero")
    for y, year in enumerate(years):
        at = year - ages - 1 - cohorts[0]
        np.testing.assert_array_equal(found[y][:, at], table[:, :, y])
        outside = np.setdiff1d(np.arange(cohorts.size), at)
        assert not found[y][:, outside].any()


@given(st.lists(numbers, min_size=1, max_size=40), st.integers(1, 5), st.integers(-1, 60))
def test_no_shift_is_the_identity_bit_for_bit(values, n_years, lowest):
    ages = np.arange(lowest, lowest + len(values))
    found = shift_ages(values, np.zeros((len(values), n_years)), ages=ages)
    np.testing.assert_array_equal(found, np.repeat(np.array(values)[:, None], n_years, axis=1))


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(2, 20))
def test_no_shift_of_a_dated_schedule_is_the_identity(seed, n_years, n_ages):
    table = np.random.default_rng(seed).normal(size=(2, n_ages, n_years))
    found = shift_ages(table, np.zeros((n_ages, n_years)), ages=np.arange(n_ages), dated=True)
    np.testing.assert_array_equal(found, table)


@given(numbers, st.floats(-3, 3), st.floats(-1, 1))
def test_a_straight_line_moves_exactly(start, slope, move):
    ages = np.arange(0, 20)
    found = shift_ages(start + slope * ages, np.full((20, 1), move), ages=ages, below="hold", above="hold")
    inner = slice(1, -1)
    np.testing.assert_allclose(found[inner, 0], (start + slope * (ages - move))[inner], rtol=1e-12, atol=1e-7)


@given(st.integers(1, 5))
def test_a_shift_by_whole_years_moves_rows(years):
    values = np.random.default_rng(years).normal(size=20)
    found = shift_ages(values, np.full((20, 1), float(years)), ages=np.arange(20), below="zero")
    np.testing.assert_array_equal(found[years:, 0], values[:-years])
    assert not found[:years, 0].any()


def test_shift_outside_the_schedule():
    ages, values = np.arange(15, 18), [1.0, 2.0, 4.0]
    with pytest.raises(ParameterError, match=r"begins at age 15 and is needed at 14\.5; remedy: .*below"):
        shift_ages(values, np.full((3, 1), 0.5), ages=ages)
    with pytest.raises(ParameterError, match=r"ends at age 17 and is needed at 17\.5; remedy: .*above"):
        shift_ages(values, np.full((3, 1), -0.5), ages=ages)
    np.testing.assert_array_equal(
        shift_ages(values, np.full((3, 1), -0.5), ages=ages, above="hold")[:, 0], [1.5, 3.0, 4.0]
    )
    np.testing.assert_array_equal(
        shift_ages(values, np.full((3, 1), -0.5), ages=ages, above="zero")[:, 0], [1.5, 3.0, 0.0]
    )
    with pytest.raises(ParameterError, match=r"shift must be finite and of shape \(age, year\)"):
        shift_ages(values, np.zeros(3), ages=ages)


def test_the_pension_age_moves_old_ages_only():
    shift = aow_shift(AGES, [67.0, 67.25, 70.0], 67.0)
    assert shift.shape == (101, 3)
    assert not shift[:, 0].any()
    assert not shift[:57].any()
    assert shift[57, 2] == pytest.approx(3.0 * 0.5 / 6)
    assert shift[60, 2] == pytest.approx(3.0 * 3.5 / 6)
    np.testing.assert_array_equal(shift[63:71, 2], 3.0)
    assert (np.diff(shift[:71, 2]) >= 0).all()
    # the labour force survey ends at 75 whatever the pension age: the shift fades out before
    assert shift[73, 2] == pytest.approx(3.0 * 0.4)
    assert not shift[75:].any()
    # ages keep their order: nobody overtakes
    assert (np.diff(AGES[:, None] - shift, axis=0) > 0).all()


def test_a_pension_path_that_is_not_a_number_is_refused():
    with pytest.raises(ParameterError, match="one finite number per year"):
        aow_shift(AGES, [67.0, np.nan], 67.0)
