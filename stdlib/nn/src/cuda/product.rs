//! Matrix products by cuBLAS that read and write parts of buffers, in f32 or bf16 with sums in f32.

#![expect(unsafe_code, reason = "cuBLAS takes addresses")]

use candle_core::cuda_backend::cudarc::cublas::{result, sys};
use candle_core::{CudaDevice, DType, Error, Result, bail};
use std::ffi::c_void;

/// A matrix in memory, row by row.
#[derive(Clone, Copy)]
pub(super) struct Factor {
    /// Address of its first value.
    pub(super) place: u64,
    /// Whether it lies there transposed.
    pub(super) transposed: bool,
}

/// Sizes and types of a product of `batch` pairs of matrices, each `m x k` times `k x n`, one after the other.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) batch: usize,
    pub(super) m: usize,
    pub(super) n: usize,
    pub(super) k: usize,
    pub(super) input: DType,
    pub(super) output: DType,
}

/// Writes `a b` to `out`.
pub(super) fn product(device: &CudaDevice, sizes: Sizes, a: Factor, b: Factor, out: u64) -> Result<()> {
    let Sizes { batch, m, n, k, input, output } = sizes;
    if [batch, m, n, k].iter().any(|&size| size > i32::MAX as usize) {
        bail!("a product of {m} x {k} and {k} x {n} is too large for cuBLAS")
    }
    let (alpha, beta) = (1f32, 0f32);
    let fast = candle_core::cuda_backend::gemm_reduced_precision_f32() && input == DType::F32;
    let compute = if fast {
        sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32
    } else {
        sys::cublasComputeType_t::CUBLAS_COMPUTE_32F
    };
    let (blas, one, none) = (device.cublas_handle(), (&raw const alpha).cast::<c_void>(), (&raw const beta).cast());
    // cuBLAS has matrices by columns: row by row they are the transposed ones, and (a b)' = b' a'.
    if batch == 1 {
        // SAFETY: as below. cuBLAS splits long sums among blocks here, but not in batches.
        return unsafe {
            result::gemm_ex(
                *blas.handle(),
                operation(b.transposed),
                operation(a.transposed),
                n as i32,
                m as i32,
                k as i32,
                one,
                b.place as *const c_void,
                kind(input)?,
                (if b.transposed { k } else { n }) as i32,
                a.place as *const c_void,
                kind(input)?,
                (if a.transposed { m } else { k }) as i32,
                none,
                out as *mut c_void,
                kind(output)?,
                n as i32,
                compute,
                sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT_TENSOR_OP,
            )
        }
        .map_err(|error| Error::Cuda(Box::new(error)));
    }
    // SAFETY: the factors hold batch m k and batch k n values, `out` has room for batch m n, and all are freed in the
    // order of the handle's stream.
    unsafe {
        result::gemm_strided_batched_ex(
            *blas.handle(),
            operation(b.transposed),
            operation(a.transposed),
            n as i32,
            m as i32,
            k as i32,
            one,
            b.place as *const c_void,
            kind(input)?,
            (if b.transposed { k } else { n }) as i32,
            (k * n) as i64,
            a.place as *const c_void,
            kind(input)?,
            (if a.transposed { m } else { k }) as i32,
            (m * k) as i64,
            none,
            out as *mut c_void,
            kind(output)?,
            n as i32,
            (m * n) as i64,
            batch as i32,
            compute,
            sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT_TENSOR_OP,
        )
    }
    .map_err(|error| Error::Cuda(Box::new(error)))
}

fn operation(transposed: bool) -> sys::cublasOperation_t {
    if transposed { sys::cublasOperation_t::CUBLAS_OP_T } else { sys::cublasOperation_t::CUBLAS_OP_N }
}

fn kind(dtype: DType) -> Result<sys::cudaDataType_t> {
    match dtype {
        DType::F32 => Ok(sys::cudaDataType_t::CUDA_R_32F),
        DType::BF16 => Ok(sys::cudaDataType_t::CUDA_R_16BF),
        _ => bail!("no product of {dtype:?} on a GPU"),
    }
}
