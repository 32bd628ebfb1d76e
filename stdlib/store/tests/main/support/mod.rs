//! Servers to test with.

pub mod fake;
pub mod mini;
pub mod mlflow;

use std::path::PathBuf;

/// A Python with MLflow, or `None` after saying that the test is skipped.
pub fn python(test: &str) -> Option<PathBuf> {
    peer("IRONBOOK_TEST_MLFLOW", test)
}

/// The program that a variable names.
pub fn peer(variable: &str, test: &str) -> Option<PathBuf> {
    match std::env::var_os(variable).filter(|path| !path.is_empty()) {
        Some(path) => Some(PathBuf::from(path)),
        None => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{variable} must be set in CI for {test}");
            println!("SKIPPED {test}: {variable} is not set");
            None
        }
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
