"""Compares every kernel for GPUs, run on the CPU by emulate.cpp, with numpy and SciPy in double precision.

python check.py      (needs a C++20 compiler as `c++`, numpy and scipy; prints a line per comparison, fails if one fails)
"""

import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.special import erf, expit, log_softmax, softmax

HERE = Path(__file__).resolve().parent
rng = np.random.default_rng(0)
failed = []


def built(folder):
    out = Path(folder) / "kernels.so"
    kernels = HERE.parents[1] / "src/cuda/kernels.cu"
    flags = ["-std=c++20", "-O1", "-shared", "-fPIC", "-pthread", f'-DKERNELS="{kernels}"']
    subprocess.run(["c++", *flags, "-o", out, HERE / "emulate.cpp"], check=True)
    return ctypes.CDLL(str(out))


class Wide(int):
    """A 64-bit argument."""


def run(name, grid, *args):
    """Launches a kernel: arrays by address, floats as float, Wide as long long, other numbers as int."""
    def passed(x):
        if isinstance(x, np.ndarray):
            return x.ctypes.data_as(ctypes.c_void_p)
        return ctypes.c_float(x) if isinstance(x, float) else ctypes.c_longlong(x) if isinstance(x, Wide) else ctypes.c_int(x)

    getattr(library, f"run_{name}")((ctypes.c_int * 4)(*grid), *map(passed, args))


