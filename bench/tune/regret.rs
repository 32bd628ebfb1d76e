//! What a sampler is short of the optimum on twelve standard functions, as `regret.py` has them: JSON on one line.
//!
//!     cargo run -p ironbook-tune --example tune_regret -- SAMPLER FIRST_SEED SEEDS
//!
//! SAMPLER is `tpe`, `tpe-optuna` (Optuna's random numbers) or `random`.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use ironbook_tune::{Budget, IntoSampler, Random, Sampler, Study, Tpe};
use std::f64::consts::{E, PI};

const TRIALS: usize = 200;
const SHIFTS: [f64; 6] = [0.5, -1.0, 1.5, -2.0, 0.25, 1.0];

fn shifted(x: &[f64]) -> Vec<f64> {
    x.iter().zip(SHIFTS).map(|(x, shift)| x - shift).collect()
}

fn sphere(x: &[f64]) -> f64 {
    shifted(x).iter().map(|v| v * v).sum()
}

fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2).map(|w| 100.0 * (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2)).sum()
}

fn rastrigin(x: &[f64]) -> f64 {
    shifted(x).iter().map(|v| v * v - 10.0 * (2.0 * PI * v).cos() + 10.0).sum()
}

fn ackley(x: &[f64]) -> f64 {
    let (x, n) = (shifted(x), x.len() as f64);
    let spread = (x.iter().map(|v| v * v).sum::<f64>() / n).sqrt();
    let waves = x.iter().map(|v| (2.0 * PI * v).cos()).sum::<f64>() / n;
    -20.0 * (-0.2 * spread).exp() - waves.exp() + 20.0 + E
}

fn griewank(x: &[f64]) -> f64 {
    let x = shifted(x);
    let product: f64 = x.iter().enumerate().map(|(i, v)| (v / ((i + 1) as f64).sqrt()).cos()).product();
    x.iter().map(|v| v * v).sum::<f64>() / 4000.0 - product + 1.0
}

fn levy(x: &[f64]) -> f64 {
    let w: Vec<f64> = x.iter().map(|v| 1.0 + (v - 1.0) / 4.0).collect();
    let (last, first) = w.split_last().unwrap();
    let middle: f64 = first.iter().map(|v| (v - 1.0).powi(2) * (1.0 + 10.0 * (PI * v + 1.0).sin().powi(2))).sum();
    (PI * w[0]).sin().powi(2) + middle + (last - 1.0).powi(2) * (1.0 + (2.0 * PI * last).sin().powi(2))
}

fn styblinski(x: &[f64]) -> f64 {
    x.iter().map(|v| v.powi(4) - 16.0 * v * v + 5.0 * v).sum::<f64>() / 2.0 + 39.16616570377142 * x.len() as f64
}

fn branin(x: &[f64]) -> f64 {
    let (a, b) = (x[0], x[1]);
    (b - 5.1 / (4.0 * PI * PI) * a * a + 5.0 / PI * a - 6.0).powi(2) + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * a.cos() + 10.0
        - 0.39788735772973816
}

fn camel(x: &[f64]) -> f64 {
    let (a, b) = (x[0], x[1]);
    (4.0 - 2.1 * a * a + a.powi(4) / 3.0) * a * a + a * b + (4.0 * b * b - 4.0) * b * b + 1.0316284534898774
}

fn goldstein(x: &[f64]) -> f64 {
    let (a, b) = (x[0], x[1]);
    let left = (a + b + 1.0).powi(2) * (19.0 - 14.0 * a + 3.0 * a * a - 14.0 * b + 6.0 * a * b + 3.0 * b * b);
    let right = 18.0 - 32.0 * a + 12.0 * a * a + 48.0 * b - 36.0 * a * b + 27.0 * b * b;
    (1.0 + left) * (30.0 + (2.0 * a - 3.0 * b).powi(2) * right) - 3.0
}

