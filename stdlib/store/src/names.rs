//! Names for runs and models that were given none.

/// A name that can be spoken, for a run that was given none; the same for the same id.
pub(crate) fn run_name(id: &str) -> String {
    const FIRST: [&str; 32] = [
        "able", "amber", "bold", "brave", "brisk", "calm", "clear", "deft", "eager", "early", "fair", "fleet", "fresh",
        "gentle", "glad", "golden", "keen", "kind", "light", "lively", "lucid", "merry", "neat", "noble", "quick",
        "quiet", "rapid", "sharp", "silver", "steady", "swift", "warm",
    ];
    const SECOND: [&str; 32] = [
        "alder", "badger", "beech", "birch", "crane", "dove", "eagle", "elm", "falcon", "fern", "finch", "fox", "hare",
        "hawk", "hazel", "heron", "ibis", "kite", "lark", "linden", "lynx", "maple", "marten", "otter", "owl", "raven",
        "robin", "rowan", "stork", "swan", "thrush", "wren",
    ];
    let digits = |at: usize| id.get(at..at + 4).and_then(|d| usize::from_str_radix(d, 16).ok()).unwrap_or(0);
    format!("{}-{}-{:03}", FIRST[digits(0) % 32], SECOND[digits(4) % 32], digits(8) % 1000)
}
