//! Types with serde: positions only if that gives the value back, else with the names of fields, else not at all.

use super::Keeper;
use crate::rt::{Measure, Show};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::fmt::{self, Debug};
use std::io::{self, Write};
use std::sync::Arc;

/// How two values of a type are told apart, so that what serde leaves out or cannot express is noticed.
pub struct Compare<T> {
    /// `PartialEq`, if the type has it.
    pub equal: Option<fn(&T, &T) -> bool>,
    /// Its `Debug` text, likewise.
    pub text: Option<fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result>,
}

/// postcard: compact, tells `Some(None)` from `None`; but skipped fields shift what follows.
const POSITIONS: u8 = 1;
/// MessagePack with the names of fields: for flattened, untagged and skipped ones.
const NAMES: u8 = 2;

type Deserialize = fn(&mut dyn erased_serde::Deserializer<'_>) -> Result<Box<dyn Any>, erased_serde::Error>;
type Same = Box<dyn Fn(&dyn Any, &dyn Any) -> bool + Send + Sync>;

/// What the code below needs of a type; the rest is compiled once.
struct Type {
    serialize: fn(&dyn Any) -> Option<&dyn erased_serde::Serialize>,
    deserialize: Deserialize,
    same: Same,
}

/// A keeper for a type with serde; `None` when its values cannot be compared.
pub fn keeper_of<T: Serialize + DeserializeOwned + Any>(compare: Compare<T>, ways: (Show, Measure)) -> Option<Keeper> {
    if compare.equal.is_none() && compare.text.is_none() {
        return None;
    }
    let of = Type {
        serialize: |value| value.downcast_ref::<T>().map(|value| value as &dyn erased_serde::Serialize),
        deserialize: |from| erased_serde::deserialize::<T>(from).map(|value| Box::new(value) as Box<dyn Any>),
        same: Box::new(move |a, b| match (a.downcast_ref::<T>(), b.downcast_ref::<T>()) {
            (Some(a), Some(b)) => same(&compare, a, b),
            _ => false,
        }),
    };
    Some(keeper(std::any::type_name::<T>(), of, ways))
}

fn same<T>(compare: &Compare<T>, a: &T, b: &T) -> bool {
    if let Some(equal) = compare.equal {
        // What holds a NaN is not even equal to itself; its text tells.
        if equal(a, b) || equal(a, a) {
            return equal(a, b);
        }
    }
    compare.text.is_some_and(|text| Shown(a, text).to_string() == Shown(b, text).to_string())
}

struct Shown<'a, T>(&'a T, fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result);

impl<T> fmt::Display for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.1)(self.0, f)
    }
}

impl<T> Compare<T> {
    /// `Debug`'s function.
    pub fn debug() -> fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result
    where
        T: Debug,
    {
        <T as Debug>::fmt
    }
}

fn keeper(type_name: &'static str, of: Type, (show, measure): (Show, Measure)) -> Keeper {
    let of = Arc::new(of);
    let (reader, compared) = (Arc::clone(&of), Arc::clone(&of));
    Keeper {
        type_name,
        identity: "",
        write: Arc::new(move |value, to| write(&of, value, to)),
        read: Arc::new(move |bytes| read(&reader, bytes)),
        detach: None,
        share: None,
        objection: None,
        // A `Cell` or a `Mutex` can stand anywhere in a type; who compiles it knows more.
        frozen: false,
        aliased: false,
        show,
        measure,
        moved: None,
        same: Some(Arc::new(move |a, b| (compared.same)(a, b))),
    }
}

/// Writes the first form from which an equal value is read.
fn write(of: &Type, value: &dyn Any, to: &mut dyn Write) -> io::Result<()> {
    for form in [POSITIONS, NAMES] {
        let Ok(bytes) = encode(of, value, form) else { continue };
        if read(of, &bytes).is_ok_and(|back| (of.same)(value, &*back)) {
            return to.write_all(&bytes);
        }
    }
    Err(io::Error::other("what its serde writes is not read back as an equal value"))
}

fn encode(of: &Type, value: &dyn Any, form: u8) -> Result<Vec<u8>, String> {
    let value = (of.serialize)(value).ok_or("of another type")?;
    match form {
        POSITIONS => postcard::to_extend(value, vec![POSITIONS]).map_err(|error| error.to_string()),
        _ => {
            let mut bytes = vec![NAMES];
            let mut serializer = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
            value.serialize(&mut serializer).map_err(|error| error.to_string())?;
            Ok(bytes)
        }
    }
}

