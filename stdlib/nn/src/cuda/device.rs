//! The GPUs as candle's devices: one per GPU and process, set up for training.

#![expect(unsafe_code, reason = "settings of the driver that candle does not make")]

use candle_core::cuda_backend::cudarc::driver::{CudaContext, sys};
use candle_core::{Device, DeviceLocation, Error, Result};
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The device of a GPU's number, the same one at every call. Its stream is that of candle's own `Device::new_cuda`, the
/// default stream of the thread, so that tensors of both mix; work of two threads is not in order.
pub(crate) fn open(number: usize) -> Result<Device> {
    static OPEN: OnceLock<Mutex<HashMap<usize, Device>>> = OnceLock::new();
    let mut open = OPEN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(device) = open.get(&number) {
        return Ok(device.clone());
    }
    let device = Device::new_cuda(number)?;
    let cuda = device.as_cuda_device()?;
    // SAFETY: events order the work of several streams of a context; this one has no other, and candle does not use the
    // events that it makes for each tensor then.
    unsafe { cuda.disable_event_tracking() };
    // A GPU without pools works, slower.
    drop(keep_memory(number));
    open.insert(number, device.clone());
    Ok(device)
}

/// Number of GPUs that the driver shows.
pub(crate) fn count() -> usize {
    CudaContext::device_count().ok().and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
}

/// Gives what no tensor uses back to the system, after a training.
pub(crate) fn release(device: &Device) {
    let DeviceLocation::Cuda { gpu_id } = device.location() else { return };
    if device.synchronize().is_err() {
        return;
    }
    if let Ok(pool) = pool(gpu_id) {
        // SAFETY: the pool is the driver's own; memory of tensors is in use and stays.
        unsafe { sys::cuMemPoolTrimTo(pool, 0) };
    }
}

/// Lets the driver's pool keep what tensors gave back. By default it gives all to the system whenever the host waits for
/// the GPU, which a training does at every step.
fn keep_memory(number: usize) -> Result<()> {
    let pool = pool(number)?;
    let mut most = u64::MAX;
    let threshold = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: `most` lives until the call returns.
    let code = unsafe { sys::cuMemPoolSetAttribute(pool, threshold, (&raw mut most).cast::<c_void>()) };
    succeeded("the GPU's memory pool cannot be set up", code)
}

/// The pool that a GPU's tensors come from.
fn pool(number: usize) -> Result<sys::CUmemoryPool> {
    let mut pool: sys::CUmemoryPool = std::ptr::null_mut();
    // SAFETY: `pool` lives until the call returns; the device's number was accepted when it was opened.
    let code = unsafe { sys::cuDeviceGetDefaultMemPool(&raw mut pool, number as i32) };
    succeeded("the GPU has no memory pool", code)?;
    Ok(pool)
}

fn succeeded(what: &str, code: sys::CUresult) -> Result<()> {
    if code == sys::CUresult::CUDA_SUCCESS { Ok(()) } else { Err(Error::Msg(format!("{what}: {code:?}"))) }
}
