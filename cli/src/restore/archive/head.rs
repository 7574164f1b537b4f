//! What stands before the content of a member: its header, and headers that extend it.
//!
//! Kept as it was read, so that a member that passes is the same byte for byte.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use tar::{Builder, EntryType, Header, PaxExtensions};

/// Bytes in a block.
pub const BLOCK: usize = 512;

/// How long the field for a name in a header is.
const NAME_FIELD: usize = 100;

/// A header that says more of the member behind it, such as a long name, and its content.
#[derive(Clone, Debug)]
pub struct Extension {
    /// Its own header.
    pub header: Header,
    /// Its content.
    pub data: Vec<u8>,
}

/// All that describes a member.
#[derive(Clone, Debug)]
pub struct Head {
    /// Extended headers, in their order.
    pub extensions: Vec<Extension>,
    /// The header itself.
    pub header: Header,
}

/// A property of a member in pax's extended headers.
type Property = (String, Vec<u8>);

impl Extension {
    /// The properties in it, if it is one of pax.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn properties(&self) -> Result<Vec<Property>> {
        let mut all = Vec::new();
        for property in PaxExtensions::new(&self.data) {
            let property = property.context("a damaged extended header")?;
            let key = property.key().context("a damaged extended header")?;
            all.push((key.to_owned(), property.value_bytes().to_vec()));
        }
        Ok(all)
    }

    /// Refuses properties of all members that only one can have.
    ///
    /// # Errors
    /// If there are any, or they cannot be read.
    pub fn check_global(&self) -> Result<()> {
        let lone = |key: &str| ["path", "size"].contains(&key) || key.starts_with("GNU.sparse.");
        match self.properties()?.into_iter().find(|(key, _)| lone(key)) {
            Some((key, _)) => bail!("a {key} for all members in an extended header: not supported"),
            None => Ok(()),
        }
    }

    /// Writes it.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(self.header.as_bytes())?;
        out.write_all(&self.data)?;
        out.write_all(padding(self.data.len() as u64))
    }

    /// One of pax with these properties.
    fn of(properties: &[Property]) -> Result<Self> {
        let mut builder = Builder::new(Vec::new());
        let properties = properties.iter();
        builder.append_pax_extensions(properties.map(|(key, value)| (&key[..], &value[..])))?;
        let blocks = builder.into_inner()?;
        let (head, rest) = blocks.split_at(BLOCK);
        let header = Header::from_byte_slice(head).clone();
        let size = usize::try_from(header.entry_size()?)?;
        let data = rest.get(..size).context("no extended header")?.to_vec();
        Ok(Self { header, data })
    }

    /// The same, a long name of GNU tar, with the name that `new` makes of it.
    fn with_long_name(&self, new: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Self {
        let mut out = self.clone();
        if let Some(mut name) = new(self.text()) {
            name.push(0);
            out.header.set_size(name.len() as u64);
            out.header.set_cksum();
            out.data = name;
        }
        out
    }

    /// The content up to the NUL byte that ends it.
    fn text(&self) -> &[u8] {
        self.data
            .split(|&byte| byte == 0)
            .next()
            .unwrap_or_default()
    }

    fn kind(&self) -> EntryType {
        self.header.entry_type()
    }

    fn is_long_name(&self) -> bool {
        self.kind().is_gnu_longname()
    }

    fn is_local(&self) -> bool {
        self.kind().is_pax_local_extensions()
    }
}

impl Head {
    /// The whole name.
    ///
    /// # Errors
    /// If an extended header is damaged.
    pub fn name(&self) -> Result<Vec<u8>> {
        if let Some(long) = self.extensions.iter().find(|it| it.is_long_name()) {
            return Ok(long.text().to_vec());
        }
        match self.property("path")? {
            Some(path) => Ok(path),
            None => Ok(self.header.path_bytes().into_owned()),
        }
    }

    /// The name as it can be shown.
    pub fn shown(&self) -> String {
        let name = self.name();
        let name = name.unwrap_or_else(|_| self.header.path_bytes().into_owned());
        let name = String::from_utf8_lossy(&name);
        // Names come from elsewhere, and messages go to terminals.
        name.chars()
            .map(|letter| {
                if letter.is_control() {
                    '\u{fffd}'
                } else {
                    letter
                }
            })
            .collect()
    }

