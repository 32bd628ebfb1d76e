//! title: a struct without serde goes between two cells
//! target: area
//! verdict: promotes
//! stages-cells: 1 2
//! merged: 1 2

// %% 1
struct Plot { width: f64, depth: f64 }
impl Plot { fn area(&self) -> f64 { self.width * self.depth } }
let plot_of_land = Plot { width: 20.0, depth: 30.5 };
// %% 2
let area = plot_of_land.area();
