//! MLflow's scoring protocol: the four forms of its JSON.

use super::scan::{Scalar, Scan};
use super::table::{columns, names, records, values};
use super::{Asked, Method, Read, form};
use crate::contract::{Contract, Reader};

/// The forms, one of which a request has.
const FORMS: [&str; 4] = ["dataframe_split", "dataframe_records", "instances", "inputs"];
const REQUIRED: &str = "The input must be a JSON dictionary with exactly one of the input fields {'dataframe_split', 'dataframe_records', 'instances', 'inputs'}";

/// Reads a request.
///
/// | form | content |
/// |---|---|
/// | `dataframe_split` | `{"columns": [..], "data": [[..], ..]}`; without `columns` in the order of the signature |
/// | `dataframe_records` | `[{"column": value, ..}, ..]` |
/// | `instances`, `inputs` | records, rows of values in the order of the signature, or `{"column": [..], ..}` |
///
/// Beside it `params` can say `{"predict_method": "predict_proba"}`, as for the model in Python.
pub(crate) fn read(text: &str, contract: &Contract) -> Read<Asked> {
    let mut scan = Scan::new(text);
    if !scan.enter_object() {
        scan.skip()?;
        scan.end()?;
        return form(format!("{REQUIRED}. Received no dictionary."));
    }
    let mut reader = Reader::new(contract);
    let (mut first, mut found, mut method) = (true, None, Method::Predict);
    while let Some(name) = scan.field(&mut first)? {
        match FORMS.iter().find(|form| **form == name) {
            Some(new) => {
                if let Some(before) = found.replace(*new) {
                    return form(format!("{REQUIRED}. Received dictionary with input fields: ['{before}', '{new}']."));
                }
                table(new, &mut scan, &mut reader)?;
            }
            None if name == "params" => method = params(&mut scan, contract)?,
            // Anything else is left, as MLflow leaves it.
            None => scan.skip()?,
        }
    }
    scan.end()?;
    if found.is_none() {
        return form(format!("{REQUIRED}. Received dictionary without one."));
    }
    Ok(Asked { rows: reader.finish().map_err(super::Unreadable::Fields)?, method })
}

fn table(name: &str, scan: &mut Scan<'_>, reader: &mut Reader<'_>) -> Read<()> {
    match name {
        "dataframe_split" => split(scan, reader),
        "dataframe_records" if scan.enter_array() => records(scan, reader, "Dataframe records format"),
        "dataframe_records" => wrong(scan, "Dataframe records format must be a list of records."),
        // MLflow reads an object the same under both names.
        "inputs" | "instances" if scan.enter_object() => columns(scan, reader),
        _ => instances(name, scan, reader),
    }
}

/// Says that something is of another form, if it is JSON at all.
fn wrong<T>(scan: &mut Scan<'_>, message: &str) -> Read<T> {
    scan.skip()?;
    form(message)
}

fn split(scan: &mut Scan<'_>, reader: &mut Reader<'_>) -> Read<()> {
    if !scan.enter_object() {
        return wrong(scan, "Dataframe split format must be a dictionary.");
    }
    let (mut first, mut places, mut later, mut read) = (true, None, None, false);
    while let Some(name) = scan.field(&mut first)? {
        match &*name {
            "columns" if places.is_some() => return form("Dataframe split format has 'columns' twice."),
            "columns" if scan.enter_array() => places = Some(names(scan, reader)?),
            "columns" => return wrong(scan, "The 'columns' of the dataframe split format must be a list."),
            "data" if later.is_some() || read => return form("Dataframe split format has 'data' twice."),
            "data" if places.is_some() => {
                data(scan, reader, places.as_ref())?;
                read = true;
            }
            // The names may come behind the values.
            "data" => {
                scan.peek();
                later = Some(scan.at());
                scan.skip()?;
            }
            "index" => scan.skip()?,
            other => {
                return form(format!(
                    "Dataframe split format must have 'data' field and optionally 'columns' and 'index' fields. Got '{other}'."
                ));
            }
        }
    }
    match later {
        Some(at) => data(&mut scan.moved(at), reader, places.as_ref()),
        None if read => Ok(()),
        None => form("Dataframe split format must have 'data' field and optionally 'columns' and 'index' fields."),
    }
}

fn data(scan: &mut Scan<'_>, reader: &mut Reader<'_>, places: Option<&super::table::Places>) -> Read<()> {
    if !scan.enter_array() {
        return wrong(scan, "The 'data' of the dataframe split format must be a list of rows.");
    }
    values(scan, reader, places, "'data'")
}

/// Records, or rows of values.
fn instances(name: &str, scan: &mut Scan<'_>, reader: &mut Reader<'_>) -> Read<()> {
    let what = format!("'{name}'");
    if !scan.enter_array() {
        return wrong(scan, &format!("{what} must be a list of records or of rows of values."));
    }
    if scan.peek() == b'[' { values(scan, reader, None, &what) } else { records(scan, reader, &what) }
}

/// What a request wants to know, from `params`.
fn params(scan: &mut Scan<'_>, contract: &Contract) -> Read<Method> {
    if !scan.enter_object() {
        return match scan.scalar()? {
            Scalar::Null => Ok(Method::Predict),
            _ => wrong(scan, "'params' must be a dictionary."),
        };
    }
    let (mut first, mut method) = (true, Method::Predict);
    while let Some(name) = scan.field(&mut first)? {
        if name != "predict_method" {
            scan.skip()?;
            continue;
        }
        method = match scan.scalar()? {
            Scalar::Text(text) if text == "predict" => Method::Predict,
            Scalar::Text(text) if text == "predict_proba" && contract.signature().classes.is_some() => Method::Proba,
            Scalar::Text(text) if text == "predict_proba" => return form("only classifiers have probabilities"),
            _ => return form("predict_method must be 'predict' or 'predict_proba'"),
        };
    }
    Ok(method)
}
