//! Proc macros that cargo has built for the library and for `%dep`, expanded by the compiler's own server for them.
//!
//! The server is a program of the compiler's, and a process: a macro that crashes or never ends takes it along, and nothing
//! else. Where it or a macro is missing, what that macro would make is not known.

use crate::project::{Crate, Project};
use ra_ap_base_db::{Env, ProcMacroLoadingError, SourceDatabase};
use ra_ap_hir::Symbol;
use ra_ap_hir_expand::proc_macro::{
    ProcMacro, ProcMacroExpander, ProcMacroExpansionError, ProcMacroKind, ProcMacroLoadResult,
};
use ra_ap_hir_expand::tt::TopSubtree;
use ra_ap_paths::AbsPathBuf;
use ra_ap_proc_macro_api::bidirectional_protocol::msg::{SubRequest, SubResponse};
use ra_ap_proc_macro_api::{MacroDylib, ProcMacroClient};
use ra_ap_span::Span;
use std::any::Any;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// The server, and what it can load.
pub struct Macros {
    server: ProcMacroClient,
    built: Built,
}

/// Libraries of macros in cargo's target directories, by the names of their crates.
#[derive(Default)]
pub struct Built(HashMap<String, Vec<(SystemTime, PathBuf)>>);

impl Macros {
    /// Starts the compiler's server; nothing where there is none.
    pub fn start(project: &Project) -> Option<Macros> {
        let name = format!("rust-analyzer-proc-macro-srv{}", std::env::consts::EXE_SUFFIX);
        let program = project.sysroot.join("libexec").join(name);
        if !program.is_file() {
            return None;
        }
        let environment: [(&str, &Option<String>); 0] = [];
        let server = ProcMacroClient::spawn(&AbsPathBuf::assert_utf8(program), environment, None, 1).ok()?;
        Some(Macros { server, built: Built::default() })
    }

    /// Looks for libraries that are there now.
    pub fn look(&mut self, target: &Path) {
        self.built = Built::look(target);
    }

    /// The macros of a crate.
    ///
    /// # Errors
    /// When it was not built here, or the server cannot load it.
    pub fn of(&self, read: &Crate) -> ProcMacroLoadResult {
        let path = read.library.clone().or_else(|| self.built.of(read)).ok_or(ProcMacroLoadingError::NotYetBuilt)?;
        let loaded = self.server.load_dylib(MacroDylib::new(AbsPathBuf::assert_utf8(path)));
        let loaded = loaded.map_err(|error| ProcMacroLoadingError::ProcMacroSrvError(error.to_string().into()))?;
        Ok(loaded.into_iter().map(described).collect())
    }
}

impl Built {
    /// Those that are there now.
    pub fn look(target: &Path) -> Built {
        let mut built: HashMap<String, Vec<(SystemTime, PathBuf)>> = HashMap::new();
        for folder in ["debug/deps", "apart/debug/deps"] {
            for entry in std::fs::read_dir(target.join(folder)).into_iter().flatten().flatten() {
                let path = entry.path();
                let Some(name) = macro_of(&path) else { continue };
                let modified = entry.metadata().and_then(|metadata| metadata.modified());
                let place = built.entry(name).or_default();
                place.push((modified.unwrap_or(SystemTime::UNIX_EPOCH), path));
            }
        }
        built.values_mut().for_each(|paths| paths.sort());
        Built(built)
    }

    /// The newest one of a crate's version.
    pub fn of(&self, read: &Crate) -> Option<PathBuf> {
        let mut newest = self.0.get(&read.name).into_iter().flatten().rev().map(|(_, path)| path);
        newest.find(|path| is_made_of(path, &read.root)).cloned()
    }
}

/// The crate that a library of macros may be of: `lib<name>-<hash>.so`.
fn macro_of(path: &Path) -> Option<String> {
    let stem = path.file_name()?.to_str()?.strip_suffix(std::env::consts::DLL_SUFFIX)?;
    let (name, hash) = stem.strip_prefix(std::env::consts::DLL_PREFIX)?.rsplit_once('-')?;
    (hash.len() == 16).then(|| name.to_owned())
}

