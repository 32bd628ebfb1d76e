//! Which items a cell reaches.

use super::{Definition, Items, Key, Kind};
use std::collections::BTreeSet;

impl Items {
    /// The keys that `idents` reach, through items, impls and `use`s; in emission order.
    pub fn reach(&self, idents: &BTreeSet<String>) -> Vec<&Definition> {
        let mut known = idents.clone();
        // What is shown may have it.
        known.insert(crate::codegen::EVCXR.to_owned());
        let mut reached: BTreeSet<&Key> = BTreeSet::new();
        loop {
            let before = reached.len();
            for (key, definition) in &self.all {
                if !reached.contains(key) && self.reaches(definition, &known) {
                    reached.insert(key);
                    known.extend(definition.idents.iter().cloned());
                }
            }
            if reached.len() == before {
                break;
            }
        }
        let mut out: Vec<&Definition> = self.iter().filter(|d| reached.contains(&d.key)).collect();
        out.sort_by_key(|d| (d.key.kind != Kind::Macro, d.execution));
        out
    }

    fn reaches(&self, definition: &Definition, known: &BTreeSet<String>) -> bool {
        match definition.key.kind {
            // A trait is also used through its methods, and a glob or a trait import through anything.
            Kind::Use | Kind::Other => true,
            Kind::Trait => known.contains(&definition.key.name) || !definition.methods.is_disjoint(known),
            Kind::Impl => self.reaches_impl(definition, known),
            _ => known.contains(&definition.key.name),
        }
    }

    fn reaches_impl(&self, definition: &Definition, known: &BTreeSet<String>) -> bool {
        let user_types = definition.header.iter().filter(|name| self.is_user_type(name));
        let types_reached = user_types.clone().all(|name| known.contains(name));
        if definition.of_trait.is_none() {
            return types_reached && !definition.methods.is_disjoint(known);
        }
        types_reached && user_types.count() > 0
    }

    fn is_user_type(&self, name: &str) -> bool {
        [Kind::Type, Kind::Trait, Kind::Alias, Kind::Module]
            .into_iter()
            .any(|kind| self.all.contains_key(&Key { kind, name: name.to_owned() }))
    }
}
