//! What models made of trees have in common, for explanations and files.

use super::ensemble::Ensemble;
use crate::check;
use crate::error::LearnError;
use crate::model::{Predict, Signature};
use ironbook_data::Matrix;

/// A fitted model whose predictions follow from the sums of an [`Ensemble`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not made of trees",
    note = "SHAP values are those of trees; `explain::permutation_importance` explains any model"
)]
pub trait TreeModel: Predict {
    /// The trees.
    fn ensemble(&self) -> &Ensemble;

    /// The features that the trees read; others than the model's own where something stands before it.
    fn tree_signature(&self) -> Signature {
        self.signature()
    }

    /// The features that the trees read, in their order and with the codes of the fit, made from those that
    /// [`predict`](Predict::predict) takes.
    ///
    /// # Errors
    /// As [`Predict::predict`].
    fn tree_features(&self, features: &Matrix) -> Result<Matrix, LearnError> {
        align(features, &self.tree_signature())
    }

    /// What each output of the trees stands for: the classes, or the target.
    fn output_names(&self) -> Vec<String> {
        let Signature { target, classes, .. } = self.tree_signature();
        match (classes, self.ensemble().outputs()) {
            (Some(classes), outputs) if classes.len() == outputs => classes.names(),
            (_, 1) => vec![target],
            (_, outputs) => (0..outputs).map(|k| format!("{target} {k}")).collect(),
        }
    }
}

/// The columns of `features` in the order of `signature`, with its kinds and codes; unknown categories are missing.
fn align(features: &Matrix, signature: &Signature) -> Result<Matrix, LearnError> {
    let columns = check::columns(features, signature)?;
    let typed = signature.features.iter().zip(columns);
    let typed = typed.map(|(feature, column)| (feature.name.clone(), feature.kind.clone(), column.into_owned()));
    Ok(Matrix::from_typed(typed.collect()).expect("columns of one length, checked against the signature"))
}

/// The models of this crate that are made of trees.
macro_rules! tree_models {
    ($($model:ty),*) => {$(
        impl TreeModel for $model {
            fn ensemble(&self) -> &Ensemble {
                self.ensemble()
            }
        }
    )*};
}

// A macro because an `impl` for all types with a method of this name cannot be written.
tree_models!(
    crate::tree::single::DecisionTree,
    crate::tree::single::DecisionTreeRegressor,
    crate::tree::forest::RandomForest,
    crate::tree::forest::RandomForestRegressor
);

impl<T: crate::boost::Boosting> TreeModel for crate::boost::Boosted<T> {
    fn ensemble(&self) -> &Ensemble {
        self.ensemble()
    }
}
