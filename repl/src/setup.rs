//! `ironbook setup`, and the first run: the standard library and the language service, found or built with a progress bar.

use crate::Error;
use crate::cli::Setup;
use crate::interrupt::Interrupts;
use crate::language::Place;
use crate::terminal::{Style, Terminal, seconds, shortened};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ironbook_session::library::cuda::{self, Cuda};
use ironbook_session::library::{self, BuildError, BuildProgress, Library, Missing, Paths, Stage, find_program};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where nobody watches, a line this often at most.
const LINE_PERIOD: Duration = Duration::from_secs(10);

/// Builds the library if it is not there, then the language service, and says where they are.
///
/// # Errors
/// When it cannot be built.
pub fn run(setup: &Setup, paths: &Paths) -> Result<u8, Error> {
    let terminal = Terminal::detect();
    let paths = &chosen(setup, paths, &terminal)?;
    let library = ready(paths, &terminal)?;
    let library = if library.index_path().is_none() { index(paths, &terminal)? } else { library };
    terminal.say(&format!(
        "{} the standard library is ready ({})",
        terminal.paint(Style::Green, "ok:"),
        library.root.display()
    ));
    if setup.no_language {
        return Ok(0);
    }
    if let Some(service) = language(paths, &terminal)? {
        let ok = terminal.paint(Style::Green, "ok:");
        terminal.say(&format!("{ok} the language service is ready ({})", service.display()));
        if let Some((words, advice)) = crate::language::missing_std(&library.sysroot) {
            terminal.say(&format!("{} {words}; {advice}", terminal.paint(Style::Cyan, "note:")));
        }
    }
    Ok(0)
}

/// The language service, brought up to date where cargo makes it; none, said why, where it cannot be had.
///
/// # Errors
/// When it does not compile.
pub fn language(paths: &Paths, terminal: &Terminal) -> Result<Option<PathBuf>, Error> {
    let place = Place::find(paths);
    let Some(service) = place.program() else { return Ok(None) };
    let missing = |why: &str| {
        let words = format!("the language service is not there ({}): {why}", service.display());
        terminal.say(&format!("{} {words}", terminal.paint(Style::Cyan, "note:")));
    };
    match &place {
        Place::Built(_) if find_program("cargo").is_none() => missing("cargo, which makes it, is not found"),
        Place::Built(_) => return compiled(service, paths, terminal).map(Some),
        _ if service.is_file() => return Ok(Some(service.to_owned())),
        _ => missing(place.advice()),
    }
    Ok(None)
}

