//! Pieces of work on all cores: the calling thread does those that no other thread has taken.
//!
//! The threads of Rayon look for work for a while before they sleep. Between the stages of a frame
//! that takes milliseconds, that blocks a core for the thread that has work. These threads sleep
//! immediately, and the caller does not wait for one that is not awake by the time the work is
//! done. Used wherever the library works on all cores: by `stages` for the network, and for rows
//! and blocks around it.

use std::hint;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::thread;

/// How often the caller checks for others to finish before it yields the core.
const LOOKS: usize = 1 << 10;

/// Maps each of `items` with `work`; the results are in order.
///
/// # Panics
/// If `work` does.
pub fn map<T, R, F>(items: &[T], work: F) -> Vec<R>
where
    T: Sync,
    R: Send + Sync,
    F: Fn(&T) -> R + Sync,
{
    let results: Vec<OnceLock<R>> = items.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let take = || {
        let mut at = next.fetch_add(1, Ordering::Relaxed);
        while let Some(item) = items.get(at) {
            results[at].get_or_init(|| work(item));
            at = next.fetch_add(1, Ordering::Relaxed);
        }
    };
    together(items.len().saturating_sub(1), &take);
    results
        .into_iter()
        .filter_map(OnceLock::into_inner)
        .collect()
}

/// Calls `work` on each of `items`, with its index.
///
/// # Panics
/// If `work` does.
pub fn each<T, F>(items: impl Iterator<Item = T>, work: F)
where
    T: Send,
    F: Fn(usize, T) + Sync,
{
    map_owned(items, work);
}

/// Maps each of `items`, which it takes, with `work`, which gets its index too; the results are in
/// order.
///
/// # Panics
/// If `work` does.
pub fn map_owned<T, R, F>(items: impl Iterator<Item = T>, work: F) -> Vec<R>
where
    T: Send,
    R: Send + Sync,
    F: Fn(usize, T) -> R + Sync,
{
    let items: Vec<_> = items
        .enumerate()
        .map(|item| Mutex::new(Some(item)))
        .collect();
    let results = map(&items, |item| {
        // Each is taken once, by one thread, so the lock cannot be poisoned.
        let taken = item.lock().ok().and_then(|mut item| item.take());
        taken.map(|(n, item)| work(n, item))
    });
    results.into_iter().flatten().collect()
}

/// How many threads work on a piece of work at most: as many as this process may use cores.
pub fn size() -> usize {
    static SIZE: LazyLock<usize> =
        LazyLock::new(|| thread::available_parallelism().map_or(1, NonZeroUsize::get));
    *SIZE
}

/// Work that each thread which comes does a part of.
pub(crate) type Work<'a> = dyn Fn() + Sync + 'a;

/// One helper's part in a caller's work.
struct Part {
    door: Door,
    /// Valid while the door is open or a helper is inside.
    work: *const Work<'static>,
    panic: Mutex<Option<Box<dyn std::any::Any + Send>>>,
}

// SAFETY: the work is `Sync`, and only called by helpers that have passed the door.
unsafe impl Send for Part {}
// SAFETY: as above; the rest is `Sync` by itself.
unsafe impl Sync for Part {}

/// The helper threads, each with a channel for its work.
static HELPERS: LazyLock<Vec<Sender<Arc<Part>>>> = LazyLock::new(|| {
    let others = 1..size();
    others.map_while(|_| helper().ok()).collect()
});

fn helper() -> std::io::Result<Sender<Arc<Part>>> {
    let (asks, asked) = channel::<Arc<Part>>();
    let named = thread::Builder::new().name("ddrmjpeg crew".into());
    named.spawn(move || asked.into_iter().for_each(|part| part.take()))?;
    Ok(asks)
}

impl Part {
    fn take(&self) {
        if self.door.enter() {
            // SAFETY: `together` does not return before all helpers inside have left.
            let work = unsafe { &*self.work };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
                let mut kept = self.panic.lock().unwrap_or_else(PoisonError::into_inner);
                kept.get_or_insert(panic);
            }
            self.door.leave();
        }
    }
}

