//! Where runs go, and what is still on its way there.

use crate::active;
use crate::place;
use ironbook_core::{Bundle, Display};
use ironbook_store::Result;

/// Where runs go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The address that was set; `None` for the project's own store.
    pub uri: Option<String>,
    /// The store that it names.
    pub location: String,
}

/// Where the runs of this process go.
///
/// # Errors
/// Of the store.
pub fn destination() -> Result<Destination> {
    let uri = place::uri();
    let location = match &uri {
        Some(uri) => uri.clone(),
        None => ironbook_store::locate(&active::working_directory()?).display().to_string(),
    };
    Ok(Destination { uri, location })
}

impl Display for Destination {
    fn bundle(&self) -> Bundle {
        Bundle::text(match &self.uri {
            Some(uri) => format!("runs go to {uri}"),
            None => format!("runs go to the project's own store, {}", self.location),
        })
    }
}
