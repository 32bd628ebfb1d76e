//! title: a module with helpers
//! target: cleaned
//! verdict: promotes
//! stages-cells: 2 3
//! outside: 1

// %% 1
mod text {
    const MARKS: &[char] = &['.', ',', '!'];

    fn plain(word: &str) -> String {
        word.trim_matches(MARKS).to_lowercase()
    }

    pub fn clean(line: &str) -> Vec<String> {
        line.split(' ').map(plain).collect()
    }
}
// %% 2
let line = "Late again, and again!".to_owned();
// %% 3
use text::clean;
let cleaned = clean(&line);
