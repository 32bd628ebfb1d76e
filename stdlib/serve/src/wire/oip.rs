//! The Open Inference Protocol, version 2, over REST: tensors, in JSON or in bytes behind it.

use super::scan::{Scalar, Scan};
use super::table::{cell, enough};
use super::{Read, Unreadable, form};
use crate::contract::{Cell, Contract, Reader, Rows};
use std::borrow::Cow;

/// Names of the outputs that a model has.
pub(crate) const PREDICTION: &str = "prediction";
/// Probabilities of the classes, of classifiers.
pub(crate) const PROBABILITY: &str = "probability";

/// An output that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) name: &'static str,
    /// In bytes behind the JSON.
    pub(crate) binary: bool,
}

/// A request.
#[derive(Debug)]
pub(crate) struct Inference {
    pub(crate) id: Option<String>,
    pub(crate) rows: Rows,
    pub(crate) outputs: Vec<Output>,
}

/// A tensor of a request; its JSON stands at a place, to be read when all else is known.
#[derive(Default)]
struct Tensor<'a> {
    name: Option<Cow<'a, str>>,
    datatype: Cow<'a, str>,
    shape: Vec<f64>,
    data: Option<usize>,
    binary: Option<f64>,
}

/// Reads a request; `binary` is what follows its JSON.
pub(crate) fn read(text: &str, binary: &[u8], contract: &Contract) -> Read<Inference> {
    let mut scan = Scan::new(text);
    if !scan.enter_object() {
        scan.skip()?;
        return form("the request must be an object with inputs");
    }
    let (mut id, mut tensors, mut asked, mut default) = (None, None, None, false);
    let mut first = true;
    while let Some(name) = scan.field(&mut first)? {
        match &*name {
            "id" => match scan.scalar()? {
                Scalar::Text(text) => id = Some(text.into_owned()),
                _ => return form("the id of the request must be a text"),
            },
            "inputs" if scan.enter_array() => tensors = Some(inputs(&mut scan)?),
            "outputs" if scan.enter_array() => asked = Some(outputs(&mut scan, contract)?),
            "parameters" if scan.enter_object() => default = flag(&mut scan, "binary_data_output")?.unwrap_or(false),
            "inputs" | "outputs" => return form(format!("the {name} of the request must be a list")),
            _ => scan.skip()?,
        }
    }
    scan.end()?;
    let Some(tensors) = tensors else { return form("the request has no inputs") };
    let rows = rows(&scan, &tensors, binary, contract)?;
    let all = [PREDICTION, PROBABILITY]
        .into_iter()
        .filter(|name| *name == PREDICTION || contract.signature().classes.is_some());
    let outputs = match asked {
        Some(asked) if !asked.is_empty() => {
            asked.into_iter().map(|(name, binary)| Output { name, binary: binary.unwrap_or(default) }).collect()
        }
        _ => all.map(|name| Output { name, binary: default }).collect(),
    };
    Ok(Inference { id, rows, outputs })
}

fn inputs<'a>(scan: &mut Scan<'a>) -> Read<Vec<Tensor<'a>>> {
    let (mut tensors, mut first) = (Vec::new(), true);
    while scan.more(&mut first)? {
        if !scan.enter_object() {
            scan.skip()?;
            return form(format!("input {} of the request is no object", tensors.len()));
        }
        tensors.push(input(scan)?);
    }
    Ok(tensors)
}

fn input<'a>(scan: &mut Scan<'a>) -> Read<Tensor<'a>> {
    let (mut tensor, mut first) = (Tensor::default(), true);
    while let Some(name) = scan.field(&mut first)? {
        match &*name {
            "name" => match scan.scalar()? {
                Scalar::Text(text) => tensor.name = Some(text),
                _ => return form("the name of an input must be a text"),
            },
            "datatype" => match scan.scalar()? {
                Scalar::Text(text) => tensor.datatype = text,
                _ => return form("the datatype of an input must be a text"),
            },
            "shape" if scan.enter_array() => {
                let mut first = true;
                tensor.shape.clear();
                while scan.more(&mut first)? {
                    match scan.scalar()? {
                        Scalar::Number(size) => tensor.shape.push(size),
                        _ => return form("the shape of an input must be a list of numbers"),
                    }
                }
            }
            "parameters" if scan.enter_object() => tensor.binary = size(scan)?,
            "data" => {
                scan.peek();
                tensor.data = Some(scan.at());
                scan.skip()?;
            }
            _ => scan.skip()?,
        }
    }
    Ok(tensor)
}

/// The flag of this name among parameters, whose object was entered.
fn flag(scan: &mut Scan<'_>, wanted: &str) -> Read<Option<bool>> {
    let (mut found, mut first) = (None, true);
    while let Some(name) = scan.field(&mut first)? {
        match (name == wanted, cell(scan)?) {
            (true, Cell::Bool(flag)) => found = Some(flag),
            (true, _) => return form(format!("the parameter {wanted} must be true or false")),
            (false, _) => {}
        }
    }
    Ok(found)
}

