//! CIFAR-10's and CIFAR-100's binary files and archives: as they should be, and as the world delivers
//! them. None may panic, and none may be accepted unless it is valid to the byte.
//!
//! The real files are read where they are at hand: set `CREDIT_LAB_CIFAR10` to a folder with
//! `data_batch_1.bin` and `test_batch.bin`, plain or `.gz`.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use credit_lab::data::{Dataset, Loader, Role, SplitName};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

const PIXELS: usize = 3072;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The stored byte of one pixel: of image `n` of a file made with `salt`.
fn pixel(salt: usize, n: usize, channel: usize, y: usize, x: usize) -> u8 {
    (salt * 89 + n * 31 + channel * 57 + y * 5 + x * 3) as u8
}

/// A file of records with these labels; CIFAR-100 if there are coarse ones.
fn file(salt: usize, labels: &[u8], coarse: Option<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (n, label) in labels.iter().enumerate() {
        bytes.extend(coarse);
        bytes.push(*label);
        for channel in 0..3 {
            for y in 0..32 {
                bytes.extend((0..32).map(|x| pixel(salt, n, channel, y, x)));
            }
        }
    }
    bytes
}

/// A tar archive as POSIX describes it.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (path, content) in files {
        let mut header = vec![0; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[148..156].fill(b' ');
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        bytes.extend(header);
        bytes.extend(*content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize((bytes.len() + 1024).next_multiple_of(10_240), 0);
    bytes
}

/// Adds a file in chunks whose sizes are taken from `sizes`, over and over.
fn add(
    loader: &mut Loader,
    name: &str,
    bytes: &[u8],
    sizes: &[usize],
) -> Result<(Role, usize), String> {
    loader.begin(name);
    let mut rest = bytes;
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, tail) = rest.split_at(size.min(rest.len()));
        loader.push(chunk).map_err(|error| error.to_string())?;
        rest = tail;
    }
    loader.end().map(|report| (report.role, report.items)).map_err(|error| error.to_string())
}

fn refusal(name: &str, bytes: &[u8]) -> String {
    add(&mut Loader::new(), name, bytes, &[1_000]).unwrap_err()
}

/// Image `n` of a split is image `m` of the file made with `salt`.
fn assert_image(set: &Dataset, split: SplitName, n: usize, salt: usize, m: usize) {
    let image = set.image(split, n).unwrap();
    for (at, &byte) in image.iter().enumerate() {
        let (y, x, channel) = (at / 96, at / 3 % 32, at % 3);
        assert_eq!(
            byte,
            pixel(salt, m, channel, y, x),
            "{split} image {n}, pixel ({y}, {x}, {channel})"
        );
    }
}

#[test]
fn batches_in_any_order_make_cifar_10_in_the_order_of_their_numbers() {
    let files = [
        ("data_batch_3.bin", file(3, &[7, 8], None)),
        ("test_batch.bin.gz", gzip(&file(9, &[0, 9], None))),
        ("data_batch_1.bin.gz", gzip(&file(1, &[4, 5, 6], None))),
    ];
    for turn in 0..3 {
        let mut loader = Loader::new();
        for i in 0..3 {
            let (name, bytes) = &files[(turn + i) % 3];
            let (role, items) = add(&mut loader, name, bytes, &[700, 1]).unwrap();
            let test = name.starts_with("test");
            assert_eq!(role, if test { Role::TestBatch } else { Role::TrainBatch });
            assert_eq!(items, if name.contains('1') { 3 } else { 2 });
        }
        assert_eq!(loader.missing(), []);
        let set = loader.finish().unwrap();
        assert_eq!(set.name, "CIFAR-10, 5 + 2 images");
        assert_eq!((set.rows, set.cols, set.channels, set.classes), (32, 32, 3, 10));
        assert_eq!(set.train.labels, [4, 5, 6, 7, 8]);
        assert_eq!(set.test.labels, [0, 9]);
        assert_image(&set, SplitName::Train, 2, 1, 2);
        assert_image(&set, SplitName::Train, 3, 3, 0);
        assert_image(&set, SplitName::Test, 1, 9, 1);
        assert_eq!(loader.missing(), Role::IDX, "empty again");
    }
}