/// Calls `work` on this thread, and on up to `helpers` others if they wake up before it is done.
/// None of them is still in it when this returns.
pub(crate) fn together(helpers: usize, work: &Work<'_>) {
    /// On drop, closes all doors and waits until everyone inside has left.
    struct Closes(Vec<Arc<Part>>);
    impl Drop for Closes {
        fn drop(&mut self) {
            self.0.iter().for_each(|part| part.door.close());
        }
    }
    // SAFETY: only the lifetime changes. The work is only called by helpers that have passed the
    // door of a part, and `Closes` keeps this function from returning before they have left.
    let lasting = unsafe { std::mem::transmute::<*const Work<'_>, *const Work<'static>>(work) };
    let mut asked = Closes(Vec::new());
    for helper in HELPERS.iter().take(helpers) {
        let part = Arc::new(Part {
            door: Door::default(),
            work: lasting,
            panic: Mutex::default(),
        });
        if helper.send(Arc::clone(&part)).is_ok() {
            asked.0.push(part);
        }
    }
    work();
    let parts = asked.0.clone();
    drop(asked);
    for part in parts {
        let panic = part.panic.lock().map(|mut panic| panic.take());
        if let Some(panic) = panic.ok().flatten() {
            resume_unwind(panic);
        }
    }
}

/// The entrance for a helper.
#[derive(Default)]
struct Door(AtomicU8);

impl Door {
    const OPEN: u8 = 0;
    const ENTERED: u8 = 1;
    const SHUT: u8 = 2;

    /// Returns false if it is too late.
    fn enter(&self) -> bool {
        self.turn(Self::OPEN, Self::ENTERED)
    }

    /// Called when the helper that entered leaves.
    fn leave(&self) {
        self.0.store(Self::SHUT, Ordering::Release);
    }

    /// Prevents further entry, and waits for a helper inside.
    fn close(&self) {
        if !self.turn(Self::OPEN, Self::SHUT) {
            wait_until(|| self.0.load(Ordering::Acquire) == Self::SHUT);
        }
    }

    fn turn(&self, from: u8, to: u8) -> bool {
        let turned = self
            .0
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
        turned.is_ok()
    }
}

/// Waits for a condition that is about to become true.
pub fn wait_until(there: impl Fn() -> bool) {
    let mut looks = 0;
    while !there() {
        looks += 1;
        match looks % LOOKS {
            0 => thread::yield_now(),
            _ => hint::spin_loop(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::thread;

    #[test]
    fn results_are_in_the_order_of_their_items() {
        for count in [0, 1, 2, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let squares = map(&items, |n| n * n);
            assert!(squares.into_iter().eq(items.iter().map(|n| n * n)));
        }
    }

    #[test]
    fn every_item_is_worked_on_once() {
        let mut counts = vec![0; 1000];
        each(counts.chunks_mut(7), |n, part| {
            part.iter_mut().for_each(|count| *count += n);
        });
        assert!(counts.iter().enumerate().all(|(i, count)| *count == i / 7));
    }

    #[test]
    fn work_in_work_is_done() {
        let sums = map(&[10, 20, 30], |&n: &usize| {
            map(&(0..n).collect::<Vec<_>>(), |i| i * i)
                .iter()
                .sum::<usize>()
        });
        assert_eq!(sums, [285, 2470, 8555]);
    }

    /// Whichever thread panics, the caller panics, and only after all others have left.
    #[test]
    fn a_panic_is_the_callers() {
        for bad in 0..40 {
            let inside = AtomicUsize::new(0);
            let failed = catch_unwind(AssertUnwindSafe(|| {
                map(&(0..40).collect::<Vec<_>>(), |&n: &usize| {
                    inside.fetch_add(1, Ordering::Relaxed);
                    assert!(n != bad, "item {n}");
                    inside.fetch_sub(1, Ordering::Relaxed);
                })
            }));
            assert!(failed.is_err(), "{bad}");
            assert_eq!(inside.into_inner(), 1);
        }
        assert_eq!(map(&[1, 2], |n| n + 1), [2, 3]);
    }

    /// As many items as threads; each waits for all others.
    #[test]
    fn the_caller_is_one_of_those_who_work() {
        let threads = size();
        let together = AtomicUsize::new(0);
        let who = map(&vec![(); threads], |()| {
            together.fetch_add(1, Ordering::Relaxed);
            while together.load(Ordering::Relaxed) < threads {
                thread::yield_now();
            }
            thread::current().id()
        });
        assert!(who.contains(&thread::current().id()));
        assert_eq!(who.iter().collect::<HashSet<_>>().len(), threads);
    }
}
