//! Thrift's compact protocol, as far as the metadata of Parquet need it.

/// Kinds of fields.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I8: u8 = 3;
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A structure that is being written: fields in the order of their numbers.
#[derive(Default)]
pub(super) struct Thrift {
    out: Vec<u8>,
    last: i16,
}

impl Thrift {
    pub(super) fn bytes(self) -> Vec<u8> {
        self.out
    }

    /// Ends the structure.
    pub(super) fn stop(&mut self) {
        self.out.push(0);
    }

    fn field(&mut self, number: i16, kind: u8) {
        debug_assert!(number > self.last && number - self.last <= 15, "fields in order");
        self.out.push(((number - self.last) as u8) << 4 | kind);
        self.last = number;
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }

    fn zigzag(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)) as u64);
    }

    fn binary(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
    }

    fn elements(&mut self, count: usize, kind: u8) {
        if count < 15 {
            self.out.push((count as u8) << 4 | kind);
        } else {
            self.out.push(0xf0 | kind);
            self.varint(count as u64);
        }
    }

    pub(super) fn flag(&mut self, number: i16, value: bool) {
        self.field(number, if value { TRUE } else { FALSE });
    }

    pub(super) fn int8(&mut self, number: i16, value: i8) {
        self.field(number, I8);
        self.out.push(value as u8);
    }

    pub(super) fn int32(&mut self, number: i16, value: i32) {
        self.field(number, I32);
        self.zigzag(i64::from(value));
    }

    pub(super) fn int64(&mut self, number: i16, value: i64) {
        self.field(number, I64);
        self.zigzag(value);
    }

    pub(super) fn text(&mut self, number: i16, text: &str) {
        self.field(number, BINARY);
        self.binary(text);
    }

    pub(super) fn int32s(&mut self, number: i16, values: &[i32]) {
        self.field(number, LIST);
        self.elements(values.len(), I32);
        values.iter().for_each(|value| self.zigzag(i64::from(*value)));
    }

    pub(super) fn texts(&mut self, number: i16, values: &[&str]) {
        self.field(number, LIST);
        self.elements(values.len(), BINARY);
        values.iter().for_each(|text| self.binary(text));
    }

    /// Begins a list of structures, each written by [`element`](Self::element).
    pub(super) fn list(&mut self, number: i16, count: usize) {
        self.field(number, LIST);
        self.elements(count, STRUCT);
    }

    pub(super) fn element(&mut self, fields: impl FnOnce(&mut Thrift)) {
        let outer = std::mem::take(&mut self.last);
        fields(self);
        self.stop();
        self.last = outer;
    }

    pub(super) fn structure(&mut self, number: i16, fields: impl FnOnce(&mut Thrift)) {
        self.field(number, STRUCT);
        self.element(fields);
    }
}
