//! A convolution with weights in oneDNN's own order, with a fused ReLU or sum, for any part of a
//! map.
//!
//! A part is rows of pixels, channels innermost, in bf16 or f32. There are no zeros above or below
//! it: the caller's rows hold them where the map ends. So every part of a height is the same
//! compiled kernel, and the result does not depend on how a map is cut.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use crate::error::{Error, Result};
use crate::runtime::arithmetic::Arithmetic;
use crate::runtime::multiplies;
use crate::runtime::onednn::ends::{End, Types};
use crate::runtime::onednn::shim::{
    RawConv, RawWeights, Shape, check, dn_drop_conv, dn_drop_weights, dn_pack, dn_plan, dn_run,
};

/// Rows and columns of the part that weights are packed for; others work too.
const TYPICAL: (usize, usize) = (16, 160);

/// Compiled kernels that are kept, each some ten kilobytes.
const KERNELS_KEPT: usize = 512;

/// The sizes of a convolution with a square kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// Channels of the input.
    pub input: usize,
    /// Channels of the result.
    pub output: usize,
    /// Rows and columns of the kernel.
    pub side: usize,
    /// Pixels from one result to the next.
    pub stride: usize,
}

/// A part of an input, with all rows that the kernel reads.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// `height` rows of `width` pixels.
    pub rows: &'a [u8],
    /// Rows.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Columns of zeros that are added on the left and on the right.
    pub beside: usize,
}

/// Weights in oneDNN's order.
struct Weights(*mut RawWeights);

// SAFETY: the shim guards its list of packed weights by a lock; what is in the list is only read.
unsafe impl Send for Weights {}
// SAFETY: as above.
unsafe impl Sync for Weights {}

impl Drop for Weights {
    fn drop(&mut self) {
        // SAFETY: the shim made it, and nothing uses it any more.
        unsafe { dn_drop_weights(self.0) };
    }
}

/// Packed weights, and what is done with the sum of their products: `(sum + bias) · scale`.
pub struct Packed {
    weights: Arc<Weights>,
    bias: Vec<f32>,
    /// Of bytes only.
    scale: Vec<f32>,
    sizes: Convolution,
    types: Types,
}

impl Packed {
    /// Packs `weight` `[output, input, side, side]` and `bias` `[output]` for `arithmetic`.
    ///
    /// # Errors
    /// [`Error::Backend`] for other lengths, or if oneDNN has no such convolution on this CPU.
    pub fn new(
        sizes: Convolution,
        arithmetic: Arithmetic,
        weight: &[f32],
        bias: Vec<f32>,
    ) -> Result<Self> {
        Self::of(sizes, Types::Same(arithmetic), weight, (bias, Vec::new()))
    }

    /// Packs `weight`, whole numbers of at most 127 if `types` has bytes, with `bias` and `scale`
    /// `[output]`; without bytes there is no scale.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of(
        sizes: Convolution,
        types: Types,
        weight: &[f32],
        (bias, scale): (Vec<f32>, Vec<f32>),
    ) -> Result<Self> {
        if weight.len() != sizes.weights() {
            return Err(Error::Backend(format!(
                "{sizes:?} with {} weights: must be {}",
                weight.len(),
                sizes.weights()
            )));
        }
        let (height, width) = TYPICAL;
        let beside = sizes.side / 2 * usize::from(sizes.stride == 1);
        let shape = sizes.shape(types, (height, width, beside), End::Plain)?;
        let mut weights = ptr::null_mut();
        // SAFETY: a shape, as many weights as it has, and a place for the result.
        check(unsafe { dn_pack(&shape, weight.as_ptr(), &mut weights) })?;
        let packed = Self {
            weights: Arc::new(Weights(weights)),
            bias: Vec::new(),
            scale: Vec::new(),
            sizes,
            types,
        };
        packed.with(bias, scale)
    }

    /// The same weights with another bias and scale.
    ///
    /// # Errors
    /// [`Error::Backend`] for other lengths.
    pub fn with(&self, bias: Vec<f32>, scale: Vec<f32>) -> Result<Self> {
        let wanted = if self.types.scaled() {
            self.sizes.output
        } else {
            0
        };
        if bias.len() != self.sizes.output || scale.len() != wanted {
            return Err(Error::Backend(format!(
                "{:?} with a bias of {} and a scale of {}: must be {} and {wanted}",
                self.sizes,
                bias.len(),
                scale.len(),
                self.sizes.output
            )));
        }
        Ok(Self {
            weights: Arc::clone(&self.weights),
            bias,
            scale,
            sizes: self.sizes,
            types: self.types,
        })
    }

    /// Channels and kernel.
    pub fn sizes(&self) -> Convolution {
        self.sizes
    }

    /// Convolves `window` into `out`, on this thread only.
    ///
    /// # Errors
    /// [`Error::Backend`] for a window that is smaller than the kernel, slices of other lengths, or
    /// if oneDNN has no such convolution on this CPU.
    pub fn run(&self, window: Window<'_>, end: End, out: &mut [u8]) -> Result<()> {
        let Window {
            rows,
            height,
            width,
            beside,
        } = window;
        let (made_height, made_width) = self.sizes.made(height, width + 2 * beside)?;
        let lengths = [
            (
                rows.len(),
                height * width * self.sizes.input * self.types.input(),
            ),
            (
                out.len(),
                made_height * made_width * self.sizes.output * self.types.output(),
            ),
        ];
        if let Some((found, wanted)) = lengths.into_iter().find(|(found, wanted)| found != wanted) {
            return Err(Error::Backend(format!(
                "{:?} of {width} x {height} pixels: {found} bytes, must be {wanted}",
                self.sizes
            )));
        }
        let shape = self.sizes.shape(self.types, (height, width, beside), end)?;
        let kernel = kernel(shape)?;
        multiplies::note(|| Some(self.noted(height, width)));
        let macs = made_height * made_width * self.sizes.weights();
        multiplies::product(macs as i64, || {
            with_scratch(kernel.scratch, |scratch| {
                // SAFETY: the kernel, the weights and the bias are alive; the lengths of input and
                // result were compared above, and the scratch memory has the kernel's length.
                check(unsafe {
                    dn_run(
                        kernel.conv,
                        self.weights.0,
                        self.bias.as_ptr(),
                        self.scale.as_ptr(),
                        rows.as_ptr().cast(),
                        out.as_mut_ptr().cast(),
                        scratch,
                    )
                })
            })
        })
    }

    fn noted(&self, height: usize, width: usize) -> multiplies::Shape {
        let Convolution {
            input,
            output,
            side,
            stride,
        } = self.sizes;
        multiplies::Shape {
            batch: 1,
            channels: input as i64,
            outputs: output as i64,
            height: height as i64,
            width: width as i64,
            side: side as i64,
            stride: stride as i64,
        }
    }
}

