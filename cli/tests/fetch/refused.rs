//! What is refused, what fails, and what is left then.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ddrmjpeg::error::Error;
use ddrmjpeg::model::fetch::{Event, Request, Settings, Watch, fetch};

use crate::http_server::{Reply, Server, sound};
use crate::place::{Place, TAG, impatient, model, now, read, sha256};

#[test]
fn a_wrong_digest_is_named_with_the_right_one_and_nothing_stays() {
    let (body, other) = (model(50_000, 9), model(50_000, 10));
    let sent = body.clone();
    let server = Server::start(move |asked, _| sound(asked, &sent, TAG));
    let place = Place::new(server.url("/m.pt")).wanting(&other);
    let error = place.fetch().unwrap_err();
    assert!(matches!(error, Error::Checkpoint(_)), "{error:?}");
    for told in [sha256(&body).to_string(), sha256(&other).to_string()] {
        assert!(error.to_string().contains(&told), "{error}");
    }
    assert!(error.to_string().contains("deleted"), "{error}");
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn a_wrong_size_is_refused_before_anything_is_fetched() {
    let body = model(5_000, 11);
    let server = Server::start(move |asked, _| sound(asked, &body, TAG));
    let mut place = Place::new(server.url("/m.pt"));
    place.size = Some(5_001);
    let error = place.refusal();
    assert!(error.contains("has 5000 bytes, wanted 5001"), "{error}");
    assert!(!place.happened("Received"));
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn a_length_that_is_not_kept_is_a_broken_connection() {
    let server = Server::start(|_, _| {
        let body = model(1_000, 12);
        let reply = Reply::status("200 OK").header("Content-Length", 2_000);
        Reply { body, ..reply }
    });
    let place = Place::new(server.url("/m.pt"));
    let error = place.refusal();
    assert!(
        error.contains("gave up after 3 attempts with 1000 bytes"),
        "{error}"
    );
}

#[test]
fn a_server_that_gives_no_length_is_held_to_the_size() {
    let body = model(3_000, 13);
    let reply = Reply {
        body: body.clone(),
        ..Reply::status("200 OK")
    };
    let server = Server::start(move |_, _| reply.clone());
    let mut place = Place::new(server.url("/m.pt"));
    place.size = Some(2_999);
    let error = place.refusal();
    assert!(error.contains("more than 2999 bytes"), "{error}");
    let mut place = Place::new(server.url("/m.pt"));
    place.size = Some(3_001);
    assert!(place.refusal().contains("stopped sending"));
    let place = Place::new(server.url("/m.pt"));
    assert_eq!(place.fetch().unwrap(), now(&body, 0));
    place.holds(&body);
}

#[test]
fn what_is_too_large_is_refused() {
    let body = model(3_000, 14);
    let server = Server::start(move |asked, _| sound(asked, &body, TAG));
    let mut place = Place::new(server.url("/m.pt"));
    place.settings.most_bytes = 2_000;
    let error = place.fetch().unwrap_err();
    assert!(matches!(error, Error::Limits(_)), "{error:?}");
    assert!(error.to_string().contains("3000 bytes, the limit is 2000"));
}

#[test]
fn a_refusal_is_told_at_once_and_passing_trouble_is_waited_out() {
    let server = Server::start(|_, _| Reply::status("404 Not Found").header("Content-Length", 0));
    let place = Place::new(server.url("/gone.pt"));
    let error = place.refusal();
    assert!(
        error.contains("/gone.pt") && error.contains("404 Not Found"),
        "{error}"
    );
    assert_eq!(server.asked().len(), 1);
    assert_eq!(place.files(), [""; 0]);

    let body = model(1_000, 15);
    let sent = body.clone();
    let server = Server::start(move |asked, count| match count {
        0 | 1 => Reply::status("503 Service Unavailable").header("Content-Length", 0),
        _ => sound(asked, &sent, TAG),
    });
    let place = Place::new(server.url("/m.pt")).wanting(&body);
    place.fetch().unwrap();
    place.holds(&body);
    assert!(place.happened("503 Service Unavailable"));
}

#[test]
fn nobody_listening_is_told_as_such() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let place = Place::new(format!("http://{address}/m.pt"));
    let error = place.refusal();
    assert!(
        error.contains("refused") && error.contains("3 attempts"),
        "{error}"
    );
}

#[test]
fn a_pause_is_cancelled_too() {
    let server = Server::start(|_, _| Reply::status("503 Busy").header("Content-Length", 0));
    let cancel = AtomicBool::new(false);
    let report = |event: Event<'_>| {
        if matches!(event, Event::Broken { .. }) {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let place = Place::new(server.url("/m.pt"));
    let request = Request {
        url: &place.url,
        target: &place.target,
        size: None,
        hash: None,
        check: None,
    };
    let watch = Watch {
        cancel: Some(&cancel),
        report: Some(&report),
    };
    // The pause is 1 s by default; a minute would show in the test's time.
    let settings = Settings {
        pause: Duration::from_secs(60),
        ..impatient()
    };
    let stopped = fetch(&request, &settings, watch);
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
}

#[test]
fn the_last_look_decides() {
    let body = b"<html>log in first</html>".to_vec();
    let sent = body.clone();
    let server = Server::start(move |asked, _| sound(asked, &sent, TAG));
    let place = Place::new(server.url("/m.pt"));
    let check = |path: &Path| match read(path).starts_with(b"<html>") {
        true => Err(Error::Checkpoint("it is a web page".to_owned())),
        false => Ok(()),
    };
    let request = Request {
        url: &place.url,
        target: &place.target,
        size: None,
        hash: None,
        check: Some(&check),
    };
    let error = fetch(&request, &impatient(), Watch::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("web page; the download is deleted"),
        "{error}"
    );
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn a_folder_in_the_way_is_left_alone() {
    let place = Place::new("http://127.0.0.1:9/m.pt".to_owned());
    std::fs::create_dir_all(&place.target).unwrap();
    assert!(place.refusal().contains("is there, and no file"));
}

/// /dev/full takes no byte and says what a full disk says.
#[test]
fn a_full_disk_names_the_place_and_what_is_missing() {
    let body = model(70_000, 20);
    let server = Server::start(move |asked, _| sound(asked, &body, TAG));
    let place = Place::new(server.url("/m.pt"));
    std::fs::create_dir_all(place.target.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/dev/full", place.part()).unwrap();
    let error = place.fetch().unwrap_err();
    let Error::Io { source, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
    for told in ["model.pt.part", "70000 more are needed", "run again"] {
        assert!(error.to_string().contains(told), "{told}: {error}");
    }
}

#[test]
fn what_has_no_room_is_not_begun() {
    // An exbibyte: more than any disk has.
    let claim = 1u64 << 60;
    let server = Server::start(move |_, _| {
        let body = model(1_000, 21);
        let reply = Reply::status("200 OK").header("Content-Length", claim);
        Reply { body, ..reply }
    });
    let mut place = Place::new(server.url("/m.pt"));
    place.settings.most_bytes = u64::MAX;
    let error = place.refusal();
    assert!(
        error.contains(&format!("{claim} more bytes are needed")),
        "{error}"
    );
    assert!(!place.happened("Received"));
    assert_eq!(place.files(), [""; 0]);
}
