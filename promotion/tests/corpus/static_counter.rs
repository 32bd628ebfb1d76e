//! title: a counter in a static gives each row its number
//! target: ids
//! verdict: refuses
//! reason: statics
//! at: 1:2 1:3 3:1
//! remedy: variable

// %% 1
use std::sync::atomic::{AtomicU64, Ordering};
static NEXT: AtomicU64 = AtomicU64::new(1);
fn next_id() -> u64 { NEXT.fetch_add(1, Ordering::SeqCst) }
// %% 2
let names = vec!["ada".to_owned(), "grace".to_owned()];
// %% 3
let ids: Vec<u64> = names.iter().map(|_| next_id()).collect();
