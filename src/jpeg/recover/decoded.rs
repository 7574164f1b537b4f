//! Makes an [`Observation`] from a picture, RGB or grey, that once was a JPEG: grid, tables and
//! sampling are all found from the pixels.
//!
//! Luma decides: if its table cannot be found, there is no observation. Chroma is measured if one
//! of the usual samplings, with one of the usual upsamplings, shows a table; otherwise it is
//! unknown. Called by `source`.

use crate::error::Result;
use crate::frame::{Picture, PixelModel, Planar8, Plane8};
use crate::jpeg::grid::Observation;
use crate::jpeg::grid::component::Observed;
use crate::jpeg::grid::tables;
use crate::jpeg::grid::upsampled;
use crate::jpeg::grid::upsampled::Upsampling;
use crate::jpeg::recover;
use crate::jpeg::recover::Claim;
use crate::jpeg::recover::estimate;
use crate::jpeg::recover::estimate::Estimate;

/// Blur of chroma coefficients whose samples come from RGB: three roundings.
const CHROMA_BLUR: f32 = 0.45;
/// Factor on the blur for undoing the triangle filter along one axis.
const UNDOING: f32 = 1.4;
/// Samplings that are tried, the most common first.
const SAMPLINGS: [(usize, usize); 4] = [(2, 2), (2, 1), (1, 1), (1, 2)];

/// What was found from the pixels.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The observation of a picture that starts `margin` before the given one.
    pub observation: Observation,
    /// Columns and rows before the picture that complete the grid, 0..=15.
    pub margin: (usize, usize),
    /// The luma table.
    pub luma: Estimate,
    /// The chroma table and the sampling, if they can be found.
    pub chroma: Option<Chroma>,
}

/// What was found about chroma.
#[derive(Clone, Debug)]
pub struct Chroma {
    /// The table.
    pub estimate: Estimate,
    /// Luma samples per chroma sample.
    pub subsampling: (usize, usize),
    /// How the decoder upsampled it.
    pub upsampling: Upsampling,
    margin: (usize, usize),
    planes: [Picture; 2],
}

/// Observes `picture`, RGB or grey, as the JPEG that it was; `None` if there is no sign that it was
/// one.
///
/// # Errors
/// [`crate::Error::Input`] if the planes do not have the sizes of the model.
pub fn observe(picture: &Planar8) -> Result<Option<Decoded>> {
    let plane = recover::luma(picture)?;
    let Some(luma) = estimate::luma(&plane) else {
        return Ok(None);
    };
    let least = [luma.offset.0, luma.offset.1].map(|offset| (8 - offset) % 8);
    let chroma = match picture.model {
        PixelModel::Rgb => find_chroma(picture, (least[0], least[1])),
        _ => None,
    };
    let margin = chroma
        .as_ref()
        .map_or((least[0], least[1]), |chroma| chroma.margin);
    Ok(Some(Decoded {
        observation: build(&picture.with_margin(margin), margin, &luma, chroma.as_ref()),
        margin,
        luma,
        chroma,
    }))
}

fn build(
    picture: &Planar8,
    margin: (usize, usize),
    luma: &Estimate,
    chroma: Option<&Chroma>,
) -> Observation {
    let (width, height) = (picture.width(), picture.height());
    let padded = (width.next_multiple_of(16), height.next_multiple_of(16));
    let mut planes = recover::level_shifted(picture);
    // The decoder's luma was whole numbers.
    planes[0].data.iter_mut().for_each(|y| *y = y.round());
    let claim = Claim {
        steps: luma.steps,
        measured: true,
    };
    let mut components = vec![recover::component(
        &planes[0],
        (1, 1),
        padded,
        margin,
        &claim,
    )];
    for (c, plane) in planes.iter().enumerate().skip(1) {
        components.push(chroma_component(plane, c - 1, padded, margin, luma, chroma));
    }
    Observation {
        width,
        height,
        padded_width: padded.0,
        padded_height: padded.1,
        mcu_rows: 16,
        model: match picture.model {
            PixelModel::Grey => PixelModel::Grey,
            _ => PixelModel::YCbCr,
        },
        components,
        lost: Vec::new(),
    }
}

