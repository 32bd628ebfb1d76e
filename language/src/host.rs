//! rust-analyzer with the project loaded, and one text that changes.

use crate::macros::Macros;
use crate::project::{Crate, Project};
use ironbook_session::parse;
use ra_ap_base_db::salsa::{Durability, Setter as _};
use ra_ap_base_db::target::{Arch, TargetData};
use ra_ap_base_db::{
    CrateBuilderId, CrateDisplayName, CrateGraphBuilder, CrateName, CrateOrigin, CrateWorkspaceData, DependencyBuilder,
    Env, LangCrateOrigin, LibraryRoots, LocalRoots, SourceDatabase as _, SourceRoot, SourceRootId, VfsPath,
};
use ra_ap_cfg::{CfgAtom, CfgOptions};
use ra_ap_hir::{ChangeWithProcMacros, Symbol};
use ra_ap_hir_expand::proc_macro::ProcMacrosBuilder;
use ra_ap_ide::{Analysis, AnalysisHost, Edition, FileId};
use ra_ap_ide_db::RootDatabase;
use ra_ap_paths::AbsPathBuf;
use ra_ap_vfs::file_set::FileSet;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use triomphe::Arc;

/// Longest text that is read.
const LONGEST: usize = 2 << 20;
/// Files larger than this are tables, which no answer needs.
const LARGEST: u64 = 2 << 20;
/// Directories that hold nothing that cells name: tests, and vector instructions.
pub(crate) const SKIPPED: &[&str] = &["tests", "benches", "stdarch", "coretests", "alloctests"];
/// The path of the text; no such file exists.
const TEXT: &str = "/ironbook/cell.rs";

/// rust-analyzer over a project and a text.
pub struct Host {
    host: AnalysisHost,
    text: String,
    is_sane: bool,
    text_id: FileId,
    files: Files,
    macros: Option<Macros>,
}

/// The files so far, which are grouped in roots.
#[derive(Default)]
struct Files {
    /// What the database does not know yet.
    new: Vec<(FileId, String)>,
    new_roots: Vec<SourceRoot>,
    /// Roots that it knows.
    roots: u32,
    folders: HashSet<Vec<PathBuf>>,
    /// Paths, by the number of their ids.
    paths: Vec<PathBuf>,
    ids: HashMap<PathBuf, FileId>,
}

impl Host {
    /// Reads the sources of a project; its proc macros are expanded if there is a server for them.
    pub fn new(project: &Project, macros: Option<Macros>) -> Host {
        let mut files = Files::default();
        let text_id = files.add(PathBuf::from(TEXT), String::new());
        let mut own = FileSet::default();
        own.insert(text_id, VfsPath::new_real_path(TEXT.to_owned()));
        files.new_roots.push(SourceRoot::new_local(own));
        let mut host = AnalysisHost::default();
        if macros.is_some() {
            host.raw_database_mut().enable_proc_attr_macros();
        }
        let mut host = Host { host, text: String::new(), is_sane: true, text_id, files, macros };
        host.read(project);
        host
    }

    /// Reads the sources of another project, which is the same in most.
    pub fn read(&mut self, project: &Project) {
        let mut change = ChangeWithProcMacros::default();
        let graph = Graph::new(project, &mut self.files, self.text_id);
        if let Some(macros) = &mut self.macros {
            macros.look(&project.target);
            change.set_proc_macros(graph.macros(macros));
        }
        change.set_crate_graph(graph.finish());
        self.files.tell(self.host.raw_database_mut());
        self.host.apply_change(change);
    }

    /// Replaces the text. One that nobody writes by hand is not read: it would take all memory, or all of the stack.
    pub fn set_text(&mut self, text: String) {
        let is_sane = text.len() <= LONGEST && !parse::is_too_deep(&text);
        let mut change = ChangeWithProcMacros::default();
        change.change_file(self.text_id, Some(if is_sane { text.clone() } else { String::new() }));
        self.host.apply_change(change);
        self.text = text;
        self.is_sane = is_sane;
    }

    /// Whether the text is one that is read.
    pub fn is_sane(&self) -> bool {
        self.is_sane
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A view that answers questions about the text as it is now.
    pub fn analysis(&self) -> Analysis {
        self.host.analysis()
    }

    /// The file of the text.
    pub fn text_id(&self) -> FileId {
        self.text_id
    }

    /// The path of a file.
    pub fn path(&self, file: FileId) -> Option<&Path> {
        self.files.paths.get(file.index() as usize).map(PathBuf::as_path)
    }

    /// Ends answers that are being made elsewhere; waits until they have ended.
    pub fn cancel(&mut self) {
        self.host.trigger_cancellation();
    }

    /// Gives back memory that answers have left behind.
    pub fn rest(&mut self) {
        self.host.trigger_garbage_collection();
    }
}

impl Files {
    fn add(&mut self, path: PathBuf, text: String) -> FileId {
        let id = FileId::from_raw(u32::try_from(self.paths.len()).unwrap_or(u32::MAX));
        self.new.push((id, text));
        self.ids.insert(path.clone(), id);
        self.paths.push(path);
        id
    }

