//! Compiling the kernels, and launching one of them.

#![expect(unsafe_code, reason = "a launch hands addresses to code that the compiler cannot check")]

use candle_core::backend::{BackendDevice, BackendStorage};
use candle_core::cuda_backend::cudarc::driver::{CudaFunction, CudaSlice, DevicePtr, LaunchConfig, PushKernelArg};
use candle_core::cuda_backend::cudarc::nvrtc;
use candle_core::cuda_backend::{CudaStorageSlice, DeviceId};
use candle_core::op::BackpropOp;
use candle_core::{CudaDevice, CudaStorage, DType, Error, Layout, Result, Shape, Storage, Tensor, bail};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The kernels.
const SOURCE: &str = include_str!("kernels.cu");
/// The name under which candle's device keeps them.
const MODULE: &str = "ironbook_nn";
/// Threads of a block that goes over single values.
const THREADS: usize = 256;
/// Blocks enough to fill any GPU; the kernels go round.
const MOST_BLOCKS: usize = 1 << 16;

/// One launch of a kernel: its arguments in the order of the kernel's.
pub(super) struct Launch<'a> {
    device: &'a CudaDevice,
    name: &'static str,
    args: Vec<Arg>,
}

#[derive(Clone, Copy)]
enum Arg {
    /// An address, or 64 bits of a seed.
    Place(u64),
    Count(i64),
    Int(i32),
    Real(f32),
}

impl<'a> Launch<'a> {
    /// A launch of the kernel of this name.
    pub(super) fn new(device: &'a CudaDevice, name: &'static str) -> Self {
        Launch { device, name, args: Vec::with_capacity(8) }
    }

    /// The values of a contiguous tensor.
    pub(super) fn values(self, storage: &CudaStorage, layout: &Layout) -> Result<Self> {
        let Some((start, _)) = layout.contiguous_offsets() else {
            bail!("{} got a tensor that is not contiguous", self.name)
        };
        Ok(self.place(place(storage, start)?))
    }

    /// All values of a storage.
    pub(super) fn all(self, storage: &CudaStorage) -> Result<Self> {
        Ok(self.place(place(storage, 0)?))
    }

    /// The values of a contiguous tensor.
    pub(super) fn tensor(self, tensor: &Tensor) -> Result<Self> {
        let (guard, layout) = tensor.storage_and_layout();
        self.values(on_gpu(&guard)?, layout)
    }

    /// An address; 0 for a parameter that the kernel will not use.
    pub(super) fn place(mut self, place: u64) -> Self {
        self.args.push(Arg::Place(place));
        self
    }

    /// 64 random bits.
    pub(super) fn bits(self, bits: u64) -> Self {
        self.place(bits)
    }

    /// A number of values.
    pub(super) fn count(mut self, n: usize) -> Self {
        self.args.push(Arg::Count(n as i64));
        self
    }

    /// A whole number; sizes beyond 31 bits are refused at [`over`](Self::over).
    pub(super) fn int(mut self, n: usize) -> Self {
        self.args.push(i32::try_from(n).map_or(Arg::Int(-1), Arg::Int));
        self
    }

    /// A yes or a no.
    pub(super) fn flag(self, yes: bool) -> Self {
        self.int(usize::from(yes))
    }

    /// A number.
    pub(super) fn real(mut self, x: f64) -> Self {
        self.args.push(Arg::Real(x as f32));
        self
    }

    /// Launches it over single values.
    pub(super) fn each(self, n: usize) -> Result<()> {
        let blocks = n.div_ceil(THREADS).clamp(1, MOST_BLOCKS);
        self.over((blocks, 1), (THREADS, 1))
    }

    /// Launches it with a block for each of `rows` rows of `width` values.
    pub(super) fn rows(self, rows: usize, width: usize) -> Result<()> {
        let threads = width.next_power_of_two().clamp(32, 512);
        self.over((rows, 1), (threads, 1))
    }

