//! Folds, against scikit-learn's and by what they promise.

use ironbook_data::{Dataset, Matrix};
use ironbook_eval::{
    EvalError, Fold, Folds, GroupKFold, Holdout, KFold, LeaveOneGroupOut, RepeatedKFold, RepeatedStratifiedKFold,
    ShuffleSplit, StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit, train_test_split,
};
use serde_json::Value;

fn data(target: Vec<f64>, groups: Option<Vec<u32>>) -> Dataset {
    let row = (0..target.len()).map(|i| i as f64).collect();
    let features = Matrix::from_columns(vec![("row".to_owned(), row)]).unwrap();
    Dataset { groups, ..Dataset::from_parts(features, target, "y") }
}

fn read<T: serde::de::DeserializeOwned>(case: &Value, key: &str) -> T {
    serde_json::from_value(case[key].clone()).unwrap()
}

fn reference() -> Vec<Value> {
    serde_json::from_str(include_str!("../reference/folds.json")).unwrap()
}

fn dataset(case: &Value) -> Dataset {
    data(read(case, "y"), Some(read(case, "groups")))
}

/// Each row is judged once, and the rest is learnt from.
fn is_partition(folds: &[Fold], rows: usize) {
    let mut seen = vec![0; rows];
    for fold in folds {
        fold.test.iter().for_each(|&i| seen[i] += 1);
        assert!(fold.test.is_sorted() && fold.train.is_sorted());
        let mut all: Vec<usize> = fold.train.iter().chain(&fold.test).copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..rows).collect::<Vec<_>>());
    }
    assert!(seen.iter().all(|&n| n == 1));
}

#[test]
fn without_a_seed_folds_are_scikit_learns() {
    let cases = reference();
    assert_eq!(cases.len(), 5);
    for case in &cases {
        let (data, k): (_, usize) = (dataset(case), read(case, "folds"));
        let splits: [(&str, &dyn Folds); 5] = [
            ("k_fold", &KFold::new(k)),
            ("stratified", &StratifiedKFold::new(k)),
            ("group", &GroupKFold::new(k)),
            ("stratified_group", &StratifiedGroupKFold::new(k)),
            ("leave_one_out", &LeaveOneGroupOut),
        ];
        for (name, split) in splits {
            let folds = split.folds(&data).unwrap();
            is_partition(&folds, data.rows());
            let tests: Vec<Vec<usize>> = folds.into_iter().map(|fold| fold.test).collect();
            assert_eq!(tests, read::<Vec<Vec<usize>>>(case, name), "{name} of {}", case["name"]);
        }
    }
}

#[test]
fn time_goes_forward_as_in_scikit_learn() {
    for case in &reference() {
        let (data, k): (_, usize) = (dataset(case), read(case, "folds"));
        let tests: Vec<Vec<usize>> =
            TimeSeriesSplit::new(k).folds(&data).unwrap().into_iter().map(|fold| fold.test).collect();
        assert_eq!(tests, read::<Vec<Vec<usize>>>(case, "time"));
        let gapped = TimeSeriesSplit::new(k).gap(2).max_train_size(7).folds(&data).unwrap();
        let pairs: Vec<(Vec<usize>, Vec<usize>)> = gapped.into_iter().map(|fold| (fold.train, fold.test)).collect();
        assert_eq!(pairs, read::<Vec<(Vec<usize>, Vec<usize>)>>(case, "time_gap"));
    }
    let sized = TimeSeriesSplit::new(3).test_size(2).folds(&data(vec![0.0; 10], None)).unwrap();
    assert_eq!(sized[0], Fold { train: vec![0, 1, 2, 3], test: vec![4, 5] });
}

#[test]
fn shuffled_folds_keep_what_they_promise() {
    for case in &reference() {
        let (data, k): (_, usize) = (dataset(case), read(case, "folds"));
        let plain = KFold::new(k).shuffled(3).folds(&data).unwrap();
        is_partition(&plain, data.rows());
        let sizes: Vec<usize> = plain.iter().map(|fold| fold.test.len()).collect();
        assert_eq!(sizes, KFold::new(k).folds(&data).unwrap().iter().map(|f| f.test.len()).collect::<Vec<_>>());
        assert_eq!(plain, KFold::new(k).shuffled(3).folds(&data).unwrap());
        assert_ne!(plain, KFold::new(k).shuffled(4).folds(&data).unwrap());

        let counts = |folds: Vec<Fold>| -> Vec<Vec<usize>> {
            let of = |fold: &Fold, c: f64| fold.test.iter().filter(|&&i| data.target[i] == c).count();
            folds.iter().map(|fold| (0..4).map(|c| of(fold, f64::from(c))).collect()).collect()
        };
        let shuffled = StratifiedKFold::new(k).shuffled(3).folds(&data).unwrap();
        is_partition(&shuffled, data.rows());
        assert_eq!(counts(shuffled), counts(StratifiedKFold::new(k).folds(&data).unwrap()));

        let groups = data.groups.clone().unwrap();
        for folds in [GroupKFold::new(k).shuffled(1), GroupKFold::new(k)].map(|g| g.folds(&data).unwrap()) {
            is_partition(&folds, data.rows());
            for fold in folds {
                assert!(fold.test.iter().all(|&i| !fold.train.iter().any(|&j| groups[j] == groups[i])));
            }
        }
        is_partition(&StratifiedGroupKFold::new(k).shuffled(1).folds(&data).unwrap(), data.rows());
    }
}

