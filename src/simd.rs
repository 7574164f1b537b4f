//! The same arithmetic, compiled for the widest vectors that this CPU has.
//!
//! Kernels are plain loops over slices that the compiler turns into vectors; what it may use
//! is decided here, once per call. The bits are the same everywhere: products and sums stay as
//! they are written. Called by the transform, the step into the cells, what changes sampling or
//! colours, and the kernels of `runtime`.

/// A kernel. `run` must be `#[inline(always)]`, so that it takes on its caller's instructions.
pub trait Kernel {
    /// Does the work.
    fn run(self);
}

/// Runs `kernel` with AVX-512 or AVX2 where they are, else with what every CPU has.
pub fn run(kernel: impl Kernel) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: just detected; avx512bw comes with avx512f, and that with AVX2 and FMA.
            return unsafe { with_avx512(kernel) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: just detected.
            return unsafe { with_avx2(kernel) };
        }
    }
    kernel.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma")]
fn with_avx512(kernel: impl Kernel) {
    kernel.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2(kernel: impl Kernel) {
    kernel.run();
}

/// `to` = `each` of `from`, sample by sample.
pub fn row<T>(from: &[f32], to: &mut [T], each: impl Fn(f32) -> T) {
    run(Row { from, to, each });
}

/// The same of three rows of one length, such as those of R, G and B.
pub fn rows(from: [&[f32]; 3], to: [&mut [f32]; 3], each: impl Fn([f32; 3]) -> [f32; 3]) {
    run(Rows { from, to, each });
}

struct Row<'a, T, F> {
    from: &'a [f32],
    to: &'a mut [T],
    each: F,
}

impl<T, F: Fn(f32) -> T> Kernel for Row<'_, T, F> {
    #[inline(always)]
    fn run(self) {
        for (to, &from) in self.to.iter_mut().zip(self.from) {
            *to = (self.each)(from);
        }
    }
}

struct Rows<'a, F> {
    from: [&'a [f32]; 3],
    to: [&'a mut [f32]; 3],
    each: F,
}

impl<F: Fn([f32; 3]) -> [f32; 3]> Kernel for Rows<'_, F> {
    #[inline(always)]
    fn run(self) {
        let [a, b, c] = self.from;
        let [x, y, z] = self.to;
        let from = a.iter().zip(b).zip(c);
        let to = x.iter_mut().zip(y).zip(z);
        for (((&a, &b), &c), ((x, y), z)) in from.zip(to) {
            [*x, *y, *z] = (self.each)([a, b, c]);
        }
    }
}
