//! Streaming gzip: compressed chunks in, decompressed slices out, nothing kept.
//!
//! A file is one or more gzip members (RFC 1952). It is accepted only if each is complete and
//! matches its checksum and length, and nothing follows the last.

use std::io::Write;

use flate2::write::GzDecoder;

use super::{Checked, grouped};

/// First bytes of every gzip member.
pub(super) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Compressed bytes taken at a time. Deflate expands at most 1032 times, so what waits between
/// the decoder and its reader stays below 5 MiB, however the file was made.
const STRIDE: usize = 4 << 10;

const DAMAGED: &str = "the gzip data are damaged; download the file again";

/// Who reads what comes out. Not a type parameter: there are two readers, and each would be copied into
/// every call here.
type Sink<'a> = dyn FnMut(&[u8]) -> Checked<()> + 'a;

/// A gzip stream being read. After an error it must not be used again.
pub(super) struct Gunzip {
    decoder: GzDecoder<Vec<u8>>,
    bytes_in: usize,
}

impl Gunzip {
    pub(super) fn new() -> Self {
        Self { decoder: GzDecoder::new(Vec::new()), bytes_in: 0 }
    }

    /// Decompresses `chunk` and hands all that can be known so far to `sink`.
    pub(super) fn push(&mut self, chunk: &[u8], sink: &mut Sink<'_>) -> Checked<()> {
        for piece in chunk.chunks(STRIDE) {
            self.push_piece(piece, sink)?;
            self.bytes_in += piece.len();
        }
        // The decoder holds back up to 32 KiB, and with them a refusal that could come now.
        match self.decoder.flush() {
            Ok(()) => self.drain(sink),
            Err(_) => self.damaged(sink),
        }
    }

    fn push_piece(&mut self, mut piece: &[u8], sink: &mut Sink<'_>) -> Checked<()> {
        while !piece.is_empty() {
            // The decoder takes nothing (`Ok(0)`) only after a member's last byte.
            let Ok(taken) = self.decoder.write(piece) else { return self.damaged(sink) };
            self.drain(sink)?;
            piece = &piece[taken..];
            if taken == 0 {
                self.end_member(sink)?;
                if piece[0] != GZIP_MAGIC[0] {
                    return Err("expected the end of the file after its gzip data, found more \
                                bytes; download the file again"
                        .into());
                }
                self.decoder = GzDecoder::new(Vec::new());
            }
        }
        Ok(())
    }

    /// Accepts the stream if it is complete. To be called once, last.
    pub(super) fn finish(&mut self, sink: &mut Sink<'_>) -> Checked<()> {
        // Only a complete member takes no further byte; this also finds a cut in the checksum,
        // which the decoder itself reports as a damaged one.
        if !matches!(self.decoder.write(&[0]), Ok(0)) {
            return Err(format!(
                "the file is cut off: its gzip data stop after {} bytes, before their end; \
                 download the file again",
                grouped(self.bytes_in)
            ));
        }
        self.end_member(sink)
    }

    /// Checks the checksum and length at the end of a member.
    fn end_member(&mut self, sink: &mut Sink<'_>) -> Checked<()> {
        match self.decoder.try_finish() {
            Ok(()) => self.drain(sink),
            Err(_) => self.damaged(sink),
        }
    }

    /// Refuses the stream, after all that came out of it: in smaller chunks its reader would have
    /// seen that too, and might have refused it for a better reason.
    fn damaged(&mut self, sink: &mut Sink<'_>) -> Checked<()> {
        // Fails like the call before it, but hands on what the decoder still holds.
        let _ = self.decoder.flush();
        self.drain(sink)?;
        Err(DAMAGED.into())
    }

    fn drain(&mut self, sink: &mut Sink<'_>) -> Checked<()> {
        let ready = self.decoder.get_mut();
        let outcome = sink(ready);
        ready.clear();
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn gunzip(bytes: &[u8], chunk: usize) -> Checked<Vec<u8>> {
        let mut out = Vec::new();
        let mut sink = |slice: &[u8]| {
            out.extend_from_slice(slice);
            Ok(())
        };
        let mut gunzip = Gunzip::new();
        for piece in bytes.chunks(chunk) {
            gunzip.push(piece, &mut sink)?;
        }
        gunzip.finish(&mut sink)?;
        Ok(out)
    }

    fn sample() -> Vec<u8> {
        (0..100_000_u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect()
    }

    #[test]
    fn any_chunking_gives_the_same_bytes() {
        let packed = gzip(&sample());
        for chunk in [1, 2, 7, 4_095, 4_096, 4_097, packed.len()] {
            assert_eq!(gunzip(&packed, chunk), Ok(sample()), "chunks of {chunk} bytes");
        }
    }

    #[test]
    fn members_are_concatenated() {
        let packed = [gzip(b"one "), gzip(b""), gzip(b"two")].concat();
        for chunk in [1, 5, packed.len()] {
            assert_eq!(gunzip(&packed, chunk), Ok(b"one two".to_vec()));
        }
    }

    #[test]
    fn every_cut_is_called_a_cut() {
        let packed = gzip(b"the quick brown fox jumps over the lazy dog");
        for len in 0..packed.len() {
            let error = gunzip(&packed[..len], 16).unwrap_err();
            assert!(error.contains("cut off"), "cut to {len} bytes: {error}");
        }
    }

    #[test]
    fn bytes_after_the_end_are_refused() {
        for (tail, words) in
            [(&b"\0\0\0"[..], "end of the file"), (&b"\x1f! not gzip"[..], "damaged")]
        {
            let packed = [&gzip(b"data")[..], tail].concat();
            for chunk in [1, packed.len()] {
                let error = gunzip(&packed, chunk).unwrap_err();
                assert!(error.contains(words), "{error}");
            }
        }
    }

    #[test]
    fn a_wrong_checksum_or_length_is_refused() {
        let packed = gzip(b"data");
        for from_end in 1..=8 {
            let mut bad = packed.clone();
            let at = bad.len() - from_end;
            bad[at] ^= 1;
            assert_eq!(gunzip(&bad, 3), Err(DAMAGED.to_string()));
        }
    }

    #[test]
    fn a_refusing_reader_stops_a_decompression_bomb() {
        let bomb = gzip(&vec![0; 64 << 20]);
        let mut seen = 0;
        let outcome = Gunzip::new().push(&bomb, &mut |slice| {
            seen += slice.len();
            if seen > 1_000 { Err("enough".into()) } else { Ok(()) }
        });
        assert_eq!(outcome, Err("enough".into()));
        assert!(seen < 5 << 20, "{seen} bytes were decompressed");
    }
}
