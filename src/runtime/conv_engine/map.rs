//! Maps in memory: rows of pixels, channels innermost, with a row of zeros above and one below, so
//! that every part of a map has the rows around it that a 3x3 kernel reads.
//!
//! Several threads write different parts of a map at once. Which ones is decided by the stages of
//! `pass`, so reading and writing here is unsafe, and each function says what its caller promises.

use std::cell::UnsafeCell;
use std::slice;
use std::sync::Arc;

#[cfg(target_os = "linux")]
use memmap2::Advice;
use memmap2::MmapMut;

use crate::error::{Error, Result};
use crate::frame::Rect;

/// 64 bytes, the width of the widest vectors.
#[repr(C, align(64))]
pub(crate) struct Line([Cell; 64]);

impl Default for Line {
    fn default() -> Self {
        Self([const { Cell::new(0) }; 64])
    }
}

/// A byte that may be written while others refer to it.
type Cell = UnsafeCell<u8>;

/// Memory for maps.
pub(crate) enum Buffer {
    Small(Box<[Line]>),
    /// Mapped in few large pages where the system has them: a page costs more to get than to fill.
    Large(MmapMut),
}

/// Bytes of a large page, from which on memory is mapped.
const LARGE: usize = 2 << 20;

// SAFETY: bytes are read and written only by the unsafe functions of `Map`, whose callers guarantee
// that nobody writes what another thread uses.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// At least `bytes` bytes of zeros.
    pub fn new(bytes: usize) -> Self {
        match (bytes >= LARGE).then(|| mapped(bytes)) {
            Some(Ok(map)) => Self::Large(map),
            _ => Self::Small(lines(bytes)),
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Small(lines) => size_of_val(&**lines),
            Self::Large(map) => map.len(),
        }
    }

    fn start(&self) -> *mut u8 {
        match self {
            Self::Small(lines) => lines.as_ptr().cast_mut().cast(),
            Self::Large(map) => map.as_ptr().cast_mut(),
        }
    }
}

fn lines(bytes: usize) -> Box<[Line]> {
    let lines = Box::<[Line]>::new_zeroed_slice(bytes.div_ceil(size_of::<Line>()));
    // SAFETY: zeros are valid bytes.
    unsafe { lines.assume_init() }
}

/// Zeros of the system's, in large pages if it has any.
fn mapped(bytes: usize) -> std::io::Result<MmapMut> {
    let map = MmapMut::map_anon(bytes.next_multiple_of(size_of::<Line>()))?;
    // Without them it is memory all the same.
    #[cfg(target_os = "linux")]
    let _ = map.advise(Advice::HugePage);
    Ok(map)
}

/// A map, in memory that other maps may use at other times.
#[derive(Clone)]
pub(crate) struct Map {
    buffer: Arc<Buffer>,
    /// Pixels in a row.
    pub width: usize,
    /// Rows, without the zeros.
    pub height: usize,
    /// Bytes of a pixel.
    pub pixel: usize,
}

/// Bytes of a map with these sizes.
pub(crate) fn bytes((width, height): (usize, usize), pixel: usize) -> usize {
    (height + 2) * width * pixel
}

impl Map {
    /// A map of that size, with pixels of `pixel` bytes, in `buffer`.
    ///
    /// # Errors
    /// [`Error::Backend`] if the buffer is too small.
    pub fn new(buffer: Arc<Buffer>, size: (usize, usize), pixel: usize) -> Result<Self> {
        if bytes(size, pixel) > buffer.bytes() {
            return Err(Error::Backend(format!(
                "a map of {} bytes in a buffer of {}",
                bytes(size, pixel),
                buffer.bytes()
            )));
        }
        Ok(Self {
            buffer,
            width: size.0,
            height: size.1,
            pixel,
        })
    }

    /// Its memory, if no other map is in it.
    pub fn into_buffer(self) -> Option<Buffer> {
        Arc::into_inner(self.buffer)
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Bytes of a row.
    pub fn pitch(&self) -> usize {
        self.width * self.pixel
    }

    /// Whether the two are in the same memory.
    pub fn shares(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.buffer, &other.buffer)
    }

