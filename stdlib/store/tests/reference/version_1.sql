-- A store as version 1 wrote it, for the test of the migration.
CREATE TABLE experiments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    deleted INTEGER
) STRICT;
INSERT INTO experiments (id, name, created) VALUES (0, 'Default', CAST(strftime('%s', 'now') AS INTEGER) * 1000);
CREATE TABLE experiment_tags (
    experiment INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiments,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    start_time INTEGER NOT NULL,
    end_time INTEGER,
    deleted INTEGER
) STRICT;
CREATE INDEX runs_newest ON runs (experiment, start_time DESC, id DESC);
CREATE INDEX runs_running ON runs (id) WHERE status = 'RUNNING';
CREATE TABLE params (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE tags (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE metric_keys (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
-- The points lie in the order in which curves are read. SQLite has no NaN: the value is then 0, is_nan 1.
CREATE TABLE metrics (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    key INTEGER NOT NULL REFERENCES metric_keys,
    step INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    is_nan INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (run, key, step, timestamp, is_nan, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE latest_metrics (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    key INTEGER NOT NULL REFERENCES metric_keys,
    step INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    is_nan INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE ironbook_schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT;
INSERT INTO ironbook_schema (id, version) VALUES (1, 1);
UPDATE experiments SET created = 1000;
INSERT INTO experiments (id, name, created, deleted) VALUES (1, 'churn', 2000, NULL), (2, 'gone', 3000, 4000);
INSERT INTO experiment_tags VALUES (1, 'team', 'x');
INSERT INTO runs (id, uuid, experiment, name, status, start_time, end_time, deleted) VALUES
    (1, '00000000000000000000000000000001', 1, 'first', 'FINISHED', 10, 20, NULL),
    (2, '00000000000000000000000000000002', 1, 'second', 'RUNNING', 30, NULL, NULL),
    (3, '00000000000000000000000000000003', 1, 'removed', 'FAILED', 40, 50, 60);
INSERT INTO params VALUES (1, 'model', 'gbdt'), (1, 'depth', '3');
INSERT INTO tags VALUES (1, 'mlflow.runName', 'first'), (1, 'mlflow.user', 'ada'), (2, 'mlflow.runName', 'second');
INSERT INTO metric_keys VALUES (1, 'auc'), (2, 'loss');
INSERT INTO metrics VALUES (1, 1, 0, 5, 0, 0.5), (1, 1, 1, 6, 0, 0.75), (1, 2, 0, 5, 1, 0.0);
INSERT INTO latest_metrics VALUES (1, 1, 1, 6, 0, 0.75), (1, 2, 0, 5, 1, 0.0);
