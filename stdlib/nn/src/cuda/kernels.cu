// The fused functions of `ops` and `optim` on NVIDIA GPUs: values are float or bfloat16, arithmetic is float.
// Compiled at first use by NVRTC, which has no headers: bfloat16 is written out. All sums have a fixed order, so that
// the same inputs give the same bits.

typedef long long count_t;

struct bf16 {
    unsigned short bits;
};

__device__ __forceinline__ float widen(float x) { return x; }
__device__ __forceinline__ float widen(bf16 x) { return __uint_as_float(((unsigned)x.bits) << 16); }

__device__ __forceinline__ void narrow(float x, float *out) { *out = x; }
__device__ __forceinline__ void narrow(float x, bf16 *out) {
    unsigned bits = __float_as_uint(x);
    // To the nearest, ties to even; NaN stays NaN.
    bits = (x != x) ? 0x7fc00000u : bits + 0x7fffu + ((bits >> 16) & 1u);
    out->bits = (unsigned short)(bits >> 16);
}

// Divisions of 32 bits take a fraction of the time of those of 64.
__device__ __forceinline__ count_t remainder_of(count_t i, int d) {
    return i < (1LL << 32) ? (count_t)((unsigned)i % (unsigned)d) : i % d;
}
__device__ __forceinline__ count_t quotient_of(count_t i, int d) {
    return i < (1LL << 32) ? (count_t)((unsigned)i / (unsigned)d) : i / d;
}

#define GRID_STRIDE(i, n) \
    for (count_t i = (count_t)blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += (count_t)gridDim.x * blockDim.x)

// ---- sums and maxima over a block of up to 1024 threads, a multiple of 32; every thread gets the result

__device__ __forceinline__ float add(float a, float b) { return a + b; }
// As `fmaxf`, but NaN wins.
__device__ __forceinline__ float larger(float a, float b) { return (a != a || a > b) ? a : b; }

template <float (*JOIN)(float, float)>
__device__ float over_block(float x, float none) {
    __shared__ float parts[33];
    for (int offset = 16; offset > 0; offset >>= 1) x = JOIN(x, __shfl_xor_sync(0xffffffffu, x, offset));
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    if (lane == 0) parts[warp] = x;
    __syncthreads();
    if (warp == 0) {
        x = lane < warps ? parts[lane] : none;
        for (int offset = 16; offset > 0; offset >>= 1) x = JOIN(x, __shfl_xor_sync(0xffffffffu, x, offset));
        if (lane == 0) parts[32] = x;
    }
    __syncthreads();
    x = parts[32];
    __syncthreads();
    return x;
}

__device__ double sum_of_doubles(double x) {
    __shared__ double wide[33];
    for (int offset = 16; offset > 0; offset >>= 1) x += __shfl_xor_sync(0xffffffffu, x, offset);
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    if (lane == 0) wide[warp] = x;
    __syncthreads();
    if (warp == 0) {
        x = lane < warps ? wide[lane] : 0.0;
        for (int offset = 16; offset > 0; offset >>= 1) x += __shfl_xor_sync(0xffffffffu, x, offset);
        if (lane == 0) wide[32] = x;
    }
    __syncthreads();
    x = wide[32];
    __syncthreads();
    return x;
}

// ---- functions of one number; the numbers of the kinds are those of `Kind` in activation.rs

__device__ __forceinline__ float logistic(float x) { return 1.0f / (1.0f + expf(-x)); }

__device__ float value_of(int kind, float x) {
    switch (kind) {
    case 0: return x < 0.0f ? 0.0f : x;
    case 1: return logistic(x);
    case 2: return tanhf(x);
    case 3: return x * logistic(x);
    case 4: return x * 0.5f * (1.0f + erff(x * 0.70710678118654752f));
    case 5: return x * 0.5f * (1.0f + tanhf(0.7978845608028654f * (x + 0.044715f * x * x * x)));
    default: return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)));
    }
}

