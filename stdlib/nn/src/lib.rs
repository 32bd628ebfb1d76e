//! Neural networks on candle: layers whose gradients are right, optimisers with saved state, a trainer.

mod backward;
#[cfg(feature = "cuda")]
mod cuda;
mod device;
mod error;
mod gradcheck;
mod init;
mod layers;
mod loss;
mod mlp;
mod module;
pub mod ops;
pub mod optim;
mod rng;
mod train;
mod weights;

pub use backward::backward;
pub use device::{BestDevice, Devices, device, devices};
pub use error::NnError;
pub use gradcheck::gradient_error;
pub use init::{Draw, Init};
pub use layers::*;
pub use loss::{BceWithLogits, CrossEntropy, Huber, Loss, Mse};
pub use mlp::{MlpClassifier, MlpClassifierParams, MlpParams, MlpRegressor, MlpRegressorParams};
pub use module::{Module, Param, Pass, Role, Visitor, load_state_dict, parameters, size, state_dict, variables};
pub use rng::Rng;
pub use train::{Data, Epoch, History, Stop, Trainer};
pub use weights::{load_weights, save_weights};
