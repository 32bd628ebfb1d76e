//! The tests of this crate, in one binary.

mod faults;
mod options;
mod recipe;
mod reference;
mod views;
