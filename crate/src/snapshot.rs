//! A saved run as one versioned blob.
//!
//! Layout, little endian: 8 bytes magic `CLRUN` and the version; u32 length of a JSON header; the header
//! (configuration, step, data set, buffers by label and shape); the buffers' f32 values in that order;
//! u32 CRC-32 of everything before. Noise and batch order are functions of seed and step, so nothing
//! else is needed to go on bit for bit.

use crate::base::{Error, Result};
use crate::config::{MAX_STEPS, RunConfig};
use crate::data::Dataset;
use crate::plan::BufDecl;
use flate2::Crc;
use serde::{Deserialize, Serialize};

const MAGIC: &[u8; 7] = b"CLRUN\r\n";
/// Changes whenever an older program could misread a newer blob, or the other way round.
const VERSION: u8 = 1;

/// Which data a run was trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct DataMark {
    name: String,
    train: usize,
    test: usize,
    /// CRC-32 of the training images and labels.
    crc: u32,
}

impl DataMark {
    fn of(data: &Dataset) -> Self {
        let mut crc = Crc::new();
        crc.update(&data.train.images);
        crc.update(&data.train.labels);
        Self {
            name: data.name.clone(),
            train: data.train.labels.len(),
            test: data.test.labels.len(),
            crc: crc.sum(),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Shape {
    label: String,
    rows: usize,
    cols: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Header {
    config: RunConfig,
    step: u64,
    #[serde(default)]
    held: u64,
    data: DataMark,
    buffers: Vec<Shape>,
}

/// A decoded blob.
pub struct Snapshot<'a> {
    /// The run's configuration.
    pub config: RunConfig,
    /// Steps done.
    pub step: u64,
    /// Steps after the warm-up in which W was held.
    pub held: u64,
    data: DataMark,
    buffers: Vec<(Shape, &'a [u8])>,
}

/// Writes a blob; `step` and `held` are [`Snapshot`]'s.
pub fn encode<'a>(
    config: &RunConfig,
    (step, held): (u64, u64),
    data: &Dataset,
    buffers: impl Iterator<Item = (&'a BufDecl, &'a [f32])>,
) -> Vec<u8> {
    let buffers: Vec<_> = buffers.collect();
    let header = Header {
        config: config.clone(),
        step,
        held,
        data: DataMark::of(data),
        buffers: buffers
            .iter()
            .map(|(b, _)| Shape { label: b.label.clone(), rows: b.buf.rows, cols: b.buf.cols })
            .collect(),
    };
    // A structure of numbers, strings and lists always has a JSON form.
    let json = serde_json::to_vec(&header).unwrap_or_default();
    let mut bytes = MAGIC.to_vec();
    bytes.push(VERSION);
    bytes.extend((json.len() as u32).to_le_bytes());
    bytes.extend(json);
    for (_, values) in buffers {
        bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }
    let mut crc = Crc::new();
    crc.update(&bytes);
    bytes.extend(crc.sum().to_le_bytes());
    bytes
}

/// Splits `n` bytes off, or says that the file is cut off.
fn split<'a>(bytes: &mut &'a [u8], n: usize) -> Result<&'a [u8]> {
    let (head, rest) = bytes
        .split_at_checked(n)
        .ok_or_else(|| Error::snapshot("the file is cut off; save the run again"))?;
    *bytes = rest;
    Ok(head)
}

fn word(bytes: &mut &[u8]) -> Result<u32> {
    let head = split(bytes, 4)?;
    Ok(u32::from_le_bytes([head[0], head[1], head[2], head[3]]))
}

impl<'a> Snapshot<'a> {
    /// Reads a blob and checks that it is whole.
    pub fn decode(bytes: &'a [u8]) -> Result<Self> {
        let mut rest = bytes;
        let magic = split(&mut rest, 8)?;
        if magic.starts_with(b"CREDLAB") {
            return Err(Error::snapshot(
                "the file holds several runs, saved by the page; load it there (the command line reads its own)",
            ));
        }
        if magic[..7] != *MAGIC {
            return Err(Error::snapshot(
                "the file is not a Credit Lab run; choose one saved by this program",
            ));
        }
        if magic[7] != VERSION {
            return Err(Error::snapshot(format!(
                "the file has version {}, this program reads version {VERSION}; use the program that wrote it",
                magic[7]
            )));
        }
        if bytes.len() < 16 {
            return Err(Error::snapshot("the file is cut off; save the run again"));
        }
        let (body, sum) = bytes.split_at(bytes.len() - 4);
        let mut crc = Crc::new();
        crc.update(body);
        if crc.sum().to_le_bytes() != *sum {
            return Err(Error::snapshot(
                "the file is damaged or cut off (its checksum is wrong); save the run again",
            ));
        }
        let mut rest = &body[8..];
        let length = word(&mut rest)? as usize;
        let mut header: Header = serde_json::from_slice(split(&mut rest, length)?)
            .map_err(|e| Error::snapshot(format!("its description cannot be read: {e}")))?;
        header.config.check()?;
        if header.step > MAX_STEPS {
            return Err(Error::snapshot(format!(
                "its step {} is larger than {MAX_STEPS}",
                header.step
            )));
        }
        if header.held > header.step {
            return Err(Error::snapshot(format!(
                "it holds W in {} of {} steps",
                header.held, header.step
            )));
        }
        let mut buffers = Vec::new();
        for shape in header.buffers.drain(..) {
            let floats = shape.rows.checked_mul(shape.cols).and_then(|n| n.checked_mul(4));
            let values = split(&mut rest, floats.unwrap_or(usize::MAX))?;
            buffers.push((shape, values));
        }
        if !rest.is_empty() {
            return Err(Error::snapshot(format!("{} bytes too many", rest.len())));
        }
        let Header { config, step, held, data, .. } = header;
        Ok(Self { config, step, held, data, buffers })
    }

    /// Refuses other data than the run was trained on: it could not go on as if uninterrupted.
    pub fn check_data(&self, data: &Dataset) -> Result<()> {
        let (then, now) = (&self.data, DataMark::of(data));
        if (then.train, then.test, then.crc) == (now.train, now.test, now.crc) {
            return Ok(());
        }
        Err(Error::snapshot(format!(
            "it was trained on {} ({} training and {} test images), but {} ({} and {}) is loaded; load the same data first",
            then.name, then.train, then.test, now.name, now.train, now.test
        )))
    }

    /// The values of a declared buffer.
    pub fn buffer(&self, decl: &BufDecl) -> Result<Vec<f32>> {
        let found = self.buffers.iter().find(|(shape, _)| shape.label == decl.label);
        let Some((shape, bytes)) = found else {
            return Err(Error::snapshot(format!("it has no {}", decl.label)));
        };
        if (shape.rows, shape.cols) != (decl.buf.rows, decl.buf.cols) {
            return Err(Error::snapshot(format!(
                "its {} is {} x {}, the configuration asks for {} x {}",
                decl.label, shape.rows, shape.cols, decl.buf.rows, decl.buf.cols
            )));
        }
        Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }
}
