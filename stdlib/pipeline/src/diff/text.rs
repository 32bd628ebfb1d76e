//! The unified difference of two texts.

/// Lines around a change that are shown with it.
const AROUND: usize = 3;

/// What happened to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// In both: its numbers, from 0.
    Same(usize, usize),
    /// Only in the first.
    Gone(usize),
    /// Only in the second.
    New(usize),
}

/// The unified difference of two texts, as `diff -u` writes it without its first two lines; empty when they are equal.
pub fn unified(old: &str, new: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let script = script(&a, &b);
    let mut out = String::new();
    for (from, to) in hunks(&script) {
        hunk(&script[from..to], &a, &b, &mut out);
    }
    out
}

/// The shortest way from one to the other, through the longest common subsequence.
fn script(a: &[&str], b: &[&str]) -> Vec<Line> {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (mid_a, mid_b) = (&a[head..], &b[head..]);
    let tail = mid_a.iter().rev().zip(mid_b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (mid_a, mid_b) = (&mid_a[..mid_a.len() - tail], &mid_b[..mid_b.len() - tail]);
    let width = mid_b.len() + 1;
    let mut longest = vec![0_u32; (mid_a.len() + 1) * width];
    for i in (0..mid_a.len()).rev() {
        for j in (0..mid_b.len()).rev() {
            longest[i * width + j] = if mid_a[i] == mid_b[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let mut out: Vec<Line> = (0..head).map(|at| Line::Same(at, at)).collect();
    let (mut i, mut j) = (0, 0);
    while i < mid_a.len() || j < mid_b.len() {
        if i < mid_a.len() && j < mid_b.len() && mid_a[i] == mid_b[j] {
            out.push(Line::Same(head + i, head + j));
            (i, j) = (i + 1, j + 1);
        } else if i < mid_a.len() && (j == mid_b.len() || longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
            out.push(Line::Gone(head + i));
            i += 1;
        } else {
            out.push(Line::New(head + j));
            j += 1;
        }
    }
    out.extend((0..tail).map(|at| Line::Same(a.len() - tail + at, b.len() - tail + at)));
    out
}

/// Ranges of the script with changes and what is around them; those that would touch are one.
fn hunks(script: &[Line]) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for at in (0..script.len()).filter(|at| !matches!(script[*at], Line::Same(..))) {
        let (from, to) = (at.saturating_sub(AROUND), (at + AROUND + 1).min(script.len()));
        match out.last_mut() {
            Some(last) if last.1 >= from => last.1 = to,
            _ => out.push((from, to)),
        }
    }
    out
}

fn hunk(lines: &[Line], a: &[&str], b: &[&str], out: &mut String) {
    let mut old = lines.iter().filter_map(|line| match line {
        Line::Same(at, _) | Line::Gone(at) => Some(*at),
        Line::New(_) => None,
    });
    let mut new = lines.iter().filter_map(|line| match line {
        Line::Same(_, at) | Line::New(at) => Some(*at),
        Line::Gone(_) => None,
    });
    let range = |first: Option<usize>, more: usize| match first {
        Some(at) => format!("{},{}", at + 1, more + 1),
        None => "0,0".to_owned(),
    };
    let (first_old, first_new) = (old.next(), new.next());
    out.push_str(&format!("@@ -{} +{} @@\n", range(first_old, old.count()), range(first_new, new.count())));
    for line in lines {
        let (mark, text) = match line {
            Line::Same(at, _) => (' ', a[*at]),
            Line::Gone(at) => ('-', a[*at]),
            Line::New(at) => ('+', b[*at]),
        };
        out.push(mark);
        out.push_str(text);
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_no_difference() {
        assert_eq!(unified("a\nb\n", "a\nb\n"), "");
        assert_eq!(unified("", ""), "");
    }

    #[test]
    fn changes_are_shown_with_what_is_around() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n13\n";
        let expected = "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n@@ -10,3 +10,4 @@\n 10\n 11\n 12\n+13\n";
        assert_eq!(unified(old, new), expected);
    }

    #[test]
    fn all_can_be_new() {
        assert_eq!(unified("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
    }
}
