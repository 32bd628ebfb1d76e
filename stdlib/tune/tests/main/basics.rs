//! The life of a study.

use ironbook_tune::{Budget, Study, Tpe};

#[test]
fn tpe_finds_the_bottom() {
    let study = Study::new("bowl").sampler(Tpe::params().seed(1)).create().unwrap();
    let report = study
        .optimize(Budget::trials(100), |trial| {
            let x = trial.float("x", -5.0..=5.0);
            let y: usize = trial.int("y", 1..=9);
            let z = trial.categorical("z", ["a", "b"]);
            Ok(x * x + (y as f64 - 4.0).powi(2) + if z == "a" { 1.0 } else { 0.0 })
        })
        .unwrap();
    println!("{report}");
    assert!(report.best().unwrap().value().unwrap() < 0.3);
}