/// Whether cargo says that a library was made of this file: its version is in the path.
fn is_made_of(library: &Path, root: &Path) -> bool {
    let name = library.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let said = library.with_file_name(name.strip_prefix(std::env::consts::DLL_PREFIX).unwrap_or(name));
    let text = std::fs::read_to_string(said.with_extension("d")).unwrap_or_default();
    root.to_str().is_some_and(|root| text.split([' ', '\n']).any(|word| word == root))
}

fn described(made: ra_ap_proc_macro_api::ProcMacro) -> ProcMacro {
    let kind = match made.kind() {
        ra_ap_proc_macro_api::ProcMacroKind::CustomDerive => ProcMacroKind::CustomDerive,
        ra_ap_proc_macro_api::ProcMacroKind::Bang => ProcMacroKind::Bang,
        ra_ap_proc_macro_api::ProcMacroKind::Attr => ProcMacroKind::Attr,
    };
    ProcMacro { name: Symbol::intern(made.name()), kind, expander: Arc::new(Expander(made)), disabled: false }
}

#[derive(Debug, PartialEq, Eq)]
struct Expander(ra_ap_proc_macro_api::ProcMacro);

impl ProcMacroExpander for Expander {
    fn expand(
        &self,
        _: &dyn SourceDatabase,
        subtree: &TopSubtree,
        attributes: Option<&TopSubtree>,
        env: &Env,
        def_site: Span,
        call_site: Span,
        mixed_site: Span,
        current_dir: String,
    ) -> Result<TopSubtree, ProcMacroExpansionError> {
        let attributes = attributes.map(|attributes| attributes.view());
        let env = env.clone().into();
        let expanded = self.0.expand(
            subtree.view(),
            attributes,
            env,
            def_site,
            call_site,
            mixed_site,
            current_dir,
            Some(&|asked| Ok(answer(&asked))),
        );
        match expanded {
            Ok(Ok(subtree)) => Ok(subtree),
            Ok(Err(panic)) => Err(ProcMacroExpansionError::Panic(panic)),
            Err(error) => Err(ProcMacroExpansionError::System(error.to_string())),
        }
    }

    fn eq_dyn(&self, other: &dyn ProcMacroExpander) -> bool {
        (other as &dyn Any).downcast_ref::<Self>() == Some(self)
    }
}

/// A macro may ask where its input stands. It is told that nobody knows, as for input that another macro made.
fn answer(asked: &SubRequest) -> SubResponse {
    match *asked {
        SubRequest::LocalFilePath { .. } => SubResponse::LocalFilePathResult { name: None },
        SubRequest::SourceText { .. } => SubResponse::SourceTextResult { text: None },
        SubRequest::LineColumn { .. } => SubResponse::LineColumnResult { line: 1, column: 1 },
        SubRequest::FilePath { .. } => SubResponse::FilePathResult { name: String::new() },
        SubRequest::ByteRange { start, end, .. } => {
            SubResponse::ByteRangeResult { range: start as usize..end as usize }
        }
        SubRequest::SpanSource { file_id, ast_id, start, end, ctx } => {
            SubResponse::SpanSourceResult { file_id, ast_id, start, end, ctx }
        }
        SubRequest::SpanParent { .. } => SubResponse::SpanParentResult { parent_span: None },
        SubRequest::SpanJoin { .. } => SubResponse::SpanJoinResult { span: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_told_by_their_names() {
        let name = |path: &str| macro_of(Path::new(path));
        assert_eq!(name("/t/libserde_derive-0123456789abcdef.so").as_deref(), Some("serde_derive"));
        assert_eq!(name("/t/libserde_derive.so"), None);
        assert_eq!(name("/t/libserde_derive-0123456789abcdef.rlib"), None);
    }
}
