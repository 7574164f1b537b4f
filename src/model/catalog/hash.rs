//! Digests of files, as the catalogue writes them. They are computed by `fetch`.

use std::fmt;

use crate::error::{Error, Result};

/// How a digest is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// MD5: detects damage, but not malice. Some publishers have nothing better.
    Md5,
}

impl Algorithm {
    /// Digits of a digest in hexadecimal.
    pub fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Md5 => 32,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "sha256",
            Self::Md5 => "md5",
        })
    }
}

/// A digest of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hash {
    /// How it is computed.
    pub algorithm: Algorithm,
    /// Its digits, lower case.
    pub hex: String,
}

impl Hash {
    /// A digest from its hexadecimal digits, in either case.
    ///
    /// # Errors
    /// [`Error::Options`] if there are too few or too many, or other characters.
    pub fn new(algorithm: Algorithm, hex: &str) -> Result<Self> {
        let digits = algorithm.digits();
        if hex.len() == digits && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            let hex = hex.to_ascii_lowercase();
            return Ok(Self { algorithm, hex });
        }
        Err(Error::options(format!(
            "{algorithm} {hex:?} is not {digits} hexadecimal digits"
        )))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, self.hex)
    }
}
