//! How the two processes speak: a greeting from each side, then frames.
//!
//! Greeting: `ddrmjpeg`, the protocol's number (u32), the length of the version (u8), the version.
//! Frame: kind (u8), number (u64), bytes that follow (u64). All numbers are little-endian. Questions
//! have numbers of the client's choice, and answers bear them, in any order.

use std::io;
use std::io::{Read, Write};

use crate::model::remote::wire::{nonsense, read_bytes};

/// Changes with everything that passes between the processes.
pub const PROTOCOL: u32 = 1;

/// Of both sides: the package's.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

const MAGIC: [u8; 8] = *b"ddrmjpeg";

/// Most bytes of a message without pictures.
pub const LONGEST_MESSAGE: usize = 8 << 20;

/// Most pixels of a picture.
pub const MOST_PIXELS: usize = 1 << 26;

/// What each side says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    pub protocol: u32,
    pub version: String,
}

impl Greeting {
    pub fn ours() -> Self {
        Self {
            protocol: PROTOCOL,
            version: VERSION.to_owned(),
        }
    }

    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let length = u8::try_from(self.version.len()).map_err(|_| nonsense("a long version"))?;
        let parts = [
            &MAGIC[..],
            &self.protocol.to_le_bytes(),
            &[length],
            self.version.as_bytes(),
        ];
        to.write_all(&parts.concat())?;
        to.flush()
    }

    pub fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut magic = MAGIC.map(|_| 0);
        from.read_exact(&mut magic)?;
        if magic != MAGIC {
            let found = String::from_utf8_lossy(&magic).escape_debug().to_string();
            return Err(nonsense(format!("it begins with \"{found}\"")));
        }
        let (mut protocol, mut length) = ([0; 4], [0; 1]);
        from.read_exact(&mut protocol)?;
        from.read_exact(&mut length)?;
        let version = read_bytes(from, length[0].into())?;
        Ok(Self {
            protocol: u32::from_le_bytes(protocol),
            version: String::from_utf8_lossy(&version).escape_debug().to_string(),
        })
    }

    /// That the other side is of the same version and protocol, or a sentence that names both.
    pub fn agrees(&self) -> Result<(), String> {
        let ours = Self::ours();
        if *self == ours {
            return Ok(());
        }
        Err(format!(
            "it is of version {}, protocol {}, and this program of version {}, protocol {}: \
             install both from one build",
            self.version, self.protocol, ours.version, ours.protocol
        ))
    }
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To the server, first: the options of the model.
    Open,
    /// To the server: estimate x0.
    Question,
    /// To the server: so many questions (the frame's number) come at once.
    Expect,
    /// To the client, first: facts and reach.
    Opened,
    /// To the client: x0.
    Answer,
    /// To the client: the error instead of it, or of opening (number 0).
    Failed,
}

impl Kind {
    const ALL: [(u8, Self); 6] = [
        (1, Self::Open),
        (2, Self::Question),
        (3, Self::Expect),
        (16, Self::Opened),
        (17, Self::Answer),
        (18, Self::Failed),
    ];
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub kind: Kind,
    pub number: u64,
    /// Bytes that follow.
    pub bytes: usize,
}

impl Head {
    pub fn write(self, to: &mut impl Write) -> io::Result<()> {
        let code = Kind::ALL.iter().find(|(_, kind)| *kind == self.kind);
        let code = code.map_or(0, |(code, _)| *code);
        let mut bytes = [0; 17];
        bytes[0] = code;
        bytes[1..9].copy_from_slice(&self.number.to_le_bytes());
        bytes[9..].copy_from_slice(&(self.bytes as u64).to_le_bytes());
        to.write_all(&bytes)
    }

    /// The next head; `None` where the other side has ended between two frames.
    pub fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut code = [0; 1];
        match from.read_exact(&mut code) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let (mut number, mut bytes) = ([0; 8], [0; 8]);
        from.read_exact(&mut number)?;
        from.read_exact(&mut bytes)?;
        let known = Kind::ALL.iter().find(|(known, _)| *known == code[0]);
        let (_, kind) = known.ok_or_else(|| nonsense(format!("a frame of kind {}", code[0])))?;
        let bytes = u64::from_le_bytes(bytes);
        Ok(Some(Self {
            kind: *kind,
            number: u64::from_le_bytes(number),
            bytes: usize::try_from(bytes).map_err(|_| nonsense(format!("{bytes} bytes")))?,
        }))
    }

    /// The bytes of a message without pictures.
    pub fn message(self, from: &mut impl Read) -> io::Result<Vec<u8>> {
        if self.bytes > LONGEST_MESSAGE {
            return Err(nonsense(format!(
                "a message of {} bytes: at most {LONGEST_MESSAGE} are allowed",
                self.bytes
            )));
        }
        read_bytes(from, self.bytes)
    }
}

/// Writes a frame without pictures.
pub fn send(to: &mut impl Write, kind: Kind, number: u64, message: &[u8]) -> io::Result<()> {
    let head = Head {
        kind,
        number,
        bytes: message.len(),
    };
    head.write(to)?;
    to.write_all(message)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_named_beside_ours() {
        let mut bytes = Vec::new();
        Greeting::ours().write(&mut bytes).unwrap();
        let found = Greeting::read(&mut &bytes[..]).unwrap();
        assert_eq!(found.agrees(), Ok(()));
        let other = Greeting {
            protocol: 7,
            version: "9.8.7".into(),
        };
        let why = other.agrees().unwrap_err();
        for part in ["9.8.7", "protocol 7", VERSION, "protocol 1"] {
            assert!(why.contains(part), "{part} is not in {why}");
        }
        let junk = Greeting::read(&mut &b"Hello, world"[..]).unwrap_err();
        assert!(junk.to_string().contains("Hello, w"), "{junk}");
    }

    #[test]
    fn heads_are_read_as_written_and_bounded() {
        for (_, kind) in Kind::ALL {
            let head = Head {
                kind,
                number: 77,
                bytes: 5,
            };
            let mut bytes = Vec::new();
            head.write(&mut bytes).unwrap();
            assert_eq!(Head::read(&mut &bytes[..]).unwrap(), Some(head));
            assert!(Head::read(&mut &bytes[..9]).is_err());
        }
        assert_eq!(Head::read(&mut &[][..]).unwrap(), None);
        assert!(Head::read(&mut &[9; 17][..]).is_err());
        let long = Head {
            kind: Kind::Open,
            number: 0,
            bytes: LONGEST_MESSAGE + 1,
        };
        assert!(long.message(&mut io::empty()).is_err());
    }
}
