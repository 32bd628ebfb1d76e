//! A row gets the same features alone and in a batch, from the fitted pipeline and from its file, bit for bit.

use crate::{bits, data, numbers, text, times, uniform};
use ironbook_core::Persist;
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_features::{
    Cycle, FittedPipeline, Impute, OneHot, Ordinal, Pipeline, TargetEncode, Unknown, all_numeric, all_text,
};

const CITIES: [&str; 7] = ["Bern", "Kyiv", "Lima", "Oslo", "Rome", "Quito", ""];

/// A table with holes; `cities` of the seven appear in it.
fn random(seed: u64, rows: usize, cities: usize) -> Matrix {
    let u = uniform(seed, rows * 6);
    let part = |k: usize| &u[k * rows..(k + 1) * rows];
    let holed = |k: usize, share: f64| -> Vec<f64> {
        part(k).iter().map(|&u| if u < share { f64::NAN } else { (u - 0.3) * 1e3 }).collect()
    };
    let city: Vec<&str> = part(3).iter().map(|u| CITIES[6 - (u * cities as f64) as usize]).collect();
    let hub: Vec<&str> = part(4).iter().map(|u| ["A", "B", "C"][(u * 3.0) as usize]).collect();
    Matrix::from_typed(vec![
        numbers("temp", &holed(0, 0.3)),
        numbers("wind", &holed(1, 0.0)),
        numbers("rain", &part(2).iter().map(|u| (u * 8.0).floor()).collect::<Vec<_>>()),
        text("city", &city),
        text("hub", &hub),
        times("at", &part(5).iter().map(|u| (u * 1e9).floor()).collect::<Vec<_>>()),
    ])
    .unwrap()
}

/// Every step but the lags, in three orders.
fn pipelines() -> Vec<Pipeline> {
    vec![
        Pipeline::new()
            .impute(["temp"], Impute::Median.with_indicator())
            .impute("city", Impute::MostFrequent)
            .one_hot_with("city", OneHot::new().min_frequency(4).unknown(Unknown::Infrequent))
            .target_encode("hub")
            .cyclical("at", [Cycle::Hour, Cycle::Weekday, Cycle::Month])
            .log1p("rain")
            .standardise(all_numeric()),
        Pipeline::new()
            .target_encode_with("city", TargetEncode::new().smooth(3.0))
            .one_hot_with("rain", OneHot::new().drop_first().max_categories(5))
            .cyclical("wind", 24.0)
            .min_max(["temp", "at"])
            .drop("hub"),
        Pipeline::new()
            .ordinal_with("hub", Ordinal::new().order(["C", "B", "A"]))
            .impute(all_text(), Impute::Text("nowhere".to_owned()))
            .impute("temp", Impute::Constant(-1.0))
            .keep(["city", "hub", "temp", "wind", "at"]),
    ]
}

fn training(seed: u64) -> Dataset {
    let target = uniform(seed + 50, 80).iter().map(|u| f64::from(u8::from(*u > 0.6))).collect();
    Dataset::from_parts(random(seed, 80, 5), target, "late")
}

#[test]
fn alone_and_in_a_batch() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("features.json");
    for seed in 0..12 {
        // Cities beyond those of the training data among them.
        let later = random(seed + 1000, 40, 7);
        for (k, pipeline) in pipelines().into_iter().enumerate() {
            let fitted = pipeline.fit(&training(seed)).unwrap();
            let whole = fitted.transform(&later).unwrap();
            fitted.save(&path).unwrap();
            let read = FittedPipeline::load(&path).unwrap();
            assert_eq!(read, fitted, "pipeline {k}, seed {seed}");
            for row in 0..later.rows() {
                let alone = alone(&later, row);
                let made = read.transform(&alone).unwrap();
                assert_eq!(made.names(), whole.names());
                assert_eq!(made.kinds(), whole.kinds());
                assert_eq!(bits(&made), bits(&whole.select_rows(&[row])), "pipeline {k}, seed {seed}, row {row}");
            }
        }
    }
}

/// The row as it would come from a frame of its own: its text columns know one name at most.
fn alone(matrix: &Matrix, row: usize) -> Matrix {
    let column = |j: usize| {
        let value = matrix.get(row, j);
        match &matrix.kinds()[j] {
            Kind::Categorical(_) if value.is_nan() => text(&matrix.names()[j], &[""]),
            Kind::Categorical(names) => text(&matrix.names()[j], &[&names[value as usize]]),
            kind => (matrix.names()[j].clone(), kind.clone(), vec![value]),
        }
    };
    // In another order of columns, too.
    Matrix::from_typed((0..matrix.cols()).rev().map(column).collect()).unwrap()
}

