//! What arrives, at once or in pieces.

use ddrmjpeg::error::Error;
use ddrmjpeg::model::fetch::Fetched;

use crate::http_server::{Reply, Server, sound};
use crate::place::{Place, TAG, model, now, read, sha256};

#[test]
fn a_file_arrives_whole_and_is_not_fetched_again() {
    let body = model(700_000, 1);
    let sent = body.clone();
    let server = Server::start(move |asked, _| sound(asked, &sent, TAG));
    let place = Place::new(server.url("/m.pt")).wanting(&body);
    assert_eq!(place.fetch().unwrap(), now(&body, 0));
    place.holds(&body);
    assert!(place.happened("Received { done: 700000, total: Some(700000) }"));
    assert!(place.happened("Verifying { done: 700000"));
    assert_eq!(place.fetch().unwrap(), Fetched::Present);
    assert_eq!(server.ranges(), [None]);
    assert_eq!(server.asked()[0].headers["accept-encoding"], "identity");
}

#[test]
fn a_broken_connection_is_taken_up_where_it_broke() {
    let body = model(500_000, 2);
    let sent = body.clone();
    let server = Server::start(move |asked, count| match count {
        0 => sound(asked, &sent, TAG).cut(200_001),
        1 => sound(asked, &sent, TAG).cut(100_000),
        _ => sound(asked, &sent, TAG),
    });
    let place = Place::new(server.url("/m.pt")).wanting(&body);
    assert_eq!(place.fetch().unwrap(), now(&body, 0));
    place.holds(&body);
    assert_eq!(server.ranges(), [None, Some(200_001), Some(300_001)]);
    assert_eq!(server.asked()[2].headers["if-range"], TAG);
    assert!(place.happened("Broken"));
}

#[test]
fn the_next_run_takes_up_what_the_last_one_kept() {
    let body = model(300_000, 3);
    let sent = body.clone();
    let server = Server::start(move |asked, count| match count {
        0 => sound(asked, &sent, TAG).cut(123_456),
        1 | 2 => sound(asked, &sent, TAG).cut(0),
        _ => sound(asked, &sent, TAG),
    });
    let place = Place::new(server.url("/m.pt"));
    let error = place.refusal();
    for told in ["/m.pt", "123456 bytes", "model.pt.part", "run again"] {
        assert!(error.contains(told), "{told}: {error}");
    }
    assert_eq!(place.files(), ["model.pt.part", "model.pt.part.from"]);
    assert_eq!(place.fetch().unwrap(), now(&body, 123_456));
    place.holds(&body);
    assert_eq!(server.ranges()[3], Some(123_456));
}

#[test]
fn a_server_without_ranges_is_asked_from_the_start() {
    let body = model(200_000, 4);
    let sent = body.clone();
    let server = Server::start(move |_, count| match count {
        0 => Reply::whole(&sent).cut(150_000),
        _ => Reply::whole(&sent),
    });
    let place = Place::new(server.url("/m.pt")).wanting(&body);
    assert_eq!(place.fetch().unwrap(), now(&body, 0));
    place.holds(&body);
    assert!(place.happened("does not resume"));
}

#[test]
fn versions_are_never_mixed() {
    let (old, new) = (model(90_000, 5), model(90_000, 6));
    // Whether the server heeds If-Range or not.
    for heeds in [true, false] {
        let (first, then) = (old.clone(), new.clone());
        let server = Server::start(move |asked, count| match (count, asked.range()) {
            (0, _) => sound(asked, &first, TAG).cut(50_000),
            (_, Some(start)) if !heeds => Reply::rest(&then, start).header("ETag", "\"2\""),
            _ => sound(asked, &then, "\"2\""),
        });
        let place = Place::new(server.url("/m.pt"));
        assert_eq!(place.fetch().unwrap(), now(&new, 0));
        place.holds(&new);
    }
}

#[test]
fn a_part_from_elsewhere_is_kept_only_under_a_digest() {
    let body = model(60_000, 7);
    let sent = body.clone();
    let server = Server::start(move |asked, _| sound(asked, &sent, TAG));
    for known in [true, false] {
        let mut place = Place::new(server.url("/mirror.pt"));
        place.hash = known.then(|| sha256(&body));
        std::fs::create_dir_all(place.target.parent().unwrap()).unwrap();
        std::fs::write(place.part(), &body[..20_000]).unwrap();
        let resumed = if known { 20_000 } else { 0 };
        assert_eq!(place.fetch().unwrap(), now(&body, resumed));
        place.holds(&body);
    }
    assert_eq!(server.ranges(), [Some(20_000), None]);
}

