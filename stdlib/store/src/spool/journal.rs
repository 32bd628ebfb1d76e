//! The file of a spool: a SQLite database in WAL mode that several processes share.
//!
//! A call is accepted when its row is committed, which survives the death of the process. Rows leave in the same
//! transaction that records what became of them.

use super::op::Op;
use super::{Refused, SpoolStatus};
use crate::error::{Error, Result};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const VERSION: i64 = 1;
/// So many rows are read at once at most.
const MOST_ROWS: i64 = 1000;
const SCHEMA: &str = "
    CREATE TABLE ops (
        id INTEGER PRIMARY KEY,
        lane TEXT NOT NULL,
        kind INTEGER NOT NULL,
        body BLOB NOT NULL,
        points INTEGER NOT NULL,
        at INTEGER NOT NULL,
        attempted INTEGER NOT NULL DEFAULT 0,
        file TEXT
    ) STRICT;
    CREATE INDEX ops_lane ON ops (lane, id);
    CREATE INDEX ops_first ON ops (id) WHERE kind = 2;
    CREATE INDEX ops_file ON ops (file) WHERE file IS NOT NULL;
    CREATE TABLE refused (
        id INTEGER PRIMARY KEY,
        lane TEXT NOT NULL,
        kind INTEGER NOT NULL,
        body BLOB NOT NULL,
        points INTEGER NOT NULL,
        at INTEGER NOT NULL,
        file TEXT,
        reason TEXT NOT NULL
    ) STRICT;
    -- What was created here: its id here, its id there (once known), what is known of it.
    CREATE TABLE ids (
        local TEXT PRIMARY KEY,
        remote TEXT,
        refused TEXT,
        info TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX ids_remote ON ids (remote) WHERE remote IS NOT NULL;
    CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

/// One connection to a spool.
pub(super) struct Journal {
    path: PathBuf,
    connection: Mutex<Connection>,
}

/// A row that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) id: i64,
    pub(super) lane: String,
    pub(super) op: Op,
    pub(super) attempted: bool,
}

/// What became of something that was created here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nobody here created it: the id is the server's.
    Foreign,
    /// It waits.
    Waiting,
    /// The server's id.
    Created(String),
    /// The server refused it.
    Refused(String),
}

