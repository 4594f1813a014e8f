# numba has no types of its own.
# mypy: disable-error-code="call-arg,import-untyped"
"""Steps through a stretch of time; compiled once for all models.

The functions of a model are called by their addresses. All arrays are one
workspace of floats; in a workspace of vectors a place is eight floats, and all that
is said here of floats holds for each of them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

ADDRESSES = "int64[::1]"


@intrinsic
def _call(typing: Any, address: Any, work: Any, shared: Any, timed: Any, time: Any, year: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        double = ir.DoubleType()
        form = ir.FunctionType(ir.VoidType(), [double.as_pointer()] * 3 + [double] * 2)
        function = builder.inttoptr(args[0], form.as_pointer())
        pointers = [builder.inttoptr(each, double.as_pointer()) for each in args[1:4]]
        builder.call(function, [*pointers, *args[4:]])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4, types.float64, types.float64), generate


@njit(f"({ADDRESSES}, int64, int64, int64, float64, float64)", cache=True, error_model="numpy", nogil=True)
def evaluate(functions: Any, work: int, shared: int, timed: int, time: float, year: float) -> None:
    """Call some functions one after the other; `work`, `shared` and `timed` are addresses."""
    for k in range(functions.size):
        _call(functions[k], work, shared, timed, time, year)


@njit("(float64[::1], float64[::1], float64[::1], float64)", cache=True, error_model="numpy", nogil=True)
def interpolate(out: Any, before: Any, after: Any, share: float) -> None:
    """Interpolate between two rows; at share 0 the row after is left out of account."""
    if share == 0.0:
        for i in range(out.size):
            out[i] = before[i]
    else:
        for i in range(out.size):
            out[i] = before[i] + share * (after[i] - before[i])


@njit(
    f"(float64[::1], int64, int64, int64, int64, {ADDRESSES}, {ADDRESSES}, {ADDRESSES}, float64[:, ::1], "
    "float64[::1], float64[::1], float64, int64, int64, float64, boolean, boolean)",
    cache=True,
    error_model="numpy",
    nogil=True,
)
def advance(
    work: Any,
    base: int,
    shared: int,
    timed: int,
    stride: int,
    layout: Any,
    rates: Any,
    follow: Any,
    rows: Any,
    times: Any,
    shares: Any,
    year: float,
    first: int,
    last: int,
    h: float,
    euler: bool,
    fresh: bool,
) -> None:
    """Take the steps `first` ... `last` - 1 of a stretch of time.

    `layout` holds the first places of state, rates, saved state, weighted sum and
    interpolated data, and the lengths of state and data. `times` and `shares` have
    one entry for the start of each step, its middle, and the end of the last;
    `timed` + k * `stride` is the address of what all members share at entry k.
    `rates` and `follow` are addresses of the functions of the state and of time.
    With `fresh` the rates of the first step are in the workspace already.
    """
    n, count = layout[5], layout[6]
    y, d = work[layout[0] : layout[0] + n], work[layout[1] : layout[1] + n]
    y0, a = work[layout[2] : layout[2] + n], work[layout[3] : layout[3] + n]
    data = work[layout[4] : layout[4] + count]
    for k in range(first, last):
        if not (fresh and k == first):
            evaluate(rates, base, shared, timed + 2 * k * stride, times[2 * k], year)
        if euler:
            for i in range(n):
                y[i] += h * d[i]
            # After the last step the next stretch loads its own data.
            if 2 * k + 3 == times.size:
                continue
        else:
            half = h / 2
            for i in range(n):
                y0[i] = y[i]
                a[i] = d[i]
                y[i] = y0[i] + half * d[i]
            for stage in range(2):
                if stage == 0:
                    if count > 0:
                        interpolate(data, rows[0], rows[1], shares[2 * k + 1])
                    evaluate(follow, base, shared, timed + (2 * k + 1) * stride, times[2 * k + 1], year)
                evaluate(rates, base, shared, timed + (2 * k + 1) * stride, times[2 * k + 1], year)
                part = half if stage == 0 else h
                for i in range(n):
                    a[i] += 2.0 * d[i]
                    y[i] = y0[i] + part * d[i]
        if count > 0:
            interpolate(data, rows[0], rows[1], shares[2 * k + 2])
        evaluate(follow, base, shared, timed + (2 * k + 2) * stride, times[2 * k + 2], year)
        if not euler:
            evaluate(rates, base, shared, timed + (2 * k + 2) * stride, times[2 * k + 2], year)
            sixth = h / 6
            for i in range(n):
                y[i] = y0[i] + sixth * (a[i] + d[i])


@njit(
    f"(float64[::1], int64, int64, int64, int64, int64[:, ::1], {ADDRESSES}, {ADDRESSES}, "
    "float64[::1], float64, int64, int64, float64)",
    cache=True,
    error_model="numpy",
    nogil=True,
)
def advance_euler(
    work: Any,
    base: int,
    shared: int,
    timed: int,
    stride: int,
    rest: Any,
    steps: Any,
    follow: Any,
    times: Any,
    year: float,
    first: int,
    last: int,
    h: float,
) -> None:
    """Take steps of Euler's method with functions that bring most of the state up to date themselves.

    As `advance`; `rest` holds the pieces that are left (first place, first place of
    the rates, length).
    """
    for k in range(first, last):
        evaluate(steps, base, shared, timed + 2 * k * stride, times[2 * k], year)
        for piece in range(rest.shape[0]):
            n = rest[piece, 2]
            y, d = work[rest[piece, 0] : rest[piece, 0] + n], work[rest[piece, 1] : rest[piece, 1] + n]
            for i in range(n):
                y[i] += h * d[i]
        if 2 * k + 3 < times.size:
            evaluate(follow, base, shared, timed + (2 * k + 2) * stride, times[2 * k + 2], year)


@njit(
    f"(float64[::1], int64, int64, int64, int64, {ADDRESSES}, int64[:, ::1], {ADDRESSES}, {ADDRESSES}, "
    "float64[::1], float64, int64, int64, float64)",
    cache=True,
    error_model="numpy",
    nogil=True,
)
def advance_stages(
    work: Any,
    base: int,
    shared: int,
    timed: int,
    stride: int,
    layout: Any,
    rest: Any,
    steps: Any,
    follow: Any,
    times: Any,
    year: float,
    first: int,
    last: int,
    h: float,
) -> None:
    """Take steps of Runge's method with functions that bring most of the state up to date themselves.

    As `advance_euler`. The rates of the first step are in the workspace already, so
    that its first stage is taken here. No equation reads integrals over a year, so
    that they stay what they were until the last stage.
    """
    n, state = layout[5], layout[0]
    for k in range(first, last):
        for stage in range(4):
            point = 2 * k + (stage + 1) // 2
            if stage == 1 or stage == 3:
                evaluate(follow, base, shared, timed + point * stride, times[point], year)
            part = h / 6 if stage == 3 else h if stage == 2 else h / 2
            if k == first and stage == 0:
                y, d = work[state : state + n], work[layout[1] : layout[1] + n]
                y0, a = work[layout[2] : layout[2] + n], work[layout[3] : layout[3] + n]
                for i in range(n):
                    a[i] = d[i]
                for i in range(layout[7] - state):
                    y0[i] = y[i]
                    y[i] = y0[i] + part * d[i]
                continue
            work[layout[9]] = part
            work[layout[10]] = stage
            evaluate(steps, base, shared, timed + point * stride, times[point], year)
            for piece in range(rest.shape[0]):
                size, place = rest[piece, 2], rest[piece, 0]
                y, d = work[place : place + size], work[rest[piece, 1] : rest[piece, 1] + size]
                y0 = work[place - state + layout[2] : place - state + layout[2] + size]
                a = work[place - state + layout[3] : place - state + layout[3] + size]
                if place >= layout[7] and stage < 3:
                    for i in range(size):
                        a[i] = a[i] + 2.0 * d[i] if stage else d[i]
                elif place >= layout[7]:
                    for i in range(size):
                        y[i] += part * (a[i] + d[i])
                elif stage == 0:
                    for i in range(size):
                        y0[i] = y[i]
                        a[i] = d[i]
                        y[i] = y0[i] + part * d[i]
                elif stage == 3:
                    for i in range(size):
                        y[i] = y0[i] + part * (a[i] + d[i])
                else:
                    for i in range(size):
                        a[i] += 2.0 * d[i]
                        y[i] = y0[i] + part * d[i]


@njit("(float64[::1], float64[::1], int64[:, ::1])", cache=True, error_model="numpy", nogil=True)
def gather(out: Any, work: Any, pieces: Any) -> None:
    """Copy pieces of the workspace (first place, length) one behind the other."""
    at = 0
    for k in range(pieces.shape[0]):
        first = pieces[k, 0]
        for i in range(pieces[k, 1]):
            out[at + i] = work[first + i]
        at += pieces[k, 1]


@njit(
    f"(float64[::1], int64, {ADDRESSES}, {ADDRESSES}, int64, float64[::1], float64[::1], float64[:, ::1], "
    f"{ADDRESSES}, int64[:, ::1], {', '.join([ADDRESSES] * 5)}, int64, int64, float64, "
    "boolean, float64[:, ::1], int64[:, ::1], float64[:, ::1], int64[:, ::1])",
    cache=True,
    error_model="numpy",
    nogil=True,
)
def advance_years(
    work: Any,
    base: int,
    held: Any,
    timed: Any,
    stride: int,
    begins: Any,
    years: Any,
    times: Any,
    layout: Any,
    rest: Any,
    load: Any,
    follow: Any,
    steps: Any,
    seen: Any,
    outputs: Any,
    count: int,
    every: int,
    h: float,
    euler: bool,
    saved: Any,
    saved_pieces: Any,
    integrals: Any,
    integral_pieces: Any,
) -> None:
    """Run through calendar years in a workspace of vectors.

    `held` and `timed` are the addresses of what all members share in each year;
    `begins`, `years` and `times` its times. `load` are the functions of constants and
    of the year, `follow` those of time, `seen` what outputs need, `outputs` the outputs
    themselves. A year has
    `count` steps, an output is saved before every `every`-th one.
    """
    for number in range(held.size):
        evaluate(load, base, held[number], timed[number], begins[number], years[number])
        evaluate(follow, base, held[number], timed[number], begins[number], years[number])
        for i in range(layout[7], layout[8]):
            work[i] = 0.0
        year = years[number]
        for k in range(0, count, every):
            place = timed[number] + 2 * k * stride
            evaluate(seen, base, held[number], place, times[number, 2 * k], year)
            evaluate(outputs, base, held[number], place, times[number, 2 * k], year)
            gather(saved[number * ((count + every - 1) // every) + k // every], work, saved_pieces)
            last = min(k + every, count)
            if euler:
                advance_euler(
                    work, base, held[number], timed[number], stride, rest, steps, follow,
                    times[number], year, k, last, h,
                )  # fmt: skip
            else:
                advance_stages(
                    work, base, held[number], timed[number], stride, layout, rest, steps, follow,
                    times[number], year, k, last, h,
                )  # fmt: skip
        gather(integrals[number], work, integral_pieces)
