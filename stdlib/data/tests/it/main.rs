//! Data: what reading, showing, fingerprinting and conversion promise.

mod convert;
mod hash;
mod reading;
mod showing;
