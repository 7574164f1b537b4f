//! Pictures that no camera takes, drawn here: a page of text, a flat drawing, a window of
//! controls. 256x256, exact colours, hard edges or edges smoothed over one pixel.

use ddrmjpeg::frame::{PixelModel, Planar8};

const SIDE: usize = 256;

type Rgb = [f32; 3];

/// A canvas of colours.
struct Canvas {
    pixels: Vec<Rgb>,
}

impl Canvas {
    fn new(colour: Rgb) -> Self {
        Self {
            pixels: vec![colour; SIDE * SIDE],
        }
    }

    /// Fills where `inside`, negative within, crosses zero over one pixel.
    fn fill(&mut self, colour: Rgb, smooth: bool, inside: impl Fn(f32, f32) -> f32) {
        for (i, pixel) in self.pixels.iter_mut().enumerate() {
            let distance = inside((i % SIDE) as f32 + 0.5, (i / SIDE) as f32 + 0.5);
            let cover = match smooth {
                true => (0.5 - distance).clamp(0.0, 1.0),
                false => f32::from(u8::from(distance < 0.0)),
            };
            for (value, wanted) in pixel.iter_mut().zip(colour) {
                *value += cover * (wanted - *value);
            }
        }
    }

    fn rectangle(&mut self, colour: Rgb, (x, y): (f32, f32), (w, h): (f32, f32)) {
        self.fill(colour, false, move |px, py| {
            (x - px).max(px - x - w).max(y - py).max(py - y - h)
        });
    }

    /// A line of made-up letters: strokes of a 3x5 grid chosen by a hash of the place.
    fn text(&mut self, colour: Rgb, (x, y): (usize, usize), letters: usize, scale: usize) {
        for letter in 0..letters {
            let hash = (letter * 2_654_435_761 + y * 40_503 + 7) >> 3;
            for cell in 0..15 {
                if (hash >> (cell % 13)) & 1 == 1 && letter % 6 != 5 {
                    let at = (
                        (x + (letter * 4 + cell % 3) * scale) as f32,
                        (y + cell / 3 * scale) as f32,
                    );
                    self.rectangle(colour, at, (scale as f32, scale as f32));
                }
            }
        }
    }

    fn finish(self) -> Planar8 {
        let mut out = Planar8::new(PixelModel::Rgb, SIDE, SIDE, (1, 1));
        for (c, plane) in out.planes.iter_mut().enumerate() {
            for (byte, pixel) in plane.data.iter_mut().zip(&self.pixels) {
                *byte = pixel[c].round() as u8;
            }
        }
        out
    }
}

/// The three of them.
pub fn all() -> Vec<Planar8> {
    vec![page(), drawing(), window()]
}

fn page() -> Planar8 {
    let mut canvas = Canvas::new([255.0; 3]);
    for line in 0..20 {
        canvas.text([20.0; 3], (10, 8 + 12 * line), 26 - line % 3, 2);
    }
    canvas.text([180.0, 20.0, 30.0], (60, 244), 12, 2);
    canvas.finish()
}

fn drawing() -> Planar8 {
    let mut canvas = Canvas::new([120.0, 190.0, 240.0]);
    canvas.fill([250.0, 220.0, 60.0], true, |x, y| {
        (x - 190.0).hypot(y - 60.0) - 30.0
    });
    canvas.fill([60.0, 150.0, 70.0], true, |x, y| {
        150.0 + 30.0 * (x / 40.0).sin() - y
    });
    canvas.fill([200.0, 60.0, 50.0], true, |x, y| {
        ((x - 90.0).abs() - (y - 90.0)).max(y - 140.0)
    });
    canvas.rectangle([240.0, 230.0, 210.0], (50.0, 140.0), (80.0, 60.0));
    canvas.rectangle([90.0, 60.0, 40.0], (80.0, 165.0), (20.0, 35.0));
    canvas.finish()
}

fn window() -> Planar8 {
    let mut canvas = Canvas::new([240.0; 3]);
    canvas.rectangle([50.0, 90.0, 160.0], (0.0, 0.0), (256.0, 22.0));
    canvas.text([255.0; 3], (8, 6), 20, 2);
    for row in 0..6 {
        let y = 34.0 + 34.0 * row as f32;
        canvas.rectangle([200.0; 3], (12.0, y), (232.0, 26.0));
        canvas.rectangle([253.0, 253.0, 255.0], (13.0, y + 1.0), (230.0, 24.0));
        canvas.text([60.0; 3], (20, y as usize + 8), 18, 2);
        canvas.rectangle([70.0, 170.0, 90.0], (210.0, y + 6.0), (14.0, 14.0));
    }
    canvas.finish()
}
