//! The trainer: resumed, interrupted, refused, early stopped.

use candle_core::{DType, Device, Tensor, Var};
use ironbook_nn::optim::{AdamW, Plateau, Schedule, Sgd};
use ironbook_nn::*;
use std::fs;

fn data(rows: usize, seed: u64) -> Data {
    let mut init = Init::seed(seed);
    let x = init.tensor(&[rows, 3], Draw::Normal(1.0)).unwrap();
    let y = (x.sum(1).unwrap().sin().unwrap() + x.narrow(1, 0, 1).unwrap().squeeze(1).unwrap().sqr().unwrap()).unwrap();
    Data::new(x, y).unwrap()
}

fn net(seed: u64) -> Sequential {
    let mut init = Init::seed(seed);
    Sequential::new()
        .add(Linear::new(3, 8, &mut init).unwrap())
        .add(Relu)
        .add(Dropout::new(0.1).unwrap())
        .add(Linear::new(8, 1, &mut init).unwrap())
}

fn bits(net: &impl Module) -> Vec<u32> {
    let all = parameters(net);
    all.iter().flat_map(|p| p.var.flatten_all().unwrap().to_vec1::<f32>().unwrap()).map(f32::to_bits).collect()
}

fn trainer(epochs: usize) -> Trainer<Sequential, Mse> {
    Trainer::new(net(1), Mse)
        .optimizer(AdamW::new(0.01))
        .schedule(Schedule::Cosine { least: 0.0 })
        .plateau(Plateau::new(0.5, 1))
        .patience(50)
        .clip_norm(1.0)
        .epochs(epochs)
        .batch_size(16)
        .seed(7)
        .live(false)
}

#[test]
fn a_training_learns() {
    let mut trainer = trainer(60);
    let history = trainer.fit(&data(400, 1), Some(&data(100, 2))).unwrap();
    let (first, last) = (history.epochs[0].train_loss, history.epochs[59].train_loss);
    assert!(last < first / 4.0, "{first} -> {last}");
    assert_eq!((history.epochs.len(), history.steps.len(), history.stop), (60, 60 * 25, Some(Stop::Epochs)));
    // The weights are the best ones.
    let best = history.epochs[history.best.unwrap() - 1].valid_loss.unwrap();
    assert_eq!(trainer.evaluate(&data(100, 2)).unwrap(), best);
    assert!(history.chart().unwrap().to_svg().unwrap().contains("validation"));
}

#[test]
fn ten_steps_are_five_and_five_more_after_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last.safetensors");
    // Three batches per epoch: the tenth step is in the middle of the fourth epoch.
    let (train, valid) = (data(48, 1), data(20, 2));
    let mut whole = trainer(4);
    let expected = whole.fit(&train, Some(&valid)).unwrap();
    // The other training ends after its fifth step, which is inside an epoch.
    let seen = std::sync::atomic::AtomicUsize::new(0);
    let stops = |output: &Tensor, target: &Tensor| {
        let loss = Mse.mean(output, target)?;
        if seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 6 {
            return Ok((loss * f64::NAN)?);
        }
        Ok(loss)
    };
    let mut first = Trainer::new(net(1), stops)
        .optimizer(AdamW::new(0.01))
        .schedule(Schedule::Cosine { least: 0.0 })
        .plateau(Plateau::new(0.5, 1))
        .patience(50)
        .clip_norm(1.0)
        .epochs(4)
        .batch_size(16)
        .seed(7)
        .live(false)
        .checkpoint_every(&path, 5);
    assert!(matches!(first.fit(&train, Some(&valid)), Err(NnError::NotFinite { .. })));
    assert_eq!(first.history().steps.len(), 5);
    drop(first);
    // Another network of the same shape takes over.
    let mut second = Trainer::new(net(99), Mse)
        .optimizer(AdamW::new(0.01))
        .schedule(Schedule::Cosine { least: 0.0 })
        .plateau(Plateau::new(0.5, 1))
        .patience(50)
        .clip_norm(1.0)
        .epochs(4)
        .batch_size(16)
        .seed(7)
        .live(false)
        .resume(&path)
        .unwrap();
    assert_eq!(second.history().steps, expected.steps[..5]);
    let found = second.fit(&train, Some(&valid)).unwrap();
    assert_eq!(found, expected);
    assert_eq!(bits(second.model()), bits(whole.model()));
}

