//! `%time` and `%timeit`: the Rust that measures, and the lines that report it.
//!
//! Generated code shows its raw numbers as displays of types of our own; the shell takes these out of the outputs
//! and prints what they mean, with the compile time, which only the session knows.

use crate::table::seconds;
use ironbook_session::{Event, Execution};
use serde_json::Value;

/// Type of the display before and after what `%time` measures: `[CPU µs, wall ns]`.
const TIME: &str = "application/vnd.ironbook.time+json";
/// Type of the display after what `%time` measures in one block: `[CPU µs, wall ns]` that passed.
const TIMED: &str = "application/vnd.ironbook.timed+json";
/// Type of the display of `%timeit`: `[loops, [seconds of each run]]`.
const TIMEIT: &str = "application/vnd.ironbook.timeit+json";

/// Makes the C library's `clock` callable: CPU time of the process, all threads, in µs.
const CLOCK: &str = "unsafe extern \"C\" { safe fn clock() -> ::core::ffi::c_long; }";

/// Statements that show the clocks. Showing takes time itself, so that this is for what no block can stand around.
///
/// `twice` shows them a second time, once all that showing needs is warm.
pub(crate) fn mark(twice: bool) -> String {
    let show = format!(
        "let __ironbook_wall = ::std::time::SystemTime::now().duration_since(::std::time::UNIX_EPOCH); \
         let __ironbook_wall = __ironbook_wall.map_or(0, |wall| wall.as_nanos() as u64); \
         ::ironbook::display(&::ironbook::Bundle::text(\"time\").with({TIME:?}, \
         ::ironbook::serde_json::json!([clock(), __ironbook_wall]))); "
    );
    format!("{{ {CLOCK} {}}} ", if twice { show.repeat(2) } else { show })
}

/// What stands before an expression that is timed by a block around it.
pub(crate) fn time_before() -> String {
    format!(
        "{{ {CLOCK} let __ironbook_wall = ::std::time::Instant::now(); let __ironbook_cpu = clock(); \
         let __ironbook_value = "
    )
}

/// What stands after it.
pub(crate) fn time_after() -> String {
    format!(
        "; let __ironbook_cpu = clock() - __ironbook_cpu; \
         let __ironbook_wall = __ironbook_wall.elapsed().as_nanos() as u64; \
         ::ironbook::display(&::ironbook::Bundle::text(\"time\").with({TIMED:?}, \
         ::ironbook::serde_json::json!([__ironbook_cpu, __ironbook_wall]))); __ironbook_value }}"
    )
}

/// What stands before the code that `%timeit` measures. With `loops` 0, as many as take 0.2 s.
pub(crate) fn timeit_before(loops: u64, runs: u32) -> String {
    format!(
        "{{ let mut __ironbook_runs = ::std::vec::Vec::<f64>::new(); \
         let (mut __ironbook_loops, mut __ironbook_search) = ({first}u64, {search}); \
         while __ironbook_runs.len() < {runs} {{ \
         let __ironbook_start = ::std::time::Instant::now(); \
         for _ in 0..__ironbook_loops {{ ::std::hint::black_box({{ ",
        first = loops.max(1),
        search = loops == 0,
    )
}

/// What stands after it.
pub(crate) fn timeit_after() -> String {
    format!(
        " }}); }} \
         let __ironbook_s = __ironbook_start.elapsed().as_secs_f64(); \
         if __ironbook_search && __ironbook_s < 0.2 && __ironbook_loops < 1_000_000_000 {{ \
         __ironbook_loops *= if __ironbook_s < 0.02 {{ 10 }} else {{ (0.2 / __ironbook_s).ceil() as u64 }}; continue; }} \
         if __ironbook_search {{ __ironbook_search = false; if __ironbook_loops > 1 {{ continue; }} }} \
         __ironbook_runs.push(__ironbook_s / __ironbook_loops as f64); }} \
         ::ironbook::display(&::ironbook::Bundle::text(\"timeit\").with({TIMEIT:?}, \
         ::ironbook::serde_json::json!([__ironbook_loops, __ironbook_runs]))); }}"
    )
}

/// Takes the raw numbers out of an execution's outputs.
#[derive(Default)]
pub(crate) struct Meter {
    start: Option<[u64; 2]>,
    marks: u32,
    measured: bool,
}

impl Meter {
    /// Passes an event on, or keeps it.
    pub(crate) fn pass(&mut self, event: Event, out: &mut dyn FnMut(Event)) {
        let Event::Display { bundle, .. } = &event else { return out(event) };
        if let Some(clocks) = bundle.data.get(TIME) {
            self.mark(read(clocks), out);
        } else if let Some(passed) = bundle.data.get(TIMED) {
            self.passed(read(passed), out);
        } else if let Some(runs) = bundle.data.get(TIMEIT) {
            self.measured = true;
            say(out, timeit(runs).unwrap_or_default());
        } else {
            out(event);
        }
    }

    /// The first two marks are the start, the third is the end.
    fn mark(&mut self, now: [u64; 2], out: &mut dyn FnMut(Event)) {
        self.marks += 1;
        if self.marks < 3 {
            self.start = Some(now);
        } else if let Some(start) = self.start.take() {
            self.marks = 0;
            self.passed([now[0].saturating_sub(start[0]), now[1].saturating_sub(start[1])], out);
        }
    }

    fn passed(&mut self, [cpu, wall]: [u64; 2], out: &mut dyn FnMut(Event)) {
        self.measured = true;
        say(out, format!("wall {}, CPU {}", seconds(wall as f64 * 1e-9), seconds(cpu as f64 * 1e-6)));
    }

    /// Adds what is known once the cell has ended.
    pub(crate) fn report(&self, execution: &Execution, out: &mut dyn FnMut(Event)) {
        let timing = &execution.timing;
        if self.start.is_some() {
            say(out, format!("wall {} until it ended early", seconds(timing.run_s)));
        }
        if self.start.is_some() || self.measured {
            let compile = match timing.compiles {
                0 => "compiled before".to_owned(),
                _ => format!("compile {}", seconds(timing.compile_s)),
            };
            say(out, format!("{compile} (opt-level {})", timing.opt_level));
        }
    }
}

fn read(clocks: &Value) -> [u64; 2] {
    [0, 1].map(|i| clocks.get(i).and_then(Value::as_u64).unwrap_or(0))
}

fn say(out: &mut dyn FnMut(Event), line: String) {
    out(Event::Stdout(line + "\n"));
}

/// Mean and standard deviation (of the population, as IPython has it) of the runs, and the best.
fn timeit(data: &Value) -> Option<String> {
    let loops = data.get(0)?.as_u64()?;
    let runs: Vec<f64> = data.get(1)?.as_array()?.iter().filter_map(Value::as_f64).collect();
    let count = runs.len() as f64;
    let mean = runs.iter().sum::<f64>() / count;
    let deviation = (runs.iter().map(|run| (run - mean).powi(2)).sum::<f64>() / count).sqrt();
    let best = runs.iter().copied().fold(f64::INFINITY, f64::min);
    Some(format!(
        "{} ± {} per loop, best {} (mean ± std. dev. of {} runs, {} each)",
        seconds(mean),
        seconds(deviation),
        seconds(best),
        runs.len(),
        if loops == 1 { "1 loop".to_owned() } else { format!("{} loops", thousands(loops)) },
    ))
}

/// `300000` as `300,000`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
