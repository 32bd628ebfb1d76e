//! Shapley values of a tree, exactly: every leaf is a product over the features on its path, and the weights of Shapley
//! are an integral of products, which Gauss's points give without error.
//!
//! Along the path to a leaf of value `v` let feature `j` be known to let the row pass (`o` = 1) or not (`o` = 0), and let
//! `z` be the share of the training rows that pass where `j` is not known. With the features of a set S known the leaf is
//! worth `v` times the product of `o` over S and of `z` over the others. The weight `|S|! (d - |S| - 1)! / d!` is the
//! integral of `t^|S| (1 - t)^(d - |S| - 1)` over 0..1, so the sum over all S that Shapley's formula asks for becomes
//!
//! `phi_i = v (o_i - z_i) * integral over t of the product over j != i of ((1 - t) z_j + t o_j)`,
//!
//! a polynomial of degree d - 1 in t: Gauss-Legendre with d / 2 points is exact, and all its terms are positive, so nothing
//! cancels. The products are kept along a walk over the whole tree, so that a row costs a few multiplications per node and
//! point (the walk of Linear TreeSHAP, Yu et al. 2022; the values are those of Lundberg et al. 2018).

use ironbook_learn::tree::ensemble::{LEAF, Tree};

/// Most features on one path, and so most points.
pub(crate) const MOST_FEATURES: usize = 128;

/// What the edge to a node does, for a row that passed all edges of its feature above, and passes this one or not.
///
/// For a row that was stopped above by the same feature the product changes by `ratio` alone, and the feature's value not
/// at all.
#[derive(Clone, Debug)]
struct Edge<const Q: usize> {
    /// Factor of the product at each point: `f / f_above`, stopped here and passing.
    factor: [[f64; Q]; 2],
    /// Weights by which the sums below count for the feature: `w (o - z) / f`, less the same of the edge above.
    weight: [[f64; Q]; 2],
    /// Share of the parent's training rows that come here.
    ratio: f64,
    parent: u32,
    /// The node that the path comes to by the last edge of the same feature above this one; 0 if there is none.
    above: u32,
}

/// A tree laid out for its game, with `Q` points: exact for paths of up to `2 Q` features.
#[derive(Clone, Debug)]
pub(crate) struct Game<'a, const Q: usize> {
    tree: &'a Tree,
    /// By node; the root's stands for nothing.
    edges: Vec<Edge<Q>>,
    sets: Vec<Option<&'a [u32]>>,
}

/// Space for one row.
#[derive(Debug, Default)]
pub(crate) struct Scratch<const Q: usize> {
    /// By node: on the way down the product, on the way up the sum of the leaves below.
    sums: Vec<[f64; Q]>,
    /// Whether all edges to the node of the same feature as its last let the row pass.
    passed: Vec<bool>,
    /// 0 stopped by this edge, 1 passed, 2 stopped above.
    state: Vec<u8>,
}

impl<'a, const Q: usize> Game<'a, Q> {
    pub(crate) fn new(tree: &'a Tree) -> Self {
        let (points, weights) = gauss::<Q>();
        let root = Edge { factor: [[1.0; Q]; 2], weight: [[0.0; Q]; 2], ratio: 1.0, parent: 0, above: 0 };
        let mut edges = vec![root; tree.nodes()];
        // Share of the training rows that pass all edges of the feature of the edge to each node.
        let mut shares = vec![1.0; tree.nodes()];
        for node in (0..tree.nodes()).filter(|&node| tree.feature[node] != LEAF) {
            let above = last_of(tree, &edges, node);
            for child in [tree.left[node] as usize, tree.right[node] as usize] {
                let ratio = ratio(tree, node, child);
                let before: f64 = if above == 0 { 1.0 } else { shares[above] };
                let share = before * ratio;
                shares[child] = share;
                let edge = &mut edges[child];
                (edge.ratio, edge.parent, edge.above) = (ratio, node as u32, above as u32);
                for q in 0..Q {
                    let (t, w) = (points[q], weights[q]);
                    let (known, unknown) = ((1.0 - t) * share + t, (1.0 - t) * share);
                    let known_above = (1.0 - t) * before + t;
                    let weight_above = (1.0 - before) / known_above;
                    edge.factor[0][q] = unknown / known_above;
                    edge.factor[1][q] = known / known_above;
                    edge.weight[0][q] = -w * (1.0 / (1.0 - t) + weight_above);
                    edge.weight[1][q] = w * ((1.0 - share) / known - weight_above);
                }
            }
        }
        let sets = (0..tree.nodes()).map(|node| tree.set(node)).collect();
        Game { tree, edges, sets }
    }

    /// What number `k` of the leaves is worth on average, if nothing is known of a row.
    pub(crate) fn mean(&self, k: usize, width: usize) -> f64 {
        let mut reach = vec![1.0; self.tree.nodes()];
        let mut mean = 0.0;
        for node in 0..self.tree.nodes() {
            if node > 0 {
                reach[node] = reach[self.edges[node].parent as usize] * self.edges[node].ratio;
            }
            if self.tree.feature[node] == LEAF {
                mean += reach[node] * self.tree.value[node * width + k];
            }
        }
        mean
    }