#[test]
fn cifar_100_uses_the_fine_labels() {
    let mut loader = Loader::new();
    add(&mut loader, "train.bin", &file(1, &[99, 0, 20], Some(19)), &[4_096]).unwrap();
    assert_eq!(loader.missing(), [Role::TestBatch]);
    add(&mut loader, "test.bin", &file(2, &[50], Some(3)), &[4_096]).unwrap();
    let set = loader.finish().unwrap();
    assert_eq!((set.name.as_str(), set.classes), ("CIFAR-100, 3 + 1 images", 100));
    assert_eq!((&set.train.labels[..], &set.test.labels[..]), (&[99, 0, 20][..], &[50][..]));
    assert_image(&set, SplitName::Train, 2, 1, 2);
}

#[test]
fn a_part_given_twice_replaces_the_earlier() {
    let mut loader = Loader::new();
    for (salt, name) in
        [(1, "data_batch_1.bin"), (2, "data_batch_2.bin"), (3, "data_batch_1 (1).bin")]
    {
        add(&mut loader, name, &file(salt, &[salt as u8; 2], None), &[9_999]).unwrap();
    }
    for (salt, name) in [(4, "test_batch.bin"), (5, "test_batch.bin")] {
        add(&mut loader, name, &file(salt, &[salt as u8], None), &[9_999]).unwrap();
    }
    let set = loader.finish().unwrap();
    assert_eq!((&set.train.labels[..], &set.test.labels[..]), (&[3, 3, 2, 2][..], &[5][..]));

    // A file of all training images takes the place of the batches, and they of it.
    add(&mut loader, "data_batch_1.bin", &file(1, &[1], None), &[9_999]).unwrap();
    add(&mut loader, "cifar-10-train.bin", &file(6, &[6], None), &[9_999]).unwrap();
    add(&mut loader, "test_batch.bin", &file(5, &[5], None), &[9_999]).unwrap();
    assert_eq!(loader.finish().unwrap().train.labels, [6]);
}

#[test]
fn archives_hold_all_files_between_others() {
    let [one, two, test] = [1, 2, 3].map(|salt| file(salt, &[salt as u8], None));
    let ten = tar(&[
        ("cifar-10-batches-bin/data_batch_2.bin", &two),
        ("cifar-10-batches-bin/batches.meta.txt", b"airplane\nautomobile\n"),
        ("cifar-10-batches-bin/test_batch.bin", &test),
        ("cifar-10-batches-bin/._data_batch_3.bin", b"what macOS adds"),
        ("cifar-10-batches-bin/data_batch_1.bin", &one),
        ("cifar-10-batches-bin/readme.html", b""),
    ]);
    let hundred = [file(1, &[42], Some(0)), file(2, &[43], Some(0))];
    let hundred = tar(&[
        ("cifar-100-binary/train.bin", &hundred[0]),
        ("cifar-100-binary/test.bin", &hundred[1]),
    ]);
    for (bytes, labels) in [(ten, [vec![1, 2], vec![3]]), (hundred, [vec![42], vec![43]])] {
        for (name, bytes) in [("cifar.tar.gz", gzip(&bytes)), ("download (1)", bytes)] {
            for chunk in [100, usize::MAX] {
                let mut loader = Loader::new();
                let report = add(&mut loader, name, &bytes, &[chunk]).unwrap();
                assert_eq!(report, (Role::Archive, labels.concat().len()));
                let set = loader.finish().unwrap();
                assert_eq!([set.train.labels, set.test.labels], labels);
            }
        }
    }
}

