//! The Open Inference Protocol over REST.

use crate::support::{classifier, record, regressor, start};
use reqwest::Method;
use serde_json::{Value, json};

fn inputs() -> Value {
    json!([
        { "name": "carrier", "shape": [2], "datatype": "BYTES", "data": ["UA", "AA"] },
        { "name": "hour", "shape": [2, 1], "datatype": "FP64", "data": [[17.0], [null]] },
        { "name": "distance", "shape": [2], "datatype": "INT64", "data": [1400, 200] },
        { "name": "time", "shape": [2], "datatype": "BYTES", "data": ["2013-01-01T17:00:00", "2013-01-02"] },
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_describes_itself() {
    let server = start(&classifier(3));
    assert_eq!(server.get("/v2").await.1["extensions"], json!(["binary_tensor_data"]));
    assert_eq!(server.get("/v2/health/live").await, (200, json!({ "live": true })));
    assert_eq!(server.get("/v2/health/ready").await, (200, json!({ "ready": true })));
    for path in ["/v2/models/flights", "/v2/models/flights/versions/1"] {
        let (status, told) = server.get(path).await;
        assert_eq!((status, &told["name"], &told["versions"]), (200, &json!("flights"), &json!(["1"])));
        assert_eq!(told["inputs"][0], json!({ "name": "carrier", "datatype": "BYTES", "shape": [-1] }));
        assert_eq!(told["inputs"][1], json!({ "name": "hour", "datatype": "FP64", "shape": [-1] }));
        assert_eq!(told["outputs"][0], json!({ "name": "prediction", "datatype": "BYTES", "shape": [-1] }));
        assert_eq!(told["outputs"][1]["shape"], json!([-1, 2]));
        assert_eq!(server.get(&format!("{path}/ready")).await.0, 200);
    }
    for path in ["/v2/models/other", "/v2/models/flights/versions/2", "/v2/models/flights/versions/2/ready", "/v2/x"] {
        let (status, told) = server.get(path).await;
        assert!(status == 404 && told["error"].is_string(), "{path}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tensors_in_json_and_in_bytes_have_the_same_answers() {
    let server = start(&classifier(5));
    let infer = "/v2/models/flights/infer";
    let (status, told) = server.post(infer, json!({ "id": "a-1", "inputs": inputs() })).await;
    assert_eq!((status, &told["id"], &told["model_version"]), (200, &json!("a-1"), &json!("1")), "{told}");
    assert_eq!((&told["outputs"][0]["name"], &told["outputs"][0]["shape"]), (&json!("prediction"), &json!([2])));
    let (_, own) = server.post("/predict", record()).await;
    assert_eq!(told["outputs"][0]["data"][0], own["predictions"][0]["prediction"]);
    assert_eq!(told["outputs"][1]["data"][0], own["predictions"][0]["probability"]["late"]);
    assert_eq!(told["outputs"][1]["shape"], json!([2, 2]));

    let texts = |texts: [&str; 2]| -> Vec<u8> {
        texts.iter().flat_map(|text| [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()).collect()
    };
    let numbers = |numbers: [f64; 2]| -> Vec<u8> { numbers.iter().flat_map(|number| number.to_le_bytes()).collect() };
    let whole: Vec<u8> = [1400i32, 200].iter().flat_map(|number| number.to_le_bytes()).collect();
    let tensors = [
        ("carrier", "BYTES", texts(["UA", "AA"])),
        ("hour", "FP64", numbers([17.0, f64::NAN])),
        ("distance", "INT32", whole),
        ("time", "BYTES", texts(["2013-01-01T17:00:00", "2013-01-02"])),
    ];
    let described: Vec<Value> = tensors
        .iter()
        .map(|(name, datatype, bytes)| {
            let parameters = json!({ "binary_data_size": bytes.len() });
            json!({ "name": name, "datatype": datatype, "shape": [2], "parameters": parameters })
        })
        .collect();
    let asked = json!([{ "name": "probability", "parameters": { "binary_data": true } }, { "name": "prediction" }]);
    let json = json!({ "inputs": described, "outputs": asked }).to_string();
    let body = tensors.iter().fold(json.clone().into_bytes(), |body, (_, _, bytes)| [body, bytes.clone()].concat());
    let request = server.ask(Method::POST, infer).header("inference-header-content-length", json.len());
    let response = request.header("content-type", "application/octet-stream").body(body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let length: usize = response.headers()["inference-header-content-length"].to_str().unwrap().parse().unwrap();
    let bytes = response.bytes().await.unwrap();
    let head: Value = serde_json::from_slice(&bytes[..length]).unwrap();
    assert_eq!(head["outputs"][0]["parameters"], json!({ "binary_data_size": 32 }));
    assert_eq!(head["outputs"][1]["data"], told["outputs"][0]["data"]);
    let shares: Vec<f64> = bytes[length..].as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    assert_eq!(json!(shares), told["outputs"][1]["data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rows_have_answers_of_the_same_width() {
    let server = start(&classifier(2));
    let mut none = inputs();
    for tensor in none.as_array_mut().unwrap() {
        (tensor["shape"], tensor["data"]) = (json!([0]), json!([]));
    }
    let (status, told) = server.post("/v2/models/flights/infer", json!({ "inputs": none })).await;
    assert_eq!((status, &told["outputs"][0]["shape"]), (200, &json!([0])), "{told}");
    assert_eq!((&told["outputs"][1]["shape"], &told["outputs"][1]["data"]), (&json!([0, 2]), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tensors_are_refused_in_the_protocols_words() {
    let server = start(&regressor());
    let infer = "/v2/models/flights/versions/1/infer";
    assert_eq!(server.post(infer, json!({ "inputs": inputs() })).await.0, 200);
    let with = |place: usize, tensor: Value| {
        let mut all = inputs();
        all[place] = tensor;
        json!({ "inputs": all })
    };
    for (body, status) in [
        (json!([]), 400),
        (json!({}), 400),
        (json!({ "inputs": [] }), 422),
        (json!({ "inputs": [1] }), 400),
        (json!({ "inputs": inputs(), "id": 5 }), 400),
        (json!({ "inputs": inputs(), "outputs": [{ "name": "probability" }] }), 400),
        (json!({ "inputs": inputs(), "outputs": [{ "name": "prediction" }, { "name": "prediction" }] }), 400),
        (with(1, json!({ "name": "hour", "shape": [3], "datatype": "FP64", "data": [1, 2, 3] })), 400),
        (with(1, json!({ "name": "hour", "shape": [2], "datatype": "FP64", "data": [1, 2, 3] })), 400),
        (with(1, json!({ "name": "hour", "shape": [2, 2], "datatype": "FP64", "data": [1, 2, 3, 4] })), 400),
        (with(1, json!({ "name": "hour", "shape": [-2], "datatype": "FP64", "data": [1, 2] })), 400),
        (with(1, json!({ "name": "hour", "shape": [2], "datatype": "FP64" })), 400),
        (
            with(
                1,
                json!({ "name": "hour", "shape": [2], "datatype": "FP64", "parameters": { "binary_data_size": 16 } }),
            ),
            400,
        ),
        (with(1, json!({ "name": "hour", "shape": [2], "data": [1, 2] })), 400),
        (with(1, json!({ "name": "hour", "shape": [2], "datatype": "FLOAT", "data": [1, 2] })), 400),
        (with(1, json!({ "name": "hour", "shape": [2], "datatype": "INT64", "data": [1, 2.5] })), 400),
        (with(1, json!({ "name": "hour", "shape": [2], "datatype": "INT64", "data": [1.0, null] })), 200),
        (with(1, json!({ "name": "hour", "shape": [2], "datatype": "BYTES", "data": ["a", "b"] })), 422),
        (with(1, json!({ "name": "x", "shape": [2], "datatype": "FP64", "data": [1, 2] })), 422),
        (with(0, json!({ "name": "hour", "shape": [2], "datatype": "FP64", "data": [1, 2] })), 422),
    ] {
        let (found, told) = server.post(infer, body.clone()).await;
        assert!(found == status && told["error"].is_string() == (status != 200), "{body}: {found} {told}");
    }
    assert_eq!(server.post("/v2/models/other/infer", json!({ "inputs": inputs() })).await.0, 404);
    let (status, told) = server.send(infer, "application/json", "{").await;
    assert!(status == 400 && told["error"].is_string());
}
