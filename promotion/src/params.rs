//! Parameters: constants that the user marked, which can be set from outside.

use crate::unit::Unit;
use std::ops::Range;
use syn::spanned::Spanned as _;

/// A parameter of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Name of the variable.
    pub name: String,
    /// Its type: a number, `bool`, `char`, `&str` or `String`.
    pub type_name: String,
    /// Its value in the session.
    pub default: toml::Value,
    /// The comment beside it.
    pub doc: String,
}

/// A `let` of a unit that is a parameter.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    /// Position of the statement.
    pub statement: usize,
    /// Whether the variable is `mut`.
    pub mutable: bool,
    /// The parameter.
    pub parameter: Parameter,
}

/// The tags of cells all of whose constants are parameters: the author's, and that of the cell with the values of `-p`.
pub(crate) const TAGS: [&str; 2] = ["parameters", "injected-parameters"];

/// The parameters that a unit declares.
pub(crate) fn declared(unit: &Unit<'_>) -> Vec<Declared> {
    let all = TAGS.iter().any(|tag| unit.marks.tags.contains(*tag));
    let line_of = |at: usize| unit.text.text[..at].matches('\n').count();
    let mut out = Vec::new();
    for (index, statement) in unit.statements.iter().enumerate().filter(|(_, s)| s.is_let && s.binds.len() == 1) {
        let (first, last) = (line_of(statement.range.start), line_of(statement.range.end));
        // Beside it, or alone on the line above.
        let marked = unit.marks.params.iter().any(|line| (first..=last).contains(line) || line + 1 == first);
        if !all && !marked {
            continue;
        }
        let own = &unit.text.text[statement.range.clone()];
        let Some((_, default, guessed)) = literal(own) else { continue };
        let Some(name) = statement.binds.first() else { continue };
        let type_name = unit.past.flow.wrote.get(name).cloned().unwrap_or(guessed);
        if !is_simple(&type_name) {
            continue;
        }
        let parameter = Parameter { name: name.clone(), type_name: short(&type_name), default, doc: doc(unit, last) };
        out.push(Declared { statement: index, mutable: !statement.mutable.is_empty(), parameter });
    }
    out
}

fn is_simple(type_name: &str) -> bool {
    let numbers = ["i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize", "f32", "f64"];
    numbers.contains(&type_name) || ["bool", "char", "&str", "alloc::string::String"].contains(&type_name)
}

fn short(type_name: &str) -> String {
    type_name.rsplit("::").next().unwrap_or(type_name).to_owned()
}

/// The comment at the end of a line.
fn doc(unit: &Unit<'_>, line: usize) -> String {
    let text = unit.text.text.lines().nth(line).unwrap_or("");
    let comment = text.split_once("//").map_or("", |(_, comment)| comment.trim());
    comment.strip_prefix("param").map_or(comment, |rest| rest.trim_start_matches([':', ' '])).to_owned()
}

/// The literal that a `let` gives a name, with its bytes and its type.
fn literal(statement: &str) -> Option<(Range<usize>, toml::Value, String)> {
    let block: syn::Block = syn::parse_str(&format!("{{{statement}\n}}")).ok()?;
    let [syn::Stmt::Local(local)] = block.stmts.as_slice() else { return None };
    let init = &local.init.as_ref()?.expr;
    let range = init.span().byte_range();
    let (value, type_name) = value_of(init)?;
    // One brace stands before the statement.
    Some((range.start - 1..range.end - 1, value, type_name))
}

fn value_of(expr: &syn::Expr) -> Option<(toml::Value, String)> {
    match expr {
        syn::Expr::Lit(lit) => match &lit.lit {
            syn::Lit::Int(int) => {
                let of = if int.suffix().is_empty() { "i32" } else { int.suffix() };
                Some((toml::Value::Integer(int.base10_parse().ok()?), of.to_owned()))
            }
            syn::Lit::Float(float) => {
                let of = if float.suffix().is_empty() { "f64" } else { float.suffix() };
                Some((toml::Value::Float(float.base10_parse().ok()?), of.to_owned()))
            }
            syn::Lit::Bool(value) => Some((toml::Value::Boolean(value.value), "bool".to_owned())),
            syn::Lit::Str(text) => Some((toml::Value::String(text.value()), "&str".to_owned())),
            syn::Lit::Char(c) => Some((toml::Value::String(c.value().to_string()), "char".to_owned())),
            _ => None,
        },
        syn::Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) => match value_of(&unary.expr)? {
            (toml::Value::Integer(value), of) => Some((toml::Value::Integer(-value), of)),
            (toml::Value::Float(value), of) => Some((toml::Value::Float(-value), of)),
            _ => None,
        },
        // "text".to_string(), String::from("text")
        syn::Expr::MethodCall(call)
            if call.args.is_empty()
                && ["to_string", "to_owned", "into"].contains(&call.method.to_string().as_str()) =>
        {
            match value_of(&call.receiver)? {
                (toml::Value::String(text), _) => Some((toml::Value::String(text), "alloc::string::String".to_owned())),
                _ => None,
            }
        }
        syn::Expr::Call(call) if call.args.len() == 1 => {
            let syn::Expr::Path(path) = &*call.func else { return None };
            let names: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            match (names.join("::").as_str(), value_of(call.args.first()?)?) {
                ("String::from", (toml::Value::String(text), _)) => {
                    Some((toml::Value::String(text), "alloc::string::String".to_owned()))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_values() {
        let value = |text: &str| literal(text).map(|(range, value, of)| (text[range].to_owned(), value, of));
        assert_eq!(value("let a = 15;"), Some(("15".into(), toml::Value::Integer(15), "i32".into())));
        assert_eq!(value("let a: f32 = -0.5f32;"), Some(("-0.5f32".into(), toml::Value::Float(-0.5), "f32".into())));
        assert_eq!(
            value("let s = \"x\".to_string();"),
            Some(("\"x\".to_string()".into(), toml::Value::String("x".into()), "alloc::string::String".into()))
        );
        assert_eq!(value("let a = f(1);"), None);
    }
}
