//! The facade: what cells find imported, and what the runtime registers.

mod drift;
mod gates;
mod hostile;
mod keep;
mod tuning;

use ironbook::prelude::*;
use ironbook::rt;
use ironbook_core::error::CellError;
use ironbook_core::{frame, registry};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// The active run is one of the process: tests that start one take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A glob import that brought another `Result` or `Vec` would break half of all cells.
#[test]
fn names_of_rust_keep_their_meaning() {
    fn half(text: &str) -> Result<Option<u8>, Box<dyn std::error::Error>> {
        let number: u8 = text.parse()?;
        Ok(if number.is_multiple_of(2) { Some(number / 2) } else { None })
    }
    let all: Vec<String> = ["2", "3", "x"].iter().map(|text| format!("{:?}", half(text).ok())).collect();
    drop(String::from("x"));
    assert_eq!(all.join(" "), "Some(Some(1)) Some(None) None");
}

#[test]
fn frames_and_tensors_are_at_hand() {
    let table = df!["hour" => [1, 2, 2], "late" => [0.0, 1.0, 1.0]].unwrap();
    let late = table.lazy().filter(col("hour").eq(lit(2))).select([col("late").sum()]).collect().unwrap();
    assert_eq!(late.floats("late").unwrap(), [2.0]);
    let ones = Tensor::ones((2, 3), DType::F32, &Device::Cpu).unwrap();
    assert_eq!(ones.sum_all().unwrap().to_scalar::<f32>().unwrap(), 6.0);
    assert!(plot::bar(&["a"], &[1]).is_ok());
    assert_eq!(eval::roc_auc(&[0.0, 1.0], &[0.1, 0.9]).unwrap(), 1.0);
}

#[test]
fn a_tensor_shows_values_shape_dtype_and_device() {
    ironbook::init();
    let tensor = Tensor::new(&[[1u8, 2], [3, 4]], &Device::Cpu).unwrap();
    let bundle = registry::show(&tensor).unwrap();
    let expected = "[[1, 2],\n [3, 4]]\nTensor 2 x 2, u8, cpu\nmin 1, max 4, mean 2.5, std 1.11803, zeros 0.0%";
    assert_eq!(bundle.plain(), expected);
    assert!(bundle.get("text/html").unwrap().contains("Tensor 2 x 2, u8, cpu"));
    let weight = Var::from_tensor(&Tensor::new(1.5f64, &Device::Cpu).unwrap()).unwrap();
    assert_eq!(registry::show(&weight).unwrap().plain(), "1.5\nTensor scalar, f64, cpu");
}

#[test]
fn statistics_of_a_tensor_tell_what_is_not_finite_and_what_is_a_sample() {
    ironbook::init();
    let line = |tensor: &Tensor| registry::show(tensor).unwrap().plain().lines().last().unwrap().to_owned();
    let odd = Tensor::new(&[0.0f32, f32::NAN, f32::INFINITY, 2.0], &Device::Cpu).unwrap();
    assert_eq!(line(&odd), "min 0, max 2, mean 1, std 1, zeros 25.0%, NaN 1, inf 1");
    let large = Tensor::ones((3, 1 << 20), DType::BF16, &Device::Cpu).unwrap();
    let sampled = "min 1, max 1, mean 1, std 0, zeros 0.0% (of a sample of 1048576 of 3145728 values)";
    assert_eq!(line(&large), sampled);
    assert!(line(&large.t().unwrap()).starts_with("statistics left out"));
    assert_eq!(line(&Tensor::zeros((0, 3), DType::F32, &Device::Cpu).unwrap()), "it has no values");
}