    /// A property of this member alone.
    fn property(&self, wanted: &str) -> Result<Option<Vec<u8>>> {
        for extension in self.extensions.iter().filter(|it| it.is_local()) {
            let mut all = extension.properties()?.into_iter();
            if let Some((_, value)) = all.find(|(key, _)| key == wanted) {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Refuses a member whose headers contradict each other: programs would disagree on where the
    /// next one begins.
    ///
    /// # Errors
    /// If they do, or are damaged.
    pub fn check(&self, size: u64) -> Result<()> {
        let Some(given) = self.property("size")? else {
            return Ok(());
        };
        let given = String::from_utf8_lossy(&given).into_owned();
        if given.parse() != Ok(size) {
            bail!("its header gives {size} bytes and its extended header {given}: not supported");
        }
        Ok(())
    }

    /// Whether blocks stand between the header and the content, which describe a sparse file.
    pub fn is_extended_sparse(&self) -> bool {
        let sparse = self.header.entry_type().is_gnu_sparse();
        sparse && self.header.as_gnu().is_some_and(|gnu| gnu.is_extended())
    }

    /// Whether the content is all of a file and nothing else.
    ///
    /// # Errors
    /// If an extended header is damaged.
    pub fn is_file(&self) -> Result<bool> {
        let mut sparse = false;
        for extension in self.extensions.iter().filter(|it| it.is_local()) {
            let properties = extension.properties()?;
            sparse |= properties
                .iter()
                .any(|(key, _)| key.starts_with("GNU.sparse."));
        }
        Ok(self.header.entry_type().is_file() && !sparse)
    }

    /// The head of the result: `size` bytes, and `extension` in place of one of `wanted`.
    ///
    /// # Errors
    /// If an extended header is damaged.
    pub fn of_result(&self, wanted: &[&str], extension: &str, size: u64) -> Result<Self> {
        let new = |name: &[u8]| renamed(name, wanted, extension);
        let mut header = self.header.clone();
        let mut extensions = Vec::new();
        let mut properties = Vec::new();
        for old in &self.extensions {
            match (old.is_long_name(), old.is_local()) {
                (true, _) => extensions.push(old.with_long_name(new)),
                (_, true) => properties.extend(old.properties()?),
                (false, false) => extensions.push(old.clone()),
            }
        }
        // The header says it.
        properties.retain(|(key, _)| key != "size");
        let paths = properties.iter_mut().filter(|(key, _)| key == "path");
        for (_, path) in paths {
            *path = new(path).unwrap_or_else(|| path.clone());
        }
        let is_named = self.extensions.iter().any(Extension::is_long_name)
            || properties.iter().any(|(key, _)| key == "path");
        if !rename_field(&mut header, new) && !is_named {
            let name = self.name()?;
            properties.push(("path".into(), new(&name).unwrap_or(name)));
        }
        if !properties.is_empty() {
            extensions.push(Extension::of(&properties)?);
        }
        header.set_size(size);
        header.set_cksum();
        Ok(Self { extensions, header })
    }

    /// Writes it.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for extension in &self.extensions {
            extension.write(out)?;
        }
        out.write_all(self.header.as_bytes())
    }
}

/// Zeros that fill the last block of `size` bytes.
pub fn padding(size: u64) -> &'static [u8] {
    let used = (size % BLOCK as u64) as usize;
    &[0; BLOCK][..(BLOCK - used) % BLOCK]
}

/// `name` with `extension` in place of its own, if that is one of `wanted`, in whatever case.
pub fn renamed(name: &[u8], wanted: &[&str], extension: &str) -> Option<Vec<u8>> {
    let dot = name.iter().rposition(|&byte| byte == b'.')?;
    let (stem, old) = (&name[..dot], &name[dot + 1..]);
    let named = stem.last().is_some_and(|&byte| byte != b'/');
    let wanted = wanted
        .iter()
        .any(|one| old.eq_ignore_ascii_case(one.as_bytes()));
    (named && wanted).then(|| [stem, b".", extension.as_bytes()].concat())
}

/// Replaces the name in the header itself. False if the new one is too long for it.
fn rename_field(header: &mut Header, new: impl Fn(&[u8]) -> Option<Vec<u8>>) -> bool {
    let field = &mut header.as_mut_bytes()[..NAME_FIELD];
    let old = field.split(|&byte| byte == 0).next().unwrap_or_default();
    match new(old) {
        None => true,
        Some(name) if name.len() <= NAME_FIELD => {
            field.fill(0);
            field[..name.len()].copy_from_slice(&name);
            true
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_extension_of_a_picture_changes() {
        let new = |name: &str| {
            let name = renamed(name.as_bytes(), &["jpg", "jpeg"], "png")?;
            Some(String::from_utf8(name).unwrap())
        };
        let renamed = ["a.jpg", "x.y/a.left.JPEG", "../.a.jpg"].map(new);
        let wanted = ["a.png", "x.y/a.left.png", "../.a.png"].map(|name| Some(name.to_owned()));
        assert_eq!(renamed, wanted);
        for name in ["a.png", "jpg", ".jpg", "x/.jpg", "a.jpg/", "a.jpg.txt", ""] {
            assert_eq!(new(name), None, "{name}");
        }
    }

    #[test]
    fn the_last_block_is_filled() {
        let sizes = [0, 1, 511, 512, 513].map(|size| padding(size).len());
        assert_eq!(sizes, [0, 511, 1, 0, 511]);
    }
}
