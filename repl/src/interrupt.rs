//! Ctrl-C: the first press interrupts a cell, the second kills it; the program itself lives to write its outputs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use tokio::signal::unix::{SignalKind, signal};

/// What arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// The first Ctrl-C of a cell or build.
    First,
    /// One more.
    Again,
    /// The system or terminal asks the program to end.
    Terminate,
}

type Action = Box<dyn Fn(Press) + Send>;

/// Ctrl-C presses and ends asked for.
#[derive(Clone, Default)]
pub struct Interrupts {
    presses: Arc<AtomicUsize>,
    terminated: Arc<AtomicUsize>,
    action: Arc<Mutex<Option<Action>>>,
}

impl Interrupts {
    /// Starts to listen, once for the process; from its return on Ctrl-C ends nothing by itself.
    ///
    /// It waits for its handlers to be in place: the line editor puts back whatever it finds, and would otherwise put
    /// back that Ctrl-C ends the program.
    pub fn listen() -> Interrupts {
        static ONCE: OnceLock<Interrupts> = OnceLock::new();
        ONCE.get_or_init(|| {
            let interrupts = Interrupts::default();
            let heard = interrupts.clone();
            let (ready, is_ready) = mpsc::channel();
            thread::spawn(move || heard.wait(&ready));
            // Nothing is sent where there can be no handlers; the channel then closes.
            let _ = is_ready.recv();
            interrupts
        })
        .clone()
    }

    /// Whether anything arrived since the last [`Interrupts::reset`].
    pub fn any(&self) -> bool {
        self.presses.load(Ordering::SeqCst) > 0 || self.terminated()
    }

    /// Whether the program was asked to end.
    pub fn terminated(&self) -> bool {
        self.terminated.load(Ordering::SeqCst) > 0
    }

    /// Forgets the presses so far.
    pub fn reset(&self) {
        self.presses.store(0, Ordering::SeqCst);
    }

    /// Calls this from now on, from another thread, at each press.
    pub fn on_press(&self, action: impl Fn(Press) + Send + 'static) {
        *self.action.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(action));
    }

    /// Tells of a press.
    pub fn press(&self, terminate: bool) {
        let press = if terminate {
            self.terminated.fetch_add(1, Ordering::SeqCst);
            Press::Terminate
        } else if self.presses.fetch_add(1, Ordering::SeqCst) == 0 {
            Press::First
        } else {
            Press::Again
        };
        if let Some(action) = &*self.action.lock().unwrap_or_else(PoisonError::into_inner) {
            action(press);
        }
    }

    fn wait(&self, ready: &mpsc::Sender<()>) {
        // Without signals Ctrl-C ends the program, as it does by default.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
        runtime.block_on(async {
            let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
            let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds else { return };
            let _ = ready.send(());
            loop {
                tokio::select! {
                    _ = interrupt.recv() => self.press(false),
                    _ = terminate.recv() => self.press(true),
                    _ = hangup.recv() => self.press(true),
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn handlers_are_in_place_when_listening_begins() {
        Interrupts::listen();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        for signal in [1, 2, 15] {
            assert_eq!(caught >> (signal - 1) & 1, 1, "signal {signal} has no handler");
        }
    }

    #[test]
    fn the_second_press_is_told_apart_until_reset() {
        let interrupts = Interrupts::default();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        interrupts.on_press(move |press| log.lock().unwrap().push(press));
        interrupts.press(false);
        interrupts.press(false);
        interrupts.reset();
        assert!(!interrupts.any());
        interrupts.press(false);
        interrupts.press(true);
        assert_eq!(*seen.lock().unwrap(), [Press::First, Press::Again, Press::First, Press::Terminate]);
        assert!(interrupts.terminated());
    }
}
