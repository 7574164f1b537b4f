//! Puts two threads that should run at the same time on different cores.
//!
//! Linux wakes a thread where it last ran, or where its waker runs. If it does not know that the
//! cores share a cache, as on many virtual machines, it looks no further: a thread may wait for
//! milliseconds although the next core is idle. Called by `worker`.

#[cfg(target_os = "linux")]
mod linux {
    use rustix::thread::{sched_getaffinity, sched_getcpu, sched_setaffinity};

    /// The core that this thread is on.
    pub(crate) fn current() -> Option<usize> {
        Some(sched_getcpu())
    }

    /// Moves this thread away from `core`, if it may use another one. It may be moved back at any
    /// time, because the set of allowed cores stays the same.
    pub(crate) fn leave(core: Option<usize>) {
        let Some(core) = core.filter(|&core| current() == Some(core)) else {
            return;
        };
        let Ok(all) = sched_getaffinity(None) else {
            return;
        };
        let mut others = all;
        others.unset(core);
        // Without another core this is refused, and nothing changes.
        if sched_setaffinity(None, &others).is_ok() {
            // Restores the previous set, which was valid before, so this cannot fail.
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
            // The thread may be moved back immediately, so this is tried several times.
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

/// The core that this thread is on, if that can be determined.
#[cfg(not(target_os = "linux"))]
pub(crate) fn current() -> Option<usize> {
    None
}

/// Moves this thread away from `core`, if that is possible.
#[cfg(not(target_os = "linux"))]
pub(crate) fn leave(_core: Option<usize>) {}
