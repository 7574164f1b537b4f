//! A camera that sends MJPEG over HTTP on the loopback, as many network cameras do.

#![allow(dead_code, reason = "no test binary uses all of it")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Starts one that sends each viewer this picture `frames` times, 25 times a second; its URL. It
/// lives as long as the process.
pub fn start(picture: Vec<u8>, frames: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let picture = picture.clone();
            // A viewer may go before the last picture.
            thread::spawn(move || drop(send(client, &picture, frames)));
        }
    });
    format!("http://127.0.0.1:{port}/video.mjpg")
}

fn send(mut client: TcpStream, picture: &[u8], frames: usize) -> std::io::Result<()> {
    let mut request = [0; 2048];
    let _length = client.read(&mut request)?;
    let head = "HTTP/1.0 200 OK\r\nConnection: close\r\n\
                Content-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n";
    client.write_all(head.as_bytes())?;
    for _ in 0..frames {
        let length = picture.len();
        let head =
            format!("--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n");
        client.write_all(&[head.as_bytes(), picture, b"\r\n"].concat())?;
        thread::sleep(Duration::from_millis(40));
    }
    client.write_all(b"--frame--\r\n")
}
