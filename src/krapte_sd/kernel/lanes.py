# numba has no types of its own.
# mypy: disable-error-code="call-arg,no-untyped-call,untyped-decorator,misc,import-untyped"
"""Numbers of eight members at once, for generated code.

A value of type ``lanes`` is a vector of eight floats, one for each member; one of
type ``mask`` is the outcome of comparing two of them. Operators work on each lane
and take plain floats beside vectors. Every operation is the IEEE operation of the
plain float, and a function such as EXP is the very function that plain code calls,
so a lane holds bit for bit what a run of that member alone gives.

Imported by generated code only, as it needs numba.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import intrinsic, models, register_model

__all__ = [
    "LANES", "absolute", "add_long_row", "add_row", "ahead", "both", "each", "either", "find", "get", "ld", "no",
    "pointer", "root", "select", "splat", "st", "whole",
]  # fmt: skip

LANES = 8
pointer = types.CPointer(types.float64)
_DOUBLE, _BIT, _INT = ir.DoubleType(), ir.IntType(1), ir.IntType(32)
_VECTOR, _MASK = ir.VectorType(_DOUBLE, LANES), ir.VectorType(_BIT, LANES)
_BYTES = 8 * LANES


class _Lanes(types.Type):
    def __init__(self) -> None:
        super().__init__(name="krapte_lanes")


class _Mask(types.Type):
    def __init__(self) -> None:
        super().__init__(name="krapte_mask")


lanes, mask = _Lanes(), _Mask()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


@register_model(_Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _MASK)


def _spread(builder: Any, value: Any, kind: ir.VectorType) -> Any:
    """Give every lane the same value; vectors pass."""
    if isinstance(value.type, ir.VectorType):
        return value
    empty = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(empty, value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES))


def _number(kind: Any) -> Any:
    return lanes if kind == lanes else types.float64


# -- memory: places are counted in vectors (`ld`, `st`) or floats (`get`) ---------------------------------------------


@intrinsic
def ld(typing: Any, memory: Any, place: Any) -> Any:
    """Load a vector."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer_ = builder.gep(builder.bitcast(args[0], _VECTOR.as_pointer()), [args[1]])
        value = builder.load(pointer_)
        value.align = _BYTES
        return value

    return lanes(pointer, types.intp), generate


