//! PyTorch's files, written by PyTorch (`tools/fixtures_weights.py`); values are those of the counter generator.
#![allow(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::path::PathBuf;

use proptest::prelude::*;
use rexnet_testkit::uniform;
use rexnet_weights::{Data, PthFault, Store, Tensor, TensorFault, WeightsError};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn open(name: &str) -> Store {
    Store::open(path(name)).unwrap()
}

fn values(name: &str, n: usize) -> Vec<f32> {
    uniform(name, n, -1.0, 1.0)
}

/// What opening a broken file says, without the path.
fn fault(name: &str) -> WeightsError {
    match Store::open(path(name)) {
        Err(WeightsError::File { source, path }) if path.ends_with(name) => *source,
        other => panic!("{name}: {other:?}"),
    }
}

/// The same of a damaged copy of a fixture.
fn damaged(name: &str, damage: impl Fn(&mut Vec<u8>)) -> WeightsError {
    let mut bytes = std::fs::read(path(name)).unwrap();
    damage(&mut bytes);
    Store::from_bytes(bytes).unwrap_err()
}

#[test]
fn both_formats_give_the_saved_tensors() {
    for name in ["plain.pth", "plain_legacy.pth"] {
        let store = open(name);
        assert_eq!(store.names().collect::<Vec<_>>(), ["a.bias", "a.weight", "empty", "n"]);
        assert_eq!(store.read("a.weight").unwrap(), Tensor::f32([4, 3, 3, 3], values("a.weight", 108)));
        assert_eq!(store.read("a.bias").unwrap(), Tensor::f32([4], values("a.bias", 4)));
        assert_eq!(store.read("n").unwrap(), Tensor::count(7));
        assert_eq!(store.read("empty").unwrap(), Tensor::f32([0, 5], vec![]));
        assert_eq!(store.part(), None);
    }
}

#[test]
fn every_element_type_is_read() {
    let v = values("v", 15);
    for name in ["typed.pth", "typed_legacy.pth"] {
        let store = open(name);
        assert_eq!(store.read_f32("f64").unwrap(), v);
        assert_eq!(store.read_f32("f32").unwrap(), v);
        let widened: Vec<f32> = v.iter().map(|&x| half::f16::from_f32(x).to_f32()).collect();
        assert_eq!(store.read_f32("f16").unwrap(), widened);
        let widened: Vec<f32> = v.iter().map(|&x| half::bf16::from_f32(x).to_f32()).collect();
        assert_eq!(store.read_f32("bf16").unwrap(), widened);
        for int in ["i64", "i32", "i16", "i8"] {
            assert_eq!(store.read(int).unwrap().data, Data::I64((-3..3).collect()), "{int}");
        }
        assert_eq!(store.read("u8").unwrap().data, Data::I64((250..256).collect()));
        assert_eq!(store.read("bool").unwrap().data, Data::I64(vec![1, 0]));
        let refused = store.read_f32("i64").unwrap_err();
        assert!(matches!(refused, WeightsError::Tensor { fault: TensorFault::NotFloat { .. }, .. }));
    }
}

#[test]
fn strides_offsets_and_shared_storages_are_honoured() {
    let whole = values("whole", 24);
    let at = |row: usize, column: usize| whole[row * 6 + column];
    for name in ["strided.pth", "strided_legacy.pth"] {
        let store = open(name);
        let transposed: Vec<f32> = (0..6).flat_map(|c| (0..4).map(move |r| at(r, c))).collect();
        assert_eq!(store.read("transposed").unwrap(), Tensor::f32([6, 4], transposed));
        let columns: Vec<f32> = (0..4).flat_map(|r| [1, 3, 5].map(|c| at(r, c))).collect();
        assert_eq!(store.read("columns").unwrap(), Tensor::f32([4, 3], columns));
        assert_eq!(store.read("row").unwrap(), Tensor::f32([6], whole[12..18].to_vec()));
        assert_eq!(store.read_f32("channels_last").unwrap(), values("a.weight", 108));
        assert_eq!(store.read_f32("parameter").unwrap(), values("a.bias", 4));
    }
}