// From the function's value for kinds 0, 1, 2, from its argument for the others.
__device__ float slope_of(int kind, float at) {
    switch (kind) {
    case 0: return at > 0.0f ? 1.0f : 0.0f;
    case 1: return at * (1.0f - at);
    case 2: return 1.0f - at * at;
    case 3: {
        float s = logistic(at);
        return s * (1.0f + at * (1.0f - s));
    }
    case 4: {
        float below = 0.5f * (1.0f + erff(at * 0.70710678118654752f));
        return below + at * expf(-0.5f * at * at) * 0.3989422804014327f;
    }
    case 5: {
        float t = tanhf(0.7978845608028654f * (at + 0.044715f * at * at * at));
        float inner = 0.7978845608028654f * (1.0f + 3.0f * 0.044715f * at * at);
        return 0.5f * (1.0f + t) + 0.5f * at * (1.0f - t * t) * inner;
    }
    default: return logistic(at);
    }
}

template <typename T>
__device__ void curve(const T *x, T *out, int kind, count_t n) {
    GRID_STRIDE(i, n) narrow(value_of(kind, widen(x[i])), out + i);
}

template <typename T>
__device__ void curve_slope(const T *at, const T *grad, T *out, int kind, count_t n) {
    GRID_STRIDE(i, n) narrow(slope_of(kind, widen(at[i])) * widen(grad[i]), out + i);
}

// ---- dropout: the mask is that of `ops::dropout`, by seed and place

template <typename T>
__device__ void dropout(const T *x, T *out, unsigned long long seed, count_t limit, float scale, count_t n) {
    GRID_STRIDE(i, n) {
        unsigned long long z = seed + ((unsigned long long)i / 2 + 1) * 0x9e3779b97f4a7c15ULL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        z ^= z >> 31;
        unsigned drawn = i % 2 == 0 ? (unsigned)(z >> 32) : (unsigned)z;
        narrow(widen(x[i]) * (drawn >= (unsigned)limit ? scale : 0.0f), out + i);
    }
}

// ---- the affine layer: what follows the product

// y = relu(y + b), or without the function; with `kind` 4 the sum stays in y and its GELU goes to `out`.
template <typename T>
__device__ void add_bias(T *y, const float *bias, T *out, int kind, int width, count_t n) {
    GRID_STRIDE(i, n) {
        float x = widen(y[i]) + bias[remainder_of(i, width)];
        if (kind == 4) {
            // The slope will be taken where the stored value is.
            narrow(x, y + i);
            narrow(value_of(4, widen(y[i])), out + i);
        } else {
            narrow(kind == 0 ? value_of(0, x) : x, y + i);
        }
    }
}

// ---- sums of columns: tiles of 32 columns, 8 rows at a time; `parts` is chunks x width

template <typename T>
__device__ void column_parts(const T *x, float *parts, int rows, int width, int per) {
    __shared__ float tile[8][33];
    int column = blockIdx.x * 32 + threadIdx.x;
    int first = blockIdx.y * per, end = min(first + per, rows);
    float sum = 0.0f;
    if (column < width)
        for (int row = first + threadIdx.y; row < end; row += 8) sum += widen(x[(count_t)row * width + column]);
    tile[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && column < width) {
        for (int i = 1; i < 8; i++) sum += tile[i][threadIdx.x];
        parts[(count_t)blockIdx.y * width + column] = sum;
    }
}

extern "C" __global__ void columns_end(const float *parts, float *out, int chunks, int width) {
    GRID_STRIDE(column, width) {
        float sum = 0.0f;
        for (int i = 0; i < chunks; i++) sum += parts[(count_t)i * width + column];
        out[column] = sum;
    }
}

// ---- layer norm and root mean square norm: a block per row

