//! The GPUs as candle's devices: one per GPU and process, set up for training.

#![expect(unsafe_code, reason = "settings of the driver that candle does not make")]

use candle_core::cuda_backend::cudarc::driver::{CudaContext, sys};
use candle_core::{Device, Error, Result};
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The device of a GPU's number. The same one at every call: tensors of two of candle's devices do not mix, even where
/// both are the same GPU.
pub(crate) fn open(number: usize) -> Result<Device> {
    static OPEN: OnceLock<Mutex<HashMap<usize, Device>>> = OnceLock::new();
    let mut open = OPEN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(device) = open.get(&number) {
        return Ok(device.clone());
    }
    // A stream of its own, which all threads share: the default one is another stream in each thread.
    let device = Device::new_cuda_with_stream(number)?;
    let cuda = device.as_cuda_device()?;
    // SAFETY: events order the work of several streams; this device has one, on which everything is in order.
    unsafe { cuda.disable_event_tracking() };
    keep_memory(number)?;
    open.insert(number, device.clone());
    Ok(device)
}

/// Number of GPUs that the driver shows.
pub(crate) fn count() -> usize {
    CudaContext::device_count().ok().and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
}

/// Lets the driver's pool keep what tensors gave back. By default it gives all to the system whenever the host waits for
/// the GPU, which a training does at every step.
fn keep_memory(number: usize) -> Result<()> {
    let failed = |what: &str, code: sys::CUresult| Error::Msg(format!("{what}: {code:?}"));
    let mut pool: sys::CUmemoryPool = std::ptr::null_mut();
    let mut most = u64::MAX;
    // SAFETY: `pool` and `most` live until the calls return; the device's number was accepted when it was opened.
    unsafe {
        let code = sys::cuDeviceGetDefaultMemPool(&raw mut pool, number as i32);
        if code != sys::CUresult::CUDA_SUCCESS {
            return Err(failed("the GPU has no memory pool", code));
        }
        let threshold = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        let code = sys::cuMemPoolSetAttribute(pool, threshold, (&raw mut most).cast::<c_void>());
        if code != sys::CUresult::CUDA_SUCCESS {
            return Err(failed("the GPU's memory pool cannot be set up", code));
        }
    }
    Ok(())
}
