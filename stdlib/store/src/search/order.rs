//! Keys to order by: `NAME`, `NAME ASC`, `NAME DESC`.

use super::ast::{Entity, Field, Order, Subject};
use super::grammar::field;
use super::lexer::{Bad, Kind, tokens};
use crate::error::{Error, Result};

/// Reads one key to order by.
///
/// # Errors
/// [`Error::Syntax`], which says where and what is allowed.
pub fn order(subject: Subject, text: &str) -> Result<Order> {
    let refuse = |reason: String, todo: String| Error::Syntax { what: "order", text: text.to_owned(), reason, todo };
    let shape = "write NAME, NAME ASC or NAME DESC, for instance metrics.auc DESC";
    let tokens = tokens(text).map_err(|Bad { reason, todo }| refuse(reason, todo))?;
    let (name, direction) = match tokens.as_slice() {
        [name] => (name, None),
        [name, direction] => (name, Some(direction)),
        _ => return Err(refuse("it is not one name with one direction".to_owned(), shape.to_owned())),
    };
    let name = match &name.kind {
        Kind::Name(name) => name.clone(),
        Kind::Double(name) => format!("`{name}`"),
        _ => return Err(refuse("it does not begin with a name".to_owned(), shape.to_owned())),
    };
    let ascending = match direction.map(|token| &token.kind) {
        None => true,
        Some(Kind::Name(word)) if word.eq_ignore_ascii_case("asc") => true,
        Some(Kind::Name(word)) if word.eq_ignore_ascii_case("desc") => false,
        Some(_) => return Err(refuse("its second word is not a direction".to_owned(), shape.to_owned())),
    };
    let field = field(subject, &name, true).map_err(|(reason, todo)| refuse(reason, todo))?;
    if is_orderable(subject, &field) {
        Ok(Order { field, ascending })
    } else {
        let reason = format!("one cannot order by a {} here", field.entity.as_str());
        Err(refuse(reason, "order by an attribute instead".to_owned()))
    }
}

fn is_orderable(subject: Subject, field: &Field) -> bool {
    match field.entity {
        Entity::Attribute => true,
        Entity::Metric => matches!(subject, Subject::Runs | Subject::LoggedModels),
        Entity::Param => subject == Subject::Runs,
        Entity::Tag => matches!(subject, Subject::Runs | Subject::Traces),
        Entity::Metadata => true,
        _ => false,
    }
}
