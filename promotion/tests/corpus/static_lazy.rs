//! title: a table that is computed once, and a constant
//! target: words
//! verdict: promotes
//! stages-cells: 2 3
//! outside: 1

// %% 1
use std::collections::HashMap;
use std::sync::LazyLock;
const SHORT: [(&str, &str); 2] = [("u", "you"), ("r", "are")];
static LONG: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| SHORT.into_iter().collect());
fn lengthen(word: &str) -> String { LONG.get(word).copied().unwrap_or(word).to_owned() }
// %% 2
let typed = "u r late".to_owned();
// %% 3
let words: Vec<String> = typed.split(' ').map(lengthen).collect();
