//! An XMP packet without some of its properties; all the rest stays as it is, byte for byte.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{NamespaceResolver, QName, ResolveResult};
use quick_xml::reader::NsReader;

const TIFF: &str = "http://ns.adobe.com/tiff/1.0/";
const EXIF: &str = "http://ns.adobe.com/exif/1.0/";
const NOTE: &str = "http://ns.adobe.com/xmp/note/";
const CAMERA: &str = "http://ns.google.com/photos/1.0/camera/";
/// Properties that list what lies behind the picture, and how it is used.
const OF_OTHER_BYTES: [&str; 4] = [
    "http://ns.google.com/photos/1.0/container/",
    "http://ns.google.com/photos/1.0/container/item/",
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.apple.com/HDRGainMap/1.0/",
];

/// Whether a property describes what lies behind the picture: a gain map, a video.
pub fn is_of_other_bytes(namespace: &str, name: &str) -> bool {
    let film = name.starts_with("MotionPhoto") || name.starts_with("MicroVideo");
    OF_OTHER_BYTES.contains(&namespace) || namespace == CAMERA && film
}

/// Whether a property is no longer true of a picture that has been turned.
pub fn is_of_orientation(namespace: &str, name: &str) -> bool {
    match namespace {
        TIFF => matches!(name, "Orientation" | "ImageWidth" | "ImageLength"),
        EXIF => matches!(name, "PixelXDimension" | "PixelYDimension"),
        _ => false,
    }
}

/// Whether a property names the rest of the XMP, which only JPEG keeps apart.
pub fn is_of_extension(namespace: &str, name: &str) -> bool {
    namespace == NOTE && name == "HasExtendedXMP"
}

/// `packet` without the elements and attributes that are `unwanted`, by namespace and name.
/// `None` when it has none of them, or is not well formed.
pub fn without(packet: &[u8], unwanted: &dyn Fn(&str, &str) -> bool) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(packet).ok()?;
    let mut reader = NsReader::from_str(text);
    let (mut out, mut changed) = (String::with_capacity(text.len()), false);
    // How many elements deep we are inside one that is left out.
    let mut inside = 0usize;
    let mut from = 0;
    loop {
        let event = reader.read_event().ok()?;
        let to = usize::try_from(reader.buffer_position()).ok()?;
        let raw = text.get(from..to)?;
        from = to;
        match &event {
            Event::Eof if inside > 0 => return None,
            Event::Eof => break,
            Event::Start(_) if inside > 0 => inside += 1,
            Event::End(_) if inside > 0 => inside -= 1,
            _ if inside > 0 => {}
            Event::Start(tag) | Event::Empty(tag) => {
                let empty = matches!(event, Event::Empty(_));
                match thinned(tag, reader.resolver(), unwanted) {
                    Thinned::Whole => out.push_str(raw),
                    Thinned::Part(tag) => {
                        let end = if empty { "/>" } else { ">" };
                        out.extend(["<", tag.as_str(), end]);
                        changed = true;
                    }
                    Thinned::Nothing => {
                        inside = usize::from(!empty);
                        changed = true;
                    }
                }
            }
            _ => out.push_str(raw),
        }
    }
    changed.then(|| out.into_bytes())
}

/// What is left of a tag.
enum Thinned {
    Whole,
    /// What is between `<` and `>` or `/>`.
    Part(String),
    Nothing,
}

fn thinned(
    tag: &BytesStart<'_>,
    names: &NamespaceResolver,
    unwanted: &dyn Fn(&str, &str) -> bool,
) -> Thinned {
    let out = |resolved: ResolveResult<'_>, name: &str| match resolved {
        ResolveResult::Bound(namespace) => unwanted(namespace.into_inner(), name),
        _ => false,
    };
    let element = |name: QName<'_>| {
        let (resolved, local) = names.resolve_element(name);
        out(resolved, local.into_inner())
    };
    let attribute = |name: QName<'_>| {
        let (resolved, local) = names.resolve_attribute(name);
        out(resolved, local.into_inner())
    };
    if element(tag.name()) {
        return Thinned::Nothing;
    }
    let attributes: Vec<_> = tag.attributes().filter_map(Result::ok).collect();
    if !attributes.iter().any(|found| attribute(found.key)) {
        return Thinned::Whole;
    }
    let mut left = tag.name().into_inner().to_owned();
    for found in attributes.iter().filter(|found| !attribute(found.key)) {
        let value = found.value.replace('"', "&quot;");
        left += &format!(" {}=\"{value}\"", found.key.into_inner());
    }
    Thinned::Part(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: &str = r#"<?xpacket begin="" id="x"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:g="http://ns.adobe.com/hdr-gain-map/1.0/"
  xmlns:C="http://ns.google.com/photos/1.0/container/" xmlns:t="http://ns.adobe.com/tiff/1.0/"
  g:Version="1.0" t:Orientation="6" t:Make='A "maker"'>
 <C:Directory><rdf:Seq><rdf:li>a <b>map</b></rdf:li></rdf:Seq></C:Directory><C:Empty/>
 <t:Artist>Ann &amp; Bob</t:Artist>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"#;

    fn left(unwanted: &dyn Fn(&str, &str) -> bool) -> String {
        String::from_utf8(without(PACKET.as_bytes(), unwanted).unwrap()).unwrap()
    }

    #[test]
    fn unwanted_properties_go_and_the_rest_stays() {
        let found = left(&is_of_other_bytes);
        for gone in ["Directory", "rdf:Seq", "<b>map", "g:Version", "C:Empty"] {
            assert!(!found.contains(gone), "{gone} in {found}");
        }
        for kept in [
            "<?xpacket begin",
            "t:Orientation=\"6\"",
            "t:Make=\"A &quot;maker&quot;\"",
            "\n <t:Artist>Ann &amp; Bob</t:Artist>\n",
            "<?xpacket end=\"w\"?>",
        ] {
            assert!(found.contains(kept), "no {kept} in {found}");
        }
        assert!(!left(&is_of_orientation).contains("Orientation"));
    }

    #[test]
    fn nothing_is_done_where_there_is_nothing_to_do() {
        assert_eq!(without(PACKET.as_bytes(), &is_of_extension), None);
        assert_eq!(without(b"<a><b></a>", &|_, _| true), None);
        assert_eq!(without(b"\xFF", &|_, _| true), None);
    }
}
