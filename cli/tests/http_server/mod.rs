//! A small HTTP server on the loopback, whose answers a test decides, faults included.
//!
//! One thread, one connection at a time, no more than [`MOST_CONNECTIONS`] of them.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A client that asks more often is out of order.
pub const MOST_CONNECTIONS: usize = 64;
/// How long a silent server keeps a connection open.
const SILENCE: Duration = Duration::from_secs(20);

/// What a client asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
}

impl Asked {
    /// The first byte of `Range: bytes=N-`.
    pub fn range(&self) -> Option<usize> {
        let text = self.headers.get("range")?;
        text.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What the server answers.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub status: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Says nothing more after the body, instead of closing the connection.
    pub silent: bool,
}

impl Reply {
    pub fn status(status: &str) -> Self {
        Self {
            status: status.to_owned(),
            ..Self::default()
        }
    }

    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// `body`, with its length.
    pub fn whole(body: &[u8]) -> Self {
        let reply = Self::status("200 OK").header("Content-Length", body.len());
        Self {
            body: body.to_vec(),
            ..reply
        }
    }

    /// `body` from `start` on, as `Range` asks for it.
    pub fn rest(body: &[u8], start: usize) -> Self {
        let (last, total) = (body.len() - 1, body.len());
        let reply = Self::status("206 Partial Content")
            .header("Content-Length", total - start)
            .header("Content-Range", format!("bytes {start}-{last}/{total}"));
        Self {
            body: body[start..].to_vec(),
            ..reply
        }
    }

    /// Breaks off after `count` bytes of the body.
    pub fn cut(mut self, count: usize) -> Self {
        self.body.truncate(count);
        self
    }

    /// Falls silent after `count` bytes of the body.
    pub fn silent_after(self, count: usize) -> Self {
        Self {
            silent: true,
            ..self.cut(count)
        }
    }
}

/// What a sound server answers for `body`: whole, or the rest of it if it is still `tag`.
pub fn sound(asked: &Asked, body: &[u8], tag: &str) -> Reply {
    let same = asked.headers.get("if-range").is_none_or(|t| t == tag);
    let reply = match asked.range().filter(|_| same) {
        Some(start) if start >= body.len() => Reply::status("416 Range Not Satisfiable")
            .header("Content-Range", format!("bytes */{}", body.len()))
            .header("Content-Length", 0),
        Some(start) => Reply::rest(body, start),
        None => Reply::whole(body),
    };
    reply.header("ETag", tag)
}

/// A running server. It stops when it is dropped.
pub struct Server {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers by `answer`, which gets the request and how many came before it.
    pub fn start(mut answer: impl FnMut(&Asked, usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (kept, stopped) = (Arc::clone(&asked), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let mut count = 0;
            while !stopped.load(Ordering::Relaxed) && count < MOST_CONNECTIONS {
                let Ok((stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                };
                if let Some(request) = read(&stream) {
                    let reply = answer(&request, count);
                    kept.lock().unwrap().push(request);
                    count += 1;
                    write(stream, &reply, &stopped);
                }
            }
        });
        Self {
            address,
            asked,
            stop,
            thread: Some(thread),
        }
    }

    /// The address of `path`, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The ranges that were asked for so far.
    pub fn ranges(&self) -> Vec<Option<usize>> {
        self.asked().iter().map(Asked::range).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(
                ended.is_ok() || std::thread::panicking(),
                "the server's thread panicked"
            );
        }
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let line = lines.next()?.ok()?;
        let Some((name, value)) = line.split_once(':') else {
            return Some(Asked { path, headers });
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
}

/// A client that hangs up is no fault of the server's.
fn write(mut stream: TcpStream, reply: &Reply, stopped: &AtomicBool) {
    let mut head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let _ = stream.write_all(format!("{head}\r\n").as_bytes());
    let _ = stream.write_all(&reply.body);
    let _ = stream.flush();
    let until = Instant::now() + SILENCE;
    while reply.silent && Instant::now() < until && !stopped.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(5));
    }
}
