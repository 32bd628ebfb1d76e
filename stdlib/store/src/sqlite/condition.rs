//! Conditions of searches as SQL.

use super::sql::Sql;
use crate::search::{Comparison, Entity, Expr, Op, Subject, Value};

/// Writes a condition on the row that the statement calls `x` (and its experiment `e`); `root` is the URI below which
/// default locations lie, `datasets` a condition on measurements of models.
pub(super) struct Conditions<'a> {
    pub(super) subject: Subject,
    pub(super) root: &'a str,
    pub(super) datasets: &'a [(String, Option<String>)],
}

impl Conditions<'_> {
    /// Writes it.
    pub(super) fn write(&self, sql: &mut Sql, expr: &Expr) {
        match expr {
            Expr::All(parts) if parts.is_empty() => {
                sql.push("1");
            }
            Expr::All(parts) => {
                let (spans, others): (Vec<&Expr>, Vec<&Expr>) = parts.iter().partition(|part| is_span(part));
                let mut glue = "(";
                if !spans.is_empty() {
                    sql.push(glue);
                    self.spans(sql, &spans);
                    glue = " AND ";
                }
                for part in others {
                    sql.push(glue);
                    self.write(sql, part);
                    glue = " AND ";
                }
                sql.push(")");
            }
            Expr::Any(parts) => {
                let mut glue = "(";
                for part in parts {
                    sql.push(glue);
                    self.write(sql, part);
                    glue = " OR ";
                }
                sql.push(")");
            }
            Expr::Not(inner) => {
                // What was never set compares as NULL; of that, too, the opposite holds.
                sql.push("NOT coalesce(");
                self.write(sql, inner);
                sql.push(", 0)");
            }
            Expr::Compare(_) if is_span(expr) => self.spans(sql, &[expr]),
            Expr::Compare(comparison) => self.compare(sql, comparison),
        }
    }

    fn compare(&self, sql: &mut Sql, comparison: &Comparison) {
        let Comparison { field, op, value } = comparison;
        let key = &field.key;
        match (self.subject, field.entity) {
            (_, Entity::Attribute) => self.attribute(sql, comparison),
            (Subject::Runs, Entity::Metric) => {
                sql.push("EXISTS (SELECT 1 FROM latest_metrics m WHERE m.run = x.id AND m.key = ");
                metric(sql, key, *op, value);
                sql.push(")");
            }
            (_, Entity::Metric) => {
                sql.push("EXISTS (SELECT 1 FROM model_metrics m WHERE m.model = x.id AND m.key = ");
                metric(sql, key, *op, value);
                self.on_datasets(sql);
                sql.push(")");
            }
            (_, Entity::Dataset) => dataset(sql, key, *op, value),
            (_, Entity::Feedback | Entity::Expectation | Entity::Issue) => {
                assessment(sql, field.entity, key, *op, value);
            }
            (subject, entity) => {
                sql.push(if *op == Op::IsNull { "NOT EXISTS (SELECT 1 FROM " } else { "EXISTS (SELECT 1 FROM " });
                sql.push(pairs(subject, entity)).push(" AND p.key = ").bind(key.clone());
                if !matches!(op, Op::IsNull | Op::IsNotNull) {
                    sql.push(" AND ");
                    compare(sql, "p.value", *op, value);
                }
                sql.push(")");
            }
        }
    }

    /// `AND` that the measurement `m` is of one of the datasets.
    pub(super) fn on_datasets(&self, sql: &mut Sql) {
        let mut glue = " AND (";
        for (name, digest) in self.datasets {
            sql.push(glue).push("m.dataset_name = ").bind(name.clone());
            if let Some(digest) = digest {
                sql.push(" AND m.dataset_digest = ").bind(digest.clone());
            }
            glue = " OR ";
        }
        if !self.datasets.is_empty() {
            sql.push(")");
        }
    }

    fn attribute(&self, sql: &mut Sql, Comparison { field, op, value }: &Comparison) {
        match (self.subject, field.key.as_str()) {
            (Subject::Runs, "artifact_uri") => {
                // As `Places` does it.
                let mut uri = Sql::new("(CASE WHEN x.location IS NULL THEN coalesce(e.location, ");
                uri.bind(self.root.to_owned()).push(" || '/' || e.id) || '/' || x.uuid || '/artifacts' ");
                uri.push("WHEN substr(x.location, 1, 2) = './' THEN ").bind(self.root.to_owned());
                uri.push(" || substr(x.location, 2) ELSE x.location END)");
                compare_with(sql, uri, *op, value);
            }
            (Subject::Traces, "name") => tag_like(sql, "trace_tags", "mlflow.traceName", *op, value),
            (Subject::Traces, "run_id") => {
                sql.push("(");
                tag_like(sql, "trace_metadata", "mlflow.sourceRun", *op, value);
                if *op == Op::Eq {
                    sql.push(" OR EXISTS (SELECT 1 FROM run_traces l JOIN runs r ON r.id = l.run WHERE l.trace = x.uuid AND ");
                    compare(sql, "r.uuid", *op, value);
                    sql.push(")");
                }
                sql.push(")");
            }
            (Subject::Traces, "text") => {
                sql.push("EXISTS (SELECT 1 FROM spans s WHERE s.trace = x.id AND ");
                compare(sql, "s.content", *op, value);
                sql.push(")");
            }
            (Subject::LoggedModels, "status") => compare(sql, "x.status", *op, &without_prefix(value)),
            (Subject::Experiments | Subject::LoggedModels, "experiment_id") => {
                number_ids(sql, self.subject, *op, value);
            }
            (subject, key) => compare(sql, column(subject, key), *op, value),
        }
    }

    /// That one span fits all of these.
    fn spans(&self, sql: &mut Sql, parts: &[&Expr]) {
        sql.push("EXISTS (SELECT 1 FROM spans s WHERE s.trace = x.id");
        for part in parts {
            let Expr::Compare(Comparison { field, op, value }) = part else { continue };
            sql.push(" AND ");
            match field.key.as_str() {
                "name" => compare(sql, "s.name", *op, value),
                "type" => compare(sql, "s.type", *op, value),
                "status" => compare(sql, "s.status", *op, value),
                "content" => compare(sql, "s.content", *op, value),
                key => span_attribute(sql, key.strip_prefix("attributes.").unwrap_or(key), *op, value),
            }
        }
        sql.push(")");
    }
}

