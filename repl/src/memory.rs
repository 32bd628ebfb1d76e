//! The memory of a process and of all that it has started, from `/proc`.

use std::collections::BTreeMap;
use std::fs;

/// Resident bytes of a process and its descendants; `None` where there is no `/proc`.
pub fn of_tree(root: u32) -> Option<u64> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").ok()?.filter_map(Result::ok) {
        let pid = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        if let Some((pid, parent)) = pid.and_then(|pid| Some((pid, parent(pid)?))) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut sum = resident(root)?;
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        for child in children.remove(&pid).unwrap_or_default() {
            // One that has ended meanwhile has none.
            sum += resident(child).unwrap_or(0);
            open.push(child);
        }
    }
    Some(sum)
}

/// The fourth field of `stat`; the second is the program's name in parentheses, with whatever it has in it.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// `120 MB`.
pub fn words(bytes: u64) -> String {
    match bytes as f64 / 1e6 {
        megabytes if megabytes < 999.5 => format!("{megabytes:.0} MB"),
        megabytes => format!("{:.1} GB", megabytes / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_has_memory_and_its_children_add_to_it() {
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let alone = resident(std::process::id()).unwrap();
        let both = of_tree(std::process::id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(alone > 0 && both > 0);
        assert_eq!(of_tree(u32::MAX), None);
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!([120_400_000, 3_210_000_000].map(words), ["120 MB", "3.2 GB"]);
    }
}
