//! Many clients at once.

use super::support::start;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Every point that is acknowledged is there once, and none is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_lose_nothing() {
    const CLIENTS: usize = 32;
    const POINTS: usize = 200;
    let server = start().await;
    let run = server.new_run().await;
    let mut writers = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let (http, base, run) = (server.client.clone(), server.base.clone(), run.clone());
        writers.spawn(async move {
            let mut times = Vec::new();
            for step in 0..POINTS {
                let body =
                    json!({ "run_id": run, "key": format!("m{client}"), "value": step, "timestamp": 1, "step": step });
                let start = Instant::now();
                let answer =
                    http.post(format!("{base}/api/2.0/mlflow/runs/log-metric")).json(&body).send().await.unwrap();
                assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
                times.push(start.elapsed());
            }
            times
        });
    }
    let mut times: Vec<Duration> = writers.join_all().await.into_iter().flatten().collect();
    times.sort();
    let p99 = times[times.len() * 99 / 100];
    assert!(p99 < Duration::from_secs(5), "p99 of {p99:?}");
    for client in 0..CLIENTS {
        let (_, found) =
            server.get(&format!("/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=m{client}")).await;
        let steps: Vec<i64> =
            found["metrics"].as_array().unwrap().iter().filter_map(|m: &Value| m["step"].as_i64()).collect();
        assert_eq!(steps, (0..POINTS as i64).collect::<Vec<_>>(), "client {client}");
    }
}