template <typename T, typename Y>
__device__ void norm_rows(const T *x, const float *weight, const float *bias, Y *out, float *stats, int width, float eps,
                          int centre) {
    const T *row = x + (count_t)blockIdx.x * width;
    float sum = 0.0f;
    if (centre)
        for (int i = threadIdx.x; i < width; i += blockDim.x) sum += widen(row[i]);
    float mean = centre ? over_block<add>(sum, 0.0f) / width : 0.0f;
    float square = 0.0f;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        float d = widen(row[i]) - mean;
        square += d * d;
    }
    float scale = 1.0f / sqrtf(over_block<add>(square, 0.0f) / width + eps);
    for (int i = threadIdx.x; i < width; i += blockDim.x)
        narrow((widen(row[i]) - mean) * scale * weight[i] + bias[i], out + (count_t)blockIdx.x * width + i);
    if (threadIdx.x == 0) {
        stats[2 * blockIdx.x] = mean;
        stats[2 * blockIdx.x + 1] = scale;
    }
}

template <typename T, typename Y>
__device__ void norm_slope(const T *x, const float *weight, const Y *grad, const float *stats, T *out, int width,
                           int centre) {
    count_t from = (count_t)blockIdx.x * width;
    float mean = stats[2 * blockIdx.x], scale = stats[2 * blockIdx.x + 1];
    float sum = 0.0f, dot = 0.0f;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        float g = widen(grad[from + i]) * weight[i];
        sum += g;
        dot += g * (widen(x[from + i]) - mean) * scale;
    }
    sum = centre ? over_block<add>(sum, 0.0f) / width : 0.0f;
    dot = over_block<add>(dot, 0.0f) / width;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        float g = widen(grad[from + i]) * weight[i];
        narrow(scale * (g - sum - (widen(x[from + i]) - mean) * scale * dot), out + from + i);
    }
}

// Sums of columns of the gradient times the normalised value (`parts`) and of the gradient (after them).
template <typename T, typename Y>
__device__ void norm_parts(const T *x, const Y *grad, const float *stats, float *parts, int rows, int width, int per) {
    __shared__ float tile[2][8][33];
    int column = blockIdx.x * 32 + threadIdx.x;
    int first = blockIdx.y * per, end = min(first + per, rows);
    float of_weight = 0.0f, of_bias = 0.0f;
    if (column < width)
        for (int row = first + threadIdx.y; row < end; row += 8) {
            count_t at = (count_t)row * width + column;
            float g = widen(grad[at]);
            of_weight += g * (widen(x[at]) - stats[2 * row]) * stats[2 * row + 1];
            of_bias += g;
        }
    tile[0][threadIdx.y][threadIdx.x] = of_weight;
    tile[1][threadIdx.y][threadIdx.x] = of_bias;
    __syncthreads();
    if (threadIdx.y == 0 && column < width) {
        for (int i = 1; i < 8; i++) {
            of_weight += tile[0][i][threadIdx.x];
            of_bias += tile[1][i][threadIdx.x];
        }
        parts[(count_t)blockIdx.y * 2 * width + column] = of_weight;
        parts[(count_t)blockIdx.y * 2 * width + width + column] = of_bias;
    }
}

// ---- softmax over rows, a block per row; `queries` > 0: row i is query i % queries, which sees no later key

__device__ int seen(int width, int queries) {
    return queries > 0 ? max(0, (int)(blockIdx.x % queries) + 1 + width - queries) : width;
}

template <typename T>
__device__ void softmax_rows(const T *x, T *out, int width, int queries, float scale, int log) {
    count_t from = (count_t)blockIdx.x * width;
    int end = seen(width, queries);
    float most = __int_as_float(0xff800000);
    for (int i = threadIdx.x; i < end; i += blockDim.x) most = larger(widen(x[from + i]) * scale, most);
    most = over_block<larger>(most, __int_as_float(0xff800000));
    float sum = 0.0f;
    for (int i = threadIdx.x; i < end; i += blockDim.x) sum += expf(widen(x[from + i]) * scale - most);
    sum = over_block<add>(sum, 0.0f);
    float shift = log ? most + logf(sum) : 0.0f, share = 1.0f / sum;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        float scaled = i < end ? widen(x[from + i]) * scale : 0.0f;
        float y = i >= end ? 0.0f : log ? scaled - shift : expf(scaled - most) * share;
        narrow(y, out + from + i);
    }
}

