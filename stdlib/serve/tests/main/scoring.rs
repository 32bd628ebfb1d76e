//! MLflow's scoring protocol, and rows at `/predict`.

use crate::support::{COLUMNS, classifier, flights, record, regressor, split, start};
use ironbook_data::Matrix;
use ironbook_learn::{Predict, PredictProba};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn every_form_gives_what_the_model_gives() {
    let model = classifier(10);
    let server = start(&model);
    let frame = flights(40);
    let rows = Matrix::from_frame(&frame, &COLUMNS).unwrap();
    let names = ["late", "on time"];
    let expected: Vec<Value> =
        model.predict(&rows).unwrap().iter().map(|class| json!(names[*class as usize])).collect();
    let shares = model.predict_probas(&rows).unwrap();
    let text = |frame: &polars::prelude::DataFrame| {
        let mut out = Vec::new();
        use polars::prelude::SerWriter;
        polars::prelude::CsvWriter::new(&mut out).finish(&mut frame.clone()).unwrap();
        String::from_utf8(out).unwrap()
    };
    let wanted = frame.select(COLUMNS).unwrap();
    let csv = text(&wanted);
    let records: Vec<Value> = (0..rows.rows())
        .map(|i| {
            let value = |name: &str| {
                let j = rows.index_of(name).unwrap();
                let value = rows.get(i, j);
                match (rows.kinds()[j].categories(), name) {
                    _ if value.is_nan() => Value::Null,
                    (Some(names), _) => json!(names[value as usize]),
                    (None, "time") => {
                        let day = (value as i64 - 1_356_998_400) / 86_400;
                        let second = value as i64 % 86_400;
                        json!(format!("2013-01-{:02} {:02}:{:02}:{:02}", day + 1, second / 3600, second / 60 % 60, second % 60))
                    }
                    (None, _) => json!(value),
                }
            };
            json!({ "carrier": value("carrier"), "hour": value("hour"), "distance": value("distance"), "time": value("time") })
        })
        .collect();
    let list = |record: &Value| COLUMNS.map(|name| record[name].clone());
    let lists: Vec<Value> = records.iter().map(|record| json!(list(record))).collect();
    let column = |name: &str| records.iter().map(|record| record[name].clone()).collect::<Vec<_>>();
    let columns = json!({ "time": column("time"), "carrier": column("carrier"), "hour": column("hour"), "distance": column("distance") });
    let reversed: Vec<Value> =
        lists.iter().map(|row| json!(row.as_array().unwrap().iter().rev().collect::<Vec<_>>())).collect();
    let forms = [
        json!({ "dataframe_split": { "columns": COLUMNS, "data": lists } }),
        json!({ "dataframe_split": { "index": [1], "data": lists, "columns": COLUMNS } }),
        json!({ "dataframe_split": { "data": lists } }),
        json!({ "dataframe_split": { "columns": COLUMNS.iter().rev().collect::<Vec<_>>(), "data": reversed } }),
        json!({ "dataframe_records": records }),
        json!({ "instances": records }),
        json!({ "instances": lists }),
        json!({ "inputs": columns }),
        json!({ "instances": columns }),
        json!({ "inputs": records }),
        json!({ "inputs": lists, "params": null, "unknown": [{ "a": [1] }] }),
    ];
    for form in &forms {
        let (status, told) = server.post("/invocations", form.clone()).await;
        assert_eq!((status, &told["predictions"]), (200, &json!(expected)), "{form}");
        let mut form = form.clone();
        form["params"] = json!({ "predict_method": "predict_proba", "other": 1 });
        let (_, told) = server.post("/invocations", form).await;
        for (i, found) in told["predictions"].as_array().unwrap().iter().enumerate() {
            assert_eq!(found["late"].as_f64().unwrap(), shares.get(i, 0));
            assert_eq!(found["on time"].as_f64().unwrap(), shares.get(i, 1));
        }
    }
    let (status, told) = server.send("/invocations", "text/csv; charset=UTF-8", csv).await;
    assert_eq!((status, &told["predictions"]), (200, &json!(expected)));
    let answered = server.ask(Method::POST, "/predict").json(&records).send().await.unwrap();
    let id = answered.headers()["x-request-id"].to_str().unwrap().to_owned();
    let told: Value = answered.json().await.unwrap();
    assert_eq!((&told["model"], &told["version"], &told["request_id"]), (&json!("flights"), &json!("1"), &json!(id)));
    for (i, found) in told["predictions"].as_array().unwrap().iter().enumerate() {
        assert_eq!(
            (&found["prediction"], found["probability"]["late"].as_f64()),
            (&expected[i], Some(shares.get(i, 0)))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_alone_or_wrapped() {
    let server = start(&classifier(3));
    for body in [record(), json!([record()]), json!({ "rows": [record()] })] {
        let (status, told) = server.post("/predict", body).await;
        assert_eq!((status, told["predictions"].as_array().unwrap().len()), (200, 1));
    }
    for (body, status) in
        [(json!([]), 200), (json!({ "rows": [record()], "x": 1 }), 400), (json!([1]), 400), (json!(1), 400)]
    {
        assert_eq!(server.post("/predict", body.clone()).await.0, status, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_predicted_too() {
    let model = regressor();
    let server = start(&model);
    let (status, told) = server.post("/invocations", split()).await;
    assert_eq!(status, 200);
    let rows = vec![
        ("carrier".to_owned(), ironbook_data::Kind::Categorical(["UA".to_owned()].into()), vec![0.0]),
        ("hour".to_owned(), ironbook_data::Kind::Numeric, vec![17.0]),
        ("distance".to_owned(), ironbook_data::Kind::Numeric, vec![1400.0]),
        ("time".to_owned(), ironbook_data::Kind::Time, vec![1_357_059_600.0]),
    ];
    let expected = model.predict(&Matrix::from_typed(rows).unwrap()).unwrap();
    assert_eq!(told["predictions"], json!(expected));
    let mut asked = split();
    asked["params"] = json!({ "predict_method": "predict_proba" });
    let (status, told) = server.post("/invocations", asked).await;
    assert_eq!((status, told["message"].as_str()), (400, Some("only classifiers have probabilities")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_category_is_no_error() {
    let server = start(&classifier(5));
    let mut row = record();
    row["carrier"] = json!("ZZ");
    assert_eq!(server.post("/predict", row.clone()).await.0, 200);
    row["carrier"] = Value::Null;
    assert_eq!(server.post("/predict", row).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_small_routes_answer_as_those_of_mlflow() {
    let server = start(&classifier(2));
    for path in ["/ping", "/health"] {
        let response = server.ask(Method::GET, path).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (200, "\n"));
    }
    assert_eq!(server.get("/version").await.1, json!(env!("CARGO_PKG_VERSION")));
    assert_eq!(server.get("/nothing").await.0, 404);
    assert_eq!(server.get("/invocations").await.0, 405);
    let (status, document) = server.get("/openapi.json").await;
    assert_eq!((status, &document["openapi"]), (200, &json!("3.1.0")));
    let answers = document["paths"]["/predict"]["post"]["responses"].as_object().unwrap();
    let statuses: Vec<&str> = answers.keys().map(String::as_str).collect();
    assert_eq!(statuses, ["200", "400", "401", "403", "408", "413", "415", "422", "429", "500", "504"]);
    let row = &document["components"]["schemas"]["Row"];
    assert_eq!(row["required"], json!(COLUMNS));
    assert_eq!(row["properties"]["carrier"]["examples"], json!(["AA", "B6", "DL", "UA"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_runs_no_script_but_its_own() {
    let server = start(&classifier(2));
    for (path, kind) in
        [("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css"), ("/favicon.ico", "image/svg")]
    {
        let response = server.ask(Method::GET, path).send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with(kind));
        let text = response.text().await.unwrap();
        assert!(path != "/" || !text.contains("<script>") && !text.contains(" style=") && !text.contains(" onclick="));
    }
}
