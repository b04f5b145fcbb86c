//! What several test files share: small configurations, and data made in code, so that every host trains on
//! the same bytes. Only additions, products, quotients and square roots of f64, which IEEE fixes to the bit.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use credit_lab::base::rng::{key, philox};
use credit_lab::config::{Convolution, FeedbackLearner, Noise, Optimizer, RunConfig, Task};
use credit_lab::data::{Dataset, Split};
use credit_lab::kernels::activation::Activation;
use credit_lab::kernels::loss::Loss;
use credit_lab::plan::Arithmetic;
use credit_lab::trainer::Trainer;
use credit_lab::{experiments, rules};
use std::sync::Arc;

/// Stream of the bytes below; far from the crate's own, which are purposes shifted by 16 bits.
const STREAM: u32 = u32::MAX;

/// Ids of all rules.
pub fn rule_ids() -> Vec<&'static str> {
    rules::all().iter().map(|rule| rule.info().id).collect()
}

/// `len` uniform words of a named sequence.
pub fn words(seed: u64, sequence: u32, len: usize) -> Vec<u32> {
    let blocks = 0..u32::try_from(len.div_ceil(4)).unwrap();
    let words = blocks.flat_map(|block| philox([block, STREAM, sequence, 0], key(seed)));
    words.take(len).collect()
}

/// `len` numbers in [0, 1).
pub fn uniform(seed: u64, sequence: u32, len: usize) -> Vec<f64> {
    words(seed, sequence, len).iter().map(|w| f64::from(*w) / 4_294_967_296.0).collect()
}

/// Images of uniform random bytes with uniform random labels.
pub fn random_data(rows: usize, cols: usize, classes: usize, seed: u64) -> Arc<Dataset> {
    random_data_of(rows, cols, classes, (97, 31), seed)
}

/// [`random_data`] with so many training and test images.
pub fn random_data_of(
    rows: usize,
    cols: usize,
    classes: usize,
    (train, test): (usize, usize),
    seed: u64,
) -> Arc<Dataset> {
    let split = |count: usize, sequence: u32| Split {
        images: words(seed, sequence, count * rows * cols)
            .iter()
            .map(|w| (w >> 24) as u8)
            .collect(),
        labels: words(seed, sequence + 1, count)
            .iter()
            .map(|w| ((u64::from(*w) * classes as u64) >> 32) as u8)
            .collect(),
    };
    let (train, test) = (split(train, 0), split(test, 2));
    Arc::new(Dataset::new("random bytes", rows, cols, 1, classes, train, test).unwrap())
}

/// Ten strokes-and-noise classes of 28x28 pixels: digits enough to learn from, made in code.
pub fn digits(train: usize, test: usize) -> Arc<Dataset> {
    let split = |count: usize, sequence: u32| {
        let labels: Vec<u8> = (0..count).map(|i| (i % 10) as u8).collect();
        let images = (0..count as u32)
            .zip(&labels)
            .flat_map(|(i, label)| digit(u32::from(*label), sequence + i))
            .collect();
        Split { images, labels }
    };
    let (train, test) = (split(train, 1000), split(test, 1_000_000));
    Arc::new(Dataset::new("strokes", 28, 28, 1, 10, train, test).unwrap())
}

/// One image: three strokes between points that belong to the class, moved and dimmed as this image has it.
fn digit(class: u32, image: u32) -> Vec<u8> {
    let points: Vec<f64> = uniform(7, class, 8).iter().map(|u| 5.0 + 18.0 * u).collect();
    let own = uniform(8, image, 3);
    let (down, right, light) = (4.0 * own[0] - 2.0, 4.0 * own[1] - 2.0, 150.0 + 105.0 * own[2]);
    let speckle = words(9, image, 784);
    let mut pixels = Vec::with_capacity(784);
    for (i, speckle) in speckle.iter().enumerate() {
        let (y, x) = ((i / 28) as f64 - down, (i % 28) as f64 - right);
        let nearest = points
            .windows(4)
            .step_by(2)
            .map(|p| to_segment([x, y], [p[0], p[1]], [p[2], p[3]]))
            .fold(f64::INFINITY, f64::min);
        // full inside 1 pixel, gone at 2.5; the background has no grey, as in MNIST
        let ink = ((2.5 - nearest) / 1.5).clamp(0.0, 1.0);
        let noise = f64::from(speckle >> 24) / 255.0;
        let value = (light * ink * (0.8 + 0.2 * noise)).round().clamp(0.0, 255.0);
        pixels.push(u8::try_from(value as i32).unwrap());
    }
    pixels
}

/// Distance of a point from a segment.
fn to_segment(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (ab, ap) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let length = ab[0] * ab[0] + ab[1] * ab[1];
    let along = ((ap[0] * ab[0] + ap[1] * ab[1]) / length).clamp(0.0, 1.0);
    let (dx, dy) = (ap[0] - along * ab[0], ap[1] - along * ab[1]);
    (dx * dx + dy * dy).sqrt()
}

/// A small classifier, 12-9-7-5, for [`small_data`]; batch 8, rates at which a hundred steps change a lot.
pub fn small(rule: &str) -> RunConfig {
    RunConfig {
        sizes: vec![12, 9, 7, 5],
        activations: vec![Activation::Tanh, Activation::Sigmoid, Activation::Identity],
        batch: 8,
        warmup: 0,
        probe: 40,
        eta_w: 0.01,
        eta_b: 0.01,
        c_h: 0.05,
        kappa: 0.01,
        ..experiments::default_config(Task::Classifier, rule, Optimizer::Sgd).unwrap()
    }
}

