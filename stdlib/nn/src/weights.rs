//! Weights as safetensors files, which PyTorch reads and writes too.

use crate::error::NnError;
use crate::module::{Module, load_named, state_dict, variables};
use candle_core::{Device, Tensor};
use safetensors::SafeTensors;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// Writes all parameters and buffers; an existing file is replaced only once the new one is complete.
///
/// `torch.nn.Module.load_state_dict(safetensors.torch.load_file(path))` reads it.
///
/// # Errors
/// [`NnError::Write`], [`NnError::Candle`].
pub fn save_weights<M: Module + ?Sized>(module: &M, path: impl AsRef<Path>) -> Result<(), NnError> {
    write(&state_dict(module)?, None, path.as_ref())
}

/// Sets all parameters and buffers from a file; nothing is changed unless all names and shapes fit.
///
/// # Errors
/// [`NnError::Read`], [`NnError::Corrupt`], [`NnError::OtherNetwork`].
pub fn load_weights<M: Module + ?Sized>(module: &M, path: impl AsRef<Path>) -> Result<(), NnError> {
    let path = path.as_ref();
    let (state, _) = read(path, "file of weights")?;
    load_named(&variables(module), &state, &format!("\"{}\"", path.display()))
}

/// Writes beside the file and renames, so that a full disk or a crash never leaves half a file.
pub(crate) fn write(tensors: &BTreeMap<String, Tensor>, about: Option<String>, path: &Path) -> Result<(), NnError> {
    let failed = |source| NnError::Write { path: path.to_owned(), source };
    let metadata = about.map(|text| HashMap::from([("ironbook".to_owned(), text)]));
    let host = tensors.iter().map(|(name, t)| Ok((name, t.to_device(&Device::Cpu)?.contiguous()?)));
    let host = host.collect::<Result<Vec<_>, NnError>>()?;
    let bytes = safetensors::serialize(host, metadata).map_err(|e| failed(std::io::Error::other(e)))?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = Path::new(&name);
    let written = fs::File::create(temporary)
        .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(temporary, path));
    if written.is_err() {
        // The first error is the one to report, whether or not there is something to clean up.
        let _ = fs::remove_file(temporary);
    }
    written.map_err(failed)
}

/// The tensors of a file, on the CPU, and what Ironbook wrote about them.
pub(crate) fn read(path: &Path, what: &'static str) -> Result<(BTreeMap<String, Tensor>, Option<String>), NnError> {
    let bytes = fs::read(path).map_err(|source| NnError::Read { path: path.to_owned(), source })?;
    let corrupt = |why: String| NnError::Corrupt { path: path.to_owned(), what, why };
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| corrupt(e.to_string()))?;
    SafeTensors::deserialize(&bytes).map_err(|e| corrupt(e.to_string()))?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).map_err(|e| corrupt(e.to_string()))?;
    let about = header.metadata().as_ref().and_then(|all| all.get("ironbook").cloned());
    Ok((tensors.into_iter().collect(), about))
}
