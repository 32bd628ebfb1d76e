//! The names that patterns bind.

use syn::visit::Visit;
use syn::{Expr, Pat};

/// The names that a pattern binds which can fail: a lone capitalised name in it is a constant or a variant.
pub fn pattern_names(pat: &Pat, names: &mut Vec<String>) {
    bindings(pat, &|name| !name.starts_with(char::is_uppercase), names);
}

/// The names that a pattern binds which cannot fail: `X` is a variable (unless the session has an item of that name).
pub fn irrefutable_names(pat: &Pat, names: &mut Vec<String>) {
    bindings(pat, &|name| name != "None", names);
}

fn bindings(pat: &Pat, binds: &dyn Fn(&str) -> bool, names: &mut Vec<String>) {
    struct Names<'a>(&'a mut Vec<String>, &'a dyn Fn(&str) -> bool);
    impl<'ast> Visit<'ast> for Names<'_> {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            let name = pat.ident.to_string();
            let binds = pat.by_ref.is_some() || pat.mutability.is_some() || pat.subpat.is_some() || (self.1)(&name);
            if binds && !self.0.contains(&name) {
                self.0.push(name);
            }
            syn::visit::visit_pat_ident(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    Names(names, binds).visit_pat(pat);
}
