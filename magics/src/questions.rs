//! Finds in the code of `%%tune` where it asks its trial for parameters, so that the winner can be shown as code.

use crate::magic::literal;
use std::ops::Range;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// The methods of a trial that ask for a parameter.
const METHODS: &[&str] = &["int", "int_step", "log_int", "float", "float_step", "log_float", "categorical"];
/// The name of the trial.
const TRIAL: &str = "trial";
/// What stands before and after the code so that it parses.
const OPEN: &str = "{\n";
const CLOSE: &str = "\n}";

/// Code, and where it asks.
pub(crate) struct Questions<'a> {
    text: &'a str,
    asked: Vec<Asked>,
    /// Whether the trial is mentioned besides.
    asks_more: bool,
    result: bool,
    tail: Option<Range<usize>>,
}

/// A question with a name that is written out.
struct Asked {
    range: Range<usize>,
    name: String,
    /// The choices as they are written.
    choices: Vec<String>,
    /// Whether a method is called on the answer.
    receives: bool,
}

/// The questions of code; of code that does not parse there are none.
pub(crate) fn of(text: &str) -> Questions<'_> {
    let nothing = Questions { text, asked: Vec::new(), asks_more: false, result: false, tail: None };
    let Ok(block) = syn::parse_str::<syn::Block>(&format!("{OPEN}{text}{CLOSE}")) else { return nothing };
    let mut finder = Finder { text, asked: Vec::new(), mentions: 0, receiver: false };
    finder.visit_block(&block);
    let tail = match block.stmts.last() {
        Some(syn::Stmt::Expr(tail, None)) => Some(tail),
        _ => None,
    };
    let result = tail.is_some_and(is_result);
    let tail = tail.and_then(|tail| finder.range(tail.span()));
    let asks_more = finder.mentions > finder.asked.len();
    Questions { text, asked: finder.asked, asks_more, result, tail }
}

impl Questions<'_> {
    /// Whether the code ends in `Ok(..)` or `Err(..)`.
    pub(crate) fn ends_in_result(&self) -> bool {
        self.result
    }

    /// Bytes of the expression that the code ends in.
    pub(crate) fn tail(&self) -> Option<Range<usize>> {
        self.tail.clone()
    }

    /// The pieces of the code as a call of `Search::code`; empty where it asks for nothing by name.
    pub(crate) fn rust(&self) -> String {
        if self.asked.is_empty() {
            return String::new();
        }
        let piece = |text: &str, asked: Option<&Asked>| {
            let choices = asked.map_or(&[][..], |asked| &asked.choices);
            let choices: Vec<String> = choices.iter().map(|choice| literal(choice)).collect();
            format!(
                "::ironbook::tune::Piece {{ text: {}, param: {}, choices: &[{}], receives: {} }}",
                literal(text),
                literal(asked.map_or("", |asked| &asked.name)),
                choices.join(", "),
                asked.is_some_and(|asked| asked.receives)
            )
        };
        let mut pieces = Vec::new();
        let mut at = 0;
        for asked in &self.asked {
            pieces.push(piece(&self.text[at..asked.range.start], Some(asked)));
            at = asked.range.end;
        }
        pieces.push(piece(&self.text[at..], None));
        format!(".code(::ironbook::tune::Code {{ pieces: &[{}], asks_more: {} }})", pieces.join(", "), self.asks_more)
    }
}

/// Whether an expression is `Ok(..)` or `Err(..)`, at least in one of its branches.
fn is_result(expr: &syn::Expr) -> bool {
    let block = |block: &syn::Block| {
        block.stmts.last().is_some_and(|last| matches!(last, syn::Stmt::Expr(tail, None) if is_result(tail)))
    };
    match expr {
        syn::Expr::Call(call) => {
            matches!(&*call.func, syn::Expr::Path(path) if path.path.is_ident("Ok") || path.path.is_ident("Err"))
        }
        syn::Expr::If(branch) => {
            block(&branch.then_branch) || branch.else_branch.as_ref().is_some_and(|(_, other)| is_result(other))
        }
        syn::Expr::Match(branches) => branches.arms.iter().any(|arm| is_result(&arm.body)),
        syn::Expr::Block(inner) => block(&inner.block),
        syn::Expr::Paren(inner) => is_result(&inner.expr),
        _ => false,
    }
}

struct Finder<'a> {
    text: &'a str,
    asked: Vec<Asked>,
    mentions: usize,
    /// Whether a method is called on the expression that is visited next.
    receiver: bool,
}

