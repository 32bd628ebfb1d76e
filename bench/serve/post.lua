-- The request of bench/serve/run.py, for wrk: BODY is the file with the body, KEY the API key if there is one.
local file = assert(io.open(os.getenv("BODY")))
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
wrk.headers["content-type"] = "application/json"
local key = os.getenv("KEY")
if key then wrk.headers["authorization"] = "Bearer " .. key end
