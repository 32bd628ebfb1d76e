//! Columns as bytes: values plain, or as numbers into a dictionary where they repeat.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

const PLAIN: i32 = 0;
const RLE: i32 = 3;
const DICTIONARY: i32 = 8;
/// Distinct numbers of a dictionary at most.
const MOST: usize = 1 << 12;

/// The number of a missing text.
const MISSING: u32 = u32::MAX;

/// Texts that repeat: each as a number into a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    codes: Vec<u32>,
}

impl Texts {
    /// Adds a text to the list; its number.
    pub(crate) fn list(&mut self, text: &str) -> u32 {
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(self.bytes.len() as u32);
        self.ends.len() as u32 - 1
    }

    /// Adds a value: the text of this number in the list, or none.
    pub(crate) fn push(&mut self, code: Option<u32>) {
        self.codes.push(code.unwrap_or(MISSING));
    }

    /// Texts in the list.
    pub(crate) fn listed(&self) -> usize {
        self.ends.len()
    }

    fn text(&self, code: u32) -> &[u8] {
        let start = if code == 0 { 0 } else { self.ends[code as usize - 1] };
        &self.bytes[start as usize..self.ends[code as usize] as usize]
    }

    fn bytes(&self) -> usize {
        self.bytes.len() + 4 * (self.ends.len() + self.codes.len())
    }
}

/// The values of a column; NaN and missing texts are written as null where the column is optional.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Column {
    Texts(Texts),
    UInt32(Vec<u32>),
    Int64(Vec<i64>),
    Float64(Vec<f64>),
    /// Seconds, written as microseconds.
    Seconds(Vec<f64>),
}

impl Column {
    pub(crate) fn len(&self) -> usize {
        match self {
            Column::Texts(texts) => texts.codes.len(),
            Column::UInt32(values) => values.len(),
            Column::Int64(values) => values.len(),
            Column::Float64(values) | Column::Seconds(values) => values.len(),
        }
    }

    /// Bytes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Column::Texts(texts) => texts.bytes(),
            Column::UInt32(values) => 4 * values.len(),
            Column::Int64(values) => 8 * values.len(),
            Column::Float64(values) | Column::Seconds(values) => 8 * values.len(),
        }
    }
}

/// A column as pages.
pub(super) struct Encoded {
    /// Number and bytes of the distinct values.
    pub(super) dictionary: Option<(usize, Vec<u8>)>,
    pub(super) data: Vec<u8>,
    /// Values, missing ones included.
    pub(super) count: usize,
}

impl Encoded {
    pub(super) fn encodings(&self) -> &'static [i32] {
        if self.dictionary.is_some() { &[PLAIN, RLE, DICTIONARY] } else { &[PLAIN, RLE] }
    }

    pub(super) fn data_encoding(&self) -> i32 {
        if self.dictionary.is_some() { DICTIONARY } else { PLAIN }
    }
}

pub(super) fn encode(column: &Column, optional: bool) -> Encoded {
    match column {
        Column::Texts(texts) => encode_texts(texts, optional),
        Column::UInt32(values) => {
            let all = values.iter().map(|v| Some(u64::from(*v)));
            encode_numbers(all, optional, |v, out| out.extend_from_slice(&(v as u32).to_le_bytes()))
        }
        Column::Int64(values) => encode_numbers(values.iter().map(|v| Some(*v as u64)), optional, whole),
        Column::Float64(values) => {
            let present = |v: &f64| (!optional || !v.is_nan()).then_some(v.to_bits());
            encode_numbers(values.iter().map(present), optional, whole)
        }
        Column::Seconds(values) => {
            let present = |v: &f64| v.is_finite().then_some((v * 1e6).round() as i64 as u64);
            encode_numbers(values.iter().map(present), optional, whole)
        }
    }
}

fn whole(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Which values are there, where some can be missing.
fn levels(present: impl Iterator<Item = bool>, optional: bool, data: &mut Vec<u8>) {
    if !optional {
        return;
    }
    let levels: Vec<u32> = present.map(u32::from).collect();
    data.extend_from_slice(&[0; 4]);
    runs(&levels, 1, data);
    let length = data.len() as u32 - 4;
    data[..4].copy_from_slice(&length.to_le_bytes());
}

fn encode_numbers(
    values: impl Iterator<Item = Option<u64>> + Clone,
    optional: bool,
    write: fn(u64, &mut Vec<u8>),
) -> Encoded {
    let count = values.clone().count();
    let mut data = Vec::new();
    levels(values.clone().map(|value| value.is_some()), optional, &mut data);
    let most = MOST.min(count / 2);
    let mut places: HashMap<u64, u32, BuildHasherDefault<Mix>> = HashMap::default();
    let (mut codes, mut distinct) = (Vec::with_capacity(count), Vec::new());
    for value in values.clone().flatten() {
        let next = places.len() as u32;
        let code = match places.entry(value) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                distinct.push(value);
                *new.insert(next)
            }
        };
        if distinct.len() > most {
            values.flatten().for_each(|value| write(value, &mut data));
            return Encoded { dictionary: None, data, count };
        }
        codes.push(code);
    }
    if distinct.is_empty() {
        return Encoded { dictionary: None, data, count };
    }
    let mut bytes = Vec::with_capacity(8 * distinct.len());
    distinct.iter().for_each(|value| write(*value, &mut bytes));
    numbered(&codes, distinct.len(), &mut data);
    Encoded { dictionary: Some((distinct.len(), bytes)), data, count }
}

