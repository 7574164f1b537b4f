//! Both ends in one process, over a socket.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use super::*;
use crate::contract::Denoiser;
use crate::model::remote::server;

const PATIENCE: Duration = Duration::from_secs(20);

/// Adds σ, and all that a hint says; two questions have to be there at once.
struct Pairs {
    facts: ModelFacts,
    both: Barrier,
    expected: AtomicUsize,
}

impl Pairs {
    fn new() -> Self {
        let facts = ModelFacts {
            name: "pairs".into(),
            at_once: 2,
            ..ModelFacts::UNKNOWN
        };
        Self {
            facts,
            both: Barrier::new(2),
            expected: AtomicUsize::new(0),
        }
    }
}

impl Denoiser for Pairs {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        if sigma < 0.0 {
            return Err(Error::Options("sigma".to_owned().into()));
        }
        assert!(sigma < 100.0, "sigma is {sigma}");
        self.both.wait();
        let more = hint.map_or(0.0, |h| {
            h.decoded.data[0] + f32::from(h.luma[0] + h.chroma[63])
        });
        let mut x0 = x.clone();
        x0.data.iter_mut().for_each(|v| *v += sigma as f32 + more);
        Ok(x0)
    }

    fn reach(&self) -> Reach {
        Reach::Window { side_px: 16 }
    }

    fn facts(&self) -> &ModelFacts {
        &self.facts
    }

    fn expect(&self, pieces: usize) {
        self.expected.fetch_add(pieces, Ordering::Relaxed);
    }
}

/// A client whose server answers from `prior`, and what becomes of the server.
fn served(prior: Arc<dyn Denoiser>) -> (Arc<Link>, thread::JoinHandle<Result<()>>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let server = thread::spawn(move || {
        let to = theirs.try_clone().unwrap();
        let ended = server::serve(&mut &theirs, to, |options| match options.model.given() {
            Some("pairs") => Ok(prior),
            other => Err(Error::Checkpoint(format!("{other:?}"))),
        });
        theirs.shutdown(Shutdown::Both).unwrap();
        ended
    });
    (listening(ours), server)
}

fn listening(stream: UnixStream) -> Arc<Link> {
    let link = Arc::new(Link::new(stream, "there".into()).unwrap());
    let there = link.clone();
    thread::spawn(move || {
        let (End::Closed(why) | End::Nonsense(why)) = there.listen();
        there.close();
        there.break_off(&why);
    });
    link
}

fn picture(value: f32) -> Picture {
    let data = vec![value; 3 * 16 * 8];
    Picture::from_data(3, 16, 8, data).unwrap()
}

fn named(model: &str) -> ModelOptions {
    ModelOptions::default().with_model(model)
}

#[test]
fn questions_of_several_threads_are_answered_together_each_by_its_number() {
    let prior = Arc::new(Pairs::new());
    let (link, server) = served(prior.clone());
    let (facts, reach) = link.open(&named("pairs"), PATIENCE).unwrap();
    assert_eq!((&facts, reach), (prior.facts(), prior.reach()));
    link.expect(8);
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for i in 0..8u8 {
            let (link, found) = (&link, &found);
            scope.spawn(move || {
                let hint = Hint {
                    decoded: picture(0.5),
                    luma: [10; 64],
                    chroma: [20; 64],
                    subsampling: (2, 2),
                };
                let hint = (i % 2 == 0).then_some(&hint);
                let x0 = link.ask(&picture(i.into()), 1.0, hint).unwrap();
                let wanted = f32::from(i) + 1.0 + if hint.is_some() { 30.5 } else { 0.0 };
                found.lock().unwrap().push(x0 == picture(wanted));
            });
        }
    });
    assert_eq!(found.into_inner().unwrap(), [true; 8]);
    assert_eq!(prior.expected.load(Ordering::Relaxed), 8);
    // Errors and panics are answers too.
    let error = link.ask(&picture(0.0), -1.0, None).unwrap_err();
    assert!(matches!(error, Error::Options(_)), "{error}");
    let error = link.ask(&picture(0.0), 100.0, None).unwrap_err();
    assert!(
        matches!(&error, Error::Backend(why) if why.contains("sigma is 100")),
        "{error}"
    );
    link.close();
    server.join().unwrap().unwrap();
    let error = link.ask(&picture(0.0), 1.0, None).unwrap_err();
    assert!(matches!(error, Error::Backend(_)), "{error}");
}

