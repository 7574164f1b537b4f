//! Headers of any bytes, by the reader of our own: refused, or sound; and what lies behind them.

#![no_main]

use ddrmjpeg::jpeg::segments::abbreviated::{StreamTables, is_tables_only};
use ddrmjpeg::jpeg::segments::header::{self, QuantTables};
use ddrmjpeg::jpeg::segments::{behind, splitter};
use ddrmjpeg_fuzz::jpegs;

libfuzzer_sys::fuzz_target!(init: ddrmjpeg_fuzz::write_seeds(jpegs), |bytes: &[u8]| {
    if let Ok(header) = header::parse(bytes) {
        header.validate().expect("what was parsed is sound");
        for c in 0..=header.components.len() {
            let (x, y) = header.factors(c);
            assert!((1..=4).contains(&x) && (1..=4).contains(&y));
        }
        let _ = header.ijg_quality();
    }
    let behind = behind::look(bytes);
    assert!(behind.bytes <= bytes.len());
    let (mut tables, mut given) = (QuantTables::default(), StreamTables::default());
    for piece in splitter::pieces(bytes) {
        let _ = is_tables_only(piece.data);
        let whole = given.complete(piece.data);
        assert!(whole.len() >= piece.data.len());
        if let Ok(header) = header::parse_next(piece.data, &mut tables) {
            header.validate().expect("what was parsed is sound");
            // The tables that came before are in front of it now. Which ones, where a picture is
            // damaged or has tables between its scans, the two may see differently.
            if let Ok(alone) = header::parse(&whole) {
                assert_eq!((alone.width, alone.height), (header.width, header.height));
            }
        }
    }
});