@intrinsic
def st(typing: Any, memory: Any, place: Any, value: Any) -> Any:
    """Store a vector, or one float in all lanes."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer_ = builder.gep(builder.bitcast(args[0], _VECTOR.as_pointer()), [args[1]])
        builder.store(_spread(builder, args[2], _VECTOR), pointer_).align = _BYTES
        return context.get_dummy_value()

    return types.void(pointer, types.intp, _number(value)), generate


@intrinsic
def ahead(typing: Any, memory: Any, place: Any) -> Any:
    """Ask the processor to fetch a vector that is loaded later; changes no number, and any place will do."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        form = ir.FunctionType(ir.VoidType(), [byte, _INT, _INT, _INT])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], form)
        to = builder.gep(builder.bitcast(args[0], _VECTOR.as_pointer()), [args[1]])
        # To be read, kept in all caches, data.
        builder.call(function, [builder.bitcast(to, byte), *(ir.Constant(_INT, k) for k in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(pointer, types.intp), generate


@intrinsic
def get(typing: Any, memory: Any, place: Any) -> Any:
    """Load a float from memory that does not change while the function runs."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(builder.gep(args[0], [args[1]]))
        value.set_metadata("invariant.load", builder.module.add_metadata([]))
        return value

    return types.float64(pointer, types.intp), generate


@intrinsic
def splat(typing: Any, value: Any) -> Any:
    """Make a vector of a float; vectors pass."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _spread(builder, args[0], _VECTOR)

    return lanes(_number(value)), generate


# -- operators --------------------------------------------------------------------------------------------------------


def _operator(function: Any, result: Any, generate: Callable[[Any, Any, Any], Any]) -> None:
    @infer_global(function)
    class _Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            from numba.core.typing.templates import signature

            fitting = all(each == lanes or isinstance(each, types.Float) for each in args)
            if lanes not in args or not fitting or len(args) != 2:
                return None
            return signature(result, *(_number(each) for each in args))

    for left, right in ((lanes, lanes), (lanes, types.float64), (types.float64, lanes)):

        @lower_builtin(function, left, right)
        def _lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return generate(builder, _spread(builder, args[0], _VECTOR), _spread(builder, args[1], _VECTOR))


for _function, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _operator(_function, lanes, lambda builder, a, b, name=_name: getattr(builder, name)(a, b))
for _function, _name in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
):
    _operator(_function, mask, lambda builder, a, b, name=_name: builder.fcmp_ordered(name, a, b))
_operator(operator.ne, mask, lambda builder, a, b: builder.fcmp_unordered("!=", a, b))


@infer_global(operator.neg)
class _Negative(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        from numba.core.typing.templates import signature

        return signature(lanes, lanes) if args == (lanes,) else None


@lower_builtin(operator.neg, lanes)
def _negative(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return builder.fneg(args[0])


# -- conditions -------------------------------------------------------------------------------------------------------


def _condition(kind: Any) -> Any:
    return mask if kind == mask else types.boolean


def _bits(builder: Any, value: Any) -> Any:
    if isinstance(value.type, ir.VectorType):
        return value
    return _spread(builder, value if value.type == _BIT else builder.trunc(value, _BIT), _MASK)


def _logic(name: str) -> Callable[..., Any]:
    def typed(typing: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, name)(_bits(builder, args[0]), _bits(builder, args[1]))

        return mask(_condition(left), _condition(right)), generate

    return typed


both = intrinsic(_logic("and_"))
either = intrinsic(_logic("or_"))


@intrinsic
def no(typing: Any, condition: Any) -> Any:
    """Turn a condition round."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.not_(_bits(builder, args[0]))

    return mask(_condition(condition)), generate


@intrinsic
def select(typing: Any, condition: Any, yes: Any, otherwise: Any) -> Any:
    """Choose in each lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b = (_spread(builder, value, _VECTOR) for value in args[1:])
        return builder.select(_bits(builder, args[0]), a, b)

    return lanes(_condition(condition), _number(yes), _number(otherwise)), generate


# -- functions --------------------------------------------------------------------------------------------------------


def _native(name: str) -> Callable[..., Any]:
    def typed(typing: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            full = f"{name}.v{LANES}f64"
            found = builder.module.globals.get(full)
            if found is None:
                found = ir.Function(builder.module, ir.FunctionType(_VECTOR, [_VECTOR]), full)
            return builder.call(found, [args[0]])

        return lanes(lanes), generate

    return typed


absolute = intrinsic(_native("llvm.fabs"))
root = intrinsic(_native("llvm.sqrt"))
whole = intrinsic(_native("llvm.trunc"))


@intrinsic
def each(typing: Any, function: Any, first: Any, second: Any) -> Any:
    """Call a function of one float (then `second` is repeated `first`) or two, lane by lane."""
    two = not isinstance(second, types.NoneType)
    target = typing.resolve_function_type(function, (types.float64,) * (2 if two else 1), {})

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        call = context.get_function(function, target)
        values = [_spread(builder, value, _VECTOR) for value in args[1 : 3 if two else 2]]
        result = ir.Constant(_VECTOR, ir.Undefined)
        for k in range(LANES):
            lane = ir.Constant(_INT, k)
            result = builder.insert_element(
                result, call(builder, [builder.extract_element(value, lane) for value in values]), lane
            )
        return result

    return lanes(function, _number(first), _number(second) if two else types.none), generate


@intrinsic
def find(typing: Any, function: Any, memory: Any, place: Any, points: Any, value: Any) -> Any:
    """Look up each lane in a table that all members share."""
    target = typing.resolve_function_type(function, (pointer, types.intp, types.intp, types.float64), {})

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        call = context.get_function(function, target)
        result = ir.Constant(_VECTOR, ir.Undefined)
        for k in range(LANES):
            lane = ir.Constant(_INT, k)
            found = call(builder, [*args[1:4], builder.extract_element(args[4], lane)])
            result = builder.insert_element(result, found, lane)
        return result

    return lanes(function, pointer, types.intp, types.intp, lanes), generate


# -- sums: as `krapte_sd.kernel.sums` for plain floats, places counted in vectors -------------------------------------

_SUM = types.void(pointer, types.intp, types.intp, types.intp)


@njit(_SUM, cache=True, error_model="numpy")
def add_row(memory: Any, first: int, length: int, target: int) -> None:
    """Add a row to a place, one element after the other."""
    total: Any = splat(0.0)
    for k in range(first, first + length):
        total = total + ld(memory, k)
    st(memory, target, ld(memory, target) + total)


@njit(_SUM, cache=True, error_model="numpy")
def add_long_row(memory: Any, first: int, length: int, target: int) -> None:
    """Add a row to a place, in eight sums; what is left over joins the first of them."""
    none: Any = splat(0.0)
    a = b = c = d = e = f = g = h = none
    rest = first + length - length % 8
    for k in range(first, rest, 8):
        a = a + ld(memory, k)
        b = b + ld(memory, k + 1)
        c = c + ld(memory, k + 2)
        d = d + ld(memory, k + 3)
        e = e + ld(memory, k + 4)
        f = f + ld(memory, k + 5)
        g = g + ld(memory, k + 6)
        h = h + ld(memory, k + 7)
    for k in range(rest, first + length):
        a = a + ld(memory, k)
    st(memory, target, ld(memory, target) + (((a + b) + (c + d)) + ((e + f) + (g + h))))
