//! [`Tar`]: the entries of a tar archive (POSIX ustar, GNU, and the older v7) from pieces of any size.
//!
//! Read by ourselves: the `tar` crate pulls from a `Read`, which in a browser, where bytes come when
//! they come, would take the whole archive in memory, and it brings code for file systems. An archive
//! is a row of 512-byte headers, each followed by its content in blocks of 512; two zero blocks end
//! it. Every header's checksum is checked. Long names, links, sparse files and what pax headers say
//! are not understood; entries of such kinds are passed over as their sizes say.

use super::{Checked, MAX_BYTES, grouped};

/// Bytes of a header, and the unit that contents are padded to.
pub(super) const BLOCK: usize = 512;

/// Most bytes of a whole archive, so that a small file cannot keep a page busy for hours.
const LIMIT: usize = 2 * MAX_BYTES;

const DAMAGED: &str = "the archive is damaged; download it again";

/// Receives what is in an archive.
pub(super) trait Entries {
    /// A regular file of `size` bytes begins, or another `kind` of entry, whose content is passed over.
    fn begin(&mut self, path: &str, size: usize, regular: bool) -> Checked<()>;

    /// Content of the regular file that has begun.
    fn data(&mut self, bytes: &[u8]) -> Checked<()>;

    /// The regular file is complete.
    fn end(&mut self) -> Checked<()>;
}

/// An archive being read.
#[derive(Default)]
pub(super) struct Tar {
    header: Vec<u8>,
    state: State,
    bytes: usize,
}

#[derive(Clone, Copy, Default)]
enum State {
    #[default]
    Header,
    /// Content still to come, then padding.
    Content { left: usize, padding: usize, regular: bool },
    /// One block of zeros has come where a header was due.
    Ending,
    /// Two have: only zeros may follow.
    Ended,
}

/// Whether a file that starts with these bytes is an archive.
pub(super) fn is_tar(start: &[u8]) -> bool {
    start.first_chunk::<BLOCK>().is_some_and(|block| block[0] != 0 && checksum_matches(block))
}

impl Tar {
    pub(super) fn push(&mut self, mut bytes: &[u8], entries: &mut impl Entries) -> Checked<()> {
        while !bytes.is_empty() {
            let had = bytes.len();
            bytes = self.step(bytes, entries)?;
            self.bytes += had - bytes.len();
            if self.bytes > LIMIT {
                return Err(format!(
                    "expected an archive of at most {} MiB, found more",
                    LIMIT >> 20
                ));
            }
        }
        Ok(())
    }

    /// Takes some of `bytes`, at least one, and returns the rest.
    fn step<'a>(&mut self, bytes: &'a [u8], entries: &mut impl Entries) -> Checked<&'a [u8]> {
        match &mut self.state {
            State::Header | State::Ending => {
                let (taken, rest) = bytes.split_at(bytes.len().min(BLOCK - self.header.len()));
                self.header.extend_from_slice(taken);
                if let Some(block) = self.header.first_chunk::<BLOCK>().copied() {
                    self.header.clear();
                    self.read_header(&block, entries)?;
                }
                Ok(rest)
            }
            State::Content { left, padding, regular } => {
                let (data, rest) = bytes.split_at(bytes.len().min(*left));
                *left -= data.len();
                if *regular && !data.is_empty() {
                    entries.data(data)?;
                    if *left == 0 {
                        entries.end()?;
                    }
                }
                let (zeros, rest) =
                    rest.split_at(rest.len().min(if *left == 0 { *padding } else { 0 }));
                *padding -= zeros.len();
                if *left == 0 && *padding == 0 {
                    self.state = State::Header;
                }
                Ok(rest)
            }
            State::Ended if bytes.iter().all(|&byte| byte == 0) => Ok(&[]),
            State::Ended => {
                Err(format!("expected the end of the archive, found more after it: {DAMAGED}"))
            }
        }
    }

    fn read_header(&mut self, block: &[u8; BLOCK], entries: &mut impl Entries) -> Checked<()> {
        if block.iter().all(|&byte| byte == 0) {
            self.state = match self.state {
                State::Ending => State::Ended,
                _ => State::Ending,
            };
            return Ok(());
        }
        if matches!(self.state, State::Ending) || !checksum_matches(block) {
            return Err(format!(
                "expected the header of a file at byte offset {} of the archive, found other bytes: {DAMAGED}",
                // Not counted yet: the bytes that completed it.
                grouped(self.bytes / BLOCK * BLOCK)
            ));
        }
        let path = path(block);
        let size = octal(&block[124..136]).and_then(|size| usize::try_from(size).ok());
        let Some(size) = size.filter(|&size| size <= LIMIT) else {
            return Err(format!("{path} in the archive announces an impossible size: {DAMAGED}"));
        };
        let regular = matches!(block[156], 0 | b'0' | b'7');
        // A link's size field is no content's.
        let content = if matches!(block[156], b'1'..=b'6') { 0 } else { size };
        entries.begin(&path, content, regular)?;
        let padding = content.next_multiple_of(BLOCK) - content;
        self.state = if content == 0 {
            if regular {
                entries.end()?;
            }
            State::Header
        } else {
            State::Content { left: content, padding, regular }
        };
        Ok(())
    }

    pub(super) fn finish(&self) -> Checked<()> {
        if matches!(self.state, State::Ended) {
            return Ok(());
        }
        Err(format!(
            "the archive is cut off: it stops after {} bytes, before its end; download it again",
            grouped(self.bytes)
        ))
    }
}

