//! `hf:OWNER/NAME` against a server that plays a Hugging Face endpoint with one repository of timm's layout.
#![cfg(feature = "hub")]
#![allow(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use rexnet::hub::{Hub, HubError, HubId};
use rexnet_spec::{NetSpec, ResizeMode};
use rexnet_weights::{ModelFile, ModelMeta, Tensors, init, safetensors};
use sha2::{Digest, Sha256};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const CONFIG: &str = r#"{"architecture": "rexnet_100", "num_classes": 3, "model_args": {"width_mult": 0.2},
    "label_names": ["花", "tree", "stone"],
    "pretrained_cfg": {"input_size": [3, 64, 96], "crop_pct": 0.9, "crop_mode": "squash", "interpolation": "bilinear",
    "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "num_classes": 1000, "license": "mit"}}"#;

/// One answer: status line, headers, body. A head request gets it without the body.
#[derive(Clone)]
struct Answer(u16, Vec<(&'static str, String)>, Vec<u8>);

type Answers = BTreeMap<String, Answer>;

/// A server and what it was asked: method, path, whether with a token.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Server {
    /// Answers by path, given the port; 404 for any other.
    fn start(answers: impl FnOnce(u16) -> Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answers) = (asked.clone(), answers(port));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(&stream.unwrap(), &answers, &log);
            }
        });
        Self { port, asked }
    }

    fn hub(&self, cache: &Path, extra: &[(&str, &str)]) -> Hub {
        let endpoint = format!("http://127.0.0.1:{}/", self.port);
        Hub::from_vars(|name| match (name, extra.iter().find(|(key, _)| *key == name)) {
            (_, Some((_, value))) => Some(value.into()),
            ("HF_ENDPOINT", _) => Some(endpoint.clone().into()),
            ("HF_HUB_CACHE", _) => Some(cache.into()),
            _ => None,
        })
        .unwrap()
    }

    fn asked(&self) -> Vec<(String, bool)> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn serve(mut stream: &TcpStream, answers: &Answers, log: &Mutex<Vec<(String, bool)>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let Some(first) = lines.next() else { return };
    let has_token = lines.any(|line| line.eq_ignore_ascii_case("authorization: Bearer secret"));
    let words: Vec<&str> = first.split(' ').collect();
    log.lock().unwrap().push((format!("{} {}", words[0], words[1]), has_token));
    let missing = Answer(404, vec![], vec![]);
    let Answer(status, headers, body) = answers.get(words[1]).unwrap_or(&missing);
    write!(stream, "HTTP/1.1 {status} x\r\nconnection: close\r\n").unwrap();
    if !headers.iter().any(|(name, _)| *name == "content-length") {
        write!(stream, "content-length: {}\r\n", body.len()).unwrap();
    }
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n").unwrap();
    }
    stream.write_all(b"\r\n").unwrap();
    if words[0] == "GET" {
        // The client may hang up on a body that it does not want.
        let _ = stream.write_all(body);
    }
}

fn network() -> NetSpec {
    NetSpec { classes: 3, ..NetSpec::named("rexnet:0.2").unwrap() }
}

fn weights() -> Vec<u8> {
    let mut bytes = Vec::new();
    safetensors::write(&mut bytes, &BTreeMap::new(), &init(&network(), 1).unwrap()).unwrap();
    bytes
}

/// The endpoint's habits: a small file by way of a redirection within it, a large one by way of another host.
fn repository(port: u16, weights: Vec<u8>) -> Answers {
    let commit = ("x-repo-commit", COMMIT.to_owned());
    let found = vec![commit.clone(), ("etag", "W/\"c0ffee\"".into())];
    let at_cdn = vec![
        commit.clone(),
        ("x-linked-etag", "\"beef\"".into()),
        ("x-linked-size", weights.len().to_string()),
        ("etag", "\"of-the-redirection\"".into()),
        ("location", format!("http://localhost:{port}/cdn/beef")),
    ];
    Answers::from([
        (
            "/timm/small.in1k/resolve/main/config.json".into(),
            Answer(307, vec![commit, ("location", "/api/resolve-cache/config.json".into())], vec![]),
        ),
        ("/api/resolve-cache/config.json".into(), Answer(200, found, CONFIG.into())),
        ("/timm/small.in1k/resolve/main/model.safetensors".into(), Answer(302, at_cdn, vec![])),
        ("/cdn/beef".into(), Answer(200, vec![], weights)),
    ])
}

const CONFIG_PATH: &str = "/timm/small.in1k/resolve/main/config.json";
const WEIGHTS_PATH: &str = "/timm/small.in1k/resolve/main/model.safetensors";

fn id(text: &str) -> HubId {
    HubId::parse(text).unwrap().unwrap()
}

fn open(hub: &Hub) -> Result<ModelFile, HubError> {
    hub.open(&id("hf:timm/small.in1k"), &mut |_, _, _| ())
}