fn encode_texts(texts: &Texts, optional: bool) -> Encoded {
    let count = texts.codes.len();
    let mut data = Vec::new();
    levels(texts.codes.iter().map(|code| *code != MISSING), optional, &mut data);
    // Only what is used stands in the dictionary, and each text once, though it may be listed twice.
    let mut used = vec![MISSING; texts.listed()];
    let mut known: HashMap<&[u8], u32> = HashMap::new();
    let (mut codes, mut bytes) = (Vec::with_capacity(count), Vec::new());
    for &code in texts.codes.iter().filter(|code| **code != MISSING) {
        if used[code as usize] == MISSING {
            let text = texts.text(code);
            let next = known.len() as u32;
            used[code as usize] = *known.entry(text).or_insert_with(|| {
                plain(text, &mut bytes);
                next
            });
        }
        codes.push(used[code as usize]);
    }
    if known.is_empty() || known.len() > (codes.len() / 2).max(1) {
        codes.clear();
        texts.codes.iter().filter(|code| **code != MISSING).for_each(|code| plain(texts.text(*code), &mut data));
        return Encoded { dictionary: None, data, count };
    }
    numbered(&codes, known.len(), &mut data);
    Encoded { dictionary: Some((known.len(), bytes)), data, count }
}

fn plain(text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text);
}

/// Numbers into a dictionary of this size.
fn numbered(codes: &[u32], distinct: usize, out: &mut Vec<u8>) {
    let width = usize::BITS - distinct.saturating_sub(1).leading_zeros();
    out.push(width as u8);
    runs(codes, width, out);
}

/// Small numbers as runs of equal ones, and between those in groups of eight, bit by bit.
fn runs(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let mut at = 0;
    while at < values.len() {
        let equal = values[at..].iter().take_while(|value| **value == values[at]).count();
        if equal >= 8 || width == 0 {
            varint((equal as u64) << 1, out);
            let bytes = width.div_ceil(8) as usize;
            out.extend_from_slice(&values[at].to_le_bytes()[..bytes]);
            at += equal;
        } else {
            let groups = packed_groups(&values[at..]);
            varint((groups as u64) << 1 | 1, out);
            pack(&values[at..values.len().min(at + 8 * groups)], groups, width, out);
            at += 8 * groups;
        }
    }
}

/// Groups of eight until eight equal values begin at one.
fn packed_groups(values: &[u32]) -> usize {
    let same = |group: &[u32]| group.len() == 8 && group.iter().all(|value| *value == group[0]);
    let all = values.len().div_ceil(8);
    values.chunks(8).skip(1).position(same).map_or(all, |more| more + 1)
}

/// Values of `groups` full groups, the lowest bits first; missing ones at the end are 0.
fn pack(values: &[u32], groups: usize, width: u32, out: &mut Vec<u8>) {
    let (mut buffer, mut bits) = (0u64, 0);
    for i in 0..8 * groups {
        buffer |= u64::from(values.get(i).copied().unwrap_or(0)) << bits;
        bits += width;
        while bits >= 8 {
            out.push(buffer as u8);
            buffer >>= 8;
            bits -= 8;
        }
    }
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A hash of numbers that nobody chooses to collide: they stand in a map of one page.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads what `runs` wrote.
    fn read(mut bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
        let mut out = Vec::new();
        while out.len() < count {
            let (mut header, mut shift) = (0u64, 0);
            loop {
                let byte = bytes[0];
                bytes = &bytes[1..];
                header |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            if header & 1 == 0 {
                let length = width.div_ceil(8) as usize;
                let mut value = [0; 4];
                value[..length].copy_from_slice(&bytes[..length]);
                bytes = &bytes[length..];
                out.extend(std::iter::repeat_n(u32::from_le_bytes(value), (header >> 1) as usize));
            } else {
                let values = 8 * (header >> 1) as usize;
                for i in 0..values {
                    let value = (0..width as usize).fold(0, |value, bit| {
                        let at = i * width as usize + bit;
                        value | u32::from(bytes[at / 8] >> (at % 8) & 1) << bit
                    });
                    out.push(value);
                }
                bytes = &bytes[values * width as usize / 8..];
            }
        }
        assert!(bytes.is_empty());
        out.truncate(count);
        out
    }

    #[test]
    fn runs_are_read_back() {
        let mut seed = 7u64;
        let mut next = |most: u32| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as u32 % most
        };
        for width in [0, 1, 3, 8, 9, 12, 17] {
            for count in [0, 1, 7, 8, 9, 100, 1000] {
                let mut values = Vec::new();
                while values.len() < count {
                    let (value, times) = (next(1 << width), if next(3) == 0 { next(40) } else { 1 });
                    values.extend(std::iter::repeat_n(value, times as usize));
                }
                values.truncate(count);
                let mut bytes = Vec::new();
                runs(&values, width, &mut bytes);
                assert_eq!(read(&bytes, width, count), values, "{width} bits, {count}");
            }
        }
    }
}
