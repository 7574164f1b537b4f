//! One HTTP request for a file, or for the rest of it.
//!
//! It decides whether a status or a failure is worth another try, or final. It does not process the
//! bytes. Called by `transfer`.

use std::io::Read;
use std::sync::Arc;

use ureq::http::header::{self, HeaderMap, HeaderName};
use ureq::http::{Response, StatusCode, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use crate::error::{Error, Result};
use crate::model::fetch::Settings;

/// Why a request, or reading its response, failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Worth another try.
    Broken(String),
    /// Another try would end in the same way.
    Final(Error),
}

/// Which part of a file to request.
pub(crate) struct Wanted<'a> {
    /// The first byte; 0 requests the whole file.
    pub from: u64,
    /// Tells the server the version of the earlier bytes.
    pub validator: Option<&'a str>,
}

/// The server's response.
pub(crate) struct Answer {
    /// The offset of the body in the file. `None`: there are no bytes from there on.
    pub start: Option<u64>,
    /// Bytes of the whole file, if the server says.
    pub total: Option<u64>,
    /// The version: a strong ETag or a date.
    pub validator: Option<String>,
    /// The bytes.
    pub body: Box<dyn Read>,
}

/// Requests one file from one server.
pub(crate) struct Client {
    agent: Agent,
    url: String,
}

impl Client {
    /// For `url`.
    ///
    /// # Errors
    /// [`Error::Options`] if that is not an http or https address.
    pub fn new(url: &str, settings: &Settings) -> Result<Self> {
        let bad = || Error::options(format!("url {url:?} is no http:// or https:// address"));
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad()),
        };
        let host = uri.host().ok_or_else(bad)?;
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let mut config = Agent::config_builder()
            .tls_config(tls)
            .https_only(secure)
            .http_status_as_error(false)
            .accept_encoding("identity")
            .user_agent(concat!("ddrmjpeg/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(settings.connect))
            .timeout_recv_response(Some(settings.stall))
            .timeout_per_read(Some(settings.stall));
        // A proxy cannot reach this machine's own address.
        if matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
            config = config.proxy(None);
        }
        Ok(Self {
            agent: config.build().new_agent(),
            url: url.to_owned(),
        })
    }

    /// Sends the request.
    pub fn get(&self, wanted: &Wanted<'_>) -> std::result::Result<Answer, Fault> {
        let mut request = self.agent.get(&self.url);
        if wanted.from > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", wanted.from));
            if let Some(validator) = wanted.validator {
                request = request.header(header::IF_RANGE, validator);
            }
        }
        let response = request.call().map_err(|e| self.fault(e))?;
        self.answer(response)
    }

    fn answer(&self, response: Response<Body>) -> std::result::Result<Answer, Fault> {
        let status = response.status();
        let headers = response.headers();
        let range = text(headers, header::CONTENT_RANGE);
        let range = range.as_deref().and_then(content_range);
        let (start, total) = match status {
            StatusCode::OK => (Some(0), response.body().content_length()),
            StatusCode::PARTIAL_CONTENT => match range {
                Some((Some(start), total)) => (Some(start), total),
                _ => return Err(Fault::Broken("a part that does not say which".to_owned())),
            },
            StatusCode::RANGE_NOT_SATISFIABLE => (None, range.and_then(|(_, total)| total)),
            _ => return Err(self.refusal(status)),
        };
        Ok(Answer {
            start,
            total,
            validator: validator(headers),
            body: Box::new(response.into_body().into_reader()),
        })
    }

    /// The fault for a response without the file.
    fn refusal(&self, status: StatusCode) -> Fault {
        let text = format!("the server answers {status}");
        let passing = matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504);
        match passing {
            true => Fault::Broken(text),
            false => Fault::Final(self.error(std::io::ErrorKind::Other, text)),
        }
    }

    fn fault(&self, error: ureq::Error) -> Fault {
        use std::io::ErrorKind;
        let text = match &error {
            // The message of the inner error only.
            ureq::Error::Io(inner) => inner.to_string(),
            _ => error.to_string(),
        };
        match error {
            ureq::Error::Io(inner) if is_distrust(&inner) => {
                Fault::Final(self.error(ErrorKind::PermissionDenied, text))
            }
            ureq::Error::Io(_)
            | ureq::Error::Timeout(_)
            | ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed
            | ureq::Error::Protocol(_) => Fault::Broken(text),
            ureq::Error::RequireHttpsOnly(_) => {
                let text = format!("leads from https to {text}");
                Fault::Final(self.error(ErrorKind::PermissionDenied, text))
            }
            _ => Fault::Final(self.error(ErrorKind::Other, text)),
        }
    }

    /// An [`Error::Io`] that names the URL.
    pub fn error(&self, kind: std::io::ErrorKind, text: String) -> Error {
        Error::io(&self.url, std::io::Error::new(kind, text))
    }
}

