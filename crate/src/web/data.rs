//! Data sets for the page.

use super::{object, throw};
use crate::data::{Dataset, Loader, Packed, SplitName};
use serde::Serialize;
use std::sync::Arc;
use wasm_bindgen::prelude::*;

/// Reads "train" or "test".
pub(super) fn split_name(name: &str) -> Result<SplitName, JsValue> {
    name.parse().map_err(|e| throw(&e))
}

/// A data set, shared by any number of simulators.
#[wasm_bindgen(js_name = Dataset)]
pub struct DataSet(pub(super) Arc<Dataset>);

#[wasm_bindgen(js_class = Dataset)]
impl DataSet {
    /// The packed digits that come with the page.
    ///
    /// # Errors
    /// `data`: the bytes are not that file.
    pub fn embedded(packed: &[u8]) -> Result<DataSet, JsValue> {
        Dataset::embedded(packed).map(|d| Self(Arc::new(d))).map_err(|e| throw(&e))
    }

    /// Its name.
    #[wasm_bindgen(getter)]
    pub fn name(&self) -> String {
        self.0.name.clone()
    }

    /// Training images.
    #[wasm_bindgen(getter, js_name = trainCount)]
    pub fn train_count(&self) -> usize {
        self.0.train.labels.len()
    }

    /// Test images.
    #[wasm_bindgen(getter, js_name = testCount)]
    pub fn test_count(&self) -> usize {
        self.0.test.labels.len()
    }

    /// Pixels down.
    #[wasm_bindgen(getter)]
    pub fn rows(&self) -> usize {
        self.0.rows
    }

    /// Pixels across.
    #[wasm_bindgen(getter)]
    pub fn cols(&self) -> usize {
        self.0.cols
    }

    /// Values a pixel: 1 for grey, 3 for red, green and blue.
    #[wasm_bindgen(getter)]
    pub fn channels(&self) -> usize {
        self.0.channels
    }

    /// Classes.
    #[wasm_bindgen(getter)]
    pub fn classes(&self) -> usize {
        self.0.classes
    }

    /// Pixels of one image: (rows, cols, channels), row major, 0 to 255.
    ///
    /// # Errors
    /// `config`: no such split or image.
    pub fn image(
        &self,
        #[wasm_bindgen(unchecked_param_type = "SplitName")] split: &str,
        index: usize,
    ) -> Result<Vec<u8>, JsValue> {
        self.0.image(split_name(split)?, index).map(<[u8]>::to_vec).map_err(|e| throw(&e))
    }

    /// All labels of a split.
    ///
    /// # Errors
    /// `config`: no such split.
    pub fn labels(
        &self,
        #[wasm_bindgen(unchecked_param_type = "SplitName")] split: &str,
    ) -> Result<Vec<u8>, JsValue> {
        Ok(self.0.split(split_name(split)?).labels.clone())
    }
}

/// The packed digits that come with the page, as they arrive.
#[wasm_bindgen(js_name = PackedLoader)]
#[derive(Default)]
pub struct PackedLoader(Packed);

#[wasm_bindgen(js_class = PackedLoader)]
impl PackedLoader {
    /// Nothing has arrived.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next bytes.
    ///
    /// # Errors
    /// `data`: they cannot belong to that file.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), JsValue> {
        self.0.push(chunk).map_err(|e| throw(&e))
    }

    /// Images in the parts that have arrived.
    #[wasm_bindgen(getter)]
    pub fn images(&self) -> usize {
        self.0.images()
    }

    /// The parts that have arrived, as a data set of their own.
    ///
    /// # Errors
    /// `data`: none has.
    pub fn dataset(&self) -> Result<DataSet, JsValue> {
        self.0.dataset().map(|d| DataSet(Arc::new(d))).map_err(|e| throw(&e))
    }

    /// All of it.
    ///
    /// # Errors
    /// `data`: it is not whole.
    pub fn finish(&mut self) -> Result<DataSet, JsValue> {
        self.0.finish().map(|d| DataSet(Arc::new(d))).map_err(|e| throw(&e))
    }
}

#[derive(Serialize)]
struct Report {
    role: &'static str,
    items: usize,
}

/// The files of a data set, plain or gzip, in any order, streamed: the four IDX files of MNIST and its
/// relatives, CSV tables of the same, or the binary files or archive of CIFAR-10 or CIFAR-100.
#[wasm_bindgen(js_name = Loader)]
#[derive(Default)]
pub struct DataLoader(Loader);

#[wasm_bindgen(js_class = Loader)]
impl DataLoader {
    /// Nothing loaded.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts the next file.
    pub fn begin(&mut self, file: &str) {
        self.0.begin(file);
    }

    /// The next bytes of it.
    ///
    /// # Errors
    /// `data`: they cannot belong to such a file.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), JsValue> {
        self.0.push(chunk).map_err(|e| throw(&e))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// `data`: it is not whole.
    #[wasm_bindgen(unchecked_return_type = "FileReport")]
    pub fn end(&mut self) -> Result<JsValue, JsValue> {
        let report = self.0.end().map_err(|e| throw(&e))?;
        object(&Report { role: report.role.as_str(), items: report.items })
    }

    /// Roles not loaded yet.
    pub fn missing(&self) -> Vec<String> {
        self.0.missing().iter().map(|role| role.as_str().to_string()).collect()
    }

    /// The data set.
    ///
    /// # Errors
    /// `data`: files are missing or do not belong together.
    pub fn finish(&mut self) -> Result<DataSet, JsValue> {
        self.0.finish().map(|d| DataSet(Arc::new(d))).map_err(|e| throw(&e))
    }
}
