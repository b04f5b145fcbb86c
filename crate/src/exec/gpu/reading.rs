//! Numbers on their way back from the GPU.

use super::Gpu;
use crate::base::{Error, Result};
use futures_channel::oneshot;
use std::rc::Rc;

type Answer = std::result::Result<(), wgpu::BufferAsyncError>;

/// A buffer that is being mapped.
pub struct Mapping {
    buffer: Option<wgpu::Buffer>,
    answer: oneshot::Receiver<Answer>,
}

impl Mapping {
    /// Asks for the first `size` bytes once everything submitted before has run.
    pub fn begin(buffer: wgpu::Buffer, size: u64) -> Self {
        let (send, answer) = oneshot::channel();
        buffer.slice(..size).map_async(wgpu::MapMode::Read, move |result| {
            // Nobody waits any more when the run was thrown away.
            let _ = send.send(result);
        });
        Self { buffer: Some(buffer), answer }
    }

    /// The bytes if they are there.
    pub fn poll(&mut self, gpu: &Gpu, size: u64) -> Option<Result<Vec<u8>>> {
        match self.answer.try_recv() {
            Ok(None) => gpu.fault().map(|message| Err(Error::gpu(message))),
            Ok(Some(Ok(()))) => Some(self.take(gpu, size)),
            Ok(Some(Err(_))) | Err(_) => Some(Err(gpu.failure())),
        }
    }

    /// Waits for the bytes.
    pub async fn wait(mut self, gpu: &Gpu, size: u64) -> Result<Vec<u8>> {
        match (&mut self.answer).await {
            Ok(Ok(())) => self.take(gpu, size),
            Ok(Err(_)) | Err(_) => Err(gpu.failure()),
        }
    }

    fn take(&mut self, gpu: &Gpu, size: u64) -> Result<Vec<u8>> {
        let failure = || gpu.failure();
        let buffer = self.buffer.take().ok_or_else(failure)?;
        let bytes = buffer.slice(..size).get_mapped_range().map_err(|_| failure())?.to_vec();
        buffer.unmap();
        gpu.give_back(buffer, size);
        Ok(bytes)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if let Some(buffer) = &self.buffer {
            buffer.destroy();
        }
    }
}

/// Floats on their way back; what was asked for stays as it was at the moment of asking.
pub struct Reading {
    gpu: Rc<Gpu>,
    mapping: Mapping,
    size: u64,
}

impl Reading {
    /// Of a staging buffer's first `size` bytes.
    pub(super) fn begin(gpu: Rc<Gpu>, buffer: wgpu::Buffer, size: u64) -> Self {
        Self { gpu, mapping: Mapping::begin(buffer, size), size }
    }

    /// The floats if they are there.
    pub fn poll(&mut self) -> Option<Result<Vec<f32>>> {
        self.gpu.poll();
        self.mapping.poll(&self.gpu, self.size).map(|bytes| bytes.map(|b| floats(&b)))
    }

    /// Waits for the floats.
    pub async fn wait(self) -> Result<Vec<f32>> {
        let Self { gpu, mapping, size } = self;
        mapping.wait(&gpu, size).await.map(|bytes| floats(&bytes))
    }
}

/// Little-endian bytes as floats: the order of every GPU and of WebAssembly.
pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}
