//! Runs through a spool.

use super::codec;
use super::journal::{Fate, Row};
use super::op::{BATCH, Op};
use super::reads::{thin, unknown};
use super::{SpooledStore, new_id, overlay};
use crate::error::{Error, Result};
use crate::model::{
    Batch, DatasetInput, Metric, ModelInput, ModelOutput, NewRun, Page, Run, RunInfo, RunUpdate, Search, Status, now_ms,
};
use crate::store::Runs;
use crate::{names, validate};

/// So many points of a batch go into one row, so that the thread that sends never holds more than a few of them.
const POINTS_OF_A_ROW: usize = 5000;
/// What pages of merged histories begin with.
const PAGE: &str = "spool:";

impl Runs for SpooledStore {
    fn create_run(&self, new: &NewRun) -> Result<RunInfo> {
        new.tags.iter().try_for_each(|tag| validate::key("tag", &tag.key))?;
        new.start.map_or(Ok(()), validate::timestamp)?;
        let id = new_id();
        // Chosen now: it must not matter when the run arrives, or how often it is sent.
        let name = new.name.clone().unwrap_or_else(|| names::run_name(&id));
        let start = new.start.unwrap_or_else(now_ms);
        let new = NewRun { name: Some(name.clone()), start: Some(start), ..new.clone() };
        let info = RunInfo {
            id: id.clone(),
            experiment: new.experiment.clone(),
            name,
            user: new.user.clone().unwrap_or_default(),
            status: Status::Running,
            start,
            end: None,
            artifact_uri: String::new(),
            deleted: false,
        };
        let text = serde_json::to_string(&info).unwrap_or_default();
        match self.create(&id, &id, &text, &Op::CreateRun(new))? {
            Fate::Created(remote) => Ok(RunInfo { id: remote, ..self.known_info(&id)?.unwrap_or(info) }),
            Fate::Refused(reason) => Err(self.refused("run", &reason)),
            Fate::Waiting | Fate::Foreign => Ok(info),
        }
    }

    fn update_run(&self, run: &str, update: &RunUpdate) -> Result<RunInfo> {
        check_id(run)?;
        update.end.map_or(Ok(()), validate::timestamp)?;
        let lane = self.lane_of(run)?;
        // What is known before the change, without asking the server for what was created here.
        let known = match self.known_info(&lane)? {
            Some(info) => info,
            None => {
                self.ask(&lane, |remote| self.inner().run(remote))?.map_or_else(|| unknown(run), |found| found.info)
            }
        };
        self.push(&lane, &Op::UpdateRun(update.clone()))?;
        let mut whole = Run::empty(known);
        overlay::on_run(&mut whole, &self.journal.calls(&lane)?);
        overlay::on_info(&mut whole.info, update);
        Ok(RunInfo { id: run.to_owned(), ..whole.info })
    }

    fn run(&self, run: &str) -> Result<Run> {
        check_id(run)?;
        self.read_run(run)
    }

    fn delete_run(&self, run: &str) -> Result<()> {
        check_id(run)?;
        self.push(&self.lane_of(run)?, &Op::DeleteRun)
    }

    fn restore_run(&self, run: &str) -> Result<()> {
        check_id(run)?;
        self.push(&self.lane_of(run)?, &Op::RestoreRun)
    }

    /// Runs of the server. What waits is not searched: `flush` first where that matters.
    fn search_runs(&self, search: &Search) -> Result<Page<Run>> {
        self.inner().search_runs(&self.translated(search)?)
    }