#[test]
fn a_model_of_timms_layout_is_fetched_described_and_cached_as_huggingfaces_tools_do() {
    let server = Server::start(|port| repository(port, weights()));
    let cache = tempfile::tempdir().unwrap();
    let hub = server.hub(cache.path(), &[("HF_TOKEN", "secret")]);
    let mut reported = (0, 0);
    let model = hub.open(&id("hf:timm/small.in1k"), &mut |_, have, all| reported = (have, all)).unwrap();
    assert_eq!(reported, (weights().len() as u64, weights().len() as u64));

    let (meta, input) = (&model.meta, &model.meta.spec.input);
    assert_eq!(meta.classes.as_ref().unwrap(), &["花", "tree", "stone"]);
    assert_eq!((input.size, input.crop_pct, input.resize), ([64, 96], 0.9, ResizeMode::Squash));
    assert_eq!((input.mean.as_slice(), input.std.as_slice()), (&[0.5; 3][..], &[0.25; 3][..]));
    assert_eq!(meta.license.as_deref(), Some("mit"));
    assert_eq!(model.binding().unwrap().tensors().unwrap(), init(&network(), 1).unwrap());

    let folder = cache.path().join("models--timm--small.in1k");
    assert_eq!(std::fs::read_to_string(folder.join("refs/main")).unwrap(), COMMIT);
    assert_eq!(std::fs::read_to_string(folder.join("snapshots").join(COMMIT).join("config.json")).unwrap(), CONFIG);
    assert_eq!(std::fs::read(folder.join("blobs/beef")).unwrap(), weights());
    let asked = server.asked();
    assert!(asked.contains(&("GET /cdn/beef".into(), false)), "no token for another host: {asked:?}");
    assert!(asked.iter().filter(|(path, _)| !path.contains("cdn")).all(|(_, token)| *token), "{asked:?}");

    open(&hub).unwrap();
    assert!(server.asked().iter().all(|(line, _)| line.starts_with("HEAD")), "what is cached is not fetched again");
}

#[test]
fn offline_asks_nobody_and_says_what_is_missing() {
    let server = Server::start(|port| repository(port, weights()));
    let cache = tempfile::tempdir().unwrap();
    let offline = server.hub(cache.path(), &[("HF_HUB_OFFLINE", "1")]);
    let error = open(&offline).unwrap_err();
    assert!(matches!(&error, HubError::Offline { file, .. } if file == "config.json"), "{error}");
    open(&server.hub(cache.path(), &[])).unwrap();
    server.asked();
    assert_eq!(open(&offline).unwrap().meta.spec.classes, 3);
    let pinned = id(&format!("hf:timm/small.in1k@{COMMIT}"));
    server.hub(cache.path(), &[]).open(&pinned, &mut |_, _, _| ()).unwrap();
    assert!(server.asked().is_empty(), "neither offline nor a cached commit asks");
}

#[test]
fn a_rexnet_model_file_speaks_for_itself() {
    let meta = ModelMeta { classes: Some(["a", "b", "c"].map(String::from).into()), ..ModelMeta::new(network()) };
    let mut bytes = Vec::new();
    ModelFile::write(&mut bytes, &meta, &init(&meta.spec, 1).unwrap()).unwrap();
    let server = Server::start(|port| repository(port, bytes));
    let cache = tempfile::tempdir().unwrap();
    assert_eq!(open(&server.hub(cache.path(), &[])).unwrap().meta, meta);
}

#[test]
fn refusals_name_the_address_and_what_to_do() {
    for (status, help) in [(404, "config.json and model.safetensors"), (401, "HF_TOKEN"), (403, "HF_TOKEN")] {
        let server = Server::start(|_| Answers::from([(CONFIG_PATH.into(), Answer(status, vec![], vec![]))]));
        let cache = tempfile::tempdir().unwrap();
        let error = open(&server.hub(cache.path(), &[])).unwrap_err();
        assert!(error.to_string().ends_with(&format!("{CONFIG_PATH}: HTTP status {status}")), "{error}");
        assert!(error.help().unwrap().contains(help));
    }
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hub = Hub::from_vars(|name| match name {
        "HF_ENDPOINT" => Some(format!("http://{gone}").into()),
        _ => Some(std::env::temp_dir().into()),
    });
    let error = open(&hub.unwrap()).unwrap_err();
    assert!(matches!(error, HubError::Transport { .. }) && error.help().unwrap().contains("HF_HUB_OFFLINE"), "{error}");
}

#[test]
fn a_body_that_ends_early_is_an_error_and_leaves_nothing() {
    let server = Server::start(|port| {
        let mut answers = repository(port, weights());
        let whole = answers["/cdn/beef"].2.clone();
        let length = vec![("content-length", whole.len().to_string())];
        answers.insert("/cdn/beef".into(), Answer(200, length, whole[..1000].to_vec()));
        answers
    });
    let cache = tempfile::tempdir().unwrap();
    let error = open(&server.hub(cache.path(), &[])).unwrap_err();
    assert!(matches!(error, HubError::Truncated { have: 1000, .. }), "{error}");
    let blobs = cache.path().join("models--timm--small.in1k/blobs");
    let left: Vec<_> = std::fs::read_dir(blobs).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["c0ffee"], "the config alone");
}

