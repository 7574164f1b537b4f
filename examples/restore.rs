//! The library in one screen: restores a JPEG and writes a PPM.
//!
//! `cargo run --release --example restore -- in.jpg out.ppm`

use std::fs;
use std::io::Write;

use ddrmjpeg::{Control, ModelOptions, Preset, RestoreOptions, Restorer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        return Err("usage: restore IN.jpg OUT.ppm".into());
    };

    // A restorer is an opened model, good for any number of files. How a file is restored is said
    // with each of them.
    let restorer = Restorer::open(&ModelOptions::default())?;
    let options = RestoreOptions::default().with_preset(Preset::Quality);

    let report = |done, total| eprint!("\rnetwork call {done} of {total} ");
    let control = Control {
        progress: Some(&report),
        ..Control::default()
    };
    let restored = restorer.restore_jpeg(&fs::read(input)?, &options, control)?;
    eprintln!();

    let frame = &restored.frame;
    let pixels = frame.interleaved().ok_or("no RGB or grey pixels")?;
    let kind = if frame.planes.len() == 1 { 5 } else { 6 };
    let mut file = fs::File::create(output)?;
    write!(file, "P{kind}\n{} {}\n255\n", frame.width(), frame.height())?;
    file.write_all(&pixels)?;
    for note in &restored.report.notes {
        eprintln!("note: {note}");
    }
    Ok(())
}
