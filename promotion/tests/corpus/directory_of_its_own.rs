//! title: cells of their own changed the directory, and each file is the one that was read there
//! target: share
//! verdict: promotes
//! stages-cells: 1 3 5
//! dropped: 2 4
//! data: patients=data/patients.csv sales=sales.csv
//! runs: 1 2 3 4 5

// %% 1
let all = read_csv("data/patients.csv")?.height();
// %% 2
%cd data
// %% 3
let sales = read_csv("sales.csv")?.height();
// %% 4
%cd ..
// %% 5
let share = sales as f64 / all as f64;
