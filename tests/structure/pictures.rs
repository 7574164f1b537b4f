//! models/pictures.tsv: each picture has a source and a licence that allows the training, and
//! none that networks are measured on is among those that they learn from.

use std::collections::HashSet;

const HEADER: &str = "set\tfile\tsource\tversion\tscale\tcorner\tlicence";
const HELD_OUT: &str = "heldout";
const SETS: [&str; 5] = ["cid22", "more", "gathered", "dropped", HELD_OUT];
const LICENCES: [&str; 6] = [
    "CC0",
    "CC BY ",
    "CC BY-SA ",
    "public domain",
    "Unsplash",
    "Pexels",
];
/// Parts of the paths of pictures that the field measures on.
const MEASURED_ON: [&str; 6] = [
    "bsds",
    "bsr/",
    "live1",
    "kodak",
    "classic5",
    "cid22-512/validation",
];

/// Rows that break a rule, each with the rule.
pub fn faults(text: &str) -> Vec<String> {
    let mut lines = text.lines();
    let mut found = Vec::new();
    if lines.next() != Some(HEADER) {
        found.push(format!("the first line is not {HEADER:?}"));
    }
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split('\t').collect()).collect();
    let held_out: HashSet<&str> = rows
        .iter()
        .filter(|row| row[0] == HELD_OUT)
        .filter_map(|row| row.get(2).copied())
        .collect();
    let mut names = HashSet::new();
    for row in &rows {
        let fault = match row[..] {
            [set, file, _, ..] if !names.insert((set, file)) => Some("is there twice"),
            _ => fault_of(row, &held_out),
        };
        found.extend(fault.map(|fault| format!("{}: {fault}", row.join(" "))));
    }
    found
}

fn fault_of(row: &[&str], held_out: &HashSet<&str>) -> Option<&'static str> {
    let &[set, _, source, version, scale, corner, licence] = row else {
        return Some("has not seven columns");
    };
    let path = source.to_lowercase();
    let rules = [
        (SETS.contains(&set), "unknown set"),
        (is_source(source, version), "no source with its version"),
        (is_cut(scale, corner), "no scale and corner"),
        (is_free(licence), "no licence that allows the training"),
        (
            !MEASURED_ON.iter().any(|part| path.contains(part)),
            "of a set that is measured on",
        ),
        (
            set == HELD_OUT || !held_out.contains(source),
            "held out and trained on",
        ),
    ];
    let broken = rules.into_iter().find(|(holds, _)| !holds);
    broken.map(|(_, fault)| fault)
}

/// `OWNER/NAME:PATH` at a commit, or `PACKAGE:PATH` of a version.
fn is_source(source: &str, version: &str) -> bool {
    let Some((origin, path)) = source.split_once(':') else {
        return false;
    };
    let is_commit = version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    !path.is_empty() && !version.is_empty() && (!origin.contains('/') || is_commit)
}

fn is_cut(scale: &str, corner: &str) -> bool {
    let factor = scale.trim_start_matches("lanczos ").strip_prefix("1/");
    let corner = corner.split_once(',');
    let is_number = |text: &str| text.parse::<u32>().is_ok();
    factor.is_some_and(is_number) && corner.is_some_and(|(x, y)| is_number(x) && is_number(y))
}

fn is_free(licence: &str) -> bool {
    LICENCES.iter().any(|allowed| licence.starts_with(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: [&str; 7] = [
        "gathered",
        "0001.webp",
        "somebody/walls:images/lake.jpg",
        "0123456789012345678901234567890123456789",
        "1/2",
        "16,32",
        "CC BY-SA 4.0",
    ];

    /// What is said of a manifest of [`ROW`] and of the same with some columns changed.
    fn faults_with(changes: &[(usize, &str)]) -> Vec<String> {
        let mut other = ROW;
        other[1] = "0002.webp";
        for &(column, text) in changes {
            other[column] = text;
        }
        faults(&[HEADER, &ROW.join("\t"), &other.join("\t")].join("\n"))
    }

    #[test]
    fn good_rows_pass() {
        assert_eq!(faults_with(&[]), [""; 0]);
        let package = [(2, "walls-16:usr/share/lake.jpg"), (3, "20.04-2")];
        assert_eq!(faults_with(&package), [""; 0]);
        assert_eq!(faults_with(&[(4, "lanczos 1/6")]), [""; 0]);
    }

    #[test]
    fn faults_are_seen() {
        for (column, text, fault) in [
            (0, "others", "unknown set"),
            (0, "heldout", "held out and trained on"),
            (1, "0001.webp", "is there twice"),
            (2, "lake.jpg", "no source"),
            (2, "somebody/walls:BSDS500/lake.jpg", "measured on"),
            (2, "somebody/walls:kodak/1.png", "measured on"),
            (3, "main", "no source"),
            (4, "half", "no scale"),
            (5, "16", "no scale"),
            (6, "GPL-3", "no licence"),
            (6, "CC BY-SA 4.0\tmore", "seven columns"),
        ] {
            let found = faults_with(&[(column, text)]);
            assert!(
                found.len() == 1 && found[0].contains(fault),
                "{text}: {found:?}"
            );
        }
        assert!(faults("a\tb\n")[0].contains("first line"));
    }
}
