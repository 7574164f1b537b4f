//! Messages of Protocol Buffers, as far as ONNX files need them: numbers, floats, bytes and
//! messages in messages.
//!
//! Called by `graph`. The numbers of fields are those of `onnx.proto`.

/// A message, written field by field.
#[derive(Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    /// Adds a number: int64, int32 or an enumeration.
    pub fn int(mut self, field: u32, value: i64) -> Self {
        self.tag(field, 0);
        self.varint(value as u64);
        self
    }

    /// Adds one field for each of `values`.
    pub fn ints(self, field: u32, values: &[i64]) -> Self {
        let add = |message: Self, &value: &i64| message.int(field, value);
        values.iter().fold(self, add)
    }

    /// Adds text or raw bytes.
    pub fn bytes(mut self, field: u32, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.tag(field, 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    /// Adds one field for each of `values`.
    pub fn all(self, field: u32, values: &[impl AsRef<[u8]>]) -> Self {
        let add = |message: Self, value| message.bytes(field, value);
        values.iter().fold(self, add)
    }

    fn tag(&mut self, field: u32, wire_type: u32) {
        self.varint(u64::from(field << 3 | wire_type));
    }

    /// Seven bits a byte, the lowest first; the highest bit says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Message> for Vec<u8> {
    fn from(message: Message) -> Self {
        message.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the encoding's own documentation: 150 in field 1, "testing" in field 2; and
    /// a negative number, which takes ten bytes.
    #[test]
    fn bytes_are_those_of_the_specification() {
        let message = Message::default().int(1, 150).bytes(2, "testing");
        let wanted = b"\x08\x96\x01\x12\x07testing";
        assert_eq!(message.as_ref(), wanted);
        let negative = Message::default().ints(8, &[-1]);
        assert_eq!(negative.as_ref(), [&[0x40][..], &[0xff; 9], &[1]].concat());
    }
}