/// The sum of a header's bytes, its own field counted as blanks, is written in that field.
fn checksum_matches(block: &[u8; BLOCK]) -> bool {
    let field = 148..156;
    let byte = |i: usize| if field.contains(&i) { b' ' } else { block[i] };
    let sum = (0..BLOCK).fold(0, |sum, i| sum + u64::from(byte(i)));
    octal(&block[field.clone()]) == Some(sum)
}

/// A number in octal digits, possibly after blanks, up to a blank or zero byte.
fn octal(field: &[u8]) -> Option<u64> {
    let digits = field.trim_ascii_start();
    let end = digits.iter().position(|byte| matches!(byte, 0 | b' ')).unwrap_or(digits.len());
    if end == 0 {
        return None;
    }
    digits[..end].iter().try_fold(0, |number: u64, digit| {
        // At most 12 digits of 3 bits.
        matches!(digit, b'0'..=b'7').then(|| number * 8 + u64::from(digit - b'0'))
    })
}

/// The entry's path, for recognition and messages.
fn path(block: &[u8; BLOCK]) -> String {
    let end = block[..100].iter().position(|&byte| byte == 0).unwrap_or(100);
    String::from_utf8_lossy(&block[..end]).into_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::fmt::Write as _;

    /// One entry, as GNU tar writes it.
    pub(in super::super) fn entry(path: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut header = vec![0; BLOCK];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[136..147].copy_from_slice(b"11147025653");
        header[148..156].copy_from_slice(b"        ");
        header[156] = kind;
        header[257..265].copy_from_slice(b"ustar  \0");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        header.extend(content);
        header.resize(header.len().next_multiple_of(BLOCK), 0);
        header
    }

    /// Entries, two zero blocks and more, as tar pads.
    pub(in super::super) fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = entries.concat();
        bytes.resize((bytes.len() + 2 * BLOCK).next_multiple_of(20 * BLOCK), 0);
        bytes
    }

    /// What came, as text.
    #[derive(Default)]
    struct Log(String);

    impl Entries for Log {
        fn begin(&mut self, path: &str, size: usize, regular: bool) -> Checked<()> {
            write!(self.0, "{path} {size} {regular};").unwrap();
            Ok(())
        }

        fn data(&mut self, bytes: &[u8]) -> Checked<()> {
            self.0 += std::str::from_utf8(bytes).unwrap();
            Ok(())
        }

        fn end(&mut self) -> Checked<()> {
            self.0 += "|";
            Ok(())
        }
    }

    fn read(bytes: &[u8], chunk: usize) -> Checked<String> {
        let (mut tar, mut log) = (Tar::default(), Log::default());
        for piece in bytes.chunks(chunk) {
            tar.push(piece, &mut log)?;
        }
        tar.finish()?;
        Ok(log.0)
    }

    fn sample() -> Vec<u8> {
        archive(&[
            entry("d/", b'5', b""),
            entry("d/a", b'0', b"one"),
            entry("d/pax", b'x', b"passed over"),
            entry("d/empty", b'0', b""),
            entry("d/b", 0, &[b'x'; 512]),
            entry("d/link", b'2', b""),
        ])
    }

    #[test]
    fn entries_come_in_order_in_any_pieces() {
        let expected = format!(
            "d/ 0 false;d/a 3 true;one|d/pax 11 false;d/empty 0 true;|d/b 512 true;{}|d/link 0 false;",
            "x".repeat(512)
        );
        let bytes = sample();
        for chunk in [1, 7, 511, 512, 513, bytes.len()] {
            assert_eq!(read(&bytes, chunk), Ok(expected.clone()), "pieces of {chunk}");
        }
        assert!(is_tar(&bytes[..512]));
        assert!(!is_tar(&bytes[..511]) && !is_tar(&[0; 512]) && !is_tar(&[b' '; 512]));
    }

    #[test]
    fn every_cut_before_the_end_is_called_a_cut() {
        let bytes = sample();
        // Headers and contents of six entries, then the two zero blocks.
        let end = 512 * (6 + 3 + 2);
        for len in 0..end {
            let error = read(&bytes[..len], 4_096).unwrap_err();
            assert!(
                error.starts_with(&format!(
                    "the archive is cut off: it stops after {}",
                    grouped(len)
                )),
                "{error}"
            );
        }
        assert!(read(&bytes[..end], 4_096).is_ok());
    }

    #[test]
    fn a_changed_header_or_a_byte_after_the_end_is_refused() {
        let bytes = sample();
        for at in (0..512).step_by(13) {
            let mut bad = bytes.clone();
            bad[at] ^= 0x10;
            // Blanks and zero bytes after the checksum mean the same.
            assert!(read(&bad, 999).is_err() || (154..156).contains(&at), "byte {at}");
        }
        let mut bad = bytes.clone();
        *bad.last_mut().unwrap() = 1;
        assert!(read(&bad, 999).unwrap_err().contains("after it"));
        // One zero block and then a header.
        let bad = archive(&[entry("a", b'0', b"one"), vec![0; 512], entry("b", b'0', b"two")]);
        let error = read(&bad, 999).unwrap_err();
        assert!(error.contains("byte offset 1,536 of the archive"), "{error}");
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let mut bytes = entry("a", b'0', b"");
        bytes[124..136].copy_from_slice(b"777777777777");
        bytes[148..156].copy_from_slice(b"        ");
        let sum: u32 = bytes.iter().map(|&byte| u32::from(byte)).sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert!(read(&bytes, 100).unwrap_err().contains("impossible size"));
    }
}
