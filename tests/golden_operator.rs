//! The published operator and its schedules against numbers computed once by the published
//! Python code: tables, levels and pixels of its JPEG, β and ᾱ.

#[expect(dead_code, reason = "other tests read more of the files")]
mod golden;

use ddrmjpeg::contract::QuantSteps;
use ddrmjpeg::frame::Picture;
use ddrmjpeg::jpeg::grid::published_operator::PublishedJpeg;
use ddrmjpeg::jpeg::grid::tables;
use ddrmjpeg::jpeg::grid::tables::{BASE_CHROMA, BASE_LUMA};
use ddrmjpeg::sampler::schedule::{BetaSchedule, alpha_bar, betas};
use golden::Fixture;

/// The qualities of a file: what follows `prefix` in the names of its tensors.
fn qualities(fixture: &Fixture, prefix: &str) -> Vec<u8> {
    let file = fixture.tensors();
    let names = file.names();
    let numbers = names.iter().filter_map(|name| name.strip_prefix(prefix));
    let mut found: Vec<u8> = numbers.map(|number| number.parse().unwrap()).collect();
    found.sort_unstable();
    assert!(!found.is_empty());
    found
}

#[test]
fn the_tables_are_the_published_ones() {
    let fixture = Fixture::open("quant_tables");
    let as_floats = |steps: QuantSteps| steps.map(f64::from).to_vec();
    for quality in qualities(&fixture, "luma_") {
        let (shape, luma) = fixture.doubles(&format!("luma_{quality}"));
        assert_eq!(shape, [8, 8]);
        assert_eq!(as_floats(tables::published(&BASE_LUMA, quality)), luma);
        let (_, chroma) = fixture.doubles(&format!("chroma_{quality}"));
        assert_eq!(as_floats(tables::published(&BASE_CHROMA, quality)), chroma);
    }
}

/// How many levels are not those recorded; none by more than 1.
fn flips(got: &[f32], want: &[f32]) -> usize {
    assert_eq!(got.len(), want.len());
    let distances = got.iter().zip(want).map(|(a, b)| (a - b).abs());
    let moved: Vec<f32> = distances.filter(|&d| d != 0.0).collect();
    assert!(moved.iter().all(|&d| d <= 1.0), "{moved:?}");
    moved.len()
}

/// Ties may round either way: 1 level in 10,000 may differ by 1 (the files' README).
#[test]
fn levels_are_the_published_ones() {
    let fixture = Fixture::open("jpeg_operator");
    let pictures = fixture.pictures("x");
    for quality in qualities(&fixture, "luma_") {
        let operator = PublishedJpeg::new(quality);
        let (_, luma) = fixture.floats(&format!("luma_{quality}"));
        let (_, chroma) = fixture.floats(&format!("chroma_{quality}"));
        let encoded = pictures.iter().map(|x| operator.encode(x).unwrap().planes);
        let (mut own_luma, mut own_chroma) = (Vec::new(), Vec::new());
        for [y, cb, cr] in encoded {
            own_luma.extend(y);
            own_chroma.extend([cb, cr].concat());
        }
        let moved = flips(&own_luma, &luma) + flips(&own_chroma, &chroma);
        let all = luma.len() + chroma.len();
        assert!(moved * 10_000 <= all, "quality {quality}: {moved} of {all}");
    }
}

/// 1e-4 of the range of 2 (the files' README): the same sums in another order. A picture with a
/// level that flipped is decoded from the recorded levels all the same.
#[test]
fn pixels_are_the_published_ones() {
    let fixture = Fixture::open("jpeg_operator");
    let pictures = fixture.pictures("x");
    for quality in qualities(&fixture, "decoded_") {
        let operator = PublishedJpeg::new(quality);
        let wanted = fixture.pictures(&format!("decoded_{quality}"));
        let luma = fixture.pictures(&format!("luma_{quality}"));
        let chroma = fixture.pictures(&format!("chroma_{quality}"));
        for (i, want) in wanted.iter().enumerate() {
            let mut levels = operator.encode(&pictures[i]).unwrap();
            let [cb, cr] = [0, 1].map(|c| chroma[i].plane(c).to_vec());
            levels.planes = [luma[i].data.clone(), cb, cr];
            let error = largest_difference(&operator.decode(&levels), want);
            assert!(error < 1e-4, "quality {quality}: {error:e}");
        }
    }
}

fn largest_difference(a: &Picture, b: &Picture) -> f32 {
    assert_eq!(a.data.len(), b.data.len());
    let pairs = a.data.iter().zip(&b.data);
    pairs.fold(0.0, |most, (a, b)| most.max((a - b).abs()))
}

fn close(name: &str, got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{name}");
    for (t, (a, b)) in got.iter().zip(want).enumerate() {
        // A schedule that ends in pure noise ends in a zero.
        assert!(
            (a - b).abs() <= 1e-6 * b.abs(),
            "{name}[{t}]: {a:e}, wanted {b:e}"
        );
    }
}

/// Relative 1e-6 (the files' README): the recorded ones are f32.
#[test]
fn schedules_are_the_published_ones() {
    let fixture = Fixture::open("schedules");
    let number = |key: &str| fixture.metadata(key).as_f64().unwrap();
    let (start, end) = (number("beta_start"), number("beta_end"));
    let steps = number("steps") as usize;
    for (name, shape) in [
        ("linear", BetaSchedule::Linear),
        ("quad", BetaSchedule::Quad),
        ("const", BetaSchedule::Const),
        ("jsd", BetaSchedule::Jsd),
        ("sigmoid", BetaSchedule::Sigmoid),
    ] {
        let own = betas(shape, start, end, steps);
        close(name, &own, &fixture.doubles(&format!("betas_{name}")).1);
        // Its index 0 is t = -1, where nothing is noise yet.
        let bars = [vec![1.0], alpha_bar(&own)].concat();
        close(
            name,
            &bars,
            &fixture.doubles(&format!("alpha_bar_{name}")).1,
        );
    }
}
