//! From a model to the text of an XGBoost file.

use super::{BASE, Link, XgboostModel, broken, refused};
use crate::error::LearnError;
use crate::tree::ensemble::{LEAF, Tree};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The version of XGBoost whose form is written.
const VERSION: [u32; 3] = [3, 2, 0];

pub(super) fn text(model: &XgboostModel) -> Result<String, LearnError> {
    let ensemble = &model.ensemble;
    if ensemble.width != 1 {
        return Err(refused("its leaves have several numbers", "XGBoost's files hold one number per leaf"));
    }
    let link = Link::of(&model.objective).ok_or_else(|| {
        refused(format!("the objective {} is not known", model.objective), "name an objective of XGBoost")
    })?;
    let numbers = ensemble.trees.iter().flat_map(|tree| tree.value.iter().chain(&tree.cover).chain(&tree.gain));
    if numbers.chain(&ensemble.base).any(|x| !x.is_finite()) {
        return Err(broken("it holds NaN or infinite numbers"));
    }
    let trees: Vec<Value> = ensemble.trees.iter().enumerate().map(|(id, t)| tree(t, id, ensemble.n_features)).collect();
    let classes = if model.objective.starts_with("multi:") { ensemble.outputs() } else { 0 };
    let mut objective = Map::new();
    objective.insert("name".to_owned(), json!(model.objective));
    objective.extend(model.objective_params.clone());
    let mut attributes = model.attributes.clone();
    attributes.insert(BASE.to_owned(), json!(ensemble.base).to_string());
    let kind = |categories: &Option<Vec<String>>| if categories.is_some() { "c" } else { "float" };
    let mut booster = json!({
        "gbtree_model_param": { "num_parallel_tree": "1", "num_trees": trees.len().to_string() },
        "iteration_indptr": model.rounds,
        "tree_info": ensemble.trees.iter().map(|tree| tree.output).collect::<Vec<_>>(),
        "trees": trees,
    });
    if let Some(cats) = cats(&model.categories) {
        booster["cats"] = cats;
    }
    let file = json!({
        "learner": {
            "attributes": attributes,
            "feature_names": model.features,
            "feature_types": model.categories.iter().map(kind).collect::<Vec<_>>(),
            "gradient_booster": { "model": booster, "name": "gbtree" },
            "learner_model_param": {
                "base_score": base_score(&ensemble.base, link),
                "boost_from_average": "1",
                "num_class": classes.to_string(),
                "num_feature": ensemble.n_features.to_string(),
                "num_target": "1",
            },
            "objective": objective,
        },
        "version": VERSION,
    });
    Ok(file.to_string())
}

/// One number where all outputs start alike, which every version reads; otherwise a list, which 3.1 and later read.
///
/// In the digits of an `f32`: XGBoost 1.7 starts from 0.5 where there are more.
fn base_score(base: &[f64], link: Link) -> String {
    let scores: Vec<String> = base.iter().map(|&margin| format!("{:E}", link.score(margin) as f32)).collect();
    match scores.split_first() {
        Some((first, rest)) if rest.iter().all(|score| score == first) => first.clone(),
        _ => format!("[{}]", scores.join(",")),
    }
}

