//! A prior that sees windows of one size, on a larger picture: the borders of its windows do
//! not show.
//!
//! The picture is a flat gradient, where a step of half a level would be seen. The network is a
//! small ADM with random weights: its norms and attention answer to the whole of a window, so
//! neighbouring windows disagree about every pixel that they share.

#![cfg(feature = "torch")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ddrmjpeg::contract::{Control, Denoiser};
use ddrmjpeg::error::Error;
use ddrmjpeg::frame::{Picture, Rect};
use ddrmjpeg::model::adm::{AdmConfig, AdmUNet};
use ddrmjpeg::model::published::epsilon::{EpsilonDenoiser, EpsilonParts};
use ddrmjpeg::model::published::timesteps::Timesteps;
use ddrmjpeg::runtime::tensors::load::Loader;
use ddrmjpeg::runtime::tensors::shapes::{RandomWeights, shapes_of};
use ddrmjpeg::sampler::schedule;
use ddrmjpeg::solve::tiled::Tiled;
use ddrmjpeg::solve::tiling::windows;
use tch::{Device, Kind};

/// Side of the picture, and of the pictures that the network is made for.
const SIDE: usize = 512;
const WINDOW: usize = 64;
/// A level at which half of x is noise to the network.
const SIGMA: f64 = 0.5;
/// Borders may differ from other lines by this factor: the mean over a border has some 20,000
/// samples, but the network draws its own textures, which repeat with the windows.
const BOUND: f64 = 1.5;

fn denoiser() -> EpsilonDenoiser {
    let config = AdmConfig {
        image_size: WINDOW as i64,
        model_channels: 32,
        num_res_blocks: 1,
        attention_resolutions: vec![4],
        channel_mult: vec![1.0, 1.0, 2.0],
        num_head_channels: Some(16),
        use_scale_shift_norm: true,
        resblock_updown: true,
        ..AdmConfig::default()
    };
    let load = |loader: &mut Loader| AdmUNet::load(&config, loader);
    let weights = RandomWeights::new(shapes_of(load).unwrap(), 11);
    let network = load(&mut Loader::new(&weights, Device::Cpu, Kind::Float)).unwrap();
    EpsilonDenoiser::new(EpsilonParts {
        network: Box::new(network),
        guidance: None,
        class: None,
        timesteps: Timesteps::new(&schedule::published_alpha_bar()).unwrap(),
        device: Device::Cpu,
    })
    .unwrap()
}

/// Rises from left to right and from top to bottom, differently in each channel.
fn gradient() -> Picture {
    let mut out = Picture::new(3, SIDE, SIDE);
    for (c, plane) in out.data.chunks_exact_mut(SIDE * SIDE).enumerate() {
        for (i, value) in plane.iter_mut().enumerate() {
            let (x, y) = ((i % SIDE) as f32, (i / SIDE) as f32);
            *value = ((1.0 + c as f32) * x - y) / (2.0 * SIDE as f32) - 0.2;
        }
    }
    out
}

/// Mean absolute second difference across the border between columns `x` − 1 and `x`: on the
/// two columns that touch it.
fn roughness(picture: &Picture, x: usize) -> f64 {
    let rows = picture.data.chunks_exact(picture.width);
    let count = 2 * rows.len();
    let bend = |row: &[f32], i: usize| f64::from(row[i - 1] - 2.0 * row[i] + row[i + 1]).abs();
    let sum: f64 = rows.map(|row| bend(row, x - 1) + bend(row, x)).sum();
    sum / count as f64
}

/// Rows for columns.
fn transposed(picture: &Picture) -> Picture {
    let mut out = Picture::new(picture.channels, picture.height, picture.width);
    for c in 0..picture.channels {
        let (from, to) = (picture.plane(c), c * picture.plane_len());
        for (i, &value) in from.iter().enumerate() {
            let (x, y) = (i % picture.width, i / picture.width);
            out.data[to + x * picture.height + y] = value;
        }
    }
    out
}

/// The roughest border over the mean of the lines that are no border's, in both directions.
fn worst_border(picture: &Picture, borders: &[usize]) -> f64 {
    let ratio = |picture: &Picture| {
        let is_far = |x: &usize| borders.iter().all(|border| border.abs_diff(*x) > 1);
        let others: Vec<f64> = (2..picture.width - 2)
            .filter(is_far)
            .map(|x| roughness(picture, x))
            .collect();
        let usual = others.iter().sum::<f64>() / others.len() as f64;
        let worst = borders
            .iter()
            .map(|&x| roughness(picture, x))
            .fold(0.0, f64::max);
        worst / usual
    };
    ratio(picture).max(ratio(&transposed(picture)))
}

/// Windows laid edge to edge, as if they did not overlap.
fn butt_jointed(denoiser: &dyn Denoiser, x: &Picture) -> Picture {
    let mut out = x.clone();
    let whole = Rect {
        x: 0,
        y: 0,
        width: WINDOW,
        height: WINDOW,
    };
    for y in (0..SIDE).step_by(WINDOW) {
        for left in (0..SIDE).step_by(WINDOW) {
            let part = x.crop(Rect {
                x: left,
                y,
                ..whole
            });
            let part = denoiser.denoise(&part, SIGMA, None).unwrap();
            out.paste(&part, whole, left, y);
        }
    }
    out
}

/// Where windows begin or end, inside the picture.
fn borders() -> Vec<usize> {
    let axis = windows::cover(SIDE, WINDOW, WINDOW / 2);
    let starts = axis.spans.iter().map(|span| span.start);
    let mut lines: Vec<usize> = starts.flat_map(|start| [start, start + WINDOW]).collect();
    lines.retain(|&line| line > 0 && line < SIDE);
    lines.sort_unstable();
    lines.dedup();
    lines
}

#[test]
fn window_borders_do_not_show_on_a_gradient() {
    let (denoiser, x) = (denoiser(), gradient());
    let calls = AtomicUsize::new(0);
    let tiled = Tiled::new(&denoiser, 0, Control::default(), &calls);
    let smooth = tiled.denoise(&x, SIGMA, None).unwrap();
    let found = worst_border(&smooth, &borders());
    let joints: Vec<usize> = (WINDOW..SIDE).step_by(WINDOW).collect();
    let jointed = worst_border(&butt_jointed(&denoiser, &x), &joints);
    println!("windows: {found:.3}; edge to edge: {jointed:.3}");
    assert!(found < BOUND, "a border shows: {found}");
    assert!(jointed > BOUND, "the statistic sees no border: {jointed}");
}

#[test]
fn work_stops_between_windows() {
    let denoiser = denoiser();
    let calls = AtomicUsize::new(0);
    let cancel = AtomicBool::new(true);
    let control = Control {
        cancel: Some(&cancel),
        progress: None,
    };
    let tiled = Tiled::new(&denoiser, 0, control, &calls);
    let x = Picture::new(3, 2 * WINDOW, WINDOW);
    assert!(matches!(
        tiled.denoise(&x, SIGMA, None),
        Err(Error::Cancelled)
    ));
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}
