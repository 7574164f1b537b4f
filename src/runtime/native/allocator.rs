//! Memory for libtorch's CPU tensors that is used again, instead of the system's fresh pages at
//! every layer of every call: allocator.cc, as Rust sees it.
//!
//! Called by the worker when it starts, and by whatever holds a network when it goes.

use std::ffi::c_int;

unsafe extern "C" {
    fn dt_reuse_memory();
    fn dt_set_reuse(reuses: c_int);
    fn dt_set_keeping(keeps: c_int);
    fn dt_release_memory();
}

/// Lets all CPU tensors of this process use memory again, from now on.
pub fn reuse_memory() {
    // SAFETY: it takes nothing, and may be called from any thread, any number of times.
    unsafe { dt_reuse_memory() }
}

/// Runs `work` with the memory that libtorch takes by itself: what others are measured by.
pub fn without_reuse<R>(work: impl FnOnce() -> R) -> R {
    // SAFETY: a flag that any thread may set at any time.
    unsafe { dt_set_reuse(0) };
    let result = work();
    // SAFETY: as above.
    unsafe { dt_set_reuse(1) };
    result
}

/// Runs `work` and keeps none of the memory that it lets go of: for what is done once, such as
/// the conversion of weights, in sizes that nothing later asks for.
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

/// Gives unused memory back to the system when it is dropped. The last field of what holds a
/// network, so that the network's own memory is among it.
pub struct ReleasesMemory;

impl Drop for ReleasesMemory {
    fn drop(&mut self) {
        // SAFETY: it takes nothing; memory in use stays.
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
