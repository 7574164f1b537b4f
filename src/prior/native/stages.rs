//! Work that is done stage after stage, each in pieces, by all of libtorch's threads together
//! without stopping in between.
//!
//! Every kernel of libtorch's by itself wakes the other threads and waits for them, which on small
//! pieces of work costs more than the work. Here they are woken once: in a stage each thread takes
//! the next piece that nobody has, and one that is not awake yet holds up nobody. What a piece calls of
//! libtorch runs on its own thread alone. Called by `film/kept`.

use std::ffi::c_void;
use std::hint;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::ffi::{check, dt_parallel};
use crate::error::{Error, Result};

/// Looks at a stage that others still work on before the core is offered to other programs.
const LOOKS: usize = 1 << 10;

/// Calls `work(stage, piece)` once for all pieces of all stages: `pieces` says how many each has.
/// No piece is begun before all of the stage before it are done.
///
/// # Errors
/// The first of `work`'s, after which no piece is begun; [`Error::Backend`] when it panics.
pub fn in_stages<F>(pieces: &[usize], work: F) -> Result<()>
where
    F: Fn(usize, usize) -> Result<()> + Sync,
{
    let threads = i64::from(tch::get_num_threads()).max(1);
    let stage = |&pieces: &usize| Stage {
        pieces,
        ..Stage::default()
    };
    let mut team = Team {
        stages: pieces.iter().map(stage).collect(),
        work,
        failed: AtomicBool::new(false),
        failure: Mutex::default(),
    };
    let context = (&raw mut team).cast::<c_void>();
    // SAFETY: `join` is given the context it was made for, which outlives the call.
    check(unsafe { dt_parallel(threads, 1, join::<F>, context) })?;
    let failure = team.failure.into_inner();
    match failure.unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

#[derive(Default)]
struct Stage {
    pieces: usize,
    taken: AtomicUsize,
    done: AtomicUsize,
}

struct Team<F> {
    stages: Vec<Stage>,
    work: F,
    failed: AtomicBool,
    failure: Mutex<Option<Error>>,
}

impl<F: Fn(usize, usize) -> Result<()>> Team<F> {
    /// What one thread does: all stages, as far as others have not.
    fn join(&self) {
        for (number, stage) in self.stages.iter().enumerate() {
            while let Some(piece) = stage.take() {
                if self.failed.load(Ordering::Relaxed) {
                    return;
                }
                self.attempt(number, piece);
                stage.done.fetch_add(1, Ordering::Release);
            }
            if !self.wait(stage) {
                return;
            }
        }
    }

    fn attempt(&self, stage: usize, piece: usize) {
        let work = AssertUnwindSafe(|| (self.work)(stage, piece));
        let panicked = |_| Err(Error::Backend("a kernel panicked".into()));
        if let Err(error) = catch_unwind(work).unwrap_or_else(panicked) {
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert(error);
            self.failed.store(true, Ordering::Relaxed);
        }
    }

    /// Until all of `stage` is done; false when something has failed.
    fn wait(&self, stage: &Stage) -> bool {
        let mut looks = 0;
        while stage.done.load(Ordering::Acquire) < stage.pieces {
            if self.failed.load(Ordering::Relaxed) {
                return false;
            }
            looks += 1;
            match looks % LOOKS {
                0 => thread::yield_now(),
                _ => hint::spin_loop(),
            }
        }
        true
    }
}

impl Stage {
    /// A piece that nobody has taken.
    fn take(&self) -> Option<usize> {
        let piece = self.taken.fetch_add(1, Ordering::Relaxed);
        (piece < self.pieces).then_some(piece)
    }
}

extern "C" fn join<F: Fn(usize, usize) -> Result<()>>(context: *mut c_void, from: i64, to: i64) {
    // SAFETY: in_stages passes a `Team<F>` that lives until every call has returned; it is only
    // shared here, and `F` is `Sync`.
    let team = unsafe { &*context.cast::<Team<F>>() };
    (from..to).for_each(|_| team.join());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_piece_is_done_once_and_after_the_stage_before() {
        let pieces = [3, 0, 17, 1, 64];
        let done: Vec<AtomicUsize> = pieces.iter().map(|_| AtomicUsize::new(0)).collect();
        let seen = Mutex::new(Vec::new());
        in_stages(&pieces, |stage, piece| {
            for (before, count) in pieces[..stage].iter().zip(&done) {
                assert_eq!(count.load(Ordering::Relaxed), *before);
            }
            seen.lock().unwrap().push((stage, piece));
            done[stage].fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen.len(), pieces.iter().sum::<usize>());
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len());
    }

    /// Pieces of one stage that wait for each other would never end on one thread.
    #[test]
    fn pieces_of_a_stage_run_at_the_same_time() {
        let threads = tch::get_num_threads() as usize;
        let together = AtomicUsize::new(0);
        in_stages(&[threads], |_, _| {
            together.fetch_add(1, Ordering::Relaxed);
            while together.load(Ordering::Relaxed) < threads {
                thread::yield_now();
            }
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn what_fails_ends_it_and_is_told() {
        let begun = AtomicUsize::new(0);
        let failing = |stage: usize, piece: usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            match (stage, piece) {
                (1, 3) => Err(Error::Backend("no".into())),
                _ => Ok(()),
            }
        };
        let error = in_stages(&[2, 8, 100], failing).unwrap_err();
        assert!(error.to_string().contains("no"), "{error}");
        assert!(begun.into_inner() <= 10, "stages after it were begun");
        let panics = in_stages(&[4, 4], |stage, piece| {
            assert!((stage, piece) != (0, 2));
            Ok(())
        });
        assert!(panics.is_err());
    }
}
