//! Data: what reading, showing, fingerprinting, profiling and conversion promise.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod convert;
mod expecting;
mod hash;
mod many;
mod profiles;
mod reading;
mod reads;
mod showing;
