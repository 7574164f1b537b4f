//! The digest of a file on disk.
//!
//! Called after a download is complete, and by `ddrmjpeg model verify`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use md5::Md5;
use sha2::Sha256;
use sha2::digest::DynDigest;

use crate::error::{Error, Result};
use crate::model::catalog::{Algorithm, Hash};
use crate::model::fetch::{Event, Watch};

/// Bytes read at once.
const BLOCK: usize = 1 << 20;

/// The digest of the file `path`.
///
/// # Errors
/// [`Error::Io`] if it cannot be read, [`Error::Cancelled`].
pub fn digest(path: &Path, algorithm: Algorithm, watch: Watch<'_>) -> Result<Hash> {
    let failed = |e| Error::io(path, e);
    let mut file = File::open(path).map_err(failed)?;
    let total = file.metadata().map_err(failed)?.len();
    let mut hasher: Box<dyn DynDigest> = match algorithm {
        Algorithm::Sha256 => Box::<Sha256>::default(),
        Algorithm::Md5 => Box::<Md5>::default(),
    };
    let mut block = vec![0; BLOCK];
    let mut done = 0;
    loop {
        watch.tell(Event::Verifying { done, total })?;
        let count = file.read(&mut block).map_err(failed)?;
        if count == 0 {
            break;
        }
        hasher.update(&block[..count]);
        done += count as u64;
    }
    let hex = hasher.finalize().iter().fold(String::new(), |mut hex, b| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{b:02x}");
        hex
    });
    Ok(Hash { algorithm, hex })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 and RFC 1321 give these for "abc".
    #[test]
    fn digests_are_the_standards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let of = |algorithm| digest(&path, algorithm, Watch::default()).unwrap().hex;
        assert_eq!(
            of(Algorithm::Sha256),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(of(Algorithm::Md5), "900150983cd24fb0d6963f7d28e17f72");
    }
}