/// Bytes of an input behind the JSON.
fn size(scan: &mut Scan<'_>) -> Read<Option<f64>> {
    let (mut found, mut first) = (None, true);
    while let Some(name) = scan.field(&mut first)? {
        match (name == "binary_data_size", cell(scan)?) {
            (true, Cell::Number(bytes)) if bytes >= 0.0 && bytes.fract() == 0.0 => found = Some(bytes),
            (true, _) => return form("the parameter binary_data_size must be a number of bytes"),
            (false, _) => {}
        }
    }
    Ok(found)
}

fn outputs(scan: &mut Scan<'_>, contract: &Contract) -> Read<Vec<(&'static str, Option<bool>)>> {
    let (mut outputs, mut first) = (Vec::new(), true);
    while scan.more(&mut first)? {
        if !scan.enter_object() {
            scan.skip()?;
            return form("an output of the request is no object");
        }
        let (mut name, mut binary, mut first) = (None, None, true);
        while let Some(field) = scan.field(&mut first)? {
            match &*field {
                "name" => match scan.scalar()? {
                    Scalar::Text(text) => name = Some(text),
                    _ => return form("the name of an output must be a text"),
                },
                "parameters" if scan.enter_object() => binary = flag(scan, "binary_data")?,
                _ => scan.skip()?,
            }
        }
        let known = match name.as_deref() {
            Some(PREDICTION) => PREDICTION,
            Some(PROBABILITY) if contract.signature().classes.is_some() => PROBABILITY,
            Some(other) => return form(format!("the model has no output '{other}'")),
            None => return form("an output of the request has no name"),
        };
        if outputs.len() == 2 || outputs.iter().any(|(name, _)| *name == known) {
            return form(format!("the output '{known}' is asked for twice"));
        }
        outputs.push((known, binary));
    }
    Ok(outputs)
}

/// The tensors as rows: one for each column with a value per row, or one with a row of all columns for each row.
fn rows(scan: &Scan<'_>, tensors: &[Tensor<'_>], mut binary: &[u8], contract: &Contract) -> Read<Rows> {
    let mut reader = Reader::new(contract);
    let width = contract.width();
    let mut seen = vec![false; width];
    let (mut length, bytes) = (None, scan.length() + binary.len());
    let only = tensors.len() == 1;
    for (place, tensor) in tensors.iter().enumerate() {
        let Some(name) = tensor.name.as_deref() else { return form("an input has no name") };
        let (count, columns) = extent(name, &tensor.shape)?;
        let found = contract.find(name, place);
        let whole = only && found.is_none() && columns == width && tensor.shape.len() == 2;
        if columns != 1 && !whole {
            return form(format!("input '{name}' has {columns} values per row, expected 1"));
        }
        if *length.get_or_insert(count) != count {
            return form(format!("input '{name}' has {count} rows, those before it have {}", length.unwrap_or(0)));
        }
        enough(count, columns, bytes)?;
        if reader.begun() == 0 && count > 0 {
            enough(count, width, bytes)?;
            reader.begin_all(count);
        }
        match found {
            Some(feature) if std::mem::replace(&mut seen[feature], true) => reader.repeated(name, None),
            Some(_) => {}
            None if whole => seen.fill(true),
            None => reader.unexpected(name, None),
        }
        let set = |reader: &mut Reader<'_>, i: usize, cell: &Cell<'_>| {
            if whole {
                reader.set_in(i / width, i % width, cell);
            } else if let Some(feature) = found {
                reader.set_in(i, feature, cell);
            }
        };
        let wanted = count * columns;
        let whole_numbers = whole_numbers(name, &tensor.datatype)?;
        match (tensor.binary, tensor.data) {
            (Some(size), _) => {
                let Some((own, rest)) = binary.split_at_checked(size as usize) else {
                    return form(format!("input '{name}' has fewer bytes than its binary_data_size"));
                };
                binary = rest;
                raw(name, &tensor.datatype, own, wanted, &mut |i, cell| set(&mut reader, i, cell))?;
            }
            (None, Some(at)) => {
                let (mut i, mut broken) = (0, None);
                flat(&mut scan.moved(at), 0, &mut |cell| {
                    if let Cell::Number(number) = cell
                        && whole_numbers
                        && number.fract() != 0.0
                    {
                        broken = broken.or(Some(number));
                    }
                    if i < wanted {
                        set(&mut reader, i, &cell);
                    }
                    i += 1;
                })?;
                if let Some(number) = broken {
                    return form(format!("input '{name}' is of datatype {} and holds {number}", tensor.datatype));
                }
                if i != wanted {
                    return form(format!("input '{name}' has {i} values, its shape says {wanted}"));
                }
            }
            (None, None) => return form(format!("input '{name}' has no data")),
        }
    }
    if !binary.is_empty() {
        return form(format!("{} bytes behind the last input are not read", binary.len()));
    }
    (0..width).filter(|feature| !seen[*feature]).for_each(|feature| reader.missing(feature, None));
    reader.finish().map_err(Unreadable::Fields)
}

