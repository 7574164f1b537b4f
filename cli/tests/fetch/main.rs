//! Fetching against a server on the loopback: what arrives, what is resumed, what is refused,
//! and what is left on the disk.

mod arrives;
#[path = "../http_server/mod.rs"]
mod http_server;
mod place;
mod refused;
