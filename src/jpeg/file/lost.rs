//! Finds the parts of a picture for which no data of the encoder arrived.
//!
//! Those MCUs are shown as libjpeg shows them and not restored. Called by `read`.

use crate::frame::{PixelModel, Rect};
use crate::jpeg::file::Component;
use crate::jpeg::file::ffi::Info;
use crate::jpeg::file::partial::Partial;

/// Runs of MCUs, in pixels, in which nothing is known of an essential component: the first one; for
/// RGB, any.
pub(crate) fn parts(known: &[Partial], info: &Info, model: PixelModel) -> Vec<Rect> {
    let needed = match model {
        PixelModel::Rgb => known.len().min(3),
        _ => 1,
    };
    let mcu = (8 * info.max_h as usize, 8 * info.max_v as usize);
    let size = (info.width as usize, info.height as usize);
    let columns = size.0.div_ceil(mcu.0);
    let mut found: Vec<Rect> = Vec::new();
    for row in 0..info.mcu_rows as usize {
        for column in 0..columns {
            let is_lost = |c: usize| lacks(&known[c], (column, row), c, info);
            if (0..needed).any(is_lost) {
                add(&mut found, (column, row), mcu, size);
            }
        }
    }
    found
}

/// The same for a component that is a picture of its own, of `size` samples: runs of blocks.
pub(crate) fn blocks(known: &Partial, component: &Component, size: (usize, usize)) -> Vec<Rect> {
    let mut found = Vec::new();
    for at in 0..component.blocks_wide * component.blocks_high {
        let place = (at % component.blocks_wide, at / component.blocks_wide);
        if !known.is_known(at) {
            add(&mut found, place, (8, 8), size);
        }
    }
    found
}

/// Whether any block of component `c` in an MCU is unknown.
fn lacks(known: &Partial, (column, row): (usize, usize), c: usize, info: &Info) -> bool {
    let (h, v) = (info.h[c] as usize, info.v[c] as usize);
    let (wide, high) = (info.blocks_wide[c] as usize, info.blocks_high[c] as usize);
    let rows = v * row..(v * (row + 1)).min(high);
    let columns = || h * column..(h * (column + 1)).min(wide);
    rows.flat_map(|y| columns().map(move |x| y * wide + x))
        .any(|at| !known.is_known(at))
}

/// Adds an MCU to the run that it continues, or starts a new run.
fn add(
    found: &mut Vec<Rect>,
    (column, row): (usize, usize),
    (wide, high): (usize, usize),
    size: (usize, usize),
) {
    let (x, y) = (column * wide, row * high);
    let right = (x + wide).min(size.0);
    match found.last_mut() {
        Some(last) if last.y == y && last.x + last.width == x => last.width = right - last.x,
        _ => found.push(Rect {
            x,
            y,
            width: right - x,
            height: (y + high).min(size.1) - y,
        }),
    }
}