/// A small autoencoder, 12-9-2-9-12, for [`small_data`].
pub fn small_autoencoder(rule: &str) -> RunConfig {
    use Activation::{Identity, Relu, Tanh};
    RunConfig {
        task: Task::Autoencoder,
        sizes: vec![12, 9, 2, 9, 12],
        activations: vec![Tanh, Identity, Tanh, Relu],
        eta_w: 0.002,
        ..small(rule)
    }
}

/// A small convolutional network for 7 x 6 images of one channel, 5 classes: kernels of 3 and 5, with and without
/// pooling, dropout.
pub fn small_convolutional(rule: &str) -> RunConfig {
    use Activation::{Relu, Softmax, Tanh};
    RunConfig {
        batch: 9,
        warmup: 0,
        probe: 20,
        eta_w: 0.002,
        eta_b: 0.002,
        sizes: vec![42, 7 * 6 * 5, 4 * 3 * 9, 4 * 3 * 4, 11, 5],
        image: Some([7, 6, 1]),
        convolutions: vec![
            Convolution { channels: 5, kernel: 3, pool: true },
            Convolution { channels: 9, kernel: 5, pool: false },
            Convolution { channels: 4, kernel: 1, pool: true },
        ],
        activations: vec![Relu, Tanh, Relu, Relu, Softmax],
        dropout: 0.25,
        ..experiments::convolutional::config(rule, Optimizer::Sgd, [7, 6, 1], 5, 0.1)
    }
}

/// 12 pixels, 5 classes; the number of training images is no multiple of any batch used here.
pub fn small_data() -> Arc<Dataset> {
    random_data(3, 4, 5, 3)
}

/// Every configuration a rule can run in, by what its plan records: feedback learner, optimiser, noise.
pub fn variants(base: &RunConfig) -> Vec<RunConfig> {
    let mut all = Vec::new();
    for feedback in [FeedbackLearner::Sgd, FeedbackLearner::Ridge] {
        for optimizer in [Optimizer::Sgd, Optimizer::Adam] {
            for noise in [Noise::None, Noise::Activations, Noise::Inputs] {
                let config = RunConfig { feedback, optimizer, noise, ..base.clone() };
                all.extend(config.check().is_ok().then_some(config));
            }
        }
    }
    all
}

/// `np ridge adam inputs`: names a variant in a message.
pub fn name(config: &RunConfig) -> String {
    let RunConfig { task, rule, feedback, optimizer, noise, .. } = config;
    format!("{task:?} {rule} {feedback:?} {optimizer:?} {noise:?}").to_lowercase()
}

/// A run in reproducible arithmetic.
pub fn trainer(config: &RunConfig, data: &Arc<Dataset>) -> Trainer {
    Trainer::new(config.clone(), data.clone(), Arithmetic::Reproducible).unwrap()
}

/// A run whose numbers are recorded in `tests/golden/checksums.json`.
pub struct Golden {
    /// Key in the file.
    pub name: String,
    /// What runs.
    pub config: RunConfig,
    /// On what.
    pub data: Arc<Dataset>,
    /// For how long.
    pub steps: u64,
}

/// Every recorded run: all variants of all rules on small networks of both tasks, softmax, truncated
/// initial weights, and the paper's two networks under its rule.
pub fn golden_runs() -> Vec<Golden> {
    let data = small_data();
    let mut runs = Vec::new();
    let mut add = |name: String, config: RunConfig, data: &Arc<Dataset>, steps: u64| {
        runs.push(Golden { name, config, data: data.clone(), steps });
    };
    for rule in rule_ids() {
        for base in [small(rule), small_autoencoder(rule)] {
            for config in variants(&base) {
                add(name(&config), config, &data, 100);
            }
        }
    }
    for rule in rule_ids() {
        let config = RunConfig {
            activations: vec![Activation::Relu, Activation::Sigmoid, Activation::Softmax],
            loss: Loss::CrossEntropy,
            init: credit_lab::config::Initialisation::TruncatedNormal,
            ..small(rule)
        };
        add(format!("softmax {}", name(&config)), config, &data, 100);
    }
    let images = random_data_of(7, 6, 5, (97, 31), 12);
    for rule in ["bp", "dfa", "np-dfa", "sg-dfa", "perturb"] {
        for config in variants(&small_convolutional(rule)) {
            add(format!("convolutional {}", name(&config)), config, &images, 20);
        }
    }
    let digits = digits(200, 50);
    for task in [Task::Autoencoder, Task::Classifier] {
        let mut config = experiments::default_config(task, "np", Optimizer::Sgd).unwrap();
        config.warmup = config.warmup.min(20);
        config.probe = 50;
        add(format!("paper {}", name(&config)), config, &digits, 100);
    }
    runs
}

/// What is recorded of a run: digest of all weights, and the mean training loss as trained.
pub fn outcome(run: &Golden) -> serde_json::Value {
    let mut trainer = trainer(&run.config, &run.data);
    trainer.advance(run.steps).unwrap();
    let metrics = trainer.metrics();
    serde_json::json!({
        "weights": format!("{:016x}", trainer.checksum()),
        "running_loss": metrics.running_loss,
        "test_loss": metrics.test_loss,
    })
}