    /// Reads the Rust files below some directories, as one root.
    fn add_root(&mut self, folders: &[PathBuf]) {
        if !self.folders.insert(folders.to_vec()) {
            return;
        }
        let mut set = FileSet::default();
        let mut open: Vec<PathBuf> = folders.to_vec();
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let Ok(kind) = entry.file_type() else { continue };
                let skipped = entry.file_name().to_str().is_none_or(|name| SKIPPED.contains(&name));
                if kind.is_dir() && !skipped {
                    open.push(path);
                } else if is_read(&path) && !self.ids.contains_key(&path) {
                    self.read(path, &mut set);
                }
            }
        }
        self.new_roots.push(SourceRoot::new_library(set));
    }

    /// Tells the database of what is new. What it knows already is not told again: it would read all of it anew.
    fn tell(&mut self, db: &mut RootDatabase) {
        let mut local = LocalRoots::get(db).roots(db).clone();
        let mut libraries = LibraryRoots::get(db).roots(db).clone();
        for root in std::mem::take(&mut self.new_roots) {
            let id = SourceRootId(self.roots);
            let durability = if root.is_library { Durability::MEDIUM } else { Durability::LOW };
            for file in root.iter() {
                db.set_file_source_root_with_durability(file, id, durability);
            }
            if root.is_library {
                libraries.insert(id)
            } else {
                local.insert(id)
            };
            db.set_source_root_with_durability(id, Arc::new(root), durability);
            self.roots += 1;
        }
        LocalRoots::get(db).set_roots(db).to(local);
        LibraryRoots::get(db).set_roots(db).to(libraries);
        for (file, text) in std::mem::take(&mut self.new) {
            let durability = if file.index() == 0 { Durability::LOW } else { Durability::HIGH };
            db.set_file_text_with_durability(file, &text, durability);
        }
    }

    fn read(&mut self, path: PathBuf, set: &mut FileSet) {
        let Ok(text) = std::fs::read_to_string(&path) else { return };
        let name = VfsPath::new_real_path(path.display().to_string());
        let id = self.add(path, text);
        set.insert(id, name);
    }
}

/// Whether a file is one of Rust that is read.
pub(crate) fn is_read(path: &Path) -> bool {
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    is_rust && std::fs::metadata(path).is_ok_and(|metadata| metadata.len() <= LARGEST)
}

/// The crates with what they depend on.
struct Graph<'a> {
    project: &'a Project,
    graph: CrateGraphBuilder,
    data: Arc<CrateWorkspaceData>,
    /// `core`, `alloc`, `std`, `proc_macro`.
    lang: Vec<(&'static str, CrateBuilderId)>,
    crates: Vec<Option<CrateBuilderId>>,
}

