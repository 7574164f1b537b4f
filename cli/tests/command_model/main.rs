//! `ddrmjpeg model` as it is run: what it prints, what it writes, how it ends.

#![cfg(feature = "torch")]

#[path = "../../../tests/checkpoint_files/mod.rs"]
mod checkpoint_files;
mod fetching;
mod files;
#[path = "../http_server/mod.rs"]
mod http_server;
mod work;
