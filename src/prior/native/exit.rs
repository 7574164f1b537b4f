//! The end of the process and libtorch: its tables are torn down while threads still run, and
//! a kernel that begins after that throws or crashes. So the end waits for the work that is being
//! done, and none begins after it.
//!
//! An element opens its model in the background, and gst-launch-1.0 may end while it does. Called by
//! `worker`.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, RwLock};
use std::time::{Duration, Instant};

unsafe extern "C" {
    fn atexit(handler: extern "C" fn()) -> c_int;
}

/// How long the end waits. A call that takes longer is torn down with the rest.
const PATIENCE: Duration = Duration::from_secs(20);

static WORKING: RwLock<()> = RwLock::new(());
static ENDING: AtomicBool = AtomicBool::new(false);

/// From now on the end of the process waits for [`work`]. To be called when libtorch is loaded:
/// handlers run in the reverse of the order in which they came, and its own must come later.
pub fn wait_for_work() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Where there is no room for it, the process ends as it would without.
        // SAFETY: the handler takes nothing, returns, and panics nowhere.
        let _ = unsafe { atexit(end) };
    });
}

/// Does `job`, and when the process is ending, nothing any more.
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
