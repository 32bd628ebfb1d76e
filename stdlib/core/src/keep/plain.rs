//! Numbers, text and lists of them: their bytes as they lie in memory, little-endian.

use super::{Keeper, Known, register as register_type, register_sampler};
use crate::bundle::Bundle;
use crate::inspect::Inspect;
use crate::rt::{Measure, Show};
use std::any::Any;
use std::fmt::Debug;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// A value of fixed size.
trait Plain: Sized + Copy + Debug + Any {
    const SIZE: usize;
    fn put(self, to: &mut Vec<u8>);
    fn get(bytes: &[u8]) -> Option<Self>;
}

macro_rules! numbers { // the methods are inherent ones, of no trait in std
    ($($ty:ty),+) => { $(
        impl Plain for $ty {
            const SIZE: usize = size_of::<$ty>();
            fn put(self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }
            fn get(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(<$ty>::from_le_bytes)
            }
        }
    )+ };
}
numbers!(f32, f64, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

impl Plain for bool {
    const SIZE: usize = 1;
    fn put(self, to: &mut Vec<u8>) {
        to.push(u8::from(self));
    }
    fn get(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

impl Plain for char {
    const SIZE: usize = 4;
    fn put(self, to: &mut Vec<u8>) {
        u32::from(self).put(to);
    }
    fn get(bytes: &[u8]) -> Option<Self> {
        u32::get(bytes).and_then(char::from_u32)
    }
}

impl Plain for () {
    const SIZE: usize = 0;
    fn put(self, _: &mut Vec<u8>) {}
    fn get(bytes: &[u8]) -> Option<Self> {
        bytes.is_empty().then_some(())
    }
}

impl Plain for (usize, usize) {
    const SIZE: usize = 2 * size_of::<usize>();
    fn put(self, to: &mut Vec<u8>) {
        self.0.put(to);
        self.1.put(to);
    }
    fn get(bytes: &[u8]) -> Option<Self> {
        let (first, second) = bytes.split_at_checked(size_of::<usize>())?;
        Some((usize::get(first)?, usize::get(second)?))
    }
}

impl Plain for Duration {
    const SIZE: usize = 12;
    fn put(self, to: &mut Vec<u8>) {
        self.as_secs().put(to);
        self.subsec_nanos().put(to);
    }
    fn get(bytes: &[u8]) -> Option<Self> {
        let (seconds, nanos) = bytes.split_at_checked(8)?;
        Some(Duration::new(u64::get(seconds)?, u32::get(nanos)?))
    }
}

/// Values written at once.
const CHUNK: usize = 1 << 16;

fn write_list<T: Plain>(list: &[T], to: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(CHUNK.min(list.len()) * T::SIZE);
    for chunk in list.chunks(CHUNK) {
        bytes.clear();
        chunk.iter().for_each(|value| value.put(&mut bytes));
        to.write_all(&bytes)?;
    }
    Ok(())
}

fn read_list<T: Plain>(bytes: &[u8]) -> io::Result<Vec<T>> {
    if !bytes.len().is_multiple_of(T::SIZE.max(1)) {
        return Err(damaged());
    }
    bytes.chunks_exact(T::SIZE.max(1)).map(|bytes| T::get(bytes).ok_or_else(damaged)).collect()
}

fn write_texts<S: AsRef<str>>(texts: &[S], to: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    for text in texts {
        let text = text.as_ref();
        (text.len() as u64).put(&mut bytes);
        bytes.extend_from_slice(text.as_bytes());
        if bytes.len() > CHUNK {
            to.write_all(&bytes)?;
            bytes.clear();
        }
    }
    to.write_all(&bytes)
}

fn read_texts(mut bytes: &[u8]) -> io::Result<Vec<String>> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        let (len, rest) = bytes.split_at_checked(8).ok_or_else(damaged)?;
        let len = u64::get(len).and_then(|len| usize::try_from(len).ok()).ok_or_else(damaged)?;
        let (text, rest) = rest.split_at_checked(len).ok_or_else(damaged)?;
        texts.push(read_text(text)?);
        bytes = rest;
    }
    Ok(texts)
}

fn read_text(bytes: &[u8]) -> io::Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| damaged())
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the bytes are no value of this type")
}

fn shown<T: Debug>() -> Show {
    Show::of::<T>(|value| crate::rt::debug_bundle(value))
}

fn measured<T: Inspect>() -> Measure {
    Measure::of::<T>(|value| (value.shape(), value.heap_bytes()))
}

fn value<T: Plain>() {
    let write = |value: &T, to: &mut dyn Write| write_list(std::slice::from_ref(value), to);
    let read = |bytes: &[u8]| T::get(bytes).ok_or_else(damaged);
    let ways = (shown::<T>(), Measure::of::<T>(|_| (None, 0)));
    register_type::<T>(Known::Kept(Keeper::new::<T>(write, read, ways).owned::<T>()));
}

