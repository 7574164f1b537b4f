//! `restore --report`: one page of HTML about a batch, with all that it shows inside it, for a
//! browser without a server. Each picture has a slider between before and after.
//!
//! It is written as the batch goes on, so its size does not count in memory.

pub mod detail;

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ddrmjpeg::jpeg::file::origin::Family;
use ddrmjpeg::jpeg::recover::moved::Move;
use tempfile::NamedTempFile;

use crate::io::files::{Job, Target};
use crate::io::picture;
use crate::message;
use crate::page::detail::Detail;
use crate::restore::result::Output;

/// A page in the making.
pub struct Page {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    /// The first failure to write, after which nothing is written.
    failed: Option<anyhow::Error>,
}

impl Page {
    /// Begins the page that is to be at `path`.
    ///
    /// # Errors
    /// If its folder cannot be written to.
    pub fn begin(path: &Path) -> Result<Self> {
        let name = || format!("--report {}", path.display());
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(name)?;
        let file = picture::scratch_in(folder).with_context(name)?;
        let mut page = Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            failed: None,
        };
        page.put(include_str!("head.html"));
        Ok(page)
    }

    /// Adds a picture that was restored.
    pub fn add(&mut self, job: &Job, output: &Output, seconds: f64) {
        let name = escaped(&job.source.name());
        let result = match &job.target {
            Target::File(path) => link(&self.path, path),
            Target::Stdout => "standard output".into(),
        };
        let detail = output.detail.as_ref();
        let small = detail.map_or_else(String::new, |detail| {
            format!("<img alt=\"\" src=\"{}\">", embedded(&detail.small))
        });
        let mut out = format!(
            "<article>\n<div class=\"about\">{small}<h2>{name}</h2>\n<dl>\
             <dt>result</dt><dd>{result}</dd>"
        );
        for (term, text) in facts(output, seconds) {
            let _ = write!(out, "<dt>{term}</dt><dd>{}</dd>", escaped(&text));
        }
        out += "</dl>\n";
        if !output.report.notes.is_empty() {
            let notes = output.report.notes.iter();
            let notes: String = notes
                .map(|note| format!("<li>{}</li>", escaped(note)))
                .collect();
            let _ = writeln!(out, "<ul>{notes}</ul>");
        }
        out += "</div>\n";
        out += &detail.map_or_else(String::new, pair);
        out += "</article>\n";
        self.put(&out);
    }

    /// Adds an input that failed.
    pub fn add_failure(&mut self, name: &str, error: &anyhow::Error) {
        let (name, why) = (escaped(name), escaped(&message::of(error)));
        self.put(&format!(
            "<article><div class=\"about\"><h2>{name}</h2>\n<p class=\"failed\">{why}</p></div></article>\n"
        ));
    }

    /// Moves the page to its place.
    ///
    /// # Errors
    /// The first failure to write it.
    pub fn end(mut self) -> Result<()> {
        self.put(include_str!("foot.html"));
        let name = format!("--report {}", self.path.display());
        if let Some(error) = self.failed {
            return Err(error).context(name);
        }
        let file = self.file.into_inner().map_err(|error| error.into_error());
        let file = file.with_context(|| name.clone())?;
        file.persist(&self.path).context(name)?;
        Ok(())
    }

    fn put(&mut self, text: &str) {
        if self.failed.is_none() {
            self.failed = self.file.write_all(text.as_bytes()).err().map(Into::into);
        }
    }
}

/// What was found and done.
fn facts(output: &Output, seconds: f64) -> Vec<(&'static str, String)> {
    let report = &output.report;
    let mut facts = Vec::new();
    if let Some(detail) = &output.detail {
        facts.push(("size", format!("{} x {}", detail.size.0, detail.size.1)));
    }
    if let Some(found) = &output.found {
        facts.push(("quality", found.clone()));
    }
    if let Some(family) = report.family.as_ref().map(Family::name) {
        facts.push(("encoder", family));
    }
    if report.resaved {
        facts.push(("saved before", "yes, coarser than the last time".into()));
    }
    if let Some(moved) = &report.moved {
        let how = match moved.how {
            Move::Scaled(_) => "yes, coarser, and scaled since",
            _ => "yes, coarser, and cut since",
        };
        facts.push(("saved before", how.into()));
    }
    facts.push((
        "done",
        match report.restored {
            true => "restored".into(),
            false => "left as decoded".into(),
        },
    ));
    facts.push(("time", format!("{seconds:.2} s")));
    facts
}

/// The slider between before and after.
fn pair(detail: &Detail) -> String {
    let (width, height) = detail.part;
    let (before, after) = (embedded(&detail.before), embedded(&detail.after));
    let (x, y) = detail.at;
    format!(
        "<div class=\"pair\">\n\
         <div class=\"view\" style=\"width:{width}px\"><img alt=\"after\" width=\"{width}\" height=\"{height}\" src=\"{after}\">\
         <img class=\"before\" alt=\"before\" width=\"{width}\" height=\"{height}\" src=\"{before}\"></div>\n\
         <input type=\"range\" min=\"0\" max=\"100\" value=\"50\" aria-label=\"before and after\">\n\
         <p><span>before</span><span>at 100 %, from {x}, {y}</span><span>after</span></p>\n</div>\n"
    )
}

fn embedded(jpeg: &[u8]) -> String {
    format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg))
}

/// A link from `page` to `result`, as short as it can be.
fn link(page: &Path, result: &Path) -> String {
    let folder = page.parent().unwrap_or(Path::new(""));
    let target = match result.strip_prefix(folder) {
        Ok(inner) => inner.to_owned(),
        Err(_) => std::path::absolute(result).unwrap_or_else(|_| result.to_owned()),
    };
    let shown = escaped(&target.display().to_string());
    let encoded: String = target
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(|&byte| match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    // A first part with a colon would be a scheme.
    let here = if target.is_absolute() { "" } else { "./" };
    format!("<a href=\"{here}{encoded}\">{shown}</a>")
}

/// `text` as HTML shows it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup_and_links_lead_to_the_file() {
        assert_eq!(escaped("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
        let of = |result| link(Path::new("out/page.html"), Path::new(result));
        assert_eq!(of("out/a b.png"), "<a href=\"./a%20b.png\">a b.png</a>");
        assert_eq!(
            of("out/x/ü#1.png"),
            "<a href=\"./x/%C3%BC%231.png\">x/ü#1.png</a>"
        );
        assert!(of("/elsewhere/a.png").starts_with("<a href=\"/elsewhere/a.png\">"));
    }
}
