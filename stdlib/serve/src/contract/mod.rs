//! The contract of a model: its signature, against which every request is read.

mod offence;
mod read;
mod rows;
pub(crate) mod time;

pub use offence::{Offence, Problem};
pub(crate) use read::{Cell, Reader};
pub use rows::{Rows, Unknown};

use ironbook_data::Kind;
use ironbook_learn::{Feature, Signature};
use std::collections::HashMap;

/// What is done about columns that the model does not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extra {
    /// The request is refused, and the columns are named.
    #[default]
    Refuse,
    /// They are left out, as MLflow does.
    Ignore,
}

/// A signature, prepared for reading requests.
#[derive(Clone, Debug)]
pub struct Contract {
    signature: Signature,
    places: HashMap<String, usize>,
    extra: Extra,
}

impl Contract {
    /// The contract of a signature.
    #[must_use]
    pub fn new(signature: Signature, extra: Extra) -> Contract {
        let places = signature.names().enumerate().map(|(place, name)| (name.to_owned(), place)).collect();
        Contract { signature, places, extra }
    }

    /// What the model reads and predicts.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Number of columns that the model reads.
    #[must_use]
    pub fn width(&self) -> usize {
        self.signature.features.len()
    }

    pub(crate) fn names_differ(&self) -> bool {
        self.places.len() == self.width()
    }

    pub(crate) fn extra(&self) -> Extra {
        self.extra
    }

    pub(crate) fn name(&self, feature: usize) -> &str {
        &self.signature.features[feature].name
    }

    pub(crate) fn kind(&self, feature: usize) -> &Kind {
        &self.signature.features[feature].kind
    }

    /// The feature of this name; the one at `guess` is looked at first, because most clients keep the order.
    pub(crate) fn find(&self, name: &str, guess: usize) -> Option<usize> {
        if self.signature.features.get(guess).is_some_and(|feature| feature.name == name) {
            return Some(guess);
        }
        self.places.get(name).copied()
    }

    /// A row that the model can answer, as JSON, in the order of its columns; of a text its first category, zero of a number.
    #[must_use]
    pub fn example(&self) -> String {
        let value = |kind: &Kind| match kind {
            Kind::Numeric => "0".to_owned(),
            Kind::Time => "\"2013-01-01T05:15:00\"".to_owned(),
            Kind::Categorical(names) => names
                .first()
                .map_or_else(|| "null".to_owned(), |name| serde_json::Value::from(name.as_str()).to_string()),
        };
        let field =
            |feature: &Feature| format!("{}:{}", serde_json::Value::from(feature.name.as_str()), value(&feature.kind));
        let fields: Vec<String> = self.signature.features.iter().map(field).collect();
        format!("{{{}}}", fields.join(","))
    }

    /// Names of the classes, for a classifier.
    pub(crate) fn classes(&self) -> Vec<String> {
        self.signature.classes.as_ref().map_or_else(Vec::new, |classes| classes.names())
    }
}
