//! A lock that is given in the order in which it was asked for.
//!
//! Networks of one process take turns on the cores: two at once would only wait for each other's
//! threads. With a plain lock, a caller that asks again at once could keep all others out. Called by
//! `conv_engine`.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Who is served, and who came last.
pub(crate) struct Turns {
    numbers: Mutex<Numbers>,
    changed: Condvar,
}

struct Numbers {
    served: u64,
    next: u64,
}

/// A turn, which ends when this is dropped.
pub(crate) struct Turn<'a>(&'a Turns);

impl Turns {
    /// Nobody waits yet.
    pub const fn new() -> Self {
        Self {
            numbers: Mutex::new(Numbers { served: 0, next: 0 }),
            changed: Condvar::new(),
        }
    }

    /// Waits until everyone who asked before has had their turn.
    pub fn wait(&self) -> Turn<'_> {
        let mut numbers = self.lock();
        let mine = numbers.next;
        numbers.next += 1;
        while numbers.served != mine {
            let waited = self.changed.wait(numbers);
            numbers = waited.unwrap_or_else(PoisonError::into_inner);
        }
        Turn(self)
    }

    fn lock(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().served += 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::thread;
    use std::time::Duration;

    /// Two callers, one with long pieces: while both have work they take turns, so neither is more
    /// than a piece or two ahead of its share.
    #[test]
    fn callers_take_turns() {
        let (turns, order, start) = (Turns::new(), Mutex::new(Vec::new()), Barrier::new(2));
        thread::scope(|scope| {
            for (name, pause) in [('a', 2), ('b', 6)] {
                let (turns, order, start) = (&turns, &order, &start);
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..20 {
                        let _turn = turns.wait();
                        thread::sleep(Duration::from_millis(pause));
                        order.lock().unwrap().push(name);
                    }
                });
            }
        });
        let order = order.into_inner().unwrap();
        let first = order.iter().take(20).filter(|&&name| name == 'a').count();
        assert!((7..=13).contains(&first), "{order:?}");
    }

    #[test]
    fn a_panic_ends_a_turn() {
        let turns = Turns::new();
        let failed = thread::scope(|scope| {
            let bad = scope.spawn(|| {
                let _turn = turns.wait();
                panic!("a test");
            });
            bad.join()
        });
        assert!(failed.is_err());
        drop(turns.wait());
    }
}