#[test]
fn archives_of_the_systems_own_tar_are_read() {
    let folder = std::env::temp_dir().join(format!("credit-lab-tar-{}", std::process::id()));
    let inner = folder.join("cifar-10-batches-bin");
    std::fs::create_dir_all(&inner).unwrap();
    std::fs::write(inner.join("data_batch_5.bin"), file(5, &[5, 6], None)).unwrap();
    std::fs::write(inner.join("test_batch.bin"), file(6, &[7], None)).unwrap();
    let mut made = 0;
    for format in ["gnu", "pax", "ustar", "v7"] {
        let archive = folder.join(format!("cifar-10-binary-{format}.tar.gz"));
        let tar = std::process::Command::new("tar")
            .arg(format!("--format={format}"))
            .args(["-czf".as_ref(), archive.as_os_str(), "-C".as_ref(), folder.as_os_str()])
            .arg("cifar-10-batches-bin")
            .output();
        if !tar.is_ok_and(|output| output.status.success()) {
            say(&format!("SKIPPED data_cifar: no system tar that writes the format {format}\n"));
            continue;
        }
        let mut loader = Loader::new();
        add(&mut loader, "a.tar.gz", &std::fs::read(archive).unwrap(), &[10_000]).unwrap();
        let set = loader.finish().unwrap();
        assert_eq!(
            (&set.train.labels[..], &set.test.labels[..]),
            (&[5, 6][..], &[7][..]),
            "{format}"
        );
        assert_image(&set, SplitName::Test, 0, 6, 0);
        made += 1;
    }
    std::fs::remove_dir_all(folder).unwrap();
    assert!(made > 0 || cfg!(not(target_os = "linux")));
}

#[test]
fn wrong_archives_are_refused_with_what_to_do() {
    let batch = file(1, &[1], None);
    let cases: [(Vec<u8>, &str); 8] = [
        (
            tar(&[("cifar-10-batches-py/data_batch_1", b"\x80\x02")]),
            "found its Python version; take cifar-10-binary",
        ),
        (tar(&[("cifar-100-matlab/train.mat", b"MATLAB")]), "found its MATLAB version"),
        (
            tar(&[("a.txt", b"a"), ("b/train-images-idx3-ubyte", b"b")]),
            "found a.txt, b/train-images-idx3-ubyte; take",
        ),
        (
            tar(&[("x/data_batch_1.bin", &batch[1..])]),
            "x/data_batch_1.bin in the archive: expected whole records of 3,073 bytes, the archive announces 3,072",
        ),
        (tar(&[("test_batch.bin", b"")]), "announces 0 bytes"),
        (
            tar(&[("data_batch_1.bin", &batch), ("train.bin", &file(1, &[1], Some(1)))]),
            "files of two data sets",
        ),
        (
            tar(&[("test_batch.bin", &file(1, &[3, 10], None))]),
            "test_batch.bin in the archive: expected CIFAR-10 labels from 0 to 9, found 10 for image number 2",
        ),
        (
            tar(&[("test_batch.bin", &batch)])[..2_000].to_vec(),
            "the archive is cut off: it stops after 2,000 bytes",
        ),
    ];
    for (bytes, words) in cases {
        let error = refusal("cifar.tar.gz", &gzip(&bytes));
        assert!(error.starts_with("cifar.tar.gz: ") && error.contains(words), "{error}");
    }
    let whole = gzip(&tar(&[("test_batch.bin", &batch)]));
    let error = refusal("cifar.tar.gz", &whole[..whole.len() - 1]);
    assert!(error.contains("the file is cut off"), "{error}");
}

