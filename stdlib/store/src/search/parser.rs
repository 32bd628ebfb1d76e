//! Filters: tokens become a condition.

use super::ast::{Comparison, Expr, Field, Op, Subject, Value};
use super::grammar::{self, Takes};
use super::lexer::{Bad, Kind, Token, tokens};
use crate::error::{Error, Result};

/// Comparisons of one filter, at most: each is a part of a statement, which has limits.
const MAX_COMPARISONS: usize = 200;

/// Longest pattern of `LIKE`, in bytes: longer ones take too long, and databases refuse them.
const MAX_PATTERN: usize = 10_000;

/// How deep parentheses and `NOT` may be nested: more is no filter that anybody wrote.
const MAX_DEPTH: usize = 64;

/// Reads a filter; an empty one always holds.
///
/// # Errors
/// [`Error::Syntax`], which says where and what is allowed.
pub fn filter(subject: Subject, text: &str) -> Result<Expr> {
    let refuse = |Bad { reason, todo }: Bad| Error::Syntax { what: "filter", text: text.to_owned(), reason, todo };
    if text.trim().is_empty() {
        return Ok(Expr::always());
    }
    let tokens = tokens(text).map_err(refuse)?;
    let mut parser = Parser { subject, tokens, next: 0, depth: 0, comparisons: 0 };
    let expr = parser.any().map_err(refuse)?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(refuse(bad(token.at, &shown(token), "does not follow from what is before it", CONNECT))),
    }
}

type Parsed<T> = std::result::Result<T, Bad>;

const CONNECT: &str = "connect comparisons with AND or OR";
const COMPARE: &str = "write comparisons as metrics.auc > 0.9 or params.model = 'gbdt'";

struct Parser {
    subject: Subject,
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    comparisons: usize,
}

fn bad(at: usize, what: &str, reason: &str, todo: impl Into<String>) -> Bad {
    Bad { reason: format!("{what} at character {at} {reason}"), todo: todo.into() }
}

