//! Statements built from parts: text of ours, values of users always bound.

use super::failure::Outcome;
use crate::error::{Error, Result};
use crate::model::Search;
use crate::search::{Order, start_of};
use rusqlite::types::Value;
use rusqlite::{Row, Transaction, params_from_iter};

/// A statement with its values.
#[derive(Default)]
pub(super) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// A statement that begins so.
    pub(super) fn new(text: &'static str) -> Sql {
        Sql { text: text.to_owned(), values: Vec::new() }
    }

    /// Adds text; constant, so that no user's text can get here.
    pub(super) fn push(&mut self, text: &'static str) -> &mut Sql {
        self.text.push_str(text);
        self
    }

    /// Adds a name with a number, for instance that of a joined table.
    pub(super) fn numbered(&mut self, name: &'static str, number: usize) -> &mut Sql {
        self.text.push_str(name);
        self.text.push_str(&number.to_string());
        self
    }

    /// Adds a value.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> &mut Sql {
        self.text.push('?');
        self.values.push(value.into());
        self
    }

    /// Adds another statement's text and values.
    pub(super) fn append(&mut self, other: Sql) -> &mut Sql {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
        self
    }

    /// Adds `(SELECT value FROM json_each(?))`: a list of any length with one value.
    pub(super) fn list<T: serde::Serialize>(&mut self, of: &[T]) -> &mut Sql {
        // Texts and numbers always have a JSON form.
        let json = serde_json::to_string(of).unwrap_or_else(|_| "[]".to_owned());
        self.push("(SELECT value FROM json_each(").bind(json).push("))")
    }

    /// Adds that a column is one of these numbers. A single one lets an index give the order, too.
    pub(super) fn one_of(&mut self, column: &'static str, numbers: &[i64]) -> &mut Sql {
        match numbers {
            [only] => self.push(column).push(" = ").bind(*only),
            many => self.push(column).push(" IN ").list(many),
        }
    }

    /// Runs it.
    pub(super) fn rows<T>(
        self,
        t: &Transaction<'_>,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        t.prepare_cached(&self.text)?.query_map(params_from_iter(self.values), read)?.collect()
    }

    /// Adds the end of a search: so many items and one more (which tells that there is a next page), from an offset on.
    pub(super) fn window(&mut self, window: &Window) -> &mut Sql {
        self.push(" LIMIT ").bind(window.limit + 1).push(" OFFSET ").bind(window.offset)
    }
}

/// Which part of what was found is asked for.
pub(super) struct Window {
    limit: i64,
    offset: i64,
}

impl Window {
    /// From limit and page of a search.
    pub(super) fn of(search: &Search) -> Result<Window> {
        if search.limit == 0 || search.limit > Search::MAX_LIMIT {
            return Err(Error::InvalidValue {
                what: "number of results",
                value: search.limit.to_string(),
                expected: "ask for 1 to 50000, and for the next page after that",
            });
        }
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX / 2);
        Ok(Window { limit: number(search.limit), offset: number(start_of(search.page.as_deref())?) })
    }

    /// Cuts off the one item more; the token of the next page.
    pub(super) fn cut<T>(&self, found: &mut Vec<T>) -> Option<String> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let next = (found.len() > limit).then(|| usize::try_from(self.offset + self.limit).unwrap_or(usize::MAX));
        found.truncate(limit);
        next.map(crate::search::next_page)
    }
}

/// Ids of experiments as numbers.
pub(super) fn experiment_numbers(ids: &[String]) -> Result<Vec<i64>> {
    ids.iter()
        .map(|id| {
            id.parse().map_err(|_| Error::InvalidValue {
                what: "id of an experiment",
                value: id.clone(),
                expected: "ids of experiments are whole numbers",
            })
        })
        .collect()
}

/// Refuses keys that occur twice, and more keys than can be joined.
pub(super) fn check_orders(orders: &[Order]) -> Result<()> {
    let refuse = |order: &Order, reason: &str, todo: &str| {
        let text = format!("{}.{}", order.field.entity.as_str(), order.field.key);
        Err(Error::Syntax { what: "order", text, reason: reason.to_owned(), todo: todo.to_owned() })
    };
    for (at, order) in orders.iter().enumerate() {
        if at >= 32 {
            return refuse(order, "it is the 33rd key", "order by at most 32 keys");
        }
        if orders[..at].iter().any(|before| before.field == order.field) {
            return refuse(order, "one orders by it twice", "name each key once");
        }
    }
    Ok(())
}

/// Runs a search's statement and says whether it goes on.
pub(super) fn page_of<T>(
    t: &Transaction<'_>,
    mut sql: Sql,
    window: &Window,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Outcome<(Vec<T>, Option<String>)> {
    sql.window(window);
    let mut found = sql.rows(t, read)?;
    let next = window.cut(&mut found);
    Ok((found, next))
}
