//! What layers have in common: a forward pass, and parameters with names.

use crate::error::NnError;
use crate::rng::Rng;
use candle_core::{DType, Tensor, Var};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A layer or a network: a function with parameters.
///
/// A network of one's own is a struct of layers:
///
/// ```
/// use ironbook_nn::{Init, Linear, Module, NnError, Pass, Visitor, ops};
/// use candle_core::Tensor;
///
/// struct Residual { inner: Linear, outer: Linear }
///
/// impl Module for Residual {
///     fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
///         let hidden = ops::relu(&self.inner.forward(x, pass)?)?;
///         Ok((x + self.outer.forward(&hidden, pass)?)?)
///     }
///     fn visit(&self, visitor: &mut Visitor<'_>) {
///         visitor.child("inner", &self.inner);
///         visitor.child("outer", &self.outer);
///     }
/// }
///
/// let mut init = Init::seed(0);
/// let net = Residual { inner: Linear::new(4, 8, &mut init)?, outer: Linear::new(8, 4, &mut init)? };
/// let names: Vec<String> = ironbook_nn::parameters(&net).into_iter().map(|p| p.name).collect();
/// assert_eq!(names, ["inner.weight", "inner.bias", "outer.weight", "outer.bias"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Module {
    /// The output for `x`; differentiable with respect to `x` and the parameters.
    ///
    /// # Errors
    /// [`NnError::Shape`] for an input that the layer cannot take, [`NnError::OutOfMemory`], [`NnError::Candle`].
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError>;

    /// Shows the parameters, buffers and layers inside to `visitor`, each with the name that PyTorch gives it.
    fn visit(&self, visitor: &mut Visitor<'_>);

    /// The layer in words, for errors and summaries: `Linear 14 -> 256`.
    fn describe(&self) -> String {
        let name = std::any::type_name::<Self>();
        let name = name.split('<').next().unwrap_or(name);
        name.rsplit("::").next().unwrap_or(name).to_owned()
    }
}

impl<M: Module + ?Sized> Module for Box<M> {
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        (**self).forward(x, pass)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        (**self).visit(visitor);
    }

    fn describe(&self) -> String {
        (**self).describe()
    }
}

/// How a forward pass is made: for training or not, with which random numbers, in which type.
#[derive(Debug)]
pub struct Pass {
    train: bool,
    compute: Option<DType>,
    rng: RefCell<Rng>,
    trace: Option<RefCell<Option<String>>>,
}

impl Pass {
    /// A pass that predicts: no dropout, batch norm by its running statistics.
    pub fn eval() -> Self {
        Pass { train: false, compute: None, rng: RefCell::new(Rng::seed(0)), trace: None }
    }

    /// A pass that trains, with random numbers from here.
    pub fn train(rng: Rng) -> Self {
        Pass { train: true, compute: None, rng: RefCell::new(rng), trace: None }
    }

    /// Matrix products in this type (`DType::BF16`), everything else and the weights in their own.
    #[must_use]
    pub fn compute(mut self, dtype: Option<DType>) -> Self {
        self.compute = dtype;
        self
    }

    /// The same pass, looking for the first layer whose output is not finite.
    pub(crate) fn trace(mut self) -> Self {
        self.trace = Some(RefCell::new(None));
        self
    }

    /// Whether matrix products are made in another type than the weights.
    pub(crate) fn casts(&self) -> bool {
        self.compute.is_some()
    }

    /// Whether it looks for that layer: each then runs on its own.
    pub(crate) fn traces(&self) -> bool {
        self.trace.is_some()
    }

    /// The first layer whose output was not finite.
    pub(crate) fn traced(&self) -> Option<String> {
        self.trace.as_ref().and_then(|found| found.borrow().clone())
    }

    /// Looks at the output of a layer, in a pass that traces.
    pub(crate) fn look(&self, out: &Tensor, layer: impl Fn() -> String) -> Result<(), NnError> {
        let Some(found) = &self.trace else { return Ok(()) };
        if found.borrow().is_none() && !crate::train::finite(out)? {
            *found.borrow_mut() = Some(layer());
        }
        Ok(())
    }

    /// Whether the pass trains.
    pub fn is_train(&self) -> bool {
        self.train
    }

    /// A generator for one layer's use.
    pub fn rng(&self) -> Rng {
        self.rng.borrow_mut().fork()
    }

    /// The type of matrix products, if it is not that of their factors.
    pub(crate) fn compute_type(&self) -> Option<DType> {
        self.compute
    }

