//! A map that is kept and partly changed: rectangles are copied out of it, with zeros beyond its
//! border, and back into it.
//!
//! bf16 or f32, channels_last, one picture. Called by `conv_engine::kept_maps`.

use std::ptr;

use tch::Tensor;

use crate::error::{Error, Result};
use crate::frame::Rect;
use crate::runtime::native::channels_last::{bytes, filled_bytes, size_of_kind};
use crate::runtime::threads::slices::for_each_part;

/// Below this many bytes only the calling thread copies, because starting the others takes as long.
const ALONE: usize = 1 << 15;

/// The only handle on a `[1, C, H, W]` tensor.
pub struct Map {
    tensor: Tensor,
    channels: usize,
    /// Bytes of a pixel.
    pixel: usize,
    width: usize,
    height: usize,
}

impl Map {
    /// Takes `tensor`; there must be no other handle on it.
    ///
    /// # Errors
    /// [`Error::Backend`] if it is not bf16 or f32, channels_last on the CPU, of one picture.
    pub fn of(tensor: Tensor) -> Result<Self> {
        bytes(&tensor)?;
        let [1, channels, height, width] = tensor.size()[..] else {
            return Err(Error::Backend(format!(
                "a map of {:?}: must be of one picture",
                tensor.size()
            )));
        };
        Ok(Self {
            pixel: channels as usize * size_of_kind(tensor.kind()),
            tensor,
            channels: channels as usize,
            width: width as usize,
            height: height as usize,
        })
    }

    /// The whole map, for reading.
    pub fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// A copy of `rect` and `margin` pixels around it; zeros beyond the border.
    ///
    /// # Errors
    /// [`Error::Backend`] for a rectangle that is not inside.
    pub fn cut(&self, rect: Rect, margin: usize) -> Result<Tensor> {
        self.check(rect)?;
        let source = bytes(&self.tensor)?;
        let (c, pitch, rows_there) = (self.pixel, self.pixel * self.width, self.height);
        let (width, height) = (rect.width + 2 * margin, rect.height + 2 * margin);
        // The part of the window inside the map, in pixels of the window.
        let left = margin.saturating_sub(rect.x);
        let right = width.min(self.width + margin - rect.x);
        let from = rect.x + left - margin;
        let size = [1, self.channels, height, width].map(|n| n as i64);
        filled_bytes(size, self.tensor.kind(), |data| {
            rows(data, c * width, |row, out| {
                match (rect.y + row).checked_sub(margin) {
                    Some(y) if y < rows_there => {
                        out[..c * left].fill(0);
                        let line = &source[y * pitch + c * from..][..c * (right - left)];
                        out[c * left..c * right].copy_from_slice(line);
                        out[c * right..].fill(0);
                    }
                    _ => out.fill(0),
                }
            })
        })
    }

    /// Writes `window` at `rect`, which has the same size, while other threads may write elsewhere.
    ///
    /// # Safety
    /// Until this returns, no other thread may write a pixel of `rect` or read any part of the map.
    ///
    /// # Errors
    /// [`Error::Backend`] for a rectangle that is not inside, or another size or kind.
    pub unsafe fn paste(&self, rect: Rect, window: &Tensor) -> Result<()> {
        self.check(rect)?;
        let source = bytes(window)?;
        let wanted = [1, self.channels, rect.height, rect.width].map(|n| n as i64);
        let same_kind = window.kind() == self.tensor.kind();
        let apart = window.data_ptr() != self.tensor.data_ptr();
        if window.size() != wanted || !same_kind || !apart {
            return Err(Error::Backend(format!(
                "a window of {:?} {:?} for {wanted:?} {:?}",
                window.kind(),
                window.size(),
                self.tensor.kind()
            )));
        }
        let (pitch, length) = (self.pixel * self.width, self.pixel * rect.width);
        let start: *mut u8 = self.tensor.data_ptr().cast();
        for (row, line) in source.chunks_exact(length.max(1)).enumerate() {
            let at = (rect.y + row) * pitch + self.pixel * rect.x;
            // SAFETY: it is inside the map, as `check` has verified, in the layout that `of` has
            // verified; the window is other memory, and the caller guarantees exclusive access.
            unsafe { ptr::copy_nonoverlapping(line.as_ptr(), start.add(at), length) };
        }
        Ok(())
    }

