//! What eval measures: ways from the bytes of a JPEG to a picture.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use ddrmjpeg::frame::Planar8;
use ddrmjpeg::options::ModelName;
use ddrmjpeg::{Control, ModelOptions, RestoreOptions, Restorer};

use crate::eval::arguments::EvalArgs;
use crate::io::picture;

/// One way from the bytes to a picture.
pub struct Method {
    /// Its name in the tables.
    pub name: String,
    how: How,
}

enum How {
    Restorer(Arc<Restorer>, Box<RestoreOptions>),
    Command(String),
}

/// A picture and how many seconds it took.
pub struct Answer {
    pub picture: Planar8,
    pub seconds: f64,
}

impl Method {
    /// The decoded JPEG, as this library decodes it.
    pub fn jpeg() -> Self {
        let options = RestoreOptions::default().with_strength(0.0);
        let identity = Restorer::with_denoiser(Arc::new(ddrmjpeg::model::identity::Identity));
        Self {
            name: "jpeg".into(),
            how: How::Restorer(Arc::new(identity), Box::new(options)),
        }
    }

    /// All methods that the arguments ask for; a prior that several need is opened once.
    pub fn all(arguments: &EvalArgs) -> Result<Vec<Self>> {
        let mut opened = Vec::new();
        let mut methods = Vec::new();
        for (name, model, options) in restorers(arguments)? {
            methods.push(Self {
                how: How::Restorer(open(&mut opened, model)?, Box::new(options)),
                name,
            });
        }
        methods.extend(arguments.also.iter().map(|named| Self {
            name: named.name.clone(),
            how: How::Command(named.value.clone()),
        }));
        let mut names: Vec<&str> = methods.iter().map(|m| &*m.name).chain(["jpeg"]).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            bail!("two methods are called {:?}", twice[0]);
        }
        Ok(methods)
    }

    /// Restores the JPEG `bytes`. Shell commands get files in `scratch`.
    pub fn run(&self, bytes: &[u8], scratch: &Path) -> Result<Answer> {
        let start = Instant::now();
        let picture = match &self.how {
            How::Restorer(restorer, options) => {
                restorer
                    .restore_jpeg(bytes, options, Control::default())?
                    .frame
            }
            How::Command(command) => external(command, bytes, scratch)?,
        };
        let seconds = start.elapsed().as_secs_f64();
        Ok(Answer { picture, seconds })
    }
}

/// A method of this program: its name, what it opens, and how it restores.
type Own = (String, ModelOptions, RestoreOptions);

/// This program's own methods.
fn restorers(arguments: &EvalArgs) -> Result<Vec<Own>> {
    let (model, options) = arguments.options.resolve()?;
    let models: Vec<ModelName> = match arguments.models.is_empty() {
        true => vec![model.model.clone()],
        false => arguments
            .models
            .iter()
            .map(|name| name.as_str().into())
            .collect(),
    };
    let mut found = Vec::new();
    for name in &models {
        for &preset in &arguments.presets {
            let method = match models.len() {
                1 => preset.to_string(),
                _ => format!("{name} {preset}"),
            };
            let model = model.clone().with_model(name.clone());
            found.push((method, model, options.clone().with_preset(preset)));
        }
    }
    for named in &arguments.method {
        let (model, options) = named.options()?;
        found.push((named.name.clone(), model, options));
    }
    Ok(found)
}

/// The models that are open, and what each was opened with.
type Opened = Vec<(ModelOptions, Arc<Restorer>)>;

/// The restorer of `model`, shared by all methods that open the same.
fn open(opened: &mut Opened, model: ModelOptions) -> Result<Arc<Restorer>> {
    if let Some((_, restorer)) = opened.iter().find(|(of, _)| *of == model) {
        return Ok(Arc::clone(restorer));
    }
    let restorer = Arc::new(Restorer::open(&model)?);
    opened.push((model, Arc::clone(&restorer)));
    Ok(restorer)
}

/// The picture that the shell command makes of the JPEG.
fn external(command: &str, bytes: &[u8], scratch: &Path) -> Result<Planar8> {
    let (input, output) = (scratch.join("in.jpg"), scratch.join("out.png"));
    std::fs::write(&input, bytes).with_context(|| input.display().to_string())?;
    if output.exists() {
        std::fs::remove_file(&output)?;
    }
    let line = command
        .replace("{in}", &quoted(&input))
        .replace("{out}", &quoted(&output));
    let status = Command::new("sh")
        .args(["-c", &line])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("sh")?;
    if !status.success() {
        bail!("{line}: {status}");
    }
    picture::load(&output).with_context(|| format!("{line}: wrote no picture"))
}

/// A path quoted as one word of the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_the_shell() {
        let path = Path::new("/tmp/a b'c");
        assert_eq!(quoted(path), r"'/tmp/a b'\''c'");
        let output = Command::new("sh")
            .args(["-c", &format!("printf %s {}", quoted(path))])
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"/tmp/a b'c");
    }
}
