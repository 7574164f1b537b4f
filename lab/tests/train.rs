//! Contract of training: what is recorded repeats exactly, interrupted or not, and what is
//! written can be restored with.

#![cfg(feature = "torch")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::model::checkpoint::{StoreAs, write_safetensors};
use ddrmjpeg::model::registry::Own;
use ddrmjpeg::options::Precision;
use ddrmjpeg::runtime::tensors::shapes::RandomWeights;
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Restorer};
use ddrmjpeg_lab::train::record::{Row, read};
use ddrmjpeg_lab::train::{Event, Length, Pictures, Places, TrainOptions, least_side_px, train};

/// A network of the lean family small enough for a debug build.
fn tiny(folder: &Path) -> std::path::PathBuf {
    let metadata: BTreeMap<String, String> = [
        ("channels", "[8, 8, 16]"),
        ("blocks", "[1, 1, 1]"),
        ("embedding", "8"),
        ("sigma_one_call", "20"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let path = folder.join("tiny.safetensors");
    let weights = RandomWeights::new(Own::of(&metadata).unwrap().shapes(&metadata).unwrap(), 5);
    write_safetensors(&path, &weights, &metadata, StoreAs::Keep).unwrap();
    path
}

/// Slopes and stripes of differing directions.
fn pictures(options: &TrainOptions) -> Pictures {
    let picture = |i: usize| {
        let mut picture = Planar8::new(PixelModel::Rgb, 96, 80, (1, 1));
        for (c, plane) in picture.planes.iter_mut().enumerate() {
            for (at, byte) in plane.data.iter_mut().enumerate() {
                let (x, y) = (at % 96, at / 96);
                let stripe = (x * (i + 1) + y * (c + 2)) / 16 % 2;
                *byte = (x + y * i / 3 + 70 * stripe) as u8;
            }
        }
        picture
    };
    let all = (0..5).map(picture).collect();
    Pictures::new(all, Vec::new(), options.held_out, least_side_px(options)).unwrap()
}

fn options(steps: u64) -> TrainOptions {
    TrainOptions {
        length: Length::Steps(steps),
        batch: 3,
        crop_px: 48,
        warm_up: 4,
        held_out: 1,
        validate_every: 5,
        precision: Precision::F32,
        ..TrainOptions::default()
    }
}

fn places(out: &Path, from: Option<&Path>) -> Places {
    Places {
        out: out.to_owned(),
        from: from.map(Path::to_owned),
        resume: from.is_none(),
    }
}

static NEVER: AtomicBool = AtomicBool::new(false);

/// All of a row but the time it took.
fn curve(log: &Path) -> Vec<Row> {
    let rows = read(&log.join("log.csv")).unwrap().into_iter();
    rows.map(|row| Row {
        seconds: 0.0,
        // The batches are small: some have no example of one call.
        one_call: if row.one_call.is_nan() {
            -1.0
        } else {
            row.one_call
        },
        ..row
    })
    .collect()
}

/// Exactly: examples are functions of seed and step, the state holds all bits, and the
/// arithmetic is the same instructions in the same order.
#[test]
fn an_interrupted_training_has_the_same_curve() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let folder = tempfile::tempdir().unwrap();
    let model = tiny(folder.path());
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let options = options(12);
    let start = |places: Places, observe: fn(&Event)| {
        train(&options, &places, pictures(&options), &STOP, observe).unwrap();
    };
    start(places(&whole, Some(&model)), |_| {});
    start(places(&parts, Some(&model)), |event| {
        if matches!(event, Event::Step(row) if row.step == 7) {
            STOP.store(true, Ordering::Relaxed);
        }
    });
    assert_eq!(curve(&parts).len(), 7);
    STOP.store(false, Ordering::Relaxed);
    start(places(&parts, None), |_| {});
    assert_eq!(curve(&whole), curve(&parts));
    assert_eq!(curve(&whole).len(), 12);
    let bytes = |folder: &Path| std::fs::read(folder.join("model.safetensors")).unwrap();
    assert_eq!(bytes(&whole), bytes(&parts));
}

#[test]
fn a_training_learns_and_its_model_restores() {
    let folder = tempfile::tempdir().unwrap();
    let model = tiny(folder.path());
    let out = folder.path().join("out");
    let options = TrainOptions {
        rate: 3e-3,
        batch: 4,
        ..options(60)
    };
    let places = places(&out, Some(&model));
    train(&options, &places, pictures(&options), &NEVER, |_| {}).unwrap();
    let rows = curve(&out);
    let mean = |rows: &[Row]| rows.iter().map(|r| r.loss).sum::<f64>() / rows.len() as f64;
    let (first, last) = (mean(&rows[..15]), mean(&rows[45..]));
    // The random network is worse than the JPEG by far; 60 steps take most of that away.
    assert!(last < 0.5 * first, "{first} to {last}");
    let trained = out.join("model.safetensors").display().to_string();
    let restorer = Restorer::open(&ModelOptions::default().with_model(trained)).unwrap();
    let jpeg = ddrmjpeg::jpeg::encode(&Planar8::new(PixelModel::Rgb, 40, 24, (1, 1)), 50, (2, 2));
    let restored = restorer.restore_jpeg(
        &jpeg.unwrap(),
        &RestoreOptions::default(),
        Control::default(),
    );
    assert_eq!(restored.unwrap().frame.width(), 40);
    assert!(
        std::fs::read_to_string(out.join("curves.svg"))
            .unwrap()
            .contains("<polyline")
    );
}

/// Between two checkpoints pass `checkpoint_s` and the step in work, of at most 120 s in all
/// that the options allow.
#[test]
fn checkpoints_come_in_time() {
    static AT: AtomicU64 = AtomicU64::new(0);
    static GAPS: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    static STOP: AtomicBool = AtomicBool::new(false);
    let folder = tempfile::tempdir().unwrap();
    let model = tiny(folder.path());
    let options = TrainOptions {
        checkpoint_s: 1,
        ..options(100_000)
    };
    let places = places(&folder.path().join("out"), Some(&model));
    let start = std::time::Instant::now();
    let observe = move |event: &Event| {
        let now = start.elapsed().as_millis() as u64;
        match event {
            Event::Begun(_) => AT.store(now, Ordering::Relaxed),
            Event::Step(_) => {}
            Event::Saved(_) => {
                let mut gaps = GAPS.lock().unwrap();
                gaps.push(now - AT.swap(now, Ordering::Relaxed));
                STOP.store(gaps.len() == 3, Ordering::Relaxed);
            }
        }
    };
    train(&options, &places, pictures(&options), &STOP, observe).unwrap();
    let gaps = GAPS.lock().unwrap();
    // A busy machine may hold up a step; 10 s is far beyond any of these.
    assert!(gaps.iter().all(|&gap| gap < 1000 + 10_000), "{gaps:?}");
    assert!(gaps.len() >= 3);
}

#[test]
fn a_folder_in_use_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let model = tiny(folder.path());
    let out = folder.path().join("out");
    let options = options(1);
    let start = |places: &Places| train(&options, places, pictures(&options), &NEVER, |_| {});
    let nothing = start(&places(&out, None)).unwrap_err().to_string();
    assert!(nothing.contains("holds no training to resume"), "{nothing}");
    start(&places(&out, Some(&model))).unwrap();
    let twice = start(&places(&out, Some(&model))).unwrap_err().to_string();
    assert!(twice.contains("holds a training"), "{twice}");
}
