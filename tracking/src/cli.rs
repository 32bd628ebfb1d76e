//! `ironbook track ...`.
