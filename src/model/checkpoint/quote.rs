//! Prepares text from a file for a message: short, and without control characters.

/// Most characters of such text that are shown.
const SHOWN: usize = 96;

/// `text` with control characters escaped, cut after [`SHOWN`] characters.
pub(crate) fn quote(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_and_control_characters_are_escaped() {
        assert_eq!(quote("os.system"), "os.system");
        assert_eq!(quote("a\u{1b}[2J\n"), "a\\u{1b}[2J\\n");
        assert_eq!(quote(&"x".repeat(1000)).chars().count(), SHOWN + 1);
    }
}
