//! Artifacts of runs and models.

use super::{Case, check_code, experiment, run};
use ironbook_store::{ArtifactsOf, Code, NewModel, Store};
use std::io::Read;

pub(super) static CASES: &[(&str, Case)] = &[
    ("artifacts are kept", kept),
    ("artifacts are deleted", deleted),
    ("directories are copied in and out", copied),
    ("models have artifacts", of_models),
    ("paths stay inside", paths),
    ("large files arrive whole", large),
];

fn text_of(store: &dyn Store, of: ArtifactsOf<'_>, path: &str) -> String {
    let mut text = String::new();
    store.read_artifact(of, path).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn listed(store: &dyn Store, of: ArtifactsOf<'_>, directory: &str) -> Vec<(String, Option<u64>)> {
    store.list_artifacts(of, directory).unwrap().into_iter().map(|a| (a.path, a.size)).collect()
}

fn kept(store: &dyn Store) {
    let run = run(store, "artifacts");
    let of = ArtifactsOf::Run(&run);
    assert_eq!(listed(store, of, ""), []);
    store.write_artifact(of, "model.json", &mut &b"{}"[..]).unwrap();
    store.write_artifact(of, "plots/a b/größe.txt", &mut &b"one"[..]).unwrap();
    store.write_artifact(of, "plots/a b/größe.txt", &mut &b"three"[..]).unwrap();
    store.write_artifact(of, "odd/100%25 & more+.txt", &mut &b"odd"[..]).unwrap();
    assert_eq!(text_of(store, of, "plots/a b/größe.txt"), "three");
    assert_eq!(text_of(store, of, "odd/100%25 & more+.txt"), "odd");
    let root = [("model.json".to_owned(), Some(2)), ("odd".to_owned(), None), ("plots".to_owned(), None)];
    assert_eq!(listed(store, of, ""), root);
    assert_eq!(listed(store, of, "plots/a b"), [("plots/a b/größe.txt".to_owned(), Some(5))]);
    assert_eq!(listed(store, of, "nothing"), []);
    check_code(store.read_artifact(of, "absent").map(drop), Code::ResourceDoesNotExist);
    let unknown = ArtifactsOf::Run("0123456789abcdef0123456789abcdef");
    check_code(store.list_artifacts(unknown, ""), Code::ResourceDoesNotExist);
    check_code(store.write_artifact(unknown, "a", &mut &b"x"[..]), Code::ResourceDoesNotExist);
}

fn deleted(store: &dyn Store) {
    let run = run(store, "deleted artifacts");
    let of = ArtifactsOf::Run(&run);
    for path in ["a/b/one", "a/b/two", "a/three", "four"] {
        store.write_artifact(of, path, &mut &b"x"[..]).unwrap();
    }
    store.delete_artifact(of, "a/b/one").unwrap();
    assert_eq!(listed(store, of, "a/b"), [("a/b/two".to_owned(), Some(1))]);
    store.delete_artifact(of, "a").unwrap();
    assert_eq!(listed(store, of, ""), [("four".to_owned(), Some(1))]);
}

fn copied(store: &dyn Store) {
    let run = run(store, "copies");
    let of = ArtifactsOf::Run(&run);
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("in/deep")).unwrap();
    std::fs::write(directory.path().join("in/deep/x.bin"), vec![7; 100_000]).unwrap();
    store.copy_artifact(of, &directory.path().join("in"), None).unwrap();
    store.copy_artifact(of, &directory.path().join("in/deep/x.bin"), Some("copy/y.bin")).unwrap();
    assert_eq!(listed(store, of, "in/deep"), [("in/deep/x.bin".to_owned(), Some(100_000))]);
    assert_eq!(listed(store, of, "copy"), [("copy/y.bin".to_owned(), Some(100_000))]);
    check_code(store.copy_artifact(of, &directory.path().join("absent"), None), Code::ResourceDoesNotExist);
    let out = directory.path().join("out");
    assert_eq!(store.fetch_artifact(of, "", &out).unwrap(), 2);
    assert_eq!(std::fs::read(out.join("in/deep/x.bin")).unwrap(), vec![7; 100_000]);
    assert_eq!(store.fetch_artifact(of, "copy/y.bin", &directory.path().join("one")).unwrap(), 1);
}

fn of_models(store: &dyn Store) {
    let new = NewModel { experiment: experiment(store, "model files"), ..NewModel::default() };
    let model = store.create_model(&new).unwrap();
    let of = ArtifactsOf::Model(&model.id);
    store.write_artifact(of, "MLmodel", &mut &b"flavors: {}"[..]).unwrap();
    assert_eq!(text_of(store, of, "MLmodel"), "flavors: {}");
    assert_eq!(listed(store, of, ""), [("MLmodel".to_owned(), Some(11))]);
    let unknown = ArtifactsOf::Model("m-0123456789abcdef0123456789abcdef");
    check_code(store.list_artifacts(unknown, ""), Code::ResourceDoesNotExist);
}

fn paths(store: &dyn Store) {
    let run = run(store, "paths");
    let of = ArtifactsOf::Run(&run);
    for path in ["", "..", "../x", "a/../../x", "/etc/x", "a//b", "./a", "a/.", "C:/x", "a\\..\\x", "a\u{0}b", "a/"] {
        check_code(store.write_artifact(of, path, &mut &b"x"[..]), Code::InvalidParameterValue);
        check_code(store.read_artifact(of, path).map(drop), Code::InvalidParameterValue);
        check_code(store.delete_artifact(of, path), Code::InvalidParameterValue);
        if !path.is_empty() {
            check_code(store.list_artifacts(of, path), Code::InvalidParameterValue);
        }
    }
    assert_eq!(listed(store, of, ""), []);
}

fn large(store: &dyn Store) {
    let run = run(store, "large");
    let of = ArtifactsOf::Run(&run);
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    store.write_artifact(of, "large.bin", &mut &bytes[..]).unwrap();
    let mut back = Vec::new();
    store.read_artifact(of, "large.bin").unwrap().read_to_end(&mut back).unwrap();
    assert!(back == bytes);
}
