//! Decoded pixels, as a program that has its own decoder holds them: BGRA with a stride. Restores
//! them in place, by tables that are found from the pixels.
//!
//! `cargo run --release --example frame -- in.jpg`

use std::fs;

use ddrmjpeg::{
    Control, FrameTables, FrameView, FrameViewMut, Limits, ModelOptions, PixelFormat,
    RestoreOptions, Restorer,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let input = std::env::args().nth(1).ok_or("usage: frame IN.jpg")?;

    // The other program's decoder and its frame buffer, rows 32 bytes longer than they need to be.
    let decoded = ddrmjpeg::decode(&fs::read(input)?, &Limits::default())?;
    let (width, height) = (decoded.width(), decoded.height());
    let stride = 4 * width + 32;
    let mut buffer = vec![255; stride * height];
    let planes = [(&mut buffer[..], stride)];
    decoded.write_into(&mut FrameViewMut::new(
        PixelFormat::Bgra,
        width,
        height,
        planes,
    )?)?;

    let options = RestoreOptions::default();
    let restorer = Restorer::open(&ModelOptions::default())?;
    let view = FrameView::new(PixelFormat::Bgra, width, height, &[(&buffer, stride)])?;
    let frame = view.to_planar();
    let info = FrameTables::Estimate.into();
    let restored = restorer.restore_frame(&frame, &info, &options, Control::default())?;

    let planes = [(&mut buffer[..], stride)];
    restored.frame.write_into(&mut FrameViewMut::new(
        PixelFormat::Bgra,
        width,
        height,
        planes,
    )?)?;
    match restored.report.quality {
        Some(quality) => println!("restored as of quality {quality}"),
        None => println!("restored: {}", restored.report.restored),
    }
    for note in &restored.report.notes {
        println!("note: {note}");
    }
    Ok(())
}