/// Chroma at its own sampling if that was found, otherwise at full size and not measured.
fn chroma_component(
    plane: &Picture,
    index: usize,
    padded: (usize, usize),
    margin: (usize, usize),
    luma: &Estimate,
    found: Option<&Chroma>,
) -> Observed {
    let Some(chroma) = found else {
        let nearest = tables::nearest_quality(&tables::BASE_LUMA, &luma.steps).quality;
        let steps = tables::ijg(&tables::BASE_CHROMA, nearest);
        let claim = Claim {
            steps,
            measured: false,
        };
        return recover::component(plane, (1, 1), padded, margin, &claim);
    };
    let (fx, fy) = chroma.subsampling;
    let margin = (margin.0.div_ceil(fx), margin.1.div_ceil(fy));
    let claim = Claim {
        steps: chroma.estimate.steps,
        measured: true,
    };
    recover::component(
        &chroma.planes[index],
        chroma.subsampling,
        padded,
        margin,
        &claim,
    )
}

/// The sampling, upsampling and phase whose planes show a chroma table with most confidence.
fn find_chroma(picture: &Planar8, least: (usize, usize)) -> Option<Chroma> {
    let mut best: Option<Chroma> = None;
    for subsampling in SAMPLINGS {
        for upsampling in [Upsampling::Smooth, Upsampling::Repeated] {
            if subsampling == (1, 1) && upsampling == Upsampling::Repeated {
                continue;
            }
            for margin in phases(least, subsampling) {
                let found = try_chroma(picture, subsampling, upsampling, margin);
                let confidence = |chroma: &Chroma| chroma.estimate.confidence;
                let better = |chroma: &Chroma| {
                    best.as_ref()
                        .is_none_or(|best| confidence(chroma) > confidence(best))
                };
                if let Some(found) = found.filter(better) {
                    best = Some(found);
                }
            }
        }
    }
    best
}

/// Margins that put luma on its grid, and chroma on each of the grids that are possible with it.
fn phases(least: (usize, usize), (fx, fy): (usize, usize)) -> Vec<(usize, usize)> {
    let steps = |factor: usize| (0..factor).map(|n| 8 * n);
    let all = steps(fy).flat_map(|dy| steps(fx).map(move |dx| (least.0 + dx, least.1 + dy)));
    all.collect()
}

fn try_chroma(
    picture: &Planar8,
    subsampling: (usize, usize),
    upsampling: Upsampling,
    margin: (usize, usize),
) -> Option<Chroma> {
    let grown = picture.with_margin(margin);
    let planes = recover::level_shifted(&grown);
    let [_, cb, cr] = planes.as_slice() else {
        return None;
    };
    let planes = [cb, cr].map(|plane| {
        let wide = plane.width.next_multiple_of(subsampling.0);
        let high = plane.height.next_multiple_of(subsampling.1);
        let mut small = upsampled::samples(&plane.pad_to(wide, high), subsampling, upsampling);
        small
            .data
            .iter_mut()
            .for_each(|sample| *sample = sample.round());
        small
    });
    let bytes = [0, 1].map(|c: usize| to_bytes(&planes[c], &grown, subsampling));
    let first = [(margin.0, subsampling.0), (margin.1, subsampling.1)]
        .map(|(margin, factor)| margin.div_ceil(factor).next_multiple_of(8));
    let planes_seen = [&bytes[0], &bytes[1]];
    let undone = match upsampling {
        Upsampling::Smooth => i32::from(subsampling.0 == 2) + i32::from(subsampling.1 == 2),
        Upsampling::Repeated => 0,
    };
    let blur = CHROMA_BLUR * UNDOING.powi(undone);
    let estimate = estimate::chroma(planes_seen, (first[0], first[1]), blur)?;
    Some(Chroma {
        estimate,
        subsampling,
        upsampling,
        margin,
        planes,
    })
}

/// Samples as bytes; 0 if a pixel of the sample is clipped, because it is then not the decoder's.
fn to_bytes(plane: &Picture, picture: &Planar8, (fx, fy): (usize, usize)) -> Plane8 {
    let mut out = Plane8::new(plane.width, plane.height);
    for (byte, sample) in out.data.iter_mut().zip(&plane.data) {
        *byte = (sample + 128.0).clamp(1.0, 254.0) as u8;
    }
    for channel in &picture.planes {
        for (i, _) in channel
            .data
            .iter()
            .enumerate()
            .filter(|(_, v)| matches!(v, 0 | 255))
        {
            let (x, y) = (i % channel.width / fx, i / channel.width / fy);
            out.data[y * plane.width + x] = 0;
        }
    }
    out
}
