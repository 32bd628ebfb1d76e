//! What promotion says of the sessions of `promotion/tests/corpus`, beside what their headers say.

use crate::corpus::play;
use crate::session_file::{self, Promoted, Refused, SessionFile, Step, Verdict};
use ironbook_promotion::{Options, Page, PageCell, Plan, Refusal, plan};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The cell of each number that the session shows.
fn labels(session: &SessionFile) -> BTreeMap<u64, String> {
    let runs = session.steps.iter().filter_map(|step| match step {
        Step::Run { cell, .. } => Some(cell.clone()),
        _ => None,
    });
    (1..).zip(runs).collect()
}

pub fn page(session: &SessionFile) -> Option<Page> {
    let cell = |cell: &session_file::PageCell| PageCell {
        id: cell.id.clone(),
        text: cell.text.clone(),
        tags: cell.tags.iter().cloned().collect(),
    };
    (!session.terminal).then(|| Page { cells: session.page.iter().map(cell).collect() })
}

fn compare(session: &SessionFile) -> Result<(), String> {
    let mut played = play(session)?;
    let explored = played.shell.engine().explored(&mut |_| {}).map_err(|failure| failure.message)?;
    let page = page(session);
    let labels = labels(session);
    let options = |allow: Option<&String>| Options {
        name: "a-pipeline".to_owned(),
        targets: session.targets.clone(),
        allow: allow.into_iter().cloned().collect(),
        keep_display: false,
    };
    judge(&session.expected, plan(&explored, page.as_ref(), &options(None)), &labels)?;
    if let Some((allow, expected)) = &session.allowed {
        judge(expected, plan(&explored, page.as_ref(), &options(Some(allow))), &labels)
            .map_err(|wrong| format!("with --allow {allow}: {wrong}"))?;
    }
    Ok(())
}

fn judge(expected: &Verdict, found: Result<Plan, Vec<Refusal>>, labels: &BTreeMap<u64, String>) -> Result<(), String> {
    match (expected, found) {
        (Verdict::Promotes(expected), Ok(plan)) => promoted(expected, &plan, labels),
        (Verdict::Refuses(expected), Err(refusals)) => refused(expected, &refusals, labels),
        (Verdict::Promotes(_), Err(refusals)) => Err(format!("FALSE REFUSAL: {}", told(&refusals))),
        (Verdict::Refuses(expected), Ok(plan)) => {
            Err(format!("WRONG PROMOTION: should be {}; took cells {:?}", expected.reason, plan.cells))
        }
    }
}

fn told(refusals: &[Refusal]) -> String {
    refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn promoted(expected: &Promoted, plan: &Plan, labels: &BTreeMap<u64, String>) -> Result<(), String> {
    let label = |number: &u64| labels.get(number).cloned().unwrap_or_default();
    let mut numbers: Vec<u64> = plan.stages.iter().flat_map(|stage| stage.cells.clone()).collect();
    numbers.sort_unstable();
    let stages: Vec<String> = numbers.iter().map(label).collect();
    if !expected.are_stages(&stages) {
        return Err(format!("cells of the stages are {stages:?}, should be {:?}\n{}", expected.stages, plan.stages_rs));
    }
    let params: BTreeSet<&String> = plan.params.iter().map(|param| &param.name).collect();
    if params != expected.parameters.iter().collect() {
        return Err(format!("parameters are {params:?}, should be {:?}", expected.parameters));
    }
    let data: BTreeMap<String, String> =
        plan.data.iter().map(|file| (file.name.clone(), file.written.clone())).collect();
    if data != expected.data {
        return Err(format!("data are {data:?}, should be {:?}", expected.data));
    }
    for together in &expected.merged {
        let one = plan.stages.iter().any(|stage| {
            let cells: BTreeSet<String> = stage.cells.iter().map(label).collect();
            together.iter().all(|cell| cells.contains(cell))
        });
        if !one {
            let stages: Vec<_> =
                plan.stages.iter().map(|stage| stage.cells.iter().map(label).collect::<Vec<_>>()).collect();
            return Err(format!("cells {together:?} are not in one stage: {stages:?}"));
        }
    }
    let notes = plan.notes.join("\n");
    for note in &expected.notes {
        if !notes.contains(note.as_str()) {
            return Err(format!("no note says `{note}`: {notes:?}"));
        }
    }
    Ok(())
}

fn refused(expected: &Refused, refusals: &[Refusal], labels: &BTreeMap<u64, String>) -> Result<(), String> {
    let of_reason: Vec<&Refusal> = refusals.iter().filter(|refusal| refusal.reason.name() == expected.reason).collect();
    if of_reason.is_empty() {
        return Err(format!("OTHER REASON: should be {}, is\n{}", expected.reason, told(refusals)));
    }
    let at = |refusal: &&Refusal| {
        expected.at.is_empty()
            || refusal.place.as_ref().is_some_and(|place| {
                let cell = labels.get(&place.cell);
                expected
                    .at
                    .iter()
                    .any(|wanted| Some(&wanted.cell) == cell && wanted.line.is_none_or(|line| line == place.line))
            })
    };
    let here: Vec<&&Refusal> = of_reason.iter().filter(|refusal| at(refusal)).collect();
    if here.is_empty() {
        return Err(format!("PLACE: should be at {:?}\n{}", expected.at, told(refusals)));
    }
    let mut numbers: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    labels.iter().for_each(|(number, cell)| numbers.entry(cell.clone()).or_default().push(*number));
    let advises = |refusal: &&&Refusal| expected.is_in(&refusal.remedy, &numbers);
    if !here.iter().any(advises) {
        return Err(format!("REMEDY: should say `{}`\n{}", expected.remedy, told(refusals)));
    }
    Ok(())
}

#[test]
fn promotion_says_of_every_session_what_its_header_says() {
    let only = std::env::var("IRONBOOK_SESSION").ok();
    let mut sessions = session_file::all().unwrap_or_else(|error| panic!("{error}"));
    sessions.retain(|session| only.as_ref().is_none_or(|only| session.name.contains(only.as_str())));
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from).min(4) {
            scope.spawn(|| {
                while let Some(session) = sessions.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(fault) = compare(session) {
                        wrong.lock().unwrap().push(format!("{}: {fault}", session.name));
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), sessions.len(), wrong.join("\n\n"));
}
