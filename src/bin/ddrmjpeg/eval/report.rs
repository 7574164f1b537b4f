//! The results of eval as a Markdown table, as CSV and as JSON.

use ddrmjpeg::eval::scores::{Metric, Scores};
use serde_json::{Value, json};

use super::measure::{Pictures, Row};

/// All rows of a run. The first row of every setting is the JPEG's own.
pub struct Report<'a> {
    pub pictures: &'a Pictures,
    pub metrics: &'a [Metric],
    pub rows: Vec<Row>,
}

impl Report<'_> {
    /// The table's first two lines.
    pub fn markdown_head(&self) -> String {
        let names = self.metrics.iter().map(|m| format!(" {m} |"));
        let names: String = names.collect();
        let rules = "---|".repeat(self.metrics.len());
        format!(
            "| quality | sampling | method |{names} psnr gain | worst | s/Mpixel |\n|---|---|---|{rules}---|---|---|"
        )
    }

    /// A table: means, the share of pictures on which each metric is better than the JPEG's,
    /// the gain in PSNR over the JPEG.
    pub fn markdown(&self) -> String {
        let lines = self.rows.iter().map(|row| self.markdown_row(row) + "\n");
        format!("{}\n{}", self.markdown_head(), lines.collect::<String>())
    }

    /// One row of it.
    pub fn markdown_row(&self, row: &Row) -> String {
        let jpeg = self.jpeg_of(row).filter(|jpeg| jpeg.method != row.method);
        let mean = Scores::mean(&row.scores).unwrap_or(Scores(Vec::new()));
        let cells = self.metrics.iter().zip(&mean.0).enumerate();
        let cells: String = cells
            .map(|(i, (metric, value))| {
                let shown = format!("{value:.*}", metric.digits());
                match jpeg {
                    Some(jpeg) => format!(" {shown} ({:.0} %) |", 100.0 * self.wins(row, jpeg, i)),
                    None => format!(" {shown} |"),
                }
            })
            .collect();
        let gains = jpeg.map(|jpeg| self.gains(row, jpeg)).unwrap_or_default();
        let tail = match gains.is_empty() {
            true => " | | |".to_owned(),
            false => format!(
                " {:+.3} | {:+.3} | {:.2} |",
                gains.iter().sum::<f64>() / gains.len() as f64,
                gains.iter().copied().fold(f64::INFINITY, f64::min),
                self.seconds_per_mpixel(row)
            ),
        };
        let setting = row.setting;
        format!(
            "| {} | {} | {} |{cells}{tail}",
            setting.quality, setting.sampling, row.method
        )
    }

    /// A line per picture, setting and method.
    pub fn csv(&self) -> String {
        let names: String = self.metrics.iter().map(|m| format!(",{m}")).collect();
        let mut out = format!("quality,sampling,method,picture{names},seconds\n");
        for row in &self.rows {
            for (i, (scores, seconds)) in row.scores.iter().zip(&row.seconds).enumerate() {
                let figures: String = scores.0.iter().map(|v| format!(",{v}")).collect();
                out += &format!(
                    "{},{},{},{}{figures},{seconds}\n",
                    row.setting.quality,
                    row.setting.sampling,
                    field(&row.method),
                    field(&self.pictures.names[i].display().to_string()),
                );
            }
        }
        out
    }

    /// Means, win rates and every picture's figures.
    pub fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let mean = Scores::mean(&row.scores).unwrap_or(Scores(Vec::new()));
            let jpeg = self.jpeg_of(row);
            let wins = |i| jpeg.map(|jpeg| self.wins(row, jpeg, i));
            let by_metric = |of: &dyn Fn(usize) -> Value| -> Value {
                let pairs = self.metrics.iter().enumerate();
                pairs.map(|(i, m)| (m.to_string(), of(i))).collect()
            };
            let each = |i: usize| row.scores.iter().map(|s| s.0[i]).collect::<Vec<_>>();
            json!({
                "quality": row.setting.quality,
                "sampling": row.setting.sampling.to_string(),
                "method": row.method,
                "mean": by_metric(&|i| json!(mean.0.get(i))),
                "win_rate": by_metric(&|i| json!(wins(i))),
                "each": by_metric(&|i| json!(each(i))),
                "seconds_per_mpixel": self.seconds_per_mpixel(row),
            })
        });
        let names = self.pictures.names.iter();
        let names: Vec<String> = names.map(|n| n.display().to_string()).collect();
        json!({"pictures": names, "rows": rows.collect::<Vec<_>>()})
    }

    fn jpeg_of(&self, row: &Row) -> Option<&Row> {
        let of = |r: &&Row| {
            r.method == "jpeg"
                && r.setting.quality == row.setting.quality
                && r.setting.sampling == row.setting.sampling
        };
        self.rows.iter().find(of)
    }

    /// The share of pictures on which the `i`th metric is better than the JPEG's.
    fn wins(&self, row: &Row, jpeg: &Row, i: usize) -> f64 {
        let pairs = row.scores.iter().zip(&jpeg.scores);
        let won = pairs.filter(|(new, old)| self.metrics[i].better(new.0[i], old.0[i]));
        won.count() as f64 / row.scores.len().max(1) as f64
    }

    /// The gain in PSNR of each picture; nothing where PSNR is not measured.
    fn gains(&self, row: &Row, jpeg: &Row) -> Vec<f64> {
        let Some(i) = self.metrics.iter().position(|m| *m == Metric::Psnr) else {
            return Vec::new();
        };
        let pairs = row.scores.iter().zip(&jpeg.scores);
        pairs.map(|(new, old)| new.0[i] - old.0[i]).collect()
    }

    fn seconds_per_mpixel(&self, row: &Row) -> f64 {
        let clean = self.pictures.clean.iter();
        let pixels: usize = clean.map(|p| p.width() * p.height()).sum();
        1e6 * row.seconds.iter().sum::<f64>() / pixels.max(1) as f64
    }
}

