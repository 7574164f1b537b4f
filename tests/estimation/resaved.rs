//! Files that were saved twice on one grid: the first table and the first levels come back.

use ddrmjpeg::frame::Planar8;
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::jpeg::grid::tables;
use ddrmjpeg::jpeg::recover::resaved;
use ddrmjpeg::jpeg::recover::resaved::{FamilyTable, FirstSave, TableFamily};
use ddrmjpeg::options::Limits;
use ddrmjpeg::runtime::threads::crew;

use super::{committed, load, pictures};

fn read(bytes: &[u8]) -> JpegFile {
    jpeg::read(bytes, &Limits::default()).unwrap()
}

/// `clean` saved at `first`, its pixels changed by `between`, and saved at `second`: both files.
fn saved_twice(
    clean: &Planar8,
    (first, before): (u8, (usize, usize)),
    between: impl Fn(&mut Planar8),
    (second, after): (u8, (usize, usize)),
) -> (JpegFile, JpegFile) {
    let once = jpeg::encode(clean, first, before).unwrap();
    let mut shown = jpeg::file::pixels::decode(&once, &Limits::default()).unwrap();
    between(&mut shown);
    let twice = jpeg::encode(&shown, second, after).unwrap();
    (read(&once), read(&twice))
}

/// Share of the levels of a component that are those of `once`.
fn share(first: &FirstSave, once: &JpegFile, c: usize) -> f64 {
    let both = first.file.components[c].levels.iter();
    let both = both.zip(&once.components[c].levels);
    let same = both.map(|(a, b)| a.iter().zip(b).filter(|(a, b)| a == b).count());
    same.sum::<usize>() as f64 / (64 * once.components[c].levels.len()) as f64
}

fn libjpeg(quality: u8) -> FamilyTable {
    let tables = TableFamily::Libjpeg;
    FamilyTable { tables, quality }
}

/// Of nine in ten components at least the table is named, and always the right one; where it is,
/// the levels come back. Clipping hides the rest.
#[test]
fn tables_and_levels_of_the_first_save_come_back() {
    let (mut named, mut all) = (0, 0);
    for path in committed() {
        let clean = load(&path);
        for (first, second) in [(20, 90), (15, 75), (10, 60), (30, 95), (40, 80)] {
            for sampling in [(2, 2), (2, 1), (1, 1)] {
                let (once, twice) =
                    saved_twice(&clean, (first, sampling), |_| (), (second, sampling));
                let found = resaved::first_save(&twice).unwrap();
                for (c, steps) in once.components.iter().map(|c| c.steps).enumerate() {
                    let of = format!("{path:?} {first}, {second}, {sampling:?}, {c}");
                    all += 1;
                    let earlier = found.earlier[c].as_ref();
                    let Some(table) = earlier.and_then(|earlier| earlier.table) else {
                        continue;
                    };
                    named += 1;
                    assert_eq!(table, libjpeg(first), "{of}");
                    assert_eq!(found.file.components[c].steps, steps, "{of}");
                    let share = share(&found, &once, c);
                    assert!(share > 0.99, "{of}: {share}");
                }
            }
        }
    }
    assert!(10 * named >= 9 * all, "{named} of {all}");
}

#[test]
fn mozjpegs_tables_are_known() {
    let clean = load(&committed()[0]);
    let tables = TableFamily::Mozjpeg;
    let table = FamilyTable {
        tables,
        quality: 40,
    };
    let steps = table.steps(resaved::Role::Luma);
    let once = jpeg::file::write::encode_with(&clean, &[steps; 3], (2, 2)).unwrap();
    let shown = jpeg::file::pixels::decode(&once, &Limits::default()).unwrap();
    let twice = jpeg::encode(&shown, 90, (2, 2)).unwrap();
    let found = resaved::of(&read(&twice));
    let found: Vec<_> = found.into_iter().map(|c| c.unwrap().table).collect();
    assert_eq!(found, [Some(table); 3]);
}

