//! Which process a run belongs to, so that runs of processes that died are recognised.

use crate::context::output;
use ironbook_store::Result;
use ironbook_store::Store;
use ironbook_store::model::{Run, RunInfo, RunUpdate, Search, Status, Tag, tag};

/// What names a process for good on one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub host: Option<String>,
    pub user: Option<String>,
    pub boot: Option<String>,
    pub namespace: Option<String>,
    pub pid: u32,
    pub start: Option<String>,
}

impl Identity {
    /// This process.
    pub fn current() -> Identity {
        let pid = std::process::id();
        Identity {
            host: system::host(),
            user: user(),
            boot: system::boot(),
            namespace: system::namespace(),
            pid,
            start: system::start_of(pid),
        }
    }

    /// The tags that [`owner_died`] looks at later.
    pub fn tags(&self) -> Vec<Tag> {
        let optional = [
            (tag::HOST, &self.host),
            (tag::USER, &self.user),
            (tag::BOOT, &self.boot),
            (tag::NAMESPACE, &self.namespace),
            (tag::PROCESS_START, &self.start),
        ];
        let known = optional.into_iter().filter_map(|(key, value)| value.as_ref().map(|v| Tag::new(key, v)));
        known.chain([Tag::new(tag::PID, self.pid)]).collect()
    }
}

/// The name of the user; services and containers often have none in their environment.
fn user() -> Option<String> {
    let named = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|variable| std::env::var(variable).ok());
    named.filter(|name| !name.is_empty()).or_else(|| output("id", &["-un"], None))
}

/// Marks the runs as killed that are still [`Status::Running`] though their process has died, and returns them.
///
/// Runs of other machines, users and containers are left alone: nothing can be said of their processes from here.
/// A run recovered ends with its last metric.
///
/// # Errors
/// Of the store.
pub fn recover(store: &dyn Store) -> Result<Vec<RunInfo>> {
    let here = Identity::current();
    let mut search = Search::all().filter("attributes.status = 'RUNNING'");
    let mut dead = Vec::new();
    loop {
        let page = store.search_runs(&search)?;
        dead.extend(page.items.into_iter().filter(|run| owner_died(run, &here, system::start_of)));
        match page.next {
            Some(next) => search.page = Some(next),
            None => break,
        }
    }
    let end = |run: &Run| run.metrics.iter().map(|m| m.timestamp).max().unwrap_or(0).max(run.info.start);
    let killed = |run: &Run| RunUpdate { status: Some(Status::Killed), end: Some(end(run)), name: None };
    dead.iter().map(|run| store.update_run(&run.info.id, &killed(run))).collect()
}

/// Whether the process that started a run is known to be gone.
fn owner_died(run: &Run, here: &Identity, start_of: impl Fn(u32) -> Option<String>) -> bool {
    let same = |key: &str, value: &Option<String>| run.tag(key) == value.as_deref();
    let Some(pid) = run.tag(tag::PID).and_then(|pid| pid.parse().ok()) else { return false };
    if here.host.is_none() || !same(tag::HOST, &here.host) || !same(tag::USER, &here.user) {
        return false;
    }
    if here.boot.is_some() && run.tag(tag::BOOT).is_some() && !same(tag::BOOT, &here.boot) {
        return true;
    }
    // Process ids are used again: only the same id with the same start is the same process.
    let Some(start) = run.tag(tag::PROCESS_START) else { return false };
    same(tag::NAMESPACE, &here.namespace) && start_of(pid).as_deref() != Some(start)
}

#[cfg(target_os = "linux")]
mod system {
    //! From `/proc`.

    use std::fs;

    pub fn host() -> Option<String> {
        line("/proc/sys/kernel/hostname")
    }

    pub fn boot() -> Option<String> {
        line("/proc/sys/kernel/random/boot_id")
    }

    pub fn namespace() -> Option<String> {
        Some(fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned())
    }

    /// Clock ticks from boot to the start of a process that lives (one that waits to be reaped does not).
    pub fn start_of(pid: u32) -> Option<String> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field, the name in parentheses, may itself hold spaces and parentheses.
        let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
        let state = fields.next()?;
        let start = fields.nth(18)?;
        (!matches!(state, "Z" | "X")).then(|| start.to_owned())
    }

    fn line(path: &str) -> Option<String> {
        let text = fs::read_to_string(path).ok()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    //! From the tools that every other Unix has.

    use crate::context::output;

    pub fn host() -> Option<String> {
        output("hostname", &[], None)
    }

    pub fn boot() -> Option<String> {
        output("sysctl", &["-n", "kern.bootsessionuuid"], None)
    }

    pub fn namespace() -> Option<String> {
        None
    }

    pub fn start_of(pid: u32) -> Option<String> {
        output("ps", &["-o", "lstart=", "-p", &pid.to_string()], None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_of(identity: &Identity) -> Run {
        let info = RunInfo {
            id: String::new(),
            experiment: String::new(),
            name: String::new(),
            status: Status::Running,
            user: String::new(),
            start: 0,
            end: None,
            artifact_uri: String::new(),
            deleted: false,
        };
        Run { tags: identity.tags(), ..Run::empty(info) }
    }

    fn identity() -> Identity {
        let text = |s: &str| Some(s.to_owned());
        Identity { host: text("h"), user: text("u"), boot: text("b"), namespace: text("n"), pid: 7, start: text("100") }
    }

    #[test]
    fn only_processes_known_to_be_gone_are_dead() {
        let here = Identity { pid: 8, ..identity() };
        let lives = |pid: u32| (pid == 7).then(|| "100".to_owned());
        let check = |change: fn(&mut Identity), start_of: &dyn Fn(u32) -> Option<String>| {
            let mut owner = identity();
            change(&mut owner);
            owner_died(&run_of(&owner), &here, start_of)
        };
        assert!(!check(|_| {}, &lives), "it lives");
        assert!(check(|_| {}, &|_| None), "it is gone");
        assert!(check(|_| {}, &|_| Some("200".to_owned())), "its id is used again");
        assert!(check(|i| i.boot = Some("before".to_owned()), &lives), "the machine was booted since");
        assert!(!check(|i| i.host = Some("other".to_owned()), &|_| None), "another machine");
        assert!(!check(|i| i.user = Some("other".to_owned()), &|_| None), "another user");
        assert!(!check(|i| i.namespace = Some("container".to_owned()), &|_| None), "another container");
    }

    #[test]
    fn a_run_of_another_program_is_left_alone() {
        let mut run = run_of(&identity());
        run.tags.clear();
        assert!(!owner_died(&run, &identity(), |_| None));
    }

    #[test]
    fn this_process_lives() {
        let here = Identity::current();
        assert!(here.start.is_some());
        assert!(!owner_died(&run_of(&here), &here, system::start_of));
    }
}