fn read(of: &Type, bytes: &[u8]) -> io::Result<Box<dyn Any>> {
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    match bytes.split_first() {
        Some((&POSITIONS, rest)) => {
            let mut deserializer = postcard::Deserializer::from_bytes(rest);
            let value = (of.deserialize)(&mut <dyn erased_serde::Deserializer>::erase(&mut deserializer))
                .map_err(|error| invalid(error.to_string()))?;
            match deserializer.finalize() {
                Ok([]) => Ok(value),
                _ => Err(invalid("bytes are left over".to_owned())),
            }
        }
        Some((&NAMES, rest)) => {
            let mut deserializer = rmp_serde::Deserializer::from_read_ref(rest);
            (of.deserialize)(&mut <dyn erased_serde::Deserializer>::erase(&mut deserializer))
                .map_err(|error| invalid(error.to_string()))
        }
        _ => Err(invalid("neither of the forms that are written".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::HashMap;

    fn ways() -> (Show, Measure) {
        (Show::of::<()>(|()| crate::Bundle::default()), Measure::of::<()>(|()| (None, 0)))
    }

    fn back<T: Serialize + DeserializeOwned + PartialEq + Debug + Any>(value: &T) -> (u8, T) {
        let compare = Compare { equal: Some(|a: &T, b: &T| a == b), text: Some(Compare::debug()) };
        let keeper = keeper_of::<T>(compare, ways()).unwrap();
        let mut bytes = Vec::new();
        (keeper.write)(value, &mut bytes).unwrap();
        (bytes[0], *(keeper.read)(&bytes).unwrap().downcast::<T>().unwrap())
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Unit,
        Tuple(i8, String),
        Named { at: f32 },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Skipping {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<u8>,
        next: Vec<u8>,
        #[serde(flatten)]
        rest: HashMap<String, f64>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Forgetful {
        kept: i32,
        #[serde(skip)]
        cached: i32,
    }

    #[test]
    fn values_come_back() {
        let value = (vec![Some(None), None, Some(Some(1u128))], HashMap::from([((1, 'a'), Kind::Named { at: -0.5 })]));
        assert_eq!(back(&value), (POSITIONS, value.clone()));
        for kind in [Kind::Unit, Kind::Tuple(-1, "x".into())] {
            assert_eq!(back(&kind).1, kind);
        }
    }

    #[test]
    fn skipped_and_flattened_fields_are_written_with_names() {
        for name in [None, Some(1)] {
            let value = Skipping { name, next: vec![1, 2], rest: HashMap::from([("a".into(), 1.5)]) };
            assert_eq!(back(&value), (NAMES, value.clone()));
        }
    }

    #[test]
    fn not_a_number_comes_back_too() {
        let (_, value) = back(&vec![f64::NAN, 1.0]);
        assert!(value[0].is_nan());
    }

    #[test]
    fn a_value_that_serde_does_not_give_back_is_refused() {
        let compare = Compare { equal: Some(|a: &Forgetful, b: &Forgetful| a == b), text: None };
        let keeper = keeper_of::<Forgetful>(compare, ways()).unwrap();
        let written = (keeper.write)(&Forgetful { kept: 1, cached: 2 }, &mut Vec::new());
        assert!(written.unwrap_err().to_string().contains("not read back"));
        (keeper.write)(&Forgetful { kept: 1, cached: 0 }, &mut Vec::new()).unwrap();
    }

    #[test]
    fn values_that_are_written_in_another_order_are_the_same() {
        let compare = Compare { equal: Some(|a: &HashMap<u8, u8>, b: &HashMap<u8, u8>| a == b), text: None };
        let keeper = keeper_of::<HashMap<u8, u8>>(compare, ways()).unwrap();
        let (up, down) = ((0..50).map(|i| (i, i)), (0..50).rev().map(|i| (i, i)));
        let (up, down): (HashMap<u8, u8>, HashMap<u8, u8>) = (up.collect(), down.collect());
        assert_eq!(keeper.same(&up, &down), Some(true));
        assert_eq!(keeper.same(&up, &HashMap::<u8, u8>::new()), Some(false));
        assert_eq!(keeper.same(&up, &1u8), Some(false));
    }

    #[test]
    fn without_a_way_to_compare_there_is_no_keeper() {
        assert!(keeper_of::<Forgetful>(Compare { equal: None, text: None }, ways()).is_none());
    }
}