impl Convolution {
    /// How many weights it has.
    pub fn weights(self) -> usize {
        self.output * self.input * self.side * self.side
    }

    /// Rows and columns of the result for `height` rows of `width` pixels, zeros included.
    fn made(self, height: usize, width: usize) -> Result<(usize, usize)> {
        let length = |from: usize| Some(from.checked_sub(self.side)? / self.stride + 1);
        length(height).zip(length(width)).ok_or_else(|| {
            Error::Backend(format!("{self:?} of {width} x {height} pixels: too small"))
        })
    }

    fn shape(
        self,
        types: Types,
        (height, width, beside): (usize, usize, usize),
        end: End,
    ) -> Result<Shape> {
        let number = |n: usize| {
            let long =
                |_| Error::Backend(format!("{self:?} of {width} x {height} pixels: too large"));
            i32::try_from(n).map_err(long)
        };
        Ok(Shape {
            types: types.number(),
            input: number(self.input)?,
            output: number(self.output)?,
            side: number(self.side)?,
            stride: number(self.stride)?,
            height: number(height)?,
            width: number(width)?,
            beside: number(beside)?,
            end: end.number(),
        })
    }
}

/// A compiled kernel.
struct Kernel {
    conv: *mut RawConv,
    /// Bytes of memory that it needs while it runs.
    scratch: usize,
}

// SAFETY: oneDNN's primitives may be run by several threads at once if each brings its own scratch
// memory.
unsafe impl Send for Kernel {}
// SAFETY: as above.
unsafe impl Sync for Kernel {}

impl Drop for Kernel {
    fn drop(&mut self) {
        // SAFETY: the shim made it, and nothing uses it any more.
        unsafe { dn_drop_conv(self.conv) };
    }
}

/// The kernel for `shape`, compiled at its first use. Those that are kept are never freed at the end
/// of the process, when a thread may be in one of them.
fn kernel(shape: Shape) -> Result<Arc<Kernel>> {
    static KERNELS: LazyLock<RwLock<HashMap<Shape, Arc<Kernel>>>> = LazyLock::new(RwLock::default);
    let kept = KERNELS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(kernel) = kept.get(&shape) {
        return Ok(Arc::clone(kernel));
    }
    drop(kept);
    let (mut conv, mut scratch) = (ptr::null_mut(), 0);
    // SAFETY: a shape, and places for the results.
    check(unsafe { dn_plan(&shape, &mut conv, &mut scratch) })?;
    let kernel = Arc::new(Kernel { conv, scratch });
    let mut kept = KERNELS.write().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= KERNELS_KEPT {
        kept.clear();
    }
    kept.insert(shape, Arc::clone(&kernel));
    Ok(kernel)
}

/// Calls `work` with `bytes` bytes of this thread's own.
fn with_scratch<R>(bytes: usize, work: impl FnOnce(*mut c_void) -> R) -> R {
    /// Vectors of this alignment are what oneDNN expects.
    #[repr(C, align(64))]
    #[derive(Clone, Copy)]
    struct Line([u8; 64]);
    thread_local! {
        static SCRATCH: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
    }
    SCRATCH.with_borrow_mut(|lines| {
        let wanted = bytes.div_ceil(size_of::<Line>());
        if lines.len() < wanted {
            lines.resize(wanted, Line([0; 64]));
        }
        work(lines.as_mut_ptr().cast())
    })
}

#[cfg(test)]
#[path = "conv_tests.rs"]
mod conv_tests;