/// Whether a datatype of the protocol holds whole numbers only.
fn whole_numbers(name: &str, datatype: &str) -> Read<bool> {
    match datatype {
        "INT8" | "INT16" | "INT32" | "INT64" | "UINT8" | "UINT16" | "UINT32" | "UINT64" => Ok(true),
        "BOOL" | "FP16" | "BF16" | "FP32" | "FP64" | "BYTES" => Ok(false),
        "" => form(format!("input '{name}' has no datatype")),
        other => form(format!("input '{name}' has the datatype '{other}', which the protocol does not know")),
    }
}

/// Rows and columns of a shape.
fn extent(name: &str, shape: &[f64]) -> Read<(usize, usize)> {
    let sound = matches!(shape.len(), 1 | 2) && shape.iter().all(|n| *n >= 0.0 && n.fract() == 0.0 && *n < 1e9);
    if !sound {
        return form(format!("the shape of input '{name}' must be [rows] or [rows, columns]"));
    }
    Ok((shape[0] as usize, shape.get(1).map_or(1, |columns| *columns as usize)))
}

/// The values of lists within lists, one after another.
fn flat<'a>(scan: &mut Scan<'a>, depth: usize, each: &mut dyn FnMut(Cell<'a>)) -> Read<()> {
    if depth > 8 || !scan.enter_array() {
        each(cell(scan)?);
        return Ok(());
    }
    let mut first = true;
    while scan.more(&mut first)? {
        match scan.peek() {
            b'[' => flat(scan, depth + 1, each)?,
            _ => each(cell(scan)?),
        }
    }
    Ok(())
}

/// The values of an input in bytes, little end first; texts with their length before them.
fn raw(name: &str, datatype: &str, bytes: &[u8], wanted: usize, each: &mut dyn FnMut(usize, &Cell<'_>)) -> Read<()> {
    fn fixed<const N: usize>(
        bytes: &[u8],
        number: fn([u8; N]) -> f64,
        each: &mut dyn FnMut(usize, &Cell<'_>),
    ) -> Option<usize> {
        let (values, rest) = bytes.as_chunks::<N>();
        values.iter().enumerate().for_each(|(i, value)| each(i, &Cell::Number(number(*value))));
        rest.is_empty().then_some(values.len())
    }
    // What is beyond the shape is counted, and set nowhere.
    let mut each = |i: usize, cell: &Cell<'_>| {
        if i < wanted {
            each(i, cell);
        }
    };
    let found = match datatype {
        "FP64" => fixed(bytes, f64::from_le_bytes, &mut each),
        "FP32" => fixed(bytes, |b| f64::from(f32::from_le_bytes(b)), &mut each),
        "INT64" => fixed(bytes, |b| i64::from_le_bytes(b) as f64, &mut each),
        "INT32" => fixed(bytes, |b| f64::from(i32::from_le_bytes(b)), &mut each),
        "INT16" => fixed(bytes, |b| f64::from(i16::from_le_bytes(b)), &mut each),
        "INT8" => fixed(bytes, |b| f64::from(i8::from_le_bytes(b)), &mut each),
        "UINT64" => fixed(bytes, |b| u64::from_le_bytes(b) as f64, &mut each),
        "UINT32" => fixed(bytes, |b| f64::from(u32::from_le_bytes(b)), &mut each),
        "UINT16" => fixed(bytes, |b| f64::from(u16::from_le_bytes(b)), &mut each),
        "UINT8" | "BOOL" => fixed(bytes, |b: [u8; 1]| f64::from(b[0]), &mut each),
        "BYTES" => return texts(name, bytes, wanted, &mut each),
        other => return form(format!("input '{name}' has the datatype '{other}', which is not read here")),
    };
    if found != Some(wanted) {
        let have = bytes.len();
        return form(format!("input '{name}' has {have} bytes, its shape and datatype {datatype} say another number"));
    }
    Ok(())
}

fn texts(name: &str, mut bytes: &[u8], wanted: usize, each: &mut dyn FnMut(usize, &Cell<'_>)) -> Read<()> {
    let mut found = 0;
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let text = rest.split_at_checked(u32::from_le_bytes(*length) as usize);
        let Some((text, rest)) = text.and_then(|(text, rest)| Some((str::from_utf8(text).ok()?, rest))) else {
            return form(format!("text {found} of input '{name}' is no UTF-8, or shorter than it says"));
        };
        each(found, &Cell::Text(Cow::Borrowed(text)));
        found += 1;
        bytes = rest;
    }
    if found != wanted || !bytes.is_empty() {
        return form(format!("input '{name}' has {found} texts, its shape says {wanted}"));
    }
    Ok(())
}
