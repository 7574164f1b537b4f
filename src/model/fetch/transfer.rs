//! Fills a part until it is complete, over as many connections as needed.
//!
//! A broken connection is tried again after a pause; bytes of different versions of the file are
//! never mixed. Called by `fetch`.

use std::io::{self, ErrorKind, Read};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::model::fetch::client::{Answer, Client, Fault, Wanted};
use crate::model::fetch::part::{Origin, Part};
use crate::model::fetch::{Event, PROGRESS_BYTES, Request, Settings, Watch};

/// Bytes read at once.
const BLOCK: usize = 1 << 17;
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often a pause checks whether it is cancelled.
const LOOK: Duration = Duration::from_millis(50);

/// Fills `part` with the file that `request` names.
pub(crate) fn transfer(
    request: &Request<'_>,
    settings: &Settings,
    watch: Watch<'_>,
    part: &mut Part,
) -> Result<()> {
    let job = Job {
        client: Client::new(request.url, settings)?,
        request,
        settings,
        watch,
    };
    job.begin(part)?;
    let (mut farthest, mut failures) = (part.len(), 0);
    loop {
        let why = match job.attempt(part) {
            Ok(()) => return Ok(()),
            Err(Fault::Final(error)) => return Err(error),
            Err(Fault::Broken(why)) => why,
        };
        if part.len() >= farthest + PROGRESS_BYTES {
            (farthest, failures) = (part.len(), 0);
        }
        failures += 1;
        if failures > settings.retries {
            return Err(job.given_up(part, &why, failures));
        }
        job.pause(failures, &why)?;
    }
}

struct Job<'a> {
    client: Client,
    request: &'a Request<'a>,
    settings: &'a Settings,
    watch: Watch<'a>,
}

