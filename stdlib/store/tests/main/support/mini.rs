//! A small tracking server in memory, which fails as a test wants: before or after it has done what was asked.

use super::fake::{Fake, Reply, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Refused with this status, nothing done.
    Before(u16),
    /// Done, but answered with this status.
    After(u16),
    /// Nothing done, and no answer.
    CloseBefore,
    /// Done, and no answer.
    CloseAfter,
}

#[derive(Clone, Debug, Default)]
pub struct Run {
    pub experiment: String,
    pub info: Value,
    pub tags: BTreeMap<String, String>,
    pub params: BTreeMap<String, String>,
    /// Every point in the order of its arrival, each once, as MLflow's table has it.
    pub points: Vec<(String, String, i64, i64)>,
    pub artifacts: BTreeMap<String, Vec<u8>>,
    pub outputs: Vec<Value>,
}

#[derive(Default)]
pub struct Data {
    pub runs: BTreeMap<String, Run>,
    pub experiments: Vec<(String, String)>,
    pub versions: Vec<Value>,
    pub calls: usize,
}

/// Says what goes wrong with each request.
type Faults = Box<dyn FnMut(&Request) -> Fault + Send>;

/// The server.
pub struct Mini {
    pub data: Arc<Mutex<Data>>,
    fault: Arc<Mutex<Faults>>,
    fake: Option<Fake>,
    address: String,
}

impl Mini {
    pub fn start() -> Mini {
        let data = Arc::new(Mutex::new(Data::default()));
        data.lock().unwrap().experiments.push(("0".into(), "Default".into()));
        let none: Faults = Box::new(|_| Fault::None);
        let mut mini = Mini { data, fault: Arc::new(Mutex::new(none)), fake: None, address: "127.0.0.1:0".into() };
        mini.up();
        mini
    }

    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on this goes wrong.
    pub fn fail(&self, fault: impl FnMut(&Request) -> Fault + Send + 'static) {
        *self.fault.lock().unwrap() = Box::new(fault);
    }