#[test]
fn a_training_checkpoint_gives_its_averaged_weights_as_timm_takes_them() {
    for name in ["checkpoint.pth", "checkpoint_legacy.pth"] {
        let store = open(name);
        assert_eq!(store.part(), Some("state_dict_ema"));
        assert_eq!(store.names().collect::<Vec<_>>(), ["w"]);
        assert_eq!(store.read_f32("w").unwrap(), values("averaged", 2));
    }
    let store = open("model_key.pth");
    assert_eq!((store.part(), store.read_f32("w").unwrap()), (Some("model"), values("plain", 2)));
}

#[test]
fn prefixes_of_wrappers_are_dropped_in_either_order() {
    let store = open("prefixed.pth");
    assert_eq!(store.read_f32("w").unwrap(), values("plain", 2));
    assert_eq!(store.read_f32("x").unwrap(), values("x", 2));
    let twice = fault("prefix_twice.pth");
    assert!(matches!(twice, WeightsError::Tensor { fault: TensorFault::Duplicate, .. }), "{twice}");
}

#[test]
fn code_is_named_and_never_run() {
    for (name, code) in [
        ("hostile.pth", "posix.system"),
        ("hostile_legacy.pth", "posix.system"),
        ("module.pth", "torch.nn.modules.linear.Linear"),
    ] {
        let error = fault(name);
        match &error {
            WeightsError::Pth(PthFault::Forbidden { name }) => assert_eq!(name, code),
            other => panic!("{name}: {other:?}"),
        }
        assert!(error.help().unwrap().contains("state_dict"));
    }
    assert!(matches!(fault("torchscript.pth"), WeightsError::Pth(PthFault::TorchScript)));
}

#[test]
fn a_view_of_more_elements_than_its_storage_is_refused() {
    let error = fault("expanded.pth");
    assert!(
        matches!(error, WeightsError::Tensor { fault: TensorFault::OutOfStorage { storage: 1, .. }, .. }),
        "{error}"
    );
}

#[test]
fn what_pytorch_does_not_write_is_refused_by_name() {
    let is = |name: &str, wanted: fn(&PthFault) -> bool| match fault(name) {
        WeightsError::Pth(fault) => assert!(wanted(&fault), "{name}: {fault}"),
        other => panic!("{name}: {other}"),
    };
    is("big_endian.pth", |f| matches!(f, PthFault::BigEndian));
    let legacy = damaged("plain_legacy.pth", |bytes| {
        assert_eq!(bytes[73], 0x88, "`little_endian` is true");
        bytes[73] = 0x89;
    });
    assert!(matches!(legacy, WeightsError::Pth(PthFault::BigEndian)), "{legacy}");
    is("deflated.pth", |f| matches!(f, PthFault::NotStored { .. }));
    is("short_storage.pth", |f| matches!(f, PthFault::StorageLength { needed: 8, have: 4, .. }));
    is("list.pth", |f| matches!(f, PthFault::NoTensors));
}

#[test]
fn half_a_download_says_so() {
    let half = damaged("plain.pth", |bytes| bytes.truncate(bytes.len() / 2));
    assert!(half.to_string().contains("half a download"), "{half}");
    for keep in [100, 700, 1151] {
        let half = damaged("plain_legacy.pth", |bytes| bytes.truncate(keep));
        assert!(matches!(half, WeightsError::Truncated { .. }), "{keep}: {half}");
    }
}

/// A legacy file with `object` as its fourth pickle and then `rest`.
fn legacy_file(object: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut bytes = std::fs::read(path("plain_legacy.pth")).unwrap();
    bytes.truncate(137); // magic number, version, machine
    [&bytes, object, rest].concat()
}

/// What is said of one without storages.
fn legacy(object: &[u8]) -> WeightsError {
    Store::from_bytes(legacy_file(object, b"\x80\x02].")).unwrap_err()
}

