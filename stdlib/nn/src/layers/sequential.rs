//! Layers one after the other.

use super::{Conv2d, Linear, MaxPool2d, Relu};
use crate::error::NnError;
use crate::module::{Module, Pass, Visitor, size};
use crate::ops::{self, Affine};
use candle_core::Tensor;
use ironbook_core::table::Table;
use ironbook_core::{Bundle, Display};
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Layers one after the other; a layer's parameters are named after its number, as in PyTorch: `0.weight`.
///
/// A clone has the same parameters, not copies of them.
///
/// ```
/// use ironbook_nn::{Init, Linear, Module, Pass, Relu, Sequential};
/// use candle_core::{DType, Device, Tensor};
///
/// let mut init = Init::seed(0);
/// let net = Sequential::new().add(Linear::new(4, 16, &mut init)?).add(Relu).add(Linear::new(16, 1, &mut init)?);
/// let out = net.forward(&Tensor::ones((2, 4), DType::F32, &Device::Cpu)?, &Pass::eval())?;
/// assert_eq!(out.dims(), [2, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Sequential {
    layers: Vec<Step>,
}

#[derive(Clone)]
struct Step {
    layer: Arc<dyn Module + Send + Sync>,
    kind: Kind,
}

/// Layers that are run together.
#[derive(Clone)]
enum Kind {
    Linear(Linear),
    Conv(Conv2d),
    Pool(MaxPool2d),
    Relu,
    Other,
}

impl Kind {
    fn of(layer: &dyn Any) -> Self {
        if let Some(linear) = layer.downcast_ref::<Linear>() {
            return Kind::Linear(linear.clone());
        }
        if let Some(conv) = layer.downcast_ref::<Conv2d>() {
            return Kind::Conv(conv.clone());
        }
        match layer.downcast_ref::<MaxPool2d>() {
            Some(pool) => Kind::Pool(*pool),
            None if layer.is::<Relu>() => Kind::Relu,
            None => Kind::Other,
        }
    }
}

impl Sequential {
    /// No layers yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a layer.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "adds a layer, as PyTorch's add_module")]
    pub fn add<M: Module + Send + Sync + 'static>(mut self, layer: M) -> Self {
        let kind = Kind::of(&layer);
        self.layers.push(Step { layer: Arc::new(layer), kind });
        self
    }

    /// Number of layers.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether there is no layer.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    fn named(&self, i: usize) -> String {
        format!("layer {i} ({})", self.layers[i].layer.describe())
    }

    /// The output of layer `i` and of those after it that run in one pass with it, and how many those are.
    fn together(&self, i: usize, x: &Tensor, pass: &Pass) -> Result<Option<(Tensor, usize)>, NnError> {
        if pass.traces() {
            return Ok(None);
        }
        let kind = |at: usize| self.layers.get(at).map(|step| &step.kind);
        if ops::fused(x) && !pass.casts() {
            let (layers, steps) = self.linears(i);
            let out = match (&self.layers[i].kind, kind(i + 1), kind(i + 2)) {
                (Kind::Linear(_), ..) => (ops::chain(x, &layers)?, steps),
                (Kind::Conv(conv), Some(Kind::Relu), Some(Kind::Pool(pool))) => (conv.forward_pool(x, true, pool)?, 3),
                (Kind::Conv(conv), Some(Kind::Pool(pool)), _) => (conv.forward_pool(x, false, pool)?, 2),
                _ => (None, 0),
            };
            if let (Some(out), steps) = out {
                return Ok(Some((out, steps)));
            }
        }
        match (&self.layers[i].kind, kind(i + 1)) {
            (Kind::Linear(linear), Some(Kind::Relu)) => Ok(Some((linear.forward_relu(x, pass)?, 2))),
            _ => Ok(None),
        }
    }

    /// The linear layers from layer `i` on, with or without ReLU between them, and how many layers those are.
    fn linears(&self, i: usize) -> (Vec<Affine>, usize) {
        let (mut layers, mut at) = (Vec::new(), i);
        while let Some(Step { kind: Kind::Linear(linear), .. }) = self.layers.get(at) {
            let relu = matches!(self.layers.get(at + 1), Some(Step { kind: Kind::Relu, .. }));
            let Some(layer) = linear.affine(relu) else { break };
            layers.push(layer);
            at += 1 + usize::from(relu);
        }
        (layers, at - i)
    }

    /// Says of an error of layer `i` which layer that is and which one came before.
    fn place(&self, i: usize, error: NnError) -> NnError {
        match error {
            NnError::Shape { layer, expected, found, after } => {
                let layer =
                    if layer.starts_with("layer ") { format!("{i}.{layer}") } else { format!("layer {i} ({layer})") };
                let after = after.or_else(|| i.checked_sub(1).map(|before| self.named(before)));
                NnError::Shape { layer, expected, found, after }
            }
            error => error,
        }
    }
}

impl Module for Sequential {
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        let mut x = x.clone();
        let mut i = 0;
        while i < self.layers.len() {
            let (out, steps) = match self.together(i, &x, pass).map_err(|error| self.place(i, error))? {
                Some((out, steps)) => (out, steps),
                None => (self.layers[i].layer.forward(&x, pass).map_err(|error| self.place(i, error))?, 1),
            };
            x = out;
            i += steps;
            pass.look(&x, || self.named(i - steps))?;
        }
        Ok(x)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        for (i, step) in self.layers.iter().enumerate() {
            visitor.child(&i.to_string(), &*step.layer);
        }
    }
}

impl fmt::Debug for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Sequential, {} parameters", size(self))?;
        let lines: Vec<String> =
            (0..self.len()).map(|i| format!("  {i}: {}", self.layers[i].layer.describe())).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Display for Sequential {
    fn bundle(&self) -> Bundle {
        let title = format!("Sequential, {} parameters", size(self));
        let mut table = Table::new(title, &["layer", "parameters"]);
        for (i, step) in self.layers.iter().enumerate() {
            let count = match size(&*step.layer) {
                0 => String::new(),
                count => count.to_string(),
            };
            table.row([format!("{i}: {}", step.layer.describe()), count]);
        }
        let html = table.bundle();
        Bundle::text(format!("{self:?}")).html(html.get("text/html").unwrap_or_default())
    }
}
