//! Runs plans on a GPU: in a browser on WebGPU, natively on Vulkan, Metal or DirectX 12, by way of wgpu.
//!
//! The way of a plan: its ops ([`crate::plan`]) are grouped into dispatches ([`fuse`]), each group becomes the text
//! of a shader ([`assemble`]), the device compiles it once ([`device`]), and the executor ([`executor`]) encodes as many
//! steps as asked into one submission. Data set, weights, feedback weights, moments and activities stay in the GPU's
//! memory; a step uploads nothing. What comes back are the losses of the steps, when they are there ([`reading`]).
//!
//! Only this room knows wgpu, and only here does anything happen later than it is called.

pub mod assemble;
pub mod bench;
pub mod device;
pub mod executor;
pub mod fuse;
mod grid;
pub mod reading;
#[cfg(target_arch = "wasm32")]
mod subgroups;
mod template;
mod tuning;
mod view;

pub use device::Gpu;
pub use executor::{Executor, Flight, Landing};
pub use reading::Reading;
