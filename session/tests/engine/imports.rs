//! Names that the library has and a cell has not.

use super::Engine;
use ironbook_session::{FailureKind, Status};

#[test]
fn unknown_names_are_told_where_they_are() {
    let mut e = Engine::new();
    let types =
        ["LearnError", "Signature", "StdRng", "SmallRng", "NaiveDate", "NaiveDateTime", "DateTime", "TimeDelta"];
    let cells = types.map(|name| format!("fn f(_: {name}) {{}}")).into_iter();
    let traits = ["SeedableRng", "SliceRandom", "Rng", "Serialize"];
    let cells = cells.chain(traits.map(|name| format!("fn f<T: {name}>() {{}}")));
    let others = ["let x = Utc::now();", "let x = Local::now();", "#[derive(Deserialize)] struct A { a: u8 }"];
    for cell in cells.chain(others.map(str::to_owned)) {
        let ran = e.cell(&cell).fails(FailureKind::Compile, &["brings it in"]);
        let Status::Failed(failure) = &ran.execution.status else { unreachable!() };
        let hint = failure.hints.iter().find(|hint| hint.contains("brings it in")).unwrap();
        let import = hint.split('`').nth(1).unwrap();
        e.cell(&format!("{{ #[allow(unused_imports)] {import} }}")).ok();
    }
    e.cell("let x: Nobody = 5;").fails(FailureKind::Compile, &["Nobody"]);
    e.cells(&["use rand::rngs::StdRng; use rand::SeedableRng;", "let rng = StdRng::seed_from_u64(1);"]);
}
