//! Searching runs.

use super::condition::{Conditions, column, compare};
use super::experiments::deleted;
use super::failure::Outcome;
use super::fill::{COLUMNS, Found, read};
use super::place::Places;
use super::sql::{Sql, Window, check_orders, experiment_numbers, page_of};
use crate::error::Result;
use crate::model::Search;
use crate::search::{self, Comparison, Entity, Expr, Op, Order, Subject};
use rusqlite::Transaction;

/// With more runs than this in the searched experiments, an order by a metric is read from the metric's index.
const MANY: usize = 2_000;

/// The runs of one page, and the token of the next.
pub(super) fn runs(t: &Transaction<'_>, places: &Places, search: &Search) -> Outcome<(Vec<Found>, Option<String>)> {
    let window = Window::of(search)?;
    let condition = search::filter(Subject::Runs, &search.filter)?;
    let orders = search.order_by.iter().map(|by| search::order(Subject::Runs, by)).collect::<Result<Vec<_>>>()?;
    check_orders(&orders)?;
    let find = Find { places, search, experiments: experiment_numbers(&search.experiments)?, condition, orders };
    if find.is_by_metric() && find.has_many(t)? {
        let (found, next) = page_of(t, find.statement(Plan::ByMetric), &window, |row| read(places, row))?;
        // NaN and what has no value come last: a page full of numbers has none of them.
        if next.is_some() || find.is_bounded() {
            return Ok((found, next));
        }
    }
    page_of(t, find.statement(Plan::ByRun), &window, |row| read(places, row))
}

/// From where a statement starts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// From the runs.
    ByRun,
    /// From the numbers of the metric of the first key, which an index has in their order.
    ByMetric,
}

struct Find<'a> {
    places: &'a Places,
    search: &'a Search,
    experiments: Vec<i64>,
    condition: Expr,
    orders: Vec<Order>,
}

impl Find<'_> {
    fn is_by_metric(&self) -> bool {
        self.orders.first().is_some_and(|order| order.field.entity == Entity::Metric)
    }

    /// Whether there are so many runs that looking at each takes longer than following an index of all experiments.
    fn has_many(&self, t: &Transaction<'_>) -> rusqlite::Result<bool> {
        let mut sql = Sql::new("SELECT 1 FROM runs x WHERE 1");
        self.experiments(&mut sql);
        sql.push(" LIMIT 1 OFFSET ").bind(i64::try_from(MANY).unwrap_or(i64::MAX));
        Ok(!sql.rows(t, |_| Ok(()))?.is_empty())
    }

    fn experiments(&self, sql: &mut Sql) {
        if !self.search.experiments.is_empty() {
            sql.push(" AND ").one_of("x.experiment", &self.experiments);
        }
    }

    /// What the condition itself says of the metric of the first key. Where it says something, it excludes NaN and what
    /// has no value.
    fn bounds(&self) -> impl Iterator<Item = &Comparison> {
        let parts = match &self.condition {
            Expr::All(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        parts
            .iter()
            .filter_map(|part| match part {
                Expr::Compare(comparison) if comparison.op != Op::Ne => Some(comparison),
                _ => None,
            })
            .filter(|comparison| self.orders.first().is_some_and(|order| order.field == comparison.field))
    }

    fn is_bounded(&self) -> bool {
        self.bounds().next().is_some()
    }

    fn statement(&self, plan: Plan) -> Sql {
        let mut sql = Sql::new("SELECT ");
        sql.push(COLUMNS).push(" FROM runs x JOIN experiments e ON e.id = x.experiment");
        for (number, order) in self.orders.iter().enumerate() {
            let must = plan == Plan::ByMetric && number == 0;
            join(&mut sql, number, order, if must { " JOIN " } else { " LEFT JOIN " });
        }
        sql.push(" WHERE ").push(deleted(self.search.view));
        self.experiments(&mut sql);
        if plan == Plan::ByMetric {
            sql.push(" AND NOT o0.is_nan");
            for bound in self.bounds() {
                sql.push(" AND ");
                compare(&mut sql, "o0.value", bound.op, &bound.value);
            }
        }
        sql.push(" AND ");
        Conditions { subject: Subject::Runs, root: self.places.base(), datasets: &[] }.write(&mut sql, &self.condition);
        sql.push(" ORDER BY ");
        for (number, order) in self.orders.iter().enumerate() {
            if plan == Plan::ByMetric && number == 0 {
                sql.push("o0.value");
            } else {
                key(&mut sql, number, order);
            }
            sql.push(if order.ascending { ", " } else { " DESC, " });
        }
        let by_start = |order: &Order| order.field.entity == Entity::Attribute && order.field.key == "start_time";
        if !self.orders.iter().any(by_start) {
            sql.push("x.start_time DESC, ");
        }
        sql.push("x.uuid");
        sql
    }
}

/// Joins what a key to order by needs; runs that do not have it stay.
fn join(sql: &mut Sql, number: usize, order: &Order, how: &'static str) {
    let table = match order.field.entity {
        Entity::Metric => "latest_metrics o",
        Entity::Param => "params o",
        Entity::Tag => "tags o",
        _ => return,
    };
    sql.push(how)
        .numbered(table, number)
        .numbered(" ON o", number)
        .numbered(".run = x.id AND o", number)
        .push(".key = ");
    if order.field.entity == Entity::Metric {
        sql.push("(SELECT id FROM metric_keys WHERE name = ").bind(order.field.key.clone()).push(")");
    } else {
        sql.bind(order.field.key.clone());
    }
}

/// A key: numbers, then NaN, then what has none, in both directions.
fn key(sql: &mut Sql, number: usize, order: &Order) {
    match order.field.entity {
        Entity::Attribute if order.field.key == "artifact_uri" => {
            // Below one root the same order; only runs of version 1 and of experiments elsewhere lie before or after.
            sql.push("coalesce(x.location, e.location, '') || '/' || e.id || '/' || x.uuid");
        }
        Entity::Attribute => {
            let column = column(Subject::Runs, &order.field.key);
            // The others are always there, and an index has some of them in order.
            if order.field.key == "end_time" {
                sql.push("x.end_time IS NULL, ");
            }
            sql.push(column);
        }
        Entity::Metric => {
            sql.numbered("CASE WHEN o", number).numbered(".is_nan THEN 1 WHEN o", number);
            sql.numbered(".value IS NULL THEN 2 ELSE 0 END, o", number).push(".value");
        }
        _ => {
            sql.numbered("o", number).numbered(".value IS NULL, o", number).push(".value");
        }
    }
}
