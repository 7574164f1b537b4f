//! Reads only the header of a JPEG, up to the first scan: size, sampling, tables, colours, field,
//! encoder.
//!
//! No entropy decoding, no libjpeg, no allocation except for the components and a camera's name. It
//! takes microseconds, so that it can be called for every frame of a stream. `read` reads whole
//! files. Called by the elements; `by_header` uses the header of a decoded frame.

use crate::contract::QuantSteps;
use crate::error::{Error, Result};
use crate::frame::PixelModel;
use crate::jpeg::file::origin::Family;
use crate::jpeg::grid::tables;
use crate::jpeg::segments::splitter::Field;

pub use crate::jpeg::segments::header_segments::{QuantTables, parse, parse_next};

/// One component, with the file's own numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderComponent {
    /// Identifier in the frame header.
    pub id: u8,
    /// Sampling factors, horizontal and vertical, 1..=4.
    pub sampling: (usize, usize),
    /// Quantisation steps in natural order, 1..=65535.
    pub steps: QuantSteps,
}

/// What the header of a JPEG says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels; of one field if `field` is set.
    pub height: usize,
    /// What the components mean.
    pub model: PixelModel,
    /// Progressive rather than sequential.
    pub progressive: bool,
    /// One component for grey, otherwise three.
    pub components: Vec<HeaderComponent>,
    /// Which field this JPEG is, if two of them make a frame.
    pub field: Option<Field>,
    /// The family of encoders that tables and markers point to.
    pub family: Family,
}

impl Header {
    /// Reads the header of a JPEG, from SOI to the first SOS, and nothing after that.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn read(bytes: &[u8]) -> Result<Self> {
        parse(bytes)
    }

    /// Checks a header from another source for everything that [`parse`] refuses.
    ///
    /// # Errors
    /// [`Error::Input`] for a size or step of 0; [`Error::Unsupported`] for a number of
    /// components that does not fit the model, and for fractional sampling.
    #[doc(hidden)]
    pub fn validate(&self) -> Result<()> {
        if self.width == 0 || self.height == 0 {
            return Err(Error::Input(format!(
                "a JPEG of {} x {} pixels: sides are 1..65535",
                self.width, self.height
            )));
        }
        let expected = if self.model == PixelModel::Grey { 1 } else { 3 };
        if self.components.len() != expected {
            return Err(Error::Unsupported(format!(
                "{} components: only 1 (grey) or 3 are restored",
                self.components.len()
            )));
        }
        self.components.iter().try_for_each(|c| self.check(c))
    }

    fn check(&self, component: &HeaderComponent) -> Result<()> {
        let id = component.id;
        let ((h, v), (max_h, max_v)) = (component.sampling, self.max_sampling());
        let whole =
            (1..=4).contains(&h) && (1..=4).contains(&v) && max_h % h == 0 && max_v % v == 0;
        if !whole {
            return Err(Error::Unsupported(format!(
                "component {id} is sampled {h}x{v} against {max_h}x{max_v}: factors are 1..4 \
                 and divide the largest"
            )));
        }
        match component.steps.iter().position(|&step| step == 0) {
            Some(at) => Err(Error::Input(format!(
                "quantisation step {at} of component {id} is 0: steps are 1..65535"
            ))),
            None => Ok(()),
        }
    }

    /// The largest sampling factors of any component.
    fn max_sampling(&self) -> (usize, usize) {
        let most = |pick: fn(&HeaderComponent) -> usize| self.components.iter().map(pick).max();
        (
            most(|c| c.sampling.0).unwrap_or(1),
            most(|c| c.sampling.1).unwrap_or(1),
        )
    }

    /// Picture pixels per sample of component `c`, horizontally and vertically; (1, 1) if there is
    /// no such component.
    pub fn factors(&self, c: usize) -> (usize, usize) {
        let (max_h, max_v) = self.max_sampling();
        let of = |c: &HeaderComponent| (max_h / c.sampling.0.max(1), max_v / c.sampling.1.max(1));
        self.components.get(c).map_or((1, 1), of)
    }

    /// libjpeg's quality, if the tables are exactly libjpeg's for one quality.
    pub fn ijg_quality(&self) -> Option<u8> {
        let (luma, rest) = self.components.split_first()?;
        let quality = tables::exact_quality(&tables::BASE_LUMA, &luma.steps)?;
        // No two qualities share a luma table.
        rest.iter()
            .all(|c| tables::is_ijg(&tables::BASE_CHROMA, quality, &c.steps))
            .then_some(quality)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey() -> Header {
        Header {
            width: 16,
            height: 8,
            model: PixelModel::Grey,
            progressive: false,
            components: vec![HeaderComponent {
                id: 1,
                sampling: (1, 1),
                steps: tables::ijg(&tables::BASE_LUMA, 40),
            }],
            field: None,
            family: Family::Libjpeg,
        }
    }

    #[test]
    fn a_quality_is_named_only_when_the_tables_are_exactly_its_own() {
        let mut header = grey();
        assert_eq!(header.ijg_quality(), Some(40));
        header.components[0].steps[63] += 1;
        assert_eq!(header.ijg_quality(), None);
    }

    #[test]
    fn what_no_file_says_is_refused() {
        let broken: [fn(&mut Header); 5] = [
            |h| h.width = 0,
            |h| h.components.clear(),
            |h| h.model = PixelModel::YCbCr,
            |h| h.components[0].sampling = (0, 1),
            |h| h.components[0].steps[9] = 0,
        ];
        assert!(grey().validate().is_ok());
        for (case, breaks) in broken.into_iter().enumerate() {
            let mut header = grey();
            breaks(&mut header);
            assert!(header.validate().is_err(), "case {case}");
        }
    }
}
