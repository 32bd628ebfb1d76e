//! NVIDIA GPUs, through NVML; none where its library is not installed.

use super::Values;
use nvml_wrapper::{Device, Nvml};

const MB: f64 = 1e6;

/// The GPUs of this machine.
pub(super) struct Gpus {
    nvml: Option<Nvml>,
    /// Millijoules of each GPU when this was opened.
    before: Vec<Option<u64>>,
}

impl Gpus {
    pub fn open() -> Gpus {
        let mut gpus = Gpus { nvml: Nvml::init().ok(), before: Vec::new() };
        gpus.before = gpus.devices().iter().map(|device| device.total_energy_consumption().ok()).collect();
        gpus
    }

    fn devices(&self) -> Vec<Device<'_>> {
        let Some(nvml) = &self.nvml else { return Vec::new() };
        (0..nvml.device_count().unwrap_or(0)).filter_map(|i| nvml.device_by_index(i).ok()).collect()
    }

    pub fn names(&self) -> Vec<String> {
        self.devices().iter().filter_map(|device| device.name().ok()).collect()
    }

    pub fn sample(&mut self) -> Values {
        let mut values = Vec::new();
        for (i, device) in self.devices().iter().enumerate() {
            let mut put = |name: &str, value: f64| values.push((format!("gpu_{i}_{name}"), value));
            if let Ok(memory) = device.memory_info() {
                put("memory_usage_megabytes", memory.used as f64 / MB);
                put("memory_usage_percentage", 100.0 * memory.used as f64 / memory.total.max(1) as f64);
            }
            if let Ok(use_of) = device.utilization_rates() {
                put("utilization_percentage", f64::from(use_of.gpu));
            }
            if let Ok(milliwatts) = device.power_usage() {
                put("power_usage_watts", f64::from(milliwatts) / 1000.0);
                if let Ok(limit) = device.enforced_power_limit() {
                    put("power_usage_percentage", 100.0 * f64::from(milliwatts) / f64::from(limit.max(1)));
                }
            }
        }
        values
    }

    /// What all GPUs have used since this was opened, whoever used them; `None` where they do not say.
    pub fn joules(&self) -> Option<f64> {
        let now = self.devices().into_iter().map(|device| device.total_energy_consumption().ok());
        let used = now.zip(&self.before).filter_map(|(now, before)| Some(now?.saturating_sub((*before)?)));
        let used: Vec<u64> = used.collect();
        (!used.is_empty()).then(|| used.iter().sum::<u64>() as f64 / 1000.0)
    }
}
