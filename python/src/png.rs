//! Pixels as PNG, with the settings of the command, so that the bytes are those that it writes with
//! `--strip`. Tests compare them.

use ddrmjpeg::{Error, Result};
use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};

use crate::pixels::{Depth, Pixels, Samples};

/// Refuses what a PNG cannot hold.
pub fn check(depth: Depth) -> Result<()> {
    match depth {
        Depth::U8 | Depth::U16 => Ok(()),
        Depth::F32 => Err(no_f32()),
    }
}

fn no_f32() -> Error {
    Error::option("dtype", "float32", "uint8 or uint16 for a PNG")
}

/// The bytes of the file.
pub fn encode(pixels: Pixels) -> Result<Vec<u8>> {
    let (depth, samples) = match pixels.samples {
        Samples::U8(samples) => (BitDepth::Eight, samples),
        Samples::U16(samples) => {
            let bytes = samples.iter().flat_map(|sample| sample.to_be_bytes());
            (BitDepth::Sixteen, bytes.collect())
        }
        Samples::F32(_) => return Err(no_f32()),
    };
    let side = |axis: usize| pixels.shape.get(axis).copied().unwrap_or_default();
    let size = (u32::try_from(side(1)), u32::try_from(side(0)));
    let (Ok(width), Ok(height)) = size else {
        return Err(Error::Unsupported(
            "a PNG of more than 4,294,967,295 pixels a side".into(),
        ));
    };
    let colour = match pixels.shape.len() {
        2 => ColorType::Grayscale,
        _ => ColorType::Rgb,
    };
    let file = file(width, height, (colour, depth), &samples);
    file.map_err(|error| Error::Unsupported(format!("PNG: {error}")))
}

fn file(
    width: u32,
    height: u32,
    (colour, depth): (ColorType, BitDepth),
    samples: &[u8],
) -> std::result::Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Adaptive);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(samples)?;
    writer.finish()?;
    Ok(bytes)
}
