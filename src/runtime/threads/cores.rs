//! Cores for two threads that are to work at the same time.
//!
//! Linux wakes a thread where it last ran, or where its waker runs, and on machines whose cores it
//! does not know to share a cache (virtual ones often) looks no further: with the core next to it idle, a
//! thread may wait for milliseconds until it is moved. Called by `worker`.

#[cfg(target_os = "linux")]
mod linux {
    use rustix::thread::{sched_getaffinity, sched_getcpu, sched_setaffinity};

    /// The core that this thread is on.
    pub(crate) fn current() -> Option<usize> {
        Some(sched_getcpu())
    }

    /// Moves this thread to another core than `core`, if there is one that it may use. It may be
    /// moved back at any time after: all that it may use stays the same.
    pub(crate) fn leave(core: Option<usize>) {
        let Some(core) = core.filter(|&core| current() == Some(core)) else {
            return;
        };
        let Ok(all) = sched_getaffinity(None) else {
            return;
        };
        let mut others = all;
        others.unset(core);
        // With no other core this is refused, and nothing has changed.
        if sched_setaffinity(None, &others).is_ok() {
            // As it was: nothing that could fail now and did not before.
            let _ = sched_setaffinity(None, &all);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_thread_leaves_its_core_and_may_use_all_as_before() {
            let all = sched_getaffinity(None).unwrap();
            let core = current();
            leave(core);
            assert_eq!(sched_getaffinity(None).unwrap(), all);
            // Where it is moved back at once, this is tried again.
            let moved = (0..100).any(|_| {
                let core = current();
                leave(core);
                current() != core
            });
            assert_eq!(moved, all.count() > 1);
        }

        #[test]
        fn a_thread_of_one_core_stays() {
            let all = sched_getaffinity(None).unwrap();
            let core = sched_getcpu();
            let mut one = all;
            (0..rustix::thread::CpuSet::MAX_CPU)
                .filter(|&other| other != core)
                .for_each(|other| one.unset(other));
            sched_setaffinity(None, &one).unwrap();
            leave(Some(core));
            assert_eq!(
                (sched_getcpu(), sched_getaffinity(None).unwrap()),
                (core, one)
            );
            sched_setaffinity(None, &all).unwrap();
        }
    }
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{current, leave};

/// The core that this thread is on, where that can be told.
#[cfg(not(target_os = "linux"))]
pub(crate) fn current() -> Option<usize> {
    None
}

/// Moves this thread to another core than `core`, where that can be done.
#[cfg(not(target_os = "linux"))]
pub(crate) fn leave(_core: Option<usize>) {}
