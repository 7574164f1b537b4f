//! The end of the process and libtorch: its tables are torn down while threads still run, and a
//! kernel that starts after that throws or crashes. So the end of the process waits for running
//! work, and no work starts after it.
//!
//! An element opens its model in the background, and gst-launch-1.0 may end meanwhile. What
//! libtorch creates at its first use is torn down before exit handlers that were registered earlier
//! run. So libtorch is used once, briefly, before the handler is registered. Called by `worker`,
//! and for elements when a model is opened.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, RwLock};
use std::time::{Duration, Instant};

use crate::runtime::native::trial::touch;
use crate::runtime::worker::caught;

unsafe extern "C" {
    fn atexit(handler: extern "C" fn()) -> c_int;
}

/// How long the end waits. A call that takes longer is torn down with the rest.
const PATIENCE: Duration = Duration::from_secs(20);

static WORKING: RwLock<()> = RwLock::new(());
static ENDING: AtomicBool = AtomicBool::new(false);

/// From now on the end of the process waits for [`work`]. Handlers run in the reverse order of
/// their registration, so libtorch must register its own first. Takes a few milliseconds, once.
pub fn wait_for_work() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // A failure here occurs again where it is reported.
        let _ = caught(touch);
        // If registration fails, the process ends as it would without it. SAFETY: the handler takes
        // no arguments, returns, and never panics.
        let _ = unsafe { atexit(end) };
    });
}

/// Runs `job`, unless the process is ending.
pub fn work(job: impl FnOnce()) {
    let working = WORKING.read();
    if ENDING.load(Ordering::SeqCst) {
        drop(working);
        loop {
            std::thread::park();
        }
    }
    job();
}

extern "C" fn end() {
    ENDING.store(true, Ordering::SeqCst);
    let begun = Instant::now();
    while WORKING.try_write().is_err() && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(2));
    }
}
