//! title: a list of words is read past the library
//! target: kept
//! verdict: refuses
//! reason: file
//! at: 1:1
//! remedy: // data:
//! allow: file
//! verdict: promotes
//! stages-cells: 1 2

// %% 1
let text = std::fs::read_to_string("data/stopwords.txt")?;
let stop: Vec<String> = text.lines().map(str::to_owned).collect();
// %% 2
let kept: Vec<String> =
    "the cost of a late train".split(' ').filter(|w| !stop.iter().any(|s| s == w)).map(str::to_owned).collect();
