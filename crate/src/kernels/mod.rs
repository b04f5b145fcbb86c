//! The kernels: one folder each, with a fast f32 version, a slow f64 one and a recording function that
//! checks shapes. No kernel loops over layers or knows a rule.
//!
//! To add one: a folder with the four functions of [`crate::plan::Kernel`] and a line in [`ALL`], which
//! the parity tests walk.

pub mod activation;
pub mod adam;
pub mod add_scaled;
pub mod adjoint;
pub mod alignment;
pub mod batch_sum;
pub mod column_sum;
pub mod conv;
pub mod dense;
pub mod dropout;
pub mod elementwise;
pub mod gate;
pub mod gather;
pub mod gemm;
pub mod lanes;
pub mod loss;
pub mod math;
pub mod noise;
pub mod outer;
pub mod output_error;
pub mod pool;
pub mod ridge;
pub mod row_scale;
pub mod running_sum;
pub mod sign_transport;
mod split;

use crate::plan::Kernel;

/// Every kernel.
pub static ALL: &[&Kernel] = &[
    &adam::KERNEL,
    &add_scaled::KERNEL,
    &adjoint::KERNEL,
    &alignment::ANGLE,
    &alignment::COMPARE,
    &batch_sum::KERNEL,
    &column_sum::KERNEL,
    &conv::FORWARD,
    &conv::ADJOINT,
    &conv::OUTER,
    &dense::KERNEL,
    &dropout::KERNEL,
    &gate::KERNEL,
    &gather::IMAGES,
    &gather::LABELS,
    &loss::CORRECT,
    &loss::DIFFERENCE,
    &loss::SAMPLE,
    &noise::KERNEL,
    &outer::KERNEL,
    &output_error::KERNEL,
    &pool::FORWARD,
    &pool::ADJOINT,
    &ridge::KERNEL,
    &row_scale::KERNEL,
    &running_sum::KERNEL,
    &sign_transport::KERNEL,
];
