//! The curves of a training as SVG: the loss, and the validation's gain over the JPEG.

use std::ops::Range;

use ddrmjpeg::error::{Error, Result};
use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::chart::ChartBuilder;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::PathElement;
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color, Palette, Palette99, WHITE};

use crate::train::record::Row;
use crate::train::validate::QUALITIES;

/// Size of the picture, in SVG units.
const SIZE: (u32, u32) = (760, 620);

/// Points of a smoothed curve.
const BINS: usize = 160;

/// One curve: its name and its points.
struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
}

/// The SVG of `rows`, in the order of their steps.
///
/// # Errors
/// [`Error::Backend`] if it cannot be drawn.
pub fn svg(rows: &[Row]) -> Result<String> {
    let losses = [
        curve("loss", rows, |row| row.loss),
        curve("one call", rows, |row| row.one_call),
    ];
    let mut out = String::new();
    let area = SVGBackend::with_string(&mut out, SIZE).into_drawing_area();
    let halves = area.split_evenly((2, 1));
    let panels = [
        ("error over what is to be expected", losses.into()),
        ("one call + clamp over the JPEG, dB", gains(rows)),
    ];
    let drawn = area.fill(&WHITE).and_then(|()| {
        for (half, (title, curves)) in halves.iter().zip(&panels) {
            panel(half, title, curves)?;
        }
        area.present()
    });
    drawn.map_err(|e| Error::Backend(format!("the curves cannot be drawn: {e}")))?;
    drop((area, halves));
    Ok(out)
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

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<'a> =
    std::result::Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn panel<'a>(area: &Area<'a>, title: &str, curves: &[Curve]) -> Drawn<'a> {
    let all = || curves.iter().flat_map(|curve| &curve.points);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 14))
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(60)
        .build_cartesian_2d(range(all().map(|p| p.0)), range(all().map(|p| p.1)))?;
    let words = |step: &f64| format!("{step:.0}");
    chart.configure_mesh().x_label_formatter(&words).draw()?;
    for (i, curve) in curves.iter().enumerate() {
        let colour = Palette99::pick(i).to_rgba();
        let line = LineSeries::new(curve.points.iter().copied(), colour.stroke_width(2));
        chart
            .draw_series(line)?
            .label(&curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
    }
    chart.configure_series_labels().border_style(BLACK).draw()
}

/// Minimum and maximum, widened a little if there is only one value, or none.
fn range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    match (low.is_finite(), high > low) {
        (true, true) => low..high,
        (true, false) => low - 0.5..low + 0.5,
        (false, _) => 0.0..1.0,
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

    /// The points of each line that is drawn in the colour of a curve.
    fn lines(svg: &str) -> Vec<Vec<(f64, f64)>> {
        let points = |line: &str| {
            let points = line.split("points=\"").nth(1)?.split('"').next()?;
            let pairs = points.split_whitespace().filter_map(|pair| {
                let (x, y) = pair.split_once(',')?;
                Some((x.parse().ok()?, y.parse().ok()?))
            });
            Some(pairs.collect())
        };
        let curves = svg
            .lines()
            .filter(|line| line.contains("stroke-width=\"2\""));
        curves.filter_map(points).collect()
    }

    #[test]
    fn losses_fall_gains_rise_and_time_goes_to_the_right() {
        let rows = [row(1, Some(1.0)), row(2, None), row(4, Some(2.0))];
        let text = svg(&rows).unwrap();
        let lines = lines(&text);
        let (loss, gain) = (&lines[0], &lines[lines.len() - 1]);
        assert_eq!((loss.len(), gain.len()), (3, 2), "{text}");
        assert!(loss[0].0 < loss[2].0 && loss[0].1 < loss[2].1, "{loss:?}");
        assert!(gain[0].0 < gain[1].0 && gain[0].1 > gain[1].1, "{gain:?}");
        assert!(!text.contains("NaN"));
    }

    #[test]
    fn nothing_gives_a_picture_all_the_same() {
        assert!(svg(&[]).unwrap().trim_end().ends_with("</svg>"));
    }
}
