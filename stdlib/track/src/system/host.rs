//! CPU, memory, disk and network.

use super::Values;
use sysinfo::{CpuRefreshKind, Disks, Networks, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

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
        if let Some((total, free)) = disk() {
            values.push(("disk_usage_megabytes", (total - free) / MB));
            values.push(("disk_available_megabytes", free / MB));
            values.push(("disk_usage_percentage", if total > 0.0 { 100.0 * (total - free) / total } else { 0.0 }));
        }
        let received: u64 = self.networks.list().values().map(|network| network.received()).sum();
        let sent: u64 = self.networks.list().values().map(|network| network.transmitted()).sum();
        values.push(("network_receive_megabytes", received as f64 / MB));
        values.push(("network_transmit_megabytes", sent as f64 / MB));
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Bytes of the disk of the working directory: in all, and free.
fn disk() -> Option<(f64, f64)> {
    let here = std::env::current_dir().ok()?;
    let disks = Disks::new_with_refreshed_list();
    let holds = disks.list().iter().filter(|disk| here.starts_with(disk.mount_point()));
    let disk = holds.max_by_key(|disk| disk.mount_point().as_os_str().len())?;
    Some((disk.total_space() as f64, disk.available_space() as f64))
}

/// Name and number of the CPUs.
pub(super) fn cpu() -> String {
    let mut system = System::new();
    system.refresh_cpu_list(CpuRefreshKind::nothing());
    let name = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned()).filter(|name| !name.is_empty());
    format!("{} × {}", system.cpus().len().max(1), name.unwrap_or_else(|| std::env::consts::ARCH.to_owned()))
}