template <typename T>
__device__ void softmax_slope(const T *y, const T *grad, T *out, int width, float scale, int log) {
    count_t from = (count_t)blockIdx.x * width;
    float sum = 0.0f;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        float g = widen(grad[from + i]);
        sum += log ? g : g * widen(y[from + i]);
    }
    sum = over_block<add>(sum, 0.0f);
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        float v = widen(y[from + i]), g = widen(grad[from + i]);
        narrow(scale * (log ? g - expf(v) * sum : v * (g - sum)), out + from + i);
    }
}

// ---- heads of attention: batch x time x parts x heads x d  <->  parts x batch x heads x time x d

template <typename T>
__device__ void turn_heads(const T *x, T *out, int batch, int time, int parts, int heads, int d, int back) {
    count_t n = (count_t)batch * time * parts * heads * d;
    GRID_STRIDE(i, n) {
        // i is the place among heads.
        count_t rest = quotient_of(i, d);
        int f = (int)(i - rest * d);
        int t = (int)remainder_of(rest, time);
        rest = quotient_of(rest, time);
        int h = (int)remainder_of(rest, heads);
        rest = quotient_of(rest, heads);
        int b = (int)remainder_of(rest, batch), p = (int)quotient_of(rest, batch);
        count_t flat = ((((count_t)b * time + t) * parts + p) * heads + h) * d + f;
        if (back)
            out[flat] = x[i];
        else
            out[i] = x[flat];
    }
}

// ---- losses

// A row's loss and its slope over `rows` rows; classes are checked before.
extern "C" __global__ void cross_entropy(const float *logits, const unsigned *classes, float *slopes, float *losses,
                                         int width, int rows, float smoothing) {
    count_t from = (count_t)blockIdx.x * width;
    float most = __int_as_float(0xff800000), total = 0.0f, sum = 0.0f;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        float x = logits[from + i];
        most = larger(x, most);
        total += x;
    }
    most = over_block<larger>(most, __int_as_float(0xff800000));
    total = over_block<add>(total, 0.0f);
    for (int i = threadIdx.x; i < width; i += blockDim.x) sum += expf(logits[from + i] - most);
    sum = over_block<add>(sum, 0.0f);
    float log_sum = logf(sum) + most, even = smoothing / width, share = 1.0f / rows;
    int of_class = (int)classes[blockIdx.x];
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        float slope = expf(logits[from + i] - log_sum) - even - (i == of_class ? 1.0f - smoothing : 0.0f);
        slopes[from + i] = slope * share;
    }
    if (threadIdx.x == 0)
        losses[blockIdx.x] = log_sum - (1.0f - smoothing) * logits[from + of_class] - even * total;
}

// Loss and slope of an output: 0 is binary cross entropy of logits, 1 the squared error, 2 Huber's loss.
extern "C" __global__ void pointwise_loss(const float *output, const float *target, float *slopes, float *losses, int kind,
                                          float delta, count_t n) {
    GRID_STRIDE(i, n) {
        float x = output[i], t = target[i], d = x - t, loss, slope;
        if (kind == 0) {
            float power = expf(-fabsf(x));
            slope = (x >= 0.0f ? 1.0f : power) / (1.0f + power) - t;
            loss = fmaxf(x, 0.0f) - x * t + log1pf(power);
            if (x != x) loss = x;
        } else if (kind == 1) {
            loss = d * d;
            slope = 2.0f * d;
        } else if (fabsf(d) <= delta) {
            loss = 0.5f * d * d;
            slope = d;
        } else {
            loss = delta * (fabsf(d) - 0.5f * delta);
            slope = d > 0.0f ? delta : d < 0.0f ? -delta : d;
        }
        slopes[i] = slope / n;
        losses[i] = loss;
    }
}

// The mean of n values by one block.
extern "C" __global__ void mean_of(const float *x, float *out, count_t n) {
    double sum = 0.0;
    for (count_t i = threadIdx.x; i < n; i += blockDim.x) sum += x[i];
    sum = sum_of_doubles(sum);
    if (threadIdx.x == 0) *out = (float)(sum / n);
}