#[test]
fn a_view_that_leaves_its_storage_is_refused() {
    let storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0kX\x03\0\0\0cpuK\x04NtQ";
    let rest = b"\x80\x02]X\x01\0\0\0ka.\x04\0\0\0\0\0\0\0ABCDEFGHIJKLMNOP";
    let open = |offset: u8, len: u8, stride: u8| {
        let view = [&b"ctorch._utils\n_rebuild_tensor_v2\n("[..], storage, &[b'K', offset]].concat();
        let sizes = [b'K', len, 0x85, b'K', stride, 0x85, 0x89, b'}', b't', b'R', b's', b'.'];
        let object = [b"\x80\x02}X\x01\0\0\0w", &view[..], &sizes].concat();
        Store::from_bytes(legacy_file(&object, rest)).and_then(|store| store.read_f32("w"))
    };
    let value = |text: &[u8; 4]| f32::from_le_bytes(*text);
    assert_eq!(open(1, 2, 2).unwrap(), [value(b"EFGH"), value(b"MNOP")], "the last element may be touched");
    for (offset, len, stride) in [(4, 1, 1), (2, 3, 1), (0, 3, 2), (1, 2, 3)] {
        let error = open(offset, len, stride).unwrap_err();
        assert!(matches!(error, WeightsError::Tensor { fault: TensorFault::OutOfStorage { .. }, .. }), "{error}");
    }
}

#[test]
fn pickles_that_misuse_the_machine_are_errors() {
    let endless: Vec<u8> = b"\x80\x02".iter().copied().chain(b"N0".iter().copied().cycle().take(1 << 21)).collect();
    assert!(matches!(legacy(&endless), WeightsError::Pth(PthFault::TooManySteps { .. })));
    let deep: Vec<u8> = [b"\x80\x02N".to_vec(), vec![0x85; 1 << 19], b".".to_vec()].concat();
    assert!(matches!(legacy(&deep), WeightsError::Pth(PthFault::NoTensors)), "depth costs no stack");
    for (what, object) in [
        ("pops nothing", &b"\x80\x020."[..]),
        ("ends a tuple without a mark", b"\x80\x02t."),
        ("recalls what was never stored", b"\x80\x02h\x07."),
        ("calls a number", b"\x80\x02K\x01)R."),
        ("sets items of a number", b"\x80\x02K\x01(NNu."),
        ("pops through a mark", b"\x80\x02NN(0."),
        ("takes a tuple for a storage", b"\x80\x02)Q."),
        ("rebuilds a tensor from nothing", b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R."),
    ] {
        let error = legacy(object);
        assert!(matches!(error, WeightsError::Pth(PthFault::Malformed { .. })), "{what}: {error}");
    }
    let text = legacy(b"\x80\x02X\xff\xff\xff\xff.");
    assert!(matches!(text, WeightsError::Truncated { .. }), "{text}");
    let instruction = legacy(b"\x80\x02i.");
    assert!(matches!(instruction, WeightsError::Pth(PthFault::Opcode { op: b'i', .. })), "{instruction}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damage_anywhere_is_an_error_or_other_numbers_and_never_a_panic(
        file in 0_usize..6, at in 0.0_f64..1.0, byte: u8, cut in prop::option::of(0.0_f64..1.0),
    ) {
        let name = ["plain", "plain_legacy", "typed", "strided_legacy", "checkpoint", "checkpoint_legacy"][file];
        let mut bytes = std::fs::read(path(&format!("{name}.pth"))).unwrap();
        let at = (at * bytes.len() as f64) as usize;
        bytes[at] = byte;
        if let Some(cut) = cut {
            bytes.truncate((cut * bytes.len() as f64) as usize);
        }
        if let Ok(store) = Store::from_bytes(bytes) {
            let names: Vec<String> = store.names().map(str::to_owned).collect();
            for name in &names {
                drop(store.read(name));
            }
        }
    }
}
