//! A small hub on loopback.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
}

impl Request {
    /// The first byte asked for.
    pub(super) fn start(&self) -> Option<usize> {
        self.headers.get("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What is answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// The connection breaks after so many bytes of the body.
    pub(super) cut: Option<usize>,
}

impl Answer {
    pub(super) fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(super) fn body(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, body: body.into(), ..Self::default() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// These bytes, or the part of them that was asked for.
    pub(super) fn part(request: &Request, bytes: &[u8]) -> Self {
        match request.start() {
            None => Self::body(bytes),
            Some(start) if start >= bytes.len() => Self::status(416),
            Some(start) => {
                let range = format!("bytes {start}-{}/{}", bytes.len() - 1, bytes.len());
                Self { status: 206, ..Self::body(&bytes[start..]) }.with("Content-Range", range)
            }
        }
    }
}

/// A server that answers each connection with one answer, until the tests end.
pub(super) struct Server {
    pub(super) address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(super) fn start(answer: impl Fn(&Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                if let Some(request) = read(&stream) {
                    seen.lock().expect("the list of requests").push(request.clone());
                    write(stream, &request, &answer(&request));
                }
            }
        });
        Self { address, requests }
    }

    /// What was asked since the last time.
    pub(super) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.requests.lock().expect("the list of requests"))
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let headers = lines.take_while(|line| !line.is_empty());
    let headers = headers.filter_map(|line| {
        line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some(Request { method, path, headers: headers.collect() })
}

fn write(mut stream: TcpStream, request: &Request, answer: &Answer) {
    let headers: Vec<String> = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (status, length, headers) = (answer.status, answer.body.len(), headers.concat());
    let _ = write!(stream, "HTTP/1.1 {status} Words\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
    if request.method != "HEAD" {
        let _ = stream.write_all(&answer.body[..answer.cut.unwrap_or(answer.body.len())]);
    }
    let _ = stream.shutdown(Shutdown::Write);
}

/// A model on the hub.
#[derive(Clone, Default)]
pub(super) struct Repository {
    /// Name, content, whether it is large (and kept elsewhere).
    pub(super) files: Vec<(String, Vec<u8>, bool)>,
}

pub(super) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

impl Repository {
    pub(super) fn with(mut self, name: &str, content: impl Into<Vec<u8>>, large: bool) -> Self {
        self.files.push((name.to_owned(), content.into(), large));
        self
    }

    pub(super) fn content(&self, name: &str) -> &[u8] {
        &self.files.iter().find(|(file, ..)| file == name).expect("a file").1
    }

    /// What the hub answers; large files are at `elsewhere`.
    pub(super) fn answer(&self, request: &Request, elsewhere: &str) -> Answer {
        if request.path == "/api/models/someone/tiny/revision/main" {
            let siblings: Vec<_> =
                self.files.iter().map(|(name, ..)| serde_json::json!({ "rfilename": name })).collect();
            return Answer::body(serde_json::json!({ "sha": COMMIT, "siblings": siblings }).to_string());
        }
        let resolve = format!("/someone/tiny/resolve/{COMMIT}/");
        let Some(file) = request.path.strip_prefix(&resolve) else { return Answer::status(404) };
        let Some((name, content, large)) = self.files.iter().find(|(name, ..)| name == file) else {
            return Answer::status(404);
        };
        if *large {
            return Answer::status(302)
                .with("Location", format!("{elsewhere}/large/{name}"))
                .with("X-Linked-ETag", format!("\"{}\"", sha256(content)))
                .with("X-Linked-Size", content.len().to_string());
        }
        Answer::part(request, content).with("ETag", format!("W/\"{}\"", blob_sha1(content)))
    }

    /// What the store of large files answers.
    pub(super) fn large(&self, request: &Request) -> Answer {
        let name = request.path.strip_prefix("/large/").expect("a large file");
        Answer::part(request, self.content(name))
    }
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

pub(super) fn blob_sha1(bytes: &[u8]) -> String {
    hexadecimal(&Sha1::digest([format!("blob {}\0", bytes.len()).as_bytes(), bytes].concat()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
