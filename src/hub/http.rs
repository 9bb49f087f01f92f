//! Asking the server: the list of a model's files, what is known of a file, its bytes.

use std::io::Read;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{Response, Uri, header};
use ureq::{Agent, Body};

use super::name::{inside, is_commit};
use super::{HubError, Name, Surroundings, Unlike};

const MOST_REDIRECTS: usize = 10;
const MOST_LISTING_BYTES: u64 = 16 << 20;
const CONNECT: Duration = Duration::from_secs(15);
const ANSWER: Duration = Duration::from_secs(30);
/// The longest silence in the middle of a file: a stop is noticed after it at the latest.
const SILENCE: Duration = Duration::from_secs(15);

/// A connection to the hub, for one model.
pub(super) struct Http {
    agent: Agent,
    endpoint: String,
    token: Option<String>,
}

/// The files of a model at a commit.
pub(super) struct Listing {
    pub(super) commit: String,
    pub(super) files: Vec<String>,
    repository: String,
}

/// What the server says of a file before it sends it.
pub(super) struct About {
    /// Its tag, fit for a file name: the SHA-256 of a large file, git's SHA-1 of a small one.
    pub(super) tag: String,
    pub(super) size: Option<u64>,
    pub(super) address: String,
}

/// A file's bytes from some byte on.
pub(super) struct Content {
    pub(super) start: u64,
    pub(super) body: Box<dyn Read>,
}

impl Listing {
    pub(super) fn has(&self, file: &str) -> bool {
        self.files.iter().any(|name| name == file)
    }
}

