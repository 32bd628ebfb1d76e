//! Data: what reading, showing, fingerprinting and conversion promise.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod convert;
mod hash;
mod many;

mod reading;
mod reads;
mod showing;
