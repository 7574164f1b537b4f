//! Small pieces of work on all cores: the calling thread does those that rayon's have not taken.
//!
//! Rayon's own iterators hand all to its threads and sleep, which for a millisecond's work between
//! frames is late: its threads have to wake first, and on two cores both may wake on the one that
//! is taken. What they have begun is waited for. Called where a frame of a stream changed in part, and
//! by what looks for an earlier save.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

/// `work` of each of `items`, in their order.
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
    let helpers = rayon::current_num_threads()
        .min(items.len())
        .saturating_sub(1);
    rayon::in_place_scope(|scope| {
        (0..helpers).for_each(|_| scope.spawn(|_| take()));
        take();
    });
    results
        .into_iter()
        .filter_map(OnceLock::into_inner)
        .collect()
}

/// `work` on each of `items`, with its number.
pub fn each<T, F>(items: impl Iterator<Item = T>, work: F)
where
    T: Send,
    F: Fn(usize, T) + Sync,
{
    let items: Vec<_> = items
        .enumerate()
        .map(|item| Mutex::new(Some(item)))
        .collect();
    map(&items, |item| {
        // Each is taken once, by one thread: there is nobody who could have poisoned it.
        let taken = item.lock().ok().and_then(|mut item| item.take());
        if let Some((n, item)) = taken {
            work(n, item);
        }
    });
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

    /// As many items as threads, each of which waits for all of the others.
    #[test]
    fn the_caller_is_one_of_those_who_work() {
        let threads = rayon::current_num_threads();
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