/// Text as a field of CSV.
fn field(text: &str) -> String {
    match text.contains([',', '"', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::arguments::Sampling;
    use super::super::measure::Setting;
    use super::*;
    use ddrmjpeg::frame::{PixelModel, Planar8};

    fn rows() -> Vec<Row> {
        let setting = Setting {
            quality: 10,
            sampling: Sampling(2, 2),
        };
        let row = |method: &str, psnr: [f64; 2], distance: [f64; 2]| Row {
            setting,
            method: method.into(),
            scores: (0..2).map(|i| Scores(vec![psnr[i], distance[i]])).collect(),
            seconds: vec![0.5, 1.5],
        };
        vec![
            row("jpeg", [30.0, 32.0], [4.0, 4.0]),
            row("a, b", [31.0, 31.5], [3.0, 2.0]),
        ]
    }

    #[test]
    fn means_wins_and_gains_are_those_of_the_pictures() {
        let pictures = Pictures {
            names: vec!["one.png".into(), "two.png".into()],
            clean: vec![Planar8::new(PixelModel::Grey, 1000, 500, (1, 1)); 2],
        };
        let report = Report {
            pictures: &pictures,
            metrics: &[Metric::Psnr, Metric::Butteraugli],
            rows: rows(),
        };
        let table = report.markdown();
        let last = table.lines().last().unwrap();
        assert_eq!(
            last,
            "| 10 | 420 | a, b | 31.250 (50 %) | 2.500 (100 %) | +0.250 | -0.500 | 2.00 |"
        );
        let csv = report.csv();
        assert!(
            csv.ends_with("10,420,\"a, b\",two.png,31.5,2,1.5\n"),
            "{csv}"
        );
        let json = report.json();
        assert_eq!(json["rows"][1]["win_rate"]["psnr"], 0.5);
        assert_eq!(json["rows"][1]["each"]["butteraugli"][1], 2.0);
    }
}