/// Whether TLS failed for a permanent reason: an untrusted certificate, or no common protocol.
fn is_distrust(error: &std::io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.trim().to_owned())
}

/// The value for `If-Range` (RFC 9110, 13.1.5): a strong ETag, otherwise the date of last change.
fn validator(headers: &HeaderMap) -> Option<String> {
    let strong = text(headers, header::ETAG).filter(|tag| tag.starts_with('"'));
    strong.or_else(|| text(headers, header::LAST_MODIFIED))
}

/// `bytes FIRST-LAST/TOTAL` (RFC 9110, 14.4): the first byte and the total, `*` for either.
fn content_range(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let total = match total {
        "*" => None,
        number => Some(number.parse().ok()?),
    };
    if range == "*" {
        return Some((None, total));
    }
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some((Some(first), total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as StdError;

    #[test]
    fn ranges_are_read_as_the_standard_writes_them() {
        assert_eq!(content_range("bytes 5-9/10"), Some((Some(5), Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((Some(5), None)));
        assert_eq!(content_range("bytes */10"), Some((None, Some(10))));
        for bad in [
            "",
            "bytes",
            "bytes 5/10",
            "bytes 9-5/10",
            "bytes 1-2/-3",
            "lines 1-2/3",
        ] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
    }

    #[test]
    fn weak_tags_give_way_to_dates() {
        let mut headers = HeaderMap::new();
        assert_eq!(validator(&headers), None);
        headers.insert(header::LAST_MODIFIED, "a date".parse().unwrap());
        headers.insert(header::ETAG, "W/\"x\"".parse().unwrap());
        assert_eq!(validator(&headers).as_deref(), Some("a date"));
        headers.insert(header::ETAG, "\"x\"".parse().unwrap());
        assert_eq!(validator(&headers).as_deref(), Some("\"x\""));
    }

    #[test]
    fn what_tls_will_not_have_is_final_and_a_broken_line_is_not() {
        let client = Client::new("https://host/m", &Settings::default()).unwrap();
        let fault = |kind, inner| client.fault(ureq::Error::Io(std::io::Error::new(kind, inner)));
        let bad = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        let told = match fault(
            std::io::ErrorKind::InvalidData,
            Box::<dyn StdError + Send + Sync>::from(bad),
        ) {
            Fault::Final(error) => error.to_string(),
            Fault::Broken(why) => panic!("{why} is tried again"),
        };
        assert!(
            told.contains("https://host/m: invalid peer certificate"),
            "{told}"
        );
        let broken = fault(std::io::ErrorKind::UnexpectedEof, "cut".into());
        assert!(matches!(broken, Fault::Broken(_)), "{broken:?}");
    }

    #[test]
    fn other_addresses_are_refused() {
        for url in [
            "",
            "host/file",
            "ftp://host/file",
            "/etc/passwd",
            "https://",
        ] {
            let refused = Client::new(url, &Settings::default()).err().unwrap();
            assert!(matches!(refused, Error::Options(_)), "{url}");
        }
    }
}
