//! Archives that are damaged, contradict themselves, or would lead elsewhere if they were unpacked.

use std::fs;

use tar::{Builder, EntryType, Header};

use crate::archives::{archive, header, members, names, piped, read};
use crate::{colour, ends, errors, folder, restore, says};

/// An archive that `fill` writes.
fn built(fill: impl FnOnce(&mut Builder<Vec<u8>>)) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    fill(&mut builder);
    builder.into_inner().unwrap()
}

/// A header whose name is written as it is.
fn named(name: &[u8], size: u64) -> Header {
    let mut header = header("x", 0);
    header.as_mut_bytes()[..100].fill(0);
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_size(size);
    header.set_cksum();
    header
}

fn of_kind(kind: EntryType, name: &str, size: usize) -> Header {
    let mut header = header(name, size);
    header.set_entry_type(kind);
    header.set_cksum();
    header
}

/// A name is never a path: only the result is written.
#[test]
fn names_lead_nowhere() {
    let elsewhere = tempfile::tempdir().unwrap();
    let absolute = elsewhere.path().join("a.jpg");
    let absolute = absolute.to_str().unwrap();
    let input = built(|builder| {
        let bytes = colour(30);
        for name in [
            "../up.jpg",
            "a/../../up.jpg",
            absolute,
            "a\x1b[2Jb.jpg",
            "..",
            ".",
        ] {
            let header = named(name.as_bytes(), bytes.len() as u64);
            builder.append(&header, &bytes[..]).unwrap();
        }
    });
    let files = folder(&[("in/in.tar", &input)]);
    ends(&restore("in/in.tar -o in/out.tar", &files), 0);
    let png = absolute.replace(".jpg", ".png");
    let wanted = [
        "../up.png",
        "a/../../up.png",
        &png,
        "a\x1b[2Jb.png",
        "..",
        ".",
    ];
    assert_eq!(names(&read(&files, "in/out.tar")), wanted);
    let mut found: Vec<_> = walkdir(files.path());
    found.sort();
    assert_eq!(found, ["in", "in.tar", "out.tar"]);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

/// The names of all that is below a folder.
fn walkdir(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        found.push(entry.file_name().to_string_lossy().into_owned());
        if entry.path().is_dir() {
            found.extend(walkdir(&entry.path()));
        }
    }
    found
}

#[test]
fn links_and_sparse_files_pass() {
    let input = built(|builder| {
        let mut link = of_kind(EntryType::Symlink, "link.jpg", 0);
        link.set_link_name("/etc/passwd").unwrap();
        link.set_cksum();
        builder.append(&link, &[][..]).unwrap();
        let mut hard = of_kind(EntryType::Link, "hard.jpg", 0);
        hard.set_link_name("a.jpg").unwrap();
        hard.set_cksum();
        builder.append(&hard, &[][..]).unwrap();
        builder
            .append(&of_kind(EntryType::Fifo, "pipe", 0), &[][..])
            .unwrap();
        builder
            .append_pax_extensions([("GNU.sparse.major", &b"1"[..])])
            .unwrap();
        builder
            .append(&header("sparse.jpg", 3), &b"abc"[..])
            .unwrap();
    });
    let files = folder(&[("in.tar", &input)]);
    let output = restore("in.tar -o out.tar", &files);
    says(
        &output,
        1,
        &[
            "link.jpg: a link",
            "hard.jpg: a link",
            "sparse.jpg: a link",
            "3 of 3",
        ],
    );
    assert!(read(&files, "out.tar") == input);
    // Blocks that describe a sparse file are not followed.
    let mut sparse = Header::new_gnu();
    sparse.set_path("s.bin").unwrap();
    sparse.set_entry_type(EntryType::GNUSparse);
    sparse.set_size(0);
    sparse.as_gnu_mut().unwrap().set_is_extended(true);
    sparse.set_cksum();
    let input = built(|builder| builder.append(&sparse, &[][..]).unwrap());
    let files = folder(&[("in.tar", &input)]);
    says(
        &restore("in.tar -o out.tar", &files),
        1,
        &["in.tar: s.bin: a sparse file"],
    );
    assert!(!files.path().join("out.tar").exists());
}