#[test]
fn files_of_two_data_sets_do_not_mix_and_leave_the_first_as_it_was() {
    let idx_labels = [0, 0, 8, 1, 0, 0, 0, 1, 5];
    let [ten, hundred] = [file(1, &[1], None), file(1, &[1], Some(1))];
    let archive = tar(&[("test.bin", &hundred)]);

    let mut loader = Loader::new();
    add(&mut loader, "train-labels-idx1-ubyte", &idx_labels, &[3]).unwrap();
    for (name, bytes, found) in [
        ("data_batch_1.bin", &ten, "CIFAR-10"),
        ("my-test-images", &ten, "CIFAR-10"),
        ("train.bin", &hundred, "CIFAR-100"),
        ("cifar-100-binary.tar", &archive, "CIFAR-100"),
    ] {
        // An IDX word in the name would make it a broken IDX file.
        let name = name.replace("-images", "");
        let error = add(&mut loader, &name, bytes, &[600]).unwrap_err();
        let words = format!(
            "expected another IDX (MNIST) or CSV file, like those given before, found a {found} file"
        );
        assert!(error.contains(&words), "{error}");
        assert_eq!(loader.missing().len(), 3);
    }

    let mut loader = Loader::new();
    add(&mut loader, "data_batch_1.bin", &ten, &[3]).unwrap();
    for (name, bytes) in
        [("test.bin", &hundred[..]), ("t10k-labels-idx1-ubyte", &idx_labels), ("x.tar", &archive)]
    {
        let error = add(&mut loader, name, bytes, &[600]).unwrap_err();
        assert!(error.contains("expected another CIFAR-10 file"), "{error}");
    }
    // Broken is broken, whatever came before.
    assert!(add(&mut loader, "test", b"", &[1]).unwrap_err().contains("empty"));
    assert!(add(&mut loader, "test", b"<html>", &[1]).unwrap_err().contains("web page"));
    assert_eq!(loader.missing(), [Role::TestBatch]);
    let error = loader.finish().unwrap_err().to_string();
    assert!(
        error.starts_with("CIFAR-10: ") && error.contains("still missing: test images"),
        "{error}"
    );
    add(&mut loader, "test_batch.bin", &ten, &[600]).unwrap();
    assert_eq!(loader.finish().unwrap().train.len(), 1);
}

#[test]
fn a_black_image_that_starts_like_an_idx_file_is_decided_by_the_name() {
    let mut bytes = file(0, &[0], None);
    bytes[..4].copy_from_slice(&[0, 0, 8, 3]);
    assert!(add(&mut Loader::new(), "data_batch_4.bin", &bytes, &[7]).is_ok());
    assert!(refusal("data_train", &bytes).contains("damaged or not MNIST's"));
}

/// The format again, in its most literal form: is this decompressed file one of whole records?
fn is_valid(bytes: &[u8], hundred: bool) -> bool {
    let size = if hundred { 3074 } else { 3073 };
    !bytes.is_empty()
        && bytes.len().is_multiple_of(size)
        && bytes.chunks(size).all(|r| if hundred { r[0] < 20 && r[1] < 100 } else { r[0] < 10 })
}

fn labels(classes: u8) -> impl Strategy<Value = Vec<u8>> {
    vec(0..classes, 1..4)
}

fn chunk_sizes() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![vec(1_usize..40, 1..4), vec(1_usize..7_000, 1..6), Just(vec![usize::MAX])]
}

