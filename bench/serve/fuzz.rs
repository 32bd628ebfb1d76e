//! 20,000 random requests to a server: how each was answered; anything but a fair status is shown and fails.
//!
//! `cargo run -p ironbook-serve --example serve_fuzz -- http://127.0.0.1:8080 [REQUESTS]`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program of the benchmark")]

#[path = "../../stdlib/serve/tests/main/fuzz/requests.rs"]
mod requests;

use requests::{is_fair, request};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

#[tokio::main]
async fn main() -> ExitCode {
    let base = std::env::args().nth(1).unwrap();
    let count: u64 = std::env::args().nth(2).map_or(20_000, |count| count.parse().unwrap());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (mut seen, mut unfair, begun) = (BTreeMap::new(), 0, Instant::now());
    for number in 0..count {
        let fuzzed = request(number);
        let asked = client.request(fuzzed.method.clone(), format!("{base}{}", fuzzed.path)).body(fuzzed.body.clone());
        let asked = fuzzed.headers.iter().fold(asked, |asked, (name, value)| asked.header(*name, value));
        let status = asked.send().await.unwrap().status().as_u16();
        *seen.entry(status).or_insert(0) += 1;
        if !is_fair(status) {
            unfair += 1;
            println!("{number}: {status} for {fuzzed:?}");
        }
    }
    println!("{count} requests in {:.1} s: {seen:?}, {unfair} unfair", begun.elapsed().as_secs_f64());
    if unfair == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
