//! Crates of `%dep` over restarts of the runtime.

use crate::engine::Engine;
use ironbook_session::Dependency;

#[test]
fn crates_are_there_after_a_restart() {
    let mut e = Engine::new();
    let root = e.directory.path().join("ownmath");
    std::fs::create_dir_all(root.join("src")).unwrap();
    std::fs::write(root.join("Cargo.toml"), "[package]\nname = \"ownmath\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
        .unwrap();
    std::fs::write(root.join("src/lib.rs"), "#[derive(Debug)] pub struct P(pub u32); pub fn two() -> u32 { 2 }\n")
        .unwrap();
    let dependency = Dependency {
        name: "ownmath".to_owned(),
        version: None,
        features: Vec::new(),
        path: Some(root.clone()),
        default_features: true,
    };
    e.session.add_dependency(&dependency, &mut |_| {}).unwrap();
    e.cells(&["use ownmath::*; struct Held { p: P } let held = Held { p: P(2) }; let keep = 1;"]);
    e.gives("ownmath::two() + held.p.0", "4");
    std::fs::write(
        root.join("src/lib.rs"),
        "#[derive(Debug)] pub struct P(pub [u32; 4000]); pub fn two() -> u32 { 22 }\n",
    )
    .unwrap();
    e.cell("two()").ok().notes("`held`");
    assert_eq!(e.names(), ["keep"]);
    e.session.restart();
    e.gives("ownmath::two()", "22");
}
