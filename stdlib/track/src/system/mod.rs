//! What the machine does while a run is active: CPU, memory, disk, network, GPUs, energy; sampled by a thread per run.
//!
//! The names are those of MLflow's system metrics. The first sample is taken after a second, then one every
//! `MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL` seconds (default 10), the last at the run's end.
//! `MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING=false` turns them off.

mod gpu;
mod host;
mod rapl;

use crate::handle::RunHandle;
use ironbook_store::model::{Metric, now_ms};
use std::collections::HashMap;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Money that an hour of this machine costs; the run's `cost` follows from it.
const COST: &str = "IRONBOOK_COST_PER_HOUR";

type Watched = HashMap<String, (Sender<()>, JoinHandle<()>)>;

static WATCHED: LazyLock<Mutex<Watched>> = LazyLock::new(Mutex::default);

/// Values by name, without the prefix `system/`.
type Values = Vec<(String, f64)>;

/// Samples for this run until [`unwatch`].
pub(crate) fn watch(run: &RunHandle) {
    let off = |value: String| matches!(value.to_lowercase().as_str(), "false" | "0");
    if std::env::var("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING").is_ok_and(off) {
        return;
    }
    let (stop, stopped) = mpsc::channel();
    let watched = run.clone();
    let thread = std::thread::Builder::new().name("track-system".to_owned()).spawn(move || sample(&watched, &stopped));
    // Without a thread there are no samples; the run goes on.
    if let Ok(thread) = thread {
        WATCHED.lock().unwrap_or_else(PoisonError::into_inner).insert(run.id().to_owned(), (stop, thread));
    }
}

/// Takes the last sample of a run, and stops.
pub(crate) fn unwatch(run: &RunHandle) {
    let found = WATCHED.lock().unwrap_or_else(PoisonError::into_inner).remove(run.id());
    if let Some((stop, thread)) = found {
        drop(stop);
        // A thread that panicked has nothing more to say.
        let _ = thread.join();
    }
}

fn interval() -> Duration {
    let given = std::env::var("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL").ok().and_then(|text| text.parse::<f64>().ok());
    Duration::from_secs_f64(given.filter(|seconds| *seconds >= 0.1 && *seconds < 1e6).unwrap_or(10.0))
}

fn sample(run: &RunHandle, stopped: &mpsc::Receiver<()>) {
    let started = Instant::now();
    let (mut host, mut gpus, rapl) = (host::Host::new(), gpu::Gpus::open(), rapl::Packages::read());
    let (interval, mut step) = (interval(), 0);
    let mut wait = Duration::from_secs(1).min(interval);
    loop {
        let last = !matches!(stopped.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
        wait = interval;
        let mut values = host.sample();
        values.extend(gpus.sample());
        if last {
            let energy = [gpus.joules(), rapl.joules()];
            if energy.iter().any(Option::is_some) {
                values.push(("energy_joules".to_owned(), energy.into_iter().flatten().sum()));
            }
        }
        let now = now_ms();
        let point = |(name, value): (String, f64)| Metric::new(format!("system/{name}"), value, now, step);
        let mut points: Vec<Metric> = values.into_iter().map(point).collect();
        let rate = std::env::var(COST).ok().and_then(|text| text.parse::<f64>().ok());
        if let Some(rate) = rate.filter(|_| last) {
            points.push(Metric::new("cost", rate * started.elapsed().as_secs_f64() / 3600.0, now, 0));
        }
        if let Err(error) = run.put_metrics(&points) {
            crate::auto::say(&error);
        }
        if last {
            return;
        }
        step += 1;
    }
}

/// What computes here, in words: the CPU, and the GPUs.
pub(crate) fn device() -> String {
    let cpu = host::cpu();
    let gpus = gpu::Gpus::open().names();
    if gpus.is_empty() { cpu } else { format!("{cpu}; {}", gpus.join(", ")) }
}
