//! How much of what a cell prints is passed on: all of it, unless it floods.
//!
//! Jupyter's server drops output above 1 MB a second (over 3 s), and a browser stands a few megabytes. So bursts are cut
//! here, in the middle and saying so: the beginning is passed on, the end is kept and follows.

use std::time::{Duration, Instant};

/// What may be printed at once.
const BURST: f64 = 1.5e6;
/// And so much per second, on and on.
const RATE: f64 = 200e3;
/// What is kept of the end.
const TAIL: usize = 1 << 20;
/// What a cell may print in all, unless `IRONBOOK_OUTPUT_MB` says otherwise.
pub const DEFAULT_TOTAL: usize = 8 << 20;

/// The flood gate of one stream.
#[derive(Debug)]
pub struct Limit {
    burst: f64,
    tokens: f64,
    refilled: Instant,
    /// Bytes that may still be passed on.
    left: usize,
    /// The newest bytes that were held back, and how many older ones were given up.
    tail: String,
    lost: usize,
}

impl Limit {
    /// For a cell that may print `total` bytes.
    pub fn new(total: usize, now: Instant) -> Limit {
        // Whoever asks for more than usual gets it at once.
        let burst = if total > DEFAULT_TOTAL { total as f64 } else { BURST };
        Limit { burst, tokens: burst, refilled: now, left: total, tail: String::new(), lost: 0 }
    }

    /// Takes text; what may be passed on now.
    pub fn push(&mut self, text: String, now: Instant) -> Option<String> {
        self.refill(now);
        if self.tail.is_empty() && text.len() <= self.left && text.len() as f64 <= self.tokens {
            self.spend(text.len());
            return Some(text);
        }
        self.tail.push_str(&text);
        if self.tail.len() > 2 * TAIL {
            self.shorten();
        }
        self.due(now)
    }

    /// What was held back, when it may be passed on now.
    pub fn due(&mut self, now: Instant) -> Option<String> {
        self.refill(now);
        let size = self.tail.len().min(TAIL);
        // A tenth of a burst: after a flood not a line at a time.
        let enough = size as f64 <= self.tokens && self.tokens >= self.burst / 10.0;
        if self.tail.is_empty() || !enough || size > self.left {
            return None;
        }
        self.spend(size);
        self.take()
    }

    /// When to ask again for what is held back.
    pub fn wait(&self) -> Option<Duration> {
        (!self.tail.is_empty() && self.left > 0).then_some(Duration::from_millis(250))
    }

    /// At the end of the cell: what is held back.
    pub fn finish(&mut self) -> Option<String> {
        if self.tail.is_empty() { None } else { self.take() }
    }

    fn take(&mut self) -> Option<String> {
        self.shorten();
        let tail = std::mem::take(&mut self.tail);
        Some(match std::mem::take(&mut self.lost) {
            0 => tail,
            lost => {
                let lost = size(lost);
                format!("\n[{lost} left out here: too much was printed at once; a file keeps all of it]\n{tail}")
            }
        })
    }

    fn shorten(&mut self) {
        if self.tail.len() <= TAIL {
            return;
        }
        let from = self.tail.len() - TAIL;
        // From the start of a line, if there is one near.
        let line =
            self.tail.as_bytes()[from..].iter().take(4096).position(|byte| *byte == b'\n').map(|at| from + at + 1);
        let cut = line.unwrap_or_else(|| (from..).find(|at| self.tail.is_char_boundary(*at)).unwrap_or(from));
        self.lost += cut;
        self.tail.drain(..cut);
    }

    fn spend(&mut self, bytes: usize) {
        self.tokens -= bytes as f64;
        self.left -= bytes;
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.refilled).as_secs_f64();
        self.tokens = (self.tokens + passed * RATE).min(self.burst);
        self.refilled = now;
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(range: std::ops::Range<usize>) -> String {
        range.map(|number| format!("line {number}\n")).collect()
    }

    #[test]
    fn what_is_usual_passes_whole() {
        let now = Instant::now();
        let mut limit = Limit::new(DEFAULT_TOTAL, now);
        let text = lines(0..10_000);
        let passed: String = text.split_inclusive('\n').filter_map(|line| limit.push(line.into(), now)).collect();
        assert_eq!(passed, text);
        assert_eq!(limit.finish(), None);
    }

    #[test]
    fn a_flood_keeps_beginning_and_end_and_says_what_is_missing() {
        let now = Instant::now();
        let mut limit = Limit::new(DEFAULT_TOTAL, now);
        let text = lines(0..4_000_000);
        let mut passed = String::new();
        for chunk in text.as_bytes().chunks(65_536) {
            passed.extend(limit.push(String::from_utf8(chunk.to_vec()).unwrap(), now));
        }
        passed.extend(limit.finish());
        assert!(passed.starts_with("line 0\nline 1\n"));
        assert!(passed.ends_with("line 3999999\n"));
        assert!(passed.contains("MB left out here"));
        assert!(passed.len() < 3_100_000, "{}", passed.len());
    }

    #[test]
    fn a_slow_printer_is_never_cut_until_the_total() {
        let mut now = Instant::now();
        let mut limit = Limit::new(4_000_000, now);
        let mut passed = 0;
        for _ in 0..60 {
            now += Duration::from_secs(1);
            passed += limit.push("x".repeat(100_000), now).map_or(0, |text| text.len());
        }
        assert!((3_900_000..=4_000_000).contains(&passed), "{passed}");
        let end = limit.finish().unwrap();
        assert!(end.contains("left out") && end.len() > 1_000_000);
    }

    #[test]
    fn after_a_flood_the_end_follows_when_there_is_room_again() {
        let mut now = Instant::now();
        let mut limit = Limit::new(DEFAULT_TOTAL, now);
        (0..100).for_each(|_| drop(limit.push("y".repeat(50_000), now)));
        assert!(limit.wait().is_some() && limit.due(now).is_none());
        now += Duration::from_secs(8);
        assert!(limit.due(now).unwrap().contains("left out"));
        assert_eq!(limit.push("z".into(), now), Some("z".into()));
    }
}