    /// `count` rows from `first` on, where row 0 is the zeros above the map and 1 its first row.
    ///
    /// # Safety
    /// While the slice exists, nothing may write these rows.
    pub unsafe fn rows(&self, first: usize, count: usize) -> &[u8] {
        self.check_rows(first, count);
        // SAFETY: inside the buffer, which `new` checked; the caller keeps writers away.
        unsafe {
            let start = self.buffer.start().add(first * self.pitch());
            slice::from_raw_parts(start, count * self.pitch())
        }
    }

    /// The same, for writing.
    ///
    /// # Safety
    /// While the slice exists, nothing else may use these rows.
    #[expect(clippy::mut_from_ref)]
    pub unsafe fn rows_mut(&self, first: usize, count: usize) -> &mut [u8] {
        self.check_rows(first, count);
        // SAFETY: inside the buffer, which `new` checked; the caller keeps all others away.
        unsafe {
            let start = self.buffer.start().add(first * self.pitch());
            slice::from_raw_parts_mut(start, count * self.pitch())
        }
    }

    /// Writes the zeros above and below the map, if `rows` of it begin or end there.
    ///
    /// # Safety
    /// Nothing else may use these rows meanwhile.
    pub unsafe fn frame(&self, (first, count): (usize, usize)) {
        let ends = [
            (first == 0, 0),
            (first + count == self.height, self.height + 1),
        ];
        for (_, row) in ends.into_iter().filter(|(there, _)| *there) {
            // SAFETY: guaranteed by the caller.
            unsafe { self.rows_mut(row, 1) }.fill(0);
        }
    }

    /// Copies `rect` and `margin` pixels around it to `out`; zeros beyond the border.
    ///
    /// # Safety
    /// Nothing may write there meanwhile.
    pub unsafe fn cut(&self, rect: Rect, margin: usize, out: &mut [u8]) {
        self.check(rect);
        let (width, height) = (rect.width + 2 * margin, rect.height + 2 * margin);
        // The part of the window inside the map, in pixels of the window.
        let left = margin.saturating_sub(rect.x) * self.pixel;
        let right = width.min(self.width + margin - rect.x) * self.pixel;
        let from = (rect.x + left / self.pixel - margin) * self.pixel;
        let lines = out.chunks_exact_mut(width * self.pixel);
        for (row, out) in lines.take(height).enumerate() {
            // One more than the row, because of the zeros above.
            let stored = (rect.y + row + 1).checked_sub(margin);
            match stored.filter(|row| *row < self.height + 2) {
                Some(stored) => {
                    // SAFETY: guaranteed by the caller.
                    let line = unsafe { self.rows(stored, 1) };
                    out[..left].fill(0);
                    out[left..right].copy_from_slice(&line[from..][..right - left]);
                    out[right..].fill(0);
                }
                None => out.fill(0),
            }
        }
    }

    /// Writes `window` at `rect`, which has the same size.
    ///
    /// # Safety
    /// Nothing else may use `rect` meanwhile.
    pub unsafe fn paste(&self, rect: Rect, window: &[u8]) {
        self.check(rect);
        let (from, length) = (rect.x * self.pixel, rect.width * self.pixel);
        for (row, line) in window.chunks_exact(length.max(1)).enumerate() {
            let at = (rect.y + row + 1) * self.pitch() + from;
            // SAFETY: inside the map, which `check` verified; the caller keeps all others away. The
            // slice is of `rect` alone, because another thread may write beside it.
            let out = unsafe { slice::from_raw_parts_mut(self.buffer.start().add(at), length) };
            out.copy_from_slice(line);
        }
    }

    /// Bands and windows are cut from the sizes of the maps themselves, so a panic here is a fault of
    /// this folder; it must not become a write beyond the buffer.
    fn check_rows(&self, first: usize, count: usize) {
        let size = self.size();
        assert!(
            first + count <= self.height + 2,
            "rows {first} + {count} of a map of {size:?}"
        );
    }

