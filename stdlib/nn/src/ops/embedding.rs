//! Rows of a table by their numbers, with a gradient that adds up in a fixed order.

use super::kernel::Result;
use crate::error::NnError;
use candle_core::Tensor;

/// The rows of `table` (`rows x width`) that `x` numbers, `n x width`; `None` where there is no operation of its own, or a
/// number is none of a row.
pub(crate) fn embedding(table: &Tensor, x: &Tensor) -> Result<Option<Tensor>, NnError> {
    #[cfg(feature = "cuda")]
    if super::kernel::on_gpu(table)
        && table.dtype() == candle_core::DType::F32
        && x.elem_count() > 0
        && x.device().same_device(table.device())
    {
        let numbers = crate::cuda::row_numbers(&x.flatten_all()?, table.dim(0)?)?;
        let taken = numbers.map(|numbers| table.contiguous()?.apply_op2(&numbers, gpu::Lookup));
        return Ok(taken.transpose()?);
    }
    let _ = (table, x);
    Ok(None)
}

#[cfg(feature = "cuda")]
mod gpu {
    use super::Result;
    use candle_core::backend::BackendStorage;
    use candle_core::{CpuStorage, CudaStorage, CustomOp2, Layout, Shape, Tensor, bail};

    /// The rows of a table (f32) by checked numbers (u32).
    pub(super) struct Lookup;

    impl CustomOp2 for Lookup {
        fn name(&self) -> &'static str {
            "lookup"
        }

        fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
            bail!("this lookup is for GPUs")
        }

        fn cuda_fwd(
            &self,
            table: &CudaStorage,
            tl: &Layout,
            index: &CudaStorage,
            il: &Layout,
        ) -> Result<(CudaStorage, Shape)> {
            let (n, (_, width)) = (il.shape().elem_count(), tl.shape().dims2()?);
            Ok((table.index_select(index, tl, il, 0)?, (n, width).into()))
        }

        fn bwd(
            &self,
            table: &Tensor,
            index: &Tensor,
            _: &Tensor,
            grad: &Tensor,
        ) -> Result<(Option<Tensor>, Option<Tensor>)> {
            let grad = crate::cuda::embedding_slope(index, &grad.contiguous()?, table.dim(0)?)?;
            Ok((crate::backward::handed(table, grad)?, None))
        }
    }
}