#[test]
fn results_options_and_lists_of_foreign_types_are_shown() {
    ironbook::init();
    let one = || Tensor::new(&[1u8, 2], &Device::Cpu);
    let rich = |bundle: Bundle| bundle.get("text/html").is_some_and(|html| html.contains("Tensor 2, u8, cpu"));
    assert!(rich(rt::bundle!(&one())) && rich(rt::bundle!(&Some(one().unwrap()))));
    assert!(rich(rt::bundle!(&vec![one().unwrap()])) && rich(rt::bundle!(&Box::new(one().unwrap()))));
    assert!(rich(rt::bundle!(&Arc::new(one().unwrap()))) && rich(rt::bundle!(&&one().unwrap())));
    let boxed: Result<DataFrame, Box<dyn std::error::Error>> = Err("no such flight".into());
    assert_eq!(rt::bundle!(&boxed).plain(), "Err: no such flight");
    let failed: Result<plot::Chart, plot::PlotError> = plot::bar(&["a"], &[1, 2]);
    assert!(rt::bundle!(&failed).plain().starts_with("Err: ") && rt::bundle!(&failed).get("text/html").is_some());
    let chart: Option<plot::Chart> = plot::bar(&["a"], &[1]).ok();
    assert!(rt::bundle!(&chart).get("image/png").is_some());
    assert_eq!(rt::bundle!(&Some(1)).plain(), "Some(1)");
    assert_eq!(rt::bundle!(&vec![(1, 'a')]).plain(), "[(1, 'a')]");
    assert_eq!(rt::bundle!(&Ok::<i32, std::fmt::Error>(1)).plain(), "Ok(1)");
}

/// Variables that are shown without a compile show the same.
#[test]
fn stored_variables_show_what_they_hold() {
    ironbook::init();
    let cx = rt::Cx::new(rt::Store::default(), 1, 1, std::collections::BTreeSet::new());
    let held = Some(Tensor::new(&[1u8, 2], &Device::Cpu).unwrap());
    let charts = vec![plot::bar(&["a"], &[1]).unwrap()];
    let error: Result<plot::Chart, std::num::ParseIntError> = Err("x".parse::<i32>().unwrap_err());
    rt::put!(cx, put, "held", held);
    rt::put!(cx, put, "charts", charts);
    rt::put!(cx, put, "error", error);
    let store = cx.finish().store;
    assert!(store.show("held").unwrap().get("text/html").unwrap().contains("Tensor 2, u8, cpu"));
    assert!(store.show("charts").unwrap().get("text/html").unwrap().contains("<img"));
    assert_eq!(store.show("error").unwrap().plain(), "Err: invalid digit found in string");
}

#[test]
fn a_tensor_tells_its_size() {
    ironbook::init();
    let cx = rt::Cx::new(rt::Store::default(), 1, 1, std::collections::BTreeSet::new());
    let zeros = Tensor::zeros((10, 4), DType::F32, &Device::Cpu).unwrap();
    rt::put!(cx, put, "zeros", zeros);
    let [frame::Variable { shape, bytes, .. }] = &cx.finish().put[..] else { panic!("one variable was put") };
    assert_eq!(shape.as_deref(), Some("10 x 4, f32, cpu"));
    assert!((160..200).contains(bytes), "{bytes}");
}

#[test]
fn errors_of_the_library_show_their_causes() {
    ironbook::init();
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("directory");
    std::fs::create_dir_all(&path).unwrap();
    let error = LogisticRegression::load(&path).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    let chain = CellError::from(error).chain;
    assert_eq!(chain[1..], [cause]);
}

/// Nothing wakes this future: an interrupt could not be seen while it waits if it were polled only when woken.
#[test]
fn a_future_is_polled_even_if_nothing_wakes_it() {
    let mut polls = 0;
    let polled = rt::block_on(std::future::poll_fn(move |_| {
        polls += 1;
        if polls == 3 { Poll::Ready(polls) } else { Poll::Pending }
    }));
    assert_eq!(polled, 3);
}

#[test]
fn tasks_run_on_the_runtime_that_cells_share() {
    let sum = rt::block_on(async {
        let tasks: Vec<_> = (0..4).map(|i| tokio::spawn(async move { i })).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 6);
}
