//! Credit Lab: learning without weight transport.
//!
//! The core of a simulator for *Learning to solve the credit assignment problem* (Lansdell, Prakash,
//! Kording, ICLR 2020, arXiv 1906.00889): neurons perturb their activity with noise, correlate the
//! noise with the change of the loss, and so learn feedback weights B that deliver nearly the gradients
//! of backpropagation, without ever reading the forward weights W.
//!
//! One training step is *recorded* once, as data, by a learning rule ([`rules`]), the layers ([`net`])
//! and an optimiser ([`optim`]) on a [`plan::Tape`]; an executor ([`exec`]) then runs it, natively and in
//! a browser, with the same numbers from the same seed, or on a GPU. [`trainer::Trainer`] puts it together;
//! `session` moves a run between processor and GPU. [`experiments`] has the paper's settings as data.
//!
//! Words: `W^l` (`n_l`, `n_{l-1}`) forward weights, `b^l` biases, `h^l` activities (N, `n_l`), `lambda^l = dL/dh^l`,
//! `e^l = lambda^l o act'` error signals, `B^l` feedback weights, `xi` unit noise, `c_h` its standard deviation.

pub mod base;
pub mod config;
pub mod data;
pub mod exec;
pub mod experiments;
pub mod kernels;
pub mod look;
pub mod metrics;
pub mod net;
pub mod optim;
pub mod plan;
#[cfg(feature = "cli")]
pub mod report;
pub mod rules;
#[cfg(feature = "session")]
pub mod session;
pub mod snapshot;
pub mod trace;
pub mod trainer;
#[cfg(feature = "web")]
pub mod web;
