//! What a file holds beside its picture: metadata, and more pictures behind it.

use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::jpeg::file::{DensityUnit, Metadata};
use ddrmjpeg::jpeg::segments::behind::Behind;
use serde_json::{Value, json};

use crate::io::carry::{behind_names, exif};
use crate::io::format::{comments_name, density_name, photoshop_name};

/// A line for each kind that the file holds.
pub fn text(file: &JpegFile, behind: &Behind) -> String {
    let metadata = &file.metadata;
    let mut out = String::new();
    let mut line = |name: &str, what: Vec<String>| {
        if !what.is_empty() {
            out += &format!("  {name}: {}\n", what.join(", "));
        }
    };
    line("metadata", names(metadata));
    line("other segments", metadata.others.clone());
    let mut found = behind_names(behind);
    if behind.bytes > 0 {
        found.push(format!("{} bytes", behind.bytes));
        found.dedup_by(|last, first| first.starts_with(last.as_str()));
    }
    line("behind the picture", found);
    out
}

fn names(metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(exif) = &metadata.exif {
        let orientation = exif::orientation(exif).to_exif();
        found.push(format!("EXIF (orientation {orientation})"));
    }
    let icc = metadata.icc.as_deref();
    found.extend(icc.map(|icc| format!("ICC profile of {}", icc_space(icc))));
    found.extend(metadata.xmp.as_ref().map(|_| "XMP".into()));
    if !metadata.extended_xmp.is_empty() {
        found.push("extended XMP".into());
    }
    if metadata.photoshop.is_some() {
        found.push(photoshop_name(metadata).into());
    }
    if !metadata.comments.is_empty() {
        found.push(comments_name(metadata.comments.len()));
    }
    found.extend(metadata.density.map(density_name));
    found
}

/// The colour space of a profile, from its header.
fn icc_space(icc: &[u8]) -> String {
    match icc.get(16..20) {
        Some(space) => String::from_utf8_lossy(space).trim().to_owned(),
        None => "unknown colours".into(),
    }
}

/// The same, for programs; sizes in bytes.
pub fn metadata_json(metadata: &Metadata) -> Value {
    let size = |block: &Option<Vec<u8>>| block.as_ref().map(Vec::len);
    let exif = metadata.exif.as_deref();
    let density = metadata.density.map(|density| {
        let unit = match density.unit {
            DensityUnit::Ratio => "ratio",
            DensityUnit::Inch => "inch",
            DensityUnit::Centimetre => "cm",
        };
        json!({"x": density.x, "y": density.y, "unit": unit})
    });
    json!({
        "exif": size(&metadata.exif),
        "orientation": exif.map(|exif| exif::orientation(exif).to_exif()),
        "icc": size(&metadata.icc),
        "icc_space": metadata.icc.as_deref().map(icc_space),
        "xmp": size(&metadata.xmp),
        "extended_xmp_pieces": metadata.extended_xmp.len(),
        "photoshop": size(&metadata.photoshop),
        "iptc": metadata.has_iptc(),
        "comments": metadata.comments.iter().map(|it| String::from_utf8_lossy(it)).collect::<Vec<_>>(),
        "density": density,
        "others": metadata.others,
    })
}

/// What lies behind the picture, for programs.
pub fn behind_json(behind: &Behind) -> Value {
    json!({
        "bytes": behind.bytes,
        "pictures": behind.pictures,
        "gain_map": behind.gain_map,
        "video": behind.video,
    })
}