#[test]
fn repetitions_differ_and_repeat_for_their_seed() {
    let data = dataset(&reference()[2]);
    for folds in
        [RepeatedKFold::new(5, 3, 1).folds(&data).unwrap(), RepeatedStratifiedKFold::new(5, 3, 1).folds(&data).unwrap()]
    {
        assert_eq!(folds.len(), 15);
        folds.chunks(5).for_each(|once| is_partition(once, data.rows()));
        assert_ne!(folds[..5], folds[5..10]);
    }
    assert_eq!(RepeatedKFold::new(5, 3, 1).folds(&data).unwrap(), RepeatedKFold::new(5, 3, 1).folds(&data).unwrap());
    let shuffled = ShuffleSplit::new(4, 0.25, 9).folds(&data).unwrap();
    assert!(shuffled.iter().all(|fold| fold.test.len() == 26 && fold.train.len() == 77));
    assert_ne!(shuffled[0], shuffled[1]);
}

#[test]
fn a_holdout_has_scikit_learns_sizes_and_shares() {
    for case in &reference() {
        let data = dataset(case);
        let (train, test) = train_test_split(&data, 0.23, 1).unwrap();
        assert_eq!(vec![train.rows(), test.rows()], read::<Vec<usize>>(case, "holdout_sizes"));
        assert_eq!(test.features.column(0).iter().map(|&i| data.target[i as usize]).collect::<Vec<_>>(), test.target);
        let (train, test) = Holdout::new(0.23).seed(1).stratified().split(&data).unwrap();
        let expected: Vec<Vec<usize>> = read(case, "stratified_counts");
        for (part, expected) in [(train, &expected[0]), (test, &expected[1])] {
            let mut classes = data.target.clone();
            classes.sort_by(f64::total_cmp);
            classes.dedup();
            let counts: Vec<usize> = classes.iter().map(|c| part.target.iter().filter(|y| *y == c).count()).collect();
            // Ties among remainders are broken at random there, and by size here.
            let off: usize = counts.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).sum();
            assert!(
                off <= 2 && counts.iter().sum::<usize>() == expected.iter().sum::<usize>(),
                "{counts:?} {expected:?}"
            );
        }
        let fold = Holdout::new(0.3).seed(2).grouped().rows(&data).unwrap();
        let groups = data.groups.as_ref().unwrap();
        assert!(
            !fold.test.is_empty() && fold.test.iter().all(|&i| !fold.train.iter().any(|&j| groups[j] == groups[i]))
        );
    }
}

#[test]
fn what_cannot_be_split_is_refused() {
    let few = data(vec![0.0, 1.0, 1.0], Some(vec![1, 1, 1]));
    let folds = |split: &dyn Folds| split.folds(&few).unwrap_err();
    assert!(matches!(folds(&KFold::new(1)), EvalError::Parameter { .. }));
    assert!(matches!(folds(&KFold::new(4)), EvalError::Folds { folds: 4, what: "rows", found: 3 }));
    assert!(matches!(folds(&StratifiedKFold::new(3)), EvalError::Folds { found: 2, .. }));
    assert!(matches!(folds(&GroupKFold::new(2)), EvalError::Folds { what: "groups", found: 1, .. }));
    assert!(matches!(folds(&LeaveOneGroupOut), EvalError::Folds { what: "groups", found: 1, .. }));
    assert!(matches!(folds(&TimeSeriesSplit::new(2).gap(1)), EvalError::Folds { .. }));
    assert!(matches!(folds(&TimeSeriesSplit::new(2).max_train_size(0)), EvalError::Parameter { .. }));
    assert!(matches!(folds(&RepeatedKFold::new(2, 0, 0)), EvalError::Parameter { .. }));
    assert!(matches!(folds(&vec![Fold { train: vec![0], test: vec![3] }]), EvalError::Row { row: 3, rows: 3 }));
    let none = data(vec![0.0, 1.0, 1.0], None);
    assert!(matches!(GroupKFold::new(2).folds(&none), Err(EvalError::NoGroups)));
    assert!(matches!(Holdout::new(0.5).grouped().rows(&none), Err(EvalError::NoGroups)));
    assert!(matches!(Holdout::new(0.5).stratified().rows(&none), Err(EvalError::Folds { found: 1, .. })));
    assert!(matches!(Holdout::new(1.5).rows(&none), Err(EvalError::Share { .. })));
    let fractions = data(vec![0.5, 1.0, 1.0], None);
    assert!(matches!(StratifiedKFold::new(2).folds(&fractions), Err(EvalError::Model(_))));
    let short = data(vec![0.0, 1.0, 1.0], Some(vec![1]));
    assert!(matches!(GroupKFold::new(2).folds(&short), Err(EvalError::Length { found: 1, .. })));
}