    /// The tensor in the type of matrix products; the gradient comes back in the tensor's own.
    ///
    /// # Errors
    /// [`NnError::Candle`].
    pub fn cast(&self, x: &Tensor) -> Result<Tensor, NnError> {
        match self.compute {
            Some(dtype) if x.dtype() != dtype && x.dtype().is_float() => Ok(x.to_dtype(dtype)?),
            _ => Ok(x.clone()),
        }
    }
}

/// A parameter or a buffer of a network.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name, with those of the layers around it: `encoder.0.weight`.
    pub name: String,
    /// Its value, which can be set.
    pub var: Var,
    /// What it is.
    pub role: Role,
}

/// What a variable of a network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A weight that decays when the optimiser says so.
    Weight,
    /// A bias, or a scale of a norm: never decays in a trainer with `decay_weights_only`.
    Bias,
    /// A statistic that is saved but not trained.
    Buffer,
}

/// Collects what [`Module::visit`] shows.
#[derive(Debug)]
pub struct Visitor<'a> {
    path: String,
    found: &'a mut Vec<Param>,
}

impl Visitor<'_> {
    /// Shows a weight.
    pub fn weight(&mut self, name: &str, var: &Var) {
        self.push(name, var, Role::Weight);
    }

    /// Shows a bias or a scale.
    pub fn bias(&mut self, name: &str, var: &Var) {
        self.push(name, var, Role::Bias);
    }

    /// Shows a statistic that is saved but not trained.
    pub fn buffer(&mut self, name: &str, var: &Var) {
        self.push(name, var, Role::Buffer);
    }

    /// Shows a layer inside.
    pub fn child<M: Module + ?Sized>(&mut self, name: &str, module: &M) {
        let path = self.named(name);
        module.visit(&mut Visitor { path, found: self.found });
    }

    fn push(&mut self, name: &str, var: &Var, role: Role) {
        let name = self.named(name);
        self.found.push(Param { name, var: var.clone(), role });
    }

    fn named(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// All parameters and buffers, in the order of the layers; a variable that is shared is listed once per name.
pub fn variables<M: Module + ?Sized>(module: &M) -> Vec<Param> {
    let mut found = Vec::new();
    module.visit(&mut Visitor { path: String::new(), found: &mut found });
    found
}

/// The parameters that are trained, each variable once.
pub fn parameters<M: Module + ?Sized>(module: &M) -> Vec<Param> {
    let mut seen = HashSet::new();
    let mut all = variables(module);
    all.retain(|p| p.role != Role::Buffer && seen.insert(p.var.id()));
    all
}

/// Number of trained values.
pub fn size<M: Module + ?Sized>(module: &M) -> usize {
    parameters(module).iter().map(|p| p.var.elem_count()).sum()
}

/// Names and values of all parameters and buffers, as PyTorch's `state_dict`; the tensors are copies.
///
/// # Errors
/// [`NnError::OutOfMemory`], [`NnError::Candle`].
pub fn state_dict<M: Module + ?Sized>(module: &M) -> Result<BTreeMap<String, Tensor>, NnError> {
    variables(module).into_iter().map(|p| Ok((p.name, p.var.as_detached_tensor().copy()?))).collect()
}

/// Sets all parameters and buffers; nothing is changed unless all names and shapes fit.
///
/// # Errors
/// [`NnError::OtherNetwork`].
pub fn load_state_dict<M: Module + ?Sized>(module: &M, state: &BTreeMap<String, Tensor>) -> Result<(), NnError> {
    load_named(&variables(module), state, "the state")
}

pub(crate) fn load_named(all: &[Param], state: &BTreeMap<String, Tensor>, from: &str) -> Result<(), NnError> {
    let known: BTreeSet<&str> = all.iter().map(|p| p.name.as_str()).collect();
    let missing: Vec<String> = all.iter().filter(|p| !state.contains_key(&p.name)).map(|p| p.name.clone()).collect();
    let unexpected: Vec<String> = state.keys().filter(|name| !known.contains(name.as_str())).cloned().collect();
    let shapes: Vec<_> = all
        .iter()
        .filter_map(|p| state.get(&p.name).map(|t| (p.name.clone(), p.var.dims().to_vec(), t.dims().to_vec())))
        .filter(|(_, here, there)| here != there)
        .collect();
    if !missing.is_empty() || !unexpected.is_empty() || !shapes.is_empty() {
        return Err(NnError::OtherNetwork { source_name: from.to_owned(), missing, unexpected, shapes });
    }
    for param in all {
        let value = state[&param.name].to_dtype(param.var.dtype())?.to_device(param.var.device())?;
        // A copy: a variable must not share its memory with what it was set from.
        param.var.set(&value.copy()?)?;
    }
    Ok(())
}
