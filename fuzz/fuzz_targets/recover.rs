//! Frames of any samples, brought back to levels by tables that are claimed of them.

#![no_main]

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg::Observation;
use ddrmjpeg::jpeg::file::origin::Family;
use ddrmjpeg::jpeg::grid::tables;
use ddrmjpeg::jpeg::recover::{self, by_header};
use ddrmjpeg::jpeg::segments::header::{Header, HeaderComponent};
use ddrmjpeg_fuzz::{Claimed, all_finite, claimed, frames};

/// libjpeg's tables, one step of them changed.
fn steps(claimed: &Claimed) -> [[u16; 64]; 2] {
    let (mut luma, chroma) = tables::ijg_pair(claimed.quality);
    let place = usize::from(claimed.spice) % 64;
    luma[place] = luma[place]
        .wrapping_mul(u16::from(claimed.spice) + 1)
        .max(1);
    [luma, chroma]
}

/// A header that fits the frame, or nearly.
fn header(frame: &Planar8, spice: u8, [luma, chroma]: [[u16; 64]; 2]) -> Header {
    let planes = frame.planes.len();
    let component = |c: usize| HeaderComponent {
        id: c as u8 + 1,
        sampling: if c == 0 { frame.subsampling } else { (1, 1) },
        steps: if c == 0 { luma } else { chroma },
    };
    Header {
        width: frame.width(),
        height: frame.height() + usize::from(spice == 255),
        model: match spice % 4 {
            0 => frame.model,
            1 => PixelModel::Rgb,
            2 => PixelModel::Grey,
            _ => PixelModel::YCbCr,
        },
        progressive: false,
        components: (0..planes).map(component).collect(),
        field: None,
        family: Family::Unknown,
    }
}

fn draw(mut seen: Observation) {
    seen.draw();
    all_finite(&seen.decode());
}

libfuzzer_sys::fuzz_target!(init: ddrmjpeg_fuzz::write_seeds(frames), |bytes: &[u8]| {
    let Some(claimed) = claimed(bytes) else {
        return;
    };
    let (frame, steps) = (&claimed.frame, steps(&claimed));
    draw(recover::from_frame(frame, &steps[0], &steps[1]).expect("the planes fit"));
    // A multiple of every subsampling.
    let margin = usize::from(claimed.spice & 14);
    let margined = frame.with_margin((margin, margin));
    let seen = recover::from_margined(&margined, (margin, margin), &steps[0], &steps[1]);
    draw(seen.expect("the planes fit"));
    if let Ok(Ok(seen)) = by_header::from_header(frame, &header(frame, claimed.spice, steps)) {
        draw(seen);
    }
});
