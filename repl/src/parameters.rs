//! Parameters: `-p NAME=VALUE` replaces the values of the cell tagged `parameters`, in a cell injected after it.

use crate::Error;
use crate::notebook::{Cell, Kind, Notebook};
use proc_macro2::TokenStream;
use syn::spanned::Spanned;
use syn::{Expr, Item, Lit, Pat, Stmt};

/// The tag of the cell with the defaults.
pub const TAG: &str = "parameters";
/// The tag of the cell that is injected after it.
pub const INJECTED: &str = "injected-parameters";

/// A definition in the parameters cell.
struct Definition {
    /// `let`, `let mut`, `const`, `static`.
    keyword: &'static str,
    name: String,
    /// With its colon, as it stands in the cell.
    annotation: String,
    value: Expr,
}

/// Injects a cell with the values, each given as `NAME=VALUE`.
///
/// # Errors
/// When there is no cell for them, a name is unknown, or a value is no Rust expression.
pub fn inject(notebook: &mut Notebook, given: &[String]) -> Result<(), Error> {
    if given.is_empty() {
        return Ok(());
    }
    let pairs = given.iter().map(|text| pair(text)).collect::<Result<Vec<_>, Error>>()?;
    let Some(at) = notebook.cells.iter().position(holds_defaults) else {
        let names = pairs.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        return Err(Error::NoParameters { names });
    };
    let definitions = definitions(&notebook.cells[at].source())?;
    let mut text = String::from("// Parameters\n");
    for (name, value) in last_of_each(&pairs) {
        // The last definition is the one in force.
        let definition = definitions.iter().rev().find(|definition| definition.name == name);
        let Some(definition) = definition else {
            let mut known: Vec<String> = definitions.iter().map(|d| format!("`{}`", d.name)).collect();
            known.dedup();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            return Err(Error::UnknownParameter { name: name.to_owned(), known });
        };
        let value = definition.adopt(value)?;
        text.push_str(&format!("{} {name}{} = {value};\n", definition.keyword, definition.annotation));
    }
    let mut cell = Cell::new(Kind::Code, text.trim_end());
    cell.tag(INJECTED);
    notebook.cells.retain(|cell| !cell.has_tag(INJECTED));
    let at = notebook.cells.iter().position(holds_defaults).unwrap_or(0);
    notebook.cells.insert(at + 1, cell);
    notebook.complete();
    Ok(())
}

/// Whether a cell is tagged as the one with the defaults, or begins with `// parameters`.
fn holds_defaults(cell: &Cell) -> bool {
    let says_so = || cell.source().lines().next().is_some_and(|line| line.trim() == "// parameters");
    cell.kind() == Kind::Code && (cell.has_tag(TAG) || says_so())
}

fn pair(text: &str) -> Result<(&str, &str), Error> {
    let form = || Error::ParameterForm { text: text.to_owned() };
    let (name, value) = text.split_once('=').ok_or_else(form)?;
    let name = name.trim();
    if syn::parse_str::<syn::Ident>(name).is_err() {
        return Err(form());
    }
    Ok((name, value.trim()))
}

/// Of a name given twice, the last value counts; names in the order of their first mention.
fn last_of_each<'a>(pairs: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut out: Vec<(&str, &str)> = Vec::new();
    for (name, value) in pairs {
        match out.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = value,
            None => out.push((name, value)),
        }
    }
    out
}

