//! Tables of names and values: tags, parameters, metadata.

use super::failure::{Outcome, missing};
use crate::model::Tag;
use rusqlite::{ToSql, Transaction};

/// A table of names and values that belong to something.
#[derive(Clone, Copy)]
pub(super) struct Pairs {
    put: &'static str,
    add: &'static str,
    get: &'static str,
    delete: &'static str,
}

macro_rules! pairs {
    // A macro, since statements must be text constants to be prepared once.
    ($table:literal, $of:literal) => {
        Pairs {
            put: concat!("INSERT OR REPLACE INTO ", $table, " (", $of, ", key, value) VALUES (?1, ?2, ?3)"),
            add: concat!("INSERT OR IGNORE INTO ", $table, " (", $of, ", key, value) VALUES (?1, ?2, ?3)"),
            get: concat!("SELECT key, value FROM ", $table, " WHERE ", $of, " = ?1 ORDER BY key"),
            delete: concat!("DELETE FROM ", $table, " WHERE ", $of, " = ?1 AND key = ?2"),
        }
    };
}

pub(super) const EXPERIMENT_TAGS: Pairs = pairs!("experiment_tags", "experiment");
pub(super) const RUN_TAGS: Pairs = pairs!("tags", "run");
pub(super) const INPUT_TAGS: Pairs = pairs!("input_tags", "input");
pub(super) const MODEL_TAGS: Pairs = pairs!("model_tags", "model");
pub(super) const MODEL_PARAMS: Pairs = pairs!("model_params", "model");
pub(super) const REGISTERED_TAGS: Pairs = pairs!("registered_tags", "registered");
pub(super) const VERSION_TAGS: Pairs = pairs!("version_tags", "version");
pub(super) const TRACE_TAGS: Pairs = pairs!("trace_tags", "trace");
pub(super) const TRACE_METADATA: Pairs = pairs!("trace_metadata", "trace");

impl Pairs {
    /// Sets a value.
    pub(super) fn put(self, t: &Transaction<'_>, of: i64, key: &str, value: &str) -> Outcome<()> {
        t.prepare_cached(self.put)?.execute((of, key, value))?;
        Ok(())
    }

    /// Sets a value unless there is one.
    pub(super) fn add(self, t: &Transaction<'_>, of: i64, key: &str, value: &str) -> Outcome<()> {
        t.prepare_cached(self.add)?.execute((of, key, value))?;
        Ok(())
    }

    /// Sets values; the last of one name wins.
    pub(super) fn put_all(self, t: &Transaction<'_>, of: i64, tags: &[Tag]) -> Outcome<()> {
        let mut put = t.prepare_cached(self.put)?;
        for tag in tags {
            put.execute((of, &tag.key, &tag.value))?;
        }
        Ok(())
    }

    /// All values, by name.
    pub(super) fn get<T>(
        self,
        t: &Transaction<'_>,
        of: i64,
        make: fn(String, String) -> T,
    ) -> rusqlite::Result<Vec<T>> {
        t.prepare_cached(self.get)?.query_map([of], |row| Ok(make(row.get(0)?, row.get(1)?)))?.collect()
    }

    /// All values, by name, as tags.
    pub(super) fn tags(self, t: &Transaction<'_>, of: i64) -> rusqlite::Result<Vec<Tag>> {
        self.get(t, of, |key, value| Tag { key, value })
    }

    /// Removes a value; whether it was there.
    pub(super) fn delete(self, t: &Transaction<'_>, of: i64, key: &str) -> Outcome<bool> {
        Ok(t.prepare_cached(self.delete)?.execute((of, key))? > 0)
    }

    /// Removes a tag that must be there.
    pub(super) fn delete_existing(self, t: &Transaction<'_>, of: i64, key: &str) -> Outcome<()> {
        if self.delete(t, of, key)? { Ok(()) } else { Err(missing("tag", key).into()) }
    }
}

/// The row of something with this text id.
pub(super) fn row_of(t: &Transaction<'_>, sql: &str, id: impl ToSql) -> rusqlite::Result<Option<i64>> {
    use rusqlite::OptionalExtension;
    t.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()
}
