//! The stages of a restoration and one call of the lean prior, on a made-up picture of 512x512.
//!
//! `ddrmjpeg bench` says what they are compared with; these say what a change did to them.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ddrmjpeg::contract::{Control, Measurement, Spread, Trust};
use ddrmjpeg::jpeg as file_format;
use ddrmjpeg::jpeg::JpegMeasurement;
use ddrmjpeg::jpeg::grid;
use ddrmjpeg::jpeg::grid::cell::Slack;
use ddrmjpeg::options::Limits;
use ddrmjpeg::{ModelOptions, RestoreOptions, Restorer};
use ddrmjpeg_lab::bench::jpeg;

const SIDE: usize = 512;

fn stages(c: &mut Criterion) {
    let bytes = jpeg(SIDE, SIDE).expect("a made-up picture can be encoded");
    let limits = Limits::default();
    let file = file_format::read(&bytes, &limits).expect("what was encoded can be read");
    let seen = grid::from_file(&file);
    let mut x = seen.hint().decoded;
    let mut group = c.benchmark_group("stages");
    group.throughput(Throughput::Elements((SIDE * SIDE) as u64));
    group.bench_function("read", |b| {
        b.iter(|| file_format::read(black_box(&bytes), &limits));
    });
    group.bench_function("observe", |b| b.iter(|| grid::from_file(black_box(&file))));
    group.bench_function("hint", |b| b.iter(|| black_box(&seen).hint()));
    let measurement = JpegMeasurement::new(&seen, Slack::NONE);
    let spread = Spread::white(0.05);
    for (name, trust) in [
        ("cell_clamp", Trust::Clamp),
        ("cell_mean", Trust::Mean(&spread)),
    ] {
        group.bench_function(name, |b| b.iter(|| measurement.project(&mut x, trust)));
    }
    group.finish();
}

fn restoration(c: &mut Criterion) {
    let bytes = jpeg(SIDE, SIDE).expect("a made-up picture can be encoded");
    let options = RestoreOptions::default();
    let restorer = Restorer::open(&ModelOptions::default()).expect("the built-in model opens");
    let mut group = c.benchmark_group("restore");
    group.throughput(Throughput::Elements((SIDE * SIDE) as u64));
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(5));
    group.bench_function("fast", |b| {
        b.iter(|| restorer.restore_jpeg(black_box(&bytes), &options, Control::default()));
    });
    group.finish();
}

criterion_group!(benches, stages, restoration);
criterion_main!(benches);