#[test]
fn what_cannot_be_opened_there_is_the_same_error_here() {
    let (link, server) = served(Arc::new(Pairs::new()));
    let error = link.open(&named("other"), PATIENCE).unwrap_err();
    assert!(
        matches!(&error, Error::Checkpoint(why) if why.contains("other")),
        "{error}"
    );
    server.join().unwrap().unwrap();
}

#[test]
fn pictures_that_the_other_side_would_refuse_are_not_sent() {
    let (link, _server) = served(Arc::new(Pairs::new()));
    link.open(&named("pairs"), PATIENCE).unwrap();
    for x in [
        Picture::new(3, 12, 8),
        Picture::new(1, 8, 8),
        Picture::new(3, 0, 0),
    ] {
        assert!(matches!(link.ask(&x, 1.0, None), Err(Error::Backend(_))));
    }
    let hint = Hint {
        decoded: Picture::new(3, 8, 8),
        luma: [1; 64],
        chroma: [1; 64],
        subsampling: (1, 1),
    };
    assert!(link.ask(&picture(0.0), 1.0, Some(&hint)).is_err());
}

/// What a server writes that is none, and what the client makes of it.
fn answer_to(bytes: Vec<u8>) -> String {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let link = listening(ours);
    let write = thread::spawn(move || {
        theirs.write_all(&bytes).unwrap();
        theirs.shutdown(Shutdown::Write).unwrap();
        theirs
    });
    let opened = link.open(&named("pairs"), PATIENCE);
    let found = opened.and_then(|_| link.ask(&picture(0.0), 1.0, None));
    let _theirs = write.join().unwrap();
    let Err(Error::Backend(why)) = found else {
        panic!("{found:?}");
    };
    why
}

#[test]
fn nonsense_ends_the_connection_with_its_reason() {
    let greeting = |protocol| {
        let mut bytes = Vec::new();
        let ours = Greeting::ours();
        Greeting { protocol, ..ours }.write(&mut bytes).unwrap();
        bytes
    };
    let ours = greeting(crate::model::remote::protocol::PROTOCOL);
    let opened = crate::model::remote::messages::put_opened(
        ModelFacts::unknown(),
        Reach::Window { side_px: 8 },
    );
    let frame = |kind, number, message: &[u8]| {
        let mut bytes = Vec::new();
        send(&mut bytes, kind, number, message).unwrap();
        bytes
    };
    let opened = [&ours[..], &frame(Kind::Opened, 0, &opened)].concat();
    let with = |more: &[u8]| answer_to([&opened[..], more].concat());
    assert!(answer_to(b"HTTP/1.1 200 OK\r\n".to_vec()).contains("HTTP/1.1"));
    assert!(answer_to(greeting(99)).contains("protocol 99"));
    assert_eq!(answer_to(ours), "there: it has ended");
    assert_eq!(with(&[]), "there: it has ended");
    assert!(with(&frame(Kind::Open, 0, &[])).contains("Open"));
    assert!(with(&frame(Kind::Answer, 5, &[])).contains("question 5"));
    assert!(with(&[7; 17]).contains("kind 7"));
    assert!(with(&frame(Kind::Failed, 9, &[1; 3])[..9]).contains("in the middle"));
}

#[test]
fn who_says_nothing_is_waited_for_so_long() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let link = listening(ours);
    let error = link
        .open(&named("pairs"), Duration::from_millis(20))
        .unwrap_err();
    assert!(error.to_string().contains("said nothing"), "{error}");
    link.close();
}

/// The server ends with an error, and allocates nothing for what is announced.
#[test]
fn a_client_that_speaks_nonsense_is_refused() {
    let greeting = || {
        let mut bytes = Vec::new();
        Greeting::ours().write(&mut bytes).unwrap();
        bytes
    };
    let open = || {
        let mut bytes = greeting();
        send(&mut bytes, Kind::Open, 0, &put_options(&named("pairs"))).unwrap();
        bytes
    };
    let head = |kind, bytes| {
        let mut out = Vec::new();
        let head = Head {
            kind,
            number: 1,
            bytes,
        };
        head.write(&mut out).unwrap();
        out
    };
    let cases = [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        greeting(),
        [greeting(), head(Kind::Open, usize::MAX)].concat(),
        [open(), head(Kind::Question, usize::MAX), vec![255; 300]].concat(),
        [open(), head(Kind::Answer, 0)].concat(),
    ];
    for bytes in cases {
        let open = |_: &ModelOptions| Ok(Arc::new(Pairs::new()) as Arc<dyn Denoiser>);
        let ended = server::serve(&mut &bytes[..], Vec::new(), open);
        assert!(matches!(ended, Err(Error::Backend(_))), "{bytes:?}");
    }
}
