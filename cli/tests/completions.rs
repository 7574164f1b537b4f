//! Completions and man pages name what can be typed.

use std::fs;
use std::process::{Command, Output};

fn ddrmjpeg(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_ddrmjpeg");
    Command::new(program).args(arguments).output().unwrap()
}

/// The subcommands that the help shows, but for `help`.
fn subcommands() -> Vec<String> {
    let help = String::from_utf8(ddrmjpeg(&["--help"]).stdout).unwrap();
    let list = help.split("Commands:").nth(1).unwrap();
    let lines = list.lines().skip(1).take_while(|line| !line.is_empty());
    // Names stand two spaces in, further lines of a text deeper.
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_shell_completes_every_subcommand() {
    let names = subcommands();
    assert!(names.len() >= 8, "{names:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = ddrmjpeg(&["completions", shell]);
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        for name in names.iter().map(String::as_str).chain(["strict"]) {
            assert!(text.contains(name), "{shell} does not know {name}");
        }
    }
    let wrong = ddrmjpeg(&["completions", "tcsh"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("tcsh"));
}

#[test]
fn bash_can_read_its_completions() {
    let text = ddrmjpeg(&["completions", "bash"]).stdout;
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let read = Command::new("bash")
        .arg("-n")
        .arg(file.path())
        .output()
        .unwrap();
    assert!(read.status.success() && read.stderr.is_empty(), "{read:?}");
}

#[test]
fn each_subcommand_has_a_man_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let output = ddrmjpeg(&["man", pages.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    for name in subcommands() {
        let page = fs::read_to_string(pages.join(format!("ddrmjpeg-{name}.1"))).unwrap();
        assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"));
    }
    let page = fs::read_to_string(pages.join("ddrmjpeg.1")).unwrap();
    assert!(page.contains("ddrmjpeg\\-restore(1)"), "{page}");
}

#[test]
fn a_folder_for_man_pages_that_is_a_file_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = ddrmjpeg(&["man", file.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let name = file.path().file_name().unwrap().to_string_lossy();
    assert!(String::from_utf8_lossy(&output.stderr).contains(&*name));
}
