//! Requests that are random, and valid ones with random damage; the same for the same number.

use reqwest::Method;

/// A request.
#[derive(Debug)]
pub struct Fuzzed {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() >> 11) as usize % most.max(1)
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

const TOKENS: &[&[u8]] = &[
    b"null",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\ud800",
    b"\\u0000",
    b"\xff\xfe",
    b"99999999999999999999",
    b"0.1e-400",
    b"true",
    b"[[[[[[[[",
    b"\"hour\"",
    b"\"carrier\"",
    b"{}",
    b"\n",
    b"\0",
    b"\"shape\":[1e18]",
    b"\"shape\":[-1]",
    b"\"data\":[]",
    b"\"columns\":[]",
    b"\"\"",
    b"\"binary_data_size\":9",
    b"-",
    b"2013-02-30",
];
const WORDS: &[&str] = &[
    "dataframe_split",
    "dataframe_records",
    "instances",
    "inputs",
    "params",
    "columns",
    "data",
    "index",
    "rows",
    "carrier",
    "hour",
    "distance",
    "time",
    "name",
    "shape",
    "datatype",
    "parameters",
    "outputs",
    "predict_method",
    "id",
    "",
    "\u{e9}\u{1f600}",
];
/// Where requests go that are for nobody.
const STRAY: &[&str] = &[
    "/v2/models/other/infer",
    "/v2/models/%00/infer",
    "/ping",
    "/nothing",
    "/v2/models/flights",
    "/metrics?x=%ff",
    "//",
    "/page.js",
];
const STRAY_TYPES: &[&str] = &[
    "text/csv",
    "application/octet-stream",
    "text/plain",
    "application/json; charset=",
    "multipart/form-data; boundary=x",
    ";;;",
];
const ROW: &str = r#"["UA", 17.5, 1400, "2013-01-01T17:00:00"]"#;
const RECORD: &str = r#"{"carrier":"UA","hour":null,"distance":1400,"time":"2013-01-01"}"#;
const TENSORS: &str = r#"{"name":"carrier","shape":[1],"datatype":"BYTES","data":["UA"]},{"name":"hour","shape":[1,1],"datatype":"FP64","data":[[1]]},{"name":"distance","shape":[1],"datatype":"INT64","data":[1]},{"name":"time","shape":[1],"datatype":"BYTES","data":["05:15"]}"#;