fn tree(tree: &Tree, id: usize, features: usize) -> Value {
    let nodes = tree.nodes();
    let leaf = |node: usize| tree.feature[node] == LEAF;
    let each = |of: &dyn Fn(usize) -> Value| Value::Array((0..nodes).map(of).collect());
    let mut parents = vec![i64::from(i32::MAX); nodes];
    for node in (0..nodes).filter(|&node| !leaf(node)) {
        parents[tree.left[node] as usize] = node as i64;
        parents[tree.right[node] as usize] = node as i64;
    }
    let mut starts = Vec::with_capacity(tree.categories.len());
    let mut all = Vec::new();
    for (_, set) in &tree.categories {
        starts.push(all.len());
        all.extend_from_slice(set);
    }
    let child = |of: &[u32], node: usize| if leaf(node) { json!(-1) } else { json!(of[node]) };
    json!({
        "base_weights": tree.value,
        "categories": all,
        "categories_nodes": tree.categories.iter().map(|(node, _)| *node).collect::<Vec<_>>(),
        "categories_segments": starts,
        "categories_sizes": tree.categories.iter().map(|(_, set)| set.len()).collect::<Vec<_>>(),
        "default_left": each(&|node| json!(u8::from(tree.default_left[node]))),
        "id": id,
        "left_children": each(&|node| child(&tree.left, node)),
        "loss_changes": tree.gain,
        "parents": parents,
        "right_children": each(&|node| child(&tree.right, node)),
        "split_conditions": each(&|node| condition(tree, node)),
        "split_indices": each(&|node| json!(if leaf(node) { 0 } else { tree.feature[node] })),
        "split_type": each(&|node| json!(u8::from(tree.set(node).is_some()))),
        "sum_hessian": tree.cover,
        "tree_param": {
            "num_deleted": "0",
            "num_feature": features.to_string(),
            "num_nodes": nodes.to_string(),
            "size_leaf_vector": "1",
        },
    })
}

/// A leaf's value, a split's threshold in the digits that an `f32` needs.
fn condition(tree: &Tree, node: usize) -> Value {
    match tree.feature[node] {
        LEAF => json!(tree.value[node]),
        // JSON has no infinity; beyond the largest f32 nothing but infinity itself goes another way.
        _ => json!(tree.threshold[node].clamp(f32::MIN, f32::MAX)),
    }
}

/// Names of categories in XGBoost's form, if all features with categories have names.
fn cats(categories: &[Option<Vec<String>>]) -> Option<Value> {
    let named = |names: &Option<Vec<String>>| names.as_ref().is_none_or(|names| !names.is_empty());
    if categories.iter().all(Option::is_none) || !categories.iter().all(named) {
        return None;
    }
    let mut segments = vec![0];
    let mut sorted = Vec::new();
    let mut coded = Vec::new();
    for names in categories {
        let names = names.as_deref().unwrap_or_default();
        let mut offsets = vec![0];
        let mut bytes: Vec<i8> = Vec::new();
        for name in names {
            bytes.extend(name.bytes().map(|b| b as i8));
            offsets.push(bytes.len());
        }
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by_key(|&i| &names[i]);
        segments.push(segments.last().copied().unwrap_or(0) + names.len());
        sorted.extend(order);
        coded.push(match names.is_empty() {
            true => json!({ "offsets": [], "values": [] }),
            false => json!({ "offsets": offsets, "values": bytes }),
        });
    }
    Some(json!({ "enc": coded, "feature_segments": segments, "sorted_idx": sorted }))
}

/// What XGBoost wants to read beside the name of an objective.
pub(super) fn objective_params(objective: &str, outputs: usize) -> BTreeMap<String, Value> {
    let (key, value) = match objective {
        "binary:logistic" | "reg:logistic" | "reg:squarederror" => {
            ("reg_loss_param", json!({ "scale_pos_weight": "1" }))
        }
        "multi:softprob" | "multi:softmax" => ("softmax_multiclass_param", json!({ "num_class": outputs.to_string() })),
        "count:poisson" => ("poisson_regression_param", json!({ "max_delta_step": "0.699999988" })),
        "reg:tweedie" => ("tweedie_regression_param", json!({ "tweedie_variance_power": "1.5" })),
        "reg:pseudohubererror" => ("pseudo_huber_param", json!({ "huber_slope": "1" })),
        "reg:quantileerror" => ("quantile_loss_param", json!({ "quantile_alpha": "[0.5]" })),
        "rank:ndcg" | "rank:pairwise" | "rank:map" => ("lambdarank_param", json!({ "lambdarank_pair_method": "topk" })),
        _ => return BTreeMap::new(),
    };
    let mut params = BTreeMap::from([(key.to_owned(), value)]);
    if objective.starts_with("rank:") {
        // The same by its name before 2.0.
        params.insert("lambda_rank_param".to_owned(), json!({ "fix_list_weight": "0", "num_pairsample": "1" }));
    }
    params
}
