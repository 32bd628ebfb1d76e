//! Tables of several files, and lazy ones.

use ironbook_data::{CsvOptions, DataError, LazyExt as _, read_csv, read_json, read_parquet, scan_csv, scan_parquet};
use ironbook_data::{write_csv, write_parquet};
use polars::prelude::*;
use std::path::PathBuf;

struct Dir(tempfile::TempDir);

impl Dir {
    fn new() -> Self {
        Dir(tempfile::tempdir().unwrap())
    }

    fn at(&self, path: &str) -> PathBuf {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn parquet(&self, path: &str, df: &DataFrame) {
        write_parquet(df, self.at(path)).unwrap();
    }

    fn text(&self, path: &str, text: &str) {
        std::fs::write(self.at(path), text).unwrap();
    }
}

fn ints(df: &DataFrame, name: &str) -> Vec<Option<i64>> {
    df.column(name).unwrap().cast(&DataType::Int64).unwrap().i64().unwrap().to_vec()
}

fn names(df: &DataFrame) -> Vec<&str> {
    df.get_column_names().into_iter().map(|name| name.as_str()).collect()
}

fn some<const N: usize>(values: [i64; N]) -> Vec<Option<i64>> {
    values.map(Some).into()
}

#[test]
fn patterns_read_files_in_the_order_of_their_names() {
    let dir = Dir::new();
    for (name, x) in [("b-2", 2i64), ("b-1", 1), ("c", 9)] {
        dir.parquet(&format!("{name}.parquet"), &df!["x" => [x], "y" => ["t"]].unwrap());
    }
    // Columns in another order, and a file that the pattern does not mean.
    dir.parquet("b-3.parquet", &df!["y" => ["u"], "x" => [3i64]].unwrap());
    dir.text("b-4.csv", "x,y\n4,v\n");
    let df = read_parquet(dir.at("b-*.parquet")).unwrap();
    assert_eq!((ints(&df, "x"), names(&df)), (some([1, 2, 3]), vec!["x", "y"]));
    assert_eq!(df.column("y").unwrap().n_chunks(), 1);
    assert_eq!(ints(&read_parquet(dir.at("b-[13].parquet")).unwrap(), "x"), some([1, 3]));
    assert_eq!(ints(&read_parquet(dir.at("**/?.parquet")).unwrap(), "x"), some([9]));
    assert_eq!(ints(&scan_parquet(dir.at("b-*.parquet")).unwrap().collect().unwrap(), "x"), some([1, 2, 3]));
    // A file that is there is never a pattern.
    dir.parquet("[c].parquet", &df!["x" => [5i64]].unwrap());
    assert_eq!(ints(&read_parquet(dir.at("[c].parquet")).unwrap(), "x"), some([5]));
    assert_eq!(ints(&scan_parquet(dir.at("[c].parquet")).unwrap().collect().unwrap(), "x"), some([5]));
}

#[test]
fn a_pattern_that_nothing_matches_names_what_is_there() {
    let dir = Dir::new();
    dir.text("flights-2013.csv", "a\n1\n");
    let error = read_csv(dir.at("fligths-*.csv")).unwrap_err();
    assert!(matches!(&error, DataError::NoMatch { near, .. } if near.len() == 1), "{error:?}");
    let text = error.to_string();
    assert!(
        text.starts_with("no file matches ") && text.contains("there are: ") && text.contains("flights-2013.csv"),
        "{text}"
    );
    let text = read_parquet(dir.0.path().join("none/*.parquet")).unwrap_err().to_string();
    assert!(text.contains("does not exist"), "{text}");
    assert!(matches!(scan_parquet(dir.at("*.pq")), Err(DataError::NoMatch { .. })));
    assert!(matches!(scan_csv(dir.at("x*.csv")), Err(DataError::NoMatch { .. })));
    assert!(matches!(scan_parquet(dir.0.path()), Err(DataError::NoFiles { format: "Parquet", .. })));
}

fn partitioned(write: impl Fn(&Dir, &str, DataFrame)) -> Dir {
    let dir = Dir::new();
    for (year, month, x) in [("2013", "1", 1i64), ("2013", "12", 2), ("2014", "2", 3)] {
        write(&dir, &format!("k=v/data/year={year}/month={month}/part"), df!["x" => [x]].unwrap());
    }
    dir.text("k=v/data/_SUCCESS", "");
    dir.text("k=v/data/year=2013/.part.crc", "x");
    dir
}

#[test]
fn directories_give_columns() {
    let dir = partitioned(|dir, path, df| dir.parquet(&format!("{path}.parquet"), &df));
    let base = dir.at("k=v/data");
    let df = read_parquet(&base).unwrap();
    assert_eq!(names(&df), ["x", "year", "month"], "and not what lies above");
    assert_eq!(
        (ints(&df, "x"), ints(&df, "year"), ints(&df, "month")),
        (some([1, 2, 3]), some([2013, 2013, 2014]), some([1, 12, 2]))
    );
    assert_eq!(df.column("year").unwrap().dtype(), &DataType::Int64);
    let one = read_parquet(dir.at("k=v/data/year=2013/*/*.parquet")).unwrap();
    assert_eq!((ints(&one, "x"), ints(&one, "month")), (some([1, 2]), some([1, 12])));
    let lazy = scan_parquet(&base).unwrap();
    let sorted = lazy.clone().select([col("x"), col("year"), col("month")]).collect().unwrap();
    assert_eq!(sorted, df);
    let late = lazy.filter(col("year").eq(lit(2014))).collect_streaming().unwrap();
    assert_eq!(ints(&late, "x"), some([3]));
}

#[test]
fn directories_of_text_files_give_columns_too() {
    let csv = partitioned(|dir, path, mut df| {
        let file = std::fs::File::create(dir.at(&format!("{path}.csv"))).unwrap();
        CsvWriter::new(file).finish(&mut df).unwrap();
    });
    let df = read_csv(csv.at("k=v/data")).unwrap();
    assert_eq!((ints(&df, "x"), ints(&df, "month")), (some([1, 2, 3]), some([1, 12, 2])));
    assert_eq!(scan_csv(csv.at("k=v/data")).unwrap().collect().unwrap(), df);
    let json = partitioned(|dir, path, df| {
        dir.text(&format!("{path}.jsonl"), &format!("{{\"x\": {}}}\n", ints(&df, "x")[0].unwrap()));
    });
    assert_eq!(read_json(json.at("k=v/data")).unwrap(), df);
}

#[test]
fn partitions_are_dates_text_or_missing() {
    let dir = Dir::new();
    let null = "__HIVE_DEFAULT_PARTITION__";
    for (day, city, code) in [("2013-01-02", "S%C3%A3o%20Paulo", "007"), ("2013-01-01", null, "12")] {
        dir.parquet(&format!("day={day}/city={city}/code={code}/a.parquet"), &df!["x" => [1i64]].unwrap());
    }
    let df = read_parquet(dir.0.path()).unwrap();
    assert_eq!(df.column("day").unwrap().dtype(), &DataType::Date);
    assert_eq!(df.column("city").unwrap().str().unwrap().iter().collect::<Vec<_>>(), [None, Some("São Paulo")]);
    assert_eq!(df.column("code").unwrap().str().unwrap().get(1), Some("007"));
}

#[test]
fn files_in_other_directories_are_named() {
    let dir = Dir::new();
    dir.parquet("year=2013/a.parquet", &df!["x" => [1i64]].unwrap());
    dir.parquet("yaer=2014/b.parquet", &df!["x" => [1i64]].unwrap());
    for error in [read_parquet(dir.0.path()).unwrap_err(), scan_parquet(dir.0.path()).map(drop).unwrap_err()] {
        let DataError::Partitions { path, expected, found } = &error else { panic!("{error:?}") };
        assert!(path.ends_with("year=2013/a.parquet"), "{error}");
        assert_eq!((expected.as_slice(), found.as_slice()), (&["yaer".to_owned()][..], &["year".to_owned()][..]));
    }
}

#[test]
fn files_that_differ_are_named_with_their_column() {
    let dir = Dir::new();
    dir.parquet("a.parquet", &df!["x" => [1i64], "y" => [1.0]].unwrap());
    let check = |other: DataFrame, column: &str, problem: &str| {
        dir.parquet("b.parquet", &other);
        let errors = [
            read_parquet(dir.at("*.parquet")).map(drop).unwrap_err(),
            scan_parquet(dir.at("*.parquet")).map(drop).unwrap_err(),
        ];
        for error in errors {
            let DataError::Schemas { first, path, column: at, problem: what } = &error else { panic!("{error:?}") };
            assert!(first.ends_with("a.parquet") && path.ends_with("b.parquet"));
            assert_eq!((at.as_str(), what.as_str()), (column, problem));
        }
    };
    check(df!["x" => [1i64], "y" => ["text"]].unwrap(), "y", "is str there and f64 before");
    check(df!["x" => [1i32], "y" => [1.0]].unwrap(), "x", "is i32 there and i64 before");
    check(df!["x" => [1i64]].unwrap(), "y", "is missing");
    check(df!["x" => [1i64], "y" => [1.0], "z" => [1.0]].unwrap(), "z", "is not in the first file");
}

/// What CSV says of types is a guess from the rows of one file.
#[test]
fn guessed_types_widen_to_suit_all_files() {
    let dir = Dir::new();
    dir.text("a.csv", "x,y,t\n1,,p\n2,,q\n");
    dir.text("b.csv", "x,y,t\n0.5,7,r\n");
    dir.text("c.csv", "x,y,t\n");
    let df = read_csv(dir.at("*.csv")).unwrap();
    let expected = df!["x" => [1.0, 2.0, 0.5], "y" => [None, None, Some(7i64)], "t" => ["p", "q", "r"]].unwrap();
    assert!(df.equals_missing(&expected), "{df}");
    dir.text("d.csv", "x,y,t\nfast,1,s\n");
    let error = read_csv(dir.at("*.csv")).unwrap_err();
    assert!(
        matches!(&error, DataError::Schemas { column, problem, .. } if column == "x" && problem == "is str there and f64 before"),
        "{error:?}"
    );
    let lazy = Dir::new();
    lazy.text("a.csv", "x\n1\n");
    lazy.text("b.csv", "x\n0.5\n");
    assert_eq!(scan_csv(lazy.at("*.csv")).unwrap().collect().unwrap(), df!["x" => [1.0, 0.5]].unwrap());
}

#[test]
fn scans_read_only_what_is_needed() {
    let dir = Dir::new();
    for part in 0..3i64 {
        let rows: Vec<i64> = (0..1000).map(|i| part * 1000 + i).collect();
        dir.parquet(&format!("p{part}.parquet"), &df!["x" => &rows, "y" => &rows, "z" => &rows].unwrap());
    }
    let query = scan_parquet(dir.at("p*.parquet")).unwrap().filter(col("x").gt(lit(2500))).select([col("y").sum()]);
    let plan = query.describe_optimized_plan().unwrap();
    assert!(plan.contains("PROJECT 2/3 COLUMNS") && plan.contains("SELECTION"), "{plan}");
    let expected: i64 = (2501..3000).sum();
    assert_eq!(ints(&query.clone().collect_streaming().unwrap(), "y"), [Some(expected)]);
    assert_eq!(query.clone().collect_streaming().unwrap(), query.collect().unwrap());
}

#[test]
fn queries_run_into_files() {
    let dir = Dir::new();
    dir.parquet("a.parquet", &df!["x" => [1i64, 2, 3]].unwrap());
    let query = || scan_parquet(dir.at("a.parquet")).unwrap().filter(col("x").gt(lit(1)));
    query().sink_parquet(dir.at("b.parquet")).unwrap();
    query().sink_csv(dir.at("b.csv")).unwrap();
    assert_eq!(ints(&read_parquet(dir.at("b.parquet")).unwrap(), "x"), some([2, 3]));
    assert_eq!(std::fs::read_to_string(dir.at("b.csv")).unwrap(), "x\n2\n3\n");
    assert!(matches!(query().sink_parquet(dir.0.path().join("no/b.parquet")), Err(DataError::Write { .. })));
    let bad = query().select([col("nothing")]).sink_csv(dir.at("b.csv"));
    assert!(matches!(bad, Err(DataError::Polars(_))), "the file has no fault: {bad:?}");
    assert_eq!(std::fs::read_to_string(dir.at("b.csv")).unwrap(), "x\n2\n3\n", "the old file stays");
    assert_eq!(std::fs::read_dir(dir.0.path()).unwrap().count(), 3, "no partial file stays");
}

#[test]
fn scans_of_csv_have_the_options_of_reads() {
    let dir = Dir::new();
    dir.text("a.csv", "day;t\n2013-01-01;2,5\n2013-01-02;-\n");
    let options = CsvOptions::new().separator(b';').decimal_comma(true).null_values(["-"]);
    let df = options.scan(dir.at("a.csv")).unwrap().collect().unwrap();
    assert!(df.equals_missing(&options.read(dir.at("a.csv")).unwrap()));
    assert_eq!(df.dtypes(), [DataType::Date, DataType::Float64]);
    assert!(matches!(scan_csv(dir.at("a.csv")), Err(DataError::OtherSeparator { .. })));
    assert!(matches!(scan_csv(dir.at("b.csv")), Err(DataError::MissingFile { .. })));
    dir.text("empty.csv", "");
    assert!(matches!(scan_csv(dir.at("empty.csv")), Err(DataError::EmptyFile { .. })));
    dir.text("t.parquet", "a,b\n");
    assert!(matches!(scan_parquet(dir.at("t.parquet")), Err(DataError::NotParquet { .. })));
    write_csv(&df!["x" => [1]].unwrap(), dir.at("c.csv")).unwrap();
    assert_eq!(scan_csv(dir.at("c.csv")).unwrap().collect().unwrap().height(), 1);
}

/// A header without rows and a column without values fit to whatever type they have elsewhere.
#[test]
fn columns_without_values_take_the_type_that_they_have_elsewhere() {
    let dir = Dir::new();
    dir.text("a.csv", "x,ok,day\n");
    dir.text("b.csv", "x,ok,day\n1,,2013-01-02\n");
    dir.text("c.csv", "ok,x,day\ntrue,0.5,\n");
    let df = read_csv(dir.at("*.csv")).unwrap();
    assert_eq!(df.dtypes(), [DataType::Float64, DataType::Boolean, DataType::Date]);
    assert_eq!(df.column("x").unwrap().f64().unwrap().to_vec(), [Some(1.0), Some(0.5)]);
    assert!(scan_csv(dir.at("*.csv")).unwrap().collect().unwrap().equals_missing(&df));
    dir.text("d.csv", "x,ok,day\nfast,true,\n");
    for error in [read_csv(dir.at("*.csv")).unwrap_err(), scan_csv(dir.at("*.csv")).map(drop).unwrap_err()] {
        assert!(matches!(&error, DataError::Schemas { column, .. } if column == "x"), "{error:?}");
    }
}

/// No value may become null because it does not fit.
#[test]
fn numbers_that_do_not_fit_are_an_error() {
    let dir = Dir::new();
    dir.text("a.json", "[{\"x\": 18446744073709551615}]");
    dir.text("b.json", "[{\"x\": -1}]");
    let read = read_json(dir.at("*.json"));
    assert!(read.as_ref().map_or(true, |df| df.column("x").unwrap().null_count() == 0), "{read:?}");
}

#[test]
fn partitions_that_look_like_dates_and_numbers_but_are_none() {
    let dir = Dir::new();
    for (day, sign, month) in [("2013-02-30", "+5", "01"), ("2013-01-01", "-7", "12")] {
        dir.parquet(&format!("day={day}/sign={sign}/month={month}/a.parquet"), &df!["x" => [1i64]].unwrap());
    }
    let df = read_parquet(dir.0.path()).unwrap();
    assert_eq!(df.column("day").unwrap().str().unwrap().get(1), Some("2013-02-30"));
    assert_eq!(df.column("sign").unwrap().str().unwrap().get(1), Some("+5"));
    assert_eq!(ints(&df, "month"), some([12, 1]));
    let lazy = scan_parquet(dir.0.path()).unwrap().collect().unwrap();
    assert_eq!(lazy.select(["day", "sign", "month"]).unwrap(), df.select(["day", "sign", "month"]).unwrap());
}

#[cfg(unix)]
#[test]
fn links_that_lead_back_are_not_followed_again() {
    let dir = Dir::new();
    dir.parquet("t/a/b/x.parquet", &df!["x" => [1i64]].unwrap());
    for (target, link) in [("..", "t/a/up"), ("../..", "t/a/b/top"), (".", "t/a/b/here")] {
        std::os::unix::fs::symlink(target, dir.at(link)).unwrap();
    }
    assert_eq!(ints(&read_parquet(dir.0.path()).unwrap(), "x"), some([1]));
    assert_eq!(ints(&read_parquet(dir.at("**/*.parquet")).unwrap(), "x"), some([1]));
    // A link that leads elsewhere is followed, and one that leads nowhere is an error that names it.
    let other = Dir::new();
    other.parquet("y.parquet", &df!["x" => [2i64]].unwrap());
    std::os::unix::fs::symlink(other.0.path(), dir.at("t/z")).unwrap();
    assert_eq!(ints(&read_parquet(dir.0.path()).unwrap(), "x"), some([1, 2]));
    std::os::unix::fs::symlink("nowhere", dir.at("t/gone.parquet")).unwrap();
    let error = read_parquet(dir.0.path()).unwrap_err();
    assert!(matches!(&error, DataError::MissingFile { path, .. } if path.ends_with("gone.parquet")), "{error:?}");
}

/// What lies in a directory that may not be listed must not be missing without a word.
#[cfg(unix)]
#[test]
fn a_directory_that_may_not_be_listed_is_an_error() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = Dir::new();
    dir.parquet("a/x.parquet", &df!["x" => [1i64]].unwrap());
    dir.parquet("b/x.parquet", &df!["x" => [2i64]].unwrap());
    std::fs::set_permissions(dir.at("b"), std::fs::Permissions::from_mode(0o000)).unwrap();
    let read = [read_parquet(dir.0.path()), read_parquet(dir.at("**/*.parquet"))];
    let root = std::fs::read_dir(dir.at("b")).is_ok();
    std::fs::set_permissions(dir.at("b"), std::fs::Permissions::from_mode(0o755)).unwrap();
    for read in read {
        match read {
            // The superuser may list everything.
            Ok(df) => assert!(root && df.height() == 2),
            Err(error) => assert!(matches!(&error, DataError::Read { path, .. } if path.ends_with("b")), "{error:?}"),
        }
    }
}

/// A full disk, whatever the writer calls it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_with_the_file() {
    let dir = Dir::new();
    let df = df!["x" => (0..100_000i64).map(|i| i * 7919).collect::<Vec<_>>()].unwrap();
    dir.parquet("a.parquet", &df);
    let query = || scan_parquet(dir.at("a.parquet")).unwrap();
    let full = "/dev/full";
    for error in [
        write_csv(&df, full).unwrap_err(),
        write_parquet(&df, full).unwrap_err(),
        query().sink_csv(full).unwrap_err(),
        query().sink_parquet(full).unwrap_err(),
    ] {
        assert!(matches!(&error, DataError::Write { path, .. } if path.ends_with("full")), "{error:?}");
        assert!(format!("{error:?}").contains("No space left"), "{error:?}");
    }
    assert!(std::path::Path::new(full).exists() && !std::path::Path::new(full).is_file(), "it stays a device");
}
