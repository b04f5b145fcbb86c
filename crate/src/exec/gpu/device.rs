//! The adapter, its device, and what all runs on it share: compiled pipelines and the data sets.

use super::assemble::{Shader, Tuning};
use crate::base::{Error, Result, future};
use crate::data::{Dataset, Split};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A compiled dispatch.
pub struct Pipeline {
    pub(super) pipeline: wgpu::ComputePipeline,
    /// Of its storage buffers.
    pub(super) layout: wgpu::BindGroupLayout,
}

/// A data set in the GPU's memory.
pub struct Images {
    /// (images, labels) of the training samples.
    pub(super) train: wgpu::BindGroup,
    /// (images, labels) of the test samples.
    pub(super) test: wgpu::BindGroup,
    buffers: Vec<wgpu::Buffer>,
}

impl Drop for Images {
    fn drop(&mut self) {
        self.buffers.iter().for_each(wgpu::Buffer::destroy);
    }
}

/// A GPU; one serves any number of runs.
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) step_layout: wgpu::BindGroupLayout,
    data_layout: wgpu::BindGroupLayout,
    name: String,
    software: bool,
    tuning: Cell<Tuning>,
    fault: Arc<Mutex<Option<String>>>,
    pipelines: RefCell<HashMap<String, Rc<Pipeline>>>,
    images: RefCell<Vec<(Weak<Dataset>, std::rc::Weak<Images>)>>,
    staging: RefCell<Vec<wgpu::Buffer>>,
    read: Cell<u64>,
}

/// Staging buffers kept for the next reading.
const SPARE: usize = 12;
/// Storage buffers we would use in one shader where the adapter has them; 8 is what every adapter has.
const BINDINGS: u32 = 10;

/// A processor that runs shaders.
fn is_software(info: &wgpu::AdapterInfo) -> bool {
    info.device_type == wgpu::DeviceType::Cpu
        || ["swiftshader", "llvmpipe", "basic render"]
            .iter()
            .any(|name| info.name.to_lowercase().contains(name))
}

/// Makes the call so that subgroups are asked for where [`Tuning::quads`] would use them; and whether they were.
#[cfg(target_arch = "wasm32")]
fn with_subgroups<T>(info: &wgpu::AdapterInfo, call: impl FnOnce() -> T) -> (T, bool) {
    if is_software(info) { super::subgroups::asked_for(call) } else { (call(), false) }
}

/// Natively the adapters that run on a processor are for tests: they do as the others.
#[cfg(not(target_arch = "wasm32"))]
fn with_subgroups<T>(_: &wgpu::AdapterInfo, call: impl FnOnce() -> T) -> (T, bool) {
    (call(), false)
}

