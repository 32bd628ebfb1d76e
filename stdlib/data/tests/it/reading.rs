//! Reading and writing, and what is said when it fails.

use ironbook_data::{
    CsvOptions, DataError, Dataset, FrameExt as _, read_csv, read_json, read_parquet, write_csv, write_parquet,
};
use polars::prelude::*;
use std::path::PathBuf;

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Files(tempfile::tempdir().unwrap())
    }

    fn with(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

#[test]
fn csv_with_types_dates_and_nulls() {
    let path = Files::new();
    let path = path.with(
        "a.csv",
        "id,day,at,temp,ok,name\n1,2013-01-01,2013-01-01T05:00:00,2.5,true,\"a, b\"\n2,2013-01-02,,,false,\n",
    );
    let df = read_csv(&path).unwrap();
    let types: Vec<String> = df.dtypes().iter().map(ToString::to_string).collect();
    assert_eq!(types, ["i64", "date", "datetime[μs]", "f64", "bool", "str"]);
    assert_eq!(df.column("name").unwrap().str().unwrap().get(0), Some("a, b"));
    assert_eq!(df.column("temp").unwrap().null_count(), 1);
}

#[test]
fn csv_options() {
    let files = Files::new();
    let path = files.with("a.csv", "1;NA\n2;3.5\n");
    let df = CsvOptions::new().separator(b';').has_header(false).null_values(["NA"]).read(&path).unwrap();
    assert_eq!(df, df!["column_1" => [1i64, 2], "column_2" => [None, Some(3.5)]].unwrap());
    let path = files.with("b.csv", "day\n2013-01-01\n");
    assert_eq!(CsvOptions::new().dates(false).read(&path).unwrap().dtypes(), [DataType::String]);
}

#[test]
fn a_missing_file_suggests_its_neighbours() {
    let files = Files::new();
    files.with("flights.csv", "a\n1\n");
    files.with("weather.csv", "a\n1\n");
    let wrong = files.0.path().join("fligths.csv");
    for error in [read_csv(&wrong).unwrap_err(), read_parquet(&wrong).unwrap_err(), read_json(&wrong).unwrap_err()] {
        let right = files.0.path().join("flights.csv");
        assert_eq!(
            error.to_string(),
            format!("there is no file \"{}\"\ndid you mean \"{}\"?", wrong.display(), right.display())
        );
    }
    let error = read_csv(files.0.path().join("nowhere/x.csv")).unwrap_err().to_string();
    assert!(error.ends_with("does not exist either"), "{error}");
    let error = read_csv("https://example.org/a.csv").unwrap_err().to_string();
    assert!(error.contains("fetch it first"), "{error}");
    let error = read_csv("~/qqqqqqqq.csv").unwrap_err();
    assert!(matches!(&error, DataError::MissingFile { path, .. } if !path.starts_with("~")), "{error:?}");
    let error = read_csv("qqqqqqqq.csv").unwrap_err().to_string();
    assert!(error.contains("relative to the working directory"), "{error}");
}

#[test]
fn empty_files_and_directories_are_named() {
    let files = Files::new();
    let empty = files.with("empty", "");
    assert!(matches!(read_csv(&empty), Err(DataError::EmptyFile { .. })));
    assert!(matches!(read_parquet(&empty), Err(DataError::EmptyFile { .. })));
    assert!(matches!(read_json(&empty), Err(DataError::EmptyFile { .. })));
    assert!(matches!(read_json(files.with("blank", " \n")), Err(DataError::EmptyFile { .. })));
    let error = read_csv(files.0.path()).unwrap_err();
    assert!(
        matches!(&error, DataError::NoFiles { format: "CSV", found, .. } if *found == ["blank", "empty"]),
        "{error:?}"
    );
    assert!(error.to_string().contains("it has: blank, empty; name a file"), "{error}");
}

#[test]
fn a_csv_with_a_header_only_has_no_rows() {
    let df = read_csv(Files::new().with("a.csv", "a,b\n")).unwrap();
    assert_eq!(df.shape(), (0, 2));
    let error = Dataset::new(&df, &["a"], "b").unwrap_err();
    assert!(matches!(error, DataError::NoRows), "{error}");
    assert_eq!(error.to_string(), "the table has no rows\ncheck the file, filter or join that made it");
}

#[test]
fn other_separators_are_named_with_the_call_that_reads_them() {
    let files = Files::new();
    let path = files.with("a.csv", "day;temp\n2013-01-01;2,5\n2013-01-02;3\n");
    let error = read_csv(&path).unwrap_err();
    assert!(matches!(error, DataError::OtherSeparator { separator: b';', columns: 2, .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("2 fields with semicolons between them"), "{text}");
    assert!(text.contains("CsvOptions::new().separator(b';') (and .decimal_comma(true)"), "{text}");
    let df = CsvOptions::new().separator(b';').decimal_comma(true).read(&path).unwrap();
    assert_eq!(df.column("temp").unwrap().f64().unwrap().to_vec(), [Some(2.5), Some(3.0)]);
    let tabs = read_csv(files.with("b.tsv", "a\tb\n1\t2\n")).unwrap_err().to_string();
    assert!(tabs.contains(r"separator(b'\t')") && tabs.contains("tabs"), "{tabs}");
    // A comma in the first line, or a choice of the user's, settles it; quoted signs do not count.
    for text in ["a;b,c\n1,2\n", "a\n1\n", "\"a;b\"\n1\n"] {
        assert!(read_csv(files.with("c.csv", text)).is_ok(), "{text}");
    }
    assert_eq!(CsvOptions::new().separator(b',').read(files.with("d.csv", "a;b\n1;2\n")).unwrap().width(), 1);
}

#[test]
fn rows_of_a_wrong_length_are_named_by_line() {
    let files = Files::new();
    let long = files.with("long.csv", "a,b\n1,2\n\n3,\"x\ny\",5\n6,7\n");
    let error = read_csv(&long).unwrap_err();
    assert!(matches!(error, DataError::BrokenRow { line: 4, expected: 2, found: 3, .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("line 4: 3 fields where the header has 2") && text.contains("ignore_errors(true)"), "{text}");
    let short = files.with("short.csv", "a,b,c\n1,2,3\n4,5\n6,7,8\n");
    assert!(matches!(read_csv(&short), Err(DataError::BrokenRow { line: 3, expected: 3, found: 2, .. })));
}

#[test]
fn ignoring_errors_goes_on_as_the_message_says() {
    let files = Files::new();
    let options = CsvOptions::new().ignore_errors(true);
    let df = options.read(files.with("rows.csv", "a,b\n1,2\n3,4,5\n6\n")).unwrap();
    assert_eq!(df, df!["a" => [1i64, 3, 6], "b" => [Some(2i64), Some(4), None]].unwrap());
    let late: String = (0..20_000).map(|i| format!("{i}\n")).collect();
    let df = options.read(files.with("value.csv", format!("a\n{late}oops\n"))).unwrap();
    assert_eq!((df.height(), df.column("a").unwrap().null_count()), (20_001, 1));
    let df = options.read(files.with("latin.csv", b"name\ncaf\xe9\n")).unwrap();
    assert_eq!(df.column("name").unwrap().str().unwrap().get(0), Some("caf\u{fffd}"));
}

#[test]
fn values_of_a_wrong_type_are_named_by_line_and_column() {
    let numbers: String = (0..20_000).map(|i| format!("x{i},{i}\n")).collect();
    let files = Files::new();
    let path = files.with("a.csv", format!("id,delay\n{numbers}y,NA\nz,1\n"));
    let error = read_csv(&path).unwrap_err();
    let DataError::BrokenValue { line, column, value, dtype, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*line, column.as_str(), value.as_str(), dtype.as_str()), (20_002, "delay", "NA", "i64"));
    assert!(error.to_string().contains(".null_values([\"NA\"])"));
    // Each way on that the message names works.
    assert_eq!(CsvOptions::new().null_values(["NA"]).read(&path).unwrap().column("delay").unwrap().null_count(), 1);
    assert_eq!(
        CsvOptions::new().infer_schema_length(None).read(&path).unwrap().column("delay").unwrap().dtype(),
        &DataType::String
    );
    let bare = files.with("b.csv", format!("{numbers}y,NA\n"));
    let error = CsvOptions::new().has_header(false).read(&bare).unwrap_err();
    assert!(matches!(&error, DataError::BrokenValue { line: 20_001, column, .. } if column == "column_2"), "{error:?}");
}

#[test]
fn other_encodings_and_open_quotes_are_named_by_line() {
    let files = Files::new();
    let error = read_csv(files.with("latin.csv", b"name,x\nabc,1\ncaf\xe9,2\n")).unwrap_err();
    assert!(matches!(error, DataError::NotUtf8 { line: 3, .. }), "{error:?}");
    let error = read_csv(files.with("quote.csv", "name,x\nabc,1\n\"open,2\nd,3\n")).unwrap_err();
    assert!(matches!(error, DataError::OpenQuote { line: 3, .. }), "{error:?}");
    // polars takes these for a header without rows, and for a row that ends early.
    for (text, expected) in
        [("\"a,b\n1,2", 1), ("name,x\nabc,1\nd,\"2\ne,3\n", 3), ("a,b\n1,2\n3,\"x\n", 3), ("a,b\n\"3,4", 2)]
    {
        let error = read_csv(files.with("quote.csv", text)).unwrap_err();
        assert!(matches!(error, DataError::OpenQuote { line, .. } if line == expected), "{text}: {error:?}");
    }
}

#[test]
fn a_null_in_the_last_column_is_no_broken_row() {
    let df = read_csv(Files::new().with("a.csv", "a,b\n1,\n,2\n")).unwrap();
    assert_eq!(df, df!["a" => [Some(1i64), None], "b" => [None, Some(2i64)]].unwrap());
}

#[test]
fn parquet_there_and_back() {
    let files = Files::new();
    let path = files.0.path().join("a.parquet");
    let df = df!["a" => [Some(1i64), None], "b" => ["x", "y"]].unwrap();
    write_parquet(&df, &path).unwrap();
    assert!(read_parquet(&path).unwrap().equals_missing(&df));
    assert_eq!(std::fs::read_dir(files.0.path()).unwrap().count(), 1, "no partial file stays");
}

#[test]
fn what_is_not_parquet_is_named() {
    let files = Files::new();
    let found = |name: &str, content: &[u8]| match read_parquet(files.with(name, content)) {
        Err(DataError::NotParquet { found, hint, .. }) => format!("{found}; {hint}"),
        other => panic!("{other:?}"),
    };
    assert_eq!(found("a", b"year,month\n2013,1\n"), "it looks like text; read it with read_csv if it is CSV");
    assert_eq!(found("b", b"[{\"a\": 1}]"), "it looks like JSON; read it with read_json");
    assert_eq!(found("c", b"ARROW1\0\0and so on"), "it holds Arrow IPC; read it with polars' IpcReader");
    assert_eq!(found("d", b"PAR1 and then nothing"), "it is cut off before its end; write or fetch it again");
    assert_eq!(found("e", &[0, 1, 2]), "it does not begin with the bytes PAR1; check what wrote it");
    let broken = files.with("f", b"PAR1 nonsense \x04\0\0\0PAR1");
    assert!(matches!(read_parquet(broken), Err(DataError::Unreadable { format: "Parquet", .. })));
}

#[test]
fn json_as_array_lines_and_single_object() {
    let files = Files::new();
    let expect = df!["a" => [Some(1i64), None], "b" => ["x", "y"]].unwrap();
    let array = read_json(files.with("a.json", "\n [{\"a\": 1, \"b\": \"x\"},\n {\"b\": \"y\"}]")).unwrap();
    assert!(array.equals_missing(&expect), "{array}");
    let lines = read_json(files.with("a.ndjson", "{\"a\": 1, \"b\": \"x\"}\n{\"b\": \"y\"}\n\n")).unwrap();
    assert!(lines.equals_missing(&expect), "{lines}");
    let single = read_json(files.with("one.json", "{\n \"a\": 1,\n \"b\": \"x\"\n}")).unwrap();
    assert!(single.equals_missing(&expect.head(Some(1))), "{single}");
}

#[test]
fn mistakes_in_json_are_named_by_place() {
    let files = Files::new();
    let error = read_json(files.with("a.json", "[{\"a\": 1},\n {\"a\": }]")).unwrap_err();
    assert!(matches!(error, DataError::NotJson { line: 2, column: 8, .. }), "{error:?}");
    assert!(error.to_string().contains("line 2, column 8: expected value"), "{error}");
    let error = read_json(files.with("b.json", "{\"a\": 1}\n{\"a\": 2\n{\"a\": 3}\n")).unwrap_err();
    assert!(matches!(error, DataError::NotJson { line: 2, .. }), "{error:?}");
    let error = read_json(files.with("c.json", "[1, 2]")).unwrap_err();
    assert!(matches!(error, DataError::Unreadable { format: "JSON", .. }), "{error:?}");
}

#[test]
fn csv_there_and_back() {
    let files = Files::new();
    let path = files.0.path().join("a.csv");
    let df = df!["a" => [Some(1i64), None], "b" => ["x,\"y\"", "z\nw"], "c" => [0.1, 1e-300]].unwrap();
    write_csv(&df, &path).unwrap();
    assert!(read_csv(&path).unwrap().equals_missing(&df));
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let files = Files::new();
    let df = df!["a" => [1]].unwrap();
    let error = write_parquet(&df, files.0.path().join("no/such/a.parquet")).unwrap_err();
    assert!(matches!(error, DataError::Write { .. }));
    let nested = DataFrame::new_infer_height(vec![df.into_struct("s".into()).into_column()]).unwrap();
    let target = files.with("keep.csv", "a\n1\n");
    assert!(matches!(write_csv(&nested, &target), Err(DataError::Write { .. })));
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "a\n1\n", "the old file stays");
    assert_eq!(std::fs::read_dir(files.0.path()).unwrap().count(), 1, "no partial file stays");
}

/// Whether 3/4/2013 is in March or in April is for the user to say.
#[test]
fn dates_of_unclear_order_stay_text() {
    let files = Files::new();
    let text = "us,eu,iso,at\n03/04/2013,13.01.2013,2013/01/02,03/04/2013 05:00\n03/05/2013,14.01.2013,2013/01/03,03/05/2013 06:00\n";
    let path = files.with("a.csv", text);
    let types = [DataType::String, DataType::String, DataType::Date, DataType::String];
    assert_eq!(read_csv(&path).unwrap().dtypes(), types);
    assert_eq!(ironbook_data::scan_csv(&path).unwrap().collect().unwrap().dtypes(), types);
    assert_eq!(read_csv(&path).unwrap().strings("us").unwrap()[0], "03/04/2013");
    // One who knows says so.
    let df = CsvOptions::new().types([("eu", DataType::Date)]).read(&path).unwrap();
    assert_eq!(df.column("eu").unwrap().cast(&DataType::String).unwrap().str().unwrap().get(0), Some("2013-01-13"));
}

#[test]
fn whole_numbers_beyond_i64_stay_text() {
    let files = Files::new();
    let early = files.with("a.csv", "id,x\n18446744073709551615,1\n7,2\n");
    let late: String = (0..20_000).map(|i| format!("{i},1\n")).collect();
    let late = files.with("b.csv", format!("id,x\n{late}-99999999999999999999,1\n"));
    for (path, rows, value) in [(early, 0, "18446744073709551615"), (late, 20_000, "-99999999999999999999")] {
        let df = read_csv(&path).unwrap();
        assert_eq!(df.column("id").unwrap().str().unwrap().get(rows), Some(value));
        assert_eq!(df.column("x").unwrap().dtype(), &DataType::Int64);
    }
}

#[test]
fn types_can_be_chosen() {
    let files = Files::new();
    let path = files.with("a.csv", "zip,n\n00123,1\n80331,2\n");
    let options = CsvOptions::new().types([("zip", DataType::String), ("n", DataType::Float64)]);
    let expected = df!["zip" => ["00123", "80331"], "n" => [1.0, 2.0]].unwrap();
    assert_eq!(options.read(&path).unwrap(), expected);
    assert_eq!(options.scan(&path).unwrap().collect().unwrap(), expected);
    let wrong = CsvOptions::new().types([("zpi", DataType::String)]);
    for error in [wrong.read(&path).unwrap_err(), wrong.scan(&path).map(drop).unwrap_err()] {
        assert!(matches!(&error, DataError::UnknownColumn { near, .. } if near == &["zip"]), "{error:?}");
    }
}

#[test]
fn marks_and_line_ends_of_other_systems() {
    let files = Files::new();
    let expected = df!["a" => [1i64, 2], "b" => ["x", "y"]].unwrap();
    for text in
        ["\u{feff}a,b\n1,x\n2,y\n", "a,b\r\n1,x\r\n2,y\r\n", "a,b\r1,x\r2,y\r", "\u{feff}\"a\",\"b\"\r\n1,x\r\n2,y"]
    {
        let path = files.with("a.csv", text);
        assert_eq!(read_csv(&path).unwrap(), expected, "{text:?}");
        assert_eq!(ironbook_data::scan_csv(&path).unwrap().collect().unwrap(), expected, "{text:?}");
    }
    let json = read_json(files.with("a.json", "\u{feff}[{\"a\": 1, \"b\": \"x\"}, {\"a\": 2, \"b\": \"y\"}]")).unwrap();
    assert_eq!(json, expected);
}

/// What comes through a pipe can be read once only, and to open it again would wait for ever.
#[cfg(unix)]
#[test]
fn pipes_are_read_once() {
    let files = Files::new();
    let write = |name: &str, text: &'static str| {
        let path = files.0.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let own = path.clone();
        let writer = std::thread::spawn(move || std::fs::write(own, text).unwrap());
        (path, writer)
    };
    let (path, writer) = write("a.csv", "day,x\n03/04/2013,\n03/05/2013,1\n");
    let df = read_csv(&path).unwrap();
    writer.join().unwrap();
    assert_eq!((df.shape(), df.dtypes()[0].clone()), ((2, 2), DataType::String));
    let (path, writer) = write("b.csv", "a,b\n1,2,3\n");
    assert!(matches!(read_csv(&path), Err(DataError::BrokenRow { line: 2, .. })));
    writer.join().unwrap();
    let (path, writer) = write("c.json", "[{\"a\": 1}]");
    assert_eq!(read_json(&path).unwrap().height(), 1);
    writer.join().unwrap();
}

/// `/dev/null` must stay what it is: files are written beside their target and renamed.
#[cfg(unix)]
#[test]
fn devices_and_links_are_written_through() {
    let files = Files::new();
    let df = df!["a" => [1]].unwrap();
    let (real, link) = (files.with("real.csv", "old"), files.0.path().join("link.csv"));
    std::os::unix::fs::symlink(&real, &link).unwrap();
    write_csv(&df, &link).unwrap();
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "a\n1\n");
    assert!(link.symlink_metadata().unwrap().is_symlink());
    let pipe = files.0.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let own = pipe.clone();
    let reader = std::thread::spawn(move || std::fs::read_to_string(own).unwrap());
    write_csv(&df, &pipe).unwrap();
    assert_eq!(reader.join().unwrap(), "a\n1\n");
    let long = files.0.path().join("n".repeat(250) + ".csv");
    write_csv(&df, &long).unwrap();
    assert!(long.is_file());
}

/// Damage anywhere is an error or harmless, never a panic.
#[test]
fn damaged_parquet_is_refused_in_words() {
    let files = Files::new();
    let path = files.0.path().join("a.parquet");
    let df =
        df!["a" => (0..40i64).collect::<Vec<_>>(), "b" => (0..40).map(|i| format!("t{}", i % 7)).collect::<Vec<_>>()];
    write_parquet(&df.unwrap(), &path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for at in (4..whole.len() - 4).step_by(3) {
        let mut broken = whole.clone();
        broken[at] ^= 0x5a;
        let path = files.with("b.parquet", &broken);
        if let Err(error) = read_parquet(&path) {
            assert!(matches!(error, DataError::Unreadable { format: "Parquet", .. }), "byte {at}: {error:?}");
        }
        let mut cut = whole[..at].to_vec();
        cut.extend_from_slice(b"PAR1");
        let error = read_parquet(files.with("c.parquet", &cut)).unwrap_err();
        assert!(matches!(error, DataError::Unreadable { .. } | DataError::NotParquet { .. }), "cut at {at}: {error:?}");
    }
}

/// As in pandas; polars makes rows of nulls of them.
#[test]
fn blank_lines_are_no_rows() {
    let files = Files::new();
    let expected = df!["a" => [Some(1i64), None, Some(3)], "b" => [Some(2i64), None, Some(4)]].unwrap();
    for text in ["\n\na,b\n1,2\n\n,\n3,4\n\n\n", "a,b\r\n1,2\r\n\r\n,\r\n3,4", "a,b\n\n\n1,2\n,\n3,4\n\n"] {
        let df = read_csv(files.with("a.csv", text)).unwrap();
        assert!(df.equals_missing(&expected), "{text:?}: {df}");
    }
    let bare = CsvOptions::new().has_header(false).read(files.with("b.csv", "1,2\n\n3,4\n\n")).unwrap();
    assert_eq!(bare, df!["column_1" => [1i64, 3], "column_2" => [2i64, 4]].unwrap());
    let one = read_csv(files.with("c.csv", "a\n1\n\n2\n")).unwrap();
    assert_eq!(one.column("a").unwrap().null_count(), 1);
}

#[test]
fn doubled_quotes_are_one_in_names_as_in_values() {
    let files = Files::new();
    let df = read_csv(files.with("a.csv", "\"a \"\"b\"\"\",c\n\"x \"\"y\"\"\",1\n")).unwrap();
    assert_eq!(df.get_column_names(), ["a \"b\"", "c"]);
    assert_eq!(df.column("a \"b\"").unwrap().str().unwrap().get(0), Some("x \"y\""));
}

#[test]
fn quotes_can_be_letters() {
    let files = Files::new();
    let path = files.with("a.csv", "pipe,n\n5\" long,1\n7\",2\n6\" short,\n");
    let text = read_csv(&path).unwrap_err().to_string();
    assert!(text.contains("quote_char(None)"), "{text}");
    let df = CsvOptions::new().quote_char(None).read(&path).unwrap();
    assert_eq!(df.strings("pipe").unwrap(), ["5\" long", "7\"", "6\" short"]);
    assert_eq!(df.column("n").unwrap().null_count(), 1);
}

#[test]
fn text_of_two_bytes_a_letter_is_named() {
    let files = Files::new();
    let wide = |mark: &str| format!("{mark}a,b\n1,2\n").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    for mark in ["\u{feff}", ""] {
        let error = read_csv(files.with("a.csv", wide(mark))).unwrap_err();
        assert!(matches!(error, DataError::NotUtf8 { line: 1, .. }), "{error:?}");
    }
}