// ---- rows of a table

// Numbers of rows as u32; the lowest place of one that is none (not whole, negative, beyond `rows`) goes to `wrong`.
template <typename T>
__device__ void row_numbers(const T *x, unsigned *out, unsigned *wrong, unsigned rows, count_t n) {
    GRID_STRIDE(i, n) {
        double v = (double)x[i];
        bool fits = v >= 0.0 && v < (double)rows && v == floor(v);
        out[i] = fits ? (unsigned)v : 0u;
        if (!fits) atomicMin(wrong, (unsigned)(i < 0xfffffffeLL ? i : 0xfffffffeLL));
    }
}
extern "C" __global__ void row_numbers_f32(const float *x, unsigned *out, unsigned *wrong, unsigned rows, count_t n) {
    row_numbers(x, out, wrong, rows, n);
}
extern "C" __global__ void row_numbers_u32(const unsigned *x, unsigned *out, unsigned *wrong, unsigned rows, count_t n) {
    row_numbers(x, out, wrong, rows, n);
}
extern "C" __global__ void row_numbers_i64(const count_t *x, unsigned *out, unsigned *wrong, unsigned rows, count_t n) {
    row_numbers(x, out, wrong, rows, n);
}

// The gradient of a table: a block per row of it looks through all indices, in their order.
extern "C" __global__ void embedding_slope(const unsigned *index, const float *grad, float *out, int width, count_t n) {
    __shared__ int found[256];
    __shared__ int warp_counts[8];
    count_t row = blockIdx.x;
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    for (int c = threadIdx.x; c < width; c += blockDim.x) out[row * width + c] = 0.0f;
    for (count_t from = 0; from < n; from += blockDim.x) {
        count_t i = from + threadIdx.x;
        bool mine = i < n && index[i] == (unsigned)row;
        unsigned votes = __ballot_sync(0xffffffffu, mine);
        if (lane == 0) warp_counts[warp] = __popc(votes);
        __syncthreads();
        int at = __popc(votes & ((1u << lane) - 1u)), total = 0;
        for (int w = 0; w < 8; w++) {
            if (w < warp) at += warp_counts[w];
            total += warp_counts[w];
        }
        if (mine) found[at] = threadIdx.x;
        __syncthreads();
        if (total > 0)
            for (int c = threadIdx.x; c < width; c += blockDim.x) {
                float sum = out[row * width + c];
                for (int k = 0; k < total; k++) sum += grad[(from + found[k]) * width + c];
                out[row * width + c] = sum;
            }
        __syncthreads();
    }
}

// ---- convolution and pooling: sizes are batch, channels, input height and width, kernel, output, stride, padding,
// dilation

struct sizes {
    int batch, channels, ih, iw, kh, kw, oh, ow, sh, sw, ph, pw, dh, dw;
};
#define SIZES \
    int batch, int channels, int ih, int iw, int kh, int kw, int oh, int ow, int sh, int sw, int ph, int pw, int dh, int dw
#define GIVEN {batch, channels, ih, iw, kh, kw, oh, ow, sh, sw, ph, pw, dh, dw}

// The patches: row (channel, kernel row, kernel column), column (batch, output row, output column).
template <typename T>
__device__ void gather(const T *x, T *out, sizes s) {
    count_t columns = (count_t)s.batch * s.oh * s.ow, n = columns * s.channels * s.kh * s.kw;
    GRID_STRIDE(i, n) {
        count_t row = columns < (1LL << 31) ? quotient_of(i, (int)columns) : i / columns, column = i - row * columns;
        count_t line = quotient_of(column, s.ow);
        int j = (int)(column - line * s.ow), o = (int)remainder_of(line, s.oh), b = (int)quotient_of(line, s.oh);
        int kj = (int)(row % s.kw), ki = (int)(row / s.kw % s.kh), c = (int)(row / ((count_t)s.kw * s.kh));
        int y = o * s.sh + ki * s.dh - s.ph, z = j * s.sw + kj * s.dw - s.pw;
        bool inside = y >= 0 && y < s.ih && z >= 0 && z < s.iw;
        if (inside)
            out[i] = x[(((count_t)b * s.channels + c) * s.ih + y) * s.iw + z];
        else
            narrow(0.0f, out + i);
    }
}