    fn check(&self, rect: Rect) -> Result<()> {
        let inside = rect.x + rect.width <= self.width && rect.y + rect.height <= self.height;
        match inside {
            true => Ok(()),
            false => Err(Error::Backend(format!(
                "{rect:?} of a map of {} x {}",
                self.width, self.height
            ))),
        }
    }
}

/// Runs `work` on every row of `pitch` bytes, on all threads if that is faster.
fn rows(data: &mut [u8], pitch: usize, work: impl Fn(usize, &mut [u8]) + Sync) -> Result<()> {
    if data.len() >= ALONE {
        return for_each_part(data, pitch, work);
    }
    let parts = data.chunks_mut(pitch.max(1)).enumerate();
    parts.for_each(|(row, part)| work(row, part));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    fn rect(x: usize, y: usize, width: usize, height: usize) -> Rect {
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    const KINDS: [Kind; 2] = [Kind::BFloat16, Kind::Float];

    fn map(kind: Kind, channels: i64, height: i64, width: i64) -> (Map, Tensor) {
        let flat = Tensor::randn([1, height, width, channels], (kind, Device::Cpu));
        let copy = flat.copy().permute([0, 3, 1, 2]);
        (Map::of(flat.permute([0, 3, 1, 2])).unwrap(), copy)
    }

    fn paste(map: &Map, rect: Rect, window: &Tensor) -> Result<()> {
        // SAFETY: only this thread uses the map.
        unsafe { map.paste(rect, window) }
    }

    /// The reference is libtorch's padding and narrowing, at every border, for small windows and
    /// for those that several threads copy.
    #[test]
    fn windows_are_cut_with_zeros_around() {
        let windows = [
            rect(0, 0, 50, 30),
            rect(0, 0, 7, 5),
            rect(43, 25, 7, 5),
            rect(3, 0, 20, 30),
            rect(10, 11, 1, 1),
        ];
        for (kind, window) in KINDS
            .into_iter()
            .flat_map(|kind| windows.map(|w| (kind, w)))
        {
            let (map, copy) = map(kind, 40, 30, 50);
            let padded = copy.constant_pad_nd([1, 1, 1, 1]);
            let found = map.cut(window, 1).unwrap();
            let (x, y) = (window.x as i64, window.y as i64);
            let (w, h) = (window.width as i64, window.height as i64);
            assert!(found.equal(&padded.narrow(2, y, h + 2).narrow(3, x, w + 2)));
            let bare = map.cut(window, 0).unwrap();
            assert!(bare.equal(&copy.narrow(2, y, h).narrow(3, x, w)));
            assert!(map.cut(rect(44, 0, 7, 5), 1).is_err());
        }
    }

    #[test]
    fn what_is_pasted_is_there_and_nothing_else_changes() {
        let windows = [rect(43, 25, 7, 5), rect(1, 2, 45, 20)];
        for (kind, window) in KINDS
            .into_iter()
            .flat_map(|kind| windows.map(|w| (kind, w)))
        {
            let (map, copy) = map(kind, 40, 30, 50);
            let size = [1, window.height as i64, window.width as i64, 40];
            let ones = Tensor::ones(size, (kind, Device::Cpu));
            paste(&map, window, &ones.permute([0, 3, 1, 2])).unwrap();
            let (x, y) = (window.x as i64, window.y as i64);
            let (w, h) = (window.width as i64, window.height as i64);
            let _ = copy.narrow(2, y, h).narrow(3, x, w).fill_(1.0);
            assert!(map.tensor().equal(&copy));
            assert!(paste(&map, rect(0, 0, 3, 3), &ones).is_err());
        }
    }

    #[test]
    fn other_tensors_are_refused() {
        let two = Tensor::zeros([2, 4, 3, 3], (Kind::BFloat16, Device::Cpu));
        assert!(Map::of(two.permute([0, 3, 1, 2])).is_err());
        assert!(Map::of(Tensor::zeros([1, 4, 4, 4], (Kind::Float, Device::Cpu))).is_err());
        let (map, _) = map(Kind::BFloat16, 4, 8, 8);
        let (other, _) = self::map(Kind::Float, 4, 2, 2);
        assert!(paste(&map, rect(0, 0, 2, 2), other.tensor()).is_err());
    }
}
