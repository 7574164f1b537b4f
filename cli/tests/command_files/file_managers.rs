//! The script that file managers call on selected files, with the desktop's programs replaced by
//! scripts that note what they were told.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{colour, ends, folder};

/// A line break, a quote, an escape of `printf` and one of URIs, and a flag.
const NAMES: [&str; 4] = [
    "a b/it's.jpg",
    "a b/x\ny%41\\n.jpg",
    "a b/-o.jpg",
    "a b/plain",
];

fn packaging(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/desktop");
    folder.join(name)
}

/// A folder of JPEG files and `bin`, which holds `ddrmjpeg` and the desktop's `programs`.
fn desktop(programs: &[&str]) -> TempDir {
    let jpeg = colour(50);
    let files = folder(&NAMES.map(|name| (name, jpeg.as_slice())));
    let write = |name: &str, script: String| {
        let path = files.path().join("bin").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let command = env!("CARGO_BIN_EXE_ddrmjpeg");
    write(
        "ddrmjpeg",
        format!("shift\nexec '{command}' restore --model identity \"$@\""),
    );
    let log = files.path().join("log");
    for program in programs {
        write(
            program,
            format!("printf '%s\\n' {program} \"$@\" >>'{}'", log.display()),
        );
    }
    files
}

/// Runs the script as a file manager would, in the folder of the files.
fn call(files: &TempDir, arguments: &[&str], variables: &[(&str, String)]) -> Output {
    let path = format!("{}:/usr/bin:/bin", files.path().join("bin").display());
    let mut command = Command::new("/bin/bash");
    command.arg(packaging("restore-beside")).args(arguments);
    command
        .env("PATH", path)
        .current_dir(files.path().join("a b"));
    command.envs(variables.iter().map(|(name, value)| (*name, value)));
    command.output().unwrap()
}

fn log(files: &TempDir) -> String {
    fs::read_to_string(files.path().join("log")).unwrap_or_default()
}

fn exists(files: &TempDir, name: &str) -> bool {
    files.path().join("a b").join(name).exists()
}

/// A path as the URI of a file.
fn uri(path: &Path) -> String {
    let escaped = path.to_str().unwrap().bytes().map(|byte| match byte {
        b'/' | b'.' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    format!("file://{}", escaped.collect::<String>())
}

#[test]
fn results_lie_beside_the_selected_files_and_replace_none() {
    let results = ["it's", "x\ny%41\\n", "-o", "plain"];
    let files = desktop(&["notify-send"]);
    let names = NAMES.map(|name| name.strip_prefix("a b/").unwrap());
    ends(&call(&files, &names, &[]), 0);
    for stem in results {
        assert!(exists(&files, &format!("{stem} (restored).png")), "{stem}");
    }
    let uris = NAMES
        .map(|name| uri(&files.path().join(name)) + "\n")
        .concat();
    let variables = [
        ("NAUTILUS_SCRIPT_SELECTED_URIS", uris),
        ("NAUTILUS_SCRIPT_SELECTED_FILE_PATHS", "/nowhere".into()),
    ];
    // Nautilus adds names, which lead nowhere from a page of search results.
    ends(&call(&files, &["nowhere"], &variables), 0);
    for stem in results {
        assert!(
            exists(&files, &format!("{stem} (restored 2).png")),
            "{stem}"
        );
    }
    let log = log(&files);
    assert_eq!(log.matches("notify-send").count(), 2, "{log}");
    assert!(log.contains("beside the selected ones: 4"), "{log}");
}

#[test]
fn paths_of_nautilus_alone_are_enough() {
    let files = desktop(&["notify-send"]);
    let path = |name: &str| files.path().join(name).display().to_string();
    let paths = format!("{}\n{}\n", path(NAMES[0]), path(NAMES[2]));
    let variable = ("NAUTILUS_SCRIPT_SELECTED_FILE_PATHS", paths);
    ends(&call(&files, &[], &[variable]), 0);
    assert!(exists(&files, "it's (restored).png") && exists(&files, "-o (restored).png"));
}

#[test]
fn what_fails_is_shown_and_the_rest_is_restored() {
    let files = desktop(&["notify-send", "zenity"]);
    fs::write(files.path().join("a b/note.txt"), "no picture").unwrap();
    fs::create_dir(files.path().join("a b/folder.jpg")).unwrap();
    let output = call(&files, &["note.txt", "it's.jpg", "folder.jpg"], &[]);
    ends(&output, 1);
    assert!(exists(&files, "it's (restored).png"));
    assert!(!exists(&files, "note (restored).png"));
    let log = log(&files);
    for words in [
        "zenity",
        "Restored: 1, failed: 2",
        "note.txt: bad input",
        "folder.jpg: this is a folder",
    ] {
        assert!(log.contains(words), "no {words:?} in {log}");
    }
    assert!(!log.contains("notify-send"), "{log}");
}

#[test]
fn without_a_desktop_standard_error_says_it() {
    let files = desktop(&["notify-send"]);
    // One that cannot reach a desktop.
    fs::write(files.path().join("bin/notify-send"), "#!/bin/sh\nexit 1\n").unwrap();
    let output = call(&files, &[], &[]);
    ends(&output, 1);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("No file is selected"), "{said}");
}

/// What desktops start is what `make deb` installs.
#[test]
fn entries_of_desktops_call_the_installed_script() {
    let rules = fs::read_to_string(packaging("../debian/rules")).unwrap();
    assert!(rules.contains("libexec/ddrmjpeg/restore-beside"));
    for name in ["org.ddrmjpeg.restore.desktop", "ddrmjpeg-dolphin.desktop"] {
        let entry = fs::read_to_string(packaging(name)).unwrap();
        assert!(
            entry.contains("Exec=/usr/libexec/ddrmjpeg/restore-beside %F\n"),
            "{name}"
        );
        assert!(entry.contains("MimeType=image/jpeg;\n"), "{name}");
        assert!(rules.contains(name), "{name}");
    }
}
