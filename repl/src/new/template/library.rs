//! Tests of the code in src/.

use {{crate}}::pleasant;

#[test]
fn cold_hot_and_wet_days_are_not_pleasant() {
    assert!(pleasant(20.0, 0.2));
    assert!(!pleasant(5.0, 0.0));
    assert!(!pleasant(34.0, 0.0));
    assert!(!pleasant(20.0, 6.0));
}