/// A token for messages.
fn shown(token: &Token) -> String {
    match &token.kind {
        Kind::Name(text) | Kind::Sign(text) => format!("`{text}`"),
        Kind::Single(text) => format!("'{text}'"),
        Kind::Double(text) => format!("\"{text}\""),
        Kind::Integer(number) => format!("{number}"),
        Kind::Float(number) => format!("{number}"),
        Kind::Open => "`(`".to_owned(),
        Kind::Close => "`)`".to_owned(),
        Kind::Comma => "`,`".to_owned(),
    }
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token { kind: Kind::Name(name), .. }) if name.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        self.next += usize::from(is);
        is
    }

    fn take(&mut self, expected: &str) -> Parsed<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token.ok_or_else(|| Bad { reason: format!("it ends where {expected} should be"), todo: COMPARE.to_owned() })
    }

    fn any(&mut self) -> Parsed<Expr> {
        let mut parts = vec![self.all()?];
        while self.take_word("OR") {
            parts.push(self.all()?);
        }
        Ok(join(parts, Expr::Any))
    }

    fn all(&mut self) -> Parsed<Expr> {
        let mut parts = vec![self.not()?];
        while self.take_word("AND") {
            parts.push(self.not()?);
        }
        Ok(join(parts, Expr::All))
    }

    fn not(&mut self) -> Parsed<Expr> {
        let at = self.peek().map_or(0, |token| token.at);
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(bad(at, "what begins", "is nested too deep", "write the condition with fewer parentheses"));
        }
        let found = if self.take_word("NOT") {
            Expr::Not(Box::new(self.not()?))
        } else if matches!(self.peek(), Some(Token { kind: Kind::Open, .. })) {
            self.next += 1;
            let inner = self.any()?;
            let close = self.take("`)`")?;
            if close.kind != Kind::Close {
                return Err(bad(close.at, &shown(&close), "stands where `)` should be", CONNECT));
            }
            inner
        } else {
            Expr::Compare(self.comparison()?)
        };
        self.depth -= 1;
        Ok(found)
    }

    fn comparison(&mut self) -> Parsed<Comparison> {
        let name = self.take("a name")?;
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            let todo = "use at most 200 comparisons; IN takes long lists";
            return Err(bad(name.at, &shown(&name), "is one comparison too many", todo));
        }
        let field = match &name.kind {
            Kind::Name(text) => grammar::field(self.subject, text, false),
            Kind::Double(text) => grammar::field(self.subject, &format!("`{text}`"), false),
            _ => return Err(bad(name.at, &shown(&name), "stands where a name should be", COMPARE)),
        };
        let field =
            field.map_err(|(reason, todo)| Bad { reason: format!("{reason} (character {})", name.at), todo })?;
        let (op, at) = self.op()?;
        let rule = grammar::rule(self.subject, &field);
        if !rule.ops.contains(&op) {
            let what = format!("`{}`", op.as_str());
            let reason = format!("does not go with {} `{}`", field.entity.as_str(), field.key);
            return Err(bad(at, &what, &reason, grammar::one_of(rule.ops.iter().map(|op| op.as_str()))));
        }
        let value = match op {
            Op::IsNull | Op::IsNotNull => Value::Null,
            Op::In | Op::NotIn => self.list(rule.takes)?,
            _ => self.value(&field, op, rule.takes)?,
        };
        Ok(Comparison { field, op, value })
    }

    fn op(&mut self) -> Parsed<(Op, usize)> {
        let token = self.take("an operator")?;
        let todo = "use =, !=, <, <=, >, >=, LIKE, ILIKE, IN, NOT IN, IS NULL or IS NOT NULL";
        let wrong = || bad(token.at, &shown(&token), "is not an operator", todo);
        let word = match &token.kind {
            Kind::Sign(sign) => {
                let signs = [Op::Eq, Op::Ne, Op::Gt, Op::Ge, Op::Lt, Op::Le];
                return signs.into_iter().find(|op| op.as_str() == sign).map(|op| (op, token.at)).ok_or_else(wrong);
            }
            Kind::Name(word) => word.to_ascii_uppercase(),
            _ => return Err(wrong()),
        };
        let op = match word.as_str() {
            "LIKE" => Op::Like,
            "ILIKE" => Op::ILike,
            "RLIKE" => {
                let todo = "use LIKE with % for any text and _ for any character";
                return Err(bad(token.at, "`RLIKE`", "is not supported", todo));
            }
            "IN" => Op::In,
            "NOT" if self.take_word("IN") => Op::NotIn,
            "IS" if self.take_word("NULL") => Op::IsNull,
            "IS" if self.take_word("NOT") && self.take_word("NULL") => Op::IsNotNull,
            _ => return Err(wrong()),
        };
        Ok((op, token.at))
    }

    fn value(&mut self, field: &Field, op: Op, takes: Takes) -> Parsed<Value> {
        let token = self.take("a value")?;
        let numeric = matches!(op, Op::Gt | Op::Ge | Op::Lt | Op::Le);
        let (text, number, todo) = match takes {
            Takes::Text | Takes::Id => (true, false, "put text in single quotes"),
            Takes::Number => (false, true, "give a number, without quotes"),
            Takes::Integer => (true, true, "give a whole number"),
            Takes::Either if numeric => (false, true, "give a number, without quotes"),
            Takes::Either => (true, false, "put text in single quotes"),
        };
        let value = match token.kind.clone() {
            Kind::Single(value) | Kind::Double(value)
                if matches!(op, Op::Like | Op::ILike) && value.len() > MAX_PATTERN =>
            {
                return Err(bad(token.at, "the pattern", "is too long", "use at most 10,000 bytes"));
            }
            Kind::Single(value) | Kind::Double(value) if text => typed(value, takes),
            Kind::Integer(value) if number => Some(Value::Integer(value)),
            Kind::Float(value) if number && takes != Takes::Integer => Some(Value::Float(value)),
            _ => None,
        };
        value.ok_or_else(|| {
            let reason = format!("cannot be compared with {} `{}`", field.entity.as_str(), field.key);
            bad(token.at, &shown(&token), &reason, todo)
        })
    }

    fn list(&mut self, takes: Takes) -> Parsed<Value> {
        let todo = "give a list of texts in parentheses: ('a', 'b')";
        let open = self.take("a list")?;
        if open.kind != Kind::Open {
            return Err(bad(open.at, &shown(&open), "stands where a list should be", todo));
        }
        let mut values = Vec::new();
        loop {
            let token = self.take("`)`")?;
            match token.kind.clone() {
                Kind::Close if !values.is_empty() => return Ok(Value::List(values)),
                Kind::Single(value) | Kind::Double(value) if typed(value.clone(), takes).is_some() => {
                    values.push(value);
                }
                _ => return Err(bad(token.at, &shown(&token), "cannot stand in this list", todo)),
            }
            let token = self.take("`)`")?;
            match token.kind {
                Kind::Close => return Ok(Value::List(values)),
                Kind::Comma => {}
                _ => return Err(bad(token.at, &shown(&token), "stands where `,` or `)` should be", todo)),
            }
        }
    }
}