#[test]
fn any_number_of_threads_and_any_time_the_same_bits() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            pipelines().iter().map(|p| bits(&p.fit_transform(&training(3)).unwrap().1.features)).collect::<Vec<_>>()
        })
    };
    assert_eq!(on(1), on(3));
    let seeded = |seed| {
        let pipeline = Pipeline::new().keep("hub").target_encode_with("hub", TargetEncode::new().seed(seed));
        bits(&pipeline.fit_transform(&training(3)).unwrap().1.features)
    };
    assert_eq!(seeded(1), seeded(1));
    assert_ne!(seeded(1), seeded(2));
}

#[test]
fn no_row_sees_its_own_target() {
    // Changing the target of one row changes the codes of others, never its own.
    let data = training(5);
    let pipeline = Pipeline::new().keep("city").target_encode("city");
    let codes = |data: &Dataset| pipeline.fit_transform(data).unwrap().1.features.column(0).to_vec();
    let before = codes(&Dataset { target: uniform(9, 80), ..data.clone() });
    for row in [0, 17, 79] {
        let mut target = uniform(9, 80);
        target[row] += 100.0;
        let after = codes(&Dataset { target, ..data.clone() });
        assert_eq!(before[row].to_bits(), after[row].to_bits());
        assert!((0..80).any(|i| before[i] != after[i]));
    }
}

#[test]
fn a_missing_value_without_a_type_is_accepted() {
    let fitted = Pipeline::new().one_hot("city").fit(&data(vec![text("city", &["a", "b"]), numbers("x", &[1.0, 2.0])]));
    // A null in a frame of one row can come as a column of numbers, or of text without a name.
    let row = |city, x| Matrix::from_typed(vec![city, x]).unwrap();
    let fitted = fitted.unwrap();
    let made = fitted.transform(&row(numbers("city", &[f64::NAN]), text("x", &[""]))).unwrap();
    assert_eq!(&made.data()[..2], [0.0, 0.0]);
    assert!(made.data()[2].is_nan());
}

/// The names of a matrix that is not made from a frame can stand in any order, and twice.
#[test]
fn names_in_any_order_are_the_same_categories() {
    let sized = |names: &[&str], codes: &[f64]| {
        let kind = Kind::Categorical(names.iter().map(ToString::to_string).collect());
        Matrix::from_typed(vec![("size".to_owned(), kind, codes.to_vec())]).unwrap()
    };
    let plain = sized(&["high", "low", "mid"], &[1.0, 2.0, 0.0, 1.0, 0.0, 1.0]);
    let other = sized(&["low", "mid", "high", "low"], &[0.0, 1.0, 2.0, 3.0, 2.0, 0.0]);
    let target = vec![0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
    let pipelines = [
        Pipeline::new().one_hot("size"),
        Pipeline::new().one_hot_with("size", OneHot::new().drop_first().unknown(Unknown::Refuse)),
        Pipeline::new().ordinal("size"),
        Pipeline::new().ordinal_with("size", Ordinal::new().order(["low", "mid", "high"])),
        Pipeline::new().target_encode("size"),
        Pipeline::new().impute("size", Impute::MostFrequent).one_hot("size"),
    ];
    for pipeline in pipelines {
        let fit = |features: &Matrix| Dataset::from_parts(features.clone(), target.clone(), "y");
        let (one, first) = pipeline.fit_transform(&fit(&plain)).unwrap();
        let (two, second) = pipeline.fit_transform(&fit(&other)).unwrap();
        assert_eq!(bits(&first.features), bits(&second.features), "{pipeline:?}");
        assert_eq!(bits(&one.transform(&other).unwrap()), bits(&two.transform(&plain).unwrap()), "{pipeline:?}");
    }
    // Text that passes unchanged keeps its names.
    let passing = Pipeline::new().fit(&Dataset::from_parts(other.clone(), target, "y")).unwrap();
    let made = passing.transform(&plain).unwrap().to_frame().unwrap();
    assert_eq!(made, plain.to_frame().unwrap());
}