/// What the cell defines with a value. Lines that are magics are left out.
fn definitions(source: &str) -> Result<Vec<Definition>, Error> {
    let rust: String = source
        .lines()
        .map(|line| if line.trim_start().starts_with(['%', '!', ':']) { "\n".into() } else { format!("{line}\n") })
        .collect();
    let words = |error: &dyn std::fmt::Display| Error::ParametersSyntax { words: error.to_string() };
    let tokens: TokenStream = rust.parse().map_err(|error: proc_macro2::LexError| words(&error))?;
    let statements = syn::parse::Parser::parse2(syn::Block::parse_within, tokens).map_err(|error| words(&error))?;
    let annotation = |ty: &syn::Type| rust.get(ty.span().byte_range()).map(|text| format!(": {text}"));
    let definition = |statement| match statement {
        Stmt::Local(local) => {
            let (pattern, annotation) = match local.pat {
                Pat::Type(typed) => (*typed.pat, annotation(&typed.ty).unwrap_or_default()),
                pattern => (pattern, String::new()),
            };
            let Pat::Ident(name) = pattern else { return None };
            let keyword = if name.mutability.is_some() { "let mut" } else { "let" };
            Some(Definition { keyword, name: name.ident.to_string(), annotation, value: *local.init?.expr })
        }
        Stmt::Item(Item::Const(item)) => Some(Definition {
            keyword: "const",
            name: item.ident.to_string(),
            annotation: annotation(&item.ty).unwrap_or_default(),
            value: *item.expr,
        }),
        _ => None,
    };
    Ok(statements.into_iter().filter_map(definition).collect())
}

impl Definition {
    /// The given value as an expression of the same kind as the default's.
    fn adopt(&self, value: &str) -> Result<String, Error> {
        let expression = syn::parse_str::<Expr>(value).ok();
        if let Some(wrap) = string_wrap(&self.value) {
            return Ok(match &expression {
                Some(Expr::Lit(lit)) if matches!(lit.lit, Lit::Str(_)) => wrap.around(value),
                // `String::from("a")`, `"a".to_owned()`, `format!(..)`: already what it has to be.
                Some(Expr::Call(_) | Expr::MethodCall(_) | Expr::Macro(_)) => value.to_owned(),
                _ => wrap.around(&format!("{value:?}")),
            });
        }
        let is_bool = matches!(&self.value, Expr::Lit(lit) if matches!(lit.lit, Lit::Bool(_)));
        match value {
            "True" if is_bool => return Ok("true".into()),
            "False" if is_bool => return Ok("false".into()),
            _ => {}
        }
        let expression =
            expression.ok_or_else(|| Error::ParameterValue { name: self.name.clone(), value: value.to_owned() })?;
        Ok(match (number(&self.value), number(&expression)) {
            (Some(default), Some(new)) => default.fit(&new, value),
            _ => value.to_owned(),
        })
    }
}

/// How a default makes its value of a string literal.
enum Wrap {
    Bare,
    Method(String),
    Function(String),
}

impl Wrap {
    fn around(&self, literal: &str) -> String {
        match self {
            Wrap::Bare => literal.to_owned(),
            Wrap::Method(name) => format!("{literal}.{name}()"),
            Wrap::Function(path) => format!("{path}({literal})"),
        }
    }
}

fn string_wrap(default: &Expr) -> Option<Wrap> {
    let is_string = |expr: &Expr| matches!(expr, Expr::Lit(lit) if matches!(lit.lit, Lit::Str(_)));
    match default {
        _ if is_string(default) => Some(Wrap::Bare),
        Expr::MethodCall(call) if is_string(&call.receiver) && call.args.is_empty() && call.turbofish.is_none() => {
            Some(Wrap::Method(call.method.to_string()))
        }
        Expr::Call(call) if call.args.len() == 1 && call.args.first().is_some_and(is_string) => {
            let Expr::Path(path) = &*call.func else { return None };
            let segments: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            Some(Wrap::Function(segments.join("::")))
        }
        _ => None,
    }
}

/// A number literal, perhaps negative.
struct Number {
    float: bool,
    suffix: String,
}

fn number(expr: &Expr) -> Option<Number> {
    match expr {
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) => number(&unary.expr),
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(int) => Some(Number { float: false, suffix: int.suffix().to_owned() }),
            Lit::Float(float) => Some(Number { float: true, suffix: float.suffix().to_owned() }),
            _ => None,
        },
        _ => None,
    }
}

