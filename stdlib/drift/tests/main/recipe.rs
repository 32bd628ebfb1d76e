//! Samples by recipe, as `reference/make.py` makes them, bit for bit.

use polars::prelude::{Column, DataFrame, DataType};
use serde_json::Value;

/// The numbers of the generator, from 0 to 1.
fn uniforms(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..count).map(|_| next()).collect()
}

fn numbers(recipe: &Value) -> Vec<f64> {
    let of = |name: &str, otherwise: f64| recipe.get(name).map_or(otherwise, |v| v.as_f64().unwrap());
    let (seed, rows) = (recipe["seed"].as_u64().unwrap(), recipe["rows"].as_u64().unwrap() as usize);
    let values: Vec<f64> = match recipe["kind"].as_str().unwrap() {
        "bell" => uniforms(seed, 12 * rows).chunks(12).map(|u| u.iter().fold(0.0, |sum, u| sum + u) - 6.0).collect(),
        "skew" => uniforms(seed, rows).into_iter().map(|u| u * u * u).collect(),
        "constant" => vec![0.0; rows],
        _ => uniforms(seed, rows).into_iter().map(|u| (u * u * of("values", 0.0)).trunc()).collect(),
    };
    values.into_iter().map(|v| of("shift", 0.0) + of("scale", 1.0) * v).collect()
}

/// A frame with the column `x`.
pub fn frame(recipe: &Value) -> DataFrame {
    let every = |name: &str| recipe.get(name).map_or(0, |v| v.as_u64().unwrap() as usize);
    let (missing, infinite) = (every("missing"), every("infinite"));
    let gap = |i: usize| missing > 0 && i % missing == missing - 1;
    let values = numbers(recipe);
    let dtype = recipe["dtype"].as_str().unwrap();
    let column = match dtype {
        "str" => {
            let text = values.iter().enumerate().map(|(i, v)| (!gap(i)).then(|| format!("c{v}")));
            Column::new("x".into(), text.collect::<Vec<_>>())
        }
        "bool" => {
            let flags = values.iter().enumerate().map(|(i, v)| (!gap(i)).then_some(*v >= 1.0));
            Column::new("x".into(), flags.collect::<Vec<_>>())
        }
        _ => {
            let number = |(i, v): (usize, &f64)| match () {
                () if infinite > 0 && i % infinite == 0 => Some(f64::INFINITY),
                () => (!gap(i)).then_some(*v),
            };
            let floats = Column::new("x".into(), values.iter().enumerate().map(number).collect::<Vec<_>>());
            let dtype = [("i64", DataType::Int64), ("f32", DataType::Float32), ("f64", DataType::Float64)]
                .into_iter()
                .find(|(name, _)| *name == dtype);
            floats.cast(&dtype.unwrap().1).unwrap()
        }
    };
    DataFrame::new(values.len(), vec![column]).unwrap()
}