    fn log_batch(&self, run: &str, batch: Batch<'_>) -> Result<()> {
        check_id(run)?;
        validate::batch(&batch)?;
        let lane = self.lane_of(run)?;
        let row = |part: Batch<'_>| Row {
            kind: BATCH,
            body: codec::encode(part),
            points: i64::try_from(part.metrics.len() + part.params.len() + part.tags.len()).unwrap_or(i64::MAX),
            file: None,
        };
        if batch.metrics.len() <= POINTS_OF_A_ROW {
            self.journal.push(&lane, &[row(batch)], || Ok(()))?;
        } else {
            // One transaction: all is accepted or nothing.
            let mut rows = vec![row(Batch { metrics: &[], ..batch })];
            rows.extend(
                batch.metrics.chunks(POINTS_OF_A_ROW).map(|metrics| row(Batch { metrics, ..Batch::default() })),
            );
            self.journal.push(&lane, &rows, || Ok(()))?;
        }
        self.shared.wake();
        Ok(())
    }

    fn delete_tag(&self, run: &str, key: &str) -> Result<()> {
        check_id(run)?;
        self.push(&self.lane_of(run)?, &Op::DeleteTag(key.to_owned()))
    }

    fn metric_history(&self, run: &str, key: &str) -> Result<Vec<Metric>> {
        check_id(run)?;
        self.read_history(run, key)
    }

    fn metric_history_page(&self, run: &str, key: &str, limit: usize, page: Option<&str>) -> Result<Page<Metric>> {
        check_id(run)?;
        let lane = self.lane_of(run)?;
        let ours = page.and_then(|page| page.strip_prefix(PAGE));
        if ours.is_none() && !self.has_waiting(&lane)? {
            return self.inner().metric_history_page(&self.need_remote(&lane)?, key, limit, page);
        }
        let from = ours.and_then(|text| text.parse().ok()).unwrap_or(0);
        let all = self.read_history(run, key)?;
        let count = all.len();
        let items: Vec<_> = all.into_iter().skip(from).take(limit.max(1)).collect();
        let next = from + items.len();
        Ok(Page { items, next: (next < count).then(|| format!("{PAGE}{next}")) })
    }

    fn metric_curves(
        &self,
        runs: &[String],
        key: &str,
        steps: (Option<i64>, Option<i64>),
        points: usize,
    ) -> Result<Vec<(String, Vec<Metric>)>> {
        runs.iter().try_for_each(|run| check_id(run))?;
        let one = |run: &String| {
            let lane = self.lane_of(run)?;
            if !self.has_waiting(&lane)? && !self.health().away {
                let remote = self.need_remote(&lane)?;
                let mut curves = self.inner().metric_curves(std::slice::from_ref(&remote), key, steps, points)?;
                return Ok((run.clone(), curves.pop().map(|(_, curve)| curve).unwrap_or_default()));
            }
            let mut history = self.read_history(run, key)?;
            let (first, last) = (steps.0.unwrap_or(i64::MIN), steps.1.unwrap_or(i64::MAX));
            history.retain(|m| (first..=last).contains(&m.step));
            Ok((run.clone(), thin(history, points)))
        };
        runs.iter().map(one).collect()
    }

    fn log_inputs(&self, run: &str, datasets: &[DatasetInput], models: &[ModelInput]) -> Result<()> {
        check_id(run)?;
        self.push(&self.lane_of(run)?, &Op::Inputs(datasets.to_vec(), models.to_vec()))
    }

    fn log_outputs(&self, run: &str, models: &[ModelOutput]) -> Result<()> {
        check_id(run)?;
        self.push(&self.lane_of(run)?, &Op::Outputs(models.to_vec()))
    }
}

impl SpooledStore {
    /// A search with the server's ids of experiments.
    pub(super) fn translated(&self, search: &Search) -> Result<Search> {
        let experiments = search.experiments.iter().map(|id| self.need_remote(id)).collect::<Result<_>>()?;
        Ok(Search { experiments, ..search.clone() })
    }

    /// The error for a creation that the server refused while its caller waited.
    pub(super) fn refused(&self, what: &'static str, reason: &str) -> Error {
        Error::Uri {
            uri: self.shared.inner.location(),
            reason: format!("it refused the {what}: {}", reason.lines().next().unwrap_or_default()),
            todo: "mend what it says; the call is kept aside, `%track status` shows it".to_owned(),
        }
    }
}

/// An id that MLflow's servers could have given.
pub(super) fn check_id(id: &str) -> Result<()> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !id.is_empty() && id.len() <= 256 && id.bytes().all(allowed) {
        Ok(())
    } else {
        Err(Error::NotFound { what: "run", name: id.to_owned() })
    }
}