    /// Launches it over a grid of blocks.
    pub(super) fn over(self, blocks: (usize, usize), threads: (usize, usize)) -> Result<()> {
        if blocks.0 == 0 || blocks.1 == 0 {
            return Ok(());
        }
        if self.args.iter().any(|arg| matches!(arg, Arg::Int(..0))) || blocks.0 > i32::MAX as usize || blocks.1 > 65_535
        {
            bail!("{}: a tensor is too large for one launch", self.name)
        }
        let function = function(self.device, self.name)?;
        let stream = self.device.cuda_stream();
        let mut launch = stream.launch_builder(&function);
        for arg in &self.args {
            match arg {
                Arg::Place(x) => launch.arg(x),
                Arg::Count(x) => launch.arg(x),
                Arg::Int(x) => launch.arg(x),
                Arg::Real(x) => launch.arg(x),
            };
        }
        let config = LaunchConfig {
            grid_dim: (blocks.0 as u32, blocks.1 as u32, 1),
            block_dim: (threads.0 as u32, threads.1 as u32, 1),
            shared_mem_bytes: 0,
        };
        // SAFETY: the arguments are those of the kernel, in type and order, as the tests of every kernel show; addresses
        // are of allocations that are freed in the order of the same stream, so not before the kernel ends.
        unsafe { launch.launch(config) }.map_err(|error| Error::Cuda(Box::new(error)))?;
        Ok(())
    }
}

/// The kernel of a name on a device.
fn function(device: &CudaDevice, name: &'static str) -> Result<CudaFunction> {
    static LOADED: OnceLock<Mutex<HashMap<(DeviceId, &'static str), CudaFunction>>> = OnceLock::new();
    let mut loaded = LOADED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(function) = loaded.get(&(device.id(), name)) {
        return Ok(function.clone());
    }
    let function = device.get_or_load_custom_func(name, MODULE, compiled()?)?.into_cuda_function();
    loaded.insert((device.id(), name), function.clone());
    Ok(function)
}

/// The kernels in NVIDIA's intermediate language, made once per process.
fn compiled() -> Result<&'static str> {
    static CODE: OnceLock<String> = OnceLock::new();
    if let Some(code) = CODE.get() {
        return Ok(code);
    }
    let options = nvrtc::CompileOptions { name: Some("ironbook_nn.cu".to_owned()), ..Default::default() };
    match nvrtc::compile_ptx_with_opts(SOURCE, options) {
        Ok(code) => Ok(CODE.get_or_init(|| code.to_src())),
        Err(error) => bail!("the kernels do not compile for this GPU: {error}"),
    }
}

/// The address of a value of a storage.
pub(super) fn place(storage: &CudaStorage, offset: usize) -> Result<u64> {
    fn at<T>(slice: &CudaSlice<T>, offset: usize) -> u64 {
        slice.device_ptr(slice.stream()).0 + (offset * size_of::<T>()) as u64
    }
    Ok(match &storage.slice {
        CudaStorageSlice::F32(slice) => at(slice, offset),
        CudaStorageSlice::BF16(slice) => at(slice, offset),
        CudaStorageSlice::F64(slice) => at(slice, offset),
        CudaStorageSlice::U32(slice) => at(slice, offset),
        CudaStorageSlice::I64(slice) => at(slice, offset),
        _ => bail!("no kernel takes {:?}", storage.dtype()),
    })
}

/// The address of the first value of a contiguous tensor.
pub(super) fn address(tensor: &Tensor) -> Result<u64> {
    let (guard, layout) = tensor.storage_and_layout();
    match layout.contiguous_offsets() {
        Some((start, _)) => place(on_gpu(&guard)?, start),
        None => bail!("an optimiser's tensor is not contiguous"),
    }
}

/// The storage of a tensor on a GPU.
pub(super) fn on_gpu(storage: &Storage) -> Result<&CudaStorage> {
    match storage {
        Storage::Cuda(storage) => Ok(storage),
        _ => bail!("a kernel for GPUs got a tensor of another device"),
    }
}

/// Room for `n` values, not set.
pub(super) fn room(device: &CudaDevice, n: usize, dtype: DType) -> Result<CudaStorage> {
    // SAFETY: every kernel that gets room writes all of it; the tests of the kernels look at all values.
    unsafe { device.alloc_uninit(&Shape::from(n), dtype) }
}

/// A tensor without history.
pub(crate) fn made(storage: CudaStorage, shape: impl Into<Shape>) -> Tensor {
    Tensor::from_storage(Storage::Cuda(storage), shape, BackpropOp::none(), false)
}

/// One of two names by the type of a storage.
pub(super) fn named(dtype: DType, f32: &'static str, bf16: &'static str) -> Result<&'static str> {
    match dtype {
        DType::F32 => Ok(f32),
        DType::BF16 => Ok(bf16),
        _ => bail!("no kernel takes {dtype:?}"),
    }
}

/// The name of a kernel for a type.
macro_rules! kernel {
    // a name is a literal, so that no launch allocates one
    ($name:literal, $dtype:expr) => {
        crate::cuda::launch::named($dtype, concat!($name, "_f32"), concat!($name, "_bf16"))?
    };
}
pub(super) use kernel;