impl Gpu {
    /// Asks for an adapter and a device.
    ///
    /// # Errors
    /// [`Error::Gpu`], in a sentence: nothing there, or too small.
    pub async fn request() -> Result<Rc<Self>> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..wgpu::RequestAdapterOptions::default()
        };
        let adapter = instance.request_adapter(&options).await.map_err(|_| {
            Error::gpu(if cfg!(target_arch = "wasm32") {
                "this browser offers no WebGPU adapter"
            } else {
                "no GPU with a Vulkan, Metal or DirectX 12 driver was found"
            })
        })?;
        let offered = adapter.limits();
        let needed = wgpu::Limits::default();
        let limits = wgpu::Limits {
            max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
            max_buffer_size: offered.max_buffer_size,
            max_storage_buffers_per_shader_stage: offered
                .max_storage_buffers_per_shader_stage
                .clamp(needed.max_storage_buffers_per_shader_stage, BINDINGS),
            ..needed
        };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("credit-lab"),
            required_features: adapter.features() & wgpu::Features::TIMESTAMP_QUERY,
            required_limits: limits,
            memory_hints: wgpu::MemoryHints::Performance,
            ..wgpu::DeviceDescriptor::default()
        };
        let info = adapter.get_info();
        let (request, quads) = with_subgroups(&info, || adapter.request_device(&descriptor));
        let (device, queue) =
            request.await.map_err(|e| Error::gpu(format!("the GPU refused to be used: {e}")))?;
        Ok(Rc::new(Self::around(device, queue, &info, quads)))
    }

    fn around(
        device: wgpu::Device,
        queue: wgpu::Queue,
        info: &wgpu::AdapterInfo,
        quads: bool,
    ) -> Self {
        let software = is_software(info);
        let tuning = match (software, quads) {
            (true, true) => Tuning::QUADS,
            (true, false) => Tuning::SOFTWARE,
            (false, _) => Tuning::HARDWARE,
        };
        let fault = Arc::new(Mutex::new(None));
        let keep = |fault: &Arc<Mutex<Option<String>>>, message: String| {
            let mut slot = fault.lock().unwrap_or_else(PoisonError::into_inner);
            slot.get_or_insert(message);
        };
        let lost = fault.clone();
        device.set_device_lost_callback(move |_, message| {
            let reason = message.trim().trim_end_matches('.');
            let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
            keep(&lost, format!("the GPU was lost{reason}"));
        });
        let failed = fault.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            keep(&failed, describe(&error));
        }));
        let storage =
            |binding| entry(binding, wgpu::BufferBindingType::Storage { read_only: true });
        let name = if info.name.is_empty() { described(&device) } else { info.name.clone() };
        let step_layout = layout(
            &device,
            &[wgpu::BindGroupLayoutEntry {
                ty: wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Uniform,
                    has_dynamic_offset: true,
                    min_binding_size: None,
                },
                ..storage(0)
            }],
        );
        let data_layout = layout(&device, &[storage(0), storage(1)]);
        Self {
            device,
            queue,
            step_layout,
            data_layout,
            name,
            software,
            tuning: Cell::new(tuning),
            fault,
            pipelines: RefCell::default(),
            images: RefCell::default(),
            staging: RefCell::default(),
            read: Cell::new(0),
        }
    }

    /// As the driver calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A processor that pretends to be a GPU.
    pub fn software(&self) -> bool {
        self.software
    }

    /// Can it measure its own time?
    pub fn timestamps(&self) -> bool {
        self.device.features().contains(wgpu::Features::TIMESTAMP_QUERY)
    }

    /// Why it cannot be used any more: lost, out of memory, or an invalid shader.
    pub fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The error for results that do not come. A browser may tell so before it tells why; no run waits for that.
    pub(super) fn failure(&self) -> Error {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        Error::gpu(fault.get_or_insert_with(|| "the GPU was lost".into()).clone())
    }

    /// Gives the device up; every run on it fails from now on and goes on on the processor.
    pub fn destroy(&self) {
        self.device.destroy();
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.get_or_insert_with(|| "the GPU was lost (given up)".into());
    }

    /// The raw device and queue.
    pub fn raw(&self) -> (&wgpu::Device, &wgpu::Queue) {
        (&self.device, &self.queue)
    }

    /// Sizes of blocks and workgroups in use.
    pub fn tuning(&self) -> Tuning {
        self.tuning.get()
    }

    /// Other sizes for pipelines made from now on.
    pub fn set_tuning(&self, tuning: Tuning) {
        self.tuning.set(tuning);
    }

    /// Storage buffers a shader may use.
    pub fn bindings(&self) -> usize {
        self.device.limits().max_storage_buffers_per_shader_stage as usize
    }

    /// Bytes read back so far, by all runs.
    pub fn bytes_read(&self) -> u64 {
        self.read.get()
    }

    /// A buffer of at least `size` bytes to read back from: one that was used before, if there is any.
    pub(super) fn staging(&self, size: u64) -> wgpu::Buffer {
        let mut spare = self.staging.borrow_mut();
        let fits = |b: &wgpu::Buffer| (size..=4 * size.max(256)).contains(&b.size());
        if let Some(at) = spare.iter().position(fits) {
            return spare.swap_remove(at);
        }
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("results"),
            size: size.max(16).next_multiple_of(16),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        })
    }

    /// Takes a staging buffer back, after `bytes` were read from it.
    pub(super) fn give_back(&self, buffer: wgpu::Buffer, bytes: u64) {
        self.read.set(self.read.get() + bytes);
        let mut spare = self.staging.borrow_mut();
        if spare.len() >= SPARE {
            spare.remove(0).destroy();
        }
        spare.push(buffer);
    }

    /// Lets callbacks run. In a browser they run by themselves.
    pub fn poll(&self) {
        // An error here is a lost device, which its callback reports.
        let _ = self.device.poll(wgpu::PollType::Poll);
    }

    /// Waits for a future that this device completes. In a browser nothing may wait: await it there.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        future::drive(future, || self.block())
    }

    /// Waits until everything submitted has run.
    pub fn block(&self) {
        // An error here is a lost device, which its callback reports.
        let _ = self.device.poll(wgpu::PollType::wait_indefinitely());
    }

    /// Runs `make`; what the device finds wrong with it (an invalid shader, no memory) becomes the error.
    pub async fn checked<T>(&self, make: impl FnOnce() -> Result<T>) -> Result<T> {
        let filters = [
            wgpu::ErrorFilter::Internal,
            wgpu::ErrorFilter::OutOfMemory,
            wgpu::ErrorFilter::Validation,
        ];
        if let Some(fault) = self.fault() {
            return Err(Error::gpu(fault));
        }
        let scopes = filters.map(|filter| self.device.push_error_scope(filter));
        let made = make();
        // All are closed before the first answer is waited for: others may open theirs meanwhile, and scopes nest.
        let closed: Vec<_> = scopes.into_iter().rev().map(wgpu::ErrorScopeGuard::pop).collect();
        let mut found = None;
        for error in closed {
            found = found.or(error.await);
        }
        match (self.fault(), made, found) {
            (Some(fault), _, _) => Err(Error::gpu(fault)),
            (_, Err(error), _) => Err(error),
            (_, _, Some(error)) => Err(Error::gpu(describe(&error))),
            (None, made, None) => made,
        }
    }

    /// A buffer of at least one vector, or a sentence why it cannot be.
    pub(super) fn buffer(
        &self,
        label: &str,
        bytes: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer> {
        let limits = self.device.limits();
        let size = bytes.max(16).next_multiple_of(16);
        let most = limits.max_buffer_size.min(limits.max_storage_buffer_binding_size);
        if size > most {
            return Err(Error::gpu(format!(
                "{label} takes {} MiB, but a buffer of this GPU holds at most {}",
                size >> 20,
                most >> 20
            )));
        }
        Ok(self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation: false,
        }))
    }

    /// Compiles a dispatch, once for all runs.
    pub(super) fn pipeline(&self, shader: &Shader) -> Rc<Pipeline> {
        let key = format!("{:?}\n{}", shader.constants, shader.source);
        if let Some(known) = self.pipelines.borrow().get(&key) {
            return known.clone();
        }
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(shader.source.as_str().into()),
        });
        let entries: Vec<_> = shader
            .bindings
            .iter()
            .zip(0..)
            .map(|((_, written), binding)| {
                entry(binding, wgpu::BufferBindingType::Storage { read_only: !written })
            })
            .collect();
        let own = layout(&self.device, &entries);
        let mut groups = vec![Some(&own), Some(&self.step_layout)];
        if shader.data {
            groups.push(Some(&self.data_layout));
        }
        let whole = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &groups,
            immediate_size: 0,
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: Some(&whole),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &shader.constants,
                ..wgpu::PipelineCompilationOptions::default()
            },
            cache: None,
        });
        let made = Rc::new(Pipeline { pipeline, layout: own });
        self.pipelines.borrow_mut().insert(key, made.clone());
        made
    }

    /// The data set in GPU memory, once for all runs on it.
    pub(super) fn images(&self, data: &Arc<Dataset>) -> Result<Rc<Images>> {
        let mut cache = self.images.borrow_mut();
        cache.retain(|(data, images)| data.strong_count() > 0 && images.strong_count() > 0);
        let known = cache.iter().find(|(d, _)| std::ptr::eq(d.as_ptr(), Arc::as_ptr(data)));
        if let Some(images) = known.and_then(|(_, images)| images.upgrade()) {
            return Ok(images);
        }
        let (train, first) = self.split("the training set", &data.train)?;
        let (test, second) = self.split("the test set", &data.test)?;
        let buffers = first.into_iter().chain(second).collect();
        let images = Rc::new(Images { train, test, buffers });
        cache.push((Arc::downgrade(data), Rc::downgrade(&images)));
        Ok(images)
    }

    fn split(&self, what: &str, split: &Split) -> Result<(wgpu::BindGroup, [wgpu::Buffer; 2])> {
        let upload = |bytes: &[u8]| {
            let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
            let buffer = self.buffer(what, bytes.len() as u64, usage)?;
            let whole = bytes.len() / 4 * 4;
            self.queue.write_buffer(&buffer, 0, &bytes[..whole]);
            if whole < bytes.len() {
                let mut last = [0u8; 4];
                last[..bytes.len() - whole].copy_from_slice(&bytes[whole..]);
                self.queue.write_buffer(&buffer, whole as u64, &last);
            }
            Ok::<_, Error>(buffer)
        };
        let buffers = [upload(&split.images)?, upload(&split.labels)?];
        Ok((self.group(&self.data_layout, &[&buffers[0], &buffers[1]]), buffers))
    }

    /// Whole buffers in order.
    pub(super) fn group(
        &self,
        layout: &wgpu::BindGroupLayout,
        buffers: &[&wgpu::Buffer],
    ) -> wgpu::BindGroup {
        let entries: Vec<_> = buffers
            .iter()
            .zip(0..)
            .map(|(buffer, binding)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout,
            entries: &entries,
        })
    }
}

