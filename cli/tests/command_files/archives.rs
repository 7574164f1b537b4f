//! Archives in and out: what is restored, what passes, and what is refused.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use tar::{Archive, Builder, EntryType, Header};
use tempfile::TempDir;

use crate::{colour, command, ends, errors, folder, restore, said, says};

/// A header as WebDataset's writer makes it.
pub fn header(name: &str, size: usize) -> Header {
    let mut header = Header::new_ustar();
    header.set_path_absolute(name).unwrap();
    header.set_size(size as u64);
    header.set_mode(0o444);
    header.set_mtime(1_700_000_000);
    header.set_uid(1234);
    header.set_username("bigdata").unwrap();
    header.set_cksum();
    header
}

/// An archive of these members.
pub fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, bytes) in members {
        builder.append(&header(name, bytes.len()), *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A member as it is read: its name, its header and its content.
pub struct Member {
    pub name: String,
    pub header: Header,
    pub bytes: Vec<u8>,
}

pub fn members(bytes: &[u8]) -> Vec<Member> {
    let mut archive = Archive::new(bytes);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        Member {
            name: String::from_utf8_lossy(&entry.path_bytes()).into_owned(),
            header: entry.header().clone(),
            bytes,
        }
    });
    entries.collect()
}

pub fn names(bytes: &[u8]) -> Vec<String> {
    members(bytes)
        .into_iter()
        .map(|member| member.name)
        .collect()
}

pub fn read(files: &TempDir, name: &str) -> Vec<u8> {
    fs::read(files.path().join(name)).unwrap()
}

