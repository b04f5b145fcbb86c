//! The page's view of a GPU.

use super::{promise, record};
use crate::exec::gpu::{self, bench};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A GPU device; one serves all runs of the page.
#[wasm_bindgen]
pub struct Gpu(pub(super) Rc<gpu::Gpu>);

#[wasm_bindgen]
impl Gpu {
    /// Asks the browser for an adapter and a device.
    ///
    /// # Errors
    /// `gpu`: there is none, in a sentence.
    #[wasm_bindgen(unchecked_return_type = "Promise<Gpu>")]
    pub fn request() -> js_sys::Promise {
        promise(gpu::Gpu::request(), |gpu| Ok(Self(gpu).into()))
    }

    /// As the driver calls it.
    #[wasm_bindgen(getter)]
    pub fn name(&self) -> String {
        self.0.name().into()
    }

    /// A software adapter: correct, but as a rule slower than the processor path.
    #[wasm_bindgen(getter)]
    pub fn software(&self) -> bool {
        self.0.software()
    }

    /// Is GPU time measured with timestamp queries?
    #[wasm_bindgen(getter)]
    pub fn timestamps(&self) -> bool {
        self.0.timestamps()
    }

    /// Why it cannot be used any more, if so.
    #[wasm_bindgen(getter)]
    pub fn lost(&self) -> Option<String> {
        self.0.fault()
    }

    /// Gives the device up: every run on it goes on on the processor.
    pub fn destroy(&self) {
        self.0.destroy();
    }

    /// GFLOP/s of products of `size` x `size` matrices, and of multiply-adds in registers alone.
    ///
    /// # Errors
    /// `gpu`: it does not fit, or the GPU is lost.
    #[wasm_bindgen(js_name = benchProduct, unchecked_return_type = "Promise<{ peakGflops: number; nn: number; nt: number; tn: number }>")]
    pub fn bench_product(&self, size: usize) -> js_sys::Promise {
        let gpu = self.0.clone();
        promise(async move { bench::products(&gpu, size).await }, |speeds| {
            let bench::Products { peak, nn, nt, tn } = speeds;
            let field = |value: f64| Some(value.into());
            Ok(record(&[
                ("peakGflops", field(peak)),
                ("nn", field(nn)),
                ("nt", field(nt)),
                ("tn", field(tn)),
            ]))
        })
    }
}