const ALPHA: [f64; 4] = [1.0, 1.2, 3.0, 3.2];

fn hartmann<const N: usize>(x: &[f64], weights: [[f64; N]; 4], centres: [[f64; N]; 4]) -> f64 {
    let term = |((alpha, weights), centres): ((f64, [f64; N]), [f64; N])| {
        let sum: f64 = x.iter().zip(weights).zip(centres).map(|((x, w), c)| w * (x - c).powi(2)).sum();
        alpha * (-sum).exp()
    };
    -ALPHA.into_iter().zip(weights).zip(centres).map(term).sum::<f64>()
}

fn hartmann3(x: &[f64]) -> f64 {
    let weights = [[3.0, 10.0, 30.0], [0.1, 10.0, 35.0], [3.0, 10.0, 30.0], [0.1, 10.0, 35.0]];
    let centres =
        [[0.3689, 0.1170, 0.2673], [0.4699, 0.4387, 0.7470], [0.1091, 0.8732, 0.5547], [0.0381, 0.5743, 0.8828]];
    hartmann(x, weights, centres) + 3.86277978733266
}

fn hartmann6(x: &[f64]) -> f64 {
    let weights = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    let centres = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ];
    hartmann(x, weights, centres) + 3.322368011415515
}

type Function = fn(&[f64]) -> f64;

/// Name, function, and ranges of its parameters.
type Entry = (&'static str, Function, Vec<(f64, f64)>);

fn functions() -> Vec<Entry> {
    vec![
        ("sphere", sphere, vec![(-5.0, 5.0); 5]),
        ("rosenbrock", rosenbrock, vec![(-2.0, 2.0); 4]),
        ("rastrigin", rastrigin, vec![(-5.12, 5.12); 5]),
        ("ackley", ackley, vec![(-32.768, 32.768); 5]),
        ("griewank", griewank, vec![(-60.0, 60.0); 5]),
        ("levy", levy, vec![(-10.0, 10.0); 5]),
        ("styblinski", styblinski, vec![(-5.0, 5.0); 5]),
        ("branin", branin, vec![(-5.0, 10.0), (0.0, 15.0)]),
        ("camel", camel, vec![(-3.0, 3.0), (-2.0, 2.0)]),
        ("goldstein", goldstein, vec![(-2.0, 2.0); 2]),
        ("hartmann3", hartmann3, vec![(0.0, 1.0); 3]),
        ("hartmann6", hartmann6, vec![(0.0, 1.0); 6]),
    ]
}

fn sampler(name: &str, seed: u64) -> Box<dyn Sampler> {
    match name {
        "tpe" => Tpe::params().seed(seed).into_sampler(),
        "tpe-optuna" => Tpe::params().seed(seed).optuna_stream().into_sampler(),
        _ => Random::params().seed(seed).into_sampler(),
    }
    .unwrap()
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (name, first, seeds): (&str, u64, u64) = (&words[0], words[1].parse().unwrap(), words[2].parse().unwrap());
    let mut lines = Vec::new();
    for (function, call, ranges) in functions() {
        let regret = |seed: u64| {
            let study = Study::new("regret").sampler(sampler(name, seed)).create().unwrap();
            let ranges = ranges.clone();
            let objective = move |trial: &ironbook_tune::Trial| {
                let at = |(i, (low, high)): (usize, &(f64, f64))| trial.float(&format!("x{i}"), *low..=*high);
                Ok(call(&ranges.iter().enumerate().map(at).collect::<Vec<f64>>()))
            };
            study.optimize(Budget::trials(TRIALS), objective).unwrap();
            study.best().unwrap().value().unwrap()
        };
        let regrets: Vec<String> = (first..first + seeds).map(|seed| format!("{:?}", regret(seed))).collect();
        lines.push(format!("\"{function}\": [{}]", regrets.join(", ")));
    }
    println!("{{{}}}", lines.join(", "));
}