fn is_span(expr: &Expr) -> bool {
    matches!(expr, Expr::Compare(comparison) if comparison.field.entity == Entity::Span)
}

/// An attribute is in a span's JSON as text that is JSON itself (`"\"text\""`), or as a value.
fn span_attribute(sql: &mut Sql, key: &str, op: Op, value: &Value) {
    sql.push("EXISTS (SELECT 1 FROM json_each(s.content, '$.attributes') a WHERE a.key = ");
    sql.bind(key.trim_matches('`').to_owned()).push(" AND ");
    match (op, value) {
        (Op::Eq | Op::Ne, Value::Text(plain)) => json_is(sql, "CAST(a.value AS TEXT)", op, plain),
        _ => compare(sql, "CAST(a.value AS TEXT)", op, value),
    }
    sql.push(")");
}

/// That JSON is, or is not, a plain value (`true`, `5`) or this text.
fn json_is(sql: &mut Sql, column: &'static str, op: Op, plain: &str) {
    let quoted = serde_json::Value::from(plain).to_string();
    sql.push(column).push(if op == Op::Eq { " IN (" } else { " NOT IN (" });
    sql.bind(plain.to_owned()).push(", ").bind(quoted).push(")");
}

/// Where names and values of a kind are, called `p`.
fn pairs(subject: Subject, entity: Entity) -> &'static str {
    match (subject, entity) {
        (Subject::Runs, Entity::Param) => "params p WHERE p.run = x.id",
        (Subject::Runs, _) => "tags p WHERE p.run = x.id",
        (Subject::Experiments, _) => "experiment_tags p WHERE p.experiment = x.id",
        (Subject::RegisteredModels, _) => "registered_tags p WHERE p.registered = x.id",
        (Subject::ModelVersions, _) => "version_tags p WHERE p.version = x.id",
        (Subject::LoggedModels, Entity::Param) => "model_params p WHERE p.model = x.id",
        (Subject::LoggedModels, _) => "model_tags p WHERE p.model = x.id",
        (Subject::Traces, Entity::Metadata) => "trace_metadata p WHERE p.trace = x.id",
        (Subject::Traces, _) => "trace_tags p WHERE p.trace = x.id",
    }
}

/// The column of an attribute.
pub(super) fn column(subject: Subject, key: &str) -> &'static str {
    match (subject, key) {
        (Subject::Runs, "run_id") => "x.uuid",
        (Subject::Runs, "run_name") => "x.name",
        (Subject::Runs, "start_time") => "x.start_time",
        (Subject::Runs, "end_time") => "x.end_time",
        (Subject::Runs, "user_id") => "x.user",
        (Subject::Experiments, "creation_time") => "x.created",
        (Subject::Experiments, "last_update_time") => "x.updated",
        (Subject::RegisteredModels, "timestamp" | "last_updated_timestamp") => "x.updated",
        (Subject::ModelVersions, "name") => "g.name",
        (Subject::ModelVersions, "version_number") => "x.version",
        (Subject::ModelVersions, "run_id") => "x.run",
        (Subject::ModelVersions, "source_path") => "x.source",
        (Subject::ModelVersions | Subject::LoggedModels, "creation_timestamp") => "x.created",
        (Subject::ModelVersions | Subject::LoggedModels, "last_updated_timestamp") => "x.updated",
        (Subject::LoggedModels, "model_id") => "x.uuid",
        (Subject::LoggedModels, "model_type") => "x.model_type",
        (Subject::LoggedModels, "source_run_id") => "x.source_run",
        (Subject::Traces, "timestamp_ms") => "x.timestamp",
        (Subject::Traces, "execution_time_ms") => "x.duration",
        (Subject::Traces, "end_time_ms") => "(x.timestamp + coalesce(x.duration, 0))",
        (Subject::Traces, "status") => "x.state",
        (Subject::Traces, "request_id") => "x.uuid",
        (Subject::Traces, "experiment_id") => "x.experiment",
        (Subject::Traces, "client_request_id") => "x.client_request_id",
        (_, "status") => "x.status",
        (_, "experiment_id") => "x.id",
        _ => "x.name",
    }
}

