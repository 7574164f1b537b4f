//! The caps of one side of the filter, given the other's: the same, or twice the width to show both
//! pictures side by side.
//!
//! Pure. Called when caps are negotiated.

use gst::PadDirection;

/// The caps of the other side, best first.
pub fn other_side(direction: PadDirection, caps: &gst::Caps, doubled: bool) -> gst::Caps {
    if !doubled {
        return caps.clone();
    }
    let mut other = scaled(direction, caps);
    // If twice the width is refused, the halves of one picture are shown.
    other.merge(caps.clone());
    other
}

/// The memory other than the system's that `caps` name, such as `memory:DMABuf`. Its layout may be
/// one that only a device reads.
pub fn foreign_memory(caps: &gst::CapsRef) -> Option<String> {
    caps.iter_with_features().find_map(|(_, features)| {
        let mut names = features.iter().map(ToString::to_string);
        names.find(|name| name.starts_with("memory:") && name != "memory:SystemMemory")
    })
}

fn scaled(direction: PadDirection, caps: &gst::Caps) -> gst::Caps {
    let change = match direction {
        PadDirection::Sink => double,
        _ => halve,
    };
    let mut scaled = gst::Caps::new_empty();
    let out = scaled.make_mut();
    for (structure, features) in caps.iter_with_features() {
        let mut structure = structure.to_owned();
        if structure.has_field("width") {
            match width(&structure).and_then(change) {
                Some(range) => set_width(&mut structure, range),
                None => continue,
            }
        }
        out.append_structure_full(structure, Some(features.to_owned()));
    }
    scaled
}

/// The smallest and the largest width; a list is treated as a range.
fn width(structure: &gst::StructureRef) -> Option<(i32, i32)> {
    if let Ok(width) = structure.get::<i32>("width") {
        return Some((width, width));
    }
    if let Ok(range) = structure.get::<gst::IntRange<i32>>("width") {
        return Some((range.min(), range.max()));
    }
    let list = structure.get::<gst::List>("width").ok()?;
    let widths = list.iter().filter_map(|value| value.get::<i32>().ok());
    let widths: Vec<i32> = widths.collect();
    Some((*widths.iter().min()?, *widths.iter().max()?))
}

fn double((least, most): (i32, i32)) -> Option<(i32, i32)> {
    Some((least.saturating_mul(2), most.saturating_mul(2)))
}

/// `None` if no width is possible.
fn halve((least, most): (i32, i32)) -> Option<(i32, i32)> {
    let halved = (least / 2 + least % 2, most / 2);
    (halved.0 <= halved.1 && halved.1 > 0).then_some(halved)
}

fn set_width(structure: &mut gst::StructureRef, (least, most): (i32, i32)) {
    match least == most {
        true => structure.set("width", least),
        false => structure.set("width", gst::IntRange::new(least, most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(direction: PadDirection, caps: &str, doubled: bool) -> String {
        gst::init().unwrap();
        other_side(direction, &caps.parse().unwrap(), doubled).to_string()
    }

    #[test]
    fn nothing_changes_when_one_picture_is_shown() {
        let caps = "video/x-raw, width=(int)33";
        assert_eq!(other(PadDirection::Sink, caps, false), caps);
    }

    #[test]
    fn twice_the_width_comes_first_and_the_same_remains() {
        for (direction, caps, expected) in [
            (PadDirection::Sink, "(int)33", "(int)66"),
            (PadDirection::Src, "(int)66", "(int)33"),
            (PadDirection::Sink, "(int)[ 1, 100 ]", "(int)[ 2, 200 ]"),
            (PadDirection::Src, "(int)[ 3, 101 ]", "(int)[ 2, 50 ]"),
            (PadDirection::Sink, "(int){ 20, 40 }", "(int)[ 40, 80 ]"),
        ] {
            let caps = format!("video/x-raw, width={caps}");
            assert_eq!(
                other(direction, &caps, true),
                format!("video/x-raw, width={expected}; {caps}")
            );
        }
    }

    #[test]
    fn an_odd_width_is_nobodys_double() {
        let caps = "video/x-raw, width=(int)33";
        assert_eq!(other(PadDirection::Src, caps, true), caps);
    }
}
