//! title: the working directory was changed, and a file is read from there
//! target: rows
//! verdict: refuses
//! reason: environment
//! at: 1:1
//! remedy: path

// %% 1
%cd data
let sales = read_csv("sales.csv")?;
// %% 2
let rows = sales.height();
