//! Trees: what a fitted tree is, and the models made of trees.

pub mod ensemble;
