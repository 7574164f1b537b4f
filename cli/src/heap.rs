//! How the command asks the system for memory: in large pieces, which it keeps.
//!
//! A picture is restored through a few dozen buffers of its size, and a model is opened through as
//! many of its own. By default the C library takes each from the system and gives it back, and the
//! system clears every page again before it is used: that is a third of the time of opening lean.
//!
//! The library leaves the memory of its caller alone, so this is the command's. Called by `main`.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use std::hint::black_box;

    /// By how much the heap grows, in bytes. Pages that nothing was written to take no memory.
    const GROWTH: usize = 64 << 20;
    /// Larger blocks are the system's, which gets them back at once: a picture of 16 megapixels
    /// would leave holes that nothing fits in.
    const LARGEST: usize = 64 << 20;
    /// Free memory at the end of the heap that is kept.
    const KEPT: usize = 256 << 20;
    /// What the system can clear and map at once.
    const LARGE_PAGE: usize = 2 << 20;

    /// Sets the limits, and asks for large pages for the memory that is used first.
    pub fn keep() {
        let limits = [
            (libc::M_ARENA_MAX, 1),
            (libc::M_TOP_PAD, GROWTH),
            (libc::M_MMAP_THRESHOLD, LARGEST),
            (libc::M_TRIM_THRESHOLD, KEPT),
        ];
        for (name, bytes) in limits {
            // SAFETY: it changes settings of the C library, and is called before there are threads.
            // What it does not know it refuses, and nothing is lost.
            unsafe { libc::mallopt(name, bytes as libc::c_int) };
        }
        grow();
        advise();
    }

    /// Makes the heap grow once.
    fn grow() {
        drop(black_box(Vec::<u8>::with_capacity(LARGE_PAGE)));
    }

    /// Asks for large pages for the last [`GROWTH`] bytes of the heap.
    fn advise() {
        // SAFETY: by 0 bytes it only says where the heap ends.
        let end = unsafe { libc::sbrk(0) } as usize / LARGE_PAGE * LARGE_PAGE;
        let first = end.saturating_sub(GROWTH);
        // SAFETY: advice changes no memory; where it is not taken, nothing is lost.
        unsafe { libc::madvise(first as *mut _, end - first, libc::MADV_HUGEPAGE) };
    }
}

/// Keeps memory that was used once, and takes it in large pages. Called first of all.
pub fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::keep();
}
