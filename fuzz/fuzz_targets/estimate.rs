//! Pictures of any samples, asked for the table, the grid and the chroma of the JPEG that they
//! may have been.

#![no_main]

use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg::recover::estimate::{self, BLUR, Estimate};
use ddrmjpeg::jpeg::recover::{self, decoded};
use ddrmjpeg_fuzz::{all_finite, chroma, claimed, frames};

fn sound(estimate: &Estimate) {
    assert!(estimate.steps.iter().all(|&step| step > 0));
    assert!(estimate.offset.0 < 8 && estimate.offset.1 < 8);
    assert!(estimate.confidence.is_finite());
    assert!(estimate.step_confidence.iter().all(|nats| nats.is_finite()));
}

/// One question at a time: each takes many times what other targets take.
fn ask(frame: &Planar8, spice: u8) {
    let luma = recover::luma(frame).expect("the planes are of the right sizes");
    match (spice % 4, chroma(frame)) {
        (0, _) => {
            let decoded = decoded::observe(frame).expect("the planes are of the right sizes");
            if let Some(mut decoded) = decoded {
                sound(&decoded.luma);
                decoded.observation.draw();
                all_finite(&decoded.observation.decode());
            }
        }
        (1, Some(planes)) => {
            let offset = (usize::from(spice >> 2) % 8, usize::from(spice >> 5));
            estimate::chroma(planes, offset, BLUR)
                .iter()
                .for_each(sound);
        }
        _ => {
            let offsets = estimate::likely_offsets(&luma);
            assert!(offsets.iter().all(|&(x, y)| x < 8 && y < 8));
            estimate::luma(&luma).iter().for_each(sound);
        }
    }
}

libfuzzer_sys::fuzz_target!(init: ddrmjpeg_fuzz::write_seeds(frames), |bytes: &[u8]| {
    if let Some(claimed) = claimed(bytes) {
        ask(&claimed.frame, claimed.spice);
    }
});
