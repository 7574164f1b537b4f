//! What one frame told of its tables, and the frames after it: kept while they agree.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use ddrmjpeg::options::Limits;
use ddrmjpeg::restore::{Estimated, FrameInfo, FrameTables, Report, TablesFrom};
use ddrmjpeg::{Control, RestoreOptions, Restorer};

use super::{committed, decoded_frame, load, pictures, steps_of};

/// A decoded frame of `clean`, 4:2:0.
fn frame(clean: &Planar8, [luma, chroma]: [[u16; 64]; 2]) -> Planar8 {
    let bytes = jpeg::file::write::encode_with(clean, &[luma, chroma, chroma], (2, 2)).unwrap();
    decoded_frame(&jpeg::read(&bytes, &Limits::default()).unwrap())
}

/// A restorer that changes nothing.
fn identity() -> Restorer {
    Restorer::with_denoiser(Arc::new(ddrmjpeg::model::identity::Identity))
}

fn report(frame: &Planar8, tables: &FrameInfo) -> Report {
    let restored = identity().restore_frame(
        frame,
        tables,
        &RestoreOptions::default(),
        Control::default(),
    );
    restored.unwrap().report
}

fn told(frame: &Planar8) -> Option<Arc<Estimated>> {
    report(frame, &FrameTables::Estimate.into()).estimated
}

/// Other tables than those that were told: finer, coarser, twice and half as coarse.
fn others(quality: u8, camera: bool) -> Vec<[[u16; 64]; 2]> {
    let own = steps_of(quality, camera);
    let doubled = own.map(|steps| steps.map(|step| 2 * step));
    let mut found = vec![steps_of(quality, !camera), doubled];
    found.extend([quality - 5, quality + 5].map(|quality| steps_of(quality, camera)));
    found
}

/// Of one picture the tables are told; other pictures agree when they were made with the same.
#[test]
fn what_one_frame_told_holds_for_the_next_and_no_longer() {
    let pictures: Vec<Planar8> = committed().iter().map(|path| load(path)).collect();
    let [first, rest @ ..] = &pictures[..] else {
        panic!("no pictures");
    };
    for quality in [30, 50, 75, 90] {
        for camera in [false, true] {
            let own = steps_of(quality, camera);
            let told = told(&frame(first, own)).expect("tables show");
            for next in rest {
                let holds = |steps| told.still_holds(&frame(next, steps)).unwrap();
                assert!(holds(own), "{quality} {camera}");
                for (n, other) in others(quality, camera).into_iter().enumerate() {
                    assert!(!holds(other), "{quality} {camera} {n}");
                }
                assert!(!told.still_holds(next).unwrap(), "RGB");
            }
        }
    }
}

/// The same pixels as with a search, and none made; when it does not hold, what is said
/// otherwise counts.
#[test]
fn a_kept_answer_restores_as_a_new_one_does() {
    let clean = load(&committed()[0]);
    let steps = steps_of(60, true);
    let cropped = frame(&clean, steps).without_margin((4, 2));
    let first = report(&cropped, &FrameTables::Estimate.into());
    let told = first.estimated.clone().expect("tables show");
    assert!(first.searched && told.luma.offset == (4, 6));
    let earlier = |otherwise| FrameInfo::from(otherwise).with_earlier(told.clone());
    let restore = |tables: &FrameInfo| {
        let options = RestoreOptions::default();
        identity()
            .restore_frame(&cropped, tables, &options, Control::default())
            .unwrap()
    };
    let kept = restore(&earlier(FrameTables::Unknown));
    assert_eq!(kept.frame, restore(&FrameTables::Estimate.into()).frame);
    assert!(kept.report.restored && !kept.report.searched);
    assert_eq!(kept.report.tables_from, Some(TablesFrom::Pixels));
    let other = frame(&clean, steps_of(40, false));
    let left = report(&other, &earlier(FrameTables::Unknown));
    assert!(!left.restored && !left.searched, "{left:?}");
    let anew = report(&other, &earlier(FrameTables::Estimate));
    assert!(anew.restored && anew.searched);
    assert_eq!(anew.quality, Some(40));
}

/// Prints what a search and a look cost, and how often a kept answer is right, for
/// docs/measurements/estimation.md. Each picture is the next frame of the one before.
#[test]
#[ignore = "needs DDRMJPEG_PICTURES"]
fn kept_answers_of_tune() {
    let paths = pictures("tune");
    let pictures: Vec<Planar8> = paths.iter().map(|path| load(path)).collect();
    println!("| quality | tables | kept | others refused | search ms | look ms |");
    println!("|---|---|---|---|---|---|");
    for quality in [30, 50, 75, 90] {
        for camera in [false, true] {
            let row = kept_row(&pictures, quality, camera);
            let name = if camera { "camera-like" } else { "libjpeg" };
            println!("| {quality} | {name} | {} |", row.join(" | "));
        }
    }
    let mut vain = Duration::ZERO;
    for clean in &pictures {
        let begun = Instant::now();
        assert_eq!(told(clean), None);
        vain += begun.elapsed();
    }
    println!(
        "a search in vain: {:.1} ms",
        1e3 * vain.as_secs_f64() / pictures.len() as f64
    );
}

fn kept_row(pictures: &[Planar8], quality: u8, camera: bool) -> Vec<String> {
    let own = steps_of(quality, camera);
    let (mut search, mut look) = (Duration::ZERO, Duration::ZERO);
    let (mut asked, mut kept, mut tried, mut refused) = (0, 0, 0, 0);
    for pair in pictures.windows(2) {
        let first = frame(&pair[0], own);
        let begun = Instant::now();
        let told = told(&first);
        search += begun.elapsed();
        let Some(told) = told else { continue };
        let next = frame(&pair[1], own);
        let begun = Instant::now();
        let holds = told.still_holds(&next).unwrap();
        look += begun.elapsed();
        asked += 1;
        kept += usize::from(holds);
        for other in others(quality, camera) {
            tried += 1;
            refused += usize::from(!told.still_holds(&frame(&pair[1], other)).unwrap());
        }
    }
    let ms = |time: Duration| format!("{:.1}", 1e3 * time.as_secs_f64() / f64::from(asked));
    vec![
        format!("{kept} of {asked}"),
        format!("{refused} of {tried}"),
        ms(search),
        ms(look),
    ]
}
