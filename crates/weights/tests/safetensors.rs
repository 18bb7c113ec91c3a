//! safetensors: what the format's own crate writes is read, what is written that crate reads, and attacks are errors.
#![allow(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::collections::{BTreeMap, HashMap};

use ::safetensors as peer;

use proptest::prelude::*;
use rexnet_testkit::uniform;
use rexnet_weights::{Data, FileKind, HeaderFault, Store, Tensor, TensorFault, Tensors, WeightsError, safetensors};

/// A file with this header and so many bytes of data.
fn file(header: &str, data: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat()
}

fn error(header: &str, data: usize) -> WeightsError {
    Store::from_bytes(file(header, data)).unwrap_err()
}

fn tensor_fault(header: &str, data: usize) -> (String, TensorFault) {
    match error(header, data) {
        WeightsError::Tensor { name, fault } => (name, fault),
        other => panic!("{header}: {other}"),
    }
}

fn some_tensors() -> Tensors {
    Tensors::from([
        ("a".into(), Tensor::f32([3], uniform("a", 3, -1.0, 1.0))),
        ("b.weight".into(), Tensor::f32([2, 1, 3], uniform("b", 6, -1.0, 1.0))),
        ("empty".into(), Tensor::f32([0, 4], vec![])),
        ("z.num_batches_tracked".into(), Tensor::count(-5)),
    ])
}

#[test]
fn the_formats_own_crate_reads_what_is_written_and_integers_are_aligned() {
    let metadata = BTreeMap::from([("k".to_owned(), "väl\"ue\n".to_owned())]);
    let mut bytes = Vec::new();
    safetensors::write(&mut bytes, &metadata, &some_tensors()).unwrap();
    let (_, header) = peer::SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(header.metadata().as_ref().unwrap()["k"], metadata["k"]);
    let theirs = peer::SafeTensors::deserialize(&bytes).unwrap();
    for (name, tensor) in some_tensors() {
        let view = theirs.tensor(&name).unwrap();
        assert_eq!(view.shape(), tensor.shape);
        let data = match tensor.data {
            Data::F32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>(),
            Data::I64(v) => {
                assert_eq!((view.data().as_ptr() as usize - bytes.as_ptr() as usize) % 8, 0);
                v.iter().flat_map(|x| x.to_le_bytes()).collect()
            }
        };
        assert_eq!(view.data(), data);
    }
    assert_eq!(theirs.len(), 4);
}

#[test]
fn what_the_formats_own_crate_writes_is_read() {
    let v = uniform("v", 6, -1.0, 1.0);
    let f16: Vec<u8> = v.iter().flat_map(|&x| half::f16::from_f32(x).to_le_bytes()).collect();
    let bf16: Vec<u8> = v.iter().flat_map(|&x| half::bf16::from_f32(x).to_le_bytes()).collect();
    let i64s: Vec<u8> = [1_i64, -2, i64::MAX].iter().flat_map(|x| x.to_le_bytes()).collect();
    let views = [
        ("f16", peer::tensor::TensorView::new(peer::Dtype::F16, vec![2, 3], &f16).unwrap()),
        ("bf16", peer::tensor::TensorView::new(peer::Dtype::BF16, vec![6], &bf16).unwrap()),
        ("i64", peer::tensor::TensorView::new(peer::Dtype::I64, vec![3], &i64s).unwrap()),
    ];
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let store = Store::from_bytes(peer::serialize(views, Some(metadata)).unwrap()).unwrap();
    assert_eq!(store.metadata()["format"], "pt");
    let widened: Vec<f32> = v.iter().map(|&x| half::f16::from_f32(x).to_f32()).collect();
    assert_eq!(store.read("f16").unwrap(), Tensor::f32([2, 3], widened));
    let widened: Vec<f32> = v.iter().map(|&x| half::bf16::from_f32(x).to_f32()).collect();
    assert_eq!(store.read_f32("bf16").unwrap(), widened);
    assert_eq!(store.read("i64").unwrap().data, Data::I64(vec![1, -2, i64::MAX]));
}

#[test]
fn equal_tensors_give_equal_bytes_and_come_back_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let metadata: BTreeMap<_, _> = (0..20).map(|i| (format!("k{i}"), "v".to_owned())).collect();
    let bytes = ["a", "b"].map(|name| {
        let path = folder.path().join(name);
        safetensors::save(&path, &metadata, &some_tensors()).unwrap();
        let store = Store::open(&path).unwrap();
        let back: Tensors = store.names().map(|n| (n.to_owned(), store.read(n).unwrap())).collect();
        assert_eq!(back, some_tensors());
        std::fs::read(&path).unwrap()
    });
    assert_eq!(bytes[0], bytes[1]);
}

#[test]
fn a_truncated_file_says_how_much_is_missing() {
    let cut = error(r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, 15);
    assert!(matches!(cut, WeightsError::Truncated { needed: 16, have: 15 }), "{cut}");
    let mut bytes = file(r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, 16);
    bytes.truncate(30);
    assert!(matches!(Store::from_bytes(bytes), Err(WeightsError::Truncated { have: 30, .. })));
    assert!(matches!(Store::from_bytes(Vec::new()), Err(WeightsError::NotWeights(FileKind::Empty))));
}

