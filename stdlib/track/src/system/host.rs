//! CPU, memory, disk and network.

use super::Values;
use sysinfo::{CpuRefreshKind, Networks, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

const MB: f64 = 1e6;

/// What is compared from sample to sample.
pub(super) struct Host {
    system: System,
    networks: Networks,
    pid: Pid,
}

impl Host {
    pub fn new() -> Host {
        let mut host = Host {
            system: System::new(),
            networks: Networks::new_with_refreshed_list(),
            pid: Pid::from_u32(std::process::id()),
        };
        host.refresh();
        host
    }

    fn refresh(&mut self) {
        self.system.refresh_memory();
        self.system.refresh_cpu_usage();
        let own = ProcessRefreshKind::nothing().with_cpu().with_memory();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), false, own);
        self.networks.refresh(true);
    }

    pub fn sample(&mut self) -> Values {
        self.refresh();
        let total = self.system.total_memory() as f64;
        let used = self.system.used_memory() as f64;
        let mut values = vec![
            ("cpu_utilization_percentage", f64::from(self.system.global_cpu_usage())),
            ("system_memory_usage_megabytes", used / MB),
            ("system_memory_usage_percentage", if total > 0.0 { 100.0 * used / total } else { 0.0 }),
        ];
        if let Some(process) = self.system.process(self.pid) {
            values.push(("process_memory_megabytes", process.memory() as f64 / MB));
            values.push(("process_cpu_percentage", f64::from(process.cpu_usage())));
        }
        if let Some(disk) = disk() {
            values.push(("disk_usage_megabytes", disk.used / MB));
            values.push(("disk_available_megabytes", disk.available / MB));
            values.push(("disk_usage_percentage", disk.percentage()));
        }
        let received: u64 = self.networks.list().values().map(|network| network.received()).sum();
        let sent: u64 = self.networks.list().values().map(|network| network.transmitted()).sum();
        values.push(("network_receive_megabytes", received as f64 / MB));
        values.push(("network_transmit_megabytes", sent as f64 / MB));
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Bytes of a disk, counted as `df` and psutil do: what is reserved for the superuser is neither used nor available.
struct Disk {
    used: f64,
    available: f64,
}

impl Disk {
    fn percentage(&self) -> f64 {
        let all = self.used + self.available;
        if all > 0.0 { 100.0 * self.used / all } else { 0.0 }
    }
}

/// The disk of the working directory.
fn disk() -> Option<Disk> {
    let disk = rustix::fs::statvfs(".").ok()?;
    let bytes = |blocks: u64| blocks as f64 * disk.f_frsize as f64;
    Some(Disk { used: bytes(disk.f_blocks.saturating_sub(disk.f_bfree)), available: bytes(disk.f_bavail) })
}

/// Name and number of the CPUs.
pub(super) fn cpu() -> String {
    let mut system = System::new();
    system.refresh_cpu_list(CpuRefreshKind::nothing());
    let name = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned()).filter(|name| !name.is_empty());
    format!("{} × {}", system.cpus().len().max(1), name.unwrap_or_else(|| std::env::consts::ARCH.to_owned()))
}

#[cfg(test)]
mod tests {
    /// `df` on the same disk, read a moment apart.
    #[test]
    fn the_disk_is_as_full_as_df_says() {
        let said = std::process::Command::new("df").args(["--output=used,avail", "-B1", "."]).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let numbers: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [used, available] = numbers[..] else { panic!("{said}") };
        let disk = super::disk().unwrap();
        let all = used + available;
        assert!((disk.used - used).abs() < 0.01 * all, "{} {used}", disk.used);
        assert!((disk.available - available).abs() < 0.01 * all, "{} {available}", disk.available);
        assert!((disk.percentage() - 100.0 * used / all).abs() < 1.0);
    }
}