fn list<T: Plain>() {
    let ways = (shown::<Vec<T>>(), measured::<Vec<T>>());
    let keeper = Keeper::new::<Vec<T>>(|list, to| write_list(list, to), read_list, ways);
    register_type::<Vec<T>>(Known::Kept(keeper.owned::<Vec<T>>()));
    register_sampler::<Vec<T>>(|list, rows| first(list, rows));
}

/// A longer list's first values.
fn first<T: Clone>(list: &[T], rows: usize) -> Option<Vec<T>> {
    (list.len() > rows).then(|| list[..rows].to_vec())
}

macro_rules! each { // a function for each type of a list
    ($function:ident: $($ty:ty),+) => { $( $function::<$ty>(); )+ };
}

/// Registers them.
pub fn register() {
    each!(value: bool, char, f32, f64, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, (usize, usize), Duration);
    each!(list: bool, char, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, usize);
    let nothing = Show::of::<()>(|()| Bundle::default());
    let nothing = (nothing, Measure::of::<()>(|()| (None, 0)));
    register_type::<()>(Known::Kept(Keeper::new::<()>(|(), _| Ok(()), |_| Ok(()), nothing)));
    let text = (shown::<String>(), measured::<String>());
    let write = |text: &String, to: &mut dyn Write| to.write_all(text.as_bytes());
    register_type::<String>(Known::Kept(Keeper::new::<String>(write, read_text, text).owned::<String>()));
    // Text of a program lasts as long as the program, and so does what it is read to.
    let text = (shown::<&'static str>(), measured::<&'static str>());
    let write = |text: &&'static str, to: &mut dyn Write| to.write_all(text.as_bytes());
    let read = |bytes: &[u8]| read_text(bytes).map(|text| &*text.leak());
    register_type::<&'static str>(Known::Kept(Keeper::new::<&'static str>(write, read, text)));
    let texts = (shown::<Vec<String>>(), measured::<Vec<String>>());
    let keeper = Keeper::new(|texts: &Vec<String>, to| write_texts(texts, to), read_texts, texts);
    register_type::<Vec<String>>(Known::Kept(keeper.owned::<Vec<String>>()));
    let texts = (shown::<Vec<&'static str>>(), measured::<Vec<&'static str>>());
    let read = |bytes: &[u8]| Ok(read_texts(bytes)?.into_iter().map(|text| &*text.leak()).collect());
    register_type::<Vec<&'static str>>(Known::Kept(Keeper::new(
        |texts: &Vec<&'static str>, to| write_texts(texts, to),
        read,
        texts,
    )));
    register_sampler::<Vec<String>>(|list, rows| first(list, rows));
    register_sampler::<Vec<&'static str>>(|list, rows| first(list, rows));
    register_type::<Instant>(Known::Never("a moment of this process's own clock"));
}

#[cfg(test)]
mod tests {
    use crate::keep::{Known, known};
    use std::any::Any;
    use std::fmt::Debug;

    fn back<T: Any>(value: &T) -> T {
        super::register();
        let Some(Known::Kept(keeper)) = known(value.type_id()) else { panic!("no keeper") };
        let mut bytes = Vec::new();
        (keeper.write)(value, &mut bytes).unwrap();
        *(keeper.read)(&bytes).unwrap().downcast::<T>().unwrap()
    }

    fn same<T: Any + PartialEq + Debug>(value: &T) {
        assert_eq!(back(value), *value);
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        same(&true);
        same(&'é');
        same(&-1.5e-300);
        same(&i128::MIN);
        same(&(3usize, usize::MAX));
        same(&std::time::Duration::new(7, 999_999_999));
        same(&String::from("zwölf\0"));
        same(&"static");
        same(&vec![String::new(), "a\nb".to_owned()]);
        same(&vec!["", "x"]);
        same(&vec![true, false]);
        same(&(0..200_000).map(f64::from).collect::<Vec<f64>>());
        same(&Vec::<u8>::new());
    }

    #[test]
    fn floats_keep_their_bits() {
        let odd = [f64::NAN, -f64::NAN, f64::INFINITY, -0.0, f64::MIN_POSITIVE / 4.0].to_vec();
        let bits = |list: &[f64]| list.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
        assert_eq!(bits(&back(&odd)), bits(&odd));
    }

    #[test]
    fn damaged_bytes_are_refused() {
        super::register();
        let Some(Known::Kept(keeper)) = known(std::any::TypeId::of::<Vec<f64>>()) else { panic!("no keeper") };
        assert!((keeper.read)(&[1, 2, 3]).is_err());
        let Some(Known::Kept(keeper)) = known(std::any::TypeId::of::<Vec<String>>()) else { panic!("no keeper") };
        assert!((keeper.read)(&[255; 9]).is_err());
    }
}