impl Journal {
    pub(super) fn open(path: &Path, max_bytes: Option<u64>) -> Result<Journal> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            // Two processes that create one file: the change to WAL mode fails at once instead of waiting.
            match Journal::try_open(path, max_bytes) {
                Err(Error::Locked { .. }) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
                done => return done,
            }
        }
    }

    fn try_open(path: &Path, max_bytes: Option<u64>) -> Result<Journal> {
        let wrong = |e| database_error(path, e);
        let mut connection = Connection::open(path).map_err(wrong)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(wrong)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(wrong)?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(wrong)?;
        // A checkpoint syncs the disk: the thread that sends does it, not a training loop.
        connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(wrong)?;
        if let Some(bytes) = max_bytes {
            connection
                .pragma_update(None, "max_page_count", i64::try_from((bytes / 4096).max(1)).unwrap_or(i64::MAX))
                .map_err(wrong)?;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(wrong)?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(wrong)?;
        if found > VERSION {
            return Err(Error::NewerSchema { path: path.to_owned(), found, known: VERSION });
        }
        if found == 0 {
            transaction.execute_batch(SCHEMA).map_err(wrong)?;
            transaction.pragma_update(None, "user_version", VERSION).map_err(wrong)?;
        }
        transaction.commit().map_err(wrong)?;
        Ok(Journal { path: path.to_owned(), connection: Mutex::new(connection) })
    }

    fn read<T>(&self, call: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let guard = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        call(&guard).map_err(|e| database_error(&self.path, e))
    }

    fn write<T>(&self, call: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let mut guard = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let done = || {
            let transaction = guard.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = call(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        done().map_err(|e| database_error(&self.path, e))
    }

    /// Accepts calls of one lane, all or none. `before` runs with the write lock held, before the commit.
    pub(super) fn push(&self, lane: &str, rows: &[Row<'_>], before: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut failed = None;
        let pushed = self.write(|t| {
            let at = crate::model::now_ms();
            for row in rows {
                // Ids grow also where the clock goes back; they begin at the clock so that none is used twice.
                let mut insert = t.prepare_cached(
                    "INSERT INTO ops (id, lane, kind, body, points, at, file) VALUES
                     (max(?1, (SELECT coalesce(max(id), 0) + 1 FROM ops)), ?2, ?3, ?4, ?5, ?6, ?7)",
                )?;
                insert.execute(params![at * 1000, lane, row.kind, row.body, row.points, at, row.file])?;
            }
            if let Err(error) = before() {
                failed = Some(error);
                return Err(rusqlite::Error::ExecuteReturnedResults);
            }
            Ok(())
        });
        failed.map_or(pushed, Err)
    }

    /// Accepts a creation, with the id that it has here and what is known of the thing.
    pub(super) fn push_creation(&self, lane: &str, local: &str, info: &str, op: &Op) -> Result<()> {
        let (kind, body) = op.encode();
        self.write(|t| {
            let at = crate::model::now_ms();
            t.execute("INSERT INTO ids (local, info) VALUES (?1, ?2)", params![local, info])?;
            t.execute(
                "INSERT INTO ops (id, lane, kind, body, points, at) VALUES
                 (max(?1, (SELECT coalesce(max(id), 0) + 1 FROM ops)), ?2, ?3, ?4, 0, ?5)",
                params![at * 1000, lane, kind, body, at],
            )
            .map(drop)
        })
    }

    /// Rows by a condition, in order, until `most` points or 1000 rows.
    fn rows(&self, condition: &str, values: &[&dyn rusqlite::ToSql], most: i64) -> Result<Vec<Waiting>> {
        let sql = format!(
            "SELECT id, lane, kind, body, points, attempted FROM ops WHERE {condition} ORDER BY id LIMIT {MOST_ROWS}"
        );
        let raw = self.read(|c| {
            let mut found = Vec::new();
            let mut points = 0;
            let mut statement = c.prepare_cached(&sql)?;
            let mut rows = statement.query(values)?;
            while let Some(row) = rows.next()? {
                points += row.get::<_, i64>(4)?;
                if points > most && !found.is_empty() {
                    break;
                }
                let attempted: bool = row.get(5)?;
                found.push((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Vec<u8>>(3)?, attempted));
            }
            Ok(found)
        })?;
        let decode = |(id, lane, kind, body, attempted): (i64, String, i64, Vec<u8>, bool)| {
            Ok(Waiting { id, lane, op: Op::decode(kind, &body, &self.path)?, attempted })
        };
        raw.into_iter().map(decode).collect()
    }

    /// The creations that are the first of their lanes.
    pub(super) fn first(&self) -> Result<Vec<Waiting>> {
        self.rows("kind = 2", &[], i64::MAX)
    }

    /// The rows at the front of a lane, at most about so many points.
    pub(super) fn lane(&self, lane: &str, most: i64) -> Result<Vec<Waiting>> {
        self.rows("lane = ?1", &[&lane], most)
    }

    /// Everything of a lane.
    pub(super) fn whole_lane(&self, lane: &str) -> Result<Vec<Waiting>> {
        self.all("lane = ?1", lane)
    }

    fn all(&self, condition: &str, lane: &str) -> Result<Vec<Waiting>> {
        let condition = format!("{condition} AND id > ?2");
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let part = self.rows(&condition, &[&lane, &after], 100_000)?;
            match part.last() {
                Some(last) => after = last.id,
                None => return Ok(all),
            }
            all.extend(part);
        }
    }

    /// What waits in a lane, but for batches.
    pub(super) fn calls(&self, lane: &str) -> Result<Vec<Waiting>> {
        self.all("lane = ?1 AND kind <> 0", lane)
    }

    /// The lanes in which something waits (at most 1000). Each costs one look into the index, however much waits.
    pub(super) fn lanes(&self) -> Result<Vec<String>> {
        const SQL: &str = "WITH RECURSIVE l (lane) AS (
                SELECT min(lane) FROM ops
                UNION ALL SELECT (SELECT min(lane) FROM ops WHERE lane > l.lane) FROM l WHERE l.lane IS NOT NULL
            ) SELECT lane FROM l WHERE lane IS NOT NULL LIMIT 1000";
        self.read(|c| {
            let mut statement = c.prepare_cached(SQL)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect()
        })
    }

    pub(super) fn is_lane_empty(&self, lane: &str) -> Result<bool> {
        self.read(|c| {
            let mut statement = c.prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM ops WHERE lane = ?1)")?;
            statement.query_row([lane], |row| row.get(0))
        })
    }

    /// The newest id; 0 if nothing waits.
    pub(super) fn newest(&self) -> Result<i64> {
        self.read(|c| c.query_row("SELECT coalesce(max(id), 0) FROM ops", [], |row| row.get(0)))
    }

    /// Whether something waits up to an id.
    pub(super) fn is_waiting_until(&self, id: i64) -> Result<bool> {
        self.read(|c| c.query_row("SELECT EXISTS (SELECT 1 FROM ops WHERE id <= ?1)", [id], |row| row.get(0)))
    }

    pub(super) fn count_until(&self, id: i64) -> Result<u64> {
        let count: i64 =
            self.read(|c| c.query_row("SELECT count(*) FROM ops WHERE id <= ?1", [id], |row| row.get(0)))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    pub(super) fn count_refused(&self) -> Result<u64> {
        let count: i64 = self.read(|c| c.query_row("SELECT count(*) FROM refused", [], |row| row.get(0)))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Remembers that a call is about to be sent: if nobody hears of it again, it may have arrived.
    pub(super) fn attempt(&self, id: i64) -> Result<()> {
        self.write(|t| t.execute("UPDATE ops SET attempted = 1 WHERE id = ?1", [id]).map(drop))
    }

    /// Removes rows that arrived. `created` is a new thing: its id here, and there.
    pub(super) fn done(&self, ids: &[i64], created: Option<(&str, &str)>, files: &Path) -> Result<()> {
        self.write(|t| {
            if let Some((local, remote)) = created {
                t.execute("UPDATE ids SET remote = ?2 WHERE local = ?1", [local, remote])?;
            }
            for id in ids {
                let file: Option<Option<String>> = t
                    .prepare_cached("DELETE FROM ops WHERE id = ?1 RETURNING file")?
                    .query_row([id], |r| r.get(0))
                    .optional()?;
                if let Some(file) = file.flatten() {
                    release(t, &file, files)?;
                }
            }
            Ok(())
        })
    }

    /// Sets a row aside with the reason. `created` is the id here of what it should have created.
    pub(super) fn refuse(&self, id: i64, created: Option<&str>, reason: &str) -> Result<()> {
        self.write(|t| {
            t.execute(
                "INSERT INTO refused (lane, kind, body, points, at, file, reason)
                 SELECT lane, kind, body, points, at, file, ?2 FROM ops WHERE id = ?1",
                params![id, reason],
            )?;
            t.execute("DELETE FROM ops WHERE id = ?1", [id])?;
            if let Some(local) = created {
                t.execute("UPDATE ids SET refused = ?2 WHERE local = ?1", [local, reason])?;
            }
            Ok(())
        })
    }

    /// Forgets what was refused; how many.
    pub(super) fn drop_refused(&self, files: &Path) -> Result<usize> {
        self.write(|t| {
            let named: Vec<String> = {
                let mut statement = t.prepare("SELECT DISTINCT file FROM refused WHERE file IS NOT NULL")?;
                let rows = statement.query_map([], |row| row.get(0))?;
                rows.collect::<rusqlite::Result<_>>()?
            };
            let count = t.execute("DELETE FROM refused", [])?;
            named.iter().try_for_each(|file| release(t, file, files))?;
            Ok(count)
        })
    }

    /// Puts what was refused back, behind everything else; how many.
    pub(super) fn retry_refused(&self) -> Result<usize> {
        self.write(|t| {
            t.execute("UPDATE ids SET refused = NULL WHERE refused IS NOT NULL", [])?;
            let first: i64 = t.query_row("SELECT coalesce(max(id), 0) FROM ops", [], |row| row.get(0))?;
            let first = first.max(crate::model::now_ms() * 1000);
            t.execute(
                "INSERT INTO ops (id, lane, kind, body, points, at, file, attempted)
                 SELECT ?1 + row_number() OVER (ORDER BY id), lane, kind, body, points, at, file, 1 FROM refused",
                [first],
            )?;
            t.execute("DELETE FROM refused", [])
        })
    }

    pub(super) fn fate(&self, id: &str) -> Result<Fate> {
        let row = self.read(|c| {
            let mut statement = c.prepare_cached("SELECT remote, refused FROM ids WHERE local = ?1")?;
            statement.query_row([id], |r| Ok((r.get(0)?, r.get(1)?))).optional()
        })?;
        Ok(match row {
            None => Fate::Foreign,
            Some((Some(remote), _)) => Fate::Created(remote),
            Some((None, Some(reason))) => Fate::Refused(reason),
            Some((None, None)) => Fate::Waiting,
        })
    }

    /// The id here of what has this id there.
    pub(super) fn local_of(&self, remote: &str) -> Result<Option<String>> {
        self.read(|c| {
            let mut statement = c.prepare_cached("SELECT local FROM ids WHERE remote = ?1")?;
            statement.query_row([remote], |row| row.get(0)).optional()
        })
    }

    pub(super) fn info(&self, local: &str) -> Result<Option<String>> {
        self.read(|c| {
            let row = c.query_row("SELECT info FROM ids WHERE local = ?1", [local], |row| row.get(0)).optional()?;
            Ok(row.flatten())
        })
    }

    pub(super) fn set_info(&self, local: &str, info: &str) -> Result<()> {
        self.write(|t| t.execute("UPDATE ids SET info = ?2 WHERE local = ?1", [local, info]).map(drop))
    }

    pub(super) fn note(&self, name: &str) -> Result<Option<String>> {
        self.read(|c| c.query_row("SELECT text FROM notes WHERE name = ?1", [name], |row| row.get(0)).optional())
    }

    pub(super) fn set_note(&self, name: &str, text: Option<&str>) -> Result<()> {
        self.write(|t| match text {
            Some(text) => {
                t.execute("INSERT OR REPLACE INTO notes (name, text) VALUES (?1, ?2)", [name, text]).map(drop)
            }
            None => t.execute("DELETE FROM notes WHERE name = ?1", [name]).map(drop),
        })
    }

    /// Moves what was written into the database proper, if much has piled up. Callers are not held up, unless very much
    /// has: only then does it end with an empty log.
    pub(super) fn checkpoint(&self) -> Result<()> {
        const MUCH: u64 = 4 << 20;
        const VERY_MUCH: u64 = 256 << 20;
        let log = PathBuf::from(format!("{}-wal", self.path.display()));
        let size = std::fs::metadata(log).map_or(0, |meta| meta.len());
        if size > MUCH {
            let mode = if size > VERY_MUCH { "TRUNCATE" } else { "PASSIVE" };
            self.read(|c| c.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(())))?;
        }
        Ok(())
    }

    pub(super) fn status(&self) -> Result<SpoolStatus> {
        let refused = {
            let raw = self.read(|c| {
                let mut statement =
                    c.prepare("SELECT id, lane, kind, body, at, reason FROM refused ORDER BY id LIMIT 100")?;
                let rows = statement.query_map([], |r| {
                    Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get::<_, Vec<u8>>(3)?, r.get(4)?, r.get(5)?))
                })?;
                rows.collect::<rusqlite::Result<Vec<(i64, String, i64, Vec<u8>, i64, String)>>>()
            })?;
            let read = |(id, lane, kind, body, at, reason): (i64, String, i64, Vec<u8>, i64, String)| {
                let what = Op::decode(kind, &body, &self.path).map_or_else(|e| e.to_string(), |op| op.describe());
                Refused { id, of: lane, what, at, reason }
            };
            raw.into_iter().map(read).collect()
        };
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        self.read(|c| {
            let whole = "SELECT count(*), coalesce(sum(points), 0), coalesce(sum(length(body)), 0), min(at) FROM ops";
            let (waiting, points, bytes, oldest) =
                c.query_row(whole, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
            let refused_count = c.query_row("SELECT count(*) FROM refused", [], |r| r.get(0))?;
            let note =
                |name: &str| c.query_row("SELECT text FROM notes WHERE name = ?1", [name], |row| row.get(0)).optional();
            Ok(SpoolStatus {
                destination: note("destination")?.unwrap_or_default(),
                waiting: count(waiting),
                points: count(points),
                bytes: count(bytes),
                oldest,
                last_error: note("error")?,
                refused_count: count(refused_count),
                refused,
            })
        })
    }
}

