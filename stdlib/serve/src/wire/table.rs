//! Tables in JSON: records, lists of values, columns.

use super::scan::{Scalar, Scan};
use super::{Read, form};
use crate::contract::{Cell, Reader};

/// A record, whose `{` was passed, as the next row.
pub(super) fn record(scan: &mut Scan<'_>, reader: &mut Reader<'_>) -> Read<()> {
    reader.begin();
    let (mut first, mut place) = (true, 0);
    while let Some(name) = scan.field(&mut first)? {
        match reader.contract().find(&name, place) {
            Some(feature) => {
                if reader.is_set(feature) {
                    reader.repeated(&name, Some(reader.begun() - 1));
                }
                let cell = cell(scan)?;
                reader.set(feature, &cell);
                place = feature + 1;
            }
            None => {
                reader.unexpected(&name, Some(reader.begun() - 1));
                scan.skip()?;
            }
        }
    }
    reader.end();
    Ok(())
}

/// Records, whose list was entered.
pub(super) fn records(scan: &mut Scan<'_>, reader: &mut Reader<'_>, what: &str) -> Read<()> {
    let mut first = true;
    while scan.more(&mut first)? {
        if !scan.enter_object() {
            let place = scan.at();
            // What is there has to be JSON before it is said that it is no record.
            scan.skip()?;
            return form(format!(
                "{what} must be a list of records; element {} (byte {place}) is none.",
                reader.begun()
            ));
        }
        record(scan, reader)?;
    }
    Ok(())
}

/// What each place of a row of values stands for; none for columns that are left out.
pub(super) type Places = Vec<Option<usize>>;

/// The names of columns, whose list was entered.
pub(super) fn names(scan: &mut Scan<'_>, reader: &mut Reader<'_>) -> Read<Places> {
    let mut names = Vec::with_capacity(reader.contract().width());
    let mut first = true;
    while scan.more(&mut first)? {
        names.push(match scan.scalar()? {
            Scalar::Text(name) => name,
            // Tables without names are numbered by pandas.
            Scalar::Number(number) => number.to_string().into(),
            _ => return form("The names of columns must be texts."),
        });
    }
    Ok(reader.header(names.into_iter()))
}

/// Rows of values, whose list was entered. Without `places` the values stand in the order of the signature.
pub(super) fn values(scan: &mut Scan<'_>, reader: &mut Reader<'_>, places: Option<&Places>, what: &str) -> Read<()> {
    let width = places.map_or(reader.contract().width(), Vec::len);
    let mut first = true;
    while scan.more(&mut first)? {
        if !scan.enter_array() {
            scan.skip()?;
            return form(format!(
                "{what} must be a list of rows, each a list of values; row {} is none.",
                reader.begun()
            ));
        }
        reader.begin();
        let (mut first, mut place) = (true, 0);
        while scan.more(&mut first)? {
            let cell = cell(scan)?;
            let feature = match places {
                Some(places) => places.get(place).copied().flatten(),
                None => (place < width).then_some(place),
            };
            if let Some(feature) = feature {
                reader.set(feature, &cell);
            }
            place += 1;
        }
        if place != width {
            let row = reader.begun() - 1;
            return form(format!("Row {row} of {what} has {place} values, expected {width}."));
        }
    }
    Ok(())
}

/// Columns by name, whose object was entered: a list of values each, or a single value each for one row.
pub(super) fn columns(scan: &mut Scan<'_>, reader: &mut Reader<'_>) -> Read<()> {
    let width = reader.contract().width();
    let mut seen = vec![false; width];
    let (mut first, mut place, mut length) = (true, 0, None);
    while let Some(name) = scan.field(&mut first)? {
        let found = reader.contract().find(&name, place);
        match found {
            Some(feature) => place = feature + 1,
            None => reader.unexpected(&name, None),
        }
        if found.is_some_and(|feature| std::mem::replace(&mut seen[feature], true)) {
            reader.repeated(&name, None);
        }
        let rows = column(scan, reader, found, length)?;
        match length {
            Some(before) if before != rows => {
                return form(format!("Column \"{name}\" has {rows} values, those before it have {before}."));
            }
            _ => length = Some(rows),
        }
    }
    (0..width).filter(|feature| !seen[*feature]).for_each(|feature| reader.missing(feature, None));
    Ok(())
}

/// One column; its length. The first one says how many rows there are.
fn column(scan: &mut Scan<'_>, reader: &mut Reader<'_>, feature: Option<usize>, length: Option<usize>) -> Read<usize> {
    if !scan.enter_array() {
        if length.is_none() {
            reader.begin_all(1);
        }
        let value = cell(scan)?;
        if let (Some(feature), None | Some(1)) = (feature, length) {
            reader.set_in(0, feature, &value);
        }
        return Ok(1);
    }
    let length = match length {
        Some(length) => length,
        None => {
            let counted = count(*scan)?;
            enough(counted, reader.contract().width(), scan.length())?;
            reader.begin_all(counted);
            counted
        }
    };
    let (mut first, mut row) = (true, 0);
    while scan.more(&mut first)? {
        let value = cell(scan)?;
        if let Some(feature) = feature
            && row < length
        {
            reader.set_in(row, feature, &value);
        }
        row += 1;
    }
    Ok(row)
}

/// Refuses columns that cannot all be there: a value takes at least a byte. Nothing is allocated for them.
pub(super) fn enough(rows: usize, width: usize, bytes: usize) -> Read<()> {
    if rows.saturating_mul(width) > bytes {
        return form(format!(
            "A column has {rows} values; the input is too short to have as many of each of {width} columns."
        ));
    }
    Ok(())
}

/// Elements of a list that was entered.
fn count(mut scan: Scan<'_>) -> Read<usize> {
    let (mut first, mut count) = (true, 0);
    while scan.more(&mut first)? {
        scan.skip()?;
        count += 1;
    }
    Ok(count)
}

/// A value; of a list or an object only that it is one, and all of it is passed.
#[inline]
pub(super) fn cell<'a>(scan: &mut Scan<'a>) -> Read<Cell<'a>> {
    let scalar = scan.scalar()?;
    if matches!(scalar, Scalar::Array | Scalar::Object) {
        scan.skip()?;
    }
    Ok(scalar.into())
}
