//! Magics over the real session; these need the built standard library, which `ironbook setup` makes.

use crate::fake::text;
use ironbook_magics::{Expect, Shell, magics};
use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, Session, Status, Tier};
use std::path::Path;

fn shell(directory: &Path) -> Shell {
    let paths = Paths::from_env();
    let library = Library::locate(&paths).unwrap_or_else(|missing| panic!("{missing}; run `ironbook setup`"));
    let config = Config { library, cache: paths.cells(), directory: directory.to_owned(), tier: Tier::Auto };
    Shell::new(Session::start(config).unwrap())
}

#[test]
fn examples_do_what_they_say() {
    for magic in magics::ALL {
        for example in magic.examples() {
            let directory = tempfile::tempdir().unwrap();
            let mut shell = shell(directory.path());
            let mut events = Vec::new();
            let outcome = shell.run_cell(example.code, None, &mut |event| events.push(event));
            let output = text(&events);
            match (example.expect, outcome.status) {
                (Expect::Failed(kind), Status::Failed(failure)) => assert_eq!(failure.kind, kind, "{}", example.code),
                (Expect::Failed(_), Status::Ok) => panic!("{} ran", example.code),
                (_, Status::Failed(failure)) => panic!("{}: {}", example.code, failure.report.join("\n")),
                (Expect::Contains(part), Status::Ok) => assert!(output.contains(part), "{}: {output}", example.code),
                (Expect::Ok, Status::Ok) => {}
            }
        }
    }
}