// The gradients of the patches, each input adding up those that read it.
template <typename T>
__device__ void scatter(const T *grad, T *out, sizes s) {
    count_t columns = (count_t)s.batch * s.oh * s.ow, n = (count_t)s.batch * s.channels * s.ih * s.iw;
    GRID_STRIDE(i, n) {
        count_t line = quotient_of(i, s.iw), plane = quotient_of(line, s.ih);
        int z = (int)(i - line * s.iw), y = (int)(line - plane * s.ih);
        int c = (int)remainder_of(plane, s.channels), b = (int)quotient_of(plane, s.channels);
        float sum = 0.0f;
        for (int ki = 0; ki < s.kh; ki++) {
            int top = y + s.ph - ki * s.dh;
            if (top < 0 || top % s.sh != 0 || top / s.sh >= s.oh) continue;
            for (int kj = 0; kj < s.kw; kj++) {
                int left = z + s.pw - kj * s.dw;
                if (left < 0 || left % s.sw != 0 || left / s.sw >= s.ow) continue;
                count_t row = ((count_t)c * s.kh + ki) * s.kw + kj;
                count_t column = ((count_t)b * s.oh + top / s.sh) * s.ow + left / s.sw;
                sum += widen(grad[row * columns + column]);
            }
        }
        narrow(sum, out + i);
    }
}

// channels x (batch positions)  ->  batch x channels x positions, with the bias and perhaps ReLU; or back without them.
template <typename T>
__device__ void batch_first(const T *y, const float *bias, T *out, int batch, int channels, int positions, int back) {
    count_t n = (count_t)batch * channels * positions;
    GRID_STRIDE(i, n) {
        count_t rest = quotient_of(i, positions);
        int p = (int)(i - rest * positions);
        int c = (int)remainder_of(rest, channels), b = (int)quotient_of(rest, channels);
        count_t at = ((count_t)c * batch + b) * positions + p;
        if (back)
            out[at] = y[i];
        else
            narrow(widen(y[at]) + bias[c], out + i);
    }
}

// The place of the first largest value of a window; NaN wins.
template <typename T>
__device__ int winner(const T *plane, sizes s, int o, int j) {
    int best = -1;
    float most = 0.0f;
    for (int ki = 0; ki < s.kh; ki++) {
        int y = o * s.sh + ki * s.dh - s.ph;
        if (y < 0 || y >= s.ih) continue;
        for (int kj = 0; kj < s.kw; kj++) {
            int z = j * s.sw + kj * s.dw - s.pw;
            if (z < 0 || z >= s.iw) continue;
            float x = widen(plane[y * s.iw + z]);
            if (best < 0 || x > most || x != x) {
                best = y * s.iw + z;
                most = x;
            }
        }
    }
    return best < 0 ? 0 : best;
}

template <typename T>
__device__ void pool(const T *x, T *out, int most, sizes s) {
    count_t n = (count_t)s.batch * s.channels * s.oh * s.ow;
    GRID_STRIDE(i, n) {
        count_t line = quotient_of(i, s.ow), number = quotient_of(line, s.oh);
        int j = (int)(i - line * s.ow), o = (int)(line - number * s.oh);
        const T *plane = x + number * s.ih * s.iw;
        if (most) {
            out[i] = plane[winner(plane, s, o, j)];
            continue;
        }
        float sum = 0.0f;
        for (int ki = 0; ki < s.kh; ki++)
            for (int kj = 0; kj < s.kw; kj++) {
                int y = o * s.sh + ki * s.dh - s.ph, z = j * s.sw + kj * s.dw - s.pw;
                if (y >= 0 && y < s.ih && z >= 0 && z < s.iw) sum += widen(plane[y * s.iw + z]);
            }
        narrow(sum / (s.kh * s.kw), out + i);
    }
}

