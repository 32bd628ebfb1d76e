//! Hours, weekdays and months of times, and periods of numbers, as points on a circle.

use crate::{data, numbers, times};
use ironbook_features::{Cycle, Pipeline};
use polars::prelude::*;
use std::f64::consts::TAU;

#[test]
fn a_period_of_numbers() {
    let data = data(vec![numbers("hour", &[0.0, 6.0, 23.0, 24.0, -1.0, f64::NAN])]);
    let (_, made) = Pipeline::new().cyclical("hour", 24.0).fit_transform(&data).unwrap();
    assert_eq!(made.features.names(), ["hour_sin", "hour_cos"]);
    let (sin, cos) = (made.features.column(0), made.features.column(1));
    for (row, hour) in [0.0_f64, 6.0, 23.0, 24.0, -1.0].into_iter().enumerate() {
        let angle = TAU * (hour / 24.0);
        assert_eq!((sin[row], cos[row]), (angle.sin(), angle.cos()));
    }
    assert!((sin[2] - sin[4]).abs() < 1e-12 && sin[5].is_nan() && cos[5].is_nan());
}

/// polars' own calendar over 300 years, leap years and times before 1970 among them.
#[test]
fn hours_weekdays_and_months_are_those_of_the_calendar() {
    let seconds: Vec<i64> = (0..4000).map(|k| -4_000_000_000 + k * 2_371_217).collect();
    let micros: Vec<i64> = seconds.iter().map(|s| s * 1_000_000).collect();
    let frame = df!["at" => micros].unwrap().lazy();
    let at = || col("at").cast(DataType::Datetime(TimeUnit::Microseconds, None)).dt();
    let parts = [at().hour().alias("h"), at().weekday().alias("w"), at().month().alias("m")];
    let parts = frame.select(parts).collect().unwrap();
    let part = |name: &str| -> Vec<f64> {
        let cast = parts.column(name).unwrap().cast(&DataType::Float64).unwrap();
        cast.f64().unwrap().iter().flatten().collect()
    };
    let (hour, weekday, month) = (part("h"), part("w"), part("m"));
    let at: Vec<f64> = seconds.iter().map(|&s| s as f64).collect();
    let cycles = [Cycle::Hour, Cycle::Weekday, Cycle::Month];
    let (_, made) = Pipeline::new().cyclical("at", cycles).fit_transform(&data(vec![times("at", &at)])).unwrap();
    let names = ["at_hour_sin", "at_hour_cos", "at_weekday_sin", "at_weekday_cos", "at_month_sin", "at_month_cos"];
    assert_eq!(made.features.names(), names);
    let expected: [(&[f64], f64, f64); 3] = [(&hour, 0.0, 24.0), (&weekday, 1.0, 7.0), (&month, 1.0, 12.0)];
    for (k, (values, first, period)) in expected.into_iter().enumerate() {
        for (row, value) in values.iter().enumerate() {
            let angle = TAU * ((value - first) / period);
            assert_eq!(made.features.get(row, 2 * k), angle.sin(), "{} of {}", names[2 * k], seconds[row]);
            assert_eq!(made.features.get(row, 2 * k + 1), angle.cos());
        }
    }
}

#[test]
fn several_periods_of_one_column_stand_in_the_names() {
    let data = data(vec![numbers("hour", &[0.0, 30.0])]);
    let cycles = [Cycle::Every(24.0), Cycle::Every(168.0)];
    let (_, made) = Pipeline::new().cyclical("hour", cycles).fit_transform(&data).unwrap();
    assert_eq!(made.features.names(), ["hour_24_sin", "hour_24_cos", "hour_168_sin", "hour_168_cos"]);
    assert_eq!(made.features.get(1, 0), (TAU * (30.0 / 24.0)).sin());
    assert_eq!(made.features.get(1, 3), (TAU * (30.0 / 168.0)).cos());
}
