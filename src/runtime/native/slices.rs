//! Work on parts of a slice, on the threads of libtorch's own kernels.
//!
//! Those threads spin for a while after each kernel, so work on other threads would compete with
//! them. Called by this project's kernels between libtorch's. Also runs work on a single thread,
//! for `race`.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::runtime::native::ffi::{check, dt_alone, dt_parallel};

/// A slice of which several threads write different parts.
struct Parts<'a, T, F> {
    start: *mut T,
    length: usize,
    part: usize,
    work: &'a F,
    panicked: AtomicBool,
}

/// Calls `work(i, part i)` for all parts of `part` elements of `data`; the last may be shorter.
///
/// # Errors
/// [`Error::Backend`] if `work` panics.
pub fn for_each_part<T, F>(data: &mut [T], part: usize, work: F) -> Result<()>
where
    T: Send,
    F: Fn(usize, &mut [T]) + Sync,
{
    let part = part.max(1);
    let count = data.len().div_ceil(part) as i64;
    let mut parts = Parts {
        start: data.as_mut_ptr(),
        length: data.len(),
        part,
        work: &work,
        panicked: AtomicBool::new(false),
    };
    let context = (&raw mut parts).cast::<c_void>();
    // SAFETY: `run` gets the context it was made for, which outlives the call.
    check(unsafe { dt_parallel(count, 1, run::<T, F>, context) })?;
    match parts.panicked.into_inner() {
        true => Err(Error::Backend("a kernel panicked".into())),
        false => Ok(()),
    }
}

extern "C" fn run<T, F: Fn(usize, &mut [T])>(context: *mut c_void, from: i64, to: i64) {
    // SAFETY: for_each_part passes a `Parts<T, F>` that lives until every call has returned;
    // it is only read here.
    let parts = unsafe { &*context.cast::<Parts<'_, T, F>>() };
    let all = AssertUnwindSafe(|| {
        for index in from as usize..to as usize {
            let start = index * parts.part;
            let length = parts.part.min(parts.length - start);
            // SAFETY: it is inside the slice, and libtorch gives each index to one thread once.
            let part = unsafe { slice::from_raw_parts_mut(parts.start.add(start), length) };
            (parts.work)(index, part);
        }
    });
    if catch_unwind(all).is_err() {
        parts.panicked.store(true, Ordering::Relaxed);
    }
}

/// Calls `work`, in which libtorch uses only the calling thread.
///
/// # Errors
/// The work's own, or [`Error::Backend`] if it panics.
pub fn alone<R, F: FnOnce() -> Result<R>>(work: F) -> Result<R> {
    let mut once = Once::<R, F>::Waits(work);
    let context = (&raw mut once).cast::<c_void>();
    // SAFETY: `run_once` gets the context it was made for, which outlives the call.
    check(unsafe { dt_alone(run_once::<R, F>, context) })?;
    match once {
        Once::Done(result) => result,
        Once::Waits(_) | Once::Runs => Err(Error::Backend("work on one thread panicked".into())),
    }
}

enum Once<R, F> {
    Waits(F),
    Runs,
    Done(Result<R>),
}

extern "C" fn run_once<R, F: FnOnce() -> Result<R>>(context: *mut c_void, _: i64, _: i64) {
    // SAFETY: `alone` passes a `Once<R, F>` that lives until this has returned and is not used
    // meanwhile.
    let once = unsafe { &mut *context.cast::<Once<R, F>>() };
    if let Once::Waits(work) = std::mem::replace(once, Once::Runs)
        && let Ok(result) = catch_unwind(AssertUnwindSafe(work))
    {
        *once = Once::Done(result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::sync::Mutex;
    use std::thread;

    #[test]
    fn every_part_is_seen_once() {
        let mut data = vec![0usize; 1001];
        for_each_part(&mut data, 10, |i, part| {
            part.iter_mut().for_each(|x| *x += 1 + i);
        })
        .unwrap();
        let wanted = (0..1001).map(|at| 1 + at / 10);
        assert!(data.iter().copied().eq(wanted));
    }

    /// Without OpenMP the loop would run on one thread, and no other test would notice.
    #[test]
    fn parts_are_shared_out_among_threads() {
        let threads = tch::get_num_threads() as usize;
        let seen = Mutex::new(HashSet::new());
        let mut data = vec![0u8; threads];
        for_each_part(&mut data, 1, |_, _| {
            seen.lock().unwrap().insert(thread::current().id());
        })
        .unwrap();
        assert_eq!(seen.into_inner().unwrap().len(), threads);
    }

    #[test]
    fn a_panic_is_an_error() {
        let mut data = [0; 4];
        let result = for_each_part(&mut data, 1, |i, _| assert_ne!(i, 2));
        assert!(result.is_err());
        assert!(alone(|| -> Result<()> { panic!("a test") }).is_err());
    }

    #[test]
    fn alone_is_on_one_thread_and_only_for_a_while() {
        let all = tch::get_num_threads() as usize;
        let threads = |seen: &Mutex<HashSet<_>>| {
            for_each_part(&mut vec![0u8; all], 1, |_, _| {
                seen.lock().unwrap().insert(thread::current().id());
            })
        };
        let (within, after) = (Mutex::default(), Mutex::default());
        let answer = alone(|| threads(&within).map(|()| 7)).unwrap();
        threads(&after).unwrap();
        assert_eq!(answer, 7);
        assert_eq!(within.into_inner().unwrap().len(), 1);
        assert_eq!(after.into_inner().unwrap().len(), all);
    }
}
