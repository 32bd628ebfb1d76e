//! Statics, which live in the runtime from the first cell on that has them.

use super::{Definition, Items, Key, Kind};
use crate::map::{Builder, ExecutionId};
use crate::parse;
use crate::text::emit;
use std::collections::BTreeSet;

impl Items {
    /// Forgets which statics live in the runtime (it was restarted).
    pub fn runtime_restarted(&mut self) {
        self.exported.clear();
    }

    /// Remembers that the statics among `keys` now live in the runtime.
    pub fn statics_loaded(&mut self, reached: &[&Key]) {
        for key in reached.iter().filter(|key| key.kind == Kind::Static) {
            if let Some(definition) = self.all.get(key) {
                let symbol = self.static_symbol(definition);
                self.exported.insert(key.name.clone(), symbol);
            }
        }
    }

    /// Statics that live in the runtime with a type that has changed since; they start anew.
    pub fn restarted(&mut self, execution: ExecutionId) -> Vec<String> {
        let changed = |name: &&String| {
            let definition = self.all.get(&Key { kind: Kind::Static, name: (*name).clone() });
            let older = definition.filter(|d| d.execution != execution);
            older.is_some_and(|d| self.exported.get(*name) != Some(&self.static_symbol(d)))
        };
        let gone: Vec<String> = self.exported.keys().filter(changed).cloned().collect();
        gone.iter().for_each(|name| drop(self.exported.remove(name)));
        gone
    }

    /// A static of a type that has changed is another one: what was stored would be read with another layout.
    fn static_symbol(&self, definition: &Definition) -> String {
        let mut known = BTreeSet::new();
        if let Some(tokens) = definition.static_type.as_ref().and_then(|(ty, _)| ty.parse().ok()) {
            parse::idents_of(tokens, &mut known);
        }
        let shape = self.identify(None, known);
        let hash = blake3::hash(format!("{}#{}#{shape}", definition.text, definition.execution).as_bytes()).to_hex();
        format!("__ironbook_static_{}_{}", definition.key.name, &hash[..12])
    }

    pub(super) fn emit_static(&self, definition: &Definition, builder: &mut Builder) {
        let symbol = self.static_symbol(definition);
        let name = &definition.key.name;
        match (&definition.static_type, self.exported.get(name) == Some(&symbol)) {
            (Some((ty, mutable)), true) => {
                let form = if *mutable { "static mut" } else { "safe static" };
                builder.glue(&format!(
                    "unsafe extern \"Rust\" {{ #[link_name = \"{symbol}\"] pub(crate) {form} {name}: {ty}; }}\n"
                ));
            }
            _ => {
                builder.glue(&format!("#[unsafe(export_name = \"{symbol}\")] "));
                emit(builder, &definition.pieces);
                builder.glue("\n");
            }
        }
    }
}

/// A static's type with the lifetimes that it leaves out written down, as a foreign static needs them.
pub(super) fn lasting(ty: &syn::Type) -> String {
    struct Lasting;
    impl syn::visit_mut::VisitMut for Lasting {
        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            reference.lifetime.get_or_insert_with(|| syn::Lifetime::new("'static", proc_macro2::Span::call_site()));
            syn::visit_mut::visit_type_reference_mut(self, reference);
        }
        fn visit_lifetime_mut(&mut self, lifetime: &mut syn::Lifetime) {
            if lifetime.ident == "_" {
                *lifetime = syn::Lifetime::new("'static", lifetime.apostrophe);
            }
        }
        // In signatures they have a meaning of their own.
        fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut syn::ParenthesizedGenericArguments) {}
    }
    let mut ty = ty.clone();
    syn::visit_mut::VisitMut::visit_type_mut(&mut Lasting, &mut ty);
    quote::ToTokens::to_token_stream(&ty).to_string()
}
