//! Which devices there are, and the best of them.

use crate::error::NnError;
use candle_core::{Device, Tensor};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};

/// `Device::best()`, for candle's device.
pub trait BestDevice {
    /// The first CUDA device, else the first Metal device, else the CPU; never fails. The same device at every call.
    /// Threads that share tensors on a GPU call `synchronize` between them.
    fn best() -> Device;
}

impl BestDevice for Device {
    fn best() -> Device {
        gpu("cuda", 0).or_else(|| gpu("metal", 0)).unwrap_or(Device::Cpu)
    }
}

/// The devices that this process can compute on.
#[derive(Clone, Debug, PartialEq)]
pub struct Devices {
    /// Their names, best first: `cuda:0`, `metal:0`, `cpu`.
    pub names: Vec<String>,
}

/// Lists the devices that this process can compute on, best first.
pub fn devices() -> Devices {
    let of = |kind: &'static str, n: usize| (0..n).map(move |i| format!("{kind}:{i}"));
    let metal = usize::from(gpu("metal", 0).is_some());
    Devices { names: of("cuda", cuda_devices()).chain(of("metal", metal)).chain(["cpu".to_owned()]).collect() }
}

/// The device of a name: `cpu`, `cuda`, `cuda:1`, `metal`.
///
/// # Errors
/// [`NnError::NoDevice`] with the devices that there are.
pub fn device(name: &str) -> Result<Device, NnError> {
    let (kind, number) = name.split_once(':').unwrap_or((name, "0"));
    let found = match (kind, number.parse()) {
        ("cpu", Ok(0)) => Some(Device::Cpu),
        (kind, Ok(number)) => gpu(kind, number),
        _ => None,
    };
    let why = |present: String| match reason(kind, number.parse().ok()) {
        Some(reason) => format!("{present} ({name} does not open: {reason})"),
        None => present,
    };
    let present = || why(devices().names.join(", "));
    found.ok_or_else(|| NnError::NoDevice { asked: format!("device {name}"), present: present() })
}

/// The tensor on another device. candle copies all that a view's storage holds, and between GPUs without waiting for
/// what is still computed.
pub(crate) fn moved(t: &Tensor, device: &Device) -> candle_core::Result<Tensor> {
    if t.device().same_device(device) {
        return Ok(t.clone());
    }
    if t.device().is_cuda() {
        t.device().synchronize()?;
    }
    t.force_contiguous()?.to_device(device)
}

fn cuda_devices() -> usize {
    #[cfg(feature = "cuda")]
    return crate::cuda::count();
    #[cfg(not(feature = "cuda"))]
    0
}

/// Why a GPU that is there does not open.
fn reason(kind: &str, number: Option<usize>) -> Option<String> {
    #[cfg(feature = "cuda")]
    if let Some(number) = number.filter(|number| kind == "cuda" && *number < crate::cuda::count()) {
        let error = crate::cuda::open(number).err()?.to_string();
        return Some(error.lines().next().unwrap_or_default().to_owned());
    }
    let _ = (kind, number);
    None
}

fn gpu(kind: &str, number: usize) -> Option<Device> {
    match kind {
        #[cfg(feature = "cuda")]
        "cuda" => crate::cuda::open(number).ok(),
        "metal" if candle_core::utils::metal_is_available() => Device::new_metal(number).ok(),
        _ => None,
    }
}

impl Display for Devices {
    fn bundle(&self) -> Bundle {
        Bundle::text(self.names.join("\n"))
    }
}

impl Inspect for Devices {
    fn shape(&self) -> Option<String> {
        Some(format!("len {}", self.names.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_absent_is_refused_in_words() {
        assert!(matches!(device("cpu"), Ok(Device::Cpu)));
        assert_eq!(devices().names.last().map(String::as_str), Some("cpu"));
        let error = device("tpu:3").unwrap_err().to_string();
        assert!(error.starts_with("there is no device tpu:3 here; there is ") && error.contains("cpu"), "{error}");
        let _ = Device::best();
    }
}
