//! Searching runs.

use super::condition::{Conditions, column};
use super::experiments::deleted;
use super::failure::Outcome;
use super::fill::{COLUMNS, Found, read};
use super::place::Places;
use super::sql::{Sql, Window, check_orders, experiment_numbers, page_of};
use crate::error::Result;
use crate::model::Search;
use crate::search::{self, Entity, Order, Subject};
use rusqlite::Transaction;

/// The runs of one page, and the token of the next.
pub(super) fn runs(t: &Transaction<'_>, places: &Places, search: &Search) -> Outcome<(Vec<Found>, Option<String>)> {
    let window = Window::of(search)?;
    let condition = search::filter(Subject::Runs, &search.filter)?;
    let orders = search.order_by.iter().map(|by| search::order(Subject::Runs, by)).collect::<Result<Vec<_>>>()?;
    check_orders(&orders)?;
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM runs x JOIN experiments e ON e.id = x.experiment");
    for (number, order) in orders.iter().enumerate() {
        join(&mut sql, number, order);
    }
    sql.push(" WHERE ").push(deleted(search.view));
    if !search.experiments.is_empty() {
        sql.push(" AND x.experiment IN ").list(&experiment_numbers(&search.experiments)?);
    }
    sql.push(" AND ");
    Conditions { subject: Subject::Runs, root: places.root(), datasets: &[] }.write(&mut sql, &condition);
    sql.push(" ORDER BY ");
    for (number, order) in orders.iter().enumerate() {
        key(&mut sql, number, order);
    }
    let by_start = |order: &Order| order.field.entity == Entity::Attribute && order.field.key == "start_time";
    if !orders.iter().any(by_start) {
        sql.push("x.start_time DESC, ");
    }
    sql.push("x.uuid");
    page_of(t, sql, &window, |row| read(places, row))
}

/// Joins what a key to order by needs; runs that do not have it stay.
fn join(sql: &mut Sql, number: usize, order: &Order) {
    let table = match order.field.entity {
        Entity::Metric => " LEFT JOIN latest_metrics o",
        Entity::Param => " LEFT JOIN params o",
        Entity::Tag => " LEFT JOIN tags o",
        _ => return,
    };
    sql.numbered(table, number).numbered(" ON o", number).numbered(".run = x.id AND o", number).push(".key = ");
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
            // Below one root; where runs lie elsewhere this is by the experiment's place, then the run.
            sql.push("coalesce(x.location, e.location, e.id || ''), x.uuid");
        }
        Entity::Attribute => {
            let column = column(Subject::Runs, &order.field.key);
            sql.push(column).push(" IS NULL, ").push(column);
        }
        Entity::Metric => {
            sql.numbered("CASE WHEN o", number).numbered(".is_nan THEN 1 WHEN o", number);
            sql.numbered(".value IS NULL THEN 2 ELSE 0 END, o", number).push(".value");
        }
        _ => {
            sql.numbered("o", number).numbered(".value IS NULL, o", number).push(".value");
        }
    }
    sql.push(if order.ascending { ", " } else { " DESC, " });
}
