//! The frames of one stream: a JPEG file for each. What has not changed since the frame before is
//! not computed again.
//!
//! `cargo run --release --example stream -- 1.jpg 2.jpg 3.jpg`

use std::fs;

use ddrmjpeg::{Control, Layout, ModelOptions, RestoreOptions, Restorer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // nano is the small model, for moving pictures.
    let mut stream = Restorer::open(&ModelOptions::default().with_model("nano"))?.stream();
    let options = RestoreOptions::default();
    for path in std::env::args().skip(1) {
        let jpeg = fs::read(&path)?;
        let restored = stream.restore_jpeg(&jpeg, Layout::Rgb, &options, Control::default())?;
        let carried = restored.report.carried.unwrap_or_default();
        println!(
            "{path}: {} of {} pixels taken over from the frame before",
            carried.reused, carried.pixels
        );
    }
    Ok(())
}