/// Two samples and a folder.
fn samples() -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    let mut folder = header("x/", 0);
    folder.set_entry_type(EntryType::Directory);
    folder.set_cksum();
    builder.append(&folder, &[][..]).unwrap();
    let (a, b) = (colour(30), colour(60));
    for (name, bytes) in [
        ("a.jpg", &a[..]),
        ("a.json", b"{\"n\": 1}"),
        ("a.cls", b"7"),
        ("x/b.txt", &[b'x'; 513]),
        ("x/b.left.JPEG", &b),
        ("x/b.empty", b""),
    ] {
        builder.append(&header(name, bytes.len()), bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// The command with `line`, and `bytes` on standard input.
pub fn piped(line: &str, bytes: &[u8], folder: &Path) -> Output {
    let line = format!("restore --model identity {line}");
    let mut child = command(&line, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    // It may end before it has read all.
    let feeding = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    output
}

#[test]
fn pictures_are_restored_in_their_places_and_all_else_passes() {
    let files = folder(&[
        ("in.tar", &samples()),
        ("a.jpg", &colour(30)),
        ("b.jpg", &colour(60)),
    ]);
    ends(&restore("in.tar -o out.tar", &files), 0);
    ends(&restore("a.jpg b.jpg -o alone", &files), 0);
    let (before, after) = (members(&samples()), members(&read(&files, "out.tar")));
    let wanted = [
        "x/",
        "a.png",
        "a.json",
        "a.cls",
        "x/b.txt",
        "x/b.left.png",
        "x/b.empty",
    ];
    assert_eq!(names(&read(&files, "out.tar")), wanted);
    for (before, after) in before.iter().zip(&after) {
        let content = match after.name.as_str() {
            "a.png" => read(&files, "alone/a.png"),
            "x/b.left.png" => read(&files, "alone/b.png"),
            _ => {
                assert_eq!(before.header.as_bytes(), after.header.as_bytes());
                before.bytes.clone()
            }
        };
        assert!(after.bytes == content, "{}", after.name);
        let about = |header: &Header| {
            (
                header.mtime().unwrap(),
                header.uid().unwrap(),
                header.mode().unwrap(),
            )
        };
        assert_eq!(about(&before.header), about(&after.header));
    }
    // The same again, and through pipes.
    ends(&restore("in.tar -o out.tar --overwrite", &files), 0);
    for line in ["--tar - -o -", "--tar - -o piped.tar", "- -o piped.tar"] {
        let output = piped(line, &samples(), files.path());
        ends(&output, 0);
        let result = match line.ends_with(" -") {
            true => output.stdout,
            false => read(&files, "piped.tar"),
        };
        assert!(result == read(&files, "out.tar"), "{line}");
    }
}

#[test]
fn formats_are_chosen_as_for_files() {
    let files = folder(&[("in.tar", &samples())]);
    for (flags, extension) in [
        ("--format webp", "webp"),
        ("--format tif --depth 16", "tif"),
        ("--out-quality 90", "jpg"),
        ("--tables source", "jpg"),
    ] {
        ends(&restore(&format!("in.tar -o out.tar {flags}"), &files), 0);
        let names = names(&read(&files, "out.tar"));
        assert_eq!(names[1], format!("a.{extension}"));
        assert_eq!(names[5], format!("x/b.left.{extension}"));
    }
    let output = restore("in.tar -o out.png", &files);
    says(&output, 2, &["out.png", "the extension must be tar"]);
    let output = restore("in.tar -o out.tar --format png --depth f32", &files);
    says(&output, 2, &["--depth"]);
    let output = restore("in.tar -o out.tar --report page.html", &files);
    says(&output, 2, &["--report"]);
    let output = restore("in.tar -o - --json", &files);
    says(&output, 2, &["--json"]);
    let output = restore("in.tar in.tar -o -", &files);
    says(&output, 2, &["one archive"]);
}

/// Its bytes stand where they were, with the rest of its sample.
#[test]
fn a_bad_picture_is_a_message_and_passes() {
    let input = archive(&[
        ("a.jpg", &colour(30)),
        ("a.cls", b"1"),
        ("bad.jpg", b"this is no picture"),
        ("bad.cls", b"2"),
        ("c.jpg", &colour(40)),
    ]);
    let files = folder(&[("in.tar", &input)]);
    let output = restore("in.tar -o out/ --json", &files);
    says(
        &output,
        1,
        &[
            "in.tar: bad.jpg: bad input: not a JPEG",
            "1 of 3 pictures failed",
        ],
    );
    let result = members(&read(&files, "out/in.tar"));
    let named: Vec<&str> = result.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(named, ["a.png", "a.cls", "bad.jpg", "bad.cls", "c.png"]);
    assert_eq!(result[2].bytes, b"this is no picture");
    let lines: Vec<serde_json::Value> = said(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let about = |n: usize| {
        let line = &lines[n];
        let text = |key: &str| line[key].as_str().map(str::to_owned);
        (text("input"), text("member"), text("status"))
    };
    let line = |member: Option<&str>, status: &str| {
        (
            Some("in.tar".into()),
            member.map(str::to_owned),
            Some(status.to_owned()),
        )
    };
    assert_eq!(about(0), line(Some("a.jpg"), "done"));
    assert_eq!(about(1), line(Some("bad.jpg"), "failed"));
    assert_eq!(about(2), line(Some("c.jpg"), "done"));
    assert_eq!(about(3), line(None, "done"));
    assert_eq!(
        (&lines[3]["pictures"], &lines[3]["failed"]),
        (&3.into(), &1.into())
    );
    assert_eq!(lines.len(), 4);
}

#[test]
fn several_archives_go_into_a_folder() {
    let files = folder(&[
        ("in/0.tar", &archive(&[("a.jpg", &colour(30))])),
        ("in/1.tar", &archive(&[("b.jpg", &colour(40))])),
        ("in/notes.txt", b"none"),
        ("c.jpg", &colour(30)),
        ("list", b"in/0.tar\nin/1.tar\n"),
    ]);
    ends(&restore("in/0.tar in/1.tar -o out", &files), 0);
    assert_eq!(names(&read(&files, "out/1.tar")), ["b.png"]);
    let output = restore("in/0.tar in/1.tar -o out", &files);
    says(&output, 2, &["out/0.tar", "--resume"]);
    fs::remove_file(files.path().join("out/0.tar")).unwrap();
    let output = restore("--tar in -o out --resume --json", &files);
    says(&output, 0, &["1 of 2 inputs left out"]);
    let said = said(&output);
    assert!(said.contains("skipped") && said.contains("a.jpg"), "{said}");
    assert!(!said.contains("b.jpg"), "{said}");
    // Parts, by the names of archives.
    ends(&restore("--files-from list -o listed", &files), 0);
    for part in 1..=2 {
        ends(
            &restore(&format!("--tar in -o parts --shard {part}/2"), &files),
            0,
        );
    }
    for name in ["0.tar", "1.tar"] {
        let result = read(&files, &format!("out/{name}"));
        assert!(result == read(&files, &format!("listed/in/{name}")));
        assert!(result == read(&files, &format!("parts/{name}")));
    }
    let output = restore("in/0.tar c.jpg -o out", &files);
    says(&output, 2, &["in/0.tar", "c.jpg", "one call for each"]);
    // A folder of pictures that has archives too is one of pictures.
    let output = restore("in -o out", &files);
    says(&output, 2, &["no jpg files"]);
}

#[test]
fn samples_whose_members_would_have_one_name_are_refused() {
    for members in [
        [("a.jpg", &colour(30)[..]), ("a.png", b"mine")],
        [("a.png", b"mine"), ("a.jpg", &colour(30)[..])],
        [("a.jpg", &colour(30)[..]), ("a.jpeg", &colour(30)[..])],
    ] {
        let files = folder(&[("in.tar", &archive(&members))]);
        let output = restore("in.tar -o out.tar", &files);
        says(&output, 1, &["in.tar: a.", "would be a.png", "--format"]);
        assert!(!files.path().join("out.tar").exists());
    }
    // Another sample may have such a member.
    let members = [
        ("a.jpg", &colour(30)[..]),
        ("b.png", b"mine"),
        ("c/a.png", b"mine"),
    ];
    let files = folder(&[("in.tar", &archive(&members))]);
    ends(&restore("in.tar -o out.tar", &files), 0);
    let output = restore("in.tar -o out.tar --format webp", &files);
    assert!(errors(&output).is_empty(), "{}", errors(&output));
}