/// A valid request: where it goes, its type, its body.
fn base(chance: &mut Chance) -> (&'static str, &'static str, Vec<u8>) {
    let json = "application/json";
    let (path, kind, body) = match chance.below(9) {
        0 => {
            let body = format!(
                r#"{{"dataframe_split":{{"columns":["carrier","hour","distance","time"],"data":[{ROW},{ROW}]}}}}"#
            );
            ("/invocations", json, body)
        }
        1 => {
            let body = format!(
                r#"{{"dataframe_split":{{"data":[{ROW}],"columns":["carrier","hour","distance","time"],"index":[0]}}}}"#
            );
            ("/invocations", json, body)
        }
        2 => ("/invocations", json, format!(r#"{{"dataframe_records":[{RECORD},{RECORD}]}}"#)),
        3 => {
            ("/invocations", json, format!(r#"{{"instances":[{ROW}],"params":{{"predict_method":"predict_proba"}}}}"#))
        }
        4 => {
            let body = r#"{"inputs":{"carrier":["UA","AA"],"hour":[1,2],"distance":[3,4],"time":["05:15",null]}}"#;
            ("/invocations", json, body.to_owned())
        }
        5 => ("/predict", json, format!(r#"{{"rows":[{RECORD}]}}"#)),
        6 => ("/predict", json, RECORD.to_owned()),
        7 => {
            let body = format!(r#"{{"id":"x","inputs":[{TENSORS}],"outputs":[{{"name":"prediction"}}]}}"#);
            ("/v2/models/flights/infer", json, body)
        }
        _ => ("/invocations", "text/csv", "carrier,hour,distance,time\nUA,1,2,2013-01-01\n\"A\"\"A\",,,\n".to_owned()),
    };
    (path, kind, body.into_bytes())
}

fn damage(chance: &mut Chance, body: &mut Vec<u8>) {
    let at = chance.below(body.len() + 1);
    let end = (at + chance.below(24)).min(body.len());
    match chance.below(7) {
        0 if at < body.len() => body[at] ^= 1 << chance.below(8),
        1 => drop(body.drain(at..end)),
        2 => {
            let copy = body[at..end].to_vec();
            let to = chance.below(body.len() + 1);
            body.splice(to..to, copy);
        }
        3 => body.truncate(at),
        4 => {
            let times = 1 + chance.below(200) * usize::from(chance.below(20) == 0);
            let token = chance.of(TOKENS).repeat(times);
            body.splice(at..at, token);
        }
        5 => {
            let token = chance.of(TOKENS).to_vec();
            body.splice(at..end, token);
        }
        _ => body.reverse(),
    }
}

fn value(chance: &mut Chance, depth: usize, out: &mut String) {
    match chance.below(if depth > 5 { 5 } else { 8 }) {
        0 => out.push_str("null"),
        1 => out.push_str(&format!("{}", f64::from_bits(chance.next()))),
        2 => out.push_str(&format!("{}", chance.next() as i64 >> chance.below(60))),
        3 => out.push_str(&format!("{:?}", chance.of(WORDS))),
        4 => out.push_str(chance.of(&["true", "false", "\"UA\"", "\"2013-01-01\"", "\"FP64\"", "\"BYTES\"", "[1]"])),
        5 | 6 => {
            out.push('[');
            for i in 0..chance.below(5) {
                if i > 0 {
                    out.push(',');
                }
                value(chance, depth + 1, out);
            }
            out.push(']');
        }
        _ => {
            out.push('{');
            for i in 0..chance.below(6) {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&format!("\"{}\":", chance.of(WORDS)));
                value(chance, depth + 1, out);
            }
            out.push('}');
        }
    }
}

/// The request of this number.
pub fn request(number: u64) -> Fuzzed {
    let mut chance = Chance(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..4 {
        chance.next();
    }
    let (mut path, mut kind, mut body) = base(&mut chance);
    match chance.below(12) {
        0 => {
            let mut text = String::new();
            value(&mut chance, 0, &mut text);
            body = text.into_bytes();
        }
        1 => body = (0..chance.below(300)).map(|_| chance.next() as u8).collect(),
        2 => {}
        _ => (0..=chance.below(3)).for_each(|_| damage(&mut chance, &mut body)),
    }
    if chance.below(12) == 0 {
        kind = chance.of(STRAY_TYPES);
    }
    if chance.below(12) == 0 {
        path = chance.of(STRAY);
    }
    let mut headers = vec![("content-type", kind.to_owned())];
    match chance.below(20) {
        0 => headers.push(("inference-header-content-length", format!("{}", chance.below(2 * body.len() + 1)))),
        1 => headers
            .push(("inference-header-content-length", chance.of(&["", "x", "-1", "99999999999999999999"]).to_owned())),
        2 => headers.push(("x-request-id", "x".repeat(chance.below(300)))),
        3 => headers.push(("content-encoding", chance.of(&["gzip", "identity", "x"]).to_owned())),
        4 => headers.push(("accept", "*/*;q=x".to_owned())),
        _ => {}
    }
    let method = if chance.below(20) == 0 { Method::PUT } else { Method::POST };
    let method = if chance.below(30) == 0 { Method::GET } else { method };
    Fuzzed { method, path: path.to_owned(), headers, body }
}

/// Whether a status is one that a client may get for a request of this kind.
pub fn is_fair(status: u16) -> bool {
    matches!(status, 200 | 400 | 404 | 405 | 413 | 415 | 422)
}
