//! title: the unseeded call hides in a function
//! target: noisy
//! verdict: refuses
//! reason: random
//! at: 1:2 3:1
//! remedy: seed

// %% 1
fn jitter(x: f64) -> f64 {
    x + 0.01 * ironbook::rand::random::<f64>()
}
// %% 2
let clean = vec![1.0, 2.0, 3.0];
// %% 3
let noisy: Vec<f64> = clean.iter().map(|x| jitter(*x)).collect();