#[test]
fn a_huge_header_is_refused_before_it_is_read() {
    let mut bytes = file("{}", 0);
    bytes[..8].copy_from_slice(&(1_u64 << 40).to_le_bytes());
    let huge = Store::from_bytes(bytes).unwrap_err();
    assert!(matches!(huge, WeightsError::Header(HeaderFault::TooLarge { bytes, .. }) if bytes == 1 << 40), "{huge}");
}

#[test]
fn a_header_that_is_no_object_of_tensors_is_refused() {
    for header in [
        r#"{"a":1}"#,
        r#"{"a":{"dtype":"F32","shape":[4]}}"#,
        r#"{"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}"#,
        r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"more":1}}"#,
        r#"{"a":{"dtype":"F32","dtype":"F16","shape":[4],"data_offsets":[0,16]}}"#,
        r#"{"__metadata__":{"k":1}}"#,
        r#"{"a":"#,
        r#"{"a":{"dtype":"F32","shape":[1e99],"data_offsets":[0,16]}}"#,
    ] {
        let error = error(header, 16);
        assert!(matches!(error, WeightsError::Header(HeaderFault::Json(_))), "{header}: {error}");
    }
    let nested = format!("{{\"a\":{}", "[".repeat(100_000));
    assert!(matches!(error(&nested, 0), WeightsError::Header(HeaderFault::Json(_))), "depth costs no stack");
}

#[test]
fn duplicate_names_are_refused() {
    let row = r#""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    let (name, fault) = tensor_fault(&format!("{{{row},{row}}}"), 4);
    assert!(name == "a" && matches!(fault, TensorFault::Duplicate), "{fault}");
    let metadata = error(r#"{"__metadata__":{"k":"1","k":"2"}}"#, 0);
    assert!(matches!(metadata, WeightsError::Header(HeaderFault::DuplicateKey(_))), "{metadata}");
}

#[test]
fn overlapping_ranges_are_refused() {
    let header = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#;
    let (name, fault) = tensor_fault(header, 12);
    assert!(name == "b" && matches!(fault, TensorFault::Overlap { begin: 4, .. }), "{fault}");
}

#[test]
fn gaps_and_trailing_bytes_are_refused() {
    let row = |at: usize| format!("{{\"a\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[{at},{}]}}}}", at + 4);
    let gap = error(&row(4), 8);
    assert!(matches!(gap, WeightsError::Header(HeaderFault::Gap { bytes: 4, before: 4 })), "{gap}");
    let trailing = error(&row(0), 7);
    assert!(matches!(trailing, WeightsError::Header(HeaderFault::Gap { bytes: 3, before: 7 })), "{trailing}");
}

#[test]
fn a_wrong_element_type_is_refused_by_name() {
    let (name, fault) = tensor_fault(r#"{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}"#, 4);
    assert_eq!((name.as_str(), fault.to_string().starts_with("elements of type F8_E4M3 are not read")), ("a", true));
    let (_, fault) = tensor_fault(r#"{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,16]}}"#, 16);
    assert!(matches!(fault, TensorFault::WrongLength { needed: 8, have: 16, .. }), "{fault}");
}

#[test]
fn offsets_that_run_backwards_or_out_of_range_are_refused() {
    let (_, fault) = tensor_fault(r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4);
    assert!(matches!(fault, TensorFault::Backwards { begin: 4, end: 0 }), "{fault}");
    let end = u64::MAX - 3;
    let far = format!("{{\"a\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[{},{end}]}}}}", end - 4);
    let error = error(&far, 4);
    assert!(matches!(error, WeightsError::Tensor { .. } | WeightsError::Header(HeaderFault::Gap { .. })), "{error}");
}

#[test]
fn shapes_that_overflow_are_refused() {
    for shape in ["[4294967296,4294967296]", "[4611686018427387904,4]", "[18446744073709551615,2,0]"] {
        let (_, fault) =
            tensor_fault(&format!("{{\"a\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":[0,0]}}}}"), 0);
        assert!(matches!(fault, TensorFault::ShapeOverflow { .. }), "{shape}: {fault}");
    }
}

#[test]
fn other_files_are_told_by_their_first_bytes() {
    let rows: [(&[u8], FileKind, &str); 3] = [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", FileKind::LfsPointer, "git lfs pull"),
        (b"<!DOCTYPE html><html><title>Sign in</title>", FileKind::Html, "browser"),
        (b"{\"error\":\"Repository not found\"}", FileKind::Json, "browser"),
    ];
    for (bytes, kind, help) in rows {
        let error = Store::from_bytes(bytes).unwrap_err();
        assert!(matches!(error, WeightsError::NotWeights(found) if found == kind), "{error}");
        assert!(error.help().unwrap().contains(help));
    }
}

proptest! {
    #[test]
    fn damage_anywhere_is_an_error_or_other_numbers_and_never_a_panic(at in 0.0_f64..1.0, byte: u8, keep in 0.0_f64..1.2) {
        let mut bytes = Vec::new();
        safetensors::write(&mut bytes, &BTreeMap::new(), &some_tensors()).unwrap();
        let at = (at * bytes.len() as f64) as usize;
        bytes[at] = byte;
        bytes.truncate((keep * bytes.len() as f64) as usize);
        if let Ok(store) = Store::from_bytes(bytes) {
            let names: Vec<String> = store.names().map(str::to_owned).collect();
            for name in &names {
                drop(store.read(name));
            }
        }
    }
}
