//! Interrupts at awkward moments, and symbols that several cells define.

use crate::engine::Engine;
use ironbook_session::{Event, ExecuteOptions, FailureKind, Source, Status};

#[test]
fn an_interrupt_just_before_the_cell_begins_is_for_the_cell() {
    let mut e = Engine::new();
    e.cells(&["let kept = 1;"]);
    let handle = e.session.handle();
    // The note of the ignored result comes when the cell has been compiled and is about to run.
    let cell = "Ok::<i32, String>(kept); let mut n = 0u64; while n < 400_000_000 { n += 1; } println!(\"ran\");";
    let mut noted = false;
    let mut out = |event: Event| {
        if let Event::Note(_) = event {
            noted = true;
            handle.interrupt();
        }
    };
    let ran = e.session.execute(&Source::plain(cell), &ExecuteOptions::default(), &mut out);
    assert!(noted);
    match ran.status {
        Status::Failed(failure) => assert_eq!(failure.kind, FailureKind::Interrupted),
        Status::Ok => panic!("the interrupt was lost"),
    }
    e.gives("kept", "1");
}

#[test]
fn a_redefined_exported_function_is_the_new_one() {
    let mut e = Engine::new();
    e.gives("#[unsafe(no_mangle)] pub extern \"C\" fn own_helper(x: i32) -> i32 { x + 1 } own_helper(1)", "2");
    e.gives("#[unsafe(no_mangle)] pub extern \"C\" fn own_helper(x: i32) -> i32 { x + 100 } own_helper(1)", "101");
}
