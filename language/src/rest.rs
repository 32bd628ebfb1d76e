//! When the service ends by itself: nobody asks for long, or memory is short.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// When it gives back memory.
#[derive(Clone, Debug)]
pub struct Rest {
    /// After so much quiet, what answers have left behind goes; where memory is short then, it ends.
    pub quiet: Duration,
    /// After so much quiet it ends in any case.
    pub end: Duration,
    /// What tells how much memory is there, in the form of Linux's `/proc/meminfo`; where there is no such file, it never is short.
    pub meminfo: PathBuf,
    /// Directories of the control groups that it runs in, which a container's limit is told in; those above them count, too.
    pub groups: Vec<PathBuf>,
}

impl Default for Rest {
    fn default() -> Self {
        let (quiet, end) = (Duration::from_secs(30), Duration::from_secs(30 * 60));
        let groups = own_groups(&std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default());
        Rest { quiet, end, meminfo: "/proc/meminfo".into(), groups }
    }
}

impl Rest {
    /// Whether memory is short: less than a tenth of it is free or can be had at once.
    pub fn is_due(&self) -> bool {
        let all = of_machine(&std::fs::read_to_string(&self.meminfo).unwrap_or_default());
        let groups = self.groups.iter().flat_map(|group| group.ancestors()).filter_map(of_group);
        all.into_iter().chain(groups).any(|memory| memory.available < memory.total / 10)
    }
}

/// Memory, in one unit or another.
#[derive(Debug, PartialEq, Eq)]
struct Memory {
    total: u64,
    available: u64,
}

/// What `/proc/meminfo` says.
fn of_machine(meminfo: &str) -> Option<Memory> {
    let kilobytes = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some(Memory { total: kilobytes("MemTotal")?, available: kilobytes("MemAvailable")? })
}

/// Where the control groups of `/proc/self/cgroup` are: of the second version, and of the first one's memory. A container sees
/// its own one as the root.
fn own_groups(told: &str) -> Vec<PathBuf> {
    let groups = told.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let root = match controllers {
            "" => "/sys/fs/cgroup",
            "memory" => "/sys/fs/cgroup/memory",
            _ => return None,
        };
        Some(Path::new(root).join(path.trim_start_matches('/')))
    });
    groups.collect()
}

/// What is told in a control group's directory; nothing where no limit is set. Pages of files are kept as long as there is room,
/// and count as free.
fn of_group(folder: &Path) -> Option<Memory> {
    const FILES: [[&str; 3]; 2] =
        [["memory.max", "memory.current", ""], ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_"]];
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let stat = read("memory.stat").unwrap_or_default();
    let told = |name: String| -> u64 {
        let bytes = stat.lines().find_map(|line| line.strip_prefix(&name)?.trim().parse().ok());
        bytes.unwrap_or(0)
    };
    FILES.iter().find_map(|[limit, used, prefix]| {
        let total: u64 = read(limit)?.trim().parse().ok()?;
        let used: u64 = read(used)?.trim().parse().ok()?;
        let files = told(format!("{prefix}inactive_file")) + told(format!("{prefix}active_file"));
        Some(Memory { total, available: total.saturating_sub(used.saturating_sub(files)) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_by_the_machine() {
        let told = of_machine("MemTotal: 1000 kB\nMemFree: 900 kB\nMemAvailable:     99 kB\n");
        assert_eq!(told, Some(Memory { total: 1000, available: 99 }));
        assert_eq!(of_machine("MemTotal: 1000 kB\n"), None);
    }

    #[test]
    fn memory_is_short_below_a_tenth_of_the_machines_or_of_a_groups() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let inner = folder.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        let rest = Rest { meminfo: folder.path().join("meminfo"), groups: vec![inner], ..Rest::default() };
        assert!(!rest.is_due());
        write("meminfo", "MemTotal: 1000 kB\nMemAvailable: 100 kB\n");
        assert!(!rest.is_due());
        write("meminfo", "MemTotal: 1000 kB\nMemAvailable: 99 kB\n");
        assert!(rest.is_due());
        write("meminfo", "MemTotal: 1000 kB\nMemAvailable: 900 kB\n");
        for [limit, used, prefix] in
            [["memory.max", "memory.current", ""], ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_"]]
        {
            write(limit, "1000\n");
            write(used, "950\n");
            assert!(rest.is_due(), "{limit}");
            write("memory.stat", &format!("anon 700\n{prefix}inactive_file 30\n{prefix}active_file 20\n"));
            assert!(!rest.is_due(), "{limit}");
            write(limit, "max\n");
            write("memory.stat", "");
            assert!(!rest.is_due(), "{limit}");
        }
    }

    #[test]
    fn control_groups_are_found() {
        let told = "3:cpuset:/x\n4:memory:/y/z\n0::/\n";
        assert_eq!(own_groups(told), [Path::new("/sys/fs/cgroup/memory/y/z"), Path::new("/sys/fs/cgroup/")]);
    }
}