/// A row to be accepted.
pub(super) struct Row<'a> {
    pub(super) kind: i64,
    pub(super) body: Vec<u8>,
    pub(super) points: i64,
    pub(super) file: Option<&'a str>,
}

/// Removes the copy of an artifact when nothing names it any more. The write lock is held: nobody adds a name now.
fn release(t: &Transaction<'_>, file: &str, files: &Path) -> rusqlite::Result<()> {
    let named: bool = t.query_row(
        "SELECT EXISTS (SELECT 1 FROM ops WHERE file = ?1) OR EXISTS (SELECT 1 FROM refused WHERE file = ?1)",
        [file],
        |row| row.get(0),
    )?;
    if !named {
        // One that is gone already is as good.
        let _ = std::fs::remove_file(files.join(file));
    }
    Ok(())
}

/// The database's error in our words.
fn database_error(path: &Path, error: rusqlite::Error) -> Error {
    let path = path.to_owned();
    let code = error.sqlite_error_code();
    let source = Box::new(error);
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked { path, source },
        Some(ErrorCode::DiskFull) => Error::Full { path, source },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Error::NotAStore { path, source },
        _ => Error::Database { path, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(journal: &Journal, tag: &str) {
        let (kind, body) = Op::DeleteTag(tag.to_owned()).encode();
        journal.push("run", &[Row { kind, body, points: 0, file: None }], || Ok(())).unwrap();
    }

    fn tags(journal: &Journal) -> Vec<Op> {
        journal.whole_lane("run").unwrap().into_iter().map(|w| w.op).collect()
    }

    #[test]
    fn a_clock_that_goes_back_does_not_change_the_order() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::open(&directory.path().join("x.db"), None).unwrap();
        push(&journal, "first");
        // As if it had been written a year from now.
        let year = 365 * 24 * 3600 * 1_000_000_i64;
        journal.write(|t| t.execute("UPDATE ops SET id = id + ?1", [year]).map(drop)).unwrap();
        push(&journal, "second");
        push(&journal, "third");
        let expected = ["first", "second", "third"].map(|tag| Op::DeleteTag(tag.to_owned()));
        assert_eq!(tags(&journal), expected);
    }

    #[test]
    fn what_fails_before_the_commit_is_not_accepted() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::open(&directory.path().join("x.db"), None).unwrap();
        let row = Row { kind: 1, body: Op::DeleteRun.encode().1, points: 0, file: None };
        let failing = || Err(Error::NotFound { what: "artifact", name: "x".to_owned() });
        assert!(matches!(journal.push("run", &[row], failing), Err(Error::NotFound { .. })));
        assert!(tags(&journal).is_empty());
    }

    #[test]
    fn a_damaged_or_newer_file_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.db");
        std::fs::write(&path, vec![b'x'; 8192]).unwrap();
        assert!(matches!(Journal::open(&path, None), Err(Error::NotAStore { .. })));
        let path = directory.path().join("y.db");
        drop(Journal::open(&path, None).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(Journal::open(&path, None), Err(Error::NewerSchema { found: 99, .. })));
    }
}