template <typename T>
__device__ void pool_slope(const T *x, const T *grad, T *out, int most, sizes s) {
    count_t n = (count_t)s.batch * s.channels * s.ih * s.iw;
    GRID_STRIDE(i, n) {
        count_t line = quotient_of(i, s.iw), plane = quotient_of(line, s.ih);
        int z = (int)(i - line * s.iw), y = (int)(line - plane * s.ih);
        const T *values = x + plane * s.ih * s.iw, *grads = grad + plane * s.oh * s.ow;
        float sum = 0.0f;
        for (int ki = 0; ki < s.kh; ki++) {
            int top = y + s.ph - ki * s.dh;
            if (top < 0 || top % s.sh != 0 || top / s.sh >= s.oh) continue;
            for (int kj = 0; kj < s.kw; kj++) {
                int left = z + s.pw - kj * s.dw;
                if (left < 0 || left % s.sw != 0 || left / s.sw >= s.ow) continue;
                int o = top / s.sh, j = left / s.sw;
                float g = widen(grads[o * s.ow + j]);
                if (!most)
                    sum += g / (s.kh * s.kw);
                else if (winner(values, s, o, j) == y * s.iw + z)
                    sum += g;
            }
        }
        narrow(sum, out + i);
    }
}

// ---- optimisers: all parameters in one launch; a block takes a chunk of one of them

// places: per parameter its own, its gradient's and its moments' addresses; decays: what is left of each weight (decoupled),
// or its share that is added to the gradient. `fresh1` is 1 - b1, made in double, as `fresh2`.
extern "C" __global__ void adam(const count_t *places, const count_t *lengths, const float *decays, const unsigned *owners,
                                const unsigned *starts, int chunk, float fresh1, float b2, float fresh2, float root,
                                float step, float eps, int decoupled) {
    unsigned owner = owners[blockIdx.x];
    float *x = (float *)places[4 * owner], *m = (float *)places[4 * owner + 2], *v = (float *)places[4 * owner + 3];
    const float *grad = (const float *)places[4 * owner + 1];
    float decay = decays[owner];
    count_t first = (count_t)starts[blockIdx.x] * chunk, end = min(first + chunk, lengths[owner]);
    for (count_t i = first + threadIdx.x; i < end; i += blockDim.x) {
        float value = x[i], g = grad[i];
        if (decoupled)
            value *= decay;
        else
            g += value * decay;
        float mean = m[i] + (g - m[i]) * fresh1;
        float square = v[i] * b2 + g * g * fresh2;
        m[i] = mean;
        v[i] = square;
        x[i] = value - step * mean / (sqrtf(square) / root + eps);
    }
}