impl<'a> Graph<'a> {
    fn new(project: &'a Project, files: &mut Files, text: FileId) -> Graph<'a> {
        let target = TargetData { data_layout: data_layout().into(), arch: Arch::Other };
        let data = Arc::new(CrateWorkspaceData { target: Ok(target), toolchain: None });
        let mut graph =
            Graph { project, graph: CrateGraphBuilder::default(), data, lang: Vec::new(), crates: Vec::new() };
        graph.add_lang(files);
        for read in &project.crates {
            files.add_root(&read.folders);
            let id = files.ids.get(&read.root).copied();
            let id = id.map(|file| graph.add_crate(read, file));
            graph.crates.push(id);
        }
        for (read, id) in project.crates.iter().zip(graph.crates.clone()) {
            let Some(id) = id else { continue };
            graph.depend_on_lang(id, read.is_macro);
            graph.depend(id, &read.deps);
        }
        graph.add_text(text);
        graph
    }

    fn macros(&self, macros: &Macros) -> ProcMacrosBuilder {
        let made = self.project.crates.iter().zip(&self.crates).filter(|(read, _)| read.is_macro);
        made.filter_map(|(read, id)| Some(((*id)?, macros.of(read)))).collect()
    }

    fn finish(mut self) -> CrateGraphBuilder {
        self.graph.shrink_to_fit();
        self.graph
    }

    fn add_lang(&mut self, files: &mut Files) {
        let below: [(&str, &[&str]); 4] =
            [("core", &[]), ("alloc", &["core"]), ("std", &["core", "alloc"]), ("proc_macro", &["core", "std"])];
        for (name, deps) in below {
            let folder = self.project.std.join(name).join("src");
            files.add_root(std::slice::from_ref(&folder));
            let Some(file) = files.ids.get(&folder.join("lib.rs")).copied() else { continue };
            let mut cfg = self.cfg(&[], &[]);
            cfg.insert_atom(Symbol::intern("miri"));
            let origin = CrateOrigin::Lang(LangCrateOrigin::from(name));
            let id = self.add(file, Edition::Edition2024, (name, None), cfg, Env::default(), origin, false);
            for (dep, to) in self.lang.clone() {
                if deps.contains(&dep) {
                    self.arrow(id, dep, to);
                }
            }
            self.lang.push((name, id));
        }
    }

    fn add_crate(&mut self, read: &Crate, file: FileId) -> CrateBuilderId {
        let edition = read.edition.parse().unwrap_or(Edition::Edition2021);
        let cfg = self.cfg(&read.features, &read.cfgs);
        let symbol = Symbol::intern(&read.name);
        let origin = match read.ours {
            true => CrateOrigin::Local { repo: None, name: Some(symbol) },
            false => CrateOrigin::Library { repo: None, name: symbol },
        };
        let env: Env = read.env.iter().cloned().collect();
        self.add(file, edition, (&read.name, Some(read.version.clone())), cfg, env, origin, read.is_macro)
    }

    fn add_text(&mut self, file: FileId) {
        let cfg = self.cfg(&[], &[]);
        let origin = CrateOrigin::Local { repo: None, name: Some(Symbol::intern("cell")) };
        let id = self.add(file, Edition::Edition2024, ("cell", None), cfg, Env::default(), origin, false);
        self.depend_on_lang(id, false);
        let externs = self.project.externs.clone();
        self.depend(id, &externs);
    }

    #[expect(clippy::too_many_arguments, reason = "it stands for one call of rust-analyzer's, which has twelve")]
    fn add(
        &mut self,
        file: FileId,
        edition: Edition,
        (name, version): (&str, Option<String>),
        cfg: CfgOptions,
        env: Env,
        origin: CrateOrigin,
        is_macro: bool,
    ) -> CrateBuilderId {
        let display = CrateDisplayName::from_canonical_name(name);
        let directory = Arc::new(AbsPathBuf::assert_utf8(PathBuf::from("/")));
        let data = self.data.clone();
        let no_attributes = Vec::new();
        self.graph.add_crate_root(
            file,
            edition,
            Some(display),
            version,
            cfg,
            None,
            env,
            origin,
            no_attributes,
            is_macro,
            directory,
            data,
        )
    }

    fn depend_on_lang(&mut self, from: CrateBuilderId, is_macro: bool) {
        for (name, to) in self.lang.clone() {
            let Ok(crate_name) = CrateName::new(name) else { continue };
            let in_prelude = match name {
                "proc_macro" => is_macro,
                _ => name != "alloc",
            };
            let dependency = DependencyBuilder::with_prelude(crate_name, to, in_prelude, true);
            // Nothing below std depends on what is above it.
            let _ = self.graph.add_dep(from, dependency);
        }
    }

    fn depend(&mut self, from: CrateBuilderId, deps: &[(String, usize)]) {
        for (name, place) in deps {
            if let Some(to) = self.crates.get(*place).copied().flatten() {
                self.arrow(from, name, to);
            }
        }
    }

    fn arrow(&mut self, from: CrateBuilderId, name: &str, to: CrateBuilderId) {
        if let Ok(name) = CrateName::new(name) {
            // A circle through development dependencies is left open.
            let _ = self.graph.add_dep(from, DependencyBuilder::new(name, to));
        }
    }

    fn cfg(&self, features: &[String], more: &[(String, Option<String>)]) -> CfgOptions {
        let mut options = CfgOptions::default();
        let features = features.iter().map(|feature| ("feature".to_owned(), Some(feature.clone())));
        for (name, value) in self.project.cfgs.iter().cloned().chain(more.iter().cloned()).chain(features) {
            options.extend([match value {
                None => CfgAtom::Flag(Symbol::intern(&name)),
                Some(value) => CfgAtom::KeyValue { key: Symbol::intern(&name), value: Symbol::intern(&value) },
            }]);
        }
        options
    }
}

/// LLVM's words for sizes and alignments, which constants in types are computed with: those of 64-bit Linux.
fn data_layout() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "e-m:e-p270:32:32-p271:32:32-p272:64:64-i8:8:32-i16:16:32-i64:64-i128:128-n32:64-S128-Fn32"
    } else {
        "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
    }
}
