//! Tests of the files, by a reader of their own. Whether they compute what the engine computes, a
//! test of the command asks ONNX Runtime.

use std::collections::BTreeSet;

use super::*;
use crate::model::registry::{self, NETWORKS};

/// The fields of a message: number, and the number or the bytes in it.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (&first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first < 0x80 {
            break;
        }
    }
    value
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = varint(&mut bytes);
        found.push(match tag & 7 {
            0 => (tag >> 3, Field::Number(value)),
            2 => {
                let (inner, rest) = bytes.split_at(value as usize);
                bytes = rest;
                (tag >> 3, Field::Bytes(inner))
            }
            kind => panic!("wire type {kind}"),
        });
    }
    found
}

/// What the fields `number` of `message` hold.
fn inside(message: &[u8], number: u64) -> Vec<&[u8]> {
    let matching = fields(message).into_iter().filter(|(n, _)| *n == number);
    let bytes = matching.filter_map(|(_, field)| match field {
        Field::Bytes(bytes) => Some(bytes),
        Field::Number(_) => None,
    });
    bytes.collect()
}

fn numbers(message: &[u8], number: u64) -> Vec<u64> {
    let matching = fields(message).into_iter().filter(|(n, _)| *n == number);
    let values = matching.filter_map(|(_, field)| match field {
        Field::Number(value) => Some(value),
        Field::Bytes(_) => None,
    });
    values.collect()
}

fn text(message: &[u8], number: u64) -> Vec<String> {
    let texts = inside(message, number).into_iter();
    texts
        .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
        .collect()
}

/// Names of inputs and outputs, or of constants by their field.
fn names(graph: &[u8], field: u64, name: u64) -> Vec<String> {
    let messages = inside(graph, field).into_iter();
    messages.flat_map(|message| text(message, name)).collect()
}

fn file(name: &str, wanted: &Wanted) -> Result<Vec<u8>> {
    export(&registry::get(name).unwrap().checkpoint().unwrap(), wanted)
}

fn tables() -> Tables {
    Tables {
        luma: [16; 64],
        chroma: [17; 64],
        subsampling: (2, 2),
    }
}

/// Every form of every network: the wish, and the inputs that it has.
fn forms() -> Vec<(&'static str, Wanted, Vec<&'static str>)> {
    let mut forms = Vec::new();
    for own in &NETWORKS {
        let only = one_call_only(own.checkpoint().unwrap().metadata());
        for with_noise in [false, true] {
            for given in [None, Some(tables())] {
                let mut inputs = vec!["decoded"];
                if with_noise {
                    inputs.splice(0..0, ["noisy", "sigma"]);
                }
                if given.is_none() {
                    inputs.extend(["luma_table", "chroma_table", "subsampling"]);
                }
                let wanted = Wanted {
                    with_noise,
                    tables: given,
                    licence: None,
                };
                if !(only && with_noise) {
                    forms.push((own.name, wanted, inputs));
                }
            }
        }
    }
    forms
}

/// A node reads what is there before it, every name is made once, and all that is made is read.
#[test]
fn graphs_are_in_order_and_complete() {
    assert_eq!(forms().len(), 6);
    for (name, wanted, inputs) in forms() {
        let file = file(name, &wanted).unwrap();
        let graph = inside(&file, 7)[0];
        assert_eq!(names(graph, 11, 1), inputs, "{name} {wanted:?}");
        assert_eq!(names(graph, 12, 1), ["restored"]);
        let mut there = BTreeSet::new();
        let constants = names(graph, 5, 8);
        for name in constants.into_iter().chain(names(graph, 11, 1)) {
            assert!(there.insert(name.clone()), "{name} twice");
        }
        let mut read = BTreeSet::from(["restored".to_owned()]);
        for node in inside(graph, 1) {
            let inputs = text(node, 1);
            assert!(inputs.iter().all(|name| there.contains(name)), "{inputs:?}");
            read.extend(inputs);
            for made in text(node, 2) {
                assert!(there.insert(made.clone()), "{made} twice");
            }
        }
        assert_eq!(there, read, "{name} {wanted:?}");
    }
}

/// Constants have as many bytes as their sizes say, and the weights are all there.
#[test]
fn constants_have_their_sizes() {
    for (name, wanted, _) in forms() {
        let file = file(name, &wanted).unwrap();
        let mut count = 0;
        for constant in inside(inside(&file, 7)[0], 5) {
            let size: u64 = numbers(constant, 1).iter().product();
            let bytes = if numbers(constant, 2) == [1] { 4 } else { 8 };
            assert_eq!(inside(constant, 9)[0].len() as u64, bytes * size);
            count += size;
        }
        let own = registry::get(name).unwrap();
        let shapes = own.shapes(own.checkpoint().unwrap().metadata()).unwrap();
        let all = crate::runtime::tensors::shapes::parameter_count(&shapes) as u64;
        // The head of x and the embedding are left out where they are known; a few constants come
        // with the conditions.
        assert!(
            count < all + 2000 && count > all * 4 / 5,
            "{count} of {all}"
        );
    }
}

#[test]
fn sizes_are_multiples_of_the_coarsest_map() {
    let of = |name| {
        let own = registry::get(name).unwrap();
        multiple_of(&own.net(own.checkpoint().unwrap().metadata()).unwrap())
    };
    assert_eq!((of("lean"), of("nano")), (8, 4));
}

#[test]
fn a_network_without_noise_has_no_denoiser() {
    let wanted = Wanted {
        with_noise: true,
        ..Wanted::default()
    };
    let message = file("nano", &wanted).unwrap_err().to_string();
    assert!(message.contains("never saw a noisy picture"), "{message}");
}

#[test]
fn the_file_says_what_it_is() {
    let wanted = Wanted {
        tables: Some(tables()),
        licence: Some("MIT".to_owned()),
        ..Wanted::default()
    };
    let file = file("nano", &wanted).unwrap();
    let pairs: Vec<_> = inside(&file, 14)
        .into_iter()
        .map(|pair| (text(pair, 1).remove(0), text(pair, 2).remove(0)))
        .collect();
    for (key, value) in [
        ("network", "nano"),
        ("size_multiple", "4"),
        ("licence", "MIT"),
    ] {
        assert!(pairs.contains(&(key.into(), value.into())), "{pairs:?}");
    }
    assert_eq!(text(&file, 2), ["ddrmjpeg"]);
}
