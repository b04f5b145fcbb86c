//! The four official MNIST files, read for real where they are at hand: set `CREDIT_LAB_MNIST` to
//! their folder. Everything else about the data is tested without them.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use std::path::{Path, PathBuf};

use credit_lab::data::{Dataset, IdxDecoder, Loader, Role, SplitName};

const FILES: [&str; 4] = [
    "t10k-labels-idx1-ubyte",
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
];

/// The folder with the files, or the reason for the skip on the terminal.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("CREDIT_LAB_MNIST").map(PathBuf::from);
    if folder.is_none() {
        // Past the capture of the test harness: a skip must be seen.
        let reason = "SKIPPED data_mnist: CREDIT_LAB_MNIST does not name a folder with the four \
                      official MNIST files\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), reason.as_bytes());
    }
    folder
}

/// The file's bytes, stored plain or as `.gz`.
fn read(folder: &Path, name: &str) -> Vec<u8> {
    let plain = folder.join(name);
    if plain.exists() {
        return std::fs::read(plain).unwrap();
    }
    std::fs::read(folder.join(format!("{name}.gz"))).unwrap()
}

fn load(folder: &Path, chunk: usize) -> Dataset {
    let mut loader = Loader::new();
    for (i, name) in FILES.iter().enumerate() {
        assert_eq!(loader.missing().len(), FILES.len() - i);
        loader.begin(*name);
        for chunk in read(folder, name).chunks(chunk) {
            loader.push(chunk).unwrap();
        }
        let report = loader.end().unwrap();
        let train = matches!(report.role, Role::TrainImages | Role::TrainLabels);
        assert_eq!(report.items, if train { 60_000 } else { 10_000 });
    }
    loader.finish().unwrap()
}

#[test]
fn the_official_files_hold_what_mnist_is_known_for() {
    let Some(folder) = folder() else { return };
    let set = load(&folder, 65_536);
    assert_eq!((set.rows, set.cols, set.channels, set.classes), (28, 28, 1, 10));
    assert_eq!((set.train.len(), set.test.len()), (60_000, 10_000));
    assert_eq!(set.train.labels[..5], [5, 0, 4, 1, 9]);
    assert_eq!(set.test.labels[..5], [7, 2, 1, 0, 4]);
    // The class counts published with the data set.
    let mut counts = [0; 10];
    for &label in &set.train.labels {
        counts[usize::from(label)] += 1;
    }
    assert_eq!(counts, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    // Pixel means of 0.1307 and 0.1325 of full scale, as widely used for normalisation.
    for (split, expected) in [(SplitName::Train, 0.1307), (SplitName::Test, 0.1325)] {
        let images = &set.split(split).images;
        let sum: u64 = images.iter().map(|&pixel| u64::from(pixel)).sum();
        let mean = sum as f64 / (255.0 * images.len() as f64);
        assert!((mean - expected).abs() < 5e-5, "{split} mean {mean}");
    }
}

#[test]
fn the_official_files_load_the_same_in_odd_chunks() {
    let Some(folder) = folder() else { return };
    assert_eq!(load(&folder, 1_009), load(&folder, usize::MAX));
}

#[test]
fn an_official_file_without_its_last_byte_is_cut_off() {
    let Some(folder) = folder() else { return };
    for name in FILES {
        let bytes = read(&folder, name);
        let mut decoder = IdxDecoder::new(name);
        decoder.push(&bytes[..bytes.len() - 1]).unwrap();
        let error = decoder.finish().unwrap_err().to_string();
        assert!(error.contains("cut off"), "{error}");
    }
}
