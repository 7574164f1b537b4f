//! Work in stages, each in pieces, which several threads do together without stopping in between.
//!
//! The threads are woken once, which matters where little changes from frame to frame and other
//! programs use the cores. In a stage each takes the next piece, and a thread that is not awake yet
//! delays nothing: the one that asks for the work does all that others do not. Called by
//! `conv_engine`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::runtime::threads::crew::{together, wait_until};

/// Calls `work(stage, piece)` once for each piece of each stage, on up to `threads` threads; `pieces`
/// says how many each stage has. No piece starts before all pieces of the previous stage are done.
///
/// # Errors
/// The first error of `work`, after which no piece is started; [`Error::Backend`] if it panics.
pub(crate) fn in_stages<F>(threads: usize, pieces: &[usize], work: F) -> Result<()>
where
    F: Fn(usize, usize) -> Result<()> + Sync,
{
    let stage = |&pieces: &usize| Stage {
        pieces,
        taken: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
    };
    let most = pieces.iter().copied().max().unwrap_or(0);
    let threads = threads.min(most).max(1);
    let team = Team {
        stages: pieces.iter().map(stage).collect(),
        work,
        failed: AtomicBool::new(false),
        failure: Mutex::default(),
    };
    together(threads - 1, &|| team.join());
    let failure = team.failure.into_inner();
    match failure.unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

struct Stage {
    pieces: usize,
    /// How many have been taken. More than `pieces` once threads have found none left.
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
    /// The work of one thread: all pieces of all stages that others have not taken.
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

    /// Waits until all of `stage` is done. Returns false if something has failed.
    fn wait(&self, stage: &Stage) -> bool {
        let failed = || self.failed.load(Ordering::Relaxed);
        wait_until(|| stage.done.load(Ordering::Acquire) >= stage.pieces || failed());
        !failed()
    }
}

impl Stage {
    /// The next piece, if one is left.
    fn take(&self) -> Option<usize> {
        let piece = self.taken.fetch_add(1, Ordering::Relaxed);
        (piece < self.pieces).then_some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::threads::crew;
    use std::collections::HashSet;
    use std::thread;

    const THREADS: usize = 2;

    #[test]
    fn every_piece_is_done_once_and_after_the_stage_before() {
        let pieces = [3, 0, 17, 1, 64];
        let done: Vec<AtomicUsize> = pieces.iter().map(|_| AtomicUsize::new(0)).collect();
        let seen = Mutex::new(Vec::new());
        in_stages(THREADS, &pieces, |stage, piece| {
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

    /// Pieces of one stage that wait for each other would never finish on one thread.
    #[test]
    fn pieces_of_a_stage_run_at_the_same_time() {
        let threads = crew::size().min(THREADS);
        let (together, seen) = (AtomicUsize::new(0), Mutex::new(HashSet::new()));
        in_stages(threads, &[threads], |_, _| {
            seen.lock().unwrap().insert(thread::current().id());
            together.fetch_add(1, Ordering::Relaxed);
            wait_until(|| together.load(Ordering::Relaxed) == threads);
            Ok(())
        })
        .unwrap();
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen.len(), threads);
        assert!(seen.contains(&thread::current().id()));
    }

    #[test]
    fn what_fails_ends_it_and_is_reported() {
        let begun = AtomicUsize::new(0);
        let failing = |stage: usize, piece: usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            match (stage, piece) {
                (1, 3) => Err(Error::Backend("no".into())),
                _ => Ok(()),
            }
        };
        let error = in_stages(THREADS, &[2, 8, 100], failing).unwrap_err();
        assert!(error.to_string().contains("no"), "{error}");
        assert!(begun.into_inner() <= 10, "stages after it were begun");
        let panics = in_stages(THREADS, &[4, 4], |stage, piece| {
            assert!((stage, piece) != (0, 2));
            Ok(())
        });
        assert!(panics.is_err());
    }
}
