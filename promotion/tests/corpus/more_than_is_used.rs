//! title: helpers with more than is used, capital letters, and a value that is replaced before anybody reads it
//! target: total
//! verdict: promotes
//! stages-cells: 2 3
//! outside: 1
//! runs: 1 2 3

// %% 1
#[derive(Clone, Debug)]
struct Setting { depth: usize, name: String }
impl Setting {
    fn new(depth: usize) -> Setting { Setting { depth, name: "deep".to_owned() } }
    fn never_called(&self) -> usize { self.depth }
}
enum Speed { Fast, Slow }
mod sizes {
    pub fn small() -> usize { 1 }
    pub fn large() -> usize { 100 }
}
// %% 2
let setting = Setting::new(3);
let speed = Speed::Fast;
let X = setting.depth * match speed { Speed::Fast => 1, Speed::Slow => 2 } + sizes::small();
let (first, second) = (X + 1, X + 2);
// %% 3
let mut best = 0;
best = first * X;
let mut counted = 0;
for n in 0..best { counted += n; }
let total = best;
