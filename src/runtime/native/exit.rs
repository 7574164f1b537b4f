//! The end of the process and libtorch: its tables are torn down while threads still run, and
//! a kernel that begins after that throws or crashes. So the end waits for the work that is being
//! done, and none begins after it.
//!
//! An element opens its model in the background, and gst-launch-1.0 may end while it does. What libtorch makes when
//! it is first used is torn down before a handler that was there earlier is asked to wait. So it is used first,
//! a little, by the thread that waits for this. Called by `worker`, and by `restore::model` for elements.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, RwLock};
use std::time::{Duration, Instant};

use crate::runtime::arithmetic::trial::touch;
use crate::runtime::worker::caught;

unsafe extern "C" {
    fn atexit(handler: extern "C" fn()) -> c_int;
}

/// How long the end waits. A call that takes longer is torn down with the rest.
const PATIENCE: Duration = Duration::from_secs(20);

static WORKING: RwLock<()> = RwLock::new(());
static ENDING: AtomicBool = AtomicBool::new(false);

/// From now on the end of the process waits for [`work`]. Handlers run in the reverse of the order in
/// which they came, so libtorch is made to bring its own first. Takes some milliseconds once.
pub fn wait_for_work() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // What fails here fails again where somebody is told.
        let _ = caught(touch);
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
