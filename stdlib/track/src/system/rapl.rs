//! Energy of CPU packages, from Linux' power capping interface, where it may be read.

use std::fs;
use std::path::PathBuf;

/// Counters of microjoules, as they were.
pub(super) struct Packages(Vec<(PathBuf, u64)>);

impl Packages {
    pub fn read() -> Packages {
        let Ok(entries) = fs::read_dir("/sys/class/powercap") else { return Packages(Vec::new()) };
        // `intel-rapl:0` is a package; `intel-rapl:0:0` is a part of it.
        let is_package = |name: &str| name.starts_with("intel-rapl:") && name.matches(':').count() == 1;
        let packages = entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(is_package));
        Packages(
            packages.filter_map(|entry| number(entry.path().join("energy_uj")).map(|n| (entry.path(), n))).collect(),
        )
    }

    /// Joules since [`Packages::read`]; a counter that began anew is taken to have done so once.
    pub fn joules(&self) -> Option<f64> {
        let used = self.0.iter().filter_map(|(path, before)| {
            let now = number(path.join("energy_uj"))?;
            let wrap = || number(path.join("max_energy_range_uj")).unwrap_or(0);
            Some(if now >= *before { now - before } else { (wrap() + now).saturating_sub(*before) })
        });
        let used: Vec<u64> = used.collect();
        (!used.is_empty()).then(|| used.iter().sum::<u64>() as f64 / 1e6)
    }
}

fn number(path: PathBuf) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}