/// Names that do not fit into the header of the member, in each of the two ways to give them.
#[test]
fn long_names_are_renamed_where_they_stand() {
    let long = format!("{}/b.jpg", "long".repeat(40));
    let other = format!("{}/c.jpg", "other".repeat(40));
    let bytes = colour(30);
    let input = built(|builder| {
        let mut gnu = Header::new_gnu();
        gnu.set_size(bytes.len() as u64);
        builder.append_data(&mut gnu, &long, &bytes[..]).unwrap();
        let pax = [("path", other.as_bytes()), ("mtime", b"17.5")];
        builder.append_pax_extensions(pax).unwrap();
        builder
            .append(&header("short.jpg", bytes.len()), &bytes[..])
            .unwrap();
        let size = bytes.len().to_string();
        builder
            .append_pax_extensions([("size", size.as_bytes())])
            .unwrap();
        builder
            .append(&header("sized.jpg", bytes.len()), &bytes[..])
            .unwrap();
        // The longest name of the field, which "webp" is too long for.
        let full = format!("{}.jpg", "n".repeat(96));
        builder
            .append(&named(full.as_bytes(), bytes.len() as u64), &bytes[..])
            .unwrap();
    });
    let files = folder(&[("in.tar", &input)]);
    for format in ["png", "webp"] {
        ends(
            &restore(&format!("in.tar -o out.tar --format {format}"), &files),
            0,
        );
        let [long, other] = [&long, &other].map(|name| name.replace(".jpg", &format!(".{format}")));
        let full = format!("{}.{format}", "n".repeat(96));
        let result = read(&files, "out.tar");
        let sized = format!("sized.{format}");
        assert_eq!(names(&result), [long, other, sized, full]);
        assert!(
            members(&result)
                .iter()
                .all(|member| member.bytes.len() > 1000)
        );
        let said = |text: &[u8]| result.windows(text.len()).any(|window| window == text);
        assert!(said(b"mtime=17.5") && !said(b"size="));
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let (bytes, one) = (colour(30), &b"x"[..]);
    let cases: [(&str, Vec<u8>); 7] = [
        (
            "extended header 9: not supported",
            built(|builder| {
                builder
                    .append_pax_extensions([("size", &b"9"[..])])
                    .unwrap();
                builder.append(&header("a.txt", 1), one).unwrap();
            }),
        ),
        (
            "a size for all members",
            built(|builder| {
                let mut global = of_kind(EntryType::XGlobalHeader, "g", 9);
                global.set_cksum();
                builder.append(&global, &b"9 size=9\n"[..]).unwrap();
            }),
        ),
        (
            "two extended headers",
            built(|builder| {
                for _ in 0..2 {
                    builder.append_pax_extensions([("comment", one)]).unwrap();
                }
                builder.append(&header("a.txt", 1), one).unwrap();
            }),
        ),
        (
            "a member that is missing",
            built(|builder| {
                builder.append_pax_extensions([("comment", one)]).unwrap();
            }),
        ),
        (
            "more than 1048576 bytes",
            built(|builder| {
                let huge = vec![b'n'; 2 << 20];
                let long = of_kind(EntryType::GNULongName, "L", huge.len());
                builder.append(&long, &huge[..]).unwrap();
            }),
        ),
        ("damaged after", {
            let mut input = archive(&[("a.jpg", &bytes), ("b.jpg", &bytes)]);
            let second = 512 + bytes.len().next_multiple_of(512);
            input[second] ^= 1;
            input
        }),
        ("not a tar archive", bytes.clone()),
    ];
    for (words, input) in cases {
        let files = folder(&[("in.tar", &input)]);
        says(
            &restore("in.tar -o out.tar", &files),
            1,
            &["in.tar: ", words],
        );
        assert_eq!(fs::read_dir(files.path()).unwrap().count(), 1, "{words}");
    }
    let files = folder(&[("empty.tar", b""), ("z.tar", b"\x1f\x8b\x08\0")]);
    says(
        &restore("empty.tar -o out.tar", &files),
        1,
        &["empty.tar: the file is empty"],
    );
    says(
        &restore("z.tar -o out.tar", &files),
        1,
        &["z.tar: a compressed archive: zcat"],
    );
}

/// Sizes are claims, for which no memory is set aside.
#[test]
fn huge_claims_are_no_memory() {
    for name in ["a.jpg", "a.bin"] {
        for size in [1 << 20, 500 << 20, 1 << 40, (1 << 62) + 1] {
            let mut input = named(name.as_bytes(), size).as_bytes().to_vec();
            input.extend([0; 2048]);
            let files = folder(&[("in.tar", &input)]);
            let output = restore("in.tar -o out.tar", &files);
            says(
                &output,
                1,
                &["in.tar: a.", &format!("ends after 2048 of {size} bytes")],
            );
            assert!(!files.path().join("out.tar").exists());
        }
    }
}

/// Cut anywhere, there is a message, no file, and no mark of an end on standard output.
#[test]
fn what_ends_early_is_refused() {
    let whole = archive(&[
        ("a.jpg", &colour(30)),
        ("a.cls", b"1"),
        ("b.jpg", &colour(40)),
    ]);
    let end = whole.len() - 1024;
    let files = folder(&[]);
    for cut in (1..end).step_by(300).chain([512, end - 512, end - 1, end]) {
        fs::write(files.path().join("in.tar"), &whole[..cut]).unwrap();
        let output = restore("in.tar -o out.tar", &files);
        ends(&output, 1);
        assert!(
            errors(&output).contains("in.tar: "),
            "{cut}: {}",
            errors(&output)
        );
        assert_eq!(fs::read_dir(files.path()).unwrap().count(), 1, "{cut}");
        let output = piped("--tar - -o -", &whole[..cut], files.path());
        ends(&output, 1);
        assert!(!output.stdout.ends_with(&[0; 1024]), "{cut}");
    }
    // What follows the end is not looked at, and that is said.
    let twice = [&whole[..], &whole[..]].concat();
    fs::write(files.path().join("in.tar"), twice).unwrap();
    says(
        &restore("in.tar -o out.tar", &files),
        0,
        &["in.tar: what follows the end"],
    );
    assert_eq!(names(&read(&files, "out.tar")), ["a.png", "a.cls", "b.png"]);
}
