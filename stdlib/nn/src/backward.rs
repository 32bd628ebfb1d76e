//! Gradients of a loss, without the detour that candle takes for parameters.

use crate::error::NnError;
use candle_core::backprop::GradStore;
use candle_core::{Tensor, TensorId};
use std::cell::RefCell;
use std::collections::HashMap;

/// A parameter and its gradient.
type Leaves = HashMap<TensorId, (Tensor, Tensor)>;
type Result<T, E = candle_core::Error> = std::result::Result<T, E>;

thread_local! {
    static LEAVES: RefCell<Option<Leaves>> = const { RefCell::new(None) };
}

/// The gradients of `loss` with respect to everything that it depends on: those of `loss.backward()`, sooner.
///
/// candle makes zeros for each gradient and adds the gradient to them. The functions of this crate hand those of
/// parameters over directly where this function asks them to.
///
/// # Errors
/// [`NnError::Candle`], [`NnError::OutOfMemory`].
pub fn backward(loss: &Tensor) -> Result<GradStore, NnError> {
    let outer = Outer(LEAVES.replace(Some(Leaves::new())));
    let mut store = loss.backward()?;
    let leaves = LEAVES.take().unwrap_or_default();
    drop(outer);
    for (parameter, grad) in leaves.into_values() {
        let sum = match store.remove(&parameter) {
            Some(other) => (other + grad)?,
            None => grad,
        };
        store.insert(&parameter, sum);
    }
    Ok(store)
}

/// What a call around this one has gathered, put back also after an error or a panic.
struct Outer(Option<Leaves>);

impl Drop for Outer {
    fn drop(&mut self) {
        LEAVES.set(self.0.take());
    }
}

/// What an operation returns as the gradient of one of its arguments: nothing, if the argument is a parameter and
/// [`backward`] takes its gradient from here.
pub(crate) fn handed(argument: &Tensor, grad: Tensor) -> Result<Option<Tensor>> {
    if !argument.is_variable() {
        return Ok(Some(grad));
    }
    LEAVES.with_borrow_mut(|leaves| {
        let Some(leaves) = leaves else { return Ok(Some(grad)) };
        let sum = match leaves.remove(&argument.id()) {
            Some((_, other)) => (other + grad)?,
            None => grad,
        };
        leaves.insert(argument.id(), (argument.clone(), sum));
        Ok(None)
    })
}
