//! Fetching models from a hub: what is fetched, where it goes, and what happens when the world is unkind.

mod server;

use std::ffi::OsString;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use lmscope::hub::{HubError, Name, Progress, Surroundings, Unlike, fetch};
use lmscope::lm::load;
use lmscope::model::{Say, Spec, say_progress};
use lmscope::ui::Language;
use server::{Answer, COMMIT, Repository, Request, Server, blob_sha1, sha256};

const FOLDER: &str = "models--someone--tiny";

/// A cache that is gone when the test ends.
struct Cache(PathBuf);

impl Cache {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("lmscope-hub-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn surroundings(&self, endpoint: &str) -> Surroundings {
        Surroundings { endpoint: endpoint.to_owned(), cache: Some(self.0.clone()), token: None, offline: false }
    }

    fn model(&self) -> PathBuf {
        self.0.join(FOLDER)
    }

    fn blobs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.model().join("blobs")).expect("blobs");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn name(spec: &str) -> Name {
    Name::parse(spec).expect("a name of the hub").expect("a good one")
}

fn fetched(spec: &str, surroundings: &Surroundings) -> Result<PathBuf, HubError> {
    let outcome = fetch(&name(spec), surroundings, &mut |_| ControlFlow::Continue(()));
    if let Err(error) = &outcome {
        assert_readable(error);
    }
    outcome
}

fn assert_readable(error: &HubError) {
    let (english, chinese) = (error.say(Language::English), error.say(Language::Chinese));
    assert!(english.contains(": ") && !english.ends_with('.'), "{english}");
    assert!(chinese.contains('：') && !chinese.ends_with('。'), "{chinese}");
}

/// A hub with this model, whose large files another server keeps.
fn hub(model: &Repository) -> (Server, Server) {
    let (here, there) = (model.clone(), model.clone());
    let store = Server::start(move |request| there.large(request));
    let elsewhere = store.address.clone();
    (Server::start(move |request| here.answer(request, &elsewhere)), store)
}

fn tiny() -> Repository {
    let file = |name: &str| fs::read(Path::new("tests/fixtures/llama").join(name)).expect("a fixture");
    Repository::default()
        .with("README.md", "# A model", false)
        .with("config.json", file("config.json"), false)
        .with("tokenizer.json", "{}", false)
        .with("pytorch_model.bin", "PK", true)
        .with("model.safetensors", file("model.safetensors"), true)
}

#[test]
fn a_model_is_fetched_once_into_the_cache_of_hugging_face() {
    let model = tiny();
    let (hub, store) = hub(&model);
    let cache = Cache::new();
    let surroundings = Surroundings { token: Some("hf_secret".into()), ..cache.surroundings(&hub.address) };
    let path = fetched("hf:someone/tiny", &surroundings).expect("the model");
    assert_eq!(path, cache.model().join("snapshots").join(COMMIT));
    assert_eq!(load::open(&path).expect("it opens").files, [path.join("model.safetensors")]);
    assert_eq!(fs::read_to_string(cache.model().join("refs/main")).expect("a reference"), COMMIT);
    let weights = sha256(model.content("model.safetensors"));
    let link = fs::read_link(path.join("model.safetensors")).expect("a link");
    assert_eq!(link, Path::new("../../blobs").join(&weights));
    let mut blobs = vec![weights, blob_sha1(model.content("config.json")), blob_sha1(b"{}")];
    blobs.sort();
    assert_eq!(cache.blobs(), blobs);

    // The token goes to the hub and to nobody else.
    let asked = hub.requests();
    assert!(asked.iter().all(|request| request.headers["authorization"] == "Bearer hf_secret"));
    assert!(!asked.iter().any(|request| request.path.contains("README") || request.path.contains("pytorch")));
    let elsewhere = store.requests();
    assert_eq!(elsewhere.len(), 1);
    assert!(!elsewhere[0].headers.contains_key("authorization"));

    // The second time nothing is asked, and offline it is there too.
    assert_eq!(fetched("hf:someone/tiny", &surroundings).as_ref(), Ok(&path));
    let offline = Surroundings { offline: true, ..surroundings };
    assert_eq!(fetched("hf:someone/tiny", &offline).as_ref(), Ok(&path));
    assert_eq!(fetched(&format!("hf:someone/tiny@{COMMIT}"), &offline), Ok(path));
    assert!(hub.requests().is_empty() && store.requests().is_empty());
    let absent = fetched("hf:someone/other", &offline);
    assert_eq!(absent, Err(HubError::Offline { name: "hf:someone/other".into() }));
}

