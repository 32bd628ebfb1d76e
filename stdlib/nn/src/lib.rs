//! Neural networks on candle: layers whose gradients are right, optimisers with saved state, a trainer.
