// CUDA's model of threads on the CPU, so that the kernels for GPUs are tested where there is none: a thread per thread of
// a block, one block after the other. Built and called by check.py.
//
//     c++ -std=c++20 -O1 -shared -fPIC -pthread -DKERNELS='"../../src/cuda/kernels.cu"' -o kernels.so emulate.cpp

#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

using std::max;
using std::min;

struct dim {
    int x, y, z;
};
static thread_local dim threadIdx;
static dim blockIdx, blockDim, gridDim;

#define __device__
#define __global__
#define __forceinline__ inline
#define __align__(n) alignas(n)
#define __shared__ static

static std::unique_ptr<std::barrier<>> block_barrier;
static std::vector<std::unique_ptr<std::barrier<>>> warp_barriers;

static int place() { return threadIdx.x + threadIdx.y * blockDim.x; }
static void __syncthreads() { block_barrier->arrive_and_wait(); }
static void sync_warp() { warp_barriers[place() / 32]->arrive_and_wait(); }

template <typename T>
static T __shfl_xor_sync(unsigned, T x, int offset) {
    static T slots[1024];
    int at = place();
    slots[at] = x;
    sync_warp();
    x = slots[(at & ~31) | ((at & 31) ^ offset)];
    sync_warp();
    return x;
}

static unsigned __ballot_sync(unsigned, bool vote) {
    static int slots[1024];
    int at = place();
    slots[at] = vote;
    sync_warp();
    unsigned votes = 0;
    for (int lane = 0; lane < 32; lane++) votes |= (unsigned)slots[(at & ~31) + lane] << lane;
    sync_warp();
    return votes;
}

static int __popc(unsigned x) { return __builtin_popcount(x); }
static void atomicMin(unsigned *at, unsigned x) {
    static std::mutex lock;
    std::lock_guard<std::mutex> held(lock);
    *at = min(*at, x);
}
template <typename To, typename From>
static To bits(From x) {
    To out;
    memcpy(&out, &x, sizeof out);
    return out;
}
static float __uint_as_float(unsigned x) { return bits<float>(x); }
static unsigned __float_as_uint(float x) { return bits<unsigned>(x); }
static float __int_as_float(int x) { return bits<float>(x); }

#include KERNELS

static void launch(const int *grid, const std::function<void()> &kernel) {
    gridDim = {grid[0], grid[1], 1};
    blockDim = {grid[2], grid[3], 1};
    int threads = grid[2] * grid[3];
    for (int y = 0; y < grid[1]; y++)
        for (int x = 0; x < grid[0]; x++) {
            blockIdx = {x, y, 0};
            block_barrier = std::make_unique<std::barrier<>>(threads);
            warp_barriers.clear();
            for (int warp = 0; warp < threads / 32; warp++)
                warp_barriers.push_back(std::make_unique<std::barrier<>>(32));
            std::vector<std::thread> running;
            for (int i = 0; i < threads; i++)
                running.emplace_back([&kernel, &grid, i] {
                    threadIdx = {i % grid[2], i / grid[2], 0};
                    kernel();
                });
            for (std::thread &thread : running) thread.join();
        }
}

#define EXPORT(NAME, PARAMETERS, ARGUMENTS) \
    extern "C" void run_##NAME PARAMETERS { \
        launch(grid, [&] { NAME ARGUMENTS; }); \
    }
#define G const int *grid
#define F const float *
#define U const unsigned *
#define I const count_t *

EXPORT(curve_f32, (G, F x, float *out, int kind, count_t n), (x, out, kind, n))
EXPORT(curve_slope_f32, (G, F at, F grad, float *out, int kind, count_t n), (at, grad, out, kind, n))
EXPORT(dropout_f32, (G, F x, float *out, count_t seed, count_t limit, float scale, count_t n), (x, out, seed, limit, scale, n))
EXPORT(add_bias_f32, (G, float *y, F bias, float *out, int kind, int width, count_t n), (y, bias, out, kind, width, n))
EXPORT(column_parts_f32, (G, F x, float *parts, int rows, int width, int per), (x, parts, rows, width, per))
EXPORT(columns_end, (G, F parts, float *out, int chunks, int width), (parts, out, chunks, width))
EXPORT(norm_rows_f32, (G, F x, F weight, F bias, float *out, float *stats, int width, float eps, int centre),
       (x, weight, bias, out, stats, width, eps, centre))
EXPORT(norm_slope_f32, (G, F x, F weight, F grad, F stats, float *out, int width, int centre),
       (x, weight, grad, stats, out, width, centre))
EXPORT(norm_parts_f32, (G, F x, F grad, F stats, float *parts, int rows, int width, int per),
       (x, grad, stats, parts, rows, width, per))
EXPORT(softmax_rows_f32, (G, F x, float *out, int width, int queries, float scale, int log), (x, out, width, queries, scale, log))
EXPORT(softmax_slope_f32, (G, F y, F grad, float *out, int width, float scale, int log), (y, grad, out, width, scale, log))
EXPORT(turn_heads_f32, (G, F x, float *out, int batch, int time, int parts, int heads, int d, int back),
       (x, out, batch, time, parts, heads, d, back))
EXPORT(turn_heads_wide, (G, const wide *x, wide *out, int batch, int time, int parts, int heads, int d, int back),
       (x, out, batch, time, parts, heads, d, back))
EXPORT(cross_entropy, (G, F logits, U classes, float *slopes, float *losses, int width, int rows, float smoothing),
       (logits, classes, slopes, losses, width, rows, smoothing))
EXPORT(pointwise_loss, (G, F output, F target, float *slopes, float *losses, int kind, float delta, count_t n),
       (output, target, slopes, losses, kind, delta, n))
EXPORT(mean_of, (G, F x, float *out, count_t n), (x, out, n))
EXPORT(row_numbers_f32, (G, F x, unsigned *out, unsigned *wrong, unsigned rows, count_t n), (x, out, wrong, rows, n))
EXPORT(embedding_slope, (G, U index, F grad, float *out, int width, count_t n), (index, grad, out, width, n))
#define LIST batch, channels, ih, iw, kh, kw, oh, ow, sh, sw, ph, pw, dh, dw
EXPORT(gather_f32, (G, F x, float *out, SIZES), (x, out, LIST))
EXPORT(scatter_f32, (G, F x, float *out, SIZES), (x, out, LIST))
EXPORT(pool_f32, (G, F x, float *out, int most, SIZES), (x, out, most, LIST))
EXPORT(pool_slope_f32, (G, F x, F grad, float *out, int most, SIZES), (x, grad, out, most, LIST))
EXPORT(batch_first_f32, (G, F y, F bias, float *out, int batch, int channels, int positions, int back),
       (y, bias, out, batch, channels, positions, back))
EXPORT(adam, (G, I places, I lengths, F decays, U owners, U starts, int chunk, float fresh1, float b2, float fresh2,
              float root, float step, float eps, int decoupled),
       (places, lengths, decays, owners, starts, chunk, fresh1, b2, fresh2, root, step, eps, decoupled))
EXPORT(squares, (G, I places, I lengths, U owners, U starts, int chunk, double *parts),
       (places, lengths, owners, starts, chunk, parts))
EXPORT(total_of, (G, const double *parts, double *out, count_t n), (parts, out, n))

// What a value is after a stay in bfloat16.
extern "C" void through_bf16(const float *x, float *out, int n) {
    for (int i = 0; i < n; i++) {
        bf16 kept;
        narrow(x[i], &kept);
        out[i] = widen(kept);
    }
}
