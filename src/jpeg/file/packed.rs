//! [`PackedFile`]: a JPEG file whose levels are kept packed, for pictures that are too large for
//! two bytes a level.
//!
//! Filled by libjpeg as any other, but for the arrays of blocks (`packed.c`). Parts of it are
//! ordinary files. Called by `source::strips`.

use crate::contract::QuantSteps;
use crate::error::{Error, Result};
use crate::frame::{PixelModel, Rect};
use crate::jpeg::file::ffi;
use crate::jpeg::file::origin::Markers;
use crate::jpeg::file::partial::Partial;
use crate::jpeg::file::read;
use crate::jpeg::file::read::{Keep, Reader};
use crate::jpeg::file::second;
use crate::jpeg::file::{Component, Damage, JpegFile, Levels, Metadata};
use crate::jpeg::grid::tables;
use crate::options::Limits;
use crate::runtime::threads::crew;

/// A JPEG file that was read to be restored in strips: its levels take a half to one and a half
/// bytes a pixel, where those of a [`JpegFile`] take three or six.
#[derive(Debug)]
pub struct PackedFile {
    /// All but the levels.
    outline: JpegFile,
    /// Of each component the coefficients whose levels say nothing.
    open: Vec<Vec<usize>>,
    reader: Reader,
}

// SAFETY: the reader is closed. From then on its blocks are only read, and nothing in it belongs to
// a thread.
unsafe impl Send for PackedFile {}
// SAFETY: as above.
unsafe impl Sync for PackedFile {}

