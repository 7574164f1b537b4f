//! Whatever the bytes, the readers answer: a checkpoint or a fault, never a panic.

mod checkpoint_files;

use checkpoint_files::archive::small_zip;
use checkpoint_files::load_all;
use checkpoint_files::pickle::{text, vector};
use checkpoint_files::sound::sound;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use proptest::sample::Index;

#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Flip(Index, u8),
    /// Sizes like to be 0, all ones, or large.
    Word(Index, u32),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Copy(Index, Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let word = prop_oneof![Just(0), Just(u32::MAX), Just(0x7fff_ffff), any::<u32>()];
    prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, value)| Change::Set(at, value)),
        4 => (any::<Index>(), 0u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        2 => (any::<Index>(), word).prop_map(|(at, word)| Change::Word(at, word)),
        1 => any::<Index>().prop_map(Change::Cut),
        1 => (any::<Index>(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => (any::<Index>(), any::<Index>(), any::<u8>()).prop_map(|(from, to, n)| Change::Copy(from, to, n)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: Change) {
    let length = bytes.len().max(1);
    bytes.resize(length, 0);
    match change {
        Change::Set(at, value) => bytes[at.index(length)] = value,
        Change::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
        Change::Word(at, word) => {
            let at = at.index(length);
            bytes.splice(at..length.min(at + 4), word.to_le_bytes());
        }
        Change::Cut(at) => bytes.truncate(at.index(length)),
        Change::Insert(at, more) => {
            let at = at.index(length);
            bytes.splice(at..at, more);
        }
        Change::Copy(from, to, count) => {
            let (from, to) = (from.index(length), to.index(length));
            let part = bytes[from..length.min(from + usize::from(count))].to_vec();
            bytes.splice(to..to, part);
        }
    }
}

/// Opcodes in any order, with arguments that mostly fit.
fn opcode() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop::sample::select(&b"N\x88\x89(}])\x85\x86\x87taesuRbQ"[..]).prop_map(|op| vec![op]),
        4 => (prop::sample::select(&b"qhK"[..]), 0u8..4).prop_map(|(op, n)| vec![op, n]),
        2 => prop::sample::select(vec!["storage", "w", "0"]).prop_map(text),
        2 => prop::sample::select(vec!["_utils\n_rebuild_tensor_v2", "_utils\n_rebuild_parameter", "\nFloatStorage"])
            .prop_map(|name| format!("ctorch{}{name}\n", if name.starts_with('_') { "." } else { "" }).into_bytes()),
        1 => Just(b"ccollections\nOrderedDict\n".to_vec()),
        1 => Just(vector("0", 4)),
        1 => any::<u8>().prop_map(|op| vec![op]),
    ]
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4000))]

    #[test]
    fn changed_files_never_panic(
        which in 0..4usize,
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let mut bytes = sound().swap_remove(which);
        changes.into_iter().for_each(|change| apply(&mut bytes, change));
        drop(load_all(bytes));
    }

    #[test]
    fn pickles_of_any_opcodes_never_panic(opcodes in prop::collection::vec(opcode(), 0..60)) {
        drop(load_all(small_zip(&opcodes.concat(), &[1.0, 2.0, 3.0, 4.0])));
    }
}

#[test]
fn the_files_are_sound_before_they_are_changed() {
    for bytes in sound() {
        load_all(bytes).unwrap();
    }
}
