//! A run for the page.

use super::data::{DataSet, split_name};
use super::gpu::Gpu;
use super::{object, parse, promise, record, throw};
use crate::base::{Error, Result};
use crate::config::RunConfig;
use crate::look::{Checked, Estimates, GradientCheck, LayerView, Look, StepView};
use crate::plan::Arithmetic;
use crate::session::{Calibration, Progress, Session};
use crate::trainer::{Part, Trainer};
use js_sys::Promise;
use serde::Deserialize;
use wasm_bindgen::prelude::*;

/// Changed rates; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    eta_w: Option<f64>,
    eta_b: Option<f64>,
    c_h: Option<f64>,
    kappa: Option<f64>,
    input_noise: Option<f64>,
}

/// [`LayerView`] as the page reads it.
fn layer_view(layer: &LayerView<'_>) -> JsValue {
    record(&[
        ("units", Some((layer.units as f64).into())),
        ("h", Some(array(layer.h))),
        ("noisy", layer.noisy.map(array)),
        ("xi", layer.xi.map(array)),
        ("lambdaHat", layer.lambda_hat.map(array)),
        ("lambda", layer.lambda.map(array)),
        ("truth", layer.truth.map(array)),
        ("e", Some(array(layer.e))),
        ("dW", layer.dw.map(array)),
        ("dB", layer.dfeedback.map(array)),
    ])
}

/// [`StepView`] as the page reads it.
fn step_view(view: &StepView<'_>) -> JsValue {
    let layers: js_sys::Array = view.layers.iter().map(layer_view).collect();
    record(&[
        ("step", Some((view.step as f64).into())),
        ("samples", Some(js_sys::Uint32Array::from(&view.samples[..]).into())),
        ("input", Some(array(view.input))),
        ("loss", Some(array(view.loss))),
        ("difference", view.difference.map(array)),
        ("layers", Some(layers.into())),
    ])
}

/// [`Estimates`] as the page reads it.
fn estimates_view(found: &Estimates) -> JsValue {
    record(&[
        ("truth", Some(array(&found.truth))),
        ("estimate", Some(array(&found.estimate))),
        ("delivered", found.delivered.as_deref().map(array)),
    ])
}

/// [`GradientCheck`] as the page reads it.
fn check_view(found: &GradientCheck) -> JsValue {
    let layer = |Checked { name, checked, worst }: &Checked| {
        record(&[
            ("name", Some(name.into())),
            ("checked", Some((*checked as f64).into())),
            ("worst", Some((*worst).into())),
        ])
    };
    let layers: js_sys::Array = found.layers.iter().map(layer).collect();
    record(&[("layers", Some(layers.into()))])
}

/// Floats as a typed array.
fn array(values: &[f32]) -> JsValue {
    js_sys::Float32Array::from(values).into()
}

