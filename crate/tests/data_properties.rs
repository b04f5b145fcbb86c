//! Data files as the world delivers them: cut, lengthened, mislabelled, damaged or random, in
//! chunks of any size. None may panic, and none may be accepted unless it is valid to the byte.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use std::io::Write;

use credit_lab::data::{Dataset, IdxDecoder, IdxFile, IdxKind, Loader, SplitName};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn idx_images(items: usize, rows: usize, cols: usize, pixels: &[u8]) -> Vec<u8> {
    let sizes = [0x0803, items, rows, cols].map(|size| u32::try_from(size).unwrap().to_be_bytes());
    [&sizes.concat(), pixels].concat()
}

fn idx_labels(labels: &[u8]) -> Vec<u8> {
    let sizes = [0x0801, labels.len()].map(|size| u32::try_from(size).unwrap().to_be_bytes());
    [&sizes.concat(), labels].concat()
}

/// `bytes` in chunks whose sizes are taken from `sizes`, over and over.
fn chunks<'a>(bytes: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = bytes;
    sizes.iter().cycle().map_while(move |size| {
        let (chunk, tail) = rest.split_at(*size.min(&rest.len()));
        rest = tail;
        (!chunk.is_empty()).then_some(chunk)
    })
}

fn decode(bytes: &[u8], sizes: &[usize]) -> Result<IdxFile, String> {
    let mut decoder = IdxDecoder::new("file");
    for chunk in chunks(bytes, sizes) {
        decoder.push(chunk).map_err(|error| error.to_string())?;
    }
    decoder.finish().map_err(|error| error.to_string())
}

fn decode_whole(bytes: &[u8]) -> Result<IdxFile, String> {
    decode(bytes, &[usize::MAX])
}

/// The format again, in its slowest and most literal form: is this decompressed file valid?
fn is_valid(bytes: &[u8]) -> bool {
    let size = |i: usize| {
        bytes.get(4 * i..4 * i + 4).map(|b| b.iter().fold(0, |n, &b| n * 256 + u64::from(b)))
    };
    match (size(0), size(1), size(2), size(3)) {
        (Some(0x0801), Some(items), ..) => {
            (1..=1_000_000).contains(&items)
                && bytes.len() as u64 == 8 + items
                && bytes[8..].iter().all(|label| *label < 10)
        }
        (Some(0x0803), Some(items), Some(rows), Some(cols)) => {
            (1..=1_000_000).contains(&items)
                && (1..=256).contains(&rows)
                && (1..=256).contains(&cols)
                && bytes.len() as u64 == 16 + items * rows * cols
        }
        _ => false,
    }
}

/// A valid file, decompressed.
fn valid_file() -> impl Strategy<Value = Vec<u8>> {
    let images = (1_usize..6, 1_usize..9, 1_usize..9).prop_flat_map(|(items, rows, cols)| {
        vec(any::<u8>(), items * rows * cols)
            .prop_map(move |pixels| idx_images(items, rows, cols, &pixels))
    });
    prop_oneof![images, vec(0_u8..10, 1..300).prop_map(|labels| idx_labels(&labels))]
}

/// Bytes that get past the first checks more often than noise does.
fn nearly_file() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        Just(vec![]),
        Just(vec![0x1f, 0x8b]),
        Just(vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
        Just(vec![0, 0, 8, 1]),
        Just(vec![0, 0, 8, 3]),
        Just(vec![0, 0, 8, 1, 0, 0, 0]),
        Just(vec![0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]),
    ];
    (start, prop_oneof![vec(any::<u8>(), 0..40), vec(0_u8..12, 0..40), vec(any::<u8>(), 0..2_000)])
        .prop_map(|(start, rest)| [start, rest].concat())
}

fn chunk_sizes() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![vec(1_usize..4, 1..4), vec(1_usize..700, 1..6), Just(vec![4_096])]
}

