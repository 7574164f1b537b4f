//! Where the results of a batch are wanted, and as what.

use std::path::Path;

use crate::io::format::Format;

/// What the command line says about outputs.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// The file, the folder, or `-`.
    pub path: &'a Path,
    /// Whether tables of JPEG were asked for.
    pub tables: bool,
    /// Whether a quality was asked for.
    pub quality: bool,
    /// The format that was named.
    pub format: Option<Format>,
    /// Outputs that exist are kept, and their inputs are skipped.
    pub resume: bool,
    /// Outputs that exist may be written again.
    pub overwrite: bool,
}

impl Output<'_> {
    /// What was asked for and `format` does not have, as a sentence.
    pub(super) fn misfit(&self, format: Format) -> Option<&'static str> {
        if self.tables && format != Format::Jpeg {
            return Some("--tables is for JPEG");
        }
        let misfits = self.quality && !format.is_lossy();
        misfits.then_some("--out-quality is for JPEG and AVIF")
    }
}
