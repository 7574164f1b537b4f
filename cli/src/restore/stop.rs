//! Lets a signal end the command without a part of a file left behind: what is written strip by
//! strip is in the folder of its target for minutes.
//!
//! SIGINT and SIGTERM stop the work on a large picture, its scratch file is removed, and the command
//! ends with status 130. At any other time they end it at once. Called by `large`; `watch` has a
//! handler of its own.

use std::process;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// The status of a command that SIGINT has ended.
const STATUS: i32 = 130;

static AT_WORK: AtomicBool = AtomicBool::new(false);
static STOP: AtomicBool = AtomicBool::new(false);

/// Work that must not be ended at once.
pub struct Guard(());

impl Guard {
    /// Begins such work.
    pub fn new() -> Self {
        static HANDLER: Once = Once::new();
        HANDLER.call_once(|| {
            // `watch` has set one already, which lets the picture in work be finished.
            let _ = ctrlc::set_handler(on_signal);
        });
        AT_WORK.store(true, Ordering::SeqCst);
        Self(())
    }

    /// True from when the work should stop.
    pub fn flag(&self) -> &'static AtomicBool {
        &STOP
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        AT_WORK.store(false, Ordering::SeqCst);
        if STOP.load(Ordering::SeqCst) {
            process::exit(STATUS);
        }
    }
}

fn on_signal() {
    STOP.store(true, Ordering::SeqCst);
    if !AT_WORK.load(Ordering::SeqCst) {
        process::exit(STATUS);
    }
}
