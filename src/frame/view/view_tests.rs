//! Every format there and back, and what is refused.

use super::*;

const FORMATS: [PixelFormat; 10] = [
    PixelFormat::Grey,
    PixelFormat::Rgb,
    PixelFormat::Bgr,
    PixelFormat::Rgba,
    PixelFormat::Bgra,
    PixelFormat::PlanarRgb,
    PixelFormat::YCbCr {
        subsampling: (1, 1),
    },
    PixelFormat::YCbCr {
        subsampling: (2, 1),
    },
    PixelFormat::YCbCr {
        subsampling: (2, 2),
    },
    PixelFormat::Nv12,
];

/// Bytes of planes for a frame of this shape, each row 3 bytes longer than it needs to be but the
/// last, and their strides; every byte its number.
fn numbered(shape: &Shape) -> Vec<(Vec<u8>, usize)> {
    let planes = (0..shape.format.planes()).map(|p| {
        let (row, rows) = shape.plane(p);
        let length = (rows - 1) * (row + 3) + row;
        let bytes = (0..length).map(|i| (i * 7 + p * 50) as u8);
        (bytes.collect(), row + 3)
    });
    planes.collect()
}

fn borrowed(planes: &[(Vec<u8>, usize)]) -> Vec<(&[u8], usize)> {
    planes
        .iter()
        .map(|(data, stride)| (&data[..], *stride))
        .collect()
}

/// What is read and written over another frame is that frame, but for padding and alpha, which
/// stay; odd sizes too.
#[test]
fn every_format_comes_back_and_the_rest_stays() {
    for (format, (width, height)) in FORMATS.into_iter().flat_map(|f| [(f, (5, 3)), (f, (8, 1))]) {
        let shape = Shape {
            format,
            width,
            height,
        };
        let bytes = numbered(&shape);
        let frame = FrameView::new(format, width, height, &borrowed(&bytes))
            .unwrap()
            .to_planar();
        assert_eq!((frame.width(), frame.height()), (width, height));
        let mut other = bytes.clone();
        let mut written = 0;
        for (data, _) in &mut other {
            data.iter_mut().for_each(|byte| *byte = !*byte);
        }
        let before = other.clone();
        let lent = other
            .iter_mut()
            .map(|(data, stride)| (&mut data[..], *stride));
        let mut to = FrameViewMut::new(format, width, height, lent).unwrap();
        frame.write_into(&mut to).unwrap();
        for (p, ((now, _), (then, _))) in other.iter().zip(&before).enumerate() {
            for (i, (&now, &then)) in now.iter().zip(then).enumerate() {
                assert!(
                    now == then || now == bytes[p].0[i],
                    "{shape}: byte {i} of plane {p}"
                );
                written += usize::from(now != then);
            }
        }
        let samples: usize = frame.planes.iter().map(|plane| plane.data.len()).sum();
        assert_eq!(written, samples, "{shape}");
        assert_eq!(frame.view().unwrap().to_planar(), frame);
    }
}

#[test]
fn grey_fills_a_colour_frame() {
    let grey = Planar8::from_planes(
        PixelModel::Grey,
        (1, 1),
        vec![Plane8 {
            width: 2,
            height: 1,
            data: vec![7, 9],
        }],
    );
    let mut bytes = [0; 8];
    let mut to = FrameViewMut::new(PixelFormat::Rgba, 2, 1, [(&mut bytes[..], 8)]).unwrap();
    grey.unwrap().write_into(&mut to).unwrap();
    assert_eq!(bytes, [7, 7, 7, 0, 9, 9, 9, 0]);
}

#[test]
fn what_does_not_fit_is_named() {
    let bytes = [0; 24];
    let refused = |format, width, height, planes: &[(&[u8], usize)]| {
        let view = FrameView::new(format, width, height, planes);
        view.unwrap_err().to_string()
    };
    assert_eq!(
        refused(PixelFormat::Rgb, 3, 2, &[(&bytes, 8)]),
        "bad input: a frame of 3 x 2 in Rgb: plane 0 has a stride of 8 bytes, its rows have 9"
    );
    assert_eq!(
        refused(PixelFormat::Rgb, 3, 3, &[(&bytes, 9)]),
        "bad input: a frame of 3 x 3 in Rgb: plane 0 has 24 bytes, 3 rows of a stride of 9 take 27"
    );
    assert!(refused(PixelFormat::Nv12, 3, 3, &[(&bytes, 3)]).ends_with("1 planes, not 2"));
    assert!(refused(PixelFormat::Grey, 0, 3, &[(&bytes, 3)]).ends_with("no pixels"));
    let wide = PixelFormat::YCbCr {
        subsampling: (0, 8),
    };
    assert!(refused(wide, 2, 2, &[(&bytes[..], 2); 3]).contains("0 x 8: each must be in 1..4"));
    // Sizes beyond what can be counted are too much for any plane.
    let huge = refused(
        PixelFormat::Rgba,
        usize::MAX,
        usize::MAX,
        &[(&bytes, usize::MAX)],
    );
    assert!(huge.contains("plane 0 has 24 bytes"), "{huge}");
}

#[test]
fn pictures_that_contradict_themselves_are_refused() {
    let mut picture = Planar8::new(PixelModel::YCbCr, 5, 3, (2, 2));
    picture.planes[1].data.pop();
    assert!(picture.view().is_err());
    let planes = Planar8::new(PixelModel::YCbCr, 5, 3, (2, 2)).planes;
    let wrong = Planar8::from_planes(PixelModel::YCbCr, (1, 1), planes).unwrap_err();
    assert!(wrong.to_string().contains("plane 1"), "{wrong}");
}

#[test]
fn colours_are_not_converted() {
    let picture = Planar8::new(PixelModel::YCbCr, 2, 2, (1, 1));
    let mut bytes = [0; 12];
    let mut to = FrameViewMut::new(PixelFormat::Rgb, 2, 2, [(&mut bytes[..], 6)]).unwrap();
    let message = picture.write_into(&mut to).unwrap_err().to_string();
    assert!(
        message.contains("does not fit a frame of 2 x 2 in Rgb"),
        "{message}"
    );
}
