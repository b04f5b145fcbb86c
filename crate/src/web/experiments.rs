//! The paper's experiments for the page, and a data set's bytes on their way to a worker and back: every worker has a
//! memory of its own.

use super::data::{DataSet, split_name};
use super::throw;
use crate::base::Error;
use crate::data::{Dataset, Split};
use crate::experiments::presets::{self, Look};
use crate::experiments::synthetic;
use std::sync::Arc;
use wasm_bindgen::prelude::*;

/// Of convolutional networks: an eighth of the paper's width is a sixtieth of its work.
const WIDTH: f64 = 0.125;

fn listed(look: Look) -> Result<JsValue, JsValue> {
    let all = presets::all(Look { width: WIDTH, ..look }).map_err(|e| throw(&e))?;
    // As text: a converter of its own for each type makes the core 4 KB larger.
    let text = serde_json::to_string(&all).map_err(|e| throw(&Error::internal(e.to_string())))?;
    js_sys::JSON::parse(&text)
}

/// Every experiment, in the paper's order, for digits.
///
/// # Errors
/// None in practice; the conversion is fallible.
#[wasm_bindgen(js_name = presets, unchecked_return_type = "Preset[]")]
pub fn list_presets() -> Result<JsValue, JsValue> {
    listed(Look::DIGITS)
}

/// Every experiment, with networks that fit this data.
///
/// # Errors
/// `config`: no network of an experiment fits it.
#[wasm_bindgen(js_name = presetsFor, unchecked_return_type = "Preset[]")]
pub fn presets_for(data: &DataSet) -> Result<JsValue, JsValue> {
    listed(Look::of(&data.0))
}

/// The random samples of the experiments that load nothing.
///
/// # Errors
/// `data`: sizes that no data set may have.
#[wasm_bindgen(js_name = syntheticDataset)]
pub fn synthetic_dataset(
    inputs: usize,
    classes: usize,
    samples: usize,
) -> Result<DataSet, JsValue> {
    synthetic::dataset(inputs, classes, samples)
        .map(|d| DataSet(Arc::new(d)))
        .map_err(|e| throw(&e))
}

#[wasm_bindgen(js_class = Dataset)]
impl DataSet {
    /// All images of a split: (n, rows, cols, channels), row major, 0 to 255.
    ///
    /// # Errors
    /// `config`: no such split.
    pub fn images(
        &self,
        #[wasm_bindgen(unchecked_param_type = "SplitName")] split: &str,
    ) -> Result<Vec<u8>, JsValue> {
        Ok(self.0.split(split_name(split)?).images.clone())
    }

    /// A data set from its parts, as `images` and `labels` give them. `shape`: rows, cols, channels, classes.
    ///
    /// # Errors
    /// `data`: they do not belong together.
    #[wasm_bindgen(js_name = fromParts)]
    pub fn from_parts(
        name: String,
        shape: &[u32],
        train_images: Vec<u8>,
        train_labels: Vec<u8>,
        test_images: Vec<u8>,
        test_labels: Vec<u8>,
    ) -> Result<DataSet, JsValue> {
        let size = |i: usize| shape.get(i).map_or(0, |n| *n as usize);
        let train = Split { images: train_images, labels: train_labels };
        let test = Split { images: test_images, labels: test_labels };
        Dataset::new(name, size(0), size(1), size(2), size(3), train, test)
            .map(|d| Self(Arc::new(d)))
            .map_err(|e| throw(&e))
    }
}