    /// Stops listening; what is known stays.
    pub fn down(&mut self) {
        self.fake = None;
        self.fail(|_| Fault::CloseBefore);
        // The port is free once the listening thread has seen its end.
        while std::net::TcpStream::connect(&self.address).is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    pub fn up(&mut self) {
        self.fail(|_| Fault::None);
        let (data, fault) = (Arc::clone(&self.data), Arc::clone(&self.fault));
        let answer = move |request: &Request| {
            let fault = (*fault.lock().unwrap())(request);
            let mut data = data.lock().unwrap();
            data.calls += 1;
            match fault {
                Fault::Before(status) => Reply::error(status, "INTERNAL_ERROR"),
                Fault::CloseBefore => Reply::Close,
                _ => {
                    let reply = data.answer(request);
                    match fault {
                        Fault::After(status) => Reply::error(status, "INTERNAL_ERROR"),
                        Fault::CloseAfter => Reply::Close,
                        _ => reply,
                    }
                }
            }
        };
        let fake = Fake::start_at(&self.address, answer);
        self.address = fake.uri.trim_start_matches("http://").to_owned();
        self.fake = Some(fake);
    }

    /// The one run with this name.
    pub fn run_named(&self, name: &str) -> Run {
        let data = self.data.lock().unwrap();
        let found: Vec<_> = data.runs.values().filter(|r| r.info["run_name"] == name).collect();
        assert_eq!(found.len(), 1, "runs named {name}");
        found[0].clone()
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn not_found() -> Reply {
    Reply::error(404, "RESOURCE_DOES_NOT_EXIST")
}

impl Data {
    fn answer(&mut self, request: &Request) -> Reply {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let argument = |name: &str| {
            query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap_or_default().to_owned()
        };
        let body = request.json();
        if let Some(file) = path.strip_prefix("/api/2.0/mlflow-artifacts/artifacts/") {
            let mut parts = file.splitn(4, '/').skip(1);
            let (run, path) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
            let Some(run) = self.runs.get_mut(run) else { return not_found() };
            run.artifacts.insert(path.to_owned(), request.body.clone());
            return Reply::Json(200, json!({}));
        }
        match path.trim_start_matches("/api/2.0/mlflow/") {
            "experiments/create" => self.create_experiment(&text(&body, "name")),
            "experiments/get-by-name" => {
                let name = argument("experiment_name");
                let found = self.experiments.iter().find(|(_, n)| *n == name);
                found.map_or_else(not_found, |(id, name)| {
                    Reply::Json(200, json!({"experiment": {"experiment_id": id, "name": name}}))
                })
            }
            "runs/create" => self.create_run(&body),
            "runs/search" => {
                let filter = text(&body, "filter");
                let wanted = filter.split('\'').nth(1).unwrap_or_default();
                let is = |run: &&Run| run.tags.get("ironbook.spool.id").is_some_and(|id| id == wanted);
                let found: Vec<_> = self.runs.values().filter(is).map(Run::json).collect();
                Reply::Json(200, json!({"runs": found}))
            }
            "runs/get" => self
                .runs
                .get(&argument("run_id"))
                .map_or_else(not_found, |run| Reply::Json(200, json!({"run": run.json()}))),
            "metrics/get-history" => {
                let key = argument("metric_key");
                self.runs.get(&argument("run_id")).map_or_else(not_found, |run| {
                    let points = run.points.iter().filter(|p| p.0 == key).map(point_json).collect::<Vec<_>>();
                    Reply::Json(200, json!({"metrics": points}))
                })
            }
            "model-versions/search" => {
                let wanted = argument("filter");
                let is = |v: &&Value| wanted.contains(v["tags"][0]["value"].as_str().unwrap_or("?"));
                let found: Vec<_> = self.versions.iter().filter(is).collect();
                Reply::Json(200, json!({"model_versions": found}))
            }
            "model-versions/create" => {
                let mut version = body.clone();
                version["version"] = json!((self.versions.len() + 1).to_string());
                self.versions.push(version.clone());
                Reply::Json(200, json!({"model_version": version}))
            }
            other => match self.runs.get_mut(&text(&body, "run_id")) {
                Some(run) => run.change(other, &body),
                None => not_found(),
            },
        }
    }

    fn create_experiment(&mut self, name: &str) -> Reply {
        if self.experiments.iter().any(|(_, n)| n == name) {
            return Reply::error(400, "RESOURCE_ALREADY_EXISTS");
        }
        let id = self.experiments.len().to_string();
        self.experiments.push((id.clone(), name.to_owned()));
        Reply::Json(200, json!({"experiment_id": id}))
    }

    fn create_run(&mut self, body: &Value) -> Reply {
        let experiment = text(body, "experiment_id");
        if !self.experiments.iter().any(|(id, _)| *id == experiment) {
            return not_found();
        }
        let id = format!("{:032x}", self.runs.len() + 1);
        let info = json!({
            "run_id": id, "experiment_id": experiment, "run_name": body["run_name"], "status": "RUNNING",
            "start_time": body["start_time"], "artifact_uri": format!("mlflow-artifacts:/{experiment}/{id}/artifacts"),
        });
        let mut run = Run { experiment, info, ..Run::default() };
        run.set_tags(&body["tags"]);
        let answer = Reply::Json(200, json!({"run": run.json()}));
        self.runs.insert(id, run);
        answer
    }
}

fn point_json((key, value, timestamp, step): &(String, String, i64, i64)) -> Value {
    let value: Value = serde_json::from_str(value).unwrap();
    json!({"key": key, "value": value, "timestamp": timestamp, "step": step})
}

impl Run {
    fn json(&self) -> Value {
        let pairs = |map: &BTreeMap<String, String>| -> Vec<Value> {
            map.iter().map(|(k, v)| json!({"key": k, "value": v})).collect()
        };
        json!({
            "info": self.info, "outputs": {"model_outputs": self.outputs},
            "data": {"tags": pairs(&self.tags), "params": pairs(&self.params),
                     "metrics": self.points.iter().map(point_json).collect::<Vec<_>>()},
        })
    }

    fn set_tags(&mut self, tags: &Value) {
        for tag in tags.as_array().into_iter().flatten() {
            self.tags.insert(text(tag, "key"), text(tag, "value"));
        }
    }

    fn change(&mut self, what: &str, body: &Value) -> Reply {
        match what {
            "runs/log-batch" => {
                let params = body["params"].as_array().unwrap();
                for param in params {
                    if self.params.get(&text(param, "key")).is_some_and(|known| *known != text(param, "value")) {
                        return Reply::error(400, "INVALID_PARAMETER_VALUE");
                    }
                }
                for param in params {
                    self.params.insert(text(param, "key"), text(param, "value"));
                }
                self.set_tags(&body["tags"]);
                for metric in body["metrics"].as_array().unwrap() {
                    let (time, step) = (metric["timestamp"].as_i64().unwrap(), metric["step"].as_i64().unwrap());
                    let point = (text(metric, "key"), metric["value"].to_string(), time, step);
                    if !self.points.contains(&point) {
                        self.points.push(point);
                    }
                }
            }
            "runs/update" => {
                for name in ["status", "end_time", "run_name"] {
                    if !body[name].is_null() {
                        self.info[name] = body[name].clone();
                    }
                }
                return Reply::Json(200, json!({"run_info": self.info}));
            }
            "runs/outputs" => self.outputs.extend(body["models"].as_array().unwrap().clone()),
            "runs/delete-tag" if self.tags.remove(&text(body, "key")).is_none() => return not_found(),
            "runs/delete-tag" => {}
            _ => return Reply::error(404, "ENDPOINT_NOT_FOUND"),
        }
        Reply::Json(200, json!({}))
    }
}
