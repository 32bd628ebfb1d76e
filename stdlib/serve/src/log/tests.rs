//! A disk that is full, and what the log keeps of it.

use super::files::{Folder, Unfinished};
use super::*;
use crate::contract::{Contract, Extra, Rows};
use crate::model::Answers;
use ironbook_core::record::Mark;
use ironbook_data::Kind;
use ironbook_learn::{Feature, Signature};
use std::io;

/// A disk with room for some bytes; its complete files.
#[derive(Clone, Default)]
struct Small {
    room: Arc<Mutex<usize>>,
    complete: Arc<Mutex<Vec<Vec<u8>>>>,
}

struct File {
    disk: Small,
    bytes: Vec<u8>,
}

impl Folder for Small {
    fn begin(&self) -> io::Result<Box<dyn Unfinished>> {
        Ok(Box::new(File { disk: self.clone(), bytes: Vec::new() }))
    }
}

impl Unfinished for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut room = self.disk.room.lock().unwrap();
        if *room < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        *room -= bytes.len();
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.bytes.truncate(bytes as usize);
        Ok(())
    }

    fn complete(self: Box<Self>) -> io::Result<()> {
        self.disk.complete.lock().unwrap().push(self.bytes);
        Ok(())
    }

    fn remove(self: Box<Self>) {
        *self.disk.room.lock().unwrap() += self.bytes.len();
    }
}

fn schema() -> (Contract, Arc<Schema>) {
    let features = vec![Feature { name: "x".to_owned(), kind: Kind::Numeric }];
    let signature = Signature { features, target: "y".to_owned(), classes: None, mark: Mark::default() };
    let contract = Contract::new(signature, Extra::Refuse);
    let schema = Schema::new(&contract, None, ("m", "1"), &[], 1.0);
    (contract, Arc::new(schema))
}

fn add(log: &RequestLog, schema: &Arc<Schema>, rows: usize) {
    let values: Vec<f64> = (0..rows).map(|i| (i as f64).sin()).collect();
    let answers = Answers { predictions: values.clone(), ..Answers::default() };
    let rows = Rows::new(1, values);
    log.add(schema, &Entry { id: "a", time: 0, latency_ms: 1.0, rows: &rows, answers: &answers });
}

#[test]
fn a_full_disk_costs_rows_that_are_counted_and_nothing_else() {
    let disk = Small::default();
    *disk.room.lock().unwrap() = 200_000;
    let told = Arc::new(Mutex::new(Vec::new()));
    let report = Arc::clone(&told);
    let options = LogOptions::new("unused");
    let log =
        RequestLog::over(&options, disk.clone(), move |text| report.lock().unwrap().push(text.to_owned())).unwrap();
    let (_, schema) = schema();
    let counts = |log: &RequestLog| {
        [&log.counts.written, &log.counts.lost, &log.counts.files].map(|n| n.load(Ordering::Relaxed))
    };
    add(&log, &schema, 1000);
    log.complete();
    assert_eq!(counts(&log), [1000, 0, 1]);
    // What was written before the disk was full is kept.
    *disk.room.lock().unwrap() = 200_000;
    add(&log, &schema, ROWS);
    add(&log, &schema, ROWS);
    log.complete();
    assert_eq!(counts(&log), [1000 + ROWS as u64, ROWS as u64, 2]);
    *disk.room.lock().unwrap() = 0;
    add(&log, &schema, 10);
    log.complete();
    add(&log, &schema, 10);
    log.complete();
    assert_eq!(counts(&log), [1000 + ROWS as u64, ROWS as u64 + 20, 2]);
    *disk.room.lock().unwrap() = 100_000;
    add(&log, &schema, 10);
    log.complete();
    assert_eq!(counts(&log), [1010 + ROWS as u64, ROWS as u64 + 20, 3]);
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("not logged") && told[1].contains("logged again"));
    assert!(disk.complete.lock().unwrap().iter().all(|file| file.starts_with(b"PAR1") && file.ends_with(b"PAR1")));
}

#[test]
fn what_waits_for_a_slow_disk_is_bounded() {
    let disk = Small::default();
    *disk.room.lock().unwrap() = usize::MAX;
    let log = RequestLog::over(&LogOptions::new("unused"), disk.clone(), |_| {}).unwrap();
    let (_, schema) = schema();
    let rows = WAITING_BYTES / 48 + 1;
    // Nothing is written while this is held.
    let stopped = disk.room.lock().unwrap();
    add(&log, &schema, rows);
    assert!(log.waiting.load(Ordering::Relaxed) > WAITING_BYTES, "one request may be large");
    add(&log, &schema, rows);
    assert_eq!(log.counts.lost.load(Ordering::Relaxed), rows as u64);
    drop(stopped);
    log.complete();
    assert_eq!((log.counts.written.load(Ordering::Relaxed), log.waiting.load(Ordering::Relaxed)), (rows as u64, 0));
    add(&log, &schema, ROWS);
    log.complete();
    assert_eq!(log.counts.written.load(Ordering::Relaxed), (rows + ROWS) as u64);
}

#[test]
fn a_sample_has_its_share_of_all_ids() {
    let below = (0.3 * u64::MAX as f64) as u64;
    let count = (0..100_000).filter(|i| hash(&format!("0123456789abcdef-{i:x}")) < below).count();
    assert!((29_000..31_000).contains(&count), "{count}");
}
