//! [`Stream`]: a file, stored plain or as gzip, from chunks of any size, for whoever reads its content.
//!
//! Which of the two it is, its first two bytes tell. A reader sees the same bytes in the same order
//! however the file was cut into chunks, and a file that was refused stays refused.

use super::Checked;
use super::gunzip::{GZIP_MAGIC, Gunzip};
use crate::base::{Error, Result};

/// Reads the decompressed bytes of one file.
pub(super) trait Content {
    /// What a whole file gives.
    type Whole;

    /// Reads the file's next bytes.
    fn push(&mut self, bytes: &[u8]) -> Checked<()>;

    /// The file's content, if it is complete. Called once, last.
    fn finish(&mut self) -> Checked<Self::Whole>;
}

/// One file being read.
pub(super) struct Stream<C> {
    file: String,
    source: Source,
    pub(super) content: C,
    bytes_in: usize,
    /// Why the file was refused: repeated to whoever goes on.
    refused: Option<String>,
}

enum Source {
    /// Fewer than two bytes have come.
    Unknown(Vec<u8>),
    Plain,
    Gzip(Box<Gunzip>),
}

impl<C: Content> Stream<C> {
    /// A file called `file` in messages.
    pub(super) fn new(file: impl Into<String>, content: C) -> Self {
        Self {
            file: file.into(),
            source: Source::Unknown(Vec::with_capacity(GZIP_MAGIC.len())),
            content,
            bytes_in: 0,
            refused: None,
        }
    }

    /// Reads the file's next bytes, as stored.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<()> {
        self.guarded(|stream| {
            stream.bytes_in += chunk.len();
            stream.push_checked(chunk)
        })
    }

    /// Bytes read so far, as stored (compressed, if the file is).
    pub(super) fn bytes_in(&self) -> usize {
        self.bytes_in
    }

    /// The file's content, if it is complete.
    pub(super) fn finish(&mut self) -> Result<C::Whole> {
        self.guarded(Self::finish_checked)
    }

    /// Runs a step that may refuse the file, unless it has been refused already.
    fn guarded<T>(&mut self, step: impl FnOnce(&mut Self) -> Checked<T>) -> Result<T> {
        let outcome = match &self.refused {
            Some(message) => Err(message.clone()),
            None => step(self),
        };
        outcome.map_err(|message| {
            self.refused = Some(message.clone());
            Error::data(&self.file, message)
        })
    }

    fn push_checked(&mut self, mut chunk: &[u8]) -> Checked<()> {
        if let Source::Unknown(start) = &mut self.source {
            let (first, rest) = chunk.split_at(chunk.len().min(GZIP_MAGIC.len() - start.len()));
            start.extend_from_slice(first);
            if start.len() < GZIP_MAGIC.len() {
                return Ok(());
            }
            let start = std::mem::take(start);
            self.source = if start == GZIP_MAGIC {
                Source::Gzip(Box::new(Gunzip::new()))
            } else {
                Source::Plain
            };
            self.forward(&start)?;
            chunk = rest;
        }
        self.forward(chunk)
    }

    fn forward(&mut self, chunk: &[u8]) -> Checked<()> {
        match &mut self.source {
            Source::Gzip(gunzip) => gunzip.push(chunk, &mut |bytes| self.content.push(bytes)),
            Source::Plain | Source::Unknown(_) => self.content.push(chunk),
        }
    }

    fn finish_checked(&mut self) -> Checked<C::Whole> {
        match &mut self.source {
            Source::Gzip(gunzip) => gunzip.finish(&mut |bytes| self.content.push(bytes))?,
            Source::Plain => {}
            Source::Unknown(start) => self.content.push(start)?,
        }
        self.content.finish()
    }
}