/// Compiles the language service where it is new or has changed.
fn compiled(service: &Path, paths: &Paths, terminal: &Terminal) -> Result<PathBuf, Error> {
    if !service.is_file() {
        terminal.say("The language service (completion, types, renaming) is compiled, once: 3 to 10 minutes.");
        terminal.say("Ctrl-C is safe: all else works without it.");
    }
    let profile = match service.parent().and_then(Path::file_name) {
        Some(folder) if folder == "release" => "release",
        _ => "dev",
    };
    let interrupts = Interrupts::listen();
    let mut view = View::new(terminal);
    let built = library::build_language(paths, profile, &mut |progress| {
        view.show(progress);
        if interrupts.any() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    view.finish();
    match built {
        Err(BuildError::Interrupted) => Err(Error::Interrupted),
        Err(error) => Err(error.into()),
        Ok(_) if service.is_file() => Ok(service.to_owned()),
        // The configuration of cargo has another idea of where programs go.
        Ok(path) => {
            let note = terminal.paint(Style::Cyan, "note:");
            terminal.say(&format!("{note} IRONBOOK_LANGUAGE={} has to name the language service", path.display()));
            Ok(path)
        }
    }
}

/// The paths of the library that is asked for: the one for the CPU, or the one for GPUs.
fn chosen(setup: &Setup, paths: &Paths, terminal: &Terminal) -> Result<Paths, Error> {
    if setup.cpu {
        Cuda::forget(&paths.data)?;
        return Ok(Paths { cuda: None, ..paths.clone() });
    }
    if setup.cuda && paths.installed.is_some() {
        return Err(BuildError::NoSources { what: "building the library for GPUs" }.into());
    }
    if !setup.cuda {
        return Ok(paths.clone());
    }
    let cuda = Cuda::prepare(&paths.data, setup.compute_cap, &mut |words| terminal.say(words))?;
    if !cuda::driver() {
        terminal.say("There is no NVIDIA driver here: sessions stay on the CPU unless IRONBOOK_CUDA=1 is set.");
    }
    Ok(Paths { cuda: Some(cuda), ..paths.clone() })
}

/// The library; built first, with a progress bar and the reason, if it is not there.
///
/// # Errors
/// When there is none and it cannot be built.
pub fn ready(paths: &Paths, terminal: &Terminal) -> Result<Library, Error> {
    match Library::locate(paths) {
        Ok(library) => Ok(library),
        Err(missing) if missing.can_build() => build(paths, terminal, &missing),
        Err(missing) => Err(missing.into()),
    }
}

/// A library that was built without an index of names gets one.
fn index(paths: &Paths, terminal: &Terminal) -> Result<Library, Error> {
    let mut view = View::new(terminal);
    let library = Library::build(paths, &mut |progress| {
        view.show(progress);
        ControlFlow::Continue(())
    });
    view.finish();
    Ok(library?)
}

fn build(paths: &Paths, terminal: &Terminal, missing: &Missing) -> Result<Library, Error> {
    explain(terminal, missing);
    let interrupts = Interrupts::listen();
    let mut view = View::new(terminal);
    let result = Library::build(paths, &mut |progress| {
        view.show(progress);
        if interrupts.any() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let took = view.began.elapsed();
    view.finish();
    match result {
        Ok(library) => {
            terminal.say(&format!(
                "{} the standard library is built ({}).",
                terminal.paint(Style::Green, "ok:"),
                seconds(took.as_secs_f64())
            ));
            Ok(library)
        }
        Err(BuildError::Interrupted) => {
            terminal.say("Stopped. What is compiled is kept: the next start goes on from here.");
            Err(Error::Interrupted)
        }
        Err(error) => Err(error.into()),
    }
}

/// Says why it takes long, and that it happens once.
fn explain(terminal: &Terminal, missing: &Missing) {
    match missing {
        Missing::SourcesChanged => {
            terminal.say("The standard library's sources have changed: what changed is compiled again.");
        }
        Missing::OtherRustc { have, want } => {
            terminal.say(&format!(
                "The compiler has changed ({have}; now {want}), and compiled Rust fits one compiler only."
            ));
            terminal.say("The standard library is compiled again, once. Ctrl-C is safe: the next start goes on where it stopped.");
        }
        _ => {
            terminal.say("First start: the standard library (polars, candle, models, charts) is compiled with full optimisation.");
            terminal.say(
                "That takes 5 to 30 minutes, depending on the machine, and happens once: afterwards a cell compiles in a \
                 fraction of a second.",
            );
            terminal.say("Ctrl-C is safe: the next start goes on where it stopped.");
        }
    }
}

/// A progress bar where a person watches, else a line now and then.
struct View<'a> {
    terminal: &'a Terminal,
    bar: Option<ProgressBar>,
    began: Instant,
    last: Option<(Instant, String)>,
}

impl<'a> View<'a> {
    fn new(terminal: &'a Terminal) -> View<'a> {
        let bar = terminal.live.then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()));
        View { terminal, bar, began: Instant::now(), last: None }
    }

    fn show(&mut self, progress: &BuildProgress) {
        let words = words(progress);
        if let Some(bar) = &self.bar {
            if self.last.as_ref().is_none_or(|(_, stage)| *stage != progress.stage.words()) {
                bar.set_style(style(progress.stage));
                self.last = Some((Instant::now(), progress.stage.words().to_owned()));
            }
            bar.set_length(progress.total as u64);
            bar.set_position(progress.done as u64);
            bar.tick();
            bar.set_message(shortened(&words, self.terminal.width.saturating_sub(50)));
            return;
        }
        let stage_or_time = match &self.last {
            None => true,
            Some((at, stage)) => at.elapsed() >= LINE_PERIOD || *stage != progress.stage.words(),
        };
        if stage_or_time {
            let count = if progress.total > 0 {
                format!("{}/{} crates · ", progress.done, progress.total)
            } else {
                String::new()
            };
            self.terminal.say(&format!("  {count}{words}"));
            self.last = Some((Instant::now(), progress.stage.words().to_owned()));
        }
    }

    fn finish(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar while crates are counted, else a spinner.
fn style(stage: Stage) -> ProgressStyle {
    let template = match stage {
        Stage::Compiling => "{bar:24} {pos}/{len} crates · {msg}",
        _ => "{spinner} {msg}",
    };
    // The templates are constants; if one did not parse, the default bar would do.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸ ")
}

/// The stage, the time left, and the crates at work.
fn words(progress: &BuildProgress) -> String {
    if progress.stage != Stage::Compiling {
        return progress.stage.words().to_owned();
    }
    let left = match progress.eta {
        Some(eta) if eta.as_secs() >= 1 => format!("about {} left", seconds(eta.as_secs_f64())),
        Some(_) => "nearly done".to_owned(),
        None => format!("{} so far", seconds(progress.elapsed.as_secs_f64())),
    };
    if progress.crate_name.is_empty() { left } else { format!("{left} · {}", progress.crate_name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_in_words() {
        let progress = BuildProgress {
            stage: Stage::Compiling,
            done: 3,
            total: 9,
            crate_name: "polars-ops".into(),
            eta: Some(Duration::from_secs(600)),
            elapsed: Duration::from_secs(5),
        };
        assert_eq!(words(&progress), "about 10 min left · polars-ops");
        assert_eq!(words(&BuildProgress { eta: None, crate_name: String::new(), ..progress }), "5.00 s so far");
    }
}
