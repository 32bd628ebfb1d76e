//! title: threads fill a shared list, and are joined
//! target: sorted
//! verdict: promotes
//! stages-cells: 1 2 3
//! merged: 1 2 3

// %% 1
use std::sync::{Arc, Mutex};
let found: Arc<Mutex<Vec<u64>>> = Arc::new(Mutex::new(Vec::new()));
// %% 2
let workers: Vec<_> = (0..4u64)
    .map(|n| {
        let found = Arc::clone(&found);
        std::thread::spawn(move || found.lock().unwrap().push(n * n))
    })
    .collect();
for worker in workers {
    worker.join().unwrap();
}
// %% 3
let sorted = { let mut all = found.lock().unwrap().clone(); all.sort(); all };
