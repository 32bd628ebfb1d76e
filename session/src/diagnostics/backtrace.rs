//! Functions and lines of return addresses, from a twin of the cell that was compiled with line tables.

use addr2line::gimli::{Dwarf, EndianSlice, RunTimeEndian, SectionId};
use object::{Object, ObjectSection, ObjectSymbol};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

/// A resolved address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The function, demangled.
    pub function: String,
    /// The file's path as the compiler recorded it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in bytes from 1; 0 when unknown.
    pub column: u32,
}

/// Resolves return addresses of `original` (offsets in it, innermost first) with the debug information of `twin`;
/// calls that were inlined give one entry each.
///
/// `None` when the twin's code is not the original's byte by byte, or one of the files cannot be read.
pub fn resolve(twin: &Path, original: &Path, offsets: &[u64]) -> Option<Vec<Address>> {
    let twin = std::fs::read(twin).ok()?;
    let original = std::fs::read(original).ok()?;
    let twin = object::File::parse(&*twin).ok()?;
    let original = object::File::parse(&*original).ok()?;
    let (code, original_code) = (code(&twin)?, code(&original)?);
    if code != original_code {
        return None;
    }
    let endian = if twin.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    let mut sections: HashMap<SectionId, Cow<'_, [u8]>> = HashMap::new();
    let owned = |id: SectionId| -> Result<Cow<'_, [u8]>, addr2line::gimli::Error> {
        let section = twin.section_by_name(id.name());
        Ok(section.and_then(|section| section.uncompressed_data().ok()).unwrap_or_default())
    };
    for id in SECTIONS {
        sections.insert(id, owned(id).ok()?);
    }
    let slice = |id: SectionId| -> Result<_, addr2line::gimli::Error> {
        Ok(EndianSlice::new(sections.get(&id).map_or(&[][..], |data| data), endian))
    };
    let context = addr2line::Context::from_dwarf(Dwarf::load(slice).ok()?).ok()?;
    let symbols = symbols(&twin);
    Some(offsets.iter().flat_map(|offset| frames(&context, &symbols, *offset)).collect())
}

const SECTIONS: [SectionId; 10] = [
    SectionId::DebugAbbrev,
    SectionId::DebugAddr,
    SectionId::DebugAranges,
    SectionId::DebugInfo,
    SectionId::DebugLine,
    SectionId::DebugLineStr,
    SectionId::DebugRanges,
    SectionId::DebugRngLists,
    SectionId::DebugStr,
    SectionId::DebugStrOffsets,
];

/// Address and bytes of the code.
fn code<'d>(file: &object::File<'d>) -> Option<(u64, &'d [u8])> {
    let section = file.section_by_name(".text").or_else(|| file.section_by_name("__text"))?;
    Some((section.address(), section.data().ok()?))
}

/// Functions by start address: start, end, mangled name.
fn symbols<'d>(file: &object::File<'d>) -> Vec<(u64, u64, &'d str)> {
    let defined = file.symbols().filter(|symbol| symbol.is_definition() && symbol.size() > 0);
    let mut all: Vec<_> = defined.filter_map(|s| Some((s.address(), s.address() + s.size(), s.name().ok()?))).collect();
    all.sort_unstable();
    all
}

type Reader<'d> = EndianSlice<'d, RunTimeEndian>;

fn frames(context: &addr2line::Context<Reader<'_>>, symbols: &[(u64, u64, &str)], offset: u64) -> Vec<Address> {
    // The return address is that of the next instruction, which may belong to another line.
    let probe = offset.saturating_sub(1);
    let Ok(mut found) = context.find_frames(probe).skip_all_loads() else { return Vec::new() };
    let mut addresses: Vec<Address> = Vec::new();
    while let Ok(Some(frame)) = found.next() {
        let Some(location) = frame.location else { continue };
        let named = frame.function.as_ref().and_then(|function| function.demangle().ok()).map(Cow::into_owned);
        addresses.push(Address {
            function: named.unwrap_or_default(),
            file: location.file.unwrap_or_default().to_owned(),
            line: location.line.unwrap_or(0),
            column: location.column.unwrap_or(0),
        });
    }
    // Line tables name a function without its path; the symbol of the one that the others were inlined into has it.
    if let Some(outermost) = addresses.last_mut() {
        let symbol = symbol(symbols, probe);
        if !symbol.is_empty() {
            outermost.function = symbol;
        }
    }
    addresses
}

fn symbol(symbols: &[(u64, u64, &str)], address: u64) -> String {
    let after = symbols.partition_point(|(start, _, _)| *start <= address);
    let found = after.checked_sub(1).map(|at| symbols[at]).filter(|(_, end, _)| address < *end);
    found.map(|(_, _, name)| addr2line::demangle_auto(Cow::Borrowed(name), None).into_owned()).unwrap_or_default()
}
