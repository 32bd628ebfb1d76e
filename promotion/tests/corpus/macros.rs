//! title: a macro of one's own
//! target: table
//! verdict: promotes
//! stages-cells: 2
//! outside: 1
//! dropped: 3

// %% 1
macro_rules! ratio {
    ($part:expr, $whole:expr) => { if $whole == 0.0 { f64::NAN } else { $part / $whole } };
}
// %% 2
let table: Vec<f64> = [(1.0, 4.0), (3.0, 0.0)].iter().map(|(part, whole)| ratio!(*part, *whole)).collect();
// %% 3
macro_rules! never { () => { 7 }; }
