//! Reuses memory for libtorch's CPU tensors, instead of taking fresh pages from the system at every
//! layer of every call: the Rust side of allocator.cc.
//!
//! Called by the worker when it starts, and by owners of a network when they are dropped.

use std::ffi::c_int;

unsafe extern "C" {
    fn dt_reuse_memory();
    fn dt_set_reuse(reuses: c_int);
    fn dt_set_keeping(keeps: c_int);
    fn dt_release_memory();
}

/// From now on all CPU tensors of this process reuse memory.
pub fn reuse_memory() {
    // SAFETY: it takes no arguments, and may be called from any thread, any number of times.
    unsafe { dt_reuse_memory() }
}

/// Runs `work` with libtorch's default allocation, as the reference for measurements.
pub fn without_reuse<R>(work: impl FnOnce() -> R) -> R {
    // SAFETY: a flag that any thread may set at any time.
    unsafe { dt_set_reuse(0) };
    let result = work();
    // SAFETY: as above.
    unsafe { dt_set_reuse(1) };
    result
}

/// Runs `work` and keeps none of the memory that it frees: for work that is done once, such as the
/// conversion of weights, in sizes that are not needed later.
pub fn without_keeping<R>(work: impl FnOnce() -> R) -> R {
    struct KeepsAgain;
    impl Drop for KeepsAgain {
        fn drop(&mut self) {
            // SAFETY: a number that any thread may set at any time.
            unsafe { dt_set_keeping(1) }
        }
    }
    let _again = KeepsAgain;
    // SAFETY: as above.
    unsafe { dt_set_keeping(0) };
    work()
}

/// Returns unused memory to the system when it is dropped. It must be the last field of an owner of
/// a network, so that the network's own memory is included.
pub struct ReleasesMemory;

impl Drop for ReleasesMemory {
    fn drop(&mut self) {
        // SAFETY: it takes no arguments and does not touch memory in use.
        unsafe { dt_release_memory() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind, Tensor};

    fn place(megabytes: i64) -> (Tensor, usize) {
        let x = Tensor::zeros([megabytes << 18], (Kind::Float, Device::Cpu));
        let address = x.data_ptr() as usize;
        (x, address)
    }

    #[test]
    fn memory_is_used_again_for_the_same_size_only() {
        reuse_memory();
        let (first, address) = place(24);
        drop(first);
        let (large, other) = place(64);
        let (again, found) = place(24);
        assert_eq!(found, address);
        assert_ne!(other, address);
        assert_eq!(
            (again.sum(Kind::Float) + large.max()).double_value(&[]),
            0.0
        );
        drop((large, again));
        drop(ReleasesMemory);
        let (x, _) = without_reuse(|| place(24));
        assert_eq!(x.max().double_value(&[]), 0.0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_larger_tile_does_not_keep_the_blocks_of_a_smaller_one() {
        reuse_memory();
        let before = resident();
        for megabytes in [200, 220, 240] {
            drop(place(megabytes));
        }
        // All three would be 660 MB; other tests may run in the same process.
        assert!(resident() < before + (400 << 20));
        drop(ReleasesMemory);
    }

    #[cfg(target_os = "linux")]
    fn resident() -> usize {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages = pages.split_whitespace().nth(1).unwrap();
        pages.parse::<usize>().unwrap() * 4096
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_not_kept_is_the_systems_again() {
        reuse_memory();
        let (first, _) = place(200);
        let full = resident();
        drop(first);
        // Other tests may run in the same process: half of it is allowed for.
        assert!(resident() > full - (100 << 20), "it is kept");
        let (again, _) = place(200);
        without_keeping(|| drop(again));
        assert!(resident() < full - (100 << 20), "it is not");
    }
}
