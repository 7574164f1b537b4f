//! Work in stages, each in pieces, which all threads do together without stopping in between.
//!
//! Every kernel of libtorch wakes the other threads and waits for them, which costs more than the
//! work if the pieces are small. Here they are woken once: in a stage each thread takes free
//! pieces, starting with its own part, and a thread that is not awake yet delays nothing. The
//! thread that waits for the result takes part: it is awake and on a core of its own, while Linux
//! may leave a woken thread on the waker's core for milliseconds. libtorch uses only the calling
//! thread inside a piece. Called by `conv_engine::kept_maps`.

use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::runtime::native::ffi::{RangeWork, check, dt_alone, dt_parallel};
use crate::runtime::threads::crew::{Door, wait_until};

/// An invitation to help with the stages of another thread, for as long as there is work.
pub struct Help {
    door: Arc<Door>,
    join: RangeWork,
    team: *mut c_void,
}

// SAFETY: the team, whose work is `Sync`, is only used by helpers that have passed the door, and
// its owner keeps it until they have left.
unsafe impl Send for Help {}

type Ask = Box<dyn Fn(Help)>;

thread_local! {
    static ASK: RefCell<Option<Ask>> = const { RefCell::new(None) };
}

/// Runs `work`; in its stages `ask` gets a [`Help`] for another thread.
pub fn helped<R>(ask: impl Fn(Help) + 'static, work: impl FnOnce() -> R) -> R {
    struct Unset;
    impl Drop for Unset {
        fn drop(&mut self) {
            ASK.take();
        }
    }
    ASK.set(Some(Box::new(ask)));
    let _unset = Unset;
    work()
}

impl Help {
    /// Does the available work.
    pub fn give(self) {
        if self.door.enter() {
            // Errors are reported to the team's owner.
            let _ = tch::no_grad(|| alone(self.join, self.team));
            self.door.leave();
        }
    }
}

/// Calls `work(stage, piece)` once for each piece of each stage; `pieces` says how many each has.
/// No piece starts before all pieces of the previous stage are done.
///
/// # Errors
/// The first error of `work`, after which no piece is started; [`Error::Backend`] if it panics.
pub fn in_stages<F>(pieces: &[usize], work: F) -> Result<()>
where
    F: Fn(usize, usize) -> Result<()> + Sync,
{
    let stage = |&pieces: &usize| Stage {
        taken: (0..pieces).map(|_| AtomicBool::new(false)).collect(),
        done: AtomicUsize::new(0),
    };
    let mut team = Team {
        stages: pieces.iter().map(stage).collect(),
        threads: usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1),
        joined: AtomicUsize::new(0),
        work,
        failed: AtomicBool::new(false),
        failure: Mutex::default(),
    };
    together(join::<F>, (&raw mut team).cast::<c_void>())?;
    let failure = team.failure.into_inner();
    match failure.unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// `join`s `team` on as many threads as libtorch may use, including the one that asked for the
/// work. All have left when this returns.
fn together(join: RangeWork, team: *mut c_void) -> Result<()> {
    /// On drop, closes the door and waits until everyone inside has left.
    struct Closes(Arc<Door>);
    impl Drop for Closes {
        fn drop(&mut self) {
            self.0.close();
        }
    }
    let threads = i64::from(tch::get_num_threads()).max(1);
    let closes = Closes(Arc::default());
    let asked = threads > 1
        && ASK.with_borrow(|ask| {
            let door = Arc::clone(&closes.0);
            let help = Help { door, join, team };
            ask.as_ref().map(|ask| ask(help)).is_some()
        });
    match threads - i64::from(asked) {
        1 => alone(join, team),
        // SAFETY: `join` gets the context it was made for, which outlives the call.
        others => check(unsafe { dt_parallel(others, 1, join, team) }),
    }
}

fn alone(join: RangeWork, team: *mut c_void) -> Result<()> {
    // SAFETY: `join` gets the context it was made for, which outlives the call.
    check(unsafe { dt_alone(join, team) })
}

struct Stage {
    taken: Vec<AtomicBool>,
    done: AtomicUsize,
}

struct Team<F> {
    stages: Vec<Stage>,
    /// Number of threads expected, and of those that have come.
    threads: usize,
    joined: AtomicUsize,
    work: F,
    failed: AtomicBool,
    failure: Mutex<Option<Error>>,
}

impl<F: Fn(usize, usize) -> Result<()>> Team<F> {
    /// The work of one thread: all pieces of all stages that others have not done. In each stage it
    /// starts with its own part of the pieces, which had the same neighbours in the previous stage,
    /// so that its inputs are in its own cache.
    fn join(&self) {
        let me = self.joined.fetch_add(1, Ordering::Relaxed) % self.threads;
        for (number, stage) in self.stages.iter().enumerate() {
            let pieces = stage.taken.len();
            let first = pieces * me / self.threads;
            for piece in (first..pieces).chain(0..first) {
                if !stage.take(piece) {
                    continue;
                }
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
        wait_until(|| stage.done.load(Ordering::Acquire) >= stage.taken.len() || failed());
        !failed()
    }
}

impl Stage {
    /// Takes the piece. Returns false if another thread has it.
    fn take(&self, piece: usize) -> bool {
        !self.taken[piece].swap(true, Ordering::Relaxed)
    }
}

extern "C" fn join<F: Fn(usize, usize) -> Result<()>>(context: *mut c_void, from: i64, to: i64) {
    // SAFETY: in_stages passes a `Team<F>`, which lives until every call has returned; it is only
    // shared here, and `F` is `Sync`.
    let team = unsafe { &*context.cast::<Team<F>>() };
    (from..to).for_each(|_| team.join());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::thread;

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

    /// Pieces of one stage that wait for each other would never finish on one thread.
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

    /// The caller takes part in the work; with one thread it does all of it.
    #[test]
    fn who_waits_helps() {
        let threads = tch::get_num_threads() as usize;
        let (helps, asked) = std::sync::mpsc::channel::<Help>();
        let helper = thread::spawn(move || {
            asked.into_iter().for_each(Help::give);
            thread::current().id()
        });
        let (together, seen) = (AtomicUsize::new(0), Mutex::new(HashSet::new()));
        let ask = move |help| helps.send(help).unwrap();
        let work = || {
            in_stages(&[threads], |_, _| {
                seen.lock().unwrap().insert(thread::current().id());
                together.fetch_add(1, Ordering::Relaxed);
                wait_until(|| together.load(Ordering::Relaxed) == threads);
                // A kernel of libtorch in a piece uses only this thread.
                assert!(tch::get_num_threads() == 1 || threads > 2);
                Ok(())
            })
        };
        helped(ask, work).unwrap();
        let helper = helper.join().unwrap();
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen.len(), threads);
        assert!(threads == 1 || seen.contains(&helper));
        assert_eq!(tch::get_num_threads() as usize, threads);
    }

    #[test]
    fn help_that_comes_too_late_has_nothing_to_do() {
        let late = Mutex::new(Vec::new());
        let kept: &'static Mutex<Vec<Help>> = Box::leak(Box::new(late));
        let ask = |help| kept.lock().unwrap().push(help);
        let done = AtomicUsize::new(0);
        let count = |_, _| {
            done.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        helped(ask, || in_stages(&[5, 7], count)).unwrap();
        kept.lock().unwrap().drain(..).for_each(Help::give);
        assert_eq!(done.into_inner(), 12);
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