impl Number {
    /// Another number's text, with this one's type: `1` for a default of `0.5` is `1.0`.
    fn fit(&self, new: &Number, text: &str) -> String {
        if !new.suffix.is_empty() {
            return text.to_owned();
        }
        if !self.suffix.is_empty() {
            return format!("{text}_{}", self.suffix);
        }
        let plain = text.chars().all(|c| c.is_ascii_digit() || c == '_' || c == '-');
        if self.float && !new.float && plain { format!("{text}.0") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injected(cell: &str, given: &[&str]) -> Result<String, Error> {
        let mut parameters = Cell::new(Kind::Code, cell);
        parameters.tag(TAG);
        let mut notebook = Notebook::new(vec![Cell::new(Kind::Code, "0"), parameters, Cell::new(Kind::Code, "1")]);
        inject(&mut notebook, &given.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())?;
        assert_eq!(notebook.cells.len(), 4);
        assert!(notebook.cells[2].has_tag(INJECTED));
        let text = notebook.cells[2].source();
        Ok(text.strip_prefix("// Parameters\n").unwrap().to_owned())
    }

    #[test]
    fn values_take_the_kind_of_the_default() {
        let check = |cell: &str, given: &str, expected: &str| {
            assert_eq!(injected(cell, &[given]).unwrap(), expected, "{cell} {given}");
        };
        check("let depth = 3;", "depth=6", "let depth = 6;");
        check("let rate = 0.5;", "rate=1", "let rate = 1.0;");
        check("let rate = 0.5_f32;", "rate=-2", "let rate = -2_f32;");
        check("let rate: f64 = 0.5;", "rate=1e-3", "let rate: f64 = 1e-3;");
        check("let mut n: Vec<u8> = vec![];", "n=vec![1, 2]", "let mut n: Vec<u8> = vec![1, 2];");
        check("let name = \"a\";", "name=x y", "let name = \"x y\";");
        check("let name = \"a\";", "name=\"x\"", "let name = \"x\";");
        check("let name = \"a\".to_string();", "name=say \"hi\"", "let name = \"say \\\"hi\\\"\".to_string();");
        check("let path = PathBuf::from(\"a\");", "path=/tmp/x=y", "let path = PathBuf::from(\"/tmp/x=y\");");
        check("let fast = true;", "fast=False", "let fast = false;");
        check("%seed 1\nconst N: usize = 3;", "N=4", "const N: usize = 4;");
    }

    #[test]
    fn what_cannot_be_set_says_why() {
        let check = |cell: &str, given: &str, words: &str| {
            let error = injected(cell, &[given]).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.remedy().is_some());
        };
        check("let depth = 3; let rate = 0.5;", "dept=6", "`depth`, `rate`");
        check("let depth = 3;", "depth=6 7", "not a Rust expression");
        check("let depth = 3;", "depth", "NAME=VALUE");
        check("let depth = ;", "depth=1", "does not parse");
        let error = inject(&mut Notebook::new(vec![]), &["a=1".into()]).unwrap_err();
        assert!(error.to_string().contains("no cell tagged `parameters`"));
    }

    #[test]
    fn a_cell_can_say_itself_that_it_holds_the_defaults() {
        let mut notebook = Notebook::new(vec![Cell::new(Kind::Code, "// parameters\nlet a = 1;")]);
        inject(&mut notebook, &["a=2".into()]).unwrap();
        assert!(notebook.cells[1].source().ends_with("let a = 2;"));
    }

    #[test]
    fn a_second_run_replaces_the_injected_cell() {
        let mut parameters = Cell::new(Kind::Code, "let a = 1;");
        parameters.tag(TAG);
        let mut notebook = Notebook::new(vec![parameters]);
        inject(&mut notebook, &["a=2".into()]).unwrap();
        inject(&mut notebook, &["a=3".into(), "a=4".into()]).unwrap();
        assert_eq!(notebook.cells.len(), 2);
        assert!(notebook.cells[1].source().ends_with("let a = 4;"));
    }
}