impl Finder<'_> {
    /// The question that a call is, if its parameter's name is written out.
    fn question(&self, call: &syn::ExprMethodCall, receives: bool) -> Option<Asked> {
        let is_trial = matches!(&*call.receiver, syn::Expr::Path(path) if path.path.is_ident(TRIAL));
        let method = METHODS.iter().find(|method| call.method == **method)?;
        let name = match call.args.first()? {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }) => name.value(),
            _ => return None,
        };
        // A whole number alone does not say its type to a method that is called on it.
        let whole = method.contains("int");
        if !is_trial || name.is_empty() || whole && receives {
            return None;
        }
        let range = self.range(call.span())?;
        let choices = if *method == "categorical" { self.choices(call.args.get(1)?)? } else { Vec::new() };
        Some(Asked { range, name, choices, receives })
    }

    /// The choices as they are written; without them a choice of a type of the user's could not be written.
    fn choices(&self, list: &syn::Expr) -> Option<Vec<String>> {
        match list {
            syn::Expr::Array(list) => {
                list.elems.iter().map(|each| self.range(each.span()).map(|range| self.text[range].to_owned())).collect()
            }
            syn::Expr::Reference(inner) => self.choices(&inner.expr),
            _ => Some(Vec::new()),
        }
    }

    /// Bytes of the text.
    fn range(&self, span: proc_macro2::Span) -> Option<Range<usize>> {
        let range = span.byte_range();
        let (start, end) = (range.start.checked_sub(OPEN.len())?, range.end.checked_sub(OPEN.len())?);
        (start < end && self.text.is_char_boundary(start) && self.text.is_char_boundary(end)).then_some(start..end)
    }

    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        for tree in tokens {
            match tree {
                proc_macro2::TokenTree::Ident(ident) => self.mentions += usize::from(ident == TRIAL),
                proc_macro2::TokenTree::Group(group) => self.tokens(group.stream()),
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let receives = std::mem::take(&mut self.receiver);
        if let Some(asked) = self.question(call, receives) {
            self.mentions += 1;
            self.asked.push(asked);
            return;
        }
        self.receiver = true;
        self.visit_expr(&call.receiver);
        self.receiver = false;
        call.args.iter().for_each(|arg| self.visit_expr(arg));
    }

    fn visit_expr(&mut self, expr: &'ast syn::Expr) {
        // Only what a method is called on directly receives it.
        if !matches!(expr, syn::Expr::MethodCall(_) | syn::Expr::Paren(_)) {
            self.receiver = false;
        }
        visit::visit_expr(self, expr);
    }

    fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
        self.mentions += usize::from(ident == TRIAL);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code with `<name>` in place of each question.
    fn shown(text: &str) -> (String, bool) {
        let found = of(text);
        let mut out = String::new();
        let mut at = 0;
        for asked in &found.asked {
            out += &text[at..asked.range.start];
            out += &format!("<{}{}>", asked.name, if asked.receives { "." } else { "" });
            at = asked.range.end;
        }
        (out + &text[at..], found.asks_more)
    }

    #[test]
    fn questions_are_found_in_order() {
        let (code, more) = shown(
            "let p = Gbdt::params().max_depth(trial.int(\"depth\", 3..=10)).learning_rate(trial.log_float(\"rate\", 1e-3..0.3));\nscore(&p)",
        );
        assert_eq!(code, "let p = Gbdt::params().max_depth(<depth>).learning_rate(<rate>);\nscore(&p)");
        assert!(!more);
        let (code, more) = shown("let ü = trial.float(\"x\", 0.0..=1.0).powi(2); // é\nfold(trial)? + ü");
        assert_eq!(code, "let ü = <x.>; // é\nfold(trial)? + ü".replace("<x.>", "<x.>.powi(2)"));
        assert!(more);
    }

    #[test]
    fn what_cannot_be_written_out_stays() {
        for text in [
            "(0..3).map(|i| trial.float(&format!(\"x{i}\"), 0.0..=1.0)).sum::<f64>()",
            "trial.int(\"n\", 1..=5).min(3) as f64",
            "println!(\"{}\", trial.number()); 0.5",
        ] {
            assert_eq!(shown(text), (text.to_owned(), true));
        }
        assert_eq!(shown("let = 5"), ("let = 5".to_owned(), false));
    }

    #[test]
    fn choices_are_kept_as_they_are_written() {
        let found = of("trial.categorical(\"loss\", [Loss::Log, Loss::Exp(2)]).cost()");
        assert_eq!(found.asked[0].choices, ["Loss::Log", "Loss::Exp(2)"]);
        assert!(
            found.rust().contains("choices: &[\"Loss::Log\", \"Loss::Exp(2)\"], receives: true"),
            "{}",
            found.rust()
        );
    }

    #[test]
    fn an_end_in_a_result_is_seen() {
        for (text, result) in [
            ("Ok(1.0)", true),
            ("let x = f()?;\nif x > 1.0 { Ok(x) } else { Err(\"small\".into()) }", true),
            ("match x { 1 => Ok(1.0), _ => g() }", true),
            ("f()", false),
            ("Ok(1.0);", false),
            ("Some(1.0)", false),
        ] {
            assert_eq!(of(text).ends_in_result(), result, "{text}");
        }
    }
}
