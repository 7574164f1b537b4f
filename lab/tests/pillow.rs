//! Decoding, resizing and cropping against Pillow, bit for bit: lab/tests/data/pillow.py made the
//! numbers. The originals of the published experiments went through it.

use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg::file::pixels;
use ddrmjpeg::options::Limits;
use ddrmjpeg_lab::datasets::Transform;
use ddrmjpeg_lab::datasets::resample::{Filter, resize};
use safetensors::SafeTensors;

const NUMBERS: &[u8] = include_bytes!("data/pillow.safetensors");

fn bytes(name: &str) -> Vec<u8> {
    let file = SafeTensors::deserialize(NUMBERS).unwrap();
    file.tensor(name).unwrap().data().to_vec()
}

fn picture(name: &str) -> Planar8 {
    let file = SafeTensors::deserialize(NUMBERS).unwrap();
    let view = file.tensor(name).unwrap();
    let (height, width) = (view.shape()[0], view.shape()[1]);
    Planar8::from_rgb(width, height, view.data())
}

/// Samples that differ.
fn differing(a: &Planar8, b: &Planar8) -> usize {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let of = |picture: &Planar8| picture.interleaved().unwrap();
    of(a).iter().zip(&of(b)).filter(|(a, b)| a != b).count()
}

#[test]
fn filters_are_pillows() {
    let filters = [
        ("box", Filter::Box),
        ("bilinear", Filter::Bilinear),
        ("bicubic", Filter::Bicubic),
    ];
    for (name, filter) in filters {
        for number in 0..3 {
            let wanted = picture(&format!("resize.{name}.{number}.out"));
            let source = picture(&format!("resize.{name}.{number}.in"));
            let found = resize(&source, wanted.width(), wanted.height(), filter);
            assert_eq!(differing(&found, &wanted), 0, "{name} {number}");
        }
    }
}

#[test]
fn recipes_are_the_published_ones() {
    let recipes = [
        ("adm", Transform::AdmCentreCrop),
        ("square", Transform::SquareThenResize),
        ("crop", Transform::ResizeThenCrop),
        ("squash", Transform::Squash),
    ];
    for number in 0..3 {
        let source = picture(&format!("recipe.{number}.in"));
        for (name, transform) in recipes {
            let wanted = picture(&format!("recipe.{number}.{name}"));
            let found = transform.apply(&source, 32);
            assert_eq!(differing(&found, &wanted), 0, "{name} {number}");
        }
    }
}

/// Pillow decodes by libjpeg-turbo, and so do we: the same integers.
#[test]
fn pixels_of_a_jpeg_are_pillows() {
    for name in ["420", "422", "444", "progressive", "grey"] {
        let file = bytes(&format!("jpeg.{name}.bytes"));
        let found = pixels::decode(&file, &Limits::default()).unwrap();
        let wanted = picture(&format!("jpeg.{name}.rgb"));
        assert_eq!(differing(&found, &wanted), 0, "{name}");
    }
}
