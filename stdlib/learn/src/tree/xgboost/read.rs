//! From the text of an XGBoost file to a model.

use super::json::{At, flag, float, float_or_nan, natural, whole};
use super::{BASE, Link, XgboostModel, broken, refused};
use crate::error::LearnError;
use crate::tree::ensemble::{Ensemble, LEAF, Tree};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// More outputs than this are no model.
const MOST_OUTPUTS: usize = 100_000;

pub(super) fn model(text: &str) -> Result<XgboostModel, LearnError> {
    let text = without_nan(text);
    let no_json = |e| broken(format!("it is no JSON ({e})"));
    let (value, texts) = match apart(&text) {
        Some((value, texts)) => (value, Some(texts)),
        None => (serde_json::from_str(&text).map_err(no_json)?, None),
    };
    let learner = At::root(&value).get("learner")?;
    let booster = learner.get("gradient_booster")?;
    match booster.get("name")?.text()? {
        "gbtree" => {}
        "dart" => return Err(refused("it is a dart booster, which drops trees", "fit it with booster=\"gbtree\"")),
        other => return Err(refused(format!("its booster is \"{other}\""), "fit it with booster=\"gbtree\"")),
    }
    let objective = learner.get("objective")?;
    let name = objective.get("name")?.text()?;
    let link = Link::of(name)
        .ok_or_else(|| refused(format!("the objective {name} is not known"), "fit it with another objective"))?;
    let model = booster.get("model")?;
    let (n_features, base) = head(&learner, link)?;
    let trees = trees(&model, texts.as_deref(), n_features, base.len())?;
    let rounds = rounds(&model, trees.len(), base.len())?;
    let attributes = attributes(&learner)?;
    let base = exact(&attributes, &base, link).unwrap_or(base);
    let ensemble = Ensemble { n_features, base, width: 1, trees };
    if let Some(flaw) = ensemble.flaw() {
        return Err(broken(flaw));
    }
    let features = features(&learner, n_features)?;
    let categories = categories(&learner, &model, n_features)?;
    let params = objective.value.as_object().into_iter().flatten().filter(|(key, _)| *key != "name");
    let objective_params = params.map(|(key, value)| (key.clone(), value.clone())).collect();
    Ok(XgboostModel {
        ensemble,
        objective: name.to_owned(),
        objective_params,
        features,
        categories,
        attributes,
        rounds,
    })
}

/// The members of a file that are read, all but the trees as values. Those have some twenty numbers per node, each of which
/// takes 32 bytes and more as a value: they stay texts, and are values one after another.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    learner: Learner<'a>,
}

#[derive(Deserialize)]
struct Learner<'a> {
    #[serde(borrow)]
    gradient_booster: Booster<'a>,
    objective: Option<Value>,
    attributes: Option<Value>,
    learner_model_param: Option<Value>,
    feature_names: Option<Value>,
    feature_types: Option<Value>,
}

#[derive(Deserialize)]
struct Booster<'a> {
    name: Option<Value>,
    #[serde(borrow)]
    model: Model<'a>,
}

#[derive(Deserialize)]
struct Model<'a> {
    #[serde(borrow)]
    trees: Vec<&'a RawValue>,
    tree_info: Option<Value>,
    iteration_indptr: Option<Value>,
    gbtree_model_param: Option<Value>,
    cats: Option<Value>,
}

/// A file without its trees, and their texts; none for a file of another shape.
fn apart(text: &str) -> Option<(Value, Vec<&RawValue>)> {
    let File { learner } = serde_json::from_str(text).ok()?;
    let Booster { name, model } = learner.gradient_booster;
    let object = |members: Vec<(&str, Option<Value>)>| {
        let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(there.collect::<Map<String, Value>>())
    };
    let inner = object(vec![
        ("trees", Some(Value::Array(Vec::new()))),
        ("tree_info", model.tree_info),
        ("iteration_indptr", model.iteration_indptr),
        ("gbtree_model_param", model.gbtree_model_param),
        ("cats", model.cats),
    ]);
    let outer = object(vec![
        ("gradient_booster", Some(object(vec![("name", name), ("model", Some(inner))]))),
        ("objective", learner.objective),
        ("attributes", learner.attributes),
        ("learner_model_param", learner.learner_model_param),
        ("feature_names", learner.feature_names),
        ("feature_types", learner.feature_types),
    ]);
    Some((object(vec![("learner", Some(outer))]), model.trees))
}