    /// As `check_rows`.
    fn check(&self, rect: Rect) {
        let inside = rect.x + rect.width <= self.width && rect.y + rect.height <= self.height;
        assert!(inside, "{rect:?} of a map of {:?}", self.size());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: usize, y: usize, width: usize, height: usize) -> Rect {
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    const SIZE: (usize, usize) = (50, 30);
    const PIXEL: usize = 6;

    fn value(x: usize, y: usize, byte: usize) -> u8 {
        (1 + (x * 7 + y * 13 + byte) % 255) as u8
    }

    fn map() -> Map {
        let buffer = Arc::new(Buffer::new(bytes(SIZE, PIXEL)));
        let map = Map::new(buffer, SIZE, PIXEL).unwrap();
        // SAFETY: only this thread uses the map.
        let rows = unsafe { map.rows_mut(1, SIZE.1) };
        for (at, out) in rows.iter_mut().enumerate() {
            let pixel = at / PIXEL;
            *out = value(pixel % SIZE.0, pixel / SIZE.0, at % PIXEL);
        }
        map
    }

    const WINDOWS: [Rect; 5] = [
        Rect {
            x: 0,
            y: 0,
            width: 50,
            height: 30,
        },
        Rect {
            x: 0,
            y: 0,
            width: 7,
            height: 5,
        },
        Rect {
            x: 43,
            y: 25,
            width: 7,
            height: 5,
        },
        Rect {
            x: 3,
            y: 0,
            width: 20,
            height: 30,
        },
        Rect {
            x: 10,
            y: 11,
            width: 1,
            height: 1,
        },
    ];

    #[test]
    fn windows_are_cut_with_zeros_around() {
        let map = map();
        for (window, margin) in WINDOWS.into_iter().flat_map(|w| [(w, 0), (w, 1), (w, 2)]) {
            let (width, height) = (window.width + 2 * margin, window.height + 2 * margin);
            let mut out = vec![9; width * height * PIXEL];
            // SAFETY: only this thread uses the map.
            unsafe { map.cut(window, margin, &mut out) };
            for (at, found) in out.into_iter().enumerate() {
                let pixel = at / PIXEL;
                let x = (window.x + pixel % width).checked_sub(margin);
                let y = (window.y + pixel / width).checked_sub(margin);
                let inside = x.zip(y).filter(|(x, y)| *x < SIZE.0 && *y < SIZE.1);
                let wanted = inside.map_or(0, |(x, y)| value(x, y, at % PIXEL));
                assert_eq!(found, wanted, "{window:?} {margin} {x:?} {y:?}");
            }
        }
    }

    #[test]
    fn what_is_pasted_is_there_and_nothing_else_changes() {
        for window in WINDOWS {
            let map = map();
            let marks = vec![0; window.width * window.height * PIXEL];
            // SAFETY: only this thread uses the map.
            unsafe { map.paste(window, &marks) };
            // SAFETY: as above.
            let rows = unsafe { map.rows(1, SIZE.1) };
            for (at, found) in rows.iter().enumerate() {
                let (x, y) = (at / PIXEL % SIZE.0, at / PIXEL / SIZE.0);
                let inside = (window.x..window.x + window.width).contains(&x)
                    && (window.y..window.y + window.height).contains(&y);
                let wanted = if inside { 0 } else { value(x, y, at % PIXEL) };
                assert_eq!(*found, wanted, "{window:?} {x} {y}");
            }
        }
    }

    #[test]
    fn zeros_are_where_rows_begin_or_end() {
        let map = map();
        // SAFETY: only this thread uses the map.
        unsafe {
            map.rows_mut(0, 1).fill(1);
            map.rows_mut(31, 1).fill(1);
            map.frame((4, 20));
            assert_eq!((map.rows(0, 1)[3], map.rows(31, 1)[3]), (1, 1));
            map.frame((0, 10));
            assert_eq!((map.rows(0, 1)[3], map.rows(31, 1)[3]), (0, 1));
            map.frame((10, 20));
            assert_eq!((map.rows(0, 1)[3], map.rows(31, 1)[3]), (0, 0));
        }
        let small = Arc::new(Buffer::new(64));
        assert!(Map::new(small, SIZE, PIXEL).is_err());
    }

    #[test]
    #[should_panic(expected = "of a map of")]
    fn a_window_beyond_the_map_is_refused() {
        let mut out = [0; 7 * 5 * PIXEL];
        // SAFETY: only this thread uses the map.
        unsafe { map().cut(rect(44, 0, 7, 5), 0, &mut out) };
    }
}