#[test]
fn a_fetch_that_breaks_goes_on_where_it_stopped() {
    let model = tiny();
    let breaking = model.clone();
    let store = Server::start(move |request| {
        // Every connection brings 30 000 bytes and breaks.
        let mut answer = breaking.large(request);
        answer.cut = Some(answer.body.len().min(30_000)).filter(|cut| *cut < answer.body.len());
        answer
    });
    let elsewhere = store.address.clone();
    let here = model.clone();
    let hub = Server::start(move |request| here.answer(request, &elsewhere));
    let cache = Cache::new();
    let path = fetched("hf:someone/tiny", &cache.surroundings(&hub.address)).expect("the model");
    assert_eq!(fs::read(path.join("model.safetensors")).expect("weights"), model.content("model.safetensors"));
    let starts: Vec<usize> = store.requests().iter().filter_map(Request::start).collect();
    assert!(!starts.is_empty());
    assert!(starts.iter().enumerate().all(|(index, start)| *start == 30_000 * (index + 1)), "{starts:?}");
}

#[test]
fn a_fetch_that_was_stopped_goes_on_another_time() {
    let model = tiny();
    let whole = model.content("model.safetensors").len() as u64;
    let (hub, store) = hub(&model);
    let cache = Cache::new();
    let surroundings = cache.surroundings(&hub.address);
    let mut seen: Vec<Progress> = Vec::new();
    let stopped = fetch(&name("hf:someone/tiny"), &surroundings, &mut |progress| {
        let enough = &*progress.file == "model.safetensors" && progress.done > 0;
        seen.push(progress);
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(stopped, Err(HubError::Stopped));
    let last = seen.last().expect("progress");
    assert_eq!(last.total, Some(whole));
    assert!(say_progress(last, Language::English).starts_with("fetching model.safetensors: "));
    assert!(say_progress(last, Language::Chinese).contains("model.safetensors"));
    let partial = cache.blobs().into_iter().find(|name| name.ends_with(".incomplete")).expect("a part");
    let here = fs::metadata(cache.model().join("blobs").join(partial)).expect("a file").len();
    assert_eq!(here, last.done);
    store.requests();
    fetched("hf:someone/tiny", &surroundings).expect("the rest");
    let rest = store.requests();
    assert_eq!(rest.first().and_then(Request::start), (here < whole).then_some(here as usize));
    assert!(cache.blobs().iter().all(|name| !name.ends_with(".incomplete")));
}

#[test]
fn a_server_that_does_no_parts_is_read_from_the_beginning() {
    let model = tiny();
    let content = model.content("model.safetensors").to_vec();
    let first = AtomicUsize::new(0);
    let store = Server::start(move |_| {
        let cut = (first.fetch_add(1, Ordering::Relaxed) == 0).then_some(1000);
        Answer { cut, ..Answer::body(content.clone()) }
    });
    let elsewhere = store.address.clone();
    let here = model.clone();
    let hub = Server::start(move |request| here.answer(request, &elsewhere));
    let cache = Cache::new();
    let path = fetched("hf:someone/tiny", &cache.surroundings(&hub.address)).expect("the model");
    assert_eq!(fs::read(path.join("model.safetensors")).expect("weights"), model.content("model.safetensors"));
}

#[test]
fn what_arrives_otherwise_than_announced_is_thrown_away() {
    let model = tiny();
    let mut wrong = model.content("model.safetensors").to_vec();
    *wrong.last_mut().expect("a byte") ^= 1;
    let store = Server::start(move |request| Answer::part(request, &wrong));
    let elsewhere = store.address.clone();
    let here = model.clone();
    let hub = Server::start(move |request| here.answer(request, &elsewhere));
    let cache = Cache::new();
    let error = fetched("hf:someone/tiny", &cache.surroundings(&hub.address));
    assert_eq!(error, Err(HubError::Damaged { file: "model.safetensors".into() }));
    assert_eq!(cache.blobs().len(), 2, "only the small files");
    assert!(!cache.model().join("refs/main").exists());

    let mut long = model.content("model.safetensors").to_vec();
    long.resize(long.len() + 5_000_000, 0);
    let store = Server::start(move |_| Answer::body(long.clone()));
    let (here, elsewhere) = (model.clone(), store.address.clone());
    let hub = Server::start(move |request| here.answer(request, &elsewhere));
    let cache = Cache::new();
    let mut most = 0;
    let error = fetch(&name("hf:someone/tiny"), &cache.surroundings(&hub.address), &mut |progress| {
        most = most.max(progress.done);
        ControlFlow::Continue(())
    });
    assert_eq!(error, Err(HubError::Damaged { file: "model.safetensors".into() }));
    assert_eq!(most, model.content("model.safetensors").len() as u64 + 1);

    let (here, elsewhere) = (model.clone(), store.address.clone());
    let lying = Server::start(move |request| {
        let mut answer = here.answer(request, &elsewhere);
        if request.path.ends_with("config.json") && request.method == "GET" {
            answer.body[0] = b' ';
        }
        answer
    });
    let cache = Cache::new();
    let error = fetched("hf:someone/tiny", &cache.surroundings(&lying.address));
    assert_eq!(error, Err(HubError::Damaged { file: "config.json".into() }));
}

#[test]
fn a_connection_that_brings_nothing_is_given_up() {
    let model = tiny();
    let breaking = model.clone();
    let store = Server::start(move |request| Answer { cut: Some(0), ..breaking.large(request) });
    let elsewhere = store.address.clone();
    let hub = Server::start(move |request| model.answer(request, &elsewhere));
    let cache = Cache::new();
    let error = fetched("hf:someone/tiny", &cache.surroundings(&hub.address));
    assert_eq!(error, Err(HubError::Broken { file: "model.safetensors".into(), done: 0 }));
}

#[test]
fn each_refusal_says_what_to_do() {
    let cache = Cache::new();
    let refused = |status: u16, token: Option<&str>| {
        let hub = Server::start(move |_| Answer::status(status).with("Retry-After", "7"));
        let token = token.map(str::to_owned);
        fetched("hf:someone/tiny", &Surroundings { token, ..cache.surroundings(&hub.address) }).expect_err("refused")
    };
    let model = || "hf:someone/tiny".to_owned();
    assert_eq!(refused(401, None), HubError::Unauthorized { name: model(), token: false });
    assert_eq!(refused(401, Some("hf_old")), HubError::Unauthorized { name: model(), token: true });
    assert_eq!(refused(403, None), HubError::Forbidden { name: model() });
    assert_eq!(refused(404, None), HubError::NotFound { name: model() });
    assert_eq!(refused(429, None), HubError::TooManyRequests { seconds: Some(7) });
    assert_eq!(refused(503, None), HubError::Status { host: "127.0.0.1".into(), status: 503 });
    assert!(!refused(401, Some("hf_old")).to_string().contains("hf_old"));

    let page = Server::start(|_| Answer::body("<html>Please log in"));
    let unlike = |error| matches!(error, Err(HubError::Answer { what: Unlike::Listing, .. }));
    assert!(unlike(fetched("hf:someone/tiny", &cache.surroundings(&page.address))));
    let bad = Server::start(|_| Answer::body(r#"{"sha":"../../etc","siblings":[]}"#));
    assert!(unlike(fetched("hf:someone/tiny", &cache.surroundings(&bad.address))));
    let round = Server::start(|_| Answer::status(302).with("Location", "/again"));
    let error = fetched("hf:someone/tiny", &cache.surroundings(&round.address));
    assert!(matches!(error, Err(HubError::Redirects { .. })), "{error:?}");

    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let error = fetched("hf:someone/tiny", &cache.surroundings(&format!("http://{closed}")));
    assert!(matches!(error, Err(HubError::Unreachable { .. })), "{error:?}");
    let homeless = Surroundings { cache: None, ..cache.surroundings(&page.address) };
    assert_eq!(fetched("hf:someone/tiny", &homeless), Err(HubError::NoCache));
    fs::create_dir_all(&cache.0).expect("a folder");
    fs::write(cache.0.join(FOLDER), "a file where a folder has to be").expect("a file");
    let (hub, _store) = hub(&tiny());
    assert!(matches!(fetched("hf:someone/tiny", &cache.surroundings(&hub.address)), Err(HubError::Io { .. })));
}

#[test]
fn a_tag_that_is_no_file_name_and_a_size_that_fits_no_disk_are_refused() {
    let cache = Cache::new();
    let with = |tag: &'static str, size: u64| {
        let model = tiny();
        let hub = Server::start(move |request| {
            let answer = model.answer(request, "");
            if request.method != "HEAD" {
                return answer;
            }
            Answer::status(302)
                .with("Location", "/x")
                .with("X-Linked-ETag", tag)
                .with("X-Linked-Size", size.to_string())
        });
        fetched("hf:someone/tiny", &cache.surroundings(&hub.address)).expect_err("refused")
    };
    for tag in ["\"../../../evil\"", "\"\"", "\"a b\"", "\"a/b\""] {
        assert!(matches!(with(tag, 3), HubError::Answer { what: Unlike::Tag, .. }), "{tag}");
    }
    assert!(matches!(with("\"abc\"", 1 << 60), HubError::DiskFull { needed: Some(_), .. }));
}

#[test]
fn a_file_that_another_program_fetches_is_waited_for() {
    let model = tiny();
    let (hub, _store) = hub(&model);
    let cache = Cache::new();
    let locks = cache.0.join(".locks").join(FOLDER);
    fs::create_dir_all(&locks).expect("a folder");
    let lock = locks.join(format!("{}.lock", sha256(model.content("model.safetensors"))));
    let mut held = Some(fs::File::create(lock).expect("a lock"));
    let exclusive = rustix::fs::FlockOperation::NonBlockingLockExclusive;
    rustix::fs::flock(held.as_ref().expect("held"), exclusive).expect("the lock");
    let mut waited = 0;
    let path = fetch(&name("hf:someone/tiny"), &cache.surroundings(&hub.address), &mut |progress| {
        if progress.waiting {
            waited += 1;
            held = None;
        }
        ControlFlow::Continue(())
    });
    assert!(path.is_ok() && waited == 1, "{path:?} after {waited}");
}

#[test]
fn shards_are_fetched_by_their_index() {
    let shard = |name: &str| {
        let header = format!(r#"{{"{name}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}}"#);
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 4]].concat()
    };
    let index = |first: &str| format!(r#"{{"weight_map":{{"a":"{first}","b":"model-00002-of-00002.safetensors"}}}}"#);
    let model = |first: &str| {
        Repository::default()
            .with("config.json", "{}", false)
            .with("model.safetensors.index.json", index(first), false)
            .with("model-00001-of-00002.safetensors", shard("a"), true)
            .with("model-00002-of-00002.safetensors", shard("b"), true)
            .with("model-00003-of-00003.safetensors", "another", true)
    };
    let cache = Cache::new();
    let (good, store) = hub(&model("model-00001-of-00002.safetensors"));
    let path = fetched("hf:someone/tiny", &cache.surroundings(&good.address)).expect("the model");
    assert_eq!(load::open(&path).expect("it opens").tensors.len(), 2);
    assert_eq!(store.requests().len(), 2);
    for outside in ["../model.safetensors", "/etc/passwd", "a/b.safetensors"] {
        let cache = Cache::new();
        let (bad, _store) = hub(&model(outside));
        let error = fetched("hf:someone/tiny", &cache.surroundings(&bad.address));
        assert!(matches!(error, Err(HubError::Answer { what: Unlike::Index, .. })), "{error:?}");
    }
}

#[test]
fn a_gguf_file_is_fetched_by_its_name_or_when_it_is_the_only_one() {
    let gguf = fs::read("tests/fixtures/gguf/llama-Q4_0.gguf").expect("a fixture");
    let one = Repository::default().with("tiny-Q4_0.gguf", gguf.clone(), true);
    let two = one.clone().with("tiny-Q8_0.gguf", gguf.clone(), true);
    let (alone, _store) = hub(&one);
    let cache = Cache::new();
    let surroundings = cache.surroundings(&alone.address);
    let path = fetched("hf:someone/tiny", &surroundings).expect("the only file");
    assert!(path.ends_with("tiny-Q4_0.gguf") && load::open(&path).is_ok());
    alone.requests();
    assert_eq!(fetched("hf:someone/tiny", &surroundings), Ok(path));
    assert!(alone.requests().is_empty());

    let (several, store) = hub(&two);
    let cache = Cache::new();
    let surroundings = cache.surroundings(&several.address);
    let error = fetched("hf:someone/tiny", &surroundings).expect_err("which one");
    assert!(error.to_string().contains("hf:someone/tiny/tiny-Q4_0.gguf, hf:someone/tiny/tiny-Q8_0.gguf"), "{error}");
    let path = fetched("hf:someone/tiny/tiny-Q8_0.gguf", &surroundings).expect("the named file");
    assert!(path.ends_with("tiny-Q8_0.gguf"));
    assert_eq!(store.requests().len(), 1);
    let absent = fetched("hf:someone/tiny/tiny-Q2_K.gguf", &surroundings);
    assert_eq!(absent, Err(HubError::NotFound { name: "hf:someone/tiny/tiny-Q2_K.gguf".into() }));

    let parts = Repository::default().with("m-00001-of-00002.gguf", "a", true).with("m-00002-of-00002.gguf", "b", true);
    let (hub_of_parts, store) = hub(&parts);
    let cache = Cache::new();
    let path = fetched("hf:someone/tiny", &cache.surroundings(&hub_of_parts.address)).expect("both");
    assert!(path.ends_with("m-00001-of-00002.gguf"));
    assert_eq!(store.requests().len(), 2);

    let bin = Repository::default().with("config.json", "{}", false).with("pytorch_model.bin", "a", true);
    let (hub_of_bin, store) = hub(&bin);
    let cache = Cache::new();
    for requests in [1, 0] {
        let path = fetched("hf:someone/tiny", &cache.surroundings(&hub_of_bin.address)).expect("a folder");
        assert_eq!(std::fs::read_to_string(path.join("pytorch_model.bin")).expect("fetched"), "a");
        assert_eq!(store.requests().len(), requests, "the second time it is here");
    }

    for files in [["a.txt", "b.txt"], ["config.json", "model.onnx"]] {
        let model = files.iter().fold(Repository::default(), |model, file| model.with(file, "x", false));
        let (none, _store) = hub(&model);
        let error = fetched("hf:someone/tiny", &Cache::new().surroundings(&none.address));
        assert_eq!(error, Err(HubError::NoWeights { name: "hf:someone/tiny".into() }));
    }
}

#[test]
fn a_name_of_the_hub_is_read_strictly() {
    let read = name("hf:some-one/Tiny_1.5/sub/x-Q4_0.GGUF@refs/pr/1");
    assert_eq!((read.owner.as_str(), read.name.as_str()), ("some-one", "Tiny_1.5"));
    assert_eq!((read.file.as_deref(), read.revision.as_str()), (Some("sub/x-Q4_0.GGUF"), "refs/pr/1"));
    for spec in ["hf:someone/tiny", "hf:someone/tiny@v1", "hf:someone/tiny/x.gguf"] {
        let read = Spec::new(&OsString::from(spec));
        assert_eq!(read, Spec::Hub(Ok(name(spec))));
        assert_eq!(read.to_string(), spec);
    }
    assert_eq!(Spec::new(&OsString::from("hf:someone/tiny@v1")).name(), "tiny");
    assert_eq!(Name::parse("someone/tiny"), None);
    let bad = [
        "hf:",
        "hf:tiny",
        "hf:/tiny",
        "hf:someone/",
        "hf:../tiny",
        "hf:someone/..",
        "hf:a b/c",
        "hf:a/b/../x.gguf",
        "hf:a/b/x.safetensors",
        "hf:a/b//x.gguf",
        "hf:a/b@",
        "hf:a/b@../x",
        "hf:a/b@x\u{1b}[31m",
        "hf:a--b/c",
    ];
    for spec in bad {
        let Some(Err(error)) = Name::parse(spec) else { panic!("{spec} is refused") };
        assert_readable(&error);
        assert_eq!(Spec::new(&OsString::from(spec)).to_string(), spec);
    }
}

#[test]
fn the_environment_is_read_as_hugging_face_reads_it() {
    let read = |variables: &[(&str, &str)]| {
        Surroundings::read(&|name| variables.iter().find(|(of, _)| *of == name).map(|(_, value)| OsString::from(value)))
    };
    let home = read(&[("HOME", "/home/me")]);
    assert_eq!(home.cache.as_deref(), Some(Path::new("/home/me/.cache/huggingface/hub")));
    assert_eq!((home.endpoint.as_str(), home.offline, home.token), ("https://huggingface.co", false, None));
    let order = [
        ("HF_HUB_CACHE", "/1", "/1"),
        ("HUGGINGFACE_HUB_CACHE", "/2", "/2"),
        ("HF_HOME", "/3", "/3/hub"),
        ("XDG_CACHE_HOME", "/4", "/4/huggingface/hub"),
        ("HOME", "/5", "/5/.cache/huggingface/hub"),
    ];
    for first in 0..order.len() {
        let variables: Vec<_> = order[first..].iter().map(|(name, value, _)| (*name, *value)).collect();
        assert_eq!(read(&variables).cache.as_deref(), Some(Path::new(order[first].2)));
    }
    assert_eq!(read(&[]).cache, None);
    for (value, offline) in [("1", true), ("TRUE", true), ("yes", true), ("0", false), ("", false), ("no", false)] {
        assert_eq!(read(&[("HF_HUB_OFFLINE", value)]).offline, offline, "{value}");
    }
    assert_eq!(read(&[("HF_ENDPOINT", "https://mirror.example/")]).endpoint, "https://mirror.example");
    let cache = Cache::new();
    fs::create_dir_all(&cache.0).expect("a folder");
    fs::write(cache.0.join("token"), "hf_file\n").expect("a file");
    let folder = cache.0.to_str().expect("a path");
    assert_eq!(read(&[("HF_HOME", folder)]).token.as_deref(), Some("hf_file"));
    assert_eq!(read(&[("HF_HOME", folder), ("HF_TOKEN", "hf_env")]).token.as_deref(), Some("hf_env"));
    let named = cache.0.join("token");
    assert_eq!(read(&[("HF_TOKEN_PATH", named.to_str().expect("a path"))]).token.as_deref(), Some("hf_file"));
    assert_eq!(read(&[("HF_TOKEN", "two words\r\nX: y")]).token, None);
    let shown = format!("{:?}", read(&[("HF_TOKEN", "hf_secret")]));
    assert!(!shown.contains("hf_secret"), "{shown}");
}

#[test]
fn the_command_line_fetches_and_describes_a_model_of_the_hub() {
    let mut model = tiny();
    model.files.retain(|(name, ..)| name != "tokenizer.json");
    let (hub, _store) = hub(&model);
    let cache = Cache::new();
    let run = |arguments: &[&str], endpoint: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lmscope"));
        command.args(arguments).env("HF_ENDPOINT", endpoint).env("HF_HOME", &cache.0);
        command.env_remove("HF_HUB_CACHE").env_remove("HUGGINGFACE_HUB_CACHE").env_remove("HF_TOKEN");
        command.output().expect("the program runs")
    };
    let nowhere = "http://127.0.0.1:9";
    let arguments = ["trace", "--ids", "1,2", "--model", "hf:someone/tiny", "-o"];
    let output = cache.0.join("trace.safetensors");
    let trace = [&arguments[..], &[output.to_str().expect("a path")]].concat();
    let failed = run(&trace, nowhere);
    assert_eq!(failed.status.code(), Some(1));
    let said = String::from_utf8(failed.stderr).expect("text");
    assert!(said.starts_with("lmscope: 127.0.0.1 could not be reached"), "{said}");
    let done = run(&trace, &hub.address);
    assert_eq!((done.status.code(), String::from_utf8(done.stderr).expect("text").as_str()), (Some(0), ""));
    let described = run(&["models", "hf:someone/tiny", "--json"], nowhere);
    let json: serde_json::Value = serde_json::from_slice(&described.stdout).expect("JSON");
    assert_eq!(json["name"], "tiny");
    let bad = run(&["models", "hf:tiny", "--lang", "zh"], nowhere);
    assert!(String::from_utf8_lossy(&bad.stderr).contains("不是 hub 上的模型名"));
}
