//! Trees: what a fitted tree is, and the models made of trees.

pub mod ensemble;
pub mod forest;
mod group;
mod grow;
mod layout;
pub mod lightgbm;
mod model;
pub mod predict;
pub mod single;
mod table;
mod text;
mod walk;
pub mod xgboost;

pub use model::TreeModel;
