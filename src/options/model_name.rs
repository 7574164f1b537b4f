//! [`ModelName`]: which model, and whether the caller named it.

use std::fmt;

/// A name or a path, or that none was given, which is the default.
///
/// The two differ where something else names the model too: a config opens what it describes, and
/// cannot be told to open a built-in model beside it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ModelName(Option<String>);

impl ModelName {
    /// What is opened when nothing was given.
    pub const DEFAULT: &'static str = "lean";

    /// The name or path, or the default.
    pub fn as_str(&self) -> &str {
        self.given().unwrap_or(Self::DEFAULT)
    }

    /// The name or path, if one was given.
    pub fn given(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl fmt::Debug for ModelName {
    /// As the option that it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for ModelName {
    fn from(name: &str) -> Self {
        Self(Some(name.to_owned()))
    }
}

impl From<String> for ModelName {
    fn from(name: String) -> Self {
        Self(Some(name))
    }
}

impl From<Option<String>> for ModelName {
    fn from(name: Option<String>) -> Self {
        Self(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_has_a_name_and_was_not_given() {
        let (none, lean) = (ModelName::default(), ModelName::from("lean"));
        assert_eq!((none.as_str(), none.given()), ("lean", None));
        assert_eq!((lean.as_str(), lean.given()), ("lean", Some("lean")));
        assert_ne!(none, lean);
        assert_eq!(ModelName::from(None::<String>), none);
    }
}
