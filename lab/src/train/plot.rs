//! The curves of a training as SVG: the loss, and the validation's gain over the JPEG.
//!
//! Only lines, ticks and words, which need no crate.

use std::fmt::Write as _;

use crate::train::record::Row;
use crate::train::validate::QUALITIES;

/// Size of one panel's plot area and its margins, in SVG units.
const FIELD: (f64, f64) = (640.0, 220.0);
const LEFT: f64 = 60.0;
const TOP: f64 = 30.0;
const PANEL: f64 = FIELD.1 + 70.0;

/// Points of a smoothed curve.
const BINS: usize = 160;

const COLOURS: [&str; 3] = ["#c0392b", "#2471a3", "#1e8449"];

/// One curve: its name and its points.
struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
}

/// The SVG of `rows`, in the order of their steps.
pub fn svg(rows: &[Row]) -> String {
    let height = 2.0 * PANEL + TOP;
    let width = LEFT + FIELD.0 + 40.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let losses = [
        curve("loss", rows, |row| row.loss),
        curve("one call", rows, |row| row.one_call),
    ];
    panel(&mut out, TOP, "error over what is to be expected", &losses);
    panel(
        &mut out,
        TOP + PANEL,
        "one call + clamp over the JPEG, dB",
        &gains(rows),
    );
    out.push_str("</svg>\n");
    out
}

/// Means over equal ranges of steps; NaN is left out.
fn curve(name: &str, rows: &[Row], value: fn(&Row) -> f64) -> Curve {
    let stretch = rows.len().div_ceil(BINS).max(1);
    let mean = |chunk: &[Row]| {
        let values: Vec<f64> = chunk.iter().map(value).filter(|v| v.is_finite()).collect();
        let step = chunk.last()?.step as f64;
        (!values.is_empty()).then(|| (step, values.iter().sum::<f64>() / values.len() as f64))
    };
    Curve {
        name: name.to_owned(),
        points: rows.chunks(stretch).filter_map(mean).collect(),
    }
}

fn gains(rows: &[Row]) -> Vec<Curve> {
    let of = |quality: u8| {
        let scores = rows.iter().flat_map(|row| {
            let scores = row.scores.iter().filter(move |s| s.quality == quality);
            scores.map(|s| (row.step as f64, s.clamped - s.jpeg))
        });
        Curve {
            name: format!("quality {quality}"),
            points: scores.collect(),
        }
    };
    QUALITIES.map(of).into()
}

fn panel(out: &mut String, top: f64, title: &str, curves: &[Curve]) {
    let all = || curves.iter().flat_map(|curve| &curve.points);
    let (x0, x1) = range(all().map(|p| p.0));
    let (y0, y1) = range(all().map(|p| p.1));
    let place = |(x, y): (f64, f64)| {
        (
            LEFT + FIELD.0 * (x - x0) / (x1 - x0),
            top + FIELD.1 * (y1 - y) / (y1 - y0),
        )
    };
    let _ = writeln!(out, "<text x=\"{LEFT}\" y=\"{}\">{title}</text>", top - 8.0);
    let _ = writeln!(
        out,
        "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#999\"/>",
        FIELD.0, FIELD.1
    );
    for i in 0..=4 {
        let share = f64::from(i) / 4.0;
        let (x, y) = (x0 + share * (x1 - x0), y0 + share * (y1 - y0));
        let (px, _) = place((x, y0));
        let (_, py) = place((x0, y));
        let bottom = top + FIELD.1 + 16.0;
        let _ = writeln!(
            out,
            "<text x=\"{px:.1}\" y=\"{bottom}\" text-anchor=\"middle\">{x:.0}</text>"
        );
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{y:.3}</text>",
            LEFT - 6.0,
            py + 4.0
        );
    }
    for (i, curve) in curves.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let points: Vec<String> = curve
            .points
            .iter()
            .map(|&point| place(point))
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
            points.join(" ")
        );
        let x = LEFT + 20.0 + 110.0 * i as f64;
        let y = top + FIELD.1 + 34.0;
        let _ = writeln!(
            out,
            "<text x=\"{x}\" y=\"{y}\" fill=\"{colour}\">{}</text>",
            curve.name
        );
    }
}

/// Minimum and maximum, widened a little if there is only one value, or none.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    match (low.is_finite(), high > low) {
        (true, true) => (low, high),
        (true, false) => (low - 0.5, low + 0.5),
        (false, _) => (0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Score;

    fn row(step: u64, gain: Option<f64>) -> Row {
        let score = |gain| Score {
            quality: 20,
            jpeg: 29.0,
            one_call: 29.0,
            clamped: 29.0 + gain,
        };
        Row {
            step,
            seconds: 0.0,
            rate: 0.0,
            loss: 1.0 / step as f64,
            one_call: f64::NAN,
            gradient: 0.0,
            scores: gain.map(score).into_iter().collect(),
        }
    }

    #[test]
    fn the_first_point_is_top_left_and_the_last_bottom_right() {
        let rows = [row(1, Some(1.0)), row(2, None), row(4, Some(2.0))];
        let text = svg(&rows);
        assert!(
            text.contains("points=\"60.0,30.0 273.3,176.7 700.0,250.0\""),
            "{text}"
        );
        assert!(text.contains("points=\"60.0,540.0 700.0,320.0\""), "{text}");
        assert!(!text.contains("NaN"));
    }

    #[test]
    fn nothing_gives_a_picture_all_the_same() {
        assert!(svg(&[]).ends_with("</svg>\n"));
    }
}
