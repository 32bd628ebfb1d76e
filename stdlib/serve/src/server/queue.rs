//! The queue in front of the model: bounded, and emptied in batches.
//!
//! Nobody waits for a batch to fill. A request that finds no runner starts one, which lets those go first that can be read
//! at this moment and then takes all that waits; what comes while it computes is its next batch. So batches grow with the
//! load, and a request alone is answered at once.

use super::held::Share;
use super::threads::Threads;
use crate::contract::{Offence, Rows};
use crate::metrics::Metrics;
use crate::model::{Answers, Failure};
use crate::served::{Outcome, Served};
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What may be computed on a thread that other requests wait for.
const BRIEF: Duration = Duration::from_micros(500);

/// What a request gets back.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) rows: Rows,
    pub(crate) share: Share,
    pub(crate) answers: Answers,
    pub(crate) waited: Duration,
    pub(crate) computed: Duration,
}

/// Why it gets nothing.
#[derive(Debug)]
pub(crate) enum Fault {
    Refused(Vec<Offence>),
    Failed(String),
    Panicked(String),
}

type Reply = Result<Done, Fault>;

/// There is no room; as many requests wait as may.
#[derive(Debug)]
pub(crate) struct Full;

struct Job {
    served: Arc<Served>,
    rows: Rows,
    /// What the rows take in memory, also when nobody waits for the answer any more.
    share: Share,
    came: Instant,
    reply: oneshot::Sender<Reply>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    runners: usize,
    /// Whether a runner is about to take what waits.
    gathering: bool,
}

/// How much the queue holds and gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Requests that may wait.
    pub(crate) requests: usize,
    /// Rows that a model is given at once; a request of more rows goes alone.
    pub(crate) rows: usize,
    /// Batches that may be computed at once.
    pub(crate) runners: usize,
}

pub(crate) struct Queue {
    state: Mutex<State>,
    bounds: Bounds,
    metrics: Arc<Metrics>,
    threads: Threads,
}

impl Queue {
    pub(crate) fn new(bounds: Bounds, metrics: Arc<Metrics>, threads: Threads) -> Arc<Queue> {
        Arc::new(Queue { state: Mutex::default(), bounds, metrics, threads })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a request into the queue; its reply comes by the channel.
    pub(crate) fn enter(
        self: &Arc<Self>,
        served: Arc<Served>,
        rows: Rows,
        share: Share,
    ) -> Result<oneshot::Receiver<Reply>, Full> {
        let (reply, told) = oneshot::channel();
        let start = {
            let mut state = self.lock();
            if state.waiting.len() >= self.bounds.requests {
                return Err(Full);
            }
            state.waiting.push_back(Job { served, rows, share, came: Instant::now(), reply });
            self.note(&state);
            self.begins(&mut state)
        };
        if start {
            tokio::spawn(run(Arc::clone(self)));
        }
        Ok(told)
    }

    fn note(&self, state: &State) {
        self.metrics.waiting.store(state.waiting.len() as i64, Ordering::Relaxed);
    }

    /// Whether one more runner is to begin.
    fn begins(&self, state: &mut State) -> bool {
        let begins = !state.gathering && state.runners < self.bounds.runners;
        if begins {
            state.gathering = true;
            state.runners += 1;
        }
        begins
    }

    /// What is answered next, all by one model; none if nobody waits.
    fn take(&self) -> Vec<Job> {
        let mut state = self.lock();
        state.gathering = false;
        let (mut jobs, mut rows) = (Vec::new(), 0);
        while let Some(job) = state.waiting.pop_front() {
            // Whoever has stopped waiting needs no answer.
            if job.reply.is_closed() {
                continue;
            }
            rows += job.rows.len();
            let first: &Job = jobs.first().unwrap_or(&job);
            let fits = Arc::ptr_eq(&first.served, &job.served) && rows <= self.bounds.rows;
            let joins = fits && job.served.model.rows_are_apart();
            if !(jobs.is_empty() || joins) {
                state.waiting.push_front(job);
                break;
            }
            jobs.push(job);
        }
        self.note(&state);
        jobs
    }

    /// Ends a runner, or lets it go on if more has come.
    fn goes_on(&self) -> bool {
        let mut state = self.lock();
        state.runners -= 1;
        !state.waiting.is_empty() && self.begins(&mut state)
    }
}

async fn run(queue: Arc<Queue>) {
    loop {
        // Alone on the server there is nobody to let go first.
        if queue.metrics.connections.load(Ordering::Relaxed) > 1 {
            tokio::task::yield_now().await;
        }
        let jobs = queue.take();
        if let Some(first) = jobs.first() {
            let rows: usize = jobs.iter().map(|job| job.rows.len()).sum();
            let served = Arc::clone(&first.served);
            if served.model.is_brief() && served.estimate(rows) <= BRIEF {
                answer(&served, jobs, &queue.metrics);
            } else {
                let metrics = Arc::clone(&queue.metrics);
                queue.threads.run(rows, move || answer(&served, jobs, &metrics)).await;
            }
        }
        if !queue.goes_on() {
            return;
        }
    }
}

/// Answers requests together; where that fails, each by itself, so that nobody pays for another's row.
fn answer(served: &Served, mut jobs: Vec<Job>, metrics: &Metrics) {
    let begun = Instant::now();
    if jobs.len() > 1 {
        let mut all = Rows::default();
        jobs.iter().for_each(|job| all.append(&job.rows));
        if let Outcome::Answered(answers) = served.ask(&all) {
            metrics.batch(all.len());
            let computed = begun.elapsed();
            let mut from = 0;
            for job in jobs {
                let count = job.rows.len();
                let part = answers.slice(from, count);
                from += count;
                reply(job, part, begun, computed);
            }
            return;
        }
    }
    for job in jobs.drain(..) {
        let begun = Instant::now();
        match served.ask(&job.rows) {
            Outcome::Answered(answers) => {
                metrics.batch(job.rows.len());
                reply(job, answers, begun, begun.elapsed());
            }
            Outcome::Failed(Failure::Refused(offences)) => refuse(job, Fault::Refused(offences)),
            Outcome::Failed(Failure::Failed(source)) => refuse(job, Fault::Failed(source.to_string())),
            Outcome::Panicked(told) => {
                metrics.panics.fetch_add(1, Ordering::Relaxed);
                refuse(job, Fault::Panicked(told));
            }
        }
    }
}

fn reply(job: Job, answers: Answers, begun: Instant, computed: Duration) {
    let waited = begun.saturating_duration_since(job.came);
    // Whoever has stopped waiting meanwhile needs no answer, here and below.
    let _ = job.reply.send(Ok(Done { rows: job.rows, share: job.share, answers, waited, computed }));
}

fn refuse(job: Job, fault: Fault) {
    let _ = job.reply.send(Err(fault));
}
