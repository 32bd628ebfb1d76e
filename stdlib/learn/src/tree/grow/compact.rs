//! Trees in files: a line of text per list of numbers, so that a forest of millions of nodes stays readable and small.

use crate::tree::ensemble::{Ensemble, LEAF, Tree};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::{Debug, Write as _};
use std::str::FromStr;

/// An [`Ensemble`] in a file.
#[derive(Serialize, Deserialize)]
struct Written {
    n_features: usize,
    base: Vec<f64>,
    width: usize,
    trees: Vec<Lines>,
}

/// A [`Tree`] in a file: numbers separated by blanks. Of leaves only `feature` (`-`), `value` and `cover` are written.
#[derive(Serialize, Deserialize)]
struct Lines {
    feature: String,
    threshold: String,
    left: String,
    right: String,
    /// A `1` or `0` per inner node.
    default_left: String,
    /// The node and the categories that go right, for each split by categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    categories: Vec<String>,
    value: String,
    cover: String,
    gain: String,
    output: u32,
}

pub(super) fn serialize<S: Serializer>(ensemble: &Ensemble, to: S) -> Result<S::Ok, S::Error> {
    let trees = ensemble.trees.iter().map(write).collect();
    let Ensemble { n_features, base, width, .. } = ensemble;
    Written { n_features: *n_features, base: base.clone(), width: *width, trees }.serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Ensemble, D::Error> {
    let Written { n_features, base, width, trees } = Written::deserialize(from)?;
    let trees = trees.iter().enumerate().map(|(t, lines)| read(lines).map_err(|what| format!("tree {t}: {what}")));
    let trees = trees.collect::<Result<_, _>>().map_err(D::Error::custom)?;
    let ensemble = Ensemble { n_features, base, width, trees };
    match ensemble.flaw() {
        None => Ok(ensemble),
        Some(flaw) => Err(D::Error::custom(flaw)),
    }
}

fn write(tree: &Tree) -> Lines {
    let inner: Vec<usize> = (0..tree.nodes()).filter(|&node| tree.feature[node] != LEAF).collect();
    let feature = |&feature: &u32| if feature == LEAF { "-".to_owned() } else { feature.to_string() };
    let set = |(node, set): &(u32, Vec<u32>)| format!("{node} {}", line(set.iter()));
    Lines {
        feature: tree.feature.iter().map(feature).collect::<Vec<_>>().join(" "),
        threshold: line(inner.iter().map(|&node| tree.threshold[node])),
        left: line(inner.iter().map(|&node| tree.left[node])),
        right: line(inner.iter().map(|&node| tree.right[node])),
        default_left: inner.iter().map(|&node| if tree.default_left[node] { '1' } else { '0' }).collect(),
        categories: tree.categories.iter().map(set).collect(),
        value: line(tree.value.iter()),
        cover: line(tree.cover.iter()),
        gain: line(inner.iter().map(|&node| tree.gain[node])),
        output: tree.output,
    }
}

/// The numbers in the shortest form that gives them back.
fn line(numbers: impl Iterator<Item = impl Debug>) -> String {
    let mut out = String::new();
    for number in numbers {
        let start = out.len();
        write!(out, " {number:?}").expect("text in memory takes everything");
        if out[start..].ends_with(".0") {
            out.truncate(out.len() - 2);
        }
    }
    if !out.is_empty() {
        out.remove(0);
    }
    out
}

fn read(lines: &Lines) -> Result<Tree, String> {
    let feature = |text: &str| if text == "-" { Ok(LEAF) } else { number("feature", text) };
    let feature: Vec<u32> = lines.feature.split_ascii_whitespace().map(feature).collect::<Result<_, _>>()?;
    let inner: Vec<usize> = (0..feature.len()).filter(|&node| feature[node] != LEAF).collect();
    let default_left = lines.default_left.bytes().map(|byte| byte == b'1').collect();
    let set = |text: &String| {
        let mut words = text.split_ascii_whitespace();
        let node = number("categories", words.next().unwrap_or(""))?;
        Ok((node, words.map(|word| number("categories", word)).collect::<Result<_, String>>()?))
    };
    Ok(Tree {
        threshold: spread("threshold", numbers("threshold", &lines.threshold)?, &inner, feature.len())?,
        left: spread("left", numbers("left", &lines.left)?, &inner, feature.len())?,
        right: spread("right", numbers("right", &lines.right)?, &inner, feature.len())?,
        default_left: spread("default_left", default_left, &inner, feature.len())?,
        categories: lines.categories.iter().map(set).collect::<Result<_, String>>()?,
        value: numbers("value", &lines.value)?,
        cover: numbers("cover", &lines.cover)?,
        gain: spread("gain", numbers("gain", &lines.gain)?, &inner, feature.len())?,
        output: lines.output,
        feature,
    })
}

fn numbers<T: FromStr>(name: &str, text: &str) -> Result<Vec<T>, String> {
    text.split_ascii_whitespace().map(|word| number(name, word)).collect()
}

fn number<T: FromStr>(name: &str, word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("{name} has \"{word}\" where a number is expected"))
}

/// The values of the inner nodes at their places among all nodes.
fn spread<T: Copy + Default>(name: &str, values: Vec<T>, inner: &[usize], nodes: usize) -> Result<Vec<T>, String> {
    if values.len() != inner.len() {
        return Err(format!("{name} has {} values for {} inner nodes", values.len(), inner.len()));
    }
    let mut all = vec![T::default(); nodes];
    inner.iter().zip(values).for_each(|(&node, value)| all[node] = value);
    Ok(all)
}
