//! title: a generic function and a trait with two implementations
//! target: scores
//! verdict: promotes
//! stages-cells: 3
//! outside: 1 2

// %% 1
trait Score { fn score(&self, text: &str) -> f64; }
struct Length;
struct Vowels;
impl Score for Length { fn score(&self, text: &str) -> f64 { text.len() as f64 } }
impl Score for Vowels { fn score(&self, text: &str) -> f64 { text.chars().filter(|c| "aeiou".contains(*c)).count() as f64 } }
// %% 2
fn largest<T: PartialOrd + Copy>(all: &[T]) -> Option<T> {
    all.iter().copied().fold(None, |best, x| match best { Some(b) if b >= x => Some(b), _ => Some(x) })
}
// %% 3
let texts = ["the quick fox", "a bee", "onomatopoeia"];
let scores: Vec<Option<f64>> = [&Length as &dyn Score, &Vowels]
    .iter()
    .map(|by| largest(&texts.map(|text| by.score(text))))
    .collect();
