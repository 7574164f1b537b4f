//! The results of eval as a Markdown table, as CSV and as JSON.

use ddrmjpeg_lab::eval::scores::{Metric, Scores};
use serde_json::{Value, json};

use crate::eval::measure::{Pictures, Row};

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
            "| quality | sampling | method |{names} psnr gain | worst | worst picture | loses | s/Mpixel |\n\
             |---|---|---|{rules}---|---|---|---|---|"
        )
    }

    /// A table: means, the share of pictures on which each metric is better than the JPEG's,
    /// the gain in PSNR over the JPEG, the picture that gains least, and how many lose.
    pub fn markdown(&self) -> String {
        let lines = self.rows.iter().map(|row| self.markdown_row(row) + "\n");
        format!("{}\n{}", self.markdown_head(), lines.collect::<String>())
    }

    /// One row of the table.
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
        let tail = match worst(&gains) {
            None => " | | | | |".to_owned(),
            Some((i, least)) => format!(
                " {:+.3} | {least:+.3} | {} | {} | {:.2} |",
                gains.iter().sum::<f64>() / gains.len() as f64,
                cell(&self.pictures.names[i].display().to_string()),
                losses(&gains),
                seconds_per_mpixel(row)
            ),
        };
        let setting = &row.setting;
        format!(
            "| {} | {} | {} |{cells}{tail}",
            setting.chain.label(),
            setting.sampling(),
            cell(&row.method)
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
                    field(&row.setting.chain.label()),
                    row.setting.sampling(),
                    field(&row.method),
                    field(&self.pictures.names[i].display().to_string()),
                );
            }
        }
        out
    }

    /// Means, win rates, losses and every picture's figures.
    pub fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let mean = Scores::mean(&row.scores).unwrap_or(Scores(Vec::new()));
            let jpeg = self.jpeg_of(row);
            let wins = |i| jpeg.map(|jpeg| self.wins(row, jpeg, i));
            let by_metric = |of: &dyn Fn(usize) -> Value| -> Value {
                let pairs = self.metrics.iter().enumerate();
                pairs.map(|(i, m)| (m.to_string(), of(i))).collect()
            };
            let other = jpeg.filter(|jpeg| jpeg.method != row.method);
            let gains = other.map(|jpeg| self.gains(row, jpeg)).unwrap_or_default();
            let worst = worst(&gains).map(|(i, gain)| {
                json!({"picture": self.pictures.names[i].display().to_string(), "psnr_gain": gain})
            });
            let each = |i: usize| row.scores.iter().map(|s| s.0[i]).collect::<Vec<_>>();
            json!({
                "chain": row.setting.chain.to_string(),
                "quality": row.setting.chain.save.quality,
                "sampling": row.setting.sampling(),
                "method": row.method,
                "mean": by_metric(&|i| json!(mean.0.get(i))),
                "win_rate": by_metric(&|i| json!(wins(i))),
                "each": by_metric(&|i| json!(each(i))),
                "worst": worst,
                "loses": worst.as_ref().map(|_| losses(&gains)),
                "seconds_per_mpixel": seconds_per_mpixel(row),
            })
        });
        let names = self.pictures.names.iter();
        let names: Vec<String> = names.map(|n| n.display().to_string()).collect();
        json!({"pictures": names, "rows": rows.collect::<Vec<_>>()})
    }

    fn jpeg_of(&self, row: &Row) -> Option<&Row> {
        let of = |r: &&Row| r.method == "jpeg" && r.setting == row.setting;
        self.rows.iter().find(of)
    }

    /// The share of pictures on which the `i`th metric is better than the JPEG's.
    fn wins(&self, row: &Row, jpeg: &Row, i: usize) -> f64 {
        let pairs = row.scores.iter().zip(&jpeg.scores);
        let won = pairs.filter(|(new, old)| self.metrics[i].better(new.0[i], old.0[i]));
        won.count() as f64 / row.scores.len().max(1) as f64
    }

    /// The gain in PSNR of each picture, 0 if both are equal to the original; empty if PSNR is not
    /// measured.
    fn gains(&self, row: &Row, jpeg: &Row) -> Vec<f64> {
        let Some(i) = self.metrics.iter().position(|m| *m == Metric::Psnr) else {
            return Vec::new();
        };
        let pairs = row.scores.iter().zip(&jpeg.scores);
        pairs.map(|(new, old)| gain(new.0[i], old.0[i])).collect()
    }
}

