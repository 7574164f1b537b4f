//! Which rows of a damaged file are known: those above a cut, and with restart markers those
//! of every interval that is whole.

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::JpegFile;
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Restorer};

const WIDTH: usize = 64;
const HEIGHT: usize = 64;
/// Rows in one MCU of a grey picture.
const ROWS: usize = 8;

fn scene() -> Planar8 {
    let mut out = Planar8::new(PixelModel::Grey, WIDTH, HEIGHT, (1, 1));
    for (i, byte) in out.planes[0].data.iter_mut().enumerate() {
        *byte = (((i * 2_654_435_761) >> 9) % 200) as u8;
    }
    out
}

/// Where the entropy-coded data of a file of one scan begin.
fn scan(file: &[u8]) -> usize {
    let start = file.windows(2).position(|pair| pair == [0xFF, 0xDA]);
    start.expect("a scan") + 10
}

/// The scene with a restart marker behind each row of MCUs, and where each row's data lie:
/// every row is encoded by itself, since a restart forgets all that came before.
fn restarted() -> (Vec<u8>, Vec<std::ops::Range<usize>>) {
    let scene = scene();
    let row = |n: usize| {
        let mut row = Planar8::new(PixelModel::Grey, WIDTH, ROWS, (1, 1));
        let bytes = &scene.planes[0].data[n * ROWS * WIDTH..][..ROWS * WIDTH];
        row.planes[0].data.copy_from_slice(bytes);
        jpeg::encode(&row, 60, (1, 1)).unwrap()
    };
    let whole = jpeg::encode(&scene, 60, (1, 1)).unwrap();
    let interval = (WIDTH / 8) as u8;
    let mut out = [&whole[..2], &[0xFF, 0xDD, 0, 4, 0, interval]].concat();
    out.extend(&whole[2..scan(&whole)]);
    let mut places = Vec::new();
    for n in 0..HEIGHT / ROWS {
        let file = row(n);
        let start = out.len();
        out.extend(&file[scan(&file)..file.len() - 2]);
        places.push(start..out.len());
        out.extend([0xFF, 0xD0 + n as u8 % 8]);
    }
    out.truncate(out.len() - 2);
    out.extend([0xFF, 0xD9]);
    (out, places)
}

fn read(bytes: &[u8]) -> JpegFile {
    jpeg::read(bytes, &RestoreOptions::default().limits).unwrap()
}

fn damaged_rows(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    read(bytes).damage.expect("damage").rows()
}

#[test]
fn restart_markers_change_nothing_in_a_whole_file() {
    let plain = read(&jpeg::encode(&scene(), 60, (1, 1)).unwrap());
    let restarted = read(&restarted().0);
    assert_eq!(restarted.damage, None);
    assert_eq!(restarted.components, plain.components);
}

#[test]
fn damage_ends_with_its_restart_interval() {
    let (whole, places) = restarted();
    let intact = read(&whole);
    for n in 0..places.len() {
        let middle = (places[n].start + places[n].end) / 2;
        let hurt = [&whole[..middle], &whole[places[n].end..]].concat();
        let file = read(&hurt);
        let rows = file.damage.as_ref().expect("damage").rows();
        let damaged = n * ROWS..(n + 1) * ROWS;
        assert_eq!(rows, std::slice::from_ref(&damaged));
        for (i, (a, b)) in file.components[0]
            .levels
            .iter()
            .zip(&intact.components[0].levels)
            .enumerate()
        {
            let inside = i / file.components[0].blocks_wide == n;
            assert!(a == b || inside, "block {i}, row {n} cut");
        }
    }
}

#[test]
fn a_lost_interval_is_one_lost_row() {
    let (whole, places) = restarted();
    let hurt = [&whole[..places[2].start], &whole[places[3].start..]].concat();
    let rows = damaged_rows(&hurt);
    assert!(
        rows.iter()
            .all(|rows| rows.start >= ROWS && rows.end <= 4 * ROWS),
        "{rows:?}"
    );
    assert!(
        rows.iter().any(|rows| rows.contains(&(2 * ROWS))),
        "{rows:?}"
    );
}

#[test]
fn without_restart_markers_everything_below_is_lost() {
    let whole = jpeg::encode(&scene(), 60, (1, 1)).unwrap();
    let cut = &whole[..whole.len() / 2];
    let ended = [cut, &[0xFF, 0xD9]].concat();
    for bytes in [cut, &ended] {
        let rows = damaged_rows(bytes);
        assert_eq!(rows.len(), 1, "{rows:?}");
        let start = rows[0].start;
        assert!(
            start > 0 && start < HEIGHT && start.is_multiple_of(ROWS),
            "{rows:?}"
        );
        assert_eq!(rows[0].end, HEIGHT);
    }
}

#[test]
fn only_the_end_marker_missing_loses_nothing() {
    let whole = jpeg::encode(&scene(), 60, (1, 1)).unwrap();
    assert_eq!(damaged_rows(&whole[..whole.len() - 2]), []);
}

/// The file with `bytes` before each of its restart markers.
fn with_stray(bytes: &[u8]) -> Vec<u8> {
    let (whole, places) = restarted();
    let mut out = whole[..places[0].start].to_vec();
    for n in 0..places.len() {
        out.extend(&whole[places[n].clone()]);
        let next = places.get(n + 1).map_or(whole.len(), |next| next.start);
        if n + 1 < places.len() {
            out.extend(bytes);
        }
        out.extend(&whole[places[n].end..next]);
    }
    out
}

