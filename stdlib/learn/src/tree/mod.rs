//! Trees: what a fitted tree is, and the models made of trees.

pub mod ensemble;
pub mod lightgbm;
pub mod predict;
mod table;
mod walk;
