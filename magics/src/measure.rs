//! `%time` and `%timeit`: the Rust that measures, and the lines that report it.
//!
//! Generated code shows its raw numbers as displays of types of our own; the shell takes these out of the outputs
//! and prints what they mean, with the compile time, which only the session knows.

use crate::table::seconds;
use ironbook_session::{Event, Execution};
use serde_json::Value;

/// Type of the display before and after what `%time` measures: `[CPU µs, wall ns]`.
const TIME: &str = "application/vnd.ironbook.time+json";
/// Type of the display of `%timeit`: `[loops, [seconds of each run]]`.
const TIMEIT: &str = "application/vnd.ironbook.timeit+json";

/// A statement that shows the clocks. `clock` of the C library counts the CPU time of the process, all threads, in µs.
pub(crate) fn mark() -> String {
    format!(
        "{{ unsafe extern \"C\" {{ safe fn clock() -> ::core::ffi::c_long; }} \
         let __ironbook_wall = ::std::time::SystemTime::now().duration_since(::std::time::UNIX_EPOCH); \
         let __ironbook_wall = __ironbook_wall.map_or(0, |wall| wall.as_nanos() as u64); \
         ::ironbook::display(&::ironbook::Bundle::text(\"time\").with({TIME:?}, \
         ::ironbook::serde_json::json!([clock(), __ironbook_wall]))); }} "
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
    measured: bool,
}

impl Meter {
    /// Passes an event on, or keeps it.
    pub(crate) fn pass(&mut self, event: Event, out: &mut dyn FnMut(Event)) {
        let Event::Display { bundle, .. } = &event else { return out(event) };
        if let Some(clocks) = bundle.data.get(TIME) {
            self.time(clocks, out);
        } else if let Some(runs) = bundle.data.get(TIMEIT) {
            self.measured = true;
            say(out, timeit(runs).unwrap_or_default());
        } else {
            out(event);
        }
    }

    fn time(&mut self, clocks: &Value, out: &mut dyn FnMut(Event)) {
        let clock = |i: usize| clocks.get(i).and_then(Value::as_u64).unwrap_or(0);
        let now = [clock(0), clock(1)];
        match self.start.take() {
            None => self.start = Some(now),
            Some(start) => {
                self.measured = true;
                let cpu = now[0].saturating_sub(start[0]) as f64 * 1e-6;
                let wall = now[1].saturating_sub(start[1]) as f64 * 1e-9;
                say(out, format!("wall {}, CPU {}", seconds(wall), seconds(cpu)));
            }
        }
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
        if loops == 1 { "1 loop".to_owned() } else { format!("{loops} loops") },
    ))
}
