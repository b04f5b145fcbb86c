#![allow(missing_docs, clippy::unwrap_used, clippy::pedantic)]
use credit_lab::config::*;
use credit_lab::exec::gpu::*;
use credit_lab::experiments;
use credit_lab::plan::Arithmetic;
use credit_lab::session::Session;
use credit_lab::trainer::Trainer;
#[path = "../tests/common/mod.rs"]
mod common;
fn main() {
    let rule = std::env::args().nth(1).unwrap_or("np".into());
    let task = if std::env::args().nth(2).as_deref() == Some("c") {
        Task::Classifier
    } else {
        Task::Autoencoder
    };
    let data = common::digits(200, 50);
    let mut config = experiments::default_config(task, &rule, Optimizer::Sgd).unwrap();
    config.warmup = config.warmup.min(20);
    config.probe = 50;
    let c = credit_lab::trainer::compile(&config, false).unwrap();
    println!("{}", executor::describe(&c.program, c.step, 1000, &c.observed()));
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let _ = instance;
    let gpu = {
        let f = Gpu::request();
        let mut f = std::pin::pin!(f);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        loop {
            if let std::task::Poll::Ready(g) = std::future::Future::poll(f.as_mut(), &mut cx) {
                break g.unwrap();
            }
        }
    };
    println!(
        "{} software {} bindings {} ts {}",
        gpu.name(),
        gpu.software(),
        gpu.bindings(),
        gpu.timestamps()
    );
    let make = || Trainer::new(config.clone(), data.clone(), Arithmetic::Reproducible).unwrap();
    let mut cpu = make();
    let s = Session::new(make());
    gpu.wait(s.to_gpu(gpu.clone())).unwrap();
    for k in [1u64, 5, 20, 100] {
        cpu.advance(k - cpu.step()).unwrap();
        while s.step() < k {
            s.advance(k - s.step()).unwrap();
            gpu.poll();
        }
        let m = gpu.wait(s.metrics()).unwrap();
        let c = cpu.metrics();
        println!(
            "{k}: cpu {:.4} {:?} {:.4} gpu {:.4} {:?} {:.4}",
            c.train_loss, c.running_loss, c.test_loss, m.train_loss, m.running_loss, m.test_loss
        );
        for (a, b) in c.layers.iter().zip(&m.layers) {
            println!(
                "   {:?}\n   {:?}",
                (a.angle, a.angle_code, a.relative_error, a.sign_agreement, a.norm_w, a.norm_b),
                (b.angle, b.angle_code, b.relative_error, b.sign_agreement, b.norm_w, b.norm_b)
            );
        }
    }
    println!("{:?}", s.poll().unwrap());
    println!("{:?}", gpu.wait(s.calibrate(gpu.clone())).unwrap());
}
