//! Curves of metrics: whole, in pages, and thinned.

use super::failure::Outcome;
use super::fill::{point, row};
use crate::error::Error;
use crate::model::{Metric, Page};
use crate::search::{page_json, page_of_json};
use rusqlite::{OptionalExtension, Transaction};
use serde_json::json;

/// The number of a metric's name, if it was ever logged.
fn key_row(t: &Transaction<'_>, key: &str) -> rusqlite::Result<Option<i64>> {
    t.prepare_cached("SELECT id FROM metric_keys WHERE name = ?1")?.query_row([key], |r| r.get(0)).optional()
}

/// All points of a metric.
pub(super) fn all(t: &Transaction<'_>, run: &str, key: &str) -> Outcome<Vec<Metric>> {
    let (run, _) = row(t, run)?;
    let mut points = t.prepare_cached(
        "SELECT step, timestamp, is_nan, value FROM metrics
         WHERE run = ?1 AND key = (SELECT id FROM metric_keys WHERE name = ?2) ORDER BY step, timestamp, is_nan, value",
    )?;
    let found = points.query_map((run, key), |r| point(key.to_owned(), r, 0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Where a page begins: after this point. An offset would read everything before it again.
type After = (i64, i64, bool, f64);

fn after(token: &str) -> Option<After> {
    let json = page_json(token)?;
    let bits = json["value"].as_str().and_then(|bits| u64::from_str_radix(bits, 16).ok())?;
    Some((json["step"].as_i64()?, json["timestamp"].as_i64()?, json["nan"].as_bool()?, f64::from_bits(bits)))
}

fn token(last: &Metric) -> String {
    let nan = last.value.is_nan();
    let bits = if nan { 0 } else { last.value.to_bits() };
    page_of_json(
        &json!({ "step": last.step, "timestamp": last.timestamp, "nan": nan, "value": format!("{bits:016x}") }),
    )
}

/// Some points of a metric.
pub(super) fn page(
    t: &Transaction<'_>,
    run: &str,
    key: &str,
    limit: usize,
    page: Option<&str>,
) -> Outcome<Page<Metric>> {
    let (run, _) = row(t, run)?;
    if limit == 0 {
        let expected = "ask for at least one point";
        return Err(Error::InvalidValue { what: "number of points", value: "0".to_owned(), expected }.into());
    }
    let start = match page.filter(|token| !token.is_empty()) {
        None => None,
        Some(token) => Some(after(token).ok_or_else(|| crate::search::bad_page(token))?),
    };
    let Some(number) = key_row(t, key)? else { return Ok(Page::last(Vec::new())) };
    let most = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
    let read = |r: &rusqlite::Row<'_>| point(key.to_owned(), r, 0);
    let mut items: Vec<Metric> = match start {
        None => {
            let mut points = t.prepare_cached(
                "SELECT step, timestamp, is_nan, value FROM metrics WHERE run = ?1 AND key = ?2
                 ORDER BY step, timestamp, is_nan, value LIMIT ?3",
            )?;
            points.query_map((run, number, most), read)?.collect::<Result<_, _>>()?
        }
        Some((step, timestamp, nan, value)) => {
            let mut points = t.prepare_cached(
                "SELECT step, timestamp, is_nan, value FROM metrics
                 WHERE run = ?1 AND key = ?2 AND (step, timestamp, is_nan, value) > (?4, ?5, ?6, ?7)
                 ORDER BY step, timestamp, is_nan, value LIMIT ?3",
            )?;
            points.query_map((run, number, most, step, timestamp, nan, value), read)?.collect::<Result<_, _>>()?
        }
    };
    let more = items.len() > limit;
    items.truncate(limit);
    let next = if more { items.last().map(token) } else { None };
    Ok(Page { items, next })
}

/// A curve thinned to about `points` points.
pub(super) fn curve(
    t: &Transaction<'_>,
    run: &str,
    key: &str,
    steps: (Option<i64>, Option<i64>),
    points: usize,
) -> Outcome<Vec<Metric>> {
    let (run, _) = row(t, run)?;
    let Some(number) = key_row(t, key)? else { return Ok(Vec::new()) };
    let curve = Curve {
        run,
        key: number,
        name: key,
        first: steps.0.unwrap_or(i64::MIN),
        last: steps.1.unwrap_or(i64::MAX),
        points: points.max(2),
    };
    let few = curve.few(t)?;
    if few.len() <= curve.points {
        return Ok(few);
    }
    let evenly = curve.by_steps(t, &few[0])?;
    // Steps that lie in clusters (often all are 0) would leave too few points.
    Ok(if evenly.len() * 2 >= curve.points { evenly } else { curve.by_rows(t)? })
}

struct Curve<'a> {
    run: i64,
    key: i64,
    name: &'a str,
    first: i64,
    last: i64,
    points: usize,
}

impl Curve<'_> {
    /// The first points, at most one more than asked for.
    fn few(&self, t: &Transaction<'_>) -> rusqlite::Result<Vec<Metric>> {
        let most = i64::try_from(self.points).unwrap_or(i64::MAX - 1) + 1;
        let mut find = t.prepare_cached(
            "SELECT step, timestamp, is_nan, value FROM metrics
             WHERE run = ?1 AND key = ?2 AND step BETWEEN ?3 AND ?4 ORDER BY step, timestamp, is_nan, value LIMIT ?5",
        )?;
        find.query_map((self.run, self.key, self.first, self.last, most), |r| point(self.name.to_owned(), r, 0))?
            .collect()
    }

    fn end(&self, t: &Transaction<'_>) -> rusqlite::Result<Metric> {
        let mut find = t.prepare_cached(
            "SELECT step, timestamp, is_nan, value FROM metrics WHERE run = ?1 AND key = ?2 AND step BETWEEN ?3 AND ?4
             ORDER BY step DESC, timestamp DESC, is_nan DESC, value DESC LIMIT 1",
        )?;
        find.query_row((self.run, self.key, self.first, self.last), |r| point(self.name.to_owned(), r, 0))
    }

    /// The point at each of so many evenly spaced steps, or the next one after: a search in the tree for each, however
    /// many points there are.
    fn by_steps(&self, t: &Transaction<'_>, begin: &Metric) -> rusqlite::Result<Vec<Metric>> {
        let end = self.end(t)?;
        let (low, span) = (i128::from(begin.step), i128::from(end.step) - i128::from(begin.step));
        let parts = i128::try_from(self.points - 1).unwrap_or(i128::MAX);
        let mut find = t.prepare_cached(
            "SELECT step, timestamp, is_nan, value FROM metrics WHERE run = ?1 AND key = ?2 AND step BETWEEN ?3 AND ?4
             ORDER BY step, timestamp, is_nan, value LIMIT 1",
        )?;
        let mut found = vec![begin.clone()];
        for part in 1..parts {
            let step = i64::try_from(low + span * part / parts).unwrap_or(i64::MAX);
            let next = find.query_row((self.run, self.key, step, self.last), |r| point(self.name.to_owned(), r, 0))?;
            if found.last().is_none_or(|last| last.step < next.step) && next.step < end.step {
                found.push(next);
            }
        }
        found.push(end);
        Ok(found)
    }

    /// Every so manieth point: all are stepped over, few are kept.
    fn by_rows(&self, t: &Transaction<'_>) -> rusqlite::Result<Vec<Metric>> {
        let mut count =
            t.prepare_cached("SELECT count(*) FROM metrics WHERE run = ?1 AND key = ?2 AND step BETWEEN ?3 AND ?4")?;
        let count: i64 = count.query_row((self.run, self.key, self.first, self.last), |r| r.get(0))?;
        let (rows, parts) = (u128::try_from(count).unwrap_or(0), (self.points - 1) as u128);
        let mut all = t.prepare_cached(
            "SELECT step, timestamp, is_nan, value FROM metrics WHERE run = ?1 AND key = ?2 AND step BETWEEN ?3 AND ?4
             ORDER BY step, timestamp, is_nan, value",
        )?;
        let mut found = Vec::with_capacity(self.points);
        let mut cursor = all.query((self.run, self.key, self.first, self.last))?;
        let mut at = 0_u128;
        while let Some(row) = cursor.next()? {
            if at == found.len() as u128 * rows.saturating_sub(1) / parts {
                found.push(point(self.name.to_owned(), row, 0)?);
            }
            at += 1;
        }
        Ok(found)
    }
}
