//! A small HTTP server whose answers a test writes.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What was asked.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// With the query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// What is answered.
pub enum Reply {
    Json(u16, Value),
    /// Status, more headers (each ending in a line break), body.
    Raw(u16, String, Vec<u8>),
    /// Nothing, and the connection ends.
    Close,
    /// The beginning of an answer that never ends.
    Cut,
    /// Nothing, until the server ends.
    Hang,
    /// A body of zeros of so many bytes.
    Huge(u64),
}

impl Reply {
    pub fn error(status: u16, code: &str) -> Reply {
        Reply::Json(status, serde_json::json!({"error_code": code, "message": "no"}))
    }
}

/// A server; it ends when dropped.
pub struct Fake {
    pub uri: String,
    over: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Fake {
        Fake::start_at("127.0.0.1:0", answer)
    }

    pub fn start_at(address: &str, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind(address).unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let (over_, seen_) = (Arc::clone(&over), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over_.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (answer, over, seen) = (Arc::clone(&answer), Arc::clone(&over_), Arc::clone(&seen_));
                std::thread::spawn(move || serve(stream, &*answer, &over, &seen));
            }
        });
        Fake { uri, over, seen }
    }

    /// Answers in this order, then the last one again and again.
    pub fn script(replies: Vec<fn() -> Reply>) -> Fake {
        let next = Mutex::new(0);
        Fake::start(move |_| {
            let mut at = next.lock().unwrap();
            let reply = replies[(*at).min(replies.len() - 1)];
            *at += 1;
            reply()
        })
    }

    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.uri.trim_start_matches("http://"));
    }
}

fn serve(stream: TcpStream, answer: &dyn Fn(&Request) -> Reply, over: &AtomicBool, seen: &Mutex<Vec<Request>>) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        if over.load(Ordering::SeqCst) {
            return;
        }
        seen.lock().unwrap().push(request.clone());
        let written = match answer(&request) {
            Reply::Json(status, value) => write(&mut writer, status, "", value.to_string().as_bytes()),
            Reply::Raw(status, headers, body) => write(&mut writer, status, &headers, &body),
            Reply::Close => return,
            Reply::Cut => {
                let _ = writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"half\":");
                return;
            }
            Reply::Hang => {
                while !over.load(Ordering::SeqCst) {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
                return;
            }
            Reply::Huge(size) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
                let written = writer.write_all(head.as_bytes());
                written.and_then(|()| std::io::copy(&mut std::io::repeat(b'0').take(size), &mut writer).map(drop))
            }
        };
        if written.is_err() {
            return;
        }
    }
}

fn write(writer: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    writer.write_all(&[head.as_bytes(), body].concat())
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let mut request = Request { path: words.nth(1)?.to_owned(), ..Request::default() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = request.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}
