"""A model server and its clients: Triton's own for the Open Inference Protocol, readers of the request log, a browser.

Called with the directory of a logged model (tests/main/clients.rs of ironbook-serve makes it: carrier, hour, distance, time;
late or on time) and the command that serves it, without its options; runs in a Python with tests/env/serve.txt. `--no-browser`
leaves the page out.
"""

import glob
import http.client
import json
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import polars
import pyarrow.dataset
import tritonclient.http as triton

ROWS = [
    {"carrier": "UA", "hour": 17.0, "distance": 1400.0, "time": "2013-01-01T17:00:00"},
    {"carrier": "AA", "hour": None, "distance": 200.0, "time": "2013-01-02"},
    {"carrier": "ZZ", "hour": 5.0, "distance": 2400.0, "time": "2013-01-03T05:15:00"},
]
KEY = "k-1"


class Server:
    def __init__(self, command, model, *options):
        arguments = [*command, model, "--port", "0", "--name", "flights", *options]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().rsplit("http://", 1)[1].strip()

    def post(self, path, body, key=None):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        headers = {"content-type": "application/json"} | ({"x-api-key": key} if key else {})
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def stop(self):
        self.process.terminate()
        assert self.process.wait(30) == 0


def tensors(binary):
    made = []
    for name, kind in [("carrier", object), ("hour", np.float64), ("distance", np.int64), ("time", object)]:
        missing = np.nan if kind is np.float64 else 0
        values = np.array([missing if row[name] is None else row[name] for row in ROWS], dtype=kind)
        datatype = {object: "BYTES", np.float64: "FP64", np.int64: "INT64"}[kind]
        # JSON has no NaN for Triton's client.
        values = np.nan_to_num(values, nan=0.0) if kind is np.float64 and not binary else values
        tensor = triton.InferInput(name, [len(ROWS)], datatype)
        tensor.set_data_from_numpy(values, binary_data=binary)
        made.append(tensor)
    return made


def check_triton(server):
    client = triton.InferenceServerClient(server.address)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("flights", "1")
    assert not client.is_model_ready("other")
    assert client.get_server_metadata()["name"] == "ironbook"
    metadata = client.get_model_metadata("flights")
    assert [tensor["name"] for tensor in metadata["inputs"]] == ["carrier", "hour", "distance", "time"], metadata
    status, told = server.post("/predict", ROWS)
    assert status == 200, told
    expected = told["predictions"]
    for asked in (True, False):
        outputs = [triton.InferRequestedOutput(name, binary_data=asked) for name in ("prediction", "probability")]
        result = client.infer("flights", tensors(True), outputs=outputs, request_id="r-1", model_version="1")
        assert result.get_response()["id"] == "r-1"
        words = [word.decode() if isinstance(word, bytes) else word for word in result.as_numpy("prediction").tolist()]
        assert words == [row["prediction"] for row in expected], words
        shares = result.as_numpy("probability")
        assert shares.shape == (3, 2) and shares.dtype == np.float64
        assert shares[:, 0].tolist() == [row["probability"]["late"] for row in expected]
    # Without anything asked for, and with the tensors within the JSON.
    assert client.infer("flights", tensors(False)).as_numpy("probability").shape == (3, 2)
    wrong = triton.InferInput("hour", [1], "BYTES")
    wrong.set_data_from_numpy(np.array(["late"], dtype=object))
    try:
        client.infer("flights", [wrong])
        raise AssertionError("a wrong tensor was taken")
    except triton.InferenceServerException as refused:
        assert "hour" in str(refused) and "carrier" in str(refused), refused
    client.close()
    print("triton: ok")


def check_log(directory):
    files = glob.glob(f"{directory}/*.parquet")
    assert files
    log = polars.concat([polars.read_parquet(file) for file in files])
    table = pyarrow.dataset.dataset(directory, format="parquet").to_table()
    assert table.num_rows == log.height > 3
    assert log.schema["time"] == polars.Datetime("us", "UTC") and log.schema["input.time"] == polars.Datetime("us")
    assert log.schema["row"] == polars.UInt32 and log.schema["output.prediction"] == polars.String
    for name in log.columns:
        assert table.column(name).to_pylist() == log[name].to_list() or name == "time", name
    assert "ZZ" in log["input.carrier"].to_list() and log["input.hour"].null_count() > 0
    lazily = polars.scan_parquet(files).filter(polars.col("input.carrier") == "UA").select("output.probability.late").collect()
    assert 0 < lazily.height < log.height
    print("log: ok")


def check_page(server):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 800})
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.goto(f"http://{server.address}/")
        page.wait_for_selector("#key:not([hidden])")
        # Asked without a key, the browser notes the 401.
        problems.clear()
        page.fill("#key-value", KEY)
        page.click("#key button")
        page.wait_for_selector("#main:not([hidden])")
        assert page.text_content("#title") == "flights"
        for column, text in enumerate(["UA", "17", "1400", "2013-01-01T17:00:00"]):
            page.fill(f"#column-{column}", text)
        page.click("#row button")
        page.wait_for_selector(".prediction")
        status, told = server.post("/predict", ROWS[0], KEY)
        assert page.text_content(".prediction") == told["predictions"][0]["prediction"]
        assert page.locator(".share").count() == 2
        page.screenshot(path=sys.argv[-1] if sys.argv[-1].endswith(".png") else None)
        page.fill("#column-1", "late")
        page.click("#row button")
        page.wait_for_selector(".problem")
        assert '"hour" holds "late"' in page.text_content(".problem") and page.locator("input.wrong[aria-invalid=true]").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        # A link of the page sends the key along.
        with page.context.expect_page() as opened:
            page.click("footer a[href=metrics]")
        opened.value.wait_for_load_state()
        assert "ironbook_serve_requests_total" in opened.value.text_content("body")
        page.set_viewport_size({"width": 380, "height": 800})
        # A time can be read whole.
        assert page.evaluate("document.getElementById('column-3').scrollWidth <= document.getElementById('column-3').clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        problems = [problem for problem in problems if "422" not in problem]
        assert not problems, problems
        browser.close()
    print("page: ok")


def main():
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--") and not argument.endswith(".png")]
    model, *command = arguments
    with tempfile.TemporaryDirectory() as directory:
        server = Server(command, model, "--log", f"{directory}/log")
        check_triton(server)
        server.stop()
        check_log(f"{directory}/log")
        if "--no-browser" not in sys.argv:
            key = f"{directory}/key"
            with open(key, "w") as file:
                file.write(KEY)
            server = Server(command, model, "--key-file", key)
            check_page(server)
            server.stop()


if __name__ == "__main__":
    main()