/// What happens to a file on its way.
#[derive(Debug, Clone)]
enum Damage {
    Set(Index, u8),
    Cut(Index),
    Append(Vec<u8>),
    Insert(Index, u8),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Self::Set(at, byte)),
            any::<Index>().prop_map(Self::Cut),
            vec(any::<u8>(), 1..600).prop_map(Self::Append),
            (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Self::Insert(at, byte)),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Set(at, byte) => {
                // Labels are rare among the bytes, and what decides.
                let at = at.index(bytes.len());
                let at = if *byte % 2 == 0 { at / 3073 * 3073 } else { at };
                bytes[at] = *byte;
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Append(more) => bytes.extend(more),
            Self::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn valid_files_load_the_same_in_any_chunks(
        train in labels(10), test in labels(10), sizes in chunk_sizes(), packed in any::<bool>(),
    ) {
        let store = |bytes: Vec<u8>| if packed { gzip(&bytes) } else { bytes };
        let mut loader = Loader::new();
        add(&mut loader, "data_batch_2.bin", &store(file(1, &train, None)), &sizes).unwrap();
        add(&mut loader, "test_batch.bin", &store(file(2, &test, None)), &sizes).unwrap();
        let set = loader.finish().unwrap();
        prop_assert_eq!((&set.train.labels, &set.test.labels), (&train, &test));
        prop_assert_eq!(set.train.images.len(), train.len() * PIXELS);
        for n in 0..train.len() {
            assert_image(&set, SplitName::Train, n, 1, n);
        }
    }

    #[test]
    fn damaged_files_are_accepted_only_if_still_valid(
        train in labels(10), hundred in any::<bool>(), damage in vec(Damage::any(), 1..3),
        sizes in chunk_sizes(), packed in any::<bool>(),
    ) {
        let mut bytes = file(7, &train, hundred.then_some(11));
        damage.iter().for_each(|damage| if !bytes.is_empty() { damage.apply(&mut bytes) });
        let stored = if packed { gzip(&bytes) } else { bytes.clone() };
        let name = if hundred { "train.bin" } else { "data_batch_1.bin" };
        let outcome = add(&mut Loader::new(), name, &stored, &sizes);
        prop_assert_eq!(outcome.is_ok(), is_valid(&bytes, hundred), "{:?}", outcome);
        prop_assert_eq!(&outcome, &add(&mut Loader::new(), name, &stored, &[usize::MAX]));

        // Without the official name, content and length must tell.
        let outcome = add(&mut Loader::new(), "my-train", &stored, &sizes);
        let formats = [false, true].map(|hundred| is_valid(&bytes, hundred));
        let idx = bytes.starts_with(&[0, 0, 8, 1]) || bytes.starts_with(&[0, 0, 8, 3]);
        prop_assert_eq!(outcome.is_ok(), formats[0] != formats[1] && !idx, "{:?}", outcome);
        prop_assert_eq!(&outcome, &add(&mut Loader::new(), "my-train", &stored, &[usize::MAX]));
    }

    #[test]
    fn arbitrary_bytes_under_any_name_do_no_harm(
        bytes in prop_oneof![vec(any::<u8>(), 0..4_000), vec(0_u8..10, 0..7_000)],
        name in prop_oneof![
            Just("data_batch_1.bin"), Just("test.bin"), Just("cifar-10-binary.tar.gz"), Just("train-images"),
            Just("x"), Just(""), Just("train")
        ],
        packed in any::<bool>(), sizes in chunk_sizes(),
    ) {
        let stored = if packed { gzip(&bytes) } else { bytes.clone() };
        let outcome = add(&mut Loader::new(), name, &stored, &sizes);
        prop_assert_eq!(&outcome, &add(&mut Loader::new(), name, &stored, &[usize::MAX]));
        if outcome.is_ok() {
            prop_assert!(is_valid(&bytes, false) || is_valid(&bytes, true));
        }
    }

    #[test]
    fn damaged_archives_never_pass_for_whole_ones(
        train in labels(10), damage in Damage::any(), sizes in chunk_sizes(),
    ) {
        let [one, test] = [file(1, &train, None), file(2, &[3], None)];
        let good = tar(&[("d/data_batch_1.bin", &one), ("d/a.txt", b"text"), ("d/test_batch.bin", &test)]);
        let mut bytes = good.clone();
        damage.apply(&mut bytes);
        let outcome = add(&mut Loader::new(), "a.tar", &bytes, &sizes);
        prop_assert_eq!(&outcome, &add(&mut Loader::new(), "a.tar", &bytes, &[usize::MAX]));
        // Nothing protects content in a plain archive, nor a file's padding, nor the zeros after the end.
        if let Ok(report) = outcome {
            prop_assert_eq!(report, (Role::Archive, train.len() + 1));
        }

        // gzip protects all of it.
        let packed = gzip(&good);
        let mut bytes = packed.clone();
        damage.apply(&mut bytes);
        let outcome = add(&mut Loader::new(), "a.tar.gz", &bytes, &sizes);
        prop_assert_eq!(&outcome, &add(&mut Loader::new(), "a.tar.gz", &bytes, &[usize::MAX]));
        if let Ok(report) = outcome {
            prop_assert_eq!(report, (Role::Archive, train.len() + 1));
        }
    }
}