fn typed(text: String, takes: Takes) -> Option<Value> {
    match takes {
        Takes::Integer => text.trim().parse().ok().map(Value::Integer),
        Takes::Id => text.trim().parse::<i64>().ok().map(|_| Value::Text(text)),
        _ => Some(Value::Text(text)),
    }
}

fn join(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            many(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(subject: Subject, text: &str) -> String {
        filter(subject, text).expect_err(text).to_string()
    }

    #[test]
    fn messages_say_where_and_what_is_allowed() {
        let runs = |text| refused(Subject::Runs, text);
        assert!(runs("metrics.auc LIKE 'x'").contains("`LIKE` at character 13 does not go with metric `auc`"));
        assert!(runs("metrics.auc LIKE 'x'").ends_with("use =, !=, >, >=, < or <="));
        assert!(runs("metric.a > '5'").contains("'5' at character 12 cannot be compared"));
        assert!(runs("metrik.a > 5").contains("`metrik` is not a kind of field here"));
        assert!(runs("statos = 'x'").contains("there is no attribute `statos` here"));
        assert!(runs("params.a = 'b").contains("the ' at character 12 is never closed"));
        assert!(runs("metrics.val/auc > 1").ends_with("and text in single quotes"));
        assert!(runs("metrics.a >").contains("it ends where a value should be"));
        assert!(runs("metrics.a > 1 metrics.b > 1").contains("`metrics.b` at character 15"));
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = |n: usize| format!("{}metrics.a > 1{}", "(".repeat(n), ")".repeat(n));
        assert!(filter(Subject::Runs, &deep(20)).is_ok());
        assert!(refused(Subject::Runs, &deep(100_000)).contains("nested too deep"));
        assert!(refused(Subject::Runs, &"NOT ".repeat(100_000)).contains("nested too deep"));
    }

    #[test]
    fn size_is_bounded() {
        let many = |n: usize| vec!["metrics.a > 1"; n].join(" AND ");
        assert!(filter(Subject::Runs, &many(200)).is_ok());
        assert!(refused(Subject::Runs, &many(201)).contains("one comparison too many"));
        let like = |n: usize| format!("params.a LIKE '{}'", "%".repeat(n));
        assert!(filter(Subject::Runs, &like(10_000)).is_ok());
        assert!(refused(Subject::Runs, &like(10_001)).contains("the pattern at character 15 is too long"));
    }

    #[test]
    fn or_binds_less_than_and() {
        let one = filter(Subject::Runs, "metrics.a > 1 OR metrics.b > 1 AND metrics.c > 1").unwrap();
        let other = filter(Subject::Runs, "(metrics.a > 1) or (metrics.b > 1 and metrics.c > 1)").unwrap();
        assert_eq!(one, other);
        assert!(matches!(one, Expr::Any(parts) if parts.len() == 2));
    }
}
