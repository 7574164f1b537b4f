//! What lies behind the picture of a JPEG file: more pictures, a gain map, a video.
//!
//! Phones put an HDR gain map there (Ultra HDR, ISO 21496-1, Apple's), views of other eyes and
//! lenses (CIPA DC-007, the "MPF" index), and the video of a "motion photo". Nothing is decoded.
//! Called by the command.

use crate::jpeg::segments::{header, splitter};

/// How many bytes of a picture are searched for a name of a gain map: EXIF and XMP come first.
const HEAD: usize = 256 << 10;
/// Names of gain maps.
const GAIN_MAPS: [&[u8]; 3] = [
    b"hdr-gain-map/1.0/",
    b"urn:iso:std:iso:ts:21496:-1",
    b"urn:com:apple:photo:2020:aux:hdrgainmap",
];

/// What lies behind a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// Number of bytes after the end-of-image marker, unless all are zero.
    pub bytes: usize,
    /// JPEGs among them.
    pub pictures: usize,
    /// Whether one of them says that it is a gain map.
    pub gain_map: bool,
    /// Whether there is a video: an MP4 or QuickTime file.
    pub video: bool,
}

/// Looks behind the first picture of `data`; finds nothing if the picture has no end.
pub fn look(data: &[u8]) -> Behind {
    let pieces = splitter::pieces(data);
    let end = match pieces.first() {
        Some(first) if data.starts_with(first.data) => first.data.len(),
        _ => data.len(),
    };
    let rest = &data[end..];
    if rest.iter().all(|&byte| byte == 0) {
        return Behind::default();
    }
    let others = pieces.iter().skip(1).map(|piece| piece.data);
    let others: Vec<&[u8]> = others.filter(|data| header::parse(data).is_ok()).collect();
    Behind {
        bytes: rest.len(),
        pictures: others.len(),
        gain_map: others.iter().any(|data| is_gain_map(data)),
        video: contains(rest, b"ftyp"),
    }
}

fn is_gain_map(data: &[u8]) -> bool {
    let head = &data[..data.len().min(HEAD)];
    GAIN_MAPS.iter().any(|name| contains(head, name))
}

fn contains(data: &[u8], word: &[u8]) -> bool {
    data.windows(word.len()).any(|bytes| bytes == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{PixelModel, Planar8};
    use crate::jpeg::encode;
    use crate::jpeg::file::Metadata;
    use crate::jpeg::file::write;

    fn picture(xmp: Option<&[u8]>) -> Vec<u8> {
        let grey = Planar8::new(PixelModel::Grey, 16, 16, (1, 1));
        let metadata = Metadata {
            xmp: xmp.map(<[u8]>::to_vec),
            ..Metadata::default()
        };
        write::with_metadata(&encode(&grey, 50, (1, 1)).unwrap(), &metadata)
    }

    #[test]
    fn pictures_gain_maps_and_films_are_told_apart() {
        let (first, map) = (
            picture(None),
            picture(Some(b"http://ns.adobe.com/hdr-gain-map/1.0/")),
        );
        assert_eq!(look(&first), Behind::default());
        assert_eq!(look(&[&first[..], &[0; 40]].concat()), Behind::default());
        let two = look(&[&first[..], &first, &map].concat());
        let bytes = first.len() + map.len();
        let wanted = Behind {
            bytes,
            pictures: 2,
            gain_map: true,
            video: false,
        };
        assert_eq!(two, wanted);
        // The first picture's own XMP names the format too; that is not a gain map.
        let named = look(&[&map[..], &first].concat());
        assert!(named.pictures == 1 && !named.gain_map);
        let film = look(&[&first[..], b"\0\0\0\x18ftypmp42"].concat());
        assert!(film.video && film.pictures == 0);
    }

    #[test]
    fn a_picture_that_does_not_end_has_nothing_behind_it() {
        let whole = picture(None);
        for cut in 0..whole.len() {
            assert_eq!(look(&whole[..cut]), Behind::default());
        }
    }
}
