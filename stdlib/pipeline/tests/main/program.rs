//! The program of a pipeline from outside, with a toy one.

mod toy;

mod cache;
mod faults;
mod files;
mod hostile;
mod inputs;
mod outputs;
mod samples;
mod tracking;
mod workers;