#[test]
fn a_part_that_is_whole_is_only_checked() {
    let body = model(40_000, 8);
    let sent = body.clone();
    let server = Server::start(move |asked, _| sound(asked, &sent, TAG));
    for size in [Some(40_000), None] {
        let mut place = Place::new(server.url("/m.pt")).wanting(&body);
        place.size = size;
        std::fs::create_dir_all(place.target.parent().unwrap()).unwrap();
        std::fs::write(place.part(), &body).unwrap();
        assert_eq!(place.fetch().unwrap(), now(&body, 40_000));
        place.holds(&body);
    }
    // With the size known, nobody was asked.
    assert_eq!(server.ranges(), [Some(40_000)]);
}

#[test]
fn redirects_are_followed_with_the_range_and_not_for_ever() {
    let body = model(80_000, 16);
    let sent = body.clone();
    let server = Server::start(move |asked, count| match asked.path.as_str() {
        "/loop" => moved("/loop"),
        "/m.pt" => moved("/elsewhere?dl=1"),
        _ if count == 1 => sound(asked, &sent, TAG).cut(30_000),
        _ => sound(asked, &sent, TAG),
    });
    let place = Place::new(server.url("/m.pt")).wanting(&body);
    place.fetch().unwrap();
    place.holds(&body);
    assert_eq!(server.ranges(), [None, None, Some(30_000), Some(30_000)]);
    let error = Place::new(server.url("/loop")).refusal();
    assert!(error.contains("too many redirects"), "{error}");
}

fn moved(to: &str) -> Reply {
    let reply = Reply::status("302 Found").header("Location", to);
    reply.header("Content-Length", 0)
}

#[test]
fn a_silent_server_is_left() {
    let body = model(64_000, 17);
    let sent = body.clone();
    let server = Server::start(move |asked, count| match count {
        0 => sound(asked, &sent, TAG).silent_after(10_000),
        _ => sound(asked, &sent, TAG),
    });
    let mut place = Place::new(server.url("/m.pt")).wanting(&body);
    // The server serves one at a time and is silent for 20 s, unless the client hangs up.
    let error = place.refusal();
    assert!(error.contains("timeout"), "{error}");
    assert_eq!(read(&place.part()), body[..10_000]);
    drop(server);
    let sent = body.clone();
    let server = Server::start(move |asked, _| sound(asked, &sent, TAG));
    place.url = server.url("/m.pt");
    assert_eq!(place.fetch().unwrap(), now(&body, 10_000));
    place.holds(&body);
}

#[test]
fn a_cancelled_fetch_keeps_what_it_has() {
    let body = model(900_000, 18);
    let sent = body.clone();
    let server = Server::start(move |asked, _| sound(asked, &sent, TAG));
    let place = Place::new(server.url("/m.pt")).wanting(&body);
    let stopped = place.fetch_until(300_000);
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    let kept = read(&place.part()).len();
    assert!((300_000..900_000).contains(&kept), "{kept}");
    assert_eq!(place.fetch().unwrap(), now(&body, kept));
    place.holds(&body);
}

#[test]
fn a_stale_file_stays_until_its_successor_is_whole() {
    let body = model(30_000, 19);
    let sent = body.clone();
    let server = Server::start(move |asked, count| match count {
        0..3 => sound(asked, &sent, TAG).cut(10),
        _ => sound(asked, &sent, TAG),
    });
    let place = Place::new(server.url("/m.pt")).wanting(&body);
    std::fs::create_dir_all(place.target.parent().unwrap()).unwrap();
    std::fs::write(&place.target, b"old").unwrap();
    place.refusal();
    assert!(place.happened("has 3 bytes, wanted 30000"));
    assert_eq!(read(&place.target), b"old");
    place.fetch().unwrap();
    place.holds(&body);
}

#[test]
fn another_part_than_asked_for_is_not_appended() {
    let body = model(50_000, 22);
    let sent = body.clone();
    let server = Server::start(move |asked, count| match count {
        0 => sound(asked, &sent, TAG).cut(30_000),
        1 => Reply::rest(&sent, 20_000).header("ETag", TAG),
        _ => sound(asked, &sent, TAG),
    });
    // No digest, that would tell afterwards.
    let place = Place::new(server.url("/m.pt"));
    assert_eq!(place.fetch().unwrap(), now(&body, 0));
    place.holds(&body);
    assert!(place.happened("another part"));
}
