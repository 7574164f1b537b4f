//! Work on parts of a slice, on the threads that libtorch's own kernels run on.
//!
//! Those threads keep spinning for a while after each kernel, so work on any others would
//! compete with them. Called by kernels of our own between libtorch's.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};

use super::ffi::{check, dt_parallel};
use crate::error::{Error, Result};

/// A slice that several threads write different parts of.
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
/// [`Error::Backend`] when `work` panics.
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
    // SAFETY: `run` is given the context it was made for, which outlives the call.
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
            // SAFETY: inside the slice, and libtorch gives each index to one thread once.
            let part = unsafe { slice::from_raw_parts_mut(parts.start.add(start), length) };
            (parts.work)(index, part);
        }
    });
    if catch_unwind(all).is_err() {
        parts.panicked.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_panic_is_an_error() {
        let mut data = [0; 4];
        let result = for_each_part(&mut data, 1, |i, _| assert_ne!(i, 2));
        assert!(result.is_err());
    }
}