/// A network in training, on the processor or on a GPU. The processor runs in reproducible arithmetic: the same seed
/// gives the same bits natively.
///
/// What has to come back from a GPU is a promise, on either path: on the processor it is resolved at once.
#[wasm_bindgen]
pub struct Simulator(Session);

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
    ) -> std::result::Result<Simulator, JsValue> {
        let config: RunConfig = parse("config", &config)?;
        Trainer::new(config, data.0.clone(), Arithmetic::Reproducible)
            .map(|run| Self(Session::new(run)))
            .map_err(|e| throw(&e))
    }

    /// A run as it was saved.
    ///
    /// # Errors
    /// `snapshot`: damaged, of another version, or trained on other data.
    pub fn restore(blob: &[u8], data: &DataSet) -> std::result::Result<Simulator, JsValue> {
        Trainer::restore(blob, data.0.clone(), Arithmetic::Reproducible)
            .map(|run| Self(Session::new(run)))
            .map_err(|e| throw(&e))
    }

    /// The configuration, with the rates as they are now.
    ///
    /// # Errors
    /// None in practice; the conversion is fallible.
    #[wasm_bindgen(getter, unchecked_return_type = "RunConfig")]
    pub fn config(&self) -> std::result::Result<JsValue, JsValue> {
        self.0.with(|run| object(run.config()))
    }

    /// `cpu` or `gpu`.
    #[wasm_bindgen(getter, unchecked_return_type = "\"cpu\" | \"gpu\"")]
    pub fn device(&self) -> String {
        self.0.device().name().into()
    }

    /// Moves the run to the GPU at the step where it stands.
    ///
    /// # Errors
    /// `gpu`: it cannot run there; it stays on the processor.
    #[wasm_bindgen(js_name = toGpu, unchecked_return_type = "Promise<void>")]
    pub fn to_gpu(&self, gpu: &Gpu) -> Promise {
        let (run, gpu) = (self.0.clone(), gpu.0.clone());
        promise(async move { run.to_gpu(gpu).await }, |()| Ok(JsValue::UNDEFINED))
    }

    /// Moves the run to the processor, once what is under way has come back.
    ///
    /// # Errors
    /// `diverged`
    #[wasm_bindgen(js_name = toCpu, unchecked_return_type = "Promise<void>")]
    pub fn to_cpu(&self) -> Promise {
        let run = self.0.clone();
        promise(async move { run.to_cpu().await }, |()| Ok(JsValue::UNDEFINED))
    }

    /// Milliseconds a step on either path, measured on this configuration; the run itself is not touched.
    ///
    /// # Errors
    /// `gpu`: it cannot run there.
    #[wasm_bindgen(unchecked_return_type = "Promise<{ cpuMs: number; gpuMs: number }>")]
    pub fn calibrate(&self, gpu: &Gpu) -> Promise {
        let (run, gpu) = (self.0.clone(), gpu.0.clone());
        promise(async move { run.calibrate(gpu).await }, |Calibration { cpu_ms, gpu_ms }| {
            Ok(record(&[("cpuMs", Some(cpu_ms.into())), ("gpuMs", Some(gpu_ms.into()))]))
        })
    }

    /// Takes up what has come back from the GPU; once a frame. On the processor it only tells.
    ///
    /// # Errors
    /// `diverged`: the loss is no longer finite; the message names layer and step.
    #[wasm_bindgen(unchecked_return_type = "Poll")]
    pub fn poll(&self) -> std::result::Result<JsValue, JsValue> {
        let Progress { step, confirmed, busy, ms_per_step, dispatches, readback_bytes, note } =
            self.0.poll().map_err(|e| throw(&e))?;
        Ok(record(&[
            ("step", Some((step as f64).into())),
            ("confirmed", Some((confirmed as f64).into())),
            ("busy", Some(busy.into())),
            ("msPerStep", ms_per_step.map(Into::into)),
            ("dispatches", Some((dispatches as f64).into())),
            ("readbackBytes", Some((readback_bytes as f64).into())),
            ("note", note.map(Into::into)),
        ]))
    }

    /// Steps done; on a GPU, submitted.
    #[wasm_bindgen(getter)]
    pub fn step(&self) -> f64 {
        self.0.step() as f64
    }

    /// Count of W and b.
    #[wasm_bindgen(getter)]
    pub fn parameters(&self) -> usize {
        self.0.with(|run| run.config().parameters())
    }

    /// Floating point operations of one step.
    #[wasm_bindgen(getter, js_name = flopsPerStep)]
    pub fn flops_per_step(&self) -> f64 {
        self.0.with(Trainer::flops_per_step) as f64
    }

    /// The recorded step as a table.
    #[wasm_bindgen(getter, js_name = planText)]
    pub fn plan_text(&self) -> String {
        self.0.with(|run| {
            let compiled = run.compiled();
            compiled.program.describe(compiled.step)
        })
    }

    /// Processor: runs `steps` steps. GPU: submits them and returns at once; does nothing while two submissions are
    /// under way. Returns `step`.
    ///
    /// # Errors
    /// `diverged`: the loss is no longer finite; the message names layer and step.
    pub fn advance(&self, steps: u32) -> std::result::Result<f64, JsValue> {
        self.0.advance(u64::from(steps)).map(|step| step as f64).map_err(|e| throw(&e))
    }

    /// Runs `steps` steps in which only W (`forward`) or only B (`feedback`) changes, after everything submitted. The
    /// number of steps done.
    ///
    /// # Errors
    /// `config`: another part. `diverged`: as `advance`. `gpu`: lost meanwhile, nothing was done.
    #[wasm_bindgen(js_name = advanceOnly, unchecked_return_type = "Promise<number>")]
    pub fn advance_only(
        &self,
        #[wasm_bindgen(unchecked_param_type = "\"forward\" | \"feedback\"")] part: &str,
        steps: u32,
    ) -> std::result::Result<Promise, JsValue> {
        let part = Part::from_name(part).map_err(|e| throw(&e))?;
        let run = self.0.clone();
        Ok(promise(async move { run.advance_only(part, u64::from(steps)).await }, |step| {
            Ok((step as f64).into())
        }))
    }

    /// Changes rates from the next step on.
    ///
    /// # Errors
    /// `config`: a rate out of its range; nothing is changed.
    #[wasm_bindgen(js_name = setHyper)]
    pub fn set_hyper(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Partial<Hyper>")] changes: JsValue,
    ) -> std::result::Result<(), JsValue> {
        let changes: Changes = parse("rates", &changes)?;
        let mut hyper = self.0.with(|run| run.config().hyper());
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

    /// Losses, accuracies and feedback alignment on the probe, as of this call.
    ///
    /// # Errors
    /// `gpu`: lost meanwhile; ask again after `poll`.
    #[wasm_bindgen(unchecked_return_type = "Promise<Metrics>")]
    pub fn metrics(&self) -> Promise {
        promise(self.0.metrics(), |metrics| object(&metrics))
    }

    fn activities(
        &self,
        split: &str,
        samples: &[usize],
        layer: usize,
    ) -> std::result::Result<Promise, JsValue> {
        let values = self.0.activities(split_name(split)?, samples, layer);
        Ok(promise(values, |values| Ok(array(&values))))
    }

    /// Noise-free outputs for the listed samples, row major, samples x outputs.
    ///
    /// # Errors
    /// `config`: no such split or sample. `gpu`: lost meanwhile.
    #[wasm_bindgen(unchecked_return_type = "Promise<Float32Array>")]
    pub fn outputs(
        &self,
        #[wasm_bindgen(unchecked_param_type = "SplitName")] split: &str,
        indices: &[u32],
    ) -> std::result::Result<Promise, JsValue> {
        let samples: Vec<usize> = indices.iter().map(|i| *i as usize).collect();
        self.activities(split, &samples, self.0.with(|run| run.config().layers()))
    }

    /// Activity of the narrowest hidden layer for the first `count` samples, row major.
    ///
    /// # Errors
    /// `config`: no such split, or fewer samples. `gpu`: lost meanwhile.
    #[wasm_bindgen(unchecked_return_type = "Promise<Float32Array>")]
    pub fn latent(
        &self,
        #[wasm_bindgen(unchecked_param_type = "SplitName")] split: &str,
        count: usize,
    ) -> std::result::Result<Promise, JsValue> {
        let samples: Vec<usize> = (0..count).collect();
        self.activities(split, &samples, self.0.with(Trainer::code_layer))
    }

    /// `W^layer`, counted from 1, row major, units x inputs.
    ///
    /// # Errors
    /// `config`: no such layer. `gpu`: lost meanwhile.
    #[wasm_bindgen(unchecked_return_type = "Promise<Float32Array>")]
    pub fn weights(&self, layer: usize) -> Promise {
        let error = throw(&Error::config("layer", format!("there is no layer {layer}")));
        let found = self.0.buffer(&format!("W{layer}"));
        promise(found, move |values| values.map(|values| array(&values)).ok_or(error))
    }

    /// `B^layer`, counted from 2, or undefined where the rule has none.
    ///
    /// # Errors
    /// `gpu`: lost meanwhile.
    #[wasm_bindgen(js_name = feedbackWeights, unchecked_return_type = "Promise<Float32Array | undefined>")]
    pub fn feedback_weights(&self, layer: usize) -> Promise {
        let found = self.0.buffer(&format!("B{layer}"));
        promise(found, |values| Ok(values.map_or(JsValue::UNDEFINED, |values| array(&values))))
    }

    /// The training step that comes next, laid open. The run is not touched: `advance(1)` will do exactly this.
    ///
    /// # Errors
    /// `config`: too large to keep it all. `gpu`: lost meanwhile.
    #[wasm_bindgen(js_name = nextStep, unchecked_return_type = "Promise<StepView>")]
    pub fn next_step(&self) -> Promise {
        self.look(|look| Ok(step_view(&look.next_step())))
    }

    /// Activities of all layers, first hidden to output, for one image that need not be in any set.
    ///
    /// # Errors
    /// `config`: not as many numbers in 0 to 1 as there are inputs. `gpu`: lost meanwhile.
    #[wasm_bindgen(unchecked_return_type = "Promise<Float32Array[]>")]
    pub fn respond(&self, image: Vec<f32>) -> Promise {
        promise(self.0.respond(image), |layers| {
            Ok(layers.iter().map(|h| array(h)).collect::<js_sys::Array>().into())
        })
    }

    /// The output that the layers above the code layer (the narrowest hidden one) make of a code.
    ///
    /// # Errors
    /// `config`: not as many finite numbers as the code layer has units. `gpu`: lost meanwhile.
    #[wasm_bindgen(unchecked_return_type = "Promise<Float32Array>")]
    pub fn decode(&self, code: Vec<f32>) -> Promise {
        promise(self.0.decode(code), |values| Ok(array(&values)))
    }

    /// Estimates of a unit's gradient beside the truth on about `count` samples of the batches that come next, weights
    /// held. `layer`: hidden, from 1; `unit` from 0.
    ///
    /// # Errors
    /// `config`: no such layer or unit. `gpu`: lost meanwhile.
    #[wasm_bindgen(unchecked_return_type = "Promise<Estimates>")]
    pub fn estimates(&self, layer: usize, unit: usize, count: usize) -> Promise {
        self.look(move |look| Ok(estimates_view(&look.estimates(layer, unit, count)?)))
    }

    /// Backpropagation against central differences in double precision, on the weights as they are.
    ///
    /// # Errors
    /// `config`: the network is too large to wait for. `gpu`: lost meanwhile.
    #[wasm_bindgen(js_name = gradientCheck, unchecked_return_type = "Promise<GradientCheck>")]
    pub fn gradient_check(&self) -> Promise {
        self.look(|look| Ok(check_view(&look.gradient_check()?)))
    }

    fn look(&self, look: impl FnOnce(&mut Look) -> Result<JsValue> + 'static) -> Promise {
        promise(self.0.look(Box::new(look)), Ok)
    }

    /// A versioned snapshot; a run continued from it equals the uninterrupted one bit for bit.
    ///
    /// # Errors
    /// `gpu`: lost meanwhile.
    #[wasm_bindgen(unchecked_return_type = "Promise<Uint8Array>")]
    pub fn save(&self) -> Promise {
        let run = self.0.clone();
        promise(async move { run.current(Trainer::save).await }, |blob| {
            Ok(js_sys::Uint8Array::from(&blob[..]).into())
        })
    }

    /// Hexadecimal digest of all weights, biases and feedback weights.
    ///
    /// # Errors
    /// `gpu`: lost meanwhile.
    #[wasm_bindgen(unchecked_return_type = "Promise<string>")]
    pub fn checksum(&self) -> Promise {
        let run = self.0.clone();
        promise(async move { run.current(Trainer::checksum).await }, |sum| {
            Ok(format!("{sum:016x}").into())
        })
    }
}
