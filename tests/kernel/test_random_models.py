# ruff: noqa: E501 - texts of models, an equation a line
"""Properties over models made at random: stocks, sums, subranges and functions in any arrangement."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_models import part, write_model

from krapte_sd.equations import read_model
from krapte_sd.kernel import Program, Series, compile_model, run_reference

START, STOP = 2000, 2002
LONG = 40  # of a dimension of which only a part is computed
# Each example compiles a model or two: some seconds.
FEW = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
methods = st.sampled_from(["euler", "rk4"])


@dataclass(frozen=True)
class Text:
    """A model: dimensions, and equations by name, with the dimensions of each."""

    dims: dict
    shapes: dict
    equations: dict

    def written(self, names: list[str] | None = None) -> str:
        lines = [f"{name}: {', '.join(labels)} ~~ |" for name, labels in self.dims.items()]
        for name in names or list(self.equations):
            subscripts = f"[{','.join(self.shapes[name])}]" if self.shapes[name] else ""
            lines.append(f"{name}{subscripts}= {self.equations[name]} ~ Dmnl ~ |")
        return "\n".join([*lines, "one year= 1 ~ Year ~ |", "clock= INTEG(1, 0) ~ Year ~ |\n"])


def labels(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name.lower()}{k}" for k in range(1, count + 1))


@st.composite
def expressions(draw: st.DrawFn, known: dict, dims: tuple, everything: dict, depth: int = 3) -> str:
    """An expression over known variables that stays finite whatever they are."""
    kind = draw(
        st.sampled_from(["number", "ref", "ref", "ref"] if depth == 0 else ["ref", "op", "op", "call", "sum", "if"])
    )
    inner = expressions(known, dims, everything, depth - 1) if depth else st.nothing()
    if kind == "number":
        return repr(round(draw(st.floats(0.1, 2)), 3))
    if kind == "op":
        return f"({draw(inner)}{draw(st.sampled_from(['+', '-', '*']))}{draw(inner)})"
    if kind == "call":
        form = draw(
            st.sampled_from(
                ["EXP(-ABS({}))", "SQRT(1+ABS({}))", "MIN({},{})", "MAX({},{})", "({})/(1+ABS({}))", "SIN({})"]
            )
        )
        return form.format(*(draw(inner) for _ in range(form.count("{}"))))
    if kind == "if":
        return f"IF THEN ELSE({draw(inner)}>{draw(inner)}, {draw(inner)}, {draw(inner)})"
    names = sorted(known)
    name = draw(st.sampled_from(names))
    if kind == "sum" and known[name]:
        over = draw(st.sampled_from(known[name]))
        places = [
            f"{d}!" if d == over else d if d in dims else draw(st.sampled_from(everything[d])) for d in known[name]
        ]
        return f"(SUM({name}[{','.join(places)}])/{len(everything[over])})"
    places = [d if d in dims else draw(st.sampled_from(everything[d])) for d in known[name]]
    return name + (f"[{','.join(places)}]" if places else "")


@st.composite
def models(draw: st.DrawFn) -> Text:
    dims = {"Aa": labels("Aa", draw(st.integers(2, 4))), "Bb": labels("Bb", draw(st.sampled_from([2, 3, 8, 17, 21])))}
    shape = st.sampled_from([(), ("Aa",), ("Bb",), ("Aa", "Bb")])
    shapes, equations = {}, {}
    for k in range(draw(st.integers(1, 3))):
        shapes[f"con{k}"] = ()
        equations[f"con{k}"] = repr(round(draw(st.floats(0.1, 2)), 3))
    stocks = [f"stock{k}" for k in range(draw(st.integers(1, 3)))]
    for name in stocks:
        shapes[name] = draw(shape)
    shapes["table"] = ("Bb",)
    equations["table"] = ", ".join(repr(round(draw(st.floats(-1, 1)), 2)) for _ in dims["Bb"])
    for k in range(draw(st.integers(1, 5))):
        own = draw(shape)
        equations[f"aux{k}"] = draw(expressions(shapes, own, dims))
        shapes[f"aux{k}"] = own
    for name in stocks:
        # Every model depends on these two.
        flow = draw(expressions(shapes, shapes[name], dims, 2)) + "+con0-table[bb1]"
        here = f"{name}[{','.join(shapes[name])}]" if shapes[name] else name
        first = draw(st.sampled_from(["1", "con0", "INITIAL(con0+1)"]))
        equations[name] = f"INTEG(SIN({flow})/one year-0.3*{here}/one year, {first})"
    return Text(dims, shapes, equations)


@lru_cache(maxsize=64)
def compiled(text: str, save: tuple, members: tuple | None = None) -> Program:
    return compile_model(read_model(write_model(Path(mkdtemp()), text)), save, members=members)


def names_of(model: Text) -> tuple[str, ...]:
    return tuple(name for name in model.equations if name.startswith(("aux", "stock")))


def saved(model: Text, method: str = "rk4", text: str = "", step: float = 0.25) -> dict:
    return compiled(text or model.written(), names_of(model)).run({}, START, STOP, step, method).saved


def close(one: np.ndarray, other: np.ndarray, tolerance: float = 1e-9) -> bool:
    # SIN of a large number makes large differences of rounding; models with such numbers are rare and not meant.
    return bool(np.allclose(one, other, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(one).max(initial=0.0)))))


@FEW
@given(model=models())
def test_engine_and_pysd_agree(model: Text) -> None:
    path = write_model(Path(mkdtemp()), model.written())
    names = names_of(model)
    theirs = run_reference(path, {}, START, STOP, 0.25, names).saved
    ours = saved(model, "euler")
    assert all(close(theirs[n], ours[n]) for n in names)


@FEW
@given(model=models(), method=methods, order=st.randoms(use_true_random=False))
def test_equations_may_stand_in_any_order(model: Text, method: str, order: object) -> None:
    names = list(model.equations)
    order.shuffle(names)
    one, other = saved(model, method), saved(model, method, model.written(names))
    assert all(close(one[n], other[n], 1e-12) for n in one)


@FEW
@given(model=models(), method=methods)
def test_names_do_not_matter(model: Text, method: str) -> None:
    def renamed(text: str) -> str:
        for old, new in (
            ("aux", "zeta"),
            ("stock", "level"),
            ("con", "alpha"),
            ("Aa", "Yy"),
            ("Bb", "Xx"),
            ("aa", "y"),
            ("bb", "x"),
        ):
            text = text.replace(old, new)
        return text

    text = model.written().replace("one year", "ONE").replace("clock", "CLOCK")
    names = names_of(model)
    other = compiled(renamed(text), tuple(renamed(n) for n in names)).run({}, START, STOP, 0.25, method).saved
    one = saved(model, method)
    assert all(close(one[n], other[renamed(n)], 1e-12) for n in names)


@FEW
@given(model=models(), method=methods, data=st.data())
def test_elements_of_a_dimension_may_stand_in_any_order(model: Text, method: str, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(model.dims["Bb"]))))
    numbers = model.equations["table"].split(", ")
    turned = replace(
        model,
        dims={**model.dims, "Bb": tuple(model.dims["Bb"][k] for k in order)},
        equations={**model.equations, "table": ", ".join(numbers[k] for k in order)},
    )
    one, other = saved(model, method), saved(turned, method)
    for name in one:
        expected = one[name]
        if "Bb" in model.shapes[name]:
            expected = np.take(expected, order, axis=1 + model.shapes[name].index("Bb"))
        assert close(expected, other[name]), name


@FEW
@given(model=models(), method=methods)
def test_dimensions_of_a_variable_may_stand_in_any_order(model: Text, method: str) -> None:
    """Only variables without subscripts in other equations are turned: the stocks themselves, through a copy."""
    text = model.written()
    extra = [n for n in names_of(model) if model.shapes[n] == ("Aa", "Bb")]
    for name in extra:
        text += f"turned {name}[Bb,Aa]= {name}[Aa,Bb] ~ Dmnl ~ |\n"
    both = compiled(text, (*names_of(model), *(f"turned_{n}" for n in extra))).run({}, START, STOP, 0.25, method).saved
    assert all(np.array_equal(both[n].transpose(0, 2, 1), both[f"turned_{n}"]) for n in extra)
    plain = saved(model, method)
    assert all(close(plain[n], both[n], 1e-12) for n in plain)


@FEW
@given(model=models(), method=methods)
def test_members_are_runs_of_their_own(model: Text, method: str) -> None:
    names = names_of(model)
    program = compiled(model.written(), names, ("con0", "table"))
    random = np.random.default_rng(1)
    drawn = {"con0": random.uniform(0.1, 2, 9), "table": random.uniform(-1, 1, (9, len(model.dims["Bb"])))}
    result = program.run_members({}, drawn, START, STOP, 0.25, method)
    for k in (0, 8):
        single = program.run({n: v[k] for n, v in drawn.items()}, START, STOP, 0.25, method).saved
        assert all(single[n].tobytes() == np.ascontiguousarray(result.saved[n][..., k]).tobytes() for n in names)


@st.composite
def gated(draw: st.DrawFn) -> Text:
    """A model in which much is zero: inputs that are zero outside a part of a dimension."""
    dims = {"Aa": labels("Aa", draw(st.integers(2, 3))), "Bb": labels("Bb", LONG)}
    shapes: dict = {"con0": (), "still": ("Bb",), "held": ("Bb",), "linear": ("Bb",)}
    equations = {"con0": ":NA:"}
    shape = st.sampled_from([(), ("Aa",), ("Bb",), ("Aa", "Bb"), ("Aa", "Bb")])
    stocks = [f"stock{k}" for k in range(draw(st.integers(1, 3)))]
    for name in stocks:
        shapes[name] = draw(st.sampled_from([("Bb",), ("Aa", "Bb")]))
    gates = st.sampled_from(["still[Bb]", "held[Bb]", "linear[Bb]", "con0"])
    for k in range(draw(st.integers(1, 5))):
        own = draw(shape)
        factor = f"{draw(gates)}*" if "Bb" in own and draw(st.booleans()) else ""
        equations[f"aux{k}"] = factor + f"({draw(expressions(shapes, own, dims))})"
        shapes[f"aux{k}"] = own
    for name in stocks:
        here = f"{name}[{','.join(shapes[name])}]"
        flow = draw(expressions(shapes, shapes[name], dims, 2))
        equations[name] = f"INTEG({draw(gates)}*SIN({flow})/one year-0.3*con0*{here}/one year, {draw(gates)})"
    return Text(dims, shapes, equations)


@FEW
@given(model=gated(), method=methods, data=st.data())
def test_members_are_runs_of_their_own_where_much_is_zero(model: Text, method: str, data: st.DataObject) -> None:
    text = model.written()
    text += "still[Bb]= :NA: ~ Dmnl ~ |\nheld[Bb]:HOLD BACKWARD: ~ Dmnl ~ |\nlinear[Bb]:INTERPOLATE: ~ Dmnl ~ |\n"
    names = tuple(n for n in model.equations if n.startswith(("aux", "stock")))
    extra = tuple(n for n in model.shapes if n in ("still", "held", "linear"))
    program = compile_model(read_model(write_model(Path(mkdtemp()), text)), (*names, *extra), members=("con0",))
    random = np.random.default_rng(data.draw(st.integers(0, 9)))
    years = np.arange(START, STOP + 2)

    def some() -> np.ndarray:
        return part(LONG, data.draw(st.integers(0, LONG)), data.draw(st.integers(0, 20)), -1, 1, random)

    inputs = {
        "still": some(),
        "held": Series(years, np.array([some() for _ in years])),
        "linear": Series(years, np.array([some() for _ in years])),
    }
    drawn = {"con0": random.uniform(0.1, 2, 3)}
    result = program.run_members(inputs, drawn, START, STOP, 0.25, method)
    single = program.run({**inputs, "con0": drawn["con0"][1]}, START, STOP, 0.25, method).saved
    for name in names:
        assert np.array_equal(single[name], result.saved[name][..., 1]), name


@FEW
@given(model=models(), method=methods)
def test_what_may_differ_changes_no_bit(model: Text, method: str) -> None:
    """Whether a constant is a vector or the same for all makes no difference to the numbers."""
    names = names_of(model)
    drawn = {"con0": np.array([0.4, 1.7])}
    few = compiled(model.written(), names, ("con0",))
    many = compiled(model.written(), names)
    one = few.run_members({}, drawn, START, STOP, 0.5, method)
    other = many.run_members({}, drawn, START, STOP, 0.5, method)
    assert all(np.array_equal(one.saved[n], other.saved[n]) for n in names)


@FEW
@given(model=models(), method=methods)
def test_a_run_may_be_cut(model: Text, method: str) -> None:
    program = compiled(model.written(), names_of(model))
    whole = program.run({}, START, STOP, 0.25, method)
    state = program.run({}, START, START + 1, 0.25, method).final_state
    rest = program.run({}, START + 1, STOP, 0.25, method, state=state)
    assert all(np.array_equal(whole.saved[n][1:], rest.saved[n]) for n in whole.saved)


@FEW
@given(model=models(), data=st.data(), method=methods)
def test_what_is_saved_does_not_change_it(model: Text, data: st.DataObject, method: str) -> None:
    names = names_of(model)
    one = data.draw(st.sampled_from(names))
    alone = compiled(model.written(), (one,)).run({}, START, STOP, 0.25, method).saved[one]
    assert close(saved(model, method)[one], alone, 1e-12)


@FEW
@given(model=models())
def test_an_unused_variable_changes_nothing(model: Text) -> None:
    text = model.written() + "idle[Bb]= INTEG(table[Bb]/one year, 1) ~ Dmnl ~ |\n"
    one, other = saved(model), saved(model, text=text)
    assert all(np.array_equal(one[n], other[n]) for n in one)


@FEW
@given(model=models())
def test_a_copy_of_a_variable_is_equal_to_it(model: Text) -> None:
    name = names_of(model)[0]
    subscripts = f"[{','.join(model.shapes[name])}]" if model.shapes[name] else ""
    text = model.written() + f"copy{subscripts}= {name}{subscripts} ~ Dmnl ~ |\n"
    both = compiled(text, (name, "copy")).run({}, START, STOP).saved
    assert np.array_equal(both[name], both["copy"])


@FEW
@given(model=models())
def test_fixed_and_adaptive_solvers_agree(model: Text) -> None:
    """Kinks (MIN, IF) cost the fixed step its order, hence the tolerance."""
    program = compiled(model.written(), tuple(n for n in names_of(model) if n.startswith("stock")))
    one = program.run({}, START, STOP, 1 / 64).saved
    other = program.run({}, START, STOP, method="rk45", rtol=1e-8, atol=1e-8).saved
    assert all(np.allclose(one[n], other[n], rtol=0.02, atol=0.02) for n in one)


@pytest.mark.parametrize("value", [0.5, 4.0])
def test_a_replaced_constant_is_a_constant_of_the_file(value: float) -> None:
    text = "x[Aa]= INTEG(con0*table[Aa]/one year, con0) ~ Dmnl ~ | Aa: a1, a2 ~~ | table[Aa]= 1, -2 ~ Dmnl ~ | one year= 1 ~ Year ~ |"
    here = compiled(f"con0= 1.5 ~ Dmnl ~ | {text}", ("x",)).run({"con0": value}, START, STOP).saved["x"]
    there = compiled(f"con0= {value} ~ Dmnl ~ | {text}", ("x",)).run({}, START, STOP).saved["x"]
    assert np.array_equal(here, there)
