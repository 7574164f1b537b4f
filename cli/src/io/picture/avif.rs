//! AVIF: the picture as one frame of AV1 by rav1e, without chroma subsampling. `avif_file` puts it
//! into a file.
//!
//! Pixels of 8 bits become AV1 of 8 bits, those of 16 bits AV1 of 10.

use anyhow::{Result, bail};
use ddrmjpeg::jpeg::file::Metadata;
use rav1e::prelude::{
    BlockSize, ChromaSampling, ColorDescription, ColorPrimaries, Config, Context, EncoderConfig,
    EncoderStatus, Frame, MatrixCoefficients, PartitionRange, Pixel, PixelRange,
    SceneDetectionSpeed, SpeedSettings, TransferCharacteristics,
};

use crate::io::picture::avif_file;
use crate::io::picture::samples::{Pixels, Samples};

/// Written unless another is asked for.
const QUALITY: u8 = 90;
/// Of 0 (slow) to 10.
const SPEED: u8 = 7;
/// Pixels that are encoded as a part of its own. Parts are encoded at the same time.
const TILE: usize = 256 * 512;

/// AVIF, 8 or 10 bits.
pub fn as_avif(pixels: Pixels, metadata: &Metadata, quality: Option<u8>) -> Result<Vec<u8>> {
    let config = config(&pixels, quality.unwrap_or(QUALITY));
    let frame = match &pixels.samples {
        Samples::Eight(samples) => frame_of(&config, samples, 1.0)?,
        Samples::Sixteen(samples) => frame_of(&config, samples, 1023.0 / 65535.0)?,
        Samples::Float(_) => bail!("an AVIF holds no f32"),
    };
    Ok(avif_file::bytes(&frame, &config, metadata))
}

/// One frame, with the settings that ravif, the crate around rav1e for pictures, has found good for
/// them.
fn config(pixels: &Pixels, quality: u8) -> EncoderConfig {
    let quantizer = quantizer(quality);
    let mut speed = SpeedSettings::from_preset(SPEED);
    speed.multiref = false;
    speed.rdo_lookahead_frames = 1;
    speed.scene_detection_mode = SceneDetectionSpeed::None;
    speed.fast_deblock = false;
    speed.lrf = false;
    speed.cdef = quality < 55;
    speed.partition.partition_range =
        PartitionRange::new(BlockSize::BLOCK_8X8, BlockSize::BLOCK_16X16);
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    EncoderConfig {
        width,
        height,
        bit_depth: match pixels.samples {
            Samples::Eight(_) => 8,
            _ => 10,
        },
        chroma_sampling: match pixels.grey {
            true => ChromaSampling::Cs400,
            false => ChromaSampling::Cs444,
        },
        pixel_range: PixelRange::Full,
        color_description: Some(ColorDescription {
            color_primaries: ColorPrimaries::BT709,
            transfer_characteristics: TransferCharacteristics::SRGB,
            matrix_coefficients: MatrixCoefficients::BT601,
        }),
        still_picture: true,
        quantizer,
        min_quantizer: quantizer as u8,
        tiles: (width * height / TILE).clamp(1, 64),
        speed_settings: speed,
        ..EncoderConfig::default()
    }
}

/// rav1e's number of 0..255 for a quality of 1..100, as ravif has it.
fn quantizer(quality: u8) -> usize {
    let q = f32::from(quality.min(100)) / 100.0;
    let coarse = match q {
        0.82.. => (1.0 - q) * 2.6,
        0.25.. => 0.875 - q * 0.5,
        _ => 1.0 - q,
    };
    (coarse * 255.0).round() as usize
}

/// The frame of samples that are `scale` times as large as they are here.
fn frame_of<T>(config: &EncoderConfig, samples: &[T], scale: f32) -> Result<Vec<u8>>
where
    T: Pixel + Into<f32>,
{
    let mut context: Context<T> = Config::new()
        .with_encoder_config(config.clone())
        .new_context()?;
    let mut frame = context.new_frame();
    fill(&mut frame, config, samples, scale);
    context.send_frame(frame)?;
    context.flush();
    let mut out = Vec::new();
    loop {
        match context.receive_packet() {
            Ok(packet) => out.extend(packet.data),
            Err(EncoderStatus::Encoded) => {}
            Err(EncoderStatus::LimitReached) => return Ok(out),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The samples as planes of Y, Cb, Cr, or of grey.
fn fill<T: Pixel + Into<f32>>(
    frame: &mut Frame<T>,
    config: &EncoderConfig,
    samples: &[T],
    scale: f32,
) {
    let white = ((1u32 << config.bit_depth) - 1) as f32;
    let middle = (1u32 << (config.bit_depth - 1)) as f32;
    let planes = match config.chroma_sampling {
        ChromaSampling::Cs400 => 1,
        _ => 3,
    };
    let rows = samples.chunks_exact(planes * config.width);
    for (y, row) in rows.enumerate() {
        for (c, plane) in frame.planes.iter_mut().take(planes).enumerate() {
            let start = (plane.cfg.yorigin + y) * plane.cfg.stride + plane.cfg.xorigin;
            let to = plane.data[start..].iter_mut();
            for (to, pixel) in to.zip(row.chunks_exact(planes)) {
                let value = |i: usize| -> f32 { scale * Into::<f32>::into(pixel[i]) };
                let pixel = [0, planes / 2, planes - 1].map(value);
                let level = level(pixel, c, middle).round().clamp(0.0, white);
                *to = T::cast_from(level as u16);
            }
        }
    }
}

/// Y, Cb or Cr of a pixel, in full range (ITU-T T.871, 7). Of grey it is grey.
fn level([r, g, b]: [f32; 3], c: usize, middle: f32) -> f32 {
    let luma = 0.299 * r + 0.587 * g + 0.114 * b;
    match c {
        0 => luma,
        1 => (b - luma) / 1.772 + middle,
        _ => (r - luma) / 1.402 + middle,
    }
}
