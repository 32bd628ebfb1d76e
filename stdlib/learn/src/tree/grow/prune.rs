//! Minimal cost-complexity pruning (Breiman, Friedman, Olshen & Stone 1984, chapter 3).

use crate::tree::ensemble::{LEAF, Tree};

/// Cuts back every branch whose splits gain at most `alpha` per leaf that they add: the smallest of the subtrees whose
/// impurity plus `alpha` per leaf is least.
pub(crate) fn prune(tree: &Tree, alpha: f64, width: usize) -> Tree {
    let nodes = tree.nodes();
    let mut is_leaf: Vec<bool> = tree.feature.iter().map(|&feature| feature == LEAF).collect();
    let (mut gains, mut leaves) = (vec![0.0; nodes], vec![1usize; nodes]);
    // Children come after their parents: from the end on, branches are pruned before what they hang on.
    for node in (0..nodes).rev().filter(|&node| tree.feature[node] != LEAF) {
        let (left, right) = (tree.left[node] as usize, tree.right[node] as usize);
        let gain = tree.gain[node] / tree.cover[0] + gains[left] + gains[right];
        let count = leaves[left] + leaves[right];
        if gain <= alpha * (count - 1) as f64 {
            is_leaf[node] = true;
        } else {
            (gains[node], leaves[node]) = (gain, count);
        }
    }
    rebuild(tree, &is_leaf, width)
}

/// The nodes that no leaf cuts off, in order.
fn reachable<'a>(tree: &'a Tree, is_leaf: &'a [bool]) -> impl Iterator<Item = usize> {
    let mut seen = vec![false; tree.nodes()];
    seen[0] = true;
    (0..tree.nodes()).filter(move |&node| {
        if seen[node] && !is_leaf[node] {
            seen[tree.left[node] as usize] = true;
            seen[tree.right[node] as usize] = true;
        }
        seen[node]
    })
}

fn rebuild(tree: &Tree, is_leaf: &[bool], width: usize) -> Tree {
    let kept: Vec<usize> = reachable(tree, is_leaf).collect();
    let mut place = vec![0u32; tree.nodes()];
    kept.iter().enumerate().for_each(|(new, &old)| place[old] = new as u32);
    let mut out = Tree { output: tree.output, ..Tree::default() };
    for &node in &kept {
        let leaf = is_leaf[node];
        out.feature.push(if leaf { LEAF } else { tree.feature[node] });
        out.threshold.push(if leaf { 0.0 } else { tree.threshold[node] });
        out.left.push(if leaf { 0 } else { place[tree.left[node] as usize] });
        out.right.push(if leaf { 0 } else { place[tree.right[node] as usize] });
        out.default_left.push(!leaf && tree.default_left[node]);
        out.value.extend_from_slice(&tree.value[node * width..(node + 1) * width]);
        out.cover.push(tree.cover[node]);
        out.gain.push(if leaf { 0.0 } else { tree.gain[node] });
        if let Some(set) = tree.set(node).filter(|_| !leaf) {
            out.categories.push((place[node], set.to_vec()));
        }
    }
    out
}
