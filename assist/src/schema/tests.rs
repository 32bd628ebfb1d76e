//! Columns along chains, written as `name:type`.

use super::*;
use crate::tests::view;

/// The columns that `|` in the text can name; `..` at the end if there may be others.
fn at(text: &str) -> String {
    let code = &text[..text.find('|').unwrap()];
    let toks = code::tokens(code);
    let view = view();
    let known = Known::new(&view, code, &toks);
    let Some(schema) = Tables::new(&known).around(toks.len() - 1) else { return "nothing".to_owned() };
    let column = |column: &Column| format!("{}:{}", column.name, column.dtype);
    let mut words: Vec<String> = schema.columns.iter().map(column).collect();
    if !schema.complete {
        words.push("..".to_owned());
    }
    words.join(" ")
}

#[test]
fn columns_follow_the_chain() {
    for (chain, columns) in [
        ("flights.lazy().filter(col(\"|", "arr_delay:f64 carrier:str"),
        ("flights.clone().lazy().select([col(\"|", "arr_delay:f64 carrier:str"),
        (
            "flights.lazy().select([col(\"carrier\"), col(\"arr_delay\").alias(\"late\")]).filter(col(\"|",
            "carrier:str late:f64",
        ),
        (
            "flights.lazy().with_columns([col(\"arr_delay\").gt(lit(15)).alias(\"late\")]).filter(col(\"|",
            "arr_delay:f64 carrier:str late:bool",
        ),
        (
            "flights.lazy().with_columns([(col(\"arr_delay\") * lit(2.0)).alias(\"x\")]).sort([\"|",
            "arr_delay:f64 carrier:str x:f64",
        ),
        ("flights.lazy().rename([\"carrier\"], [\"airline\"], true).select([col(\"|", "arr_delay:f64 airline:str"),
        ("flights.lazy().drop(cols([\"carrier\"])).select([col(\"|", "arr_delay:f64"),
        ("flights.drop(\"carrier\")?.column(\"|", "arr_delay:f64"),
        ("flights.lazy().group_by([col(\"carrier\")]).agg([col(\"|", "arr_delay:f64 carrier:str"),
        (
            "flights.lazy().group_by([col(\"carrier\")]).agg([col(\"arr_delay\").mean().alias(\"m\"), len().alias(\"n\")]).sort([\"|",
            "carrier:str m:f64 n:u32",
        ),
        (
            "flights.lazy().group_by([col(\"carrier\")]).agg([col(\"arr_delay\")]).select([col(\"|",
            "carrier:str arr_delay:list[f64]",
        ),
        ("flights.lazy().join(weather.lazy(), [col(\"|", "arr_delay:f64 carrier:str"),
        ("flights.lazy().join(weather.lazy(), [col(\"arr_delay\")], [col(\"|", "temp:f64 arr_delay:f64"),
        (
            "flights.lazy().join(weather.lazy(), [col(\"arr_delay\")], [col(\"arr_delay\")], JoinArgs::new(JoinType::Left)).filter(col(\"|",
            "arr_delay:f64 carrier:str temp:f64",
        ),
        (
            "flights.lazy().join(weather.lazy(), [col(\"carrier\")], [col(\"temp\")], JoinArgs::new(JoinType::Inner)).filter(col(\"|",
            "arr_delay:f64 carrier:str arr_delay_right:f64",
        ),
        (
            "flights.lazy().join(weather.lazy(), [col(\"a\")], [col(\"a\")], JoinArgs::new(JoinType::Inner).with_suffix(Some(\"_w\".into()))).filter(col(\"|",
            "arr_delay:f64 carrier:str temp:f64 arr_delay_w:f64",
        ),
        (
            "flights.lazy().join(weather.lazy(), [col(\"a\")], [col(\"a\")], JoinArgs::new(JoinType::Semi)).filter(col(\"|",
            "arr_delay:f64 carrier:str",
        ),
        ("flights.lazy().join(other, [col(\"a\")], [col(\"a\")], args).filter(col(\"|", "arr_delay:f64 carrier:str .."),
        ("flights.select([\"carrier\"])?[\"|", "carrier:str"),
        ("flights[\"|", "arr_delay:f64 carrier:str"),
        ("flights.lazy().select([all().name().suffix(\"_x\")]).filter(col(\"|", "arr_delay_x:f64 carrier_x:str"),
        ("flights.lazy().select([col(\"carrier\").str().len_chars()]).filter(col(\"|", "carrier:u32"),
        ("flights.lazy().select([col(\"arr_delay\").cast(DataType::Int64)]).filter(col(\"|", "arr_delay:i64"),
        ("flights.lazy().with_columns([something(1)]).filter(col(\"|", "arr_delay:f64 carrier:str .."),
        ("flights.lazy().with_row_index(\"i\", None).filter(col(\"|", "i:u32 arr_delay:f64 carrier:str"),
        ("flights.lazy().unheard_of().filter(col(\"|", "nothing"),
        ("df!(\"a\" => [1, 2], \"b\\\"q\" => &names, \"c\" => [\"x\"])?.lazy().filter(col(\"|", "a:i32 b\"q: c:str"),
        ("Dataset::new(&flights, &[\"|", "arr_delay:f64 carrier:str"),
        ("eval::time_split(&weather, \"|", "temp:f64 arr_delay:f64"),
    ] {
        assert_eq!(at(chain), columns, "{chain}");
    }
}