#[test]
fn threads_do_not_change_a_training() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut init = Init::seed(3);
            let net = Sequential::new()
                .add(Conv2d::new(1, 8, 3, &mut init).unwrap().padding(1))
                .add(BatchNorm::new(8, &mut init).unwrap())
                .add(Relu)
                .add(MaxPool2d::new(2))
                .add(Conv2d::new(8, 24, 3, &mut init).unwrap().padding(1))
                .add(Relu)
                .add(MaxPool2d::new(2))
                .add(Flatten)
                .add(Linear::new(24 * 16, 512, &mut init).unwrap())
                .add(Relu)
                .add(Linear::new(512, 128, &mut init).unwrap())
                .add(Relu)
                .add(LayerNorm::new(128, &mut init).unwrap())
                .add(Linear::new(128, 4, &mut init).unwrap());
            let x = init.tensor(&[128, 1, 16, 16], Draw::Normal(1.0)).unwrap();
            let y = Tensor::from_vec((0..128u32).map(|i| i % 4).collect(), 128, &Device::Cpu).unwrap();
            let mut trainer = Trainer::new(net, CrossEntropy::default()).epochs(2).batch_size(64).seed(1).live(false);
            trainer.fit(&Data::new(x, y).unwrap(), None).unwrap();
            bits(trainer.model())
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn a_batch_in_parts_is_the_batch() {
    let run = |parts| {
        let mut init = Init::seed(1).dtype(DType::F64);
        let net = Sequential::new()
            .add(Linear::new(3, 8, &mut init).unwrap())
            .add(Tanh)
            .add(Linear::new(8, 1, &mut init).unwrap());
        let train = data(50, 1);
        let f64s = |t: &Tensor| t.to_dtype(DType::F64).unwrap();
        let weights = Tensor::from_vec((0..50).map(f64::from).collect(), 50, &Device::Cpu).unwrap();
        let train = Data::new(f64s(train.x()), f64s(train.y())).unwrap().weights(weights).unwrap();
        let mut trainer = Trainer::new(net, Mse)
            .optimizer(Sgd::new(0.1))
            .accumulate(parts)
            .epochs(3)
            .batch_size(16)
            .seed(1)
            .live(false);
        trainer.fit(&train, None).unwrap().steps
    };
    for (one, three) in run(1).iter().zip(run(3)) {
        assert!((one - three).abs() < 1e-12, "{one} {three}");
    }
}

#[test]
fn bf16_learns_with_weights_in_f32() {
    let mut trainer = trainer(30).bf16();
    let history = trainer.fit(&data(200, 1), Some(&data(50, 2))).unwrap();
    assert!(history.epochs[29].train_loss < history.epochs[0].train_loss / 2.0);
    assert!(parameters(trainer.model()).iter().all(|p| p.var.dtype() == DType::F32));
    // The products were rounded: the losses are not those of f32.
    let full = self::trainer(30).fit(&data(200, 1), Some(&data(50, 2))).unwrap();
    let (a, b) = (history.steps[0], full.steps[0]);
    assert!(a != b && (a - b).abs() < 0.05 * b, "{a} {b}");
}

