//! Three stages at once: while one input is restored, the next is read and the previous one is
//! written. Inputs leave a stage in the order in which they entered it.
//!
//! Knows nothing of pictures. Called by `restore`.

use std::sync::mpsc::sync_channel;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// How many inputs may wait before a stage; the [`Budget`] limits their size.
const WAITING: usize = 8;

/// Runs every job through `read`, on a thread of its own, `work`, on the caller's thread, and
/// `finish`, on another thread of its own. A panic in any of them reaches the caller.
pub fn run<J: Send, A: Send, B: Send>(
    jobs: impl Iterator<Item = J> + Send,
    read: impl Fn(J) -> A + Send,
    work: impl Fn(A) -> B,
    finish: impl FnMut(B) + Send,
) {
    let feed = |give: &dyn Fn(A) -> bool| {
        let _ = jobs.map(read).all(give);
    };
    run_fed(feed, work, finish);
}

/// As [`run`], for inputs that come out of one another: `feed` runs on the thread that reads, and
/// hands each over to a function that says whether more are wanted.
pub fn run_fed<A: Send, B: Send>(
    feed: impl FnOnce(&dyn Fn(A) -> bool) + Send,
    work: impl Fn(A) -> B,
    finish: impl FnMut(B) + Send,
) {
    thread::scope(|scope| {
        let (to_work, waiting) = sync_channel(WAITING);
        let (to_finish, worked) = sync_channel(WAITING);
        // If a stage is gone, it has panicked: the others stop, and the scope passes the panic on.
        scope.spawn(move || feed(&|item| to_work.send(item).is_ok()));
        scope.spawn(move || worked.into_iter().for_each(finish));
        for item in waiting {
            if to_finish.send(work(item)).is_err() {
                break;
            }
        }
        drop(to_finish);
    });
}

/// How much may be in the stages together.
pub struct Budget {
    limit: u64,
    held: Mutex<u64>,
    returned: Condvar,
}

impl Budget {
    /// Allows `limit` in total, or a single thing that is larger.
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            held: Mutex::new(0),
            returned: Condvar::new(),
        }
    }

    /// Waits until there is room for `amount`, and holds it until the share is dropped.
    pub fn take(&self, amount: u64) -> Share<'_> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |held: &mut u64| *held > 0 && held.saturating_add(amount) > self.limit;
        let held = self.returned.wait_while(held, full);
        *held.unwrap_or_else(PoisonError::into_inner) += amount;
        Share {
            budget: self,
            amount,
        }
    }
}

/// A part of a budget.
pub struct Share<'a> {
    budget: &'a Budget,
    amount: u64,
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let held = self.budget.held.lock();
        *held.unwrap_or_else(PoisonError::into_inner) -= self.amount;
        self.budget.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    fn pause(milliseconds: u64) {
        thread::sleep(Duration::from_millis(milliseconds));
    }

    /// Stages of uneven length: 12 jobs of 10 ms in each of three stages take 360 ms one after
    /// another and 140 ms at once; half of the gain is enough on a busy machine.
    #[test]
    fn stages_overlap_and_keep_the_order() {
        let mut done = Vec::new();
        let start = Instant::now();
        let read = |job: u64| {
            pause(10);
            job
        };
        let work = |job: u64| {
            pause(if job.is_multiple_of(3) { 20 } else { 5 });
            job
        };
        let finish = |job| {
            pause(10);
            done.push(job);
        };
        run(0..12, read, work, finish);
        assert!(start.elapsed() < Duration::from_millis(250));
        assert!(done.into_iter().eq(0..12));
    }

    #[test]
    fn no_more_is_held_than_the_budget_or_one_thing() {
        let budget = Budget::new(10);
        let (held, most) = (AtomicU64::new(0), AtomicU64::new(0));
        let read = |amount: u64| {
            let share = budget.take(amount);
            let now = held.fetch_add(amount, Ordering::SeqCst) + amount;
            most.fetch_max(now, Ordering::SeqCst);
            (share, amount)
        };
        let finish = |(share, amount)| {
            pause(2);
            held.fetch_sub(amount, Ordering::SeqCst);
            drop::<Share<'_>>(share);
        };
        run(
            [4, 4, 4, 0, 3, 10, 1].into_iter(),
            read,
            |item| item,
            finish,
        );
        assert_eq!(most.load(Ordering::SeqCst), 10);
        most.store(0, Ordering::SeqCst);
        run([1, 50, 1].into_iter(), read, |item| item, finish);
        assert_eq!(most.load(Ordering::SeqCst), 50);
    }

    #[test]
    fn a_panic_of_any_stage_ends_the_batch() {
        for bad in 0..3 {
            let stage = |index: usize| {
                move |job: u64| {
                    assert!(bad != index || job < 5, "stage {index}");
                    job
                }
            };
            let finish = |job| {
                stage(2)(job);
            };
            let batch = || run(0..100, stage(0), stage(1), finish);
            assert!(catch_unwind(batch).is_err(), "{bad}");
        }
    }
}
