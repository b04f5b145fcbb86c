//! A run for the page.

use super::data::{DataSet, split_name};
use super::{object, parse, throw};
use crate::base::Error;
use crate::config::RunConfig;
use crate::plan::Arithmetic;
use crate::trainer::Trainer;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

/// Changed rates; what is left out stays.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    eta_w: Option<f64>,
    eta_b: Option<f64>,
    c_h: Option<f64>,
    kappa: Option<f64>,
    input_noise: Option<f64>,
}

/// A network in training. Runs in reproducible arithmetic: the same seed gives the same bits natively.
#[wasm_bindgen]
pub struct Simulator(Trainer);

#[wasm_bindgen]
impl Simulator {
    /// Compiles the configuration and draws the first weights.
    ///
    /// # Errors
    /// `config`: a setting that cannot be used, with the remedy.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "RunConfig")] config: JsValue,
        data: &DataSet,
    ) -> Result<Simulator, JsValue> {
        let config: RunConfig = parse("config", &config)?;
        Trainer::new(config, data.0.clone(), Arithmetic::Reproducible)
            .map(Self)
            .map_err(|e| throw(&e))
    }

    /// A run as it was saved.
    ///
    /// # Errors
    /// `snapshot`: damaged, of another version, or trained on other data.
    pub fn restore(blob: &[u8], data: &DataSet) -> Result<Simulator, JsValue> {
        Trainer::restore(blob, data.0.clone(), Arithmetic::Reproducible)
            .map(Self)
            .map_err(|e| throw(&e))
    }

    /// The configuration, with the rates as they are now.
    ///
    /// # Errors
    /// None in practice; the conversion is fallible.
    #[wasm_bindgen(getter, unchecked_return_type = "RunConfig")]
    pub fn config(&self) -> Result<JsValue, JsValue> {
        object(self.0.config())
    }

    /// Steps done.
    #[wasm_bindgen(getter)]
    pub fn step(&self) -> f64 {
        self.0.step() as f64
    }

    /// Count of W and b.
    #[wasm_bindgen(getter)]
    pub fn parameters(&self) -> usize {
        self.0.config().parameters()
    }

    /// Floating point operations of one step.
    #[wasm_bindgen(getter, js_name = flopsPerStep)]
    pub fn flops_per_step(&self) -> f64 {
        self.0.flops_per_step() as f64
    }

    /// The recorded step as a table.
    #[wasm_bindgen(getter, js_name = planText)]
    pub fn plan_text(&self) -> String {
        let compiled = self.0.compiled();
        compiled.program.describe(compiled.step)
    }

    /// Runs `steps` steps; returns the number done in all.
    ///
    /// # Errors
    /// `diverged`: the loss is no longer finite; the message names layer and step.
    pub fn advance(&mut self, steps: u32) -> Result<f64, JsValue> {
        self.0.advance(u64::from(steps)).map(|step| step as f64).map_err(|e| throw(&e))
    }

    /// Changes rates from the next step on.
    ///
    /// # Errors
    /// `config`: a rate out of its range; nothing is changed.
    #[wasm_bindgen(js_name = setHyper)]
    pub fn set_hyper(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Partial<Hyper>")] changes: JsValue,
    ) -> Result<(), JsValue> {
        let changes: Changes = parse("rates", &changes)?;
        let mut hyper = self.0.config().hyper();
        for (target, value) in [
            (&mut hyper.eta_w, changes.eta_w),
            (&mut hyper.eta_b, changes.eta_b),
            (&mut hyper.c_h, changes.c_h),
            (&mut hyper.kappa, changes.kappa),
            (&mut hyper.input_noise, changes.input_noise),
        ] {
            *target = value.unwrap_or(*target);
        }
        self.0.set_hyper(&hyper).map_err(|e| throw(&e))
    }

    /// Losses, accuracies and feedback alignment on the probe.
    ///
    /// # Errors
    /// None in practice; the conversion is fallible.
    #[wasm_bindgen(unchecked_return_type = "Metrics")]
    pub fn metrics(&mut self) -> Result<JsValue, JsValue> {
        object(&self.0.metrics())
    }

    fn activities(
        &mut self,
        split: &str,
        samples: &[usize],
        layer: usize,
    ) -> Result<Vec<f32>, JsValue> {
        self.0.activities(split_name(split)?, samples, layer).map_err(|e| throw(&e))
    }

    /// Noise-free outputs for the listed samples, row major, samples x outputs.
    ///
    /// # Errors
    /// `config`: no such split or sample.
    pub fn outputs(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "SplitName")] split: &str,
        indices: &[u32],
    ) -> Result<Vec<f32>, JsValue> {
        let samples: Vec<usize> = indices.iter().map(|i| *i as usize).collect();
        self.activities(split, &samples, self.0.config().layers())
    }

    /// Activity of the narrowest hidden layer for the first `count` samples, row major.
    ///
    /// # Errors
    /// `config`: no such split, or fewer samples.
    pub fn latent(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "SplitName")] split: &str,
        count: usize,
    ) -> Result<Vec<f32>, JsValue> {
        let samples: Vec<usize> = (0..count).collect();
        self.activities(split, &samples, self.0.code_layer())
    }

    /// `W^layer`, counted from 1, row major, units x inputs.
    ///
    /// # Errors
    /// `config`: no such layer.
    pub fn weights(&self, layer: usize) -> Result<Vec<f32>, JsValue> {
        let error = || Error::config("layer", format!("there is no layer {layer}"));
        let found = self.0.buffer(&format!("W{layer}"));
        found.map(|(values, _)| values.to_vec()).ok_or_else(|| throw(&error()))
    }

    /// `B^layer`, counted from 2, or undefined where the rule has none.
    #[wasm_bindgen(js_name = feedbackWeights)]
    pub fn feedback_weights(&self, layer: usize) -> Option<Vec<f32>> {
        self.0.buffer(&format!("B{layer}")).map(|(values, _)| values.to_vec())
    }

    /// A versioned snapshot; a run continued from it equals the uninterrupted one bit for bit.
    pub fn save(&self) -> Vec<u8> {
        self.0.save()
    }

    /// Hexadecimal digest of all weights, biases and feedback weights.
    pub fn checksum(&self) -> String {
        format!("{:016x}", self.0.checksum())
    }
}
