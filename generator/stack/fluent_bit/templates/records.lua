-- What one line becomes: the fields of logs/fields.yaml and no other, each of the one type that the index has for it, so that
-- OpenSearch refuses no document. A refused one would have its whole batch sent again for ever.

local KUBERNETES = { "namespace_name", "pod_name", "container_name", "container_image", "host", "pod_id" }
local HOST = { "systemd_unit", "transport", "priority", "hostname", "syslog_identifier", "comm", "pci" }
local NUMBERS = { xid = 65535, sxid = 65535 } -- with the greatest that is one
local RAY = { "cluster", "node_type", "group", "job_id", "worker_id", "file" }

-- syslog's priorities, 0 to 7.
local PRIORITIES = {
    ["0"] = "critical", ["1"] = "critical", ["2"] = "critical", ["3"] = "error", ["4"] = "warning",
    ["5"] = "info", ["6"] = "info", ["7"] = "debug",
}

local NODE = os.getenv("NODE_NAME")

local function keyword(value)
    if value == nil or type(value) == "table" or value == "" then
        return nil
    end
    return text_of(value)
end

local function pick(from, names)
    local found = nil
    for _, name in ipairs(names) do
        local value = keyword(from[name])
        if value then
            found = found or {}
            found[name] = value
        end
    end
    return found
end

local function map(value)
    return type(value) == "table" and value or {}
end

local function integer(value, greatest)
    local number = tonumber(value)
    return number and number >= 0 and number <= greatest and number % 1 == 0 and number or nil
end

-- The time that the sidecar gives, to the microsecond; nil where it is none that an index could hold.
local function time_of(seconds)
    if type(seconds) ~= "number" or not (seconds >= 0 and seconds < 4102444800) then
        return nil
    end
    return time_table(seconds)
end

-- The container runtime's nanoseconds: read as a fraction of a second, neighbours would become one, and equal lines with them.
local function exact(timestamp, stamp)
    local digits = type(stamp) == "string" and stamp:match("%.(%d+)")
    return digits and { sec = timestamp.sec, nsec = tonumber((digits .. "00000000"):sub(1, 9)) } or nil
end

-- A line of Ray's log files: the sidecar's container of the name that `gen-chart instrument` gives it, and its mark.
local function is_ray_file(record, kubernetes, parsed)
    return kubernetes.container_name == "fluentbit" and record["stream"] == "stdout"
        and parsed["ray_log"] == 1 and type(parsed["log"]) == "string"
end

local STREAMS = { out = "stdout", err = "stderr" }

-- Labels are the cluster's word and come before what a line says of itself.
local function ray_of(labels, said)
    local ray = pick(said, RAY) or {}
    ray.cluster = keyword(labels["ray.io/cluster"]) or ray.cluster
    ray.node_type = keyword(labels["ray.io/node-type"]) or ray.node_type
    ray.group = keyword(labels["ray.io/group"]) or ray.group
    ray.offset = integer(said.offset, 2 ^ 53)
    return next(ray) and ray or nil
end

function normalise(tag, timestamp, record)
    local kubernetes = map(record["kubernetes"])
    local labels = map(kubernetes["labels"])
    local parsed = map(record["parsed"])
    local said = {}
    local time = exact(timestamp, record["time"])
    local line = record
    local stream = record["stream"]
    if is_ray_file(record, kubernetes, parsed) then
        line = parsed
        said = map(parsed["ray"])
        stream = STREAMS[tostring(said.file):match("%.(%a+)$")]
        time = time_of(parsed["time"]) or time
        parsed = map(parsed["parsed"])
    end

    local out = pick(record, HOST) or {}
    for name, greatest in pairs(NUMBERS) do
        out[name] = integer(record[name], greatest)
    end
    out.log = type(line["log"]) == "string" and line["log"] or keyword(line["log"]) or ""
    out.stream = keyword(stream)
    out.process = keyword(line["process"])
    out.component = keyword(line["component"])
    out.node = keyword(NODE) or keyword(kubernetes["host"])
    out.app = keyword(labels["app.kubernetes.io/name"]) or keyword(labels["app"])
    out.model = keyword(labels["model"]) or keyword(labels["llm-d.ai/model"])
    out.ray = ray_of(labels, said)
    out.parsed = text_fields(parsed)
    out.kubernetes = pick(kubernetes, KUBERNETES)
    if out.kubernetes then
        out.kubernetes.labels = text_fields(labels)
    end
    out.level = (out.xid or out.sxid) and "error" or level_of(parsed) or level_named(line["level"])
        or PRIORITIES[out.priority]

    if time then
        return 1, time, out
    end
    return 2, timestamp, out
end
