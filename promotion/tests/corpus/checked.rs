//! title: a needed cell checks what it made
//! target: shares
//! verdict: promotes
//! stages-cells: 1 2

// %% 1
let counts = vec![2.0, 3.0, 5.0];
// %% 2
let shares: Vec<f64> = counts.iter().map(|count| count / 10.0).collect();
assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "shares add up to one");
