//! Cells written by hand, as the code generator would: what a runtime has to bear. Compiled as one object.
#![allow(warnings)]

use ironbook::prelude::*;
use ironbook::rt;
use std::io::Write as _;
use std::thread;
use std::time::Duration;

macro_rules! cells {
    ($($name:ident($cx:ident) $body:block)*) => { $(
        #[unsafe(no_mangle)]
        pub fn $name($cx: &rt::Cx) -> rt::CellResult {
            rt::run(|| { $body; #[allow(unreachable_code)] Ok(()) })
        }
    )* };
}

struct Loud;

impl Drop for Loud {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

fn deeper(n: u64) -> u64 {
    let page = std::hint::black_box([n; 500]);
    deeper(n + 1) + page[3]
}

cells! {
    partial(cx) { print!("no newline"); }
    ordered(cx) {
        for i in 0..100 {
            print!("a{i} ");
            display(&Bundle::text(format!("d{i} ")));
            print!("b{i} ");
        }
        cx.result(Bundle::text("end"));
    }
    from_c(cx) {
        unsafe extern "C" { fn printf(format: *const std::ffi::c_char, ...) -> i32; }
        unsafe { printf(c"from C ".as_ptr()) };
        display(&Bundle::text("shown"));
    }
    panics(cx) {
        let kept = 41;
        rt::put!(cx, put, "kept", kept);
        let empty: Vec<i32> = Vec::new();
        let none = empty[std::hint::black_box(7)];
    }
    panics_in_pool(cx) {
        use ironbook::rayon::prelude::*;
        (0..100).into_par_iter().for_each(|i| if i == 77 { panic!("in a worker") });
    }
    panics_in_thread(cx) { thread::spawn(|| panic!("in a thread")).join().unwrap_err(); }
    panics_twice(cx) { let _loud = Loud; panic!("first"); }
    puts_loud(cx) { let loud = Loud; rt::put!(cx, put, "loud", loud); }
    fails(cx) { "x".parse::<u8>()?; }
    exits(cx) { println!("bye"); std::process::exit(3); }
    aborts(cx) { std::process::abort(); }
    faults(cx) { unsafe { std::ptr::null_mut::<u8>().write_volatile(1) }; }
    overflows(cx) { print!("{}", deeper(0)); }
    allocates(cx) { print!("{}", Vec::<u8>::with_capacity(std::hint::black_box(1 << 46)).capacity()); }
    large_array(cx) { let a = std::hint::black_box([0f64; 1_500_000]); print!("{}", a.len()); }
    loops(cx) {
        let before = 1;
        rt::put!(cx, put, "before", before);
        print!("looping");
        loop { rt::tick(); }
    }
    awaits(cx) {
        print!("waiting");
        return rt::block_on(rt::run_async(async { std::future::pending::<()>().await; Ok(()) }));
    }
    waits_for_child(cx) {
        print!("waiting");
        std::io::stdout().flush()?;
        std::process::Command::new("sleep").arg("1000").status()?;
        rt::tick();
    }
    spins(cx) { print!("spinning"); loop { std::hint::spin_loop(); } }
    spawns(cx) { print!("{}", std::process::Command::new("sleep").arg("1000").spawn()?.id()); }
    outlives(cx) {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        thread::spawn(move || { let _ = receiver.recv(); println!("late"); });
        rt::put!(cx, put, "sender", sender);
    }
    releases(cx) {
        cx.expect::<std::sync::mpsc::Sender<()>>("sender");
        cx.ready()?;
        let sender = cx.take::<std::sync::mpsc::Sender<()>>("sender");
        sender.send(())?;
        thread::sleep(Duration::from_millis(20));
    }
    expects(cx) { cx.expect::<u8>("sender"); cx.ready()?; }
    writes_at_end(cx) {
        let file = std::fs::File::create("written")?;
        let mut buffered = std::io::BufWriter::new(file);
        write!(buffered, "flushed at the end")?;
        rt::put!(cx, put, "buffered", buffered);
    }
    printed(cx) { for _ in 0..100_000 { println!("{}", "y".repeat(99)); } }
    reads(cx) {
        let mut line = String::new();
        print!("{} {:?}", std::io::stdin().read_line(&mut line)?, std::env::var_os(concat!("IRONBOOK_RUNTIME", "_FD")));
    }
}
