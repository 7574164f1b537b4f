//! [`ddrmjpeg_frame`]: pixels in memory of the caller's, with strides.

use ddrmjpeg::{FrameView, FrameViewMut, PixelFormat, Planar8};

use crate::arguments;
use crate::status::Failure;

/// How the bytes of a frame are arranged; 8 bits a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ddrmjpeg_format {
    /// One plane of full-range luma.
    Grey = 0,
    /// One plane of R, G, B.
    Rgb = 1,
    /// One plane of B, G, R.
    Bgr = 2,
    /// One plane of R, G, B and a fourth byte, which is neither read nor written.
    Rgba = 3,
    /// One plane of B, G, R and a fourth byte, which is neither read nor written.
    Bgra = 4,
    /// Three planes: R, G, B.
    PlanarRgb = 5,
    /// Three planes: Y, Cb, Cr of BT.601 in full range, chroma at half of both sides.
    I420 = 6,
    /// The same, chroma at half of the width.
    I422 = 7,
    /// The same, chroma at full size.
    I444 = 8,
    /// Two planes: Y, and Cb and Cr side by side at half of both sides.
    Nv12 = 9,
}

/// A frame in memory of the caller's.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ddrmjpeg_frame {
    /// sizeof(ddrmjpeg_frame).
    pub struct_size: usize,
    /// One of ddrmjpeg_format.
    pub format: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Zero.
    pub reserved: u32,
    /// The planes; those that the format has not do not count. Read only, unless the frame is
    /// given to ddrmjpeg_picture_write.
    pub planes: [*mut u8; 3],
    /// Bytes of each plane. Behind the last row no padding is needed.
    pub sizes: [usize; 3],
    /// Bytes from one row of each plane to the next.
    pub strides: [usize; 3],
}

/// The longest plane list of any format.
const PLANES: usize = 3;

/// The planes in messages.
const NAMES: [&str; PLANES] = ["frame.planes[0]", "frame.planes[1]", "frame.planes[2]"];

impl ddrmjpeg_frame {
    fn format(&self) -> Result<PixelFormat, Failure> {
        if self.struct_size < size_of::<Self>() {
            return Err(Failure::argument(format!(
                "frame.struct_size = {}: at least {} is wanted",
                self.struct_size,
                size_of::<Self>()
            )));
        }
        let ycc = |x, y| PixelFormat::YCbCr {
            subsampling: (x, y),
        };
        const FORMATS: [PixelFormat; 6] = [
            PixelFormat::Grey,
            PixelFormat::Rgb,
            PixelFormat::Bgr,
            PixelFormat::Rgba,
            PixelFormat::Bgra,
            PixelFormat::PlanarRgb,
        ];
        Ok(match self.format {
            plain @ 0..=5 => FORMATS[plain as usize],
            6 => ycc(2, 2),
            7 => ycc(2, 1),
            8 => ycc(1, 1),
            9 => PixelFormat::Nv12,
            other => {
                let message = format!("frame.format = {other}: one of ddrmjpeg_format is wanted");
                return Err(Failure::argument(message));
            }
        })
    }

    /// The pixels, each byte copied once.
    ///
    /// # Safety
    /// The planes are there and nobody writes to them during the call.
    pub(crate) unsafe fn read(&self) -> Result<Planar8, Failure> {
        let format = self.format()?;
        let mut planes: Vec<(&[u8], usize)> = Vec::with_capacity(PLANES);
        for (c, name) in NAMES.into_iter().enumerate().take(format.planes()) {
            // SAFETY: the caller's word.
            let bytes = unsafe { arguments::bytes(self.planes[c], self.sizes[c], name)? };
            planes.push((bytes, self.strides[c]));
        }
        let view = FrameView::new(format, self.width as usize, self.height as usize, &planes)?;
        Ok(view.to_planar())
    }

    /// Writes `picture` there.
    ///
    /// # Safety
    /// The planes are there and nobody else uses them during the call.
    pub(crate) unsafe fn write(&self, picture: &Planar8) -> Result<(), Failure> {
        let format = self.format()?;
        self.check_apart(format.planes())?;
        let mut planes: Vec<(&mut [u8], usize)> = Vec::with_capacity(PLANES);
        for (c, name) in NAMES.into_iter().enumerate().take(format.planes()) {
            // SAFETY: the caller's word; the planes do not overlap.
            let bytes = unsafe { arguments::bytes_mut(self.planes[c], self.sizes[c], name)? };
            planes.push((bytes, self.strides[c]));
        }
        let (width, height) = (self.width as usize, self.height as usize);
        let mut view = FrameViewMut::new(format, width, height, planes)?;
        Ok(picture.write_into(&mut view)?)
    }

    /// Refuses planes of which two share bytes.
    fn check_apart(&self, planes: usize) -> Result<(), Failure> {
        let range = |c: usize| {
            let start = self.planes[c] as usize;
            (start, start.saturating_add(self.sizes[c]))
        };
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let overlap = range(a).0 < range(b).1 && range(b).0 < range(a).1;
            if b < planes && overlap {
                return Err(Failure::argument(format!(
                    "{} and {} overlap",
                    NAMES[a], NAMES[b]
                )));
            }
        }
        Ok(())
    }
}
