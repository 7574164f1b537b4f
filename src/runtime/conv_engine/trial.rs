//! A picture and a case with which an engine is tried out, and the trial of its parts.

use crate::contract::ONE_CALL_SIGMA;
use crate::error::Result;
use crate::frame::{Picture, Rect};
use crate::runtime::conv_engine::ends::Seen;
use crate::runtime::conv_engine::engine::Engine;
use crate::runtime::conv_engine::map::Map;
use crate::runtime::conv_engine::pass::Pass;
use crate::runtime::conv_engine::region::Plan;
use crate::runtime::conv_net::conditioning;
use crate::runtime::conv_net::edm::Case;

/// A case with all inputs set.
pub(crate) fn case(sigma: f64) -> Case {
    let mut tables = [0.5; conditioning::LENGTH];
    tables[0] = 1.0;
    Case { sigma, tables }
}

/// A square picture with energy at every frequency, and no randomness.
pub(crate) fn picture(side: usize, seed: usize) -> Picture {
    let mut picture = Picture::new(3, side, side);
    for (i, sample) in picture.data.iter_mut().enumerate() {
        let hash = (i + seed * 7919).wrapping_mul(0x9e37_79b9) % 1000;
        *sample = hash as f32 / 1000.0 - 0.5 + 0.5 * (i as f32 / 300.0).sin();
    }
    picture
}

/// The decoded picture alone.
fn seen(y: &Picture) -> Seen<'_> {
    Seen {
        x: None,
        y: Some(y),
    }
}

/// Sides of the picture and of the changes that `parts_agree` tests.
const TRIAL_SIDE: usize = 96;

/// Whether `engine` gives the same bits for windows as for a whole map, tested with a change in the
/// middle, at two borders, and in a corner.
///
/// # Errors
/// [`Error::Backend`].
pub(crate) fn parts_agree(engine: &Engine) -> Result<bool> {
    let case = case(ONE_CALL_SIGMA);
    let (run, weights) = (engine.run(&case, false)?, engine.weights(&case));
    let size = (TRIAL_SIDE, TRIAL_SIDE);
    let mut y = picture(TRIAL_SIDE, 1);
    let other = picture(TRIAL_SIDE, 2);
    let mut out = Picture::new(3, TRIAL_SIDE, TRIAL_SIDE);
    let (kept, anew) = (engine.maps_to_keep(size)?, engine.maps_to_keep(size)?);
    Pass::new(&run, &kept, seen(&y), weights, &mut out)?.whole()?;
    for (x, top) in [(48, 48), (0, 32), (48, 80), (80, 0)] {
        let rect = Rect {
            x,
            y: top,
            width: 16,
            height: 16,
        };
        y.paste(&other, rect, x, top);
        let changed = engine.entry().in_map(rect);
        let map_size = engine.entry().map_size(size);
        let plan = Plan::in_windows(engine.links(), map_size, vec![changed]);
        let pass = Pass::new(&run, &kept, seen(&y), weights, &mut out)?;
        pass.parts(&plan, vec![changed], Vec::new())?;
        Pass::new(&run, &anew, seen(&y), weights, &mut out)?.whole()?;
        let last = |maps: &[Map]| {
            let map = maps.last()?;
            // SAFETY: nothing computes any more.
            Some(unsafe { map.rows(0, map.height + 2) }.to_vec())
        };
        if last(&kept) != last(&anew) {
            return Ok(false);
        }
    }
    Ok(true)
}