#[test]
fn a_training_stops_early_with_the_best_weights() {
    // Noise cannot be learned: the validation loss rises soon.
    let noise = |seed| {
        let mut init = Init::seed(seed);
        Data::new(init.tensor(&[30, 3], Draw::Normal(1.0)).unwrap(), init.tensor(&[30], Draw::Normal(1.0)).unwrap())
            .unwrap()
    };
    let mut init = Init::seed(0);
    let net = Sequential::new()
        .add(Linear::new(3, 64, &mut init).unwrap())
        .add(Relu)
        .add(Linear::new(64, 1, &mut init).unwrap());
    let mut trainer = Trainer::new(net, Mse).optimizer(AdamW::new(0.02)).patience(3).epochs(200).seed(0).live(false);
    let history = trainer.fit(&noise(1), Some(&noise(2))).unwrap();
    let best = history.best.unwrap();
    assert_eq!((history.stop, history.epochs.len()), (Some(Stop::Early), best + 3));
    assert_eq!(trainer.evaluate(&noise(2)).unwrap(), history.epochs[best - 1].valid_loss.unwrap());
    // It has ended: another call does nothing.
    let before = bits(trainer.model());
    assert_eq!(trainer.fit(&noise(1), Some(&noise(2))).unwrap(), history);
    assert_eq!(before, bits(trainer.model()));
}

/// A network with a layer that its forward pass leaves out.
struct Forgetful(Linear, Linear);

impl Module for Forgetful {
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        self.0.forward(x, pass)
    }
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("used", &self.0);
        visitor.child("forgotten", &self.1);
    }
}

#[test]
fn a_parameter_without_gradient_is_refused_by_name() {
    let init = &mut Init::seed(0);
    let forgetful = |init: &mut Init| Forgetful(Linear::new(3, 1, init).unwrap(), Linear::new(3, 1, init).unwrap());
    let mut trainer = Trainer::new(forgetful(init), Mse).live(false);
    let before = bits(trainer.model());
    let error = trainer.fit(&data(10, 1), None).unwrap_err();
    assert!(
        matches!(&error, NnError::NoGradient { parameters } if parameters == &["forgotten.weight", "forgotten.bias"])
    );
    assert!(error.to_string().contains("forgotten.weight"), "{error}");
    assert_eq!(before, bits(trainer.model()));
    // Frozen on purpose, it is fine.
    Trainer::new(forgetful(init), Mse).freeze("forgotten").epochs(1).live(false).fit(&data(10, 1), None).unwrap();
    // candle-nn's own norm cuts everything before it off, silently.
    let cut = |x: &Tensor| -> Result<Tensor, NnError> {
        let ones = Tensor::ones(8, DType::F32, &Device::Cpu)?;
        Ok(candle_nn::ops::rms_norm(&x.contiguous()?, &ones, 1e-5)?)
    };
    let net =
        Sequential::new().add(Linear::new(3, 8, init).unwrap()).add(Cut(cut)).add(Linear::new(8, 1, init).unwrap());
    let error = Trainer::new(net, Mse).live(false).fit(&data(10, 1), None).unwrap_err();
    assert!(matches!(&error, NnError::NoGradient { parameters } if parameters == &["0.weight", "0.bias"]), "{error}");
}

struct Cut<F>(F);

impl<F: Fn(&Tensor) -> Result<Tensor, NnError>> Module for Cut<F> {
    fn forward(&self, x: &Tensor, _: &Pass) -> Result<Tensor, NnError> {
        (self.0)(x)
    }
    fn visit(&self, _: &mut Visitor<'_>) {}
}

#[test]
fn a_loss_that_is_not_finite_stops_and_names_layer_and_batch() {
    let init = &mut Init::seed(0);
    let explode = |x: &Tensor| -> Result<Tensor, NnError> { Ok((x * 1e30)?.exp()?) };
    let net =
        Sequential::new().add(Linear::new(3, 4, init).unwrap()).add(Cut(explode)).add(Linear::new(4, 1, init).unwrap());
    let mut trainer = Trainer::new(net, Mse).epochs(2).batch_size(5).live(false);
    let before = bits(trainer.model());
    let error = trainer.fit(&data(20, 1), None).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("epoch 1, batch 1 (first in the output of layer 1 (Cut))"), "{text}");
    assert_eq!(before, bits(trainer.model()));

