//! What can be done with a value that is to be served is known from its type: methods of the same name, of which the
//! compiler takes the one that needs the fewest dereferences.

use crate::model::{Model, Regressor, Servable, servable};
use ironbook_learn::{Persist, PersistError, Predict};
use std::marker::PhantomData;
use std::path::Path;

/// A value that is offered to a server: `(&&&offer).copying()` and `(&&offer).serving()` say what can be done with it.
pub struct Offer<'m, M>(PhantomData<&'m M>);

impl<'m, M: Predict + Send + Sync + 'static> Offer<'m, M> {
    /// Offers a model.
    pub fn new(_: &'m M) -> Self {
        Offer(PhantomData)
    }
}

/// How a server gets a model of its own.
pub enum Copying<M> {
    /// Through a file.
    File {
        /// Name of the format.
        format: &'static str,
        /// Writes it.
        save: fn(&M, &Path) -> Result<(), PersistError>,
        /// Reads it.
        load: fn(&Path) -> Result<M, PersistError>,
    },
    /// By a copy in memory.
    Clone(fn(&M) -> M),
    /// It does not.
    NoWay,
}

/// Models that can be saved.
pub trait ByFile<M> {
    /// How a server gets its own.
    fn copying(&self) -> Copying<M>;
}

impl<M: Persist> ByFile<M> for &&Offer<'_, M> {
    fn copying(&self) -> Copying<M> {
        super::through_file()
    }
}

/// Models that can be copied.
pub trait ByClone<M> {
    /// How a server gets its own.
    fn copying(&self) -> Copying<M>;
}

impl<M: Clone> ByClone<M> for &Offer<'_, M> {
    fn copying(&self) -> Copying<M> {
        Copying::Clone(M::clone)
    }
}

/// All others.
pub trait NoWay<M> {
    /// How a server gets its own.
    fn copying(&self) -> Copying<M>;
}

impl<M> NoWay<M> for Offer<'_, M> {
    fn copying(&self) -> Copying<M> {
        Copying::NoWay
    }
}

/// Models that are served with all that their task asks for: classifiers with probabilities.
pub trait WithProbabilities<M> {
    /// Makes a model what a server asks.
    fn serving(&self) -> fn(M) -> Box<dyn Model>;
}

impl<M: Predict<Task: Servable<M>>> WithProbabilities<M> for &Offer<'_, M> {
    fn serving(&self) -> fn(M) -> Box<dyn Model> {
        servable
    }
}

/// Models that predict and no more.
pub trait Plain<M> {
    /// Makes a model what a server asks.
    fn serving(&self) -> fn(M) -> Box<dyn Model>;
}

impl<M: Predict + Send + Sync + 'static> Plain<M> for Offer<'_, M> {
    fn serving(&self) -> fn(M) -> Box<dyn Model> {
        |model| Box::new(Regressor(model))
    }
}
