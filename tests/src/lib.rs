//! Whole-system tests of Ironbook; they are in `tests/`, and this library is empty.