#[test]
fn bytes_that_are_not_those_announced_are_an_error_and_leave_nothing() {
    let named = |etag: String| {
        move |port| {
            let mut answers = repository(port, weights());
            answers.get_mut(WEIGHTS_PATH).unwrap().1[1] = ("x-linked-etag", format!("\"{etag}\""));
            answers
        }
    };
    let right = format!("{:x}", Sha256::digest(weights()));
    for (etag, sound) in [(right.clone(), true), (right.to_uppercase(), true), (right.chars().rev().collect(), false)] {
        let server = Server::start(named(etag));
        let cache = tempfile::tempdir().unwrap();
        let opened = open(&server.hub(cache.path(), &[]));
        let blobs = std::fs::read_dir(cache.path().join("models--timm--small.in1k/blobs")).unwrap().count();
        assert_eq!(blobs, 1 + usize::from(sound), "the config, and the weights only if they are sound");
        assert!(sound == opened.is_ok() && (sound || matches!(opened, Err(HubError::Digest { .. }))));
    }
}

#[test]
fn a_file_over_the_limit_is_refused_before_it_is_fetched() {
    let server = Server::start(|port| {
        let mut answers = repository(port, weights());
        let size = &mut answers.get_mut(WEIGHTS_PATH).unwrap().1[2];
        *size = ("x-linked-size", (1_u64 << 40).to_string());
        answers
    });
    let cache = tempfile::tempdir().unwrap();
    let error = open(&server.hub(cache.path(), &[])).unwrap_err();
    assert!(matches!(error, HubError::TooLarge { bytes, .. } if bytes == 1 << 40), "{error}");
    assert!(!server.asked().iter().any(|(line, _)| line.contains("cdn")));
}

#[test]
fn headers_that_would_leave_the_cache_are_refused() {
    for (name, value) in [("x-repo-commit", "../../../../evil"), ("etag", "\"../../evil\""), ("etag", "\"\"")] {
        let server = Server::start(|_| {
            let sound = [("x-repo-commit", COMMIT), ("etag", "\"c0ffee\"")];
            let headers = sound.map(|(n, v)| (n, if n == name { value } else { v }.to_owned())).into();
            Answers::from([(CONFIG_PATH.into(), Answer(200, headers, CONFIG.into()))])
        });
        let cache = tempfile::tempdir().unwrap();
        let error = open(&server.hub(cache.path(), &[])).unwrap_err();
        assert!(matches!(error, HubError::NoHub { .. }), "{name}: {value}: {error}");
        assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
    }
    for text in ["hf:timm", "hf:/x", "hf:a/b/c", "hf:../x", "hf:a/b@", "hf:a/b@../x", "hf:a/b?c", "hf:a/.git"] {
        assert!(matches!(HubId::parse(text), Some(Err(HubError::Id { .. }))), "{text}");
    }
    assert!(matches!(HubId::parse("hf:a/b@refs/pr/1"), Some(Ok(_))));
}

#[test]
fn weights_of_another_network_than_the_config_says_are_a_mismatch() {
    let other: Tensors = init(&NetSpec { classes: 3, ..NetSpec::named("rexnet:0.3").unwrap() }, 1).unwrap();
    let mut bytes = Vec::new();
    safetensors::write(&mut bytes, &BTreeMap::new(), &other).unwrap();
    let server = Server::start(|port| repository(port, bytes));
    let cache = tempfile::tempdir().unwrap();
    let model = open(&server.hub(cache.path(), &[])).unwrap();
    let error = model.binding().unwrap_err();
    assert!(error.to_string().contains("but those of `rexnet_030`"), "{error}");
}

#[test]
fn the_cache_lies_where_the_environment_says() {
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[("HF_HUB_CACHE", "/c"), ("HF_HOME", "/h"), ("HOME", "/u")], "/c"),
        (&[("HF_HOME", "/h"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/u")], "/h/hub"),
        (&[("XDG_CACHE_HOME", "/x"), ("HOME", "/u")], "/x/huggingface/hub"),
        (&[("HOME", "/u")], "/u/.cache/huggingface/hub"),
    ];
    for (vars, wanted) in cases {
        let hub = Hub::from_vars(|name| match name {
            "HF_HUB_OFFLINE" => Some("yes".into()),
            _ => vars.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()),
        });
        match open(&hub.unwrap()) {
            Err(HubError::Offline { cache, .. }) => assert_eq!(cache, Path::new(wanted)),
            other => panic!("{vars:?}: {other:?}"),
        }
    }
    assert!(matches!(Hub::from_vars(|_| None), Err(HubError::NoHome)));
}