/// XGBoost writes NaN where JSON has no number (1.7: as the threshold of splits by categories); here it becomes null.
fn without_nan(text: &str) -> Cow<'_, str> {
    if !text.contains("NaN") {
        return Cow::Borrowed(text);
    }
    // Every second part between quotes is a text, in which nothing is replaced; escaped quotes end none.
    let mut inside = false;
    let part = |part: &str| {
        let kept = if inside { part.to_owned() } else { part.replace("NaN", "null") };
        let slashes = part.len() - part.trim_end_matches('\\').len();
        inside = if inside { slashes % 2 == 1 } else { true };
        kept
    };
    Cow::Owned(text.split('"').map(part).collect::<Vec<_>>().join("\""))
}

/// Number of features, and the margin that each output starts from.
fn head(learner: &At<'_>, link: Link) -> Result<(usize, Vec<f64>), LearnError> {
    let params = learner.get("learner_model_param")?;
    let classes = params.get("num_class")?.count()?;
    let targets = params.find("num_target").map_or(Ok(1), |n| n.count())?;
    let outputs = classes.max(targets).max(1);
    if outputs > MOST_OUTPUTS {
        return Err(broken(format!("it has {outputs} outputs")));
    }
    let score = params.get("base_score")?;
    let text = score.text()?.trim();
    // One number; since 3.1 a list of one or of as many as there are outputs, in quotes.
    let list = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let scores: Result<Vec<f64>, _> = list.split(',').map(|s| s.trim().parse()).collect();
    let scores = scores.map_err(|_| score.wrong("a number or a list of numbers"))?;
    let margins: Vec<f64> = match scores.as_slice() {
        [one] => vec![link.margin(*one); outputs],
        many if many.len() == outputs => many.iter().map(|s| link.margin(*s)).collect(),
        _ => return Err(score.wrong("a number for each output")),
    };
    if margins.iter().any(|m| !m.is_finite()) {
        return Err(score.wrong("a score that the objective allows"));
    }
    Ok((params.get("num_feature")?.count()?, margins))
}

