//! A block of EXIF after its picture has been turned. It is changed in place, so that camera
//! makers' data at fixed offsets stay there; kamadak-exif and little_exif write a new block, which
//! loses that.

use image::metadata::Orientation;

const EXIF_DIRECTORY: u16 = 0x8769;
const PIXEL_X_DIMENSION: u16 = 0xA002;
const PIXEL_Y_DIMENSION: u16 = 0xA003;

/// How to turn the picture upright; not at all if there is no orientation.
pub fn orientation(exif: &[u8]) -> Orientation {
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

/// Whether `orientation` exchanges width and height.
pub fn transposes(orientation: Orientation) -> bool {
    orientation.to_exif() >= 5
}

/// Marks the picture as upright after it was turned by `done`: width and height are exchanged if
/// its sides were, and the thumbnail, which was not turned, is dropped.
pub fn set_upright(exif: &mut [u8], done: Orientation) {
    // `None` if the tag is missing or broken: readers then show the picture as stored.
    let _was = Orientation::remove_from_exif_chunk(exif);
    let Some(mut block) = Block::new(exif) else {
        return;
    };
    let Some(first) = block.u32_at(4) else {
        return;
    };
    if transposes(done) {
        block.exchange_sizes(first);
    }
    block.end_after(first);
}

/// The TIFF structure of a block.
struct Block<'a> {
    bytes: &'a mut [u8],
    little: bool,
}

impl<'a> Block<'a> {
    fn new(bytes: &'a mut [u8]) -> Option<Self> {
        let little = match bytes.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        Some(Self { bytes, little })
    }

    fn u16_at(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(match self.little {
            true => u16::from_le_bytes(bytes),
            false => u16::from_be_bytes(bytes),
        })
    }

    fn u32_at(&self, at: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self.little {
            true => u32::from_le_bytes(bytes),
            false => u32::from_be_bytes(bytes),
        } as usize)
    }

    /// The offset of the entry of `tag` in the directory at `directory`.
    fn entry(&self, directory: usize, tag: u16) -> Option<usize> {
        let count = usize::from(self.u16_at(directory)?);
        let mut entries = (0..count).map(|n| directory + 2 + 12 * n);
        entries.find(|&at| self.u16_at(at) == Some(tag))
    }

    /// Width and height of the picture, each with its type and count.
    fn exchange_sizes(&mut self, first: usize) {
        let inner = self.entry(first, EXIF_DIRECTORY);
        let Some(directory) = inner.and_then(|at| self.u32_at(at + 8)) else {
            return;
        };
        let places = [PIXEL_X_DIMENSION, PIXEL_Y_DIMENSION].map(|tag| self.entry(directory, tag));
        if let [Some(x), Some(y)] = places
            && x.max(y) + 12 <= self.bytes.len()
        {
            (2..12).for_each(|n| self.bytes.swap(x + n, y + n));
        }
    }

    /// Makes the directory at `directory` the last one: the next would be the thumbnail's.
    fn end_after(&mut self, directory: usize) {
        let Some(count) = self.u16_at(directory) else {
            return;
        };
        let at = directory + 2 + 12 * usize::from(count);
        if let Some(next) = self.bytes.get_mut(at..at + 4) {
            next.fill(0);
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Orientation 6, 400 x 300, and a thumbnail's directory with nothing in it.
    pub fn block() -> Vec<u8> {
        let entry = |tag: u16, kind: u16, value: [u8; 4]| {
            [
                &tag.to_be_bytes()[..],
                &kind.to_be_bytes(),
                &[0, 0, 0, 1],
                &value,
            ]
            .concat()
        };
        [
            b"MM\0*\0\0\0\x08\0\x02".to_vec(),
            entry(0x0112, 3, [0, 6, 0, 0]),
            entry(EXIF_DIRECTORY, 4, [0, 0, 0, 38]),
            vec![0, 0, 0, 68],
            vec![0, 2],
            entry(PIXEL_X_DIMENSION, 4, [0, 0, 1, 0x90]),
            entry(PIXEL_Y_DIMENSION, 3, [1, 0x2C, 0, 0]),
            vec![0; 4],
            vec![0; 6],
        ]
        .concat()
    }

    #[test]
    fn a_turned_picture_has_its_sizes_exchanged_and_no_thumbnail() {
        let mut exif = block();
        assert_eq!(orientation(&exif), Orientation::Rotate90);
        set_upright(&mut exif, Orientation::Rotate90);
        assert_eq!(orientation(&exif), Orientation::NoTransforms);
        let block = Block::new(&mut exif).unwrap();
        let (x, y) = (
            block.entry(38, PIXEL_X_DIMENSION),
            block.entry(38, PIXEL_Y_DIMENSION),
        );
        assert_eq!(block.u16_at(x.unwrap() + 8), Some(300));
        assert_eq!(block.u32_at(y.unwrap() + 8), Some(400));
        assert_eq!(block.u32_at(34), Some(0));
    }

    #[test]
    fn a_block_that_leads_nowhere_is_survived() {
        let whole = block();
        for cut in 0..whole.len() {
            set_upright(&mut whole[..cut].to_vec(), Orientation::Rotate90);
        }
        for at in 0..whole.len() {
            let mut wild = whole.clone();
            wild[at] = 0xFF;
            set_upright(&mut wild, Orientation::Rotate90);
        }
    }
}
