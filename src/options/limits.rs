//! [`Limits`]: how large an input may be, checked before memory is taken for it.

use crate::error::{Error, Result};
use crate::free_memory;

/// Upper limits, checked before memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Size of an input file in bytes. Default: 512 MiB.
    pub file_bytes: u64,
    /// Width and height in pixels. Default: 65,535, which is what a JPEG can say.
    pub side_px: usize,
    /// Width times height; `None`, the default: as many as the memory takes that is free, 50 million
    /// always and 500 million at most.
    pub pixels: Option<usize>,
    /// Scans of a progressive JPEG.
    pub scans: usize,
    /// Bytes of an ICC profile or EXIF block that are kept.
    pub metadata_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 512 << 20,
            side_px: 65_535,
            pixels: None,
            scans: 100,
            metadata_bytes: 4 << 20,
        }
    }
}

/// Pixels that are taken whatever memory is free.
const ALWAYS_PX: usize = 50_000_000;

/// Pixels that are taken at most unless the caller says so.
const SELDOM_PX: usize = 500_000_000;

/// Bytes of the process that a pixel of a large picture takes, and that it has without.
const PIXEL_BYTES: u64 = 48;
const OTHER_BYTES: u64 = 500_000_000;

/// The same for a picture that is restored in strips: its coefficients, packed.
const PACKED_BYTES: u64 = 2;

impl Limits {
    /// Checks the size of a picture before memory is taken for it.
    ///
    /// # Errors
    /// [`Error::Limits`] with the size, the limit, and the flag of the command that raises it.
    pub fn check_size(&self, width: usize, height: usize) -> Result<()> {
        self.check((width, height), PIXEL_BYTES)
    }

    /// [`Self::check_size`] for a picture that is restored in strips.
    pub(crate) fn check_size_of_strips(&self, width: usize, height: usize) -> Result<()> {
        self.check((width, height), PACKED_BYTES)
    }

    fn check(&self, (width, height): (usize, usize), pixel_bytes: u64) -> Result<()> {
        if width.max(height) > self.side_px {
            return Err(Error::Limits(format!(
                "{width} x {height} pixels: the limit is {} on a side",
                self.side_px
            )));
        }
        let pixels = width.saturating_mul(height);
        let limit = self.pixels.unwrap_or(SELDOM_PX);
        let of = format!("{width} x {height} is {pixels} pixels");
        if pixels > limit {
            return Err(Error::Limits(format!(
                "{of}: the limit is {limit} (--max-megapixels)"
            )));
        }
        let (need, free) = (
            pixel_bytes * pixels as u64 + OTHER_BYTES,
            free_memory::free_bytes(),
        );
        if self.pixels.is_none() && pixels > ALWAYS_PX && free.is_some_and(|free| need > free) {
            return Err(Error::Limits(format!(
                "{of}, which take about {} MB: {} MB of memory are free (--max-megapixels {} \
                 tries all the same)",
                need / 1_000_000,
                free.unwrap_or_default() / 1_000_000,
                pixels.div_ceil(1_000_000)
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_held_to_their_limits() {
        let limits = |pixels| Limits {
            pixels,
            ..Limits::default()
        };
        let message = |limits: Limits, width, height| {
            let checked = limits.check_size(width, height);
            checked.map_or_else(|error| error.to_string(), |()| String::new())
        };
        assert_eq!(message(limits(None), 8000, 6000), "");
        let many = message(limits(Some(100_000_000)), 12_032, 9_024);
        assert!(
            many.contains("108576768 pixels: the limit is 100000000"),
            "{many}"
        );
        assert!(many.contains("--max-megapixels"), "{many}");
        assert_eq!(message(limits(Some(200_000_000)), 16_320, 12_240), "");
        let wide = message(limits(None), 70_000, 10);
        assert!(wide.contains("65535 on a side"), "{wide}");
        assert!(message(limits(None), 65_535, 65_535).contains("the limit is 500000000"));
    }
}
