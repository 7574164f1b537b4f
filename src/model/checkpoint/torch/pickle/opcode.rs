//! The names of all pickle opcodes, for messages about refused ones.
//!
//! Source: Python's `pickle` module, protocols 0 to 5.

/// Opcodes that [`crate::model::checkpoint::torch::pickle::machine`] does not run.
const REFUSED: [(u8, &str); 37] = [
    (b'0', "POP"),
    (b'1', "POP_MARK"),
    (b'2', "DUP"),
    (b'F', "FLOAT"),
    (b'I', "INT"),
    (b'L', "LONG"),
    (b'P', "PERSID"),
    (b'S', "STRING"),
    (b'V', "UNICODE"),
    (b'd', "DICT"),
    (b'g', "GET"),
    (b'i', "INST"),
    (b'l', "LIST"),
    (b'o', "OBJ"),
    (b'p', "PUT"),
    (b'B', "BINBYTES"),
    (b'C', "SHORT_BINBYTES"),
    (0x81, "NEWOBJ"),
    (0x82, "EXT1"),
    (0x83, "EXT2"),
    (0x84, "EXT4"),
    (0x8b, "LONG4"),
    (0x8c, "SHORT_BINUNICODE"),
    (0x8d, "BINUNICODE8"),
    (0x8e, "BINBYTES8"),
    (0x8f, "EMPTY_SET"),
    (0x90, "ADDITEMS"),
    (0x91, "FROZENSET"),
    (0x92, "NEWOBJ_EX"),
    (0x93, "STACK_GLOBAL"),
    (0x94, "MEMOIZE"),
    (0x95, "FRAME"),
    (0x96, "BYTEARRAY8"),
    (0x97, "NEXT_BUFFER"),
    (0x98, "READONLY_BUFFER"),
    (0x80, "PROTO (in mid-stream)"),
    (b'.', "STOP (in mid-stream)"),
];

/// Why the opcode `code` is not run.
pub(crate) fn refusal(code: u8) -> String {
    match REFUSED.iter().find(|(known, _)| *known == code) {
        Some((_, name)) => format!("opcode {name} is not allowed: state dicts need none"),
        None => format!("byte {code:#04x} is no pickle opcode"),
    }
}
