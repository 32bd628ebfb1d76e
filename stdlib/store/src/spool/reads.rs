//! Reads: the server's answer with what waits laid over it. While the server is away, a run or model shows what is known
//! here; a history is given only where it is whole.

use super::journal::Waiting;
use super::verdict::{Verdict, verdict};
use super::{SpooledStore, overlay};
use crate::error::Result;
use crate::model::{LoggedModel, Metric, ModelStatus, Run, RunInfo, Status};
use std::time::{Duration, Instant};

/// A question is repeated for so long, with such pauses.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);

impl SpooledStore {
    /// What waits in a lane. Read before the server is asked: what arrives in between is then seen twice, never missed.
    fn waiting(&self, lane: &str) -> Result<Vec<Waiting>> {
        self.journal.whole_lane(lane)
    }

    /// The server's answer about something, if it has the thing and answers; an error if it says no.
    pub(super) fn ask<T>(&self, id: &str, question: impl Fn(&str) -> Result<T>) -> Result<Option<T>> {
        let Some(remote) = self.remote_of(id)? else { return Ok(None) };
        if self.health().away {
            return Ok(None);
        }
        let start = Instant::now();
        loop {
            match question(&remote) {
                Ok(answer) => return Ok(Some(answer)),
                Err(e) if verdict(&e) == Verdict::Never => return Err(e),
                // The store behind a spool does not repeat calls by itself.
                Err(_) if start.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                Err(_) => return Ok(None),
            }
        }
    }

    /// What is known here of what a run is.
    pub(super) fn known_info(&self, lane: &str) -> Result<Option<RunInfo>> {
        Ok(self.journal.info(lane)?.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// A run under the id that the caller has for it.
    pub(super) fn read_run(&self, id: &str) -> Result<Run> {
        let lane = self.lane_of(id)?;
        let waiting = self.waiting(&lane)?;
        let there = self.ask(&lane, |remote| self.inner().run(remote))?;
        let mut run = match (there, self.known_info(&lane)?) {
            (Some(run), _) => run,
            (None, Some(info)) => {
                let mut run = Run::empty(info);
                run.tags = first_tags(&waiting);
                run
            }
            (None, None) if !waiting.is_empty() => Run::empty(unknown(id)),
            (None, None) => return Err(self.not_there_yet()),
        };
        overlay::on_run(&mut run, &waiting);
        run.info.id = id.to_owned();
        Ok(run)
    }

    pub(super) fn read_history(&self, id: &str, key: &str) -> Result<Vec<Metric>> {
        let lane = self.lane_of(id)?;
        let waiting = self.waiting(&lane)?;
        let there = self.ask(&lane, |remote| self.inner().metric_history(remote, key))?;
        let mut history = match (there, self.remote_of(&lane)?) {
            (Some(history), _) => history,
            // Nothing can have arrived yet: what waits is all.
            (None, None) => Vec::new(),
            // A part of a curve would be taken for the whole.
            (None, Some(_)) => return Err(self.not_there_yet()),
        };
        overlay::on_history(&mut history, key, &waiting);
        Ok(history)
    }

    pub(super) fn read_model(&self, id: &str) -> Result<LoggedModel> {
        let lane = self.lane_of(id)?;
        let waiting = self.journal.calls(&lane)?;
        let known = || -> Result<Option<LoggedModel>> {
            Ok(self.journal.info(&lane)?.and_then(|text| serde_json::from_str(&text).ok()))
        };
        let there = self.ask(&lane, |remote| self.inner().model(remote))?;
        let mut model = match there {
            Some(model) => model,
            None => known()?.ok_or_else(|| self.not_there_yet())?,
        };
        overlay::on_model(&mut model, &waiting);
        model.id = id.to_owned();
        Ok(model)
    }

    /// Whether something of a lane waits.
    pub(super) fn has_waiting(&self, lane: &str) -> Result<bool> {
        self.journal.is_lane_empty(lane).map(|empty| !empty)
    }
}

/// A run of which only the id is known: the server that knows more is away.
pub(super) fn unknown(id: &str) -> RunInfo {
    RunInfo {
        id: id.to_owned(),
        experiment: String::new(),
        name: String::new(),
        user: String::new(),
        status: Status::Running,
        start: 0,
        end: None,
        artifact_uri: String::new(),
        deleted: false,
    }
}

/// A model as it is before the server has it.
pub(super) fn new_model(id: &str, new: &crate::model::NewModel) -> LoggedModel {
    let now = crate::model::now_ms();
    let mut model = LoggedModel {
        id: id.to_owned(),
        experiment: new.experiment.clone(),
        name: new.name.clone().unwrap_or_else(|| crate::names::run_name(&id[2..])),
        created: now,
        updated: now,
        artifact_uri: String::new(),
        status: ModelStatus::Pending,
        status_message: String::new(),
        model_type: new.model_type.clone().unwrap_or_default(),
        source_run: new.source_run.clone(),
        params: new.params.clone(),
        metrics: Vec::new(),
        tags: new.tags.clone(),
    };
    model.params.sort_by(|a, b| a.key.cmp(&b.key));
    model.tags.sort_by(|a, b| a.key.cmp(&b.key));
    model
}

/// Points thinned to about so many, the first and the last among them.
pub(super) fn thin(history: Vec<Metric>, points: usize) -> Vec<Metric> {
    let count = history.len();
    if count <= points.max(2) {
        return history;
    }
    let most = points.max(2);
    (0..most).map(|i| history[i * (count - 1) / (most - 1)].clone()).collect()
}

/// The tags with which a run that waits is to be created.
fn first_tags(waiting: &[Waiting]) -> Vec<crate::model::Tag> {
    let created = waiting.iter().find_map(|w| match &w.op {
        super::op::Op::CreateRun(new) => Some(new.tags.clone()),
        _ => None,
    });
    let mut tags = created.unwrap_or_default();
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    tags
}
