//! The network behind the models.

use super::params::MlpParams;
use crate::error::NnError;
use crate::init::Init;
use crate::layers::{Dropout, Embedding, Linear, Relu, Sequential};
use crate::module::{Module, Pass, Visitor, load_state_dict, state_dict};
use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Vectors of text beside the numbers, then linear layers.
pub(super) struct Net {
    numbers: usize,
    text: Vec<Embedding>,
    layers: Sequential,
}

impl Net {
    pub(super) fn new(
        params: &MlpParams,
        numbers: usize,
        tables: &[usize],
        outputs: usize,
        init: &mut Init,
    ) -> Result<Self, NnError> {
        let width = |rows: usize| rows.div_ceil(2).min(50);
        let text = tables.iter().map(|&rows| Embedding::new(rows, width(rows), init)).collect::<Result<_, _>>()?;
        let mut input = numbers + tables.iter().map(|&rows| width(rows)).sum::<usize>();
        let mut layers = Sequential::new();
        for &hidden in &params.hidden {
            layers = layers.add(Linear::new(input, hidden, init)?).add(Relu);
            if params.dropout > 0.0 {
                layers = layers.add(Dropout::new(params.dropout)?);
            }
            input = hidden;
        }
        Ok(Net { numbers, text, layers: layers.add(Linear::new(input, outputs, init)?) })
    }
}

impl Module for Net {
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        if self.text.is_empty() {
            return self.layers.forward(x, pass);
        }
        let mut parts = Vec::new();
        if self.numbers > 0 {
            parts.push(x.narrow(1, 0, self.numbers)?);
        }
        for (i, table) in self.text.iter().enumerate() {
            parts.push(table.forward(&x.narrow(1, self.numbers + i, 1)?.squeeze(1)?, pass)?);
        }
        self.layers.forward(&Tensor::cat(&parts, 1)?, pass)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        for (i, table) in self.text.iter().enumerate() {
            visitor.child(&format!("text.{i}"), table);
        }
        visitor.child("layers", &self.layers);
    }
}

/// The weights of a network as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Weights(BTreeMap<String, Weight>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Weight {
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl Weights {
    pub(super) fn of(net: &Net) -> Result<Self, NnError> {
        let weight = |(name, t): (String, Tensor)| {
            let values = t.to_device(&Device::Cpu)?.flatten_all()?.to_vec1()?;
            Ok((name, Weight { shape: t.dims().to_vec(), values }))
        };
        Ok(Weights(state_dict(net)?.into_iter().map(weight).collect::<Result<_, NnError>>()?))
    }

    pub(super) fn set(&self, net: &Net) -> Result<(), NnError> {
        let tensor = |(name, w): (&String, &Weight)| {
            Ok((name.clone(), Tensor::from_slice(&w.values, w.shape.as_slice(), &Device::Cpu)?))
        };
        load_state_dict(net, &self.0.iter().map(tensor).collect::<Result<_, NnError>>()?)
    }

    /// Number of values.
    pub(super) fn size(&self) -> usize {
        self.0.values().map(|w| w.values.len()).sum()
    }
}