impl Job<'_> {
    /// Drops a part that cannot be the start of the file: because it is from another address and
    /// there is no digest to check it, or because it is too long.
    fn begin(&self, part: &mut Part) -> Result<()> {
        if part.len() == 0 {
            return Ok(());
        }
        let known = part.origin().is_some_and(|o| o.url == self.request.url);
        let too_long = self.request.size.is_some_and(|size| part.len() > size);
        if too_long || !known && self.request.hash.is_none() {
            self.watch
                .tell(Event::Restarted("what is there came from elsewhere"))?;
            part.clear()?;
        }
        Ok(())
    }

    /// One connection. Succeeds if the part is complete.
    fn attempt(&self, part: &mut Part) -> std::result::Result<(), Fault> {
        if part.len() > 0 && self.request.size == Some(part.len()) {
            return Ok(());
        }
        let origin = part.origin().filter(|o| o.url == self.request.url);
        let origin = origin.unwrap_or_default();
        let wanted = Wanted {
            from: part.len(),
            validator: origin.validator.as_deref(),
        };
        let answer = self.client.get(&wanted)?;
        self.fit(&origin, &answer, part)?;
        let Some(start) = answer.start else {
            return Ok(());
        };
        if start != part.len() {
            return Err(self.anew(part, "the server sends another part than asked for"));
        }
        part.set_origin(&Origin {
            url: self.request.url.to_owned(),
            validator: answer.validator.clone(),
            total: answer.total,
        })?;
        let total = self.expected(&answer, part)?;
        self.receive(answer.body, total, part)
    }

    /// Makes the part fit the response: it is emptied if the response is the whole file.
    fn fit(
        &self,
        origin: &Origin,
        answer: &Answer,
        part: &mut Part,
    ) -> std::result::Result<(), Fault> {
        match answer.start {
            Some(0) if part.len() > 0 => {
                let why = "the server does not resume";
                self.watch.tell(Event::Restarted(why))?;
                part.clear()?;
            }
            // The server has nothing more to send: the part is complete, or of another file.
            None if answer.total != Some(part.len()) => {
                return Err(self.anew(part, "the server has no such part"));
            }
            _ if part.len() > 0 && has_changed(origin, answer) => {
                return Err(self.anew(part, "the file has changed on the server"));
            }
            _ => {}
        }
        Ok(())
    }

    /// Empties the part, and reports it.
    fn anew(&self, part: &mut Part, why: &str) -> Fault {
        let told = self.watch.tell(Event::Restarted(why));
        match told.and_then(|()| part.clear()) {
            Ok(()) => Fault::Broken(why.to_owned()),
            Err(error) => Fault::Final(error),
        }
    }

    /// The total in bytes, if known, after checking that it is as requested and that there is room.
    fn expected(&self, answer: &Answer, part: &Part) -> Result<Option<u64>> {
        let url = self.request.url;
        if let (Some(total), Some(size)) = (answer.total, self.request.size)
            && total != size
        {
            return Err(Error::Checkpoint(format!(
                "{url}: the server has {total} bytes, wanted {size}"
            )));
        }
        let total = answer.total.or(self.request.size);
        let most = self.settings.most_bytes;
        if let Some(total) = total.filter(|&total| total > most) {
            return Err(Error::Limits(format!(
                "{url}: {total} bytes, the limit is {most}"
            )));
        }
        let needed = total.map_or(0, |total| total.saturating_sub(part.len()));
        match part.free_bytes() {
            Some(free) if free < needed => {
                let text = format!("no room: {needed} more bytes are needed, {free} are free");
                Err(Error::io(
                    part.path(),
                    io::Error::new(ErrorKind::StorageFull, text),
                ))
            }
            _ => Ok(total),
        }
    }

    fn receive(
        &self,
        mut body: Box<dyn Read>,
        total: Option<u64>,
        part: &mut Part,
    ) -> std::result::Result<(), Fault> {
        let most = total.unwrap_or(self.settings.most_bytes);
        let mut block = vec![0; BLOCK];
        loop {
            let done = part.len();
            self.watch.tell(Event::Received { done, total })?;
            let count = match body.read(&mut block) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(Fault::Broken(e.to_string())),
            };
            if done + count as u64 > most {
                let url = self.request.url;
                let text = format!("{url}: the server sends more than {most} bytes");
                return Err(Fault::Final(Error::Limits(text)));
            }
            part.append(&block[..count])
                .map_err(|e| unwritable(part, total, &e))?;
        }
        match total {
            Some(total) if part.len() < total => {
                Err(Fault::Broken("the server stopped sending".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Waits before attempt number `failures` + 1.
    fn pause(&self, failures: u32, why: &str) -> Result<()> {
        let factor = 1u32.checked_shl(failures - 1).unwrap_or(u32::MAX);
        let pause = self.settings.pause.saturating_mul(factor);
        let pause = pause.min(LONGEST_PAUSE);
        let until = Instant::now() + pause;
        self.watch.tell(Event::Broken { why, pause })?;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            std::thread::sleep(left.min(LOOK));
            self.watch.cancelled()?;
        }
        Ok(())
    }

    fn given_up(&self, part: &Part, why: &str, attempts: u32) -> Error {
        let kept = match part.len() {
            0 => "with nothing".to_owned(),
            have => format!(
                "with {have} bytes, which are kept in {}: run again to resume",
                part.path().display()
            ),
        };
        let text = format!("{why}; gave up after {attempts} attempts {kept}");
        self.client.error(ErrorKind::ConnectionAborted, text)
    }
}

/// Whether the response is of another version than the bytes from `origin`.
fn has_changed(origin: &Origin, answer: &Answer) -> bool {
    fn differ<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
        a.is_some() && b.is_some() && a != b
    }
    differ(&origin.validator, &answer.validator) || differ(&origin.total, &answer.total)
}

/// The error for bytes that could not be written, usually because the disk is full.
fn unwritable(part: &Part, total: Option<u64>, error: &io::Error) -> Fault {
    let have = part.len();
    let needed = match total {
        Some(total) => format!("{} more are needed", total.saturating_sub(have)),
        None => "it is not known how many more are needed".to_owned(),
    };
    let text =
        format!("{error}; {have} bytes are kept, {needed}: make room and run again to resume");
    Fault::Final(Error::io(part.path(), io::Error::new(error.kind(), text)))
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}