def each(n):
    return min((n + 255) // 256, 3), 1, 256, 1


def rows(n, width):
    return n, 1, min(512, max(32, 1 << (width - 1).bit_length())), 1


def chunks(n):
    """As `chunks` in norm.rs."""
    per = max(8, ((n + 63) // 64 + 7) // 8 * 8)
    return max(1, -(-n // per)), per


def normal(*shape):
    return rng.normal(size=shape).astype(np.float32)


def room(*shape):
    """What no kernel may leave as it is."""
    return np.full(shape, np.nan, np.float32)


def check(what, found, expected, tolerance=2e-5):
    worst = np.max(np.abs(found.astype(float) - expected) / max(1e-3, np.abs(expected).max()))
    fine = bool(worst <= tolerance)
    print("ok  " if fine else "MISS", what, f"{worst:.1e}")
    if not fine:
        failed.append(what)


CURVES = {
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": expit,
    "tanh": np.tanh,
    "silu": lambda x: x * expit(x),
    "gelu": lambda x: x * 0.5 * (1 + erf(x / np.sqrt(2))),
    "gelu_tanh": lambda x: x * 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "softplus": lambda x: np.logaddexp(0, x),
}


def curves():
    x, grad, h = normal(700) * 2, normal(700), 1e-4
    wide = x.astype(float)
    for kind, (name, f) in enumerate(CURVES.items()):
        out, slope = room(700), room(700)
        run("curve_f32", each(700), x, out, kind, Wide(700))
        check(name, out, f(wide))
        run("curve_slope_f32", each(700), out if kind < 3 else x, grad, slope, kind, Wide(700))
        check(f"{name}, slope", slope, grad * (f(wide + h) - f(wide - h)) / (2 * h), 3e-4)


def split_mix(seed, count):
    out, mask = [], (1 << 64) - 1
    for i in range(count):
        z = (seed + (i // 2 + 1) * 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
        out.append(z >> 32 if i % 2 == 0 else z & 0xFFFFFFFF)
    return np.array(out)


def dropouts():
    x, out, limit = normal(1001), room(1001), int(0.3 * 2**32)
    run("dropout_f32", each(1001), x, out, Wide(12345), Wide(limit), 1 / 0.7, Wide(1001))
    check("dropout", out, np.where(split_mix(12345, 1001) >= limit, x / 0.7, 0))


def biases():
    y, bias = normal(50, 37), normal(37)
    for kind, f in ((0, CURVES["relu"]), (99, lambda x: x), (4, CURVES["gelu"])):
        sums, out = y.copy(), room(50, 37)
        run("add_bias_f32", each(1850), sums, bias, out, kind, 37, Wide(1850))
        total = (y + bias).astype(float)
        check(f"bias {kind}", out if kind == 4 else sums, f(total))
        if kind == 4:
            check("sum before gelu", sums, total)


def columns(parts, count, width):
    out = room(width)
    run("columns_end", each(width), parts, out, count, width)
    return out


def sums():
    x = normal(1001, 70)
    count, per = chunks(1001)
    parts = room(count, 70)
    run("column_parts_f32", (3, count, 32, 8), x, parts, 1001, 70, per)
    check("sums of columns", columns(parts, count, 70), x.astype(float).sum(0))


def norms():
    n, width, eps = 40, 777, 1e-5
    for centre in (1, 0):
        x, weight, bias, grad = normal(n, width) * 2 + 1, normal(width), normal(width), normal(n, width)
        out, stats, slope = room(n, width), room(n, 2), room(n, width)
        run("norm_rows_f32", rows(n, width), x, weight, bias, out, stats, width, eps, centre)
        wide = x.astype(float)
        centred = wide - (wide.mean(1, keepdims=True) if centre else 0)
        scale = 1 / np.sqrt((centred**2).mean(1, keepdims=True) + eps)
        normed = centred * scale
        check("norm", out, normed * weight + bias)
        run("norm_slope_f32", rows(n, width), x, weight, grad, stats, slope, width, centre)
        g = grad.astype(float) * weight
        mean = g.mean(1, keepdims=True) if centre else 0
        check("norm, slope", slope, scale * (g - mean - normed * (g * normed).mean(1, keepdims=True)))
        count, per = chunks(n)
        parts = room(count, 2, width)
        run("norm_parts_f32", (-(-width // 32), count, 32, 8), x, grad, stats, parts, n, width, per)
        both = columns(parts, count, 2 * width).reshape(2, width)
        check("norm, gradient of the weight", both[0], (grad * normed).sum(0))
        check("norm, gradient of the bias", both[1], grad.astype(float).sum(0))


def softmaxes():
    for width, n in ((130, 20), (7, 9), (1300, 3)):
        for log, queries in ((0, 0), (1, 0), (0, 3)):
            x, grad, out, slope = normal(n, width) * 4, normal(n, width), room(n, width), room(n, width)
            run("softmax_rows_f32", rows(n, width), x, out, width, queries, 0.37, log)
            scores = x.astype(float) * 0.37
            for i in range(n if queries else 0):
                scores[i, max(0, i % queries + 1 + width - queries):] = -np.inf
            y = (log_softmax if log else softmax)(scores, axis=1)
            check(f"softmax {width} {log} {queries}", out, y)
            run("softmax_slope_f32", rows(n, width), out, grad, slope, width, 0.37, log)
            g = grad.astype(float)
            inner = g - np.exp(y) * g.sum(1, keepdims=True) if log else y * (g - (g * y).sum(1, keepdims=True))
            check("softmax, slope", slope, 0.37 * inner)


def heads():
    b, t, p, h, d = 3, 5, 3, 2, 4
    x, out, back = normal(b, t, p, h, d), room(p, b, h, t, d), room(b, t, p, h, d)
    run("turn_heads_f32", each(x.size), x, out, b, t, p, h, d, 0)
    check("heads", out, x.transpose(2, 0, 3, 1, 4))
    run("turn_heads_f32", each(x.size), out, back, b, t, p, h, d, 1)
    check("heads, back", back, x)
    x, out = normal(b, t, p, h, 8), room(p, b, h, t, 8)
    run("turn_heads_wide", each(x.size // 4), x, out, b, t, p, h, 2, 0)
    check("heads, 16 bytes at once", out, x.transpose(2, 0, 3, 1, 4))


def losses():
    logits, classes = normal(33, 300) * 5, rng.integers(0, 300, 33).astype(np.uint32)
    for smoothing in (0.0, 0.1):
        slopes, out, mean = room(33, 300), room(33), room(1)
        run("cross_entropy", rows(33, 300), logits, classes, slopes, out, 300, 33, smoothing)
        log = log_softmax(logits.astype(float), axis=1)
        target = np.full((33, 300), smoothing / 300)
        target[np.arange(33), classes] += 1 - smoothing
        check("cross entropy", out, -(target * log).sum(1))
        check("cross entropy, slope", slopes, (np.exp(log) - target) / 33)
        run("mean_of", (1, 1, 1024, 1), out, mean, Wide(33))
        check("mean", mean, out.astype(float).mean())
    x, t = normal(600) * 3, rng.uniform(size=600).astype(np.float32)
    d = x.astype(float) - t
    expected = [
        (np.logaddexp(0, x.astype(float)) - x.astype(float) * t, expit(x.astype(float)) - t),
        (d**2, 2 * d),
        (np.where(abs(d) <= 0.7, 0.5 * d**2, 0.7 * (abs(d) - 0.35)), np.clip(d, -0.7, 0.7)),
    ]
    for kind, (loss, slope) in enumerate(expected):
        slopes, out = room(600), room(600)
        run("pointwise_loss", each(600), x, t, slopes, out, kind, 0.7, Wide(600))
        check(f"loss {kind}", out, loss)
        check(f"loss {kind}, slope", slopes, slope / 600)


def tables():
    index, grad, out = (np.arange(700) ** 2 % 31).astype(np.uint32), normal(700, 65), room(37, 65)
    run("embedding_slope", (37, 1, 256, 1), index, grad, out, 65, Wide(700))
    expected = np.zeros((37, 65))
    np.add.at(expected, index, grad.astype(float))
    check("embedding, slope", out, expected)
    x = np.array([0, 3, 5, -1, 2.5, np.nan, 36, 37], np.float32)
    out, wrong = np.full(8, 99, np.uint32), np.array([2**32 - 1], np.uint32)
    run("row_numbers_f32", each(8), x, out, wrong, 37, Wide(8))
    check("numbers of rows", np.append(out, wrong), np.array([0, 3, 5, 0, 0, 0, 36, 0, 3]), 0)


def windows():
    b, c, ih, iw, kh, kw, sh, sw, ph, pw, dh, dw = 2, 3, 9, 8, 3, 2, 2, 1, 1, 1, 1, 2
    oh, ow = (ih + 2 * ph - (dh * (kh - 1) + 1)) // sh + 1, (iw + 2 * pw - (dw * (kw - 1) + 1)) // sw + 1
    sizes = (b, c, ih, iw, kh, kw, oh, ow, sh, sw, ph, pw, dh, dw)
    pad = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    x = normal(b, c, ih, iw)

    def tap(padded, ki, kj):
        return padded[:, :, ki * dh:ki * dh + oh * sh:sh, kj * dw:kj * dw + ow * sw:sw][:, :, :oh, :ow]

    def patches(padded):
        return np.stack([[tap(padded, ki, kj).transpose(1, 0, 2, 3) for kj in range(kw)] for ki in range(kh)])

    expected = patches(np.pad(x, pad)).transpose(2, 0, 1, 3, 4, 5)
    out = room(*expected.shape)
    run("gather_f32", each(out.size), x, out, *sizes)
    check("patches", out, expected)
    grad, out = normal(*expected.shape), room(*x.shape)
    run("scatter_f32", each(out.size), grad, out, *sizes)
    back = np.zeros((b, c, ih + 2 * ph, iw + 2 * pw))
    for ki in range(kh):
        for kj in range(kw):
            tap(back, ki, kj)[...] += grad[:, ki, kj].transpose(1, 0, 2, 3)
    check("patches, slope", out, back[:, :, ph:ph + ih, pw:pw + iw])

    inside = patches(np.pad(np.ones_like(x), pad)).reshape(kh * kw, c, b, oh, ow).transpose(2, 1, 3, 4, 0)
    values = patches(np.pad(x, pad)).reshape(kh * kw, c, b, oh, ow).transpose(2, 1, 3, 4, 0)
    largest, grad = np.where(inside > 0, values, -np.inf), normal(b, c, oh, ow)
    for most in (1, 0):
        out, slope = room(b, c, oh, ow), room(*x.shape)
        run("pool_f32", each(out.size), x, out, most, *sizes)
        check("largest of a window" if most else "mean of a window", out, largest.max(-1) if most else values.mean(-1))
        run("pool_slope_f32", each(slope.size), x, grad, slope, most, *sizes)
        back = np.zeros((b, c, ih + 2 * ph, iw + 2 * pw))
        for tap_number in range(kh * kw):
            share = (largest.argmax(-1) == tap_number) if most else 1 / (kh * kw)
            tap(back, tap_number // kw, tap_number % kw)[...] += grad * share
        check("pooling, slope", slope, back[:, :, ph:ph + ih, pw:pw + iw])

    y, bias, out, back = normal(5, 3, 20), normal(5), room(3, 5, 20), room(5, 3, 20)
    run("batch_first_f32", each(300), y, bias, out, 3, 5, 20, 0)
    check("batch first", out, y.transpose(1, 0, 2) + bias[:, None])
    run("batch_first_f32", each(300), out, bias, back, 3, 5, 20, 1)
    check("channels first", back, out.transpose(1, 0, 2))


def optimisers():
    lengths = np.array([5000, 1, 4096, 4097])
    p, g, m, v = ([normal(n) for n in lengths] for _ in range(4))
    v = [np.abs(x) for x in v]
    owners = np.array([i for i, n in enumerate(lengths) for _ in range(-(-n // 4096))], np.uint32)
    starts = np.array([j for n in lengths for j in range(-(-n // 4096))], np.uint32)
    places = np.array([x[i].ctypes.data for i in range(4) for x in (p, g, m, v)])
    b1, b2, c1, c2, lr, eps, blocks = 0.9, 0.999, 0.271, 0.003, 0.02, 1e-8, (len(owners), 1, 256, 1)
    for decoupled in (1, 0):
        before = [[x.astype(float) for x in xs] for xs in (p, m, v)]
        decays = np.array([0.99, 0.98, 1, 0.97] if decoupled else [0.1, 0, 0.2, 0], np.float32)
        numbers = (1 - b1, b2, 1 - b2, float(np.sqrt(c2)), lr / c1, eps, decoupled)
        run("adam", blocks, places, lengths, decays, owners, starts, 4096, *numbers)
        for i in range(4):
            grad = g[i] + (0 if decoupled else before[0][i] * decays[i])
            x = before[0][i] * (decays[i] if decoupled else 1)
            mean = before[1][i] * b1 + grad * (1 - b1)
            square = before[2][i] * b2 + grad**2 * (1 - b2)
            check("Adam", p[i], x - lr / c1 * mean / (np.sqrt(square) / np.sqrt(c2) + eps))
            check("Adam, first moment", m[i], mean)
            check("Adam, second moment", v[i], square)
    parts, total = np.full(len(owners), np.nan), np.full(1, np.nan)
    run("squares", blocks, np.array([x.ctypes.data for x in g]), lengths, owners, starts, 4096, parts)
    run("total_of", (1, 1, 1024, 1), parts, total, Wide(len(owners)))
    check("sum of squares", total, sum((x.astype(float) ** 2).sum() for x in g), 1e-12)


def types():
    x = np.append(normal(1000), np.array([0, -0.0, np.inf, -np.inf, 1e-40, 3e38, 3.3961776e38, 1.00390625], np.float32))
    out = room(len(x))
    library.through_bf16(x.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), len(x))
    # To the nearest of the numbers whose lower 16 bits are 0, ties to even.
    bits = x.view(np.uint32).astype(np.uint64)
    expected = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16).astype(np.uint32).view(np.float32)
    same = bool(np.array_equal(out, expected))
    print("ok  " if same else "MISS", "bfloat16")
    failed.extend([] if same else ["bfloat16"])


with tempfile.TemporaryDirectory() as folder:
    library = built(folder)
    for part in (curves, dropouts, biases, sums, norms, softmaxes, heads, losses, tables, windows, optimisers, types):
        part()
if failed:
    sys.exit(f"{len(failed)} comparisons failed: {', '.join(failed)}")