fn gain(new: f64, old: f64) -> f64 {
    match new == old {
        true => 0.0,
        false => new - old,
    }
}

/// The index and the value of the least gain; the first if several are equal.
fn worst(gains: &[f64]) -> Option<(usize, f64)> {
    let gains = gains.iter().copied().enumerate();
    gains.min_by(|(_, a), (_, b)| a.total_cmp(b))
}

/// On how many pictures the JPEG has the higher PSNR.
fn losses(gains: &[f64]) -> usize {
    gains.iter().filter(|gain| **gain < 0.0).count()
}

fn seconds_per_mpixel(row: &Row) -> f64 {
    1e6 * row.seconds.iter().sum::<f64>() / row.pixels.max(1) as f64
}

/// Text as a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
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
    use super::*;
    use crate::eval::measure::Setting;
    use ddrmjpeg::frame::{PixelModel, Planar8};

    fn rows(chain: &str) -> Vec<Row> {
        let setting = Setting {
            chain: chain.parse().unwrap(),
            grey: false,
        };
        let row = |method: &str, psnr: [f64; 2], distance: [f64; 2]| Row {
            setting: setting.clone(),
            method: method.into(),
            scores: (0..2).map(|i| Scores(vec![psnr[i], distance[i]])).collect(),
            seconds: vec![0.5, 1.5],
            pixels: 1_000_000,
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
            rows: {
                let both = ["jpeg:10", "jpeg:20,shift:4,jpeg:90:444"];
                both.into_iter().flat_map(rows).collect()
            },
        };
        let table = report.markdown();
        let lines: Vec<&str> = table.lines().collect();
        let figures =
            "a, b | 31.250 (50 %) | 2.500 (100 %) | +0.250 | -0.500 | two.png | 1 | 2.00 |";
        assert_eq!(lines[3], format!("| 10 | 420 | {figures}"));
        assert_eq!(
            lines[5],
            format!("| jpeg:20,shift:4,jpeg:90:444 | 444 | {figures}")
        );
        let columns = |line: &str| line.matches('|').count();
        assert!(lines.iter().all(|line| columns(line) == columns(lines[0])));
        let csv = report.csv();
        assert!(
            csv.contains("\n10,420,\"a, b\",two.png,31.5,2,1.5\n"),
            "{csv}"
        );
        assert!(csv.contains("\n\"jpeg:20,shift:4,jpeg:90:444\",444,jpeg,one.png,30,4,0.5\n"));
        let json = report.json();
        assert_eq!(json["rows"][1]["win_rate"]["psnr"], 0.5);
        assert_eq!(json["rows"][1]["each"]["butteraugli"][1], 2.0);
        assert_eq!(json["rows"][3]["chain"], "jpeg:20,shift:4,jpeg:90:444");
        assert_eq!(json["rows"][3]["quality"], 90);
        assert_eq!(json["rows"][3]["loses"], 1);
        assert_eq!(json["rows"][3]["worst"]["picture"], "two.png");
        assert!(json["rows"][2]["loses"].is_null());
    }
    /// A picture that both return unchanged counts as neither a win nor a loss.
    #[test]
    fn equal_pictures_gain_nothing() {
        let infinite = f64::INFINITY;
        assert_eq!(gain(infinite, infinite), 0.0);
        let gains = [0.5, 0.0, -0.1, 0.2];
        assert_eq!((worst(&gains), losses(&gains)), (Some((2, -0.1)), 1));
        assert_eq!(worst(&[]), None);
    }
}