proptest! {
    // 256 cases, or as many as PROPTEST_CASES says; failures are printed, not filed in the tree.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn valid_files_round_trip_in_any_chunks(
        bytes in valid_file(), level in 0_u32..10, sizes in chunk_sizes(),
    ) {
        for stored in [bytes.clone(), gzip(&bytes, level)] {
            let file = decode(&stored, &sizes).unwrap();
            let header = file.header;
            let again = match header.kind {
                IdxKind::Images => idx_images(header.items, header.rows, header.cols, &file.data),
                IdxKind::Labels => idx_labels(&file.data),
            };
            prop_assert_eq!(again, bytes.clone());
        }
    }

    #[test]
    fn arbitrary_bytes_are_accepted_only_if_valid(bytes in nearly_file(), level in 0_u32..10) {
        let plain = decode_whole(&bytes);
        prop_assert_eq!(plain.is_ok(), is_valid(&bytes), "{:?}", plain.map(|file| file.header));
        let packed = decode_whole(&gzip(&bytes, level));
        prop_assert_eq!(packed.is_ok(), is_valid(&bytes), "{:?}", packed.map(|file| file.header));
    }

    #[test]
    fn any_chunking_of_any_bytes_has_the_same_outcome(
        bytes in prop_oneof![nearly_file(), valid_file(), nearly_file().prop_map(|b| gzip(&b, 6))],
        sizes in chunk_sizes(),
    ) {
        prop_assert_eq!(decode(&bytes, &sizes), decode_whole(&bytes));
    }

    #[test]
    fn files_cut_anywhere_are_refused(
        bytes in valid_file(), cut in any::<Index>(), sizes in chunk_sizes(),
    ) {
        for stored in [bytes.clone(), gzip(&bytes, 6)] {
            let cut = cut.index(stored.len());
            let error = decode(&stored[..cut], &sizes).unwrap_err();
            if cut >= 4 {
                prop_assert!(error.contains("cut off"), "{}", error);
            }
        }
    }

    #[test]
    fn files_with_more_bytes_are_refused(
        bytes in valid_file(), tail in vec(any::<u8>(), 1..50), sizes in chunk_sizes(),
    ) {
        let long = [bytes.as_slice(), &tail].concat();
        let long_gzip = [gzip(&bytes, 6), tail].concat();
        for stored in [gzip(&long, 6), long, long_gzip] {
            prop_assert!(decode(&stored, &sizes).is_err());
        }
    }

    #[test]
    fn a_label_above_nine_is_refused_with_its_place(
        mut labels in vec(0_u8..10, 1..300), at in any::<Index>(), bad in 10_u8..,
        sizes in chunk_sizes(),
    ) {
        let at = at.index(labels.len());
        labels[at] = bad;
        let error = decode(&idx_labels(&labels), &sizes).unwrap_err();
        let words = format!("found {bad} as label number {} (byte offset {},", at + 1, at + 8);
        prop_assert!(error.contains(&words), "{}", error);
    }

    #[test]
    fn any_bit_of_the_header_counts(bytes in valid_file(), at in any::<Index>(), bit in 0..8) {
        let mut bytes = bytes;
        let header = if bytes[3] == 3 { 16 } else { 8 };
        bytes[at.index(header)] ^= 1_u8 << bit;
        prop_assert!(decode_whole(&bytes).is_err());
    }

    #[test]
    fn gzip_with_a_flipped_bit_is_refused_unless_it_means_the_same(
        bytes in valid_file(), level in 0_u32..10, at in any::<Index>(), bit in 0..8,
        sizes in chunk_sizes(),
    ) {
        let good = decode_whole(&bytes).unwrap();
        let mut packed = gzip(&bytes, level);
        let at = at.index(packed.len());
        packed[at] ^= 1_u8 << bit;
        // Nothing protects the time, text flag, level and system in a gzip header, nor the bits
        // that fill up a deflate block: a flip there may pass, but it never changes the content.
        let harmless = 3..packed.len() - 8;
        match decode(&packed, &sizes) {
            Err(_) => {}
            Ok(file) => prop_assert!(harmless.contains(&at) && file == good, "byte {}", at),
        }
    }

    #[test]
    fn four_files_load_in_any_order_between_broken_ones(
        train in vec(0_u8..10, 3..20), test in vec(0_u8..10, 3..20),
        rows in 1_usize..5, cols in 1_usize..5,
        order in Just([0, 1, 2, 3]).prop_shuffle(), noise in nearly_file(), packed in any::<bool>(),
    ) {
        let pixels = |labels: &[u8]| -> Vec<u8> {
            labels.iter().flat_map(|label| vec![*label; rows * cols]).collect()
        };
        let files = [
            ("train-images", idx_images(train.len(), rows, cols, &pixels(&train))),
            ("train-labels", idx_labels(&train)),
            ("t10k-images", idx_images(test.len(), rows, cols, &pixels(&test))),
            ("t10k-labels", idx_labels(&test)),
        ];
        let mut loader = Loader::new();
        for i in order {
            let (name, bytes) = &files[i];
            let bytes = if packed { gzip(bytes, 6) } else { bytes.clone() };
            let report = loader.add_file(*name, &bytes).unwrap();
            prop_assert_eq!(report.role.as_str(), name.replace("t10k", "test"));
            if !is_valid(&noise) {
                prop_assert!(loader.add_file(*name, &noise).is_err());
            }
        }
        let set = loader.finish().unwrap();
        prop_assert_eq!(&set.train.labels, &train);
        prop_assert_eq!(&set.test.labels, &test);
        for (name, labels) in [(SplitName::Train, &train), (SplitName::Test, &test)] {
            for (i, label) in labels.iter().enumerate() {
                prop_assert!(set.image(name, i).unwrap().iter().all(|pixel| pixel == label));
            }
        }
    }

    #[test]
    fn the_packed_sample_is_unpacked_exactly_or_refused(
        train in vec(0_u8..10, 1..20), test in vec(0_u8..10, 1..20),
        pixels in vec(any::<u8>(), 40 * 6),
        at in any::<Index>(), bit in 0..8, noise in vec(any::<u8>(), 0..100),
    ) {
        let (n_train, n_test) = (train.len(), test.len());
        let sizes = [n_train, n_test, 2, 3].map(|n| u32::try_from(n).unwrap().to_le_bytes());
        let pixels = &pixels[..6 * (n_train + n_test)];
        let raw = [b"CLMNIST1", &sizes.concat()[..], &train, &test, pixels].concat();

        let set = Dataset::embedded(&gzip(&raw, 9)).unwrap();
        prop_assert_eq!((&set.train.labels, &set.test.labels), (&train, &test));
        prop_assert_eq!([&set.train.images[..], &set.test.images].concat(), pixels);

        let cut = at.index(raw.len());
        prop_assert!(Dataset::embedded(&gzip(&raw[..cut], 9)).is_err());
        let mut flipped = raw;
        let header_bit = at.index(24);
        flipped[header_bit] ^= 1_u8 << bit;
        // No single bit keeps the announced length: each size is a factor or a term of it.
        let outcome = Dataset::embedded(&gzip(&flipped, 9));
        prop_assert!(outcome.is_err(), "bit {} of byte {}", bit, header_bit);
        prop_assert!(Dataset::embedded(&noise).is_err());
        prop_assert!(Dataset::embedded(&gzip(&noise, 9)).is_err());
    }
}