    /// Walks down with a row: the products along all paths, and which edges it passes.
    pub(crate) fn down(&self, row: &[f32], scratch: &mut Scratch<Q>) {
        let nodes = self.tree.nodes();
        scratch.sums.resize(nodes, [1.0; Q]);
        scratch.passed.resize(nodes, true);
        scratch.state.resize(nodes, 1);
        scratch.sums[0] = [1.0; Q];
        scratch.passed[0] = true;
        for node in 0..nodes {
            let feature = self.tree.feature[node];
            if feature == LEAF {
                continue;
            }
            let left = self.goes_left(node, row[feature as usize]);
            let product = scratch.sums[node];
            let children = [self.tree.left[node] as usize, self.tree.right[node] as usize];
            for (child, taken) in children.into_iter().zip([left, !left]) {
                let edge = &self.edges[child];
                let open = scratch.passed[edge.above as usize] | (edge.above == 0);
                scratch.passed[child] = open & taken;
                if open {
                    scratch.state[child] = u8::from(taken);
                    let factor = &edge.factor[usize::from(taken)];
                    scratch.sums[child] = std::array::from_fn(|q| product[q] * factor[q]);
                } else {
                    scratch.state[child] = 2;
                    scratch.sums[child] = product.map(|p| p * edge.ratio);
                }
            }
        }
    }

    /// Walks up after [`down`](Self::down): adds to `values`, one per feature, what each is worth for number `k` of the leaves.
    pub(crate) fn up(&self, k: usize, width: usize, down: &Scratch<Q>, up: &mut Vec<[f64; Q]>, values: &mut [f64]) {
        let nodes = self.tree.nodes();
        up.clear();
        up.resize(nodes, [0.0; Q]);
        for node in (1..nodes).rev() {
            if self.tree.feature[node] == LEAF {
                let value = self.tree.value[node * width + k];
                up[node] = down.sums[node].map(|p| p * value);
            }
            let sums = up[node];
            let edge = &self.edges[node];
            let parent = edge.parent as usize;
            let into = &mut up[parent];
            for q in 0..Q {
                into[q] += sums[q];
            }
            let state = down.state[node];
            if state < 2 {
                values[self.tree.feature[parent] as usize] += dot(&edge.weight[usize::from(state)], &sums);
            }
        }
    }

    #[inline]
    fn goes_left(&self, node: usize, value: f32) -> bool {
        if value.is_nan() {
            return self.tree.default_left[node];
        }
        match self.sets[node] {
            None => value < self.tree.threshold[node],
            Some(set) => !(value >= 0.0 && set.contains(&(value as u32))),
        }
    }
}

/// In two lanes: half the instructions on any machine, and always in this order.
#[inline(always)]
fn dot<const Q: usize>(a: &[f64; Q], b: &[f64; Q]) -> f64 {
    let mut lanes = [0.0; 2];
    for (a, b) in a.as_chunks::<2>().0.iter().zip(b.as_chunks::<2>().0) {
        lanes[0] += a[0] * b[0];
        lanes[1] += a[1] * b[1];
    }
    lanes[0] + lanes[1]
}

/// The node that the path to `node` (itself included) comes to by its last edge of the feature that `node` splits by.
fn last_of<const Q: usize>(tree: &Tree, edges: &[Edge<Q>], node: usize) -> usize {
    let mut at = node;
    while at != 0 {
        let parent = edges[at].parent as usize;
        if tree.feature[parent] == tree.feature[node] {
            return at;
        }
        at = parent;
    }
    0
}

/// Share of the training rows at `node` that go on to `child`; half of them where there were none.
fn ratio(tree: &Tree, node: usize, child: usize) -> f64 {
    let whole = match tree.cover[node] {
        cover if cover > 0.0 => cover,
        _ => tree.cover[tree.left[node] as usize] + tree.cover[tree.right[node] as usize],
    };
    if whole > 0.0 { tree.cover[child] / whole } else { 0.5 }
}

/// The most features that a path of the tree has.
pub(crate) fn features_on_a_path(tree: &Tree) -> usize {
    let mut parents = vec![0usize; tree.nodes()];
    let mut counts = vec![0usize; tree.nodes()];
    for node in (0..tree.nodes()).filter(|&node| tree.feature[node] != LEAF) {
        let mut at = node;
        let mut new = true;
        while new && at != 0 {
            at = parents[at];
            new = tree.feature[at] != tree.feature[node];
        }
        for child in [tree.left[node] as usize, tree.right[node] as usize] {
            parents[child] = node;
            counts[child] = counts[node] + usize::from(new);
        }
    }
    counts.into_iter().max().unwrap_or(0)
}

/// The points and weights of Gauss and Legendre on 0..1, by Newton's method on the polynomial.
pub(crate) fn gauss<const Q: usize>() -> ([f64; Q], [f64; Q]) {
    let (mut points, mut weights) = ([0.0; Q], [0.0; Q]);
    for i in 0..Q {
        let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (Q as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..100 {
            let (mut before, mut value) = (1.0, x);
            for k in 2..=Q {
                let k = k as f64;
                (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
            }
            slope = Q as f64 * (x * value - before) / (x * x - 1.0);
            let step = value / slope;
            x -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        points[i] = (1.0 - x) / 2.0;
        weights[i] = 1.0 / ((1.0 - x * x) * slope * slope);
    }
    (points, weights)
}