#[test]
fn variables_of_the_cell_are_followed() {
    for (text, columns) in [
        ("let lf = flights.lazy();\nlf.filter(col(\"|", "arr_delay:f64 carrier:str"),
        ("let lf = flights.lazy().drop(cols([\"carrier\"]));\nlet lf = lf.filter(col(\"|", "arr_delay:f64"),
        ("let mut lf = flights.lazy();\nlf = lf.drop(cols([\"carrier\"]));\nlf.filter(col(\"|", "arr_delay:f64"),
        ("let lf: LazyFrame = flights.lazy();\nlf.filter(col(\"|", "arr_delay:f64 carrier:str"),
        // Perhaps set, perhaps not.
        ("let mut lf = flights.lazy();\nif a { lf = lf.drop(cols([\"carrier\"])); }\nlf.filter(col(\"|", "nothing"),
        ("let flights = other();\nflights.column(\"|", "nothing"),
        ("fn f(flights: &DataFrame) { flights.column(\"|", "nothing"),
        ("rows.iter().map(|flights| flights.column(\"|", "nothing"),
        ("for flights in all { flights.column(\"|", "nothing"),
        ("let (flights, rest) = split();\nflights.column(\"|", "nothing"),
        ("{ let flights = 1; }\nflights.column(\"|", "arr_delay:f64 carrier:str"),
        ("flights.with_column(s)?;\nflights.column(\"|", "arr_delay:f64 carrier:str .."),
        ("change(&mut flights);\nflights.column(\"|", "arr_delay:f64 carrier:str .."),
        ("let d = df!(\"a\" => [1])?;\nd.rename(\"a\", \"b\".into())?;\nd.column(\"|", "a:i32 .."),
    ] {
        assert_eq!(at(text), columns, "{text}");
    }
}

#[test]
fn tables_that_a_cell_makes_are_told() {
    let view = view();
    let text = "let a = flights.lazy().select([col(\"carrier\")]).collect()?;\nlet n = 1;\nlet mut b = a.clone();\n\
                let g = flights.lazy().group_by([col(\"carrier\")]);\nlet c = a.lazy().with_columns([x]);\n\
                weather.with_column(s)?;\nif n > 1 { flights = f(); }\nmine!(b);";
    let toks = code::tokens(text);
    let known = Known::new(&view, text, &toks);
    let made = Tables::new(&known).made();
    let seen: Vec<(&str, Option<Vec<&str>>)> = made
        .iter()
        .map(|(name, schema)| {
            let names = schema.as_ref().map(|schema| schema.columns.iter().map(|c| c.name.as_str()).collect());
            (name.as_str(), names)
        })
        .collect();
    let carrier = Some(vec!["carrier"]);
    let others = [("n", None), ("b", None), ("g", None), ("c", None), ("flights", None), ("weather", None)];
    assert_eq!(seen, [vec![("a", carrier)], others.to_vec()].concat());
}

/// What is said of unknown columns: the text at the place, and the name that is meant.
fn doubts(text: &str) -> Vec<(String, Option<String>)> {
    let found = unknown_columns(&view(), text, 7);
    let said = found.into_iter().map(|found| {
        let place = found.place.clone().unwrap();
        assert_eq!((place.execution, found.code.as_deref()), (7, Some("ironbook::unknown_column")));
        let fix = found.fixes.first().map(|fix| fix.edits[0].1.clone());
        (text[place.range].to_owned(), fix)
    });
    said.collect()
}