impl PackedFile {
    /// Reads the bytes of a file, which are not needed afterwards.
    ///
    /// # Errors
    /// As [`JpegFile::read`]; [`Error::Unsupported`] for four components.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let bytes = read::amended(bytes, limits)?;
        let read = |bytes: &[u8]| Self::as_it_is(bytes, limits);
        second::best(&bytes, read, |file| &mut file.outline)
    }

    fn as_it_is(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let (reader, info) = read::begin_as(Keep::Packed, bytes, limits)?;
        let model = read::pixel_model(&info)?;
        if info.components > 3 {
            return Err(Error::Unsupported(
                "a JPEG of four inks is not restored in strips".into(),
            ));
        }
        reader.decode()?;
        let components = (0..info.components as usize).map(|c| reader.outline(c, &info));
        let (components, open) = components.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let outline = JpegFile {
            width: info.width as usize,
            height: info.height as usize,
            model,
            progressive: info.progressive != 0,
            components,
            ink: None,
            damage: reader.damage(&info, model),
            markers: Markers::of(bytes),
            metadata: reader.metadata(),
        };
        // SAFETY: the handle is live and has decoded its coefficients.
        if unsafe { ffi::dj_reader_close(reader.0) } == 0 {
            return Err(Error::Backend(format!("libjpeg: {}", reader.message())));
        }
        let mut file = Self {
            outline,
            open,
            reader,
        };
        file.show_damage(bytes, limits)?;
        Ok(file)
    }

    /// Adds to the damage how libjpeg shows the file.
    fn show_damage(&mut self, bytes: &[u8], limits: &Limits) -> Result<()> {
        let Some(mut damage) = self.outline.damage.take() else {
            return Ok(());
        };
        if !damage.is_empty() {
            read::show(&mut damage, Keep::Packed, bytes, limits)?;
            for (c, known) in damage.known.iter_mut().enumerate() {
                let component = &self.outline.components[c];
                let rows = 0..component.blocks_high;
                let levels = rows.flat_map(|row| self.row(c, row, (0, component.blocks_wide)));
                known.saturate(component, levels);
            }
        }
        self.outline.damage = Some(damage);
        Ok(())
    }

    /// The file without its levels: each component has none.
    pub fn outline(&self) -> &JpegFile {
        &self.outline
    }

    /// The metadata, to be taken away.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.outline.metadata
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.outline.width, self.outline.height)
    }

    /// Whether it is grey.
    pub fn is_grey(&self) -> bool {
        self.outline.model == PixelModel::Grey
    }

    /// Bytes that the packed levels take.
    pub fn packed_bytes(&self) -> u64 {
        // SAFETY: the handle is live.
        unsafe { ffi::dj_reader_packed_bytes(self.reader.0) }
    }

    /// Width and height in pixels of an MCU.
    pub(crate) fn mcu(&self) -> (usize, usize) {
        let (h, v) = self.outline.max_sampling();
        (8 * h, 8 * v)
    }

    /// Effective steps of a component: [`Partial::coarser`] where it is not known completely.
    pub(crate) fn coarser_steps(&self, c: usize) -> QuantSteps {
        let steps = &self.outline.components[c].steps;
        match self.known(c) {
            Some(known) => known.coarser(steps),
            None => *steps,
        }
    }

    /// Whether any block of a component is known.
    pub(crate) fn is_measured(&self, c: usize) -> bool {
        let known = |known: &Partial| (0..known.blocks.len()).any(|at| known.is_known(at));
        self.known(c).is_none_or(known)
    }

    /// Whether nothing is known of any part.
    pub(crate) fn is_lost(&self) -> bool {
        let lost = self.outline.damage.iter().flat_map(|damage| &damage.lost);
        let pixels: usize = lost.map(|part| part.width * part.height).sum();
        pixels == self.outline.width * self.outline.height
    }

    /// `window` and an MCU on each side that is not the picture's end: how a picture is decoded at
    /// an edge depends on what lies beyond.
    pub(crate) fn around(&self, window: Rect) -> Rect {
        let mcu = self.mcu();
        let span = |from: usize, length: usize, mcu: usize, all: usize| {
            let first = from.saturating_sub(mcu);
            (
                first,
                (from + length + mcu).min(all.next_multiple_of(mcu)) - first,
            )
        };
        let (x, width) = span(window.x, window.width, mcu.0, self.outline.width);
        let (y, height) = span(window.y, window.height, mcu.1, self.outline.height);
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    /// Whether every level is as the encoder wrote it.
    pub(crate) fn is_whole(&self) -> bool {
        let damage = self.outline.damage.as_ref();
        damage.is_none_or(Damage::is_empty)
    }

    fn known(&self, c: usize) -> Option<&Partial> {
        self.outline.damage.as_ref()?.known.get(c)
    }

    /// The part inside `rect`, whose corner lies on a multiple of the MCU, and whose other corner
    /// does too or lies at or beyond the end of the picture.
    pub(crate) fn part(&self, rect: Rect) -> JpegFile {
        let whole = &self.outline;
        let (width, height) = (
            rect.width.min(whole.width - rect.x),
            rect.height.min(whole.height - rect.y),
        );
        let components = 0..whole.components.len();
        let places = components.map(|c| self.blocks_of(c, rect, (width, height)));
        let places: Vec<Rect> = places.collect();
        let parts = places.iter().enumerate();
        let damage = whole.damage.as_ref().filter(|damage| !damage.is_empty());
        JpegFile {
            width,
            height,
            model: whole.model,
            progressive: whole.progressive,
            components: parts.map(|(c, &place)| self.part_of(c, place)).collect(),
            ink: None,
            damage: damage.map(|damage| Damage {
                message: damage.message.clone(),
                lost: rect.parts_of(&damage.lost),
                known: self.known_in(damage, &places),
            }),
            metadata: Metadata::default(),
            markers: whole.markers.clone(),
        }
    }

    /// The blocks of component `c` in a part of the picture of which `size` is visible.
    fn blocks_of(&self, c: usize, rect: Rect, size: (usize, usize)) -> Rect {
        let (mcu, (h, v)) = (self.mcu(), self.outline.components[c].sampling);
        Rect {
            x: rect.x * h / mcu.0,
            y: rect.y * v / mcu.1,
            width: (size.0 * h).div_ceil(mcu.0),
            height: (size.1 * v).div_ceil(mcu.1),
        }
    }

    /// How far the components are known at these places.
    fn known_in(&self, damage: &Damage, places: &[Rect]) -> Vec<Partial> {
        let components = damage.known.iter().zip(&self.outline.components);
        let parts = components.zip(places).map(|((known, component), place)| {
            let (corner, size) = ((place.x, place.y), (place.width, place.height));
            known.part(component.blocks_wide, corner, size)
        });
        parts.collect()
    }

    fn part_of(&self, c: usize, place: Rect) -> Component {
        let mut levels = vec![[0; 64]; place.width * place.height];
        let rows = levels.chunks_exact_mut(place.width.max(1));
        crew::each(rows, |y, row| self.unpack(c, place.y + y, place.x, row));
        Component {
            blocks_wide: place.width,
            blocks_high: place.height,
            levels,
            ..self.outline.components[c].clone()
        }
    }

    /// So many blocks of a row of component `c`, from one of them.
    fn row(&self, c: usize, row: usize, (first, count): (usize, usize)) -> Vec<Levels> {
        let mut levels = vec![[0; 64]; count];
        self.unpack(c, row, first, &mut levels);
        levels
    }

    fn unpack(&self, c: usize, row: usize, first: usize, levels: &mut [Levels]) {
        let component = &self.outline.components[c];
        let inside = row < component.blocks_high && first + levels.len() <= component.blocks_wide;
        assert!(inside, "parts are cut by the component's own size");
        // SAFETY: the reader is closed, the blocks exist, and `levels` has room for them.
        unsafe {
            ffi::dj_reader_blocks(
                self.reader.0,
                c as i32,
                row as u32,
                first as u32,
                levels.len() as u32,
                levels.as_mut_ptr().cast(),
            );
        }
        tables::clear(levels, &self.open[c]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Planar8;
    use crate::jpeg;
    use crate::jpeg::file::write::{Quantiser, encode_by};

    const SIZE: (usize, usize) = (150, 85);

    /// Some blocks with large levels, some with none.
    fn scene() -> Planar8 {
        let mut out = Planar8::new(PixelModel::Rgb, SIZE.0, SIZE.1, (1, 1));
        for (c, plane) in out.planes.iter_mut().enumerate() {
            for (i, value) in plane.data.iter_mut().enumerate() {
                let (x, y) = (i % SIZE.0, i / SIZE.0);
                *value = match x / 50 {
                    0 => 255 * ((x / 2 + y / (3 + c)) % 2) as u8,
                    1 => ((i * 2_654_435_761) >> 9) as u8,
                    _ => 90,
                };
            }
        }
        out
    }

    fn files() -> impl Iterator<Item = Vec<u8>> {
        let samplings = [(1, 1), (2, 1), (2, 2), (1, 2)];
        let both = samplings.into_iter().flat_map(|sampling| {
            [
                (sampling, Quantiser::Nearest),
                (sampling, Quantiser::Trellis),
            ]
        });
        both.map(|(sampling, quantiser)| {
            let (luma, chroma) = tables::ijg_pair(95);
            encode_by(&scene(), &[luma, chroma, chroma], sampling, quantiser).unwrap()
        })
    }

    fn both(bytes: &[u8]) -> (JpegFile, PackedFile) {
        let limits = Limits::default();
        let whole = jpeg::read(bytes, &limits).unwrap();
        (whole, PackedFile::read(bytes, &limits).unwrap())
    }

    fn all() -> Rect {
        Rect {
            x: 0,
            y: 0,
            width: SIZE.0,
            height: SIZE.1,
        }
    }

    #[test]
    fn what_is_packed_comes_back() {
        for bytes in files() {
            let (whole, packed) = both(&bytes);
            assert!(whole.components[0].levels.iter().any(|l| l[0].abs() > 130));
            assert_eq!(
                packed.part(all()),
                JpegFile {
                    metadata: Metadata::default(),
                    ..whole.clone()
                }
            );
            let plain: usize = whole.components.iter().map(|c| 128 * c.levels.len()).sum();
            assert!(2 * packed.packed_bytes() < plain as u64);
        }
    }

    /// A cut file too, with how far it is known and how it is shown.
    #[test]
    fn a_part_has_the_blocks_of_the_whole() {
        for bytes in files() {
            for length in [bytes.len(), bytes.len() * 2 / 3] {
                let (whole, packed) = both(&bytes[..length]);
                let mcu = packed.mcu();
                let place = Rect {
                    x: 2 * mcu.0,
                    y: mcu.1,
                    width: SIZE.0 - 2 * mcu.0,
                    height: 3 * mcu.1,
                };
                let part = packed.part(place);
                let (all, seen) = (jpeg::grid::from_file(&whole), jpeg::grid::from_file(&part));
                for (all, seen) in all.components.iter().zip(&seen.components) {
                    let corner = (place.x / (8 * all.factors.0), place.y / (8 * all.factors.1));
                    for at in 0..seen.levels.len() {
                        let (x, y) = (at % seen.blocks_wide, at / seen.blocks_wide);
                        let there = (corner.1 + y) * all.blocks_wide + corner.0 + x;
                        assert_eq!(seen.levels[at], all.levels[there]);
                    }
                    let cut = all.partial.as_ref().map(|partial| {
                        partial.part(
                            all.blocks_wide,
                            corner,
                            (seen.blocks_wide, seen.levels.len() / seen.blocks_wide),
                        )
                    });
                    assert_eq!(seen.partial, cut);
                }
                let lost = place.parts_of(&all.lost);
                assert_eq!(seen.lost, lost);
            }
        }
    }

    #[test]
    fn four_inks_and_limits_are_refused() {
        let bytes = files().next().unwrap();
        let limits = Limits {
            pixels: Some(SIZE.0 * SIZE.1 - 1),
            ..Limits::default()
        };
        let refused = PackedFile::read(&bytes, &limits);
        assert!(matches!(refused, Err(Error::Limits(_))));
        let text = PackedFile::read(b"no picture", &Limits::default());
        assert!(matches!(text, Err(Error::Input(_))));
    }
}