/// Past the capture of the test harness: a skip must be seen.
fn say(reason: &str) {
    let _ = std::io::stderr().write_all(reason.as_bytes());
}

/// The folder with the real files, or the reason for the skip on the terminal.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("CREDIT_LAB_CIFAR10").map(PathBuf::from);
    if folder.is_none() {
        say(
            "SKIPPED data_cifar: CREDIT_LAB_CIFAR10 does not name a folder with data_batch_1.bin and test_batch.bin, plain or .gz\n",
        );
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

#[test]
fn the_real_files_hold_what_cifar_10_is_known_for() {
    let Some(folder) = folder() else { return };
    let mut loader = Loader::new();
    let train = read(&folder, "data_batch_1.bin");
    let report = add(&mut loader, "data_batch_1.bin.gz", &train, &[262_144]);
    assert_eq!(report, Ok((Role::TrainBatch, 10_000)));
    let test = read(&folder, "test_batch.bin");
    let (role, items) = add(&mut loader, "test_batch.bin.gz", &test, &[1_009]).unwrap();
    assert_eq!(role, Role::TestBatch);
    let set = loader.finish().unwrap();
    assert_eq!((set.train.len(), set.test.len()), (10_000, items));
    // The official batch 1 is not quite balanced; subsets of CIFAR-10 in its format are. All test sets are.
    let counts = |labels: &[u8]| {
        let mut counts = [0; 10];
        labels.iter().for_each(|&label| counts[usize::from(label)] += 1);
        counts
    };
    let official = [1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981];
    assert!([official, [1_000; 10]].contains(&counts(&set.train.labels)));
    assert!([10_000, 2_000].contains(&items));
    assert_eq!(counts(&set.test.labels), [items / 10; 10]);
    // Pixel by pixel against the file unpacked in one go.
    let mut raw = Vec::new();
    flate2::read::MultiGzDecoder::new(&train[..]).read_to_end(&mut raw).unwrap_or_else(|_| {
        raw.clone_from(&train);
        0
    });
    for n in [0, 1, 4_999, 9_999] {
        let record = &raw[n * 3073..][..3073];
        assert_eq!(set.train.labels[n], record[0]);
        for (at, &byte) in set.image(SplitName::Train, n).unwrap().iter().enumerate() {
            assert_eq!(byte, record[1 + at % 3 * 1024 + at / 3], "image {n}, value {at}");
        }
    }
    // Channel means near 0.491, 0.482, 0.447 of full scale, as widely used for normalisation; those are of
    // 50,000 images, and a deviation of 0.25 in pixels that hang together within an image leaves these
    // 10,000 some 0.002 away.
    let mut sums = [0_u64; 3];
    for pixel in set.train.images.as_chunks::<3>().0 {
        sums.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += u64::from(value));
    }
    for (sum, expected) in sums.into_iter().zip([0.4914, 0.4822, 0.4465]) {
        let mean = sum as f64 / (255.0 * 1024.0 * 10_000.0);
        assert!((mean - expected).abs() < 0.005, "mean {mean}");
    }
}

#[test]
fn a_real_file_without_its_last_byte_is_cut_off() {
    let Some(folder) = folder() else { return };
    let bytes = read(&folder, "test_batch.bin");
    let error = refusal("test_batch.bin", &bytes[..bytes.len() - 1]);
    assert!(error.contains("cut off"), "{error}");
}