/// After `m.key = `: the number of the name, and that the value fits. NaN differs from every number, as in MLflow.
fn metric(sql: &mut Sql, key: &str, op: Op, value: &Value) {
    sql.push("(SELECT id FROM metric_keys WHERE name = ").bind(key.to_owned()).push(") AND (");
    compare(sql, "m.value", op, value);
    sql.push(if op == Op::Ne { " OR m.is_nan)" } else { " AND NOT m.is_nan)" });
}

fn dataset(sql: &mut Sql, key: &str, op: Op, value: &Value) {
    sql.push("EXISTS (SELECT 1 FROM inputs i JOIN datasets d ON d.id = i.dataset ");
    let column = match key {
        "context" => {
            sql.push("JOIN input_tags c ON c.input = i.id AND c.key = 'mlflow.data.context' ");
            "c.value"
        }
        "digest" => "d.digest",
        _ => "d.name",
    };
    sql.push("WHERE i.run = x.id AND ");
    compare(sql, column, op, value);
    sql.push(")");
}

fn assessment(sql: &mut Sql, entity: Entity, key: &str, op: Op, value: &Value) {
    sql.push(if op == Op::IsNull { "NOT EXISTS (" } else { "EXISTS (" });
    sql.push("SELECT 1 FROM assessments a WHERE a.trace = x.id AND a.valid AND a.type = ")
        .bind(entity.as_str().to_owned());
    sql.push(" AND a.name = ");
    match (entity, value) {
        (Entity::Issue, Value::Text(id)) => {
            sql.bind(id.clone());
        }
        _ => {
            sql.bind(key.to_owned());
            match (op, value) {
                (Op::IsNull | Op::IsNotNull, _) => {}
                (Op::Eq | Op::Ne, Value::Text(plain)) => {
                    sql.push(" AND ");
                    json_is(sql, "a.value", op, plain);
                }
                (Op::Like | Op::ILike, _) => {
                    sql.push(" AND ");
                    compare(sql, "a.value", op, value);
                }
                _ => {
                    sql.push(" AND ");
                    compare(sql, "a.number", op, value);
                }
            }
        }
    }
    sql.push(")");
}

/// That something kept in a table of names and values, under a fixed name, fits.
fn tag_like(sql: &mut Sql, table: &'static str, key: &'static str, op: Op, value: &Value) {
    sql.push("EXISTS (SELECT 1 FROM ").push(table).push(" p WHERE p.trace = x.id AND p.key = ").bind(key.to_owned());
    sql.push(" AND ");
    compare(sql, "p.value", op, value);
    sql.push(")");
}

fn number_ids(sql: &mut Sql, subject: Subject, op: Op, value: &Value) {
    let number = |text: &String| text.trim().parse::<i64>().unwrap_or(-1);
    let column = if subject == Subject::Experiments { "x.id" } else { "x.experiment" };
    match value {
        Value::List(ids) => {
            sql.push(column).push(if op == Op::In { " IN " } else { " NOT IN " });
            sql.list(&ids.iter().map(number).collect::<Vec<_>>());
        }
        Value::Text(id) => compare(sql, column, op, &Value::Integer(number(id))),
        _ => compare(sql, column, op, value),
    }
}

fn without_prefix(value: &Value) -> Value {
    let cut = |text: &String| text.strip_prefix("LOGGED_MODEL_").unwrap_or(text).to_owned();
    match value {
        Value::Text(text) => Value::Text(cut(text)),
        Value::List(list) => Value::List(list.iter().map(cut).collect()),
        other => other.clone(),
    }
}

/// A comparison of a column.
pub(super) fn compare(sql: &mut Sql, column: &'static str, op: Op, value: &Value) {
    compare_with(sql, Sql::new(column), op, value);
}

fn compare_with(sql: &mut Sql, column: Sql, op: Op, value: &Value) {
    if op == Op::ILike {
        sql.push("lower(").append(column).push(")");
    } else {
        sql.append(column);
    }
    sql.push(match op {
        Op::Eq => " = ",
        Op::Ne => " != ",
        Op::Gt => " > ",
        Op::Ge => " >= ",
        Op::Lt => " < ",
        Op::Le => " <= ",
        Op::Like => " LIKE ",
        Op::ILike => " LIKE lower(",
        Op::In => " IN ",
        Op::NotIn => " NOT IN ",
        Op::IsNull => " IS NULL",
        Op::IsNotNull => " IS NOT NULL",
    });
    match value {
        Value::Null => {}
        Value::Text(text) => {
            sql.bind(text.clone());
        }
        Value::Integer(number) => {
            sql.bind(*number);
        }
        Value::Float(number) => {
            sql.bind(*number);
        }
        Value::List(list) => {
            sql.list(list);
        }
    }
    if op == Op::ILike {
        sql.push(")");
    }
}
