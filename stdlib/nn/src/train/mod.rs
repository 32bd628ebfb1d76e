//! The training loop and what goes in and out of it.

mod checkpoint;
mod data;
mod epoch;
mod history;
mod shown;
mod step;
mod told;
mod trainer;

pub use data::Data;
pub use history::{Epoch, History, Stop};
pub(crate) use step::finite;
pub use trainer::Trainer;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Draw, Init, Linear, Loss, Mse, NnError, Sequential};
    use candle_core::Tensor;
    use ironbook_core::interrupt;
    use std::cell::Cell;

    // Here and not among the integration tests: the flag is the process's, and no other test of this binary looks at it.
    #[test]
    fn an_interrupted_training_goes_on_where_it_stopped() {
        let data = || {
            let mut init = Init::seed(1);
            Data::new(init.tensor(&[40, 3], Draw::Normal(1.0))?, init.tensor(&[40], Draw::Normal(1.0))?)
        };
        let (train, calls) = (data().unwrap(), Cell::new(0));
        let run = |stop_at: usize| {
            calls.set(0);
            let loss = |output: &Tensor, target: &Tensor| -> Result<Tensor, NnError> {
                calls.set(calls.get() + 1);
                if calls.get() == stop_at {
                    interrupt::request();
                }
                Mse.mean(output, target)
            };
            let net = Sequential::new().add(Linear::new(3, 1, &mut Init::seed(2)).unwrap());
            let mut trainer = Trainer::new(net, loss).batch_size(8).epochs(3).seed(1).live(false);
            let first = trainer.fit(&train, None);
            interrupt::clear();
            if stop_at < usize::MAX {
                assert!(matches!(first, Err(NnError::Interrupted(_))), "{first:?}");
                // The step that was under way is finished, and the network of the moment predicts.
                assert_eq!(trainer.history().steps.len(), stop_at);
                assert_eq!(trainer.predict(train.x()).unwrap().dims(), [40, 1]);
                trainer.fit(&train, None).unwrap();
            }
            trainer.history().clone()
        };
        assert_eq!(run(7), run(usize::MAX));
    }
}