/// The starts that a model of ours kept, if they belong to this file's scores.
fn exact(attributes: &BTreeMap<String, String>, base: &[f64], link: Link) -> Option<Vec<f64>> {
    let kept: Vec<f64> = serde_json::from_str(attributes.get(BASE)?).ok()?;
    let near = |(a, b): (&f64, &f64)| {
        let (a, b) = (link.score(*a), link.score(*b));
        (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
    };
    (kept.len() == base.len() && kept.iter().zip(base).all(near)).then_some(kept)
}

/// The trees, from their texts if they were kept apart.
fn trees(
    model: &At<'_>,
    texts: Option<&[&RawValue]>,
    features: usize,
    outputs: usize,
) -> Result<Vec<Tree>, LearnError> {
    let list = model.get("trees")?;
    let info = model.get("tree_info")?;
    let of: Vec<u32> = info.numbers(natural)?;
    let from_text = |(i, text): (usize, &&RawValue)| {
        let value: Value = serde_json::from_str(text.get()).map_err(|e| broken(format!("it is no JSON ({e})")))?;
        tree(&At { value: &value, place: format!("{}[{i}]", list.place) }, features)
    };
    let trees: Vec<Tree> = match texts {
        Some(texts) => texts.iter().enumerate().map(from_text).collect::<Result<_, _>>()?,
        None => list.items()?.map(|at| tree(&at, features)).collect::<Result<_, _>>()?,
    };
    if of.len() != trees.len() {
        return Err(broken(format!("{} has {} entries for {} trees", info.place, of.len(), trees.len())));
    }
    let output = |(mut tree, output): (Tree, u32)| match (output as usize) < outputs {
        true => {
            tree.output = output;
            Ok(tree)
        }
        false => Err(broken(format!("{} holds the output {output} of {outputs}", info.place))),
    };
    trees.into_iter().zip(of).map(output).collect()
}

fn tree(at: &At<'_>, features: usize) -> Result<Tree, LearnError> {
    let vector = at.find("tree_param").and_then(|p| p.find("size_leaf_vector"));
    if vector.is_some_and(|n| n.count().is_ok_and(|n| n > 1)) {
        let flaw = format!("{} has leaves of several numbers", at.place);
        return Err(refused(flaw, "fit it with multi_strategy=\"one_output_per_tree\""));
    }
    let left: Vec<i64> = at.get("left_children")?.numbers(whole)?;
    let right: Vec<i64> = at.get("right_children")?.numbers(whole)?;
    let conditions: Vec<f64> = at.get("split_conditions")?.numbers(float_or_nan)?;
    let features_of: Vec<u32> = at.get("split_indices")?.numbers(natural)?;
    let default_left: Vec<bool> = at.get("default_left")?.numbers(flag)?;
    let cover: Vec<f64> = at.get("sum_hessian")?.numbers(float)?;
    let gain: Vec<f64> = at.get("loss_changes")?.numbers(float)?;
    let nodes = left.len();
    let lengths = [right.len(), conditions.len(), features_of.len(), default_left.len(), cover.len(), gain.len()];
    if nodes == 0 || lengths.iter().any(|&n| n != nodes) {
        return Err(broken(format!("the lists of {} differ in length, or are empty", at.place)));
    }
    let order = order(at, &left, &right)?;
    let mut place = vec![u32::MAX; nodes];
    order.iter().zip(0..).for_each(|(&node, new)| place[node] = new);
    let sets = sets(at, nodes)?;
    let mut tree = Tree::default();
    for &node in &order {
        let leaf = left[node] < 0;
        let set = sets.get(&node).filter(|_| !leaf);
        if !leaf && features_of[node] as usize >= features {
            return Err(broken(format!("{}: node {node} reads feature {} of {features}", at.place, features_of[node])));
        }
        if conditions[node].is_nan() && set.is_none() {
            return Err(broken(format!("{}: the split condition of node {node} is NaN", at.place)));
        }
        tree.feature.push(if leaf { LEAF } else { features_of[node] });
        tree.threshold.push(if leaf || set.is_some() { 0.0 } else { conditions[node] as f32 });
        tree.left.push(if leaf { 0 } else { place[left[node] as usize] });
        tree.right.push(if leaf { 0 } else { place[right[node] as usize] });
        tree.default_left.push(!leaf && default_left[node]);
        tree.value.push(if leaf { conditions[node] } else { 0.0 });
        tree.cover.push(cover[node].max(0.0));
        tree.gain.push(if leaf { 0.0 } else { gain[node] });
        if let Some(set) = set {
            tree.categories.push((place[node], set.clone()));
        }
    }
    tree.fill_means(1);
    Ok(tree)
}

/// The nodes that can be reached, parents first: as numbered if that is so already, otherwise level by level.
///
/// Pruning leaves holes behind and fills them later, so that children can have smaller numbers than their parents.
fn order(at: &At<'_>, left: &[i64], right: &[i64]) -> Result<Vec<usize>, LearnError> {
    let nodes = left.len();
    let mut found = vec![false; nodes];
    found[0] = true;
    let mut order = vec![0];
    let mut next = 0;
    while next < order.len() {
        let node = order[next];
        next += 1;
        if left[node] < 0 && right[node] < 0 {
            continue;
        }
        for child in [left[node], right[node]] {
            let Some(seen) = usize::try_from(child).ok().and_then(|child| found.get_mut(child)) else {
                return Err(broken(format!("{}: node {node} has the child {child} of {nodes} nodes", at.place)));
            };
            if std::mem::replace(seen, true) {
                return Err(broken(format!("{}: node {child} has two parents", at.place)));
            }
            order.push(child as usize);
        }
    }
    let mut sorted = order.clone();
    sorted.sort_unstable();
    let after = |&node: &usize| left[node] < 0 || (left[node] > node as i64 && right[node] > node as i64);
    Ok(if sorted.iter().all(after) { sorted } else { order })
}

/// The categories that go right, for each node that splits by categories.
fn sets(at: &At<'_>, nodes: usize) -> Result<BTreeMap<usize, Vec<u32>>, LearnError> {
    let Some(of) = at.find("categories_nodes") else { return Ok(BTreeMap::new()) };
    let categories: Vec<u32> = at.get("categories")?.numbers(natural)?;
    let starts: Vec<u32> = at.get("categories_segments")?.numbers(natural)?;
    let sizes: Vec<u32> = at.get("categories_sizes")?.numbers(natural)?;
    let of: Vec<u32> = of.numbers(natural)?;
    if starts.len() != of.len() || sizes.len() != of.len() {
        return Err(broken(format!("the lists of categories of {} differ in length", at.place)));
    }
    let set = |((&node, &start), &size): ((&u32, &u32), &u32)| {
        let set = categories.get(start as usize..start as usize + size as usize);
        // XGBoost knows categories below 2^24, which f32 tells apart.
        let fits = |set: &&[u32]| (node as usize) < nodes && set.iter().all(|&c| c < 1 << 24);
        set.filter(fits)
            .map(|set| (node as usize, set.to_vec()))
            .ok_or_else(|| broken(format!("{}: the categories of node {node} are out of range", at.place)))
    };
    of.iter().zip(&starts).zip(&sizes).map(set).collect()
}

/// Where each round begins; files before 2.0 do not say.
fn rounds(model: &At<'_>, trees: usize, outputs: usize) -> Result<Vec<usize>, LearnError> {
    if let Some(at) = model.find("iteration_indptr") {
        let rounds: Vec<u32> = at.numbers(natural)?;
        let fits =
            rounds.first() == Some(&0) && rounds.is_sorted() && rounds.last().map(|&n| n as usize) == Some(trees);
        return match fits {
            true => Ok(rounds.into_iter().map(|n| n as usize).collect()),
            false => Err(at.wrong("a list that ascends from 0 to the number of trees")),
        };
    }
    let parallel = model.find("gbtree_model_param").and_then(|p| p.find("num_parallel_tree"));
    let per_round = outputs * parallel.map_or(Ok(1), |n| n.count())?.max(1);
    if !trees.is_multiple_of(per_round) {
        return Err(broken(format!("{trees} trees are no whole number of rounds of {per_round}")));
    }
    Ok((0..=trees / per_round).map(|round| round * per_round).collect())
}

fn attributes(learner: &At<'_>) -> Result<BTreeMap<String, String>, LearnError> {
    let Some(at) = learner.find("attributes") else { return Ok(BTreeMap::new()) };
    let object = at.value.as_object().ok_or_else(|| at.wrong("an object"))?;
    let text = |key: &String| Ok((key.clone(), at.get(key)?.text()?.to_owned()));
    object.keys().map(text).collect()
}

fn features(learner: &At<'_>, count: usize) -> Result<Vec<String>, LearnError> {
    let names: Vec<String> = match learner.find("feature_names") {
        None => Vec::new(),
        Some(at) => at.items()?.map(|name| name.text().map(str::to_owned)).collect::<Result<_, _>>()?,
    };
    match names.len() {
        // XGBoost allows 2^32 features; names for more columns than a frame has are not made up.
        0 if count <= 1 << 20 => Ok((0..count).map(|j| format!("f{j}")).collect()),
        n if n == count => Ok(names),
        n => Err(broken(format!("it has {n} feature names for {count} features"))),
    }
}

/// The categories of each feature: known since 3.1 for text, otherwise only that there are some.
fn categories(learner: &At<'_>, model: &At<'_>, count: usize) -> Result<Vec<Option<Vec<String>>>, LearnError> {
    let mut all = vec![None; count];
    if let Some(types) = learner.find("feature_types") {
        for (place, kind) in all.iter_mut().zip(types.items()?) {
            *place = (kind.text()? == "c").then(Vec::new);
        }
    }
    if let Some(coded) = model.find("cats").and_then(|cats| cats.find("enc")) {
        for (place, coded) in all.iter_mut().zip(coded.items()?).filter(|(place, _)| place.is_some()) {
            *place = Some(words(&coded).unwrap_or_default());
        }
    }
    Ok(all)
}

/// The names in a list of bytes and the offsets between them; `None` if they are no texts.
fn words(coded: &At<'_>) -> Option<Vec<String>> {
    let offsets = coded.find("offsets")?.numbers(natural).ok()?;
    let bytes = coded.find("values")?.numbers(|v| v.as_i64().map(|b| b as u8)).ok()?;
    let word = |pair: &[u32]| String::from_utf8(bytes.get(pair[0] as usize..pair[1] as usize)?.to_vec()).ok();
    offsets.windows(2).map(word).collect()
}