    // NaN among the inputs, in the last batch of the first epoch at the latest.
    let clean = data(20, 1);
    let mut x = clean.x().to_vec2::<f32>().unwrap();
    x[7][1] = f32::NAN;
    let dirty = Data::new(Tensor::new(x, &Device::Cpu).unwrap(), clean.y().clone()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    let mut trainer =
        Trainer::new(self::net(1), Mse).epochs(2).batch_size(5).seed(3).live(false).checkpoint_every(&path, 1);
    let error = trainer.fit(&dirty, None).unwrap_err().to_string();
    assert!(error.contains("NaN or infinity in the inputs"), "{error}");
    assert!(bits(trainer.model()).iter().all(|b| f32::from_bits(*b).is_finite()));
    // The checkpoint is the one from before that batch.
    if trainer.history().steps.is_empty() {
        assert!(!path.exists());
    } else {
        let again = Trainer::new(self::net(2), Mse).epochs(2).batch_size(5).seed(3).live(false).resume(&path).unwrap();
        assert_eq!(bits(again.model()), bits(trainer.model()));
    }
}

#[test]
fn shapes_that_do_not_fit_name_both_layers() {
    let init = &mut Init::seed(0);
    let net = Sequential::new().add(Linear::new(3, 8, init).unwrap()).add(Relu).add(Linear::new(9, 1, init).unwrap());
    let error = Trainer::new(net, Mse).live(false).fit(&data(10, 1), None).unwrap_err().to_string();
    assert_eq!(
        error,
        "layer 2 (Linear 9 -> 1) got 10 x 8 from layer 1 (Relu)\nit takes 9 features in the last dimension"
    );
    // Layers that run in one pass are told apart.
    let net = Sequential::new().add(Conv2d::new(1, 2, 3, init).unwrap()).add(Relu).add(MaxPool2d::new(4));
    let x = Tensor::zeros((2, 1, 5, 5), DType::F32, &Device::Cpu).unwrap();
    let error = net.forward(&x, &Pass::eval()).unwrap_err().to_string();
    assert!(error.starts_with("layer 2 (MaxPool2d 4 x 4) got 2 x 2 x 3 x 3 from layer 1 (Relu)"), "{error}");
    let error = net.forward(&x.narrow(3, 0, 2).unwrap(), &Pass::eval()).unwrap_err().to_string();
    assert!(error.starts_with("layer 0 (Conv2d 1 -> 2, 3 x 3) got 2 x 1 x 5 x 2"), "{error}");
    let net = Sequential::new().add(Linear::new(3, 2, init).unwrap());
    let error = Trainer::new(net, Mse).live(false).fit(&data(10, 1), None).unwrap_err();
    assert!(matches!(error, NnError::Target { loss: "Mse", .. }), "{error}");
}

#[test]
fn checkpoints_of_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    let make = || Trainer::new(net(1), Mse).batch_size(8).seed(1).epochs(1).live(false);
    make().checkpoint(&path).fit(&data(16, 1), None).unwrap();
    assert!(make().resume(&path).is_ok());
    let wide = Sequential::new().add(Linear::new(3, 9, &mut Init::seed(0)).unwrap());
    let other = Trainer::new(wide, Mse).batch_size(8).seed(1).live(false).resume(&path).err().unwrap();
    let text = other.to_string();
    assert!(matches!(other, NnError::OtherNetwork { .. }), "{text}");
    assert!(
        text.contains("3.weight") && text.contains("0.weight is 9 x 3 in the network and 8 x 3 in the file"),
        "{text}"
    );
    let error = make().batch_size(4).resume(&path).err().unwrap();
    assert!(matches!(error, NnError::OtherTrainer { what: "the settings", .. }), "{error}");
    let error = make().optimizer(Sgd::new(0.1)).resume(&path).err().unwrap();
    assert!(matches!(error, NnError::OtherTrainer { what: "the optimiser", .. }), "{error}");
    // Half a file, a file of weights only, no file.
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let half = make().resume(&path).err().unwrap();
    assert!(matches!(half, NnError::Corrupt { .. }), "{half}");
    save_weights(&net(1), &path).unwrap();
    let weights = make().resume(&path).err().unwrap();
    assert!(matches!(&weights, NnError::Corrupt { why, .. } if why.contains("weights")), "{weights}");
    let none = make().resume(folder.path().join("none")).err().unwrap();
    assert!(matches!(none, NnError::Read { .. }), "{none}");
}