fn layout(device: &wgpu::Device, entries: &[wgpu::BindGroupLayoutEntry]) -> wgpu::BindGroupLayout {
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries })
}

fn entry(binding: u32, ty: wgpu::BufferBindingType) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
}

/// Browsers rarely give a name, but a vendor and an architecture.
#[cfg(all(target_arch = "wasm32", feature = "web"))]
fn described(device: &wgpu::Device) -> String {
    use js_sys::Reflect;
    let info = device.as_webgpu().and_then(|d| Reflect::get(d, &"adapterInfo".into()).ok());
    let text = |key: &str| {
        let value = info.as_ref().and_then(|i| Reflect::get(i, &key.into()).ok());
        value.and_then(|v| v.as_string()).filter(|v| !v.is_empty())
    };
    let parts: Vec<String> = ["vendor", "architecture"].into_iter().filter_map(text).collect();
    if parts.is_empty() { "WebGPU".into() } else { parts.join(" ") }
}

#[cfg(not(all(target_arch = "wasm32", feature = "web")))]
fn described(_: &wgpu::Device) -> String {
    "unnamed".into()
}

/// A sentence for an error of the device.
fn describe(error: &wgpu::Error) -> String {
    match error {
        wgpu::Error::OutOfMemory { .. } => "the GPU is out of memory".into(),
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            format!("the GPU refused a command, which is a defect of this program: {description}")
        }
    }
}

/// A shader outside any program, with one buffer.
pub(super) struct Scratch {
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
    buffer: wgpu::Buffer,
}

impl Gpu {
    /// Compiles a shader that works on one buffer of `bytes` zeros.
    pub(super) fn scratch(&self, source: &str, bytes: u64) -> Result<Scratch> {
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        let buffer = self.buffer("scratch", bytes, usage)?;
        let group = self.group(&pipeline.get_bind_group_layout(0), &[&buffer]);
        Ok(Scratch { pipeline, group, buffer })
    }

    /// Runs it in so many workgroups and waits for its end.
    pub(super) async fn run_scratch(&self, scratch: &Scratch, groups: u32) -> Result<Vec<u8>> {
        let mut encoder =
            self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&scratch.pipeline);
            pass.set_bind_group(0, &scratch.group, &[]);
            pass.dispatch_workgroups(groups, 1, 1);
        }
        let size = scratch.buffer.size();
        let staging = self.staging(size);
        encoder.copy_buffer_to_buffer(&scratch.buffer, 0, &staging, 0, size);
        self.queue.submit([encoder.finish()]);
        super::reading::Mapping::begin(staging, size).wait(self, size).await
    }
}
