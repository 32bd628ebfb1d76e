//! Ironbook's own route `/predict`: rows as records.

use super::scan::Scan;
use super::table::{record, records};
use super::{Read, Unreadable, form};
use crate::contract::{Contract, Reader, Rows};

/// Reads one record, a list of records, or `{"rows": [..]}`.
pub(crate) fn read(text: &str, contract: &Contract) -> Read<Rows> {
    let mut scan = Scan::new(text);
    let mut reader = Reader::new(contract);
    if scan.enter_array() {
        records(&mut scan, &mut reader, "The body")?;
    } else if scan.enter_object() {
        match wrapped(scan, contract)? {
            Some(mut list) => {
                records(&mut list, &mut reader, "'rows'")?;
                let mut first = false;
                if list.field(&mut first)?.is_some() {
                    return form("Beside 'rows' nothing is read.");
                }
                scan = list;
            }
            None => record(&mut scan, &mut reader)?,
        }
    } else {
        scan.skip()?;
        scan.end()?;
        return form("The body must be a record, a list of records, or {\"rows\": [..]}.");
    }
    scan.end()?;
    reader.finish().map_err(Unreadable::Fields)
}

/// The list of `{"rows": [..]}`, entered; none for a record, which can have a column of that name.
fn wrapped<'a>(mut scan: Scan<'a>, contract: &Contract) -> Read<Option<Scan<'a>>> {
    let mut first = true;
    let rows = scan.field(&mut first)?.is_some_and(|name| name == "rows");
    let wrapped = rows && contract.find("rows", 0).is_none() && scan.enter_array();
    Ok(wrapped.then_some(scan))
}
