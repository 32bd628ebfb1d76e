//! Signals that matter while a cell is typed: the end of the program, and that it goes on after a stop.

use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How long the news may take that the program goes on.
const GOES_ON: Duration = Duration::from_millis(100);

/// What the signals said.
pub struct Signals {
    /// Whether the line editor reads now, and must be woken.
    pub reading: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    goes_on: Receiver<()>,
}

impl Signals {
    /// Begins to listen.
    pub fn listen() -> io::Result<Signals> {
        let (reading, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (tell, goes_on) = channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let (now_reading, has_ended) = (reading.clone(), ended.clone());
        std::thread::spawn(move || {
            runtime.block_on(async {
                let kinds =
                    [SignalKind::from_raw(Signal::CONT.as_raw()), SignalKind::terminate(), SignalKind::hangup()];
                let [Ok(mut continued), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) else { return };
                loop {
                    tokio::select! {
                        _ = continued.recv() => {
                            let _ = tell.send(());
                            continue;
                        }
                        _ = terminate.recv() => {}
                        _ = hangup.recv() => {}
                    }
                    has_ended.store(true, Ordering::SeqCst);
                    // The line editor listens for nothing else.
                    if now_reading.load(Ordering::SeqCst) {
                        let _ = kill_process(getpid(), Signal::INT);
                    }
                }
            });
        });
        Ok(Signals { reading, ended, goes_on })
    }

    /// Whether the program was asked to end.
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Stops the program as the terminal's own Ctrl-Z does, and comes back when it goes on.
    pub fn suspend(&self) -> io::Result<()> {
        while self.goes_on.try_recv().is_ok() {}
        kill_current_process_group(Signal::TSTP)?;
        // Other threads may run on for a moment before all of them stop.
        let _ = self.goes_on.recv_timeout(GOES_ON);
        Ok(())
    }
}
