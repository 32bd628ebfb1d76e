//! A single tree in words.

use super::ensemble::{LEAF, Tree};
use super::grow::fitted::{Fitted, largest};
use crate::table::number;
use ironbook_data::Kind;
use std::fmt::Write as _;

impl Fitted {
    /// The first tree in words: a line per condition and per leaf, indented by depth.
    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        // Node, depth, and the condition under which it is reached.
        let mut stack: Vec<(usize, usize, Option<String>)> = vec![(0, 0, None)];
        while let Some((node, depth, condition)) = stack.pop() {
            if let Some(condition) = condition {
                let _ = writeln!(out, "{}{condition}", "|   ".repeat(depth - 1));
            }
            if self.tree().feature[node] == LEAF {
                let _ = writeln!(out, "{}{}", "|   ".repeat(depth), self.leaf_text(node));
                continue;
            }
            let [left, right] = self.conditions(node);
            stack.push((self.tree().right[node] as usize, depth + 1, Some(right)));
            stack.push((self.tree().left[node] as usize, depth + 1, Some(left)));
        }
        out
    }

    fn tree(&self) -> &Tree {
        &self.ensemble.trees[0]
    }

    /// What holds for the rows on the left and on the right of a node.
    fn conditions(&self, node: usize) -> [String; 2] {
        let tree = self.tree();
        let feature = &self.signature.features[tree.feature[node] as usize];
        let name = &feature.name;
        let [mut left, mut right] = match (tree.set(node), &feature.kind) {
            (Some(set), Kind::Categorical(names)) => {
                let named: Vec<&str> = set.iter().map(|&code| names[code as usize].as_str()).collect();
                [format!("{name} not in ({})", named.join(", ")), format!("{name} in ({})", named.join(", "))]
            }
            _ if tree.threshold[node] == f32::MAX => [format!("{name} is known"), format!("{name} is missing")],
            _ => {
                // The largest value on the left: `x < threshold` and `x <= midpoint` hold for the same values.
                let midpoint = number(f64::from(tree.threshold[node].next_down()));
                [format!("{name} <= {midpoint}"), format!("{name} > {midpoint}")]
            }
        };
        if tree.threshold[node] != f32::MAX {
            let side = if tree.default_left[node] { &mut left } else { &mut right };
            side.push_str(" or missing");
        }
        [left, right]
    }

    fn leaf_text(&self, node: usize) -> String {
        let width = self.ensemble.width;
        let values = &self.tree().value[node * width..(node + 1) * width];
        let rows = number(self.tree().cover[node]);
        match &self.signature.classes {
            None => format!("value {} ({rows} rows)", number(values[0])),
            Some(classes) => {
                let two = [1.0 - values[0], values[0]];
                let shares = if width == 1 { &two[..] } else { values };
                let class = largest(shares.iter().copied());
                format!("class {} ({:.1}% of {rows} rows)", classes.names()[class], 100.0 * shares[class])
            }
        }
    }
}