impl Http {
    pub(super) fn new(surroundings: &Surroundings) -> Self {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept_encoding("identity")
            .user_agent(concat!("lmscope/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .timeout_per_read(Some(SILENCE));
        if is_loopback(&surroundings.endpoint) {
            config = config.proxy(None);
        }
        Self {
            agent: config.build().new_agent(),
            endpoint: surroundings.endpoint.clone(),
            token: surroundings.token.clone(),
        }
    }

    /// The files of a model.
    pub(super) fn listing(&self, name: &Name) -> Result<Listing, HubError> {
        let (repository, revision) = (name.repository(), name.revision.replace('/', "%2F"));
        let address = format!("{}/api/models/{repository}/revision/{revision}", self.endpoint);
        let (mut response, address) = self.follow(&address, false, 0, |_| false)?;
        self.check(&response, &address, &name.to_string())?;
        let bad = || HubError::Answer { host: host(&address), what: Unlike::Listing };
        let json = response.body_mut().with_config().limit(MOST_LISTING_BYTES).read_to_vec();
        let json = json.map_err(|error| unreachable(&address, &error))?;
        let json: Value = serde_json::from_slice(&json).map_err(|_| bad())?;
        let commit = json.get("sha").and_then(Value::as_str).filter(|sha| is_commit(sha));
        let files = json.get("siblings").and_then(Value::as_array);
        let (Some(commit), Some(files)) = (commit, files) else { return Err(bad()) };
        let files = files.iter().filter_map(|file| file.get("rfilename")?.as_str());
        let files = files.filter(|file| inside(file)).map(str::to_owned).collect();
        Ok(Listing { commit: commit.to_owned(), files, repository })
    }

    /// What the server says of a file. A large one is kept elsewhere: its tag and size come with the redirect.
    pub(super) fn about(&self, listing: &Listing, file: &str) -> Result<About, HubError> {
        let path = file.replace(' ', "%20").replace('+', "%2B");
        let address = format!("{}/{}/resolve/{}/{path}", self.endpoint, listing.repository, listing.commit);
        let linked = |response: &Response<Body>| response.headers().contains_key("x-linked-etag");
        let (response, last) = self.follow(&address, true, 0, linked)?;
        if !linked(&response) {
            self.check(&response, &last, &format!("{}/{file}", listing.repository))?;
        }
        let text = |name: &str| response.headers().get(name)?.to_str().ok();
        let tag =
            text("x-linked-etag").or_else(|| text("etag")).map(|tag| tag.trim_start_matches("W/").trim_matches('"'));
        let fit = |tag: &&str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            !tag.is_empty() && tag.len() <= 128 && tag.bytes().all(allowed)
        };
        let Some(tag) = tag.filter(fit) else {
            return Err(HubError::Answer { host: host(&last), what: Unlike::Tag });
        };
        let length = if linked(&response) { "x-linked-size" } else { "content-length" };
        let size = text(length).and_then(|size| size.parse().ok());
        Ok(About { tag: tag.to_owned(), size, address })
    }

    /// A file's bytes from `start` on, or from its beginning where the server does not do parts.
    pub(super) fn content(&self, about: &About, file: &str, start: u64) -> Result<Content, HubError> {
        let (response, last) = self.follow(&about.address, false, start, |_| false)?;
        if start > 0 && response.status().as_u16() == 416 {
            return self.content(about, file, 0);
        }
        self.check(&response, &last, file)?;
        let begins = response
            .headers()
            .get(header::CONTENT_RANGE)
            .and_then(|range| range.to_str().ok()?.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
        let start = match (response.status().as_u16(), begins) {
            (206, Some(begins)) if begins == start => start,
            (206, _) => {
                return Err(HubError::Answer { host: host(&last), what: Unlike::Range });
            }
            _ => 0,
        };
        Ok(Content { start, body: Box::new(response.into_body().into_reader()) })
    }

    /// Asks, and follows redirects until `enough`. The token goes to the hub itself and to no other server.
    fn follow(
        &self,
        address: &str,
        head: bool,
        start: u64,
        enough: impl Fn(&Response<Body>) -> bool,
    ) -> Result<(Response<Body>, String), HubError> {
        let mut address = address.to_owned();
        for _ in 0..=MOST_REDIRECTS {
            let mut request = if head { self.agent.head(&address) } else { self.agent.get(&address) };
            if let Some(token) = self.token.as_ref().filter(|_| same_origin(&address, &self.endpoint)) {
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            if start > 0 {
                request = request.header(header::RANGE, format!("bytes={start}-"));
            }
            let response = request.call().map_err(|error| unreachable(&address, &error))?;
            let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
            match to {
                Some(to) if response.status().is_redirection() && !enough(&response) => {
                    address = resolved(&address, to);
                }
                _ => return Ok((response, address)),
            }
        }
        Err(HubError::Redirects { host: host(&address) })
    }

    /// Turns a status that is no success into what it means for the person.
    fn check(&self, response: &Response<Body>, address: &str, name: &str) -> Result<(), HubError> {
        let name = name.to_owned();
        Err(match response.status().as_u16() {
            200..=299 => return Ok(()),
            401 => HubError::Unauthorized { name, token: self.token.is_some() },
            403 => HubError::Forbidden { name },
            404 => HubError::NotFound { name },
            429 => {
                let after = response.headers().get(header::RETRY_AFTER);
                HubError::TooManyRequests { seconds: after.and_then(|after| after.to_str().ok()?.parse().ok()) }
            }
            status => HubError::Status { host: host(address), status },
        })
    }
}

fn unreachable(address: &str, error: &ureq::Error) -> HubError {
    let reason = match error {
        ureq::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    };
    HubError::Unreachable { host: host(address), reason }
}

/// The server of an address, for messages.
fn host(address: &str) -> String {
    let uri: Option<Uri> = address.parse().ok();
    uri.and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_else(|| address.to_owned())
}

fn is_loopback(address: &str) -> bool {
    let host = host(address);
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn same_origin(a: &str, b: &str) -> bool {
    let origin = |address: &str| {
        let uri: Uri = address.parse().ok()?;
        let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let host = uri.host()?.to_ascii_lowercase();
        Some((uri.scheme_str()?.to_owned(), host, uri.port_u16().unwrap_or(default)))
    };
    origin(a).is_some_and(|a| Some(a) == origin(b))
}

/// Where a redirect leads, seen from the address that redirects.
fn resolved(from: &str, to: &str) -> String {
    let Some((scheme, rest)) = from.split_once("://") else { return to.to_owned() };
    if to.contains("://") {
        to.to_owned()
    } else if let Some(host) = to.strip_prefix("//") {
        format!("{scheme}://{host}")
    } else if to.starts_with('/') {
        format!("{scheme}://{}{to}", rest.split('/').next().unwrap_or(rest))
    } else {
        let folder = from.rsplit_once('/').map_or(from, |(folder, _)| folder);
        format!("{folder}/{to}")
    }
}