/// What a loader makes of a file of this name: its report and what is missing then, or the refusal.
fn load(loader: &mut Loader, name: &str, bytes: &[u8], sizes: &[usize]) -> Result<String, String> {
    loader.begin(name);
    for chunk in chunks(bytes, sizes) {
        loader.push(chunk).map_err(|error| error.to_string())?;
    }
    let report = loader.end().map_err(|error| error.to_string())?;
    Ok(format!("{report:?} {:?}", loader.missing()))
}

/// A table of labels and images with `side` squared pixels.
fn table(labels: &[u8], pixels: &[u8], side: usize, heading: bool, end: &str) -> Vec<u8> {
    let mut text = String::new();
    if heading {
        let names: Vec<String> = (0..side * side).map(|i| format!(",pixel{i}")).collect();
        text = format!("label{}{end}", names.concat());
    }
    for (label, image) in labels.iter().zip(pixels.chunks(side * side)) {
        let values: Vec<String> = image.iter().map(|pixel| format!(",{pixel}")).collect();
        text.extend([label.to_string(), values.concat(), end.to_string()]);
    }
    text.into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tables_give_what_idx_files_of_the_same_images_give(
        labels in vec(0_u8..10, 2..40),
        side in 1_usize..7,
        noise in vec(any::<u8>(), 36 * 40),
        (heading, windows) in (any::<bool>(), any::<bool>()),
        sizes in chunk_sizes(),
    ) {
        let pixels = &noise[..labels.len() * side * side];
        let (test, train) = (&labels[..1], &labels[1..]);
        let (test_pixels, train_pixels) = pixels.split_at(side * side);
        let end = if windows { "\r\n" } else { "\n" };
        let mut tables = Loader::new();
        let [train_table, test_table] = [(train, train_pixels), (test, test_pixels)]
            .map(|(labels, pixels)| table(labels, pixels, side, heading, end));
        load(&mut tables, "mnist_train.csv", &train_table, &sizes).unwrap();
        load(&mut tables, "mnist_test.csv.gz", &gzip(&test_table, 6), &sizes).unwrap();
        let ours = tables.finish().unwrap();
        prop_assert_eq!((ours.rows, ours.cols), (side, side));
        prop_assert_eq!(&ours.train.images, train_pixels);
        prop_assert_eq!(&ours.train.labels, train);
        prop_assert_eq!(&ours.test.images, test_pixels);
        prop_assert_eq!(&ours.test.labels, test);

        // a table stands for two IDX files, so the other two may be IDX
        let mut mixed = Loader::new();
        mixed.add_file("t10k-images", &idx_images(1, side, side, test_pixels)).unwrap();
        mixed.add_file("t10k-labels", &idx_labels(test)).unwrap();
        load(&mut mixed, "mnist_train.csv", &train_table, &sizes).unwrap();
        prop_assert_eq!(&mixed.finish().unwrap().train.images, train_pixels);
    }

    #[test]
    fn text_in_any_chunks_has_the_same_outcome(
        text in "(label,p0\n)?([0-9]{1,3}[,;\n\r\" a]{0,2}){0,400}", sizes in chunk_sizes(),
    ) {
        let outcome =
            |sizes: &[usize]| load(&mut Loader::new(), "digits.csv", text.as_bytes(), sizes);
        prop_assert_eq!(outcome(&sizes), outcome(&[usize::MAX]));
    }
}
