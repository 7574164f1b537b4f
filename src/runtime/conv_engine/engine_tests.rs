//! Tests: which arithmetic is used, and the memory of its maps.

use super::*;
use crate::model::lean::tests::{build, source};

fn plain(kind: Kind) -> Engine<impl Wired> {
    Engine::plain(&source(), (Device::Cpu, kind), build).unwrap()
}

/// Runs on a CPU what happens on CUDA; a CPU computes in both kinds.
#[test]
fn half_precision_is_used_where_it_agrees() {
    tch::no_grad(|| {
        let mut engine = plain(Kind::Float);
        engine.halve(Ok(plain(Kind::BFloat16)));
        assert_eq!((engine.kind(), engine.caution()), (Kind::BFloat16, None));
    });
}

/// lean has 64 channels at half the resolution.
#[test]
fn bytes_of_a_pixel_are_those_of_its_kind() {
    tch::no_grad(|| {
        let bytes = [Kind::Float, Kind::BFloat16].map(|kind| {
            let mut engine = plain(Kind::Float);
            let plainly = engine.pixel_bytes();
            engine.quicken(kind);
            (engine.kind() == kind, plainly, engine.pixel_bytes())
        });
        assert_eq!(bytes, [(true, 320, 192), (true, 320, 96)]);
    });
}

#[test]
fn half_precision_that_is_wrong_or_fails_is_not_used() {
    tch::no_grad(|| {
        let wrong = plain(Kind::BFloat16);
        let mut bias = wrong.plain.heads()[1].bias.shallow_clone();
        let _ = bias.fill_(f64::NAN);
        let failed = Err(Error::Backend("no such kernel".into()));
        for half in [Ok(wrong), failed] {
            let mut engine = plain(Kind::Float);
            engine.halve(half);
            assert_eq!(engine.kind(), Kind::Float);
            let caution = engine.caution().unwrap();
            assert!(
                caution.starts_with("half precision is not used: "),
                "{caution}"
            );
        }
    });
}