/// What was drawn over a picture after its first save goes by the second: three quarters of the
/// blocks at least, since some lie near the first table's teeth all the same.
#[test]
fn what_was_drawn_over_keeps_the_later_levels() {
    let clean = load(&committed()[0]);
    let scrawl = |shown: &mut Planar8| {
        for plane in &mut shown.planes {
            for y in 64..128 {
                for x in 64..192 {
                    let stroke = (x * 7 + y * 13 + x * y / 5) % 11 < 3;
                    let byte = &mut plane.data[y * plane.width + x];
                    *byte = if stroke { 250 } else { *byte };
                }
            }
        }
    };
    let (_, twice) = saved_twice(&clean, (20, (2, 2)), scrawl, (90, (2, 2)));
    let found = resaved::first_save(&twice).unwrap();
    for (c, wide) in [(0, 8), (1, 16)] {
        let component = &twice.components[c];
        let inside = |at: &&usize| {
            let (x, y) = (
                *at % component.blocks_wide * wide,
                *at / component.blocks_wide * wide,
            );
            (64..192).contains(&x) && (64..128).contains(&y)
        };
        let drawn = found.changed[c].keys().filter(inside).count();
        let all = 128 * 64 / (wide * wide);
        assert!(4 * drawn >= 3 * all, "{c}: {drawn} of {all}");
        let others = found.changed[c].len() - drawn;
        assert!(50 * others < component.levels.len(), "{c}: {others}");
        for (at, block) in &found.changed[c] {
            assert_eq!(
                (block.levels, block.steps),
                (component.levels[*at], component.steps)
            );
        }
    }
}

/// Chroma that was sampled otherwise, or made brighter luma, goes by the second save.
#[test]
fn what_contradicts_the_table_goes_by_the_later_save() {
    let clean = load(&committed()[0]);
    let (_, twice) = saved_twice(&clean, (20, (1, 1)), |_| (), (90, (2, 2)));
    let found = resaved::first_save(&twice).unwrap();
    assert_eq!(found.earlier[0].as_ref().unwrap().table, Some(libjpeg(20)));
    for c in [1, 2] {
        assert_eq!(found.earlier[c].as_ref().and_then(|c| c.table), None);
    }
    let brighter = |shown: &mut Planar8| {
        for plane in &mut shown.planes {
            plane
                .data
                .iter_mut()
                .for_each(|byte| *byte = byte.saturating_add(7));
        }
    };
    let (once, twice) = saved_twice(&clean, (20, (2, 2)), brighter, (90, (2, 2)));
    let found = resaved::first_save(&twice).unwrap();
    let [then, now] = [&once, &twice].map(|file| file.components[0].steps);
    let luma = found.file.components[0].steps;
    assert_eq!((luma[0], &luma[1..]), (now[0], &then[1..]));
}

/// Every quality from 5 to 98, 4:2:0 and 4:4:4: a picture that was saved once shows nothing.
#[test]
fn pictures_saved_once_show_nothing() {
    for path in committed() {
        let clean = load(&path);
        for quality in (5..=98).step_by(3) {
            for sampling in [(2, 2), (1, 1)] {
                let file = read(&jpeg::encode(&clean, quality, sampling).unwrap());
                assert!(resaved::first_save(&file).is_none(), "{path:?} {quality}");
            }
        }
    }
}

#[test]
fn tables_scale_as_libjpegs_do() {
    let (luma, chroma) = tables::ijg_pair(37);
    let table = libjpeg(37);
    assert_eq!(table.steps(resaved::Role::Luma), luma);
    assert_eq!(table.steps(resaved::Role::Chroma), chroma);
}

/// The same of many pictures, at every quality.
#[test]
#[ignore = "needs DDRMJPEG_PICTURES"]
fn pictures_of_tune_saved_once_show_nothing() {
    let paths = pictures("tune");
    let mut all = 0;
    let mut shown = Vec::new();
    for sampling in [(2, 2), (1, 1)] {
        for quality in 5..=98 {
            let shows = crew::map(&paths, |path| {
                let file = read(&jpeg::encode(&load(path), quality, sampling).unwrap());
                resaved::first_save(&file).is_some()
            });
            all += paths.len();
            let found = paths.iter().zip(shows).filter(|(_, shows)| *shows);
            shown.extend(found.map(|(path, _)| (quality, sampling, path.clone())));
        }
    }
    println!("{} of {all} show an earlier save", shown.len());
    assert!(shown.is_empty(), "{shown:?}");
}
