//! `--report`: what the page has in it. How it looks is seen in a browser (`scripts/check_page.py`).

use std::fs;

use crate::{colour, ends, folder, restore, says};

#[test]
fn a_page_shows_every_input_and_changes_no_result() {
    let files = folder(&[
        ("in/a & b.jpg", &colour(30)),
        ("in/c.jpg", &colour(60)),
        ("in/bad.jpg", b"no JPEG"),
    ]);
    let path = |name: &str| files.path().join(name);
    ends(&restore("in -o plain", &files), 1);
    ends(&restore("in -o out --report page.html", &files), 1);
    for name in ["a & b.png", "c.png"] {
        let [plain, out] = ["plain", "out"].map(|folder| fs::read(path(folder).join(name)));
        assert!(plain.unwrap() == out.unwrap());
    }
    let page = fs::read_to_string(path("page.html")).unwrap();
    assert_eq!(page.matches("<article>").count(), 3);
    // Before, after and small, of two pictures.
    assert_eq!(page.matches("data:image/jpeg;base64,").count(), 6);
    for words in [
        "in/a &amp; b.jpg",
        "href=\"./out/a%20%26%20b.png\"",
        "<dd>70 x 50</dd>",
        "<dd>60</dd>",
        "class=\"failed\"",
        "</html>",
    ] {
        assert!(page.contains(words), "no {words}");
    }
    // Nothing is fetched, so that it needs no server and tells nobody.
    assert!(!page.contains("http"));
}

#[test]
fn a_page_is_there_for_every_kind_of_output() {
    let files = folder(&[("a.jpg", &colour(30))]);
    for flags in [
        "-o a.jpg --overwrite --tables source",
        "-o b.jpg",
        "-o c.png --compare",
        "-o d.png --strength 0",
    ] {
        ends(
            &restore(&format!("a.jpg {flags} --report p.html"), &files),
            0,
        );
        let page = fs::read_to_string(files.path().join("p.html")).unwrap();
        assert_eq!(page.matches("data:image/jpeg").count(), 3, "{flags}");
    }
}

#[test]
fn a_page_that_cannot_be_written_is_a_message_before_any_work() {
    let files = folder(&[("a.jpg", &colour(30)), ("file", b"")]);
    let output = restore("a.jpg -o a.png --report file/page.html", &files);
    says(&output, 2, &["--report file/page.html"]);
    assert!(!files.path().join("a.png").exists());
}