#[test]
fn a_column_that_is_surely_not_there_is_doubted() {
    for (text, name, meant) in [
        ("flights[\"arr_dely\"]", "\"arr_dely\"", Some("\"arr_delay\"")),
        ("flights.column(\"origin\")?", "\"origin\"", None),
        ("flights.clone().lazy().filter(col(\"carier\").eq(lit(\"UA\")))", "\"carier\"", Some("\"carrier\"")),
        ("flights.lazy().select([col(\"carrier\")]).filter(col(\"arr_delay\").gt(lit(1)))", "\"arr_delay\"", None),
        ("flights.lazy().filter(col(\"carrier\").is_null().and(col(\"temp\").lt(lit(2))))", "\"temp\"", None),
        ("flights.lazy().group_by([col(\"carier\")]).agg([len()])", "\"carier\"", Some("\"carrier\"")),
        ("flights.lazy().group_by([col(\"carrier\")]).agg([len()]).sort([\"lenn\"], o)", "\"lenn\"", Some("\"len\"")),
        ("flights.lazy().join(weather.lazy(), [col(\"carrier\")], [col(\"tmp\")], a)", "\"tmp\"", Some("\"temp\"")),
        ("%time flights.column(\"origin\")?", "\"origin\"", None),
        ("Dataset::new(&flights, &[\"carier\"], \"arr_delay\")?", "\"carier\"", Some("\"carrier\"")),
        ("data::Dataset::new(&flights, &[\"carrier\"], \"temp\")?", "\"temp\"", None),
        ("eval::time_split(&flights, \"time\", 0.75)?", "\"time\"", None),
        (
            "let lf = flights.lazy();\nlf.with_columns([when(col(\"origin\").is_null()).then(lit(1)).otherwise(lit(2))])",
            "\"origin\"",
            None,
        ),
    ] {
        assert_eq!(doubts(text), [(name.to_owned(), meant.map(str::to_owned))], "{text}");
    }
}

#[test]
fn nothing_is_doubted_that_may_be_right() {
    for text in [
        "flights[\"carrier\"]",
        "flights.lazy().with_columns([col(\"carrier\").alias(\"origin\")]).filter(col(\"origin\").is_null())",
        "flights.lazy().filter(mine(col(\"origin\")))",
        "flights.lazy().with_columns([mine()]).filter(col(\"origin\").is_null())",
        "flights.lazy().select([col(\"^arr.*$\"), col(\"*\"), col(\"\")])",
        "flights.lazy().drop(by_name([\"origin\"], false))",
        "flights.lazy().join(other, [col(\"carrier\")], [col(\"origin\")], a).filter(col(\"code\").is_null())",
        "flights.lazy().join(weather.lazy(), [col(\"carrier\")], [col(\"temp\")], a).filter(col(\"arr_delay_right\").is_null().or(col(\"temp\").is_null()))",
        "flights.lazy().rename([\"a\", \"carrier\"], [\"b\", \"c\"], false).filter(col(\"b\").is_null())",
        "flights.with_column(s)?;\nflights[\"origin\"]",
        "add(&mut flights);\nflights[\"origin\"]",
        "add!(flights);\nflights[\"origin\"]",
        "let flights = read()?;\nflights[\"origin\"]",
        "if a { flights = other; }\nflights[\"origin\"]",
        "fn f(flights: &DataFrame) -> Column { flights[\"origin\"].clone() }",
        "f(|flights| flights[\"origin\"].clone())",
        "match x { Some(flights) => flights[\"origin\"].clone(), None => y }",
        "flights.lazy().filter(col(\"carrier\").eq(lit(\"origin\")))",
        "flights.lazy().select([col(\"carrier\").alias(\"origin\")])",
        "flights.lazy().select([col(\"carrier\").list().eval(col(\"origin\"), true)])",
        "flights.lazy().with_columns([{ let e = col(\"origin\"); e }])",
        "names[\"origin\"]",
        "Dataset::new(&flights, &[\"carrier\"], \"arr_delay\")?",
        "Dataset::new(&flights, &names, \"arr_delay\")?.with_name(\"origin\")",
        "Dataset::new(&mine, &[\"origin\"], \"late\")?",
        "Reader::new(&flights, \"origin\")",
        "time_split(&flights, \"origin\")",
        "col(\"origin\")",
        "!cut -d, -f1 flights[\"origin\"]",
        "flights.lazy().select([col(\"origin",
    ] {
        assert_eq!(doubts(text), [], "{text}");
    }
}
