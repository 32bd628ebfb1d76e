//! Charts: what each output promises.

mod input;
mod output;
mod terminal;