// Sums of squares per chunk; NaN and infinity show in them. places: addresses of the gradients
extern "C" __global__ void squares(const count_t *places, const count_t *lengths, const unsigned *owners,
                                   const unsigned *starts, int chunk, double *parts) {
    unsigned owner = owners[blockIdx.x];
    const float *grad = (const float *)places[owner];
    count_t first = (count_t)starts[blockIdx.x] * chunk, end = min(first + chunk, lengths[owner]);
    double sum = 0.0;
    for (count_t i = first + threadIdx.x; i < end; i += blockDim.x) sum += (double)grad[i] * grad[i];
    sum = sum_of_doubles(sum);
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

extern "C" __global__ void total_of(const double *parts, double *out, count_t n) {
    double sum = 0.0;
    for (count_t i = threadIdx.x; i < n; i += blockDim.x) sum += parts[i];
    sum = sum_of_doubles(sum);
    if (threadIdx.x == 0) *out = sum;
}

// ---- the names under which Rust finds the templates

#define BOTH(NAME, PARAMETERS, ARGUMENTS) \
    extern "C" __global__ void NAME##_f32 PARAMETERS(float) { NAME ARGUMENTS; } \
    extern "C" __global__ void NAME##_bf16 PARAMETERS(bf16) { NAME ARGUMENTS; }

#define P_CURVE(T) (const T *x, T *out, int kind, count_t n)
BOTH(curve, P_CURVE, (x, out, kind, n))
#define P_CURVE_SLOPE(T) (const T *at, const T *grad, T *out, int kind, count_t n)
BOTH(curve_slope, P_CURVE_SLOPE, (at, grad, out, kind, n))
#define P_DROPOUT(T) (const T *x, T *out, unsigned long long seed, count_t limit, float scale, count_t n)
BOTH(dropout, P_DROPOUT, (x, out, seed, limit, scale, n))
#define P_ADD_BIAS(T) (T *y, const float *bias, T *out, int kind, int width, count_t n)
BOTH(add_bias, P_ADD_BIAS, (y, bias, out, kind, width, n))
#define P_COLUMN_PARTS(T) (const T *x, float *parts, int rows, int width, int per)
BOTH(column_parts, P_COLUMN_PARTS, (x, parts, rows, width, per))
// Norms also take f32 and give bf16 (`mixed`), for the product that follows.
#define ALL(NAME, PARAMETERS, ARGUMENTS) \
    extern "C" __global__ void NAME##_f32 PARAMETERS(float, float) { NAME ARGUMENTS; } \
    extern "C" __global__ void NAME##_bf16 PARAMETERS(bf16, bf16) { NAME ARGUMENTS; } \
    extern "C" __global__ void NAME##_mixed PARAMETERS(float, bf16) { NAME ARGUMENTS; }
#define P_NORM_ROWS(T, Y) \
    (const T *x, const float *weight, const float *bias, Y *out, float *stats, int width, float eps, int centre)
ALL(norm_rows, P_NORM_ROWS, (x, weight, bias, out, stats, width, eps, centre))
#define P_NORM_SLOPE(T, Y) \
    (const T *x, const float *weight, const Y *grad, const float *stats, T *out, int width, int centre)
ALL(norm_slope, P_NORM_SLOPE, (x, weight, grad, stats, out, width, centre))
#define P_NORM_PARTS(T, Y) \
    (const T *x, const Y *grad, const float *stats, float *parts, int rows, int width, int per)
ALL(norm_parts, P_NORM_PARTS, (x, grad, stats, parts, rows, width, per))
#define P_SOFTMAX_ROWS(T) (const T *x, T *out, int width, int queries, float scale, int log)
BOTH(softmax_rows, P_SOFTMAX_ROWS, (x, out, width, queries, scale, log))
#define P_SOFTMAX_SLOPE(T) (const T *y, const T *grad, T *out, int width, float scale, int log)
BOTH(softmax_slope, P_SOFTMAX_SLOPE, (y, grad, out, width, scale, log))
// 16 bytes at once: d counts those.
struct __align__(16) wide {
    unsigned parts[4];
};
extern "C" __global__ void turn_heads_wide(const wide *x, wide *out, int batch, int time, int parts, int heads, int d,
                                           int back) {
    turn_heads(x, out, batch, time, parts, heads, d, back);
}
#define P_TURN_HEADS(T) (const T *x, T *out, int batch, int time, int parts, int heads, int d, int back)
BOTH(turn_heads, P_TURN_HEADS, (x, out, batch, time, parts, heads, d, back))
#define P_BATCH_FIRST(T) (const T *y, const float *bias, T *out, int batch, int channels, int positions, int back)
BOTH(batch_first, P_BATCH_FIRST, (y, bias, out, batch, channels, positions, back))
#define P_GATHER(T) (const T *x, T *out, SIZES)
BOTH(gather, P_GATHER, (x, out, sizes GIVEN))
#define P_SCATTER(T) (const T *x, T *out, SIZES)
BOTH(scatter, P_SCATTER, (x, out, sizes GIVEN))
#define P_POOL(T) (const T *x, T *out, int most, SIZES)
BOTH(pool, P_POOL, (x, out, most, sizes GIVEN))
#define P_POOL_SLOPE(T) (const T *x, const T *grad, T *out, int most, SIZES)
BOTH(pool_slope, P_POOL_SLOPE, (x, grad, out, most, sizes GIVEN))
