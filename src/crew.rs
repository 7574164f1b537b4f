//! Small pieces of work on all cores: the calling thread does those that rayon's have not taken.
//!
//! Rayon's own iterators hand all to its threads and sleep, which for a millisecond's work between
//! frames is late: its threads have to wake first, and on two cores both may wake on the one that
//! is taken. Called where a frame of a stream changed in part.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn results_are_in_the_order_of_their_items() {
        for count in [0, 1, 2, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let squares = map(&items, |n| n * n);
            assert!(squares.into_iter().eq(items.iter().map(|n| n * n)));
        }
    }

    /// With rayon's threads held up, the caller does it all.
    #[test]
    fn the_caller_does_not_wait_for_threads_that_are_busy() {
        let caller = thread::current().id();
        let who = map(&[(); 8], |()| thread::current().id());
        assert!(who.contains(&caller));
    }
}