/// Some cameras put 1 to 9 bytes there in nearly every frame.
#[test]
fn bytes_before_a_restart_marker_cost_nothing() {
    let intact = read(&restarted().0);
    let junk = [0x5A, 0, 0xD9, 0x80, 1, 0xC4, 0x3C, 0xFE, 0x77];
    for count in 1..=junk.len() {
        let file = read(&with_stray(&junk[..count]));
        assert!(file.components == intact.components, "{count} bytes");
        let damage = file.damage.as_ref().expect("a complaint");
        assert!(damage.is_empty() && damage.rows().is_empty(), "{damage:?}");
        let said = damage.describe(HEIGHT);
        assert!(!said.contains("damaged"), "{said}");
        let restored = restore(&with_stray(&junk[..count]));
        assert!(restored.report.restored);
        assert_eq!(restored.frame, restore(&restarted().0).frame);
    }
    // Fill bytes are legal, any number of them.
    assert_eq!(read(&with_stray(&[0xFF; 20])), intact);
}

/// A hundred bytes before a marker are no filling: they are the rest of an interval that was
/// read wrongly.
#[test]
fn many_bytes_before_a_restart_marker_are_damage() {
    let damage = read(&with_stray(&[0x5A; 100])).damage.expect("damage");
    assert_eq!(damage.rows(), std::slice::from_ref(&(0..HEIGHT - ROWS)));
}

#[test]
fn what_stands_about_the_end_costs_nothing() {
    let whole = restarted().0;
    let intact = read(&whole);
    let bare = &whole[..whole.len() - 2];
    for bytes in [
        bare.to_vec(),
        [bare, &[0; 2]].concat(),
        [bare, &[0; 900]].concat(),
        [&whole, &[0; 900][..]].concat(),
        [&whole, b"any other bytes".as_slice()].concat(),
    ] {
        let file = read(&bytes);
        assert!(file.components == intact.components);
        let notes = restore(&bytes).report.notes;
        assert!(
            notes.iter().all(|note| !note.contains("damaged")),
            "{notes:?}"
        );
        assert!(file.damage.is_none_or(|damage| damage.is_empty()));
    }
}

/// Where a marker is lost the interval before it is whole, and the one behind it is passed over.
#[test]
fn a_lost_marker_costs_the_interval_behind_it() {
    let (mut whole, places) = restarted();
    whole[places[2].end] = 0x12;
    whole[places[2].end + 1] = 0x34;
    assert_eq!(
        damaged_rows(&whole),
        std::slice::from_ref(&(3 * ROWS..4 * ROWS))
    );
}

/// Bits that were decoded wrongly hardly ever end with the filling of an encoder; the levels that
/// come of them are nobody's. Of all the bytes of an interval that are changed in turn, those
/// are counted that give other levels than the encoder's without a word.
#[test]
fn an_interval_with_a_wrong_byte_is_mostly_noticed() {
    let (whole, places) = restarted();
    let intact = read(&whole);
    let (mut wrong, mut silent) = (0, 0);
    for at in places[3].clone() {
        let mut hurt = whole.clone();
        hurt[at] ^= 0x55;
        let file = read(&hurt);
        wrong += usize::from(file.components != intact.components);
        silent += usize::from(file.components != intact.components && file.damage.is_none());
        let rows = file.damage.map_or(Vec::new(), |damage| damage.rows());
        assert!(
            rows.iter().all(|rows| *rows == (3 * ROWS..4 * ROWS)),
            "{at}: {rows:?}"
        );
    }
    assert!(wrong > 100 && 2 * silent < wrong, "{silent} of {wrong}");
}

/// Rows of MCUs are not all or nothing: what came before a cut is restored to the last MCU.
#[test]
fn a_cut_is_in_the_middle_of_a_row() {
    let whole = jpeg::encode(&scene(), 60, (1, 1)).unwrap();
    let starts = (scan(&whole) + 50..whole.len() - 20).map(|end| {
        let lost = read(&whole[..end])
            .damage
            .map_or(Vec::new(), |damage| damage.lost);
        lost.first().map_or(0, |part| part.x)
    });
    assert!(starts.filter(|x| *x > 0).count() > 100);
}

fn restore(bytes: &[u8]) -> ddrmjpeg::restore::Restored {
    let core = Restorer::open(&ModelOptions::default().with_model("identity")).unwrap();
    let options = RestoreOptions::default();
    core.restore_jpeg(bytes, &options, Control::default())
        .unwrap()
}

/// The damaged rows are shown as decoded, the others restored: with the identity prior that is
/// seen in nothing but the report, so the strength tells them apart.
#[test]
fn rows_on_both_sides_of_the_damage_are_restored() {
    let (whole, places) = restarted();
    let middle = (places[3].start + places[3].end) / 2;
    let hurt = [&whole[..middle], &whole[places[3].end..]].concat();
    let (good, bad) = (restore(&whole), restore(&hurt));
    assert!(bad.report.restored);
    let said = bad.report.notes.join(" ");
    assert!(said.contains("56 of 64 rows restored"), "{said}");
    let rows = |n: std::ops::Range<usize>| n.start * ROWS * WIDTH..n.end * ROWS * WIDTH;
    let (good, bad) = (&good.frame.planes[0].data, &bad.frame.planes[0].data);
    assert_eq!(good[rows(0..3)], bad[rows(0..3)]);
    assert_eq!(good[rows(4..8)], bad[rows(4..8)]);
}