#[test]
fn weights_are_saved_and_loaded_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let (from, to) = (net(1), net(2));
    save_weights(&from, &path).unwrap();
    assert_ne!(bits(&from), bits(&to));
    load_weights(&to, &path).unwrap();
    assert_eq!(bits(&from), bits(&to));
    // A change of one is no change of the other.
    let param = &parameters(&to)[0].var;
    param.set(&param.zeros_like().unwrap()).unwrap();
    assert_ne!(bits(&from), bits(&to));
    let error = load_weights(&Linear::new(3, 8, &mut Init::seed(0)).unwrap(), &path).unwrap_err();
    assert!(matches!(error, NnError::OtherNetwork { .. }));
}

#[test]
fn bad_settings_are_refused() {
    let d = data(10, 1);
    let name = |trainer: Trainer<Sequential, Mse>| match { trainer }.live(false).fit(&d, None) {
        Err(NnError::Parameter { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(name(Trainer::new(net(1), Mse).batch_size(0)), "batch_size");
    assert_eq!(name(Trainer::new(net(1), Mse).accumulate(0)), "accumulate");
    assert_eq!(name(Trainer::new(net(1), Mse).optimizer(AdamW::new(f64::NAN))), "the learning rate");
    assert_eq!(name(Trainer::new(net(1), Mse).patience(2)), "valid");
    assert_eq!(name(Trainer::new(net(1), Mse).freeze("")), "the network");
    assert_eq!(name(Trainer::new(Sequential::new().add(Relu), Mse)), "the network");
    let x = Tensor::zeros((3, 2), DType::F32, &Device::Cpu).unwrap();
    let y = Tensor::zeros(4, DType::F32, &Device::Cpu).unwrap();
    let error = Data::new(x.clone(), y.clone()).unwrap_err();
    assert_eq!(error.to_string().lines().next(), Some("the inputs have 3 rows, the targets have 4"));
    assert!(Data::new(x.narrow(0, 0, 0).unwrap(), y.narrow(0, 0, 0).unwrap()).is_err());
    assert!(matches!(Dropout::new(1.0), Err(NnError::Parameter { name: "dropout", .. })));
    assert!(matches!(MultiHeadAttention::new(8, 3, &mut Init::seed(0)), Err(NnError::Parameter { name: "heads", .. })));
    assert!(matches!(Linear::new(0, 3, &mut Init::seed(0)), Err(NnError::Parameter { .. })));
}

#[test]
fn what_does_not_fit_into_memory_is_refused_in_words() {
    let error = Linear::new(1 << 40, 1 << 20, &mut Init::seed(0)).unwrap_err();
    assert!(matches!(error, NnError::OutOfMemory { .. }), "{error}");
    assert!(error.to_string().starts_with("out of memory: a weight of 1048576 x 1099511627776"), "{error}");
}

#[test]
fn wrong_targets_and_indices_are_refused() {
    let logits = Tensor::zeros((2, 3), DType::F32, &Device::Cpu).unwrap();
    let loss = CrossEntropy::default();
    let error = loss.mean(&logits, &Tensor::new(&[0u32, 3], &Device::Cpu).unwrap()).unwrap_err().to_string();
    assert!(error.starts_with("the target of row 1 is class 3, and the network has 3 outputs"), "{error}");
    assert!(matches!(loss.mean(&logits, &logits), Err(NnError::Target { .. })));
    let table = Embedding { weight: Var::zeros((4, 2), DType::F32, &Device::Cpu).unwrap() };
    let error = table.forward(&Tensor::new(&[1u32, 4], &Device::Cpu).unwrap(), &Pass::eval()).unwrap_err().to_string();
    assert!(error.starts_with("Embedding 4 x 2 got the index 4\nit has rows 0 to 3"), "{error}");
}
