-- One line of a Ray log file as the node's Fluent Bit expects it on standard output: the text, its time and level, and
-- what the file's name and Ray's own marks in it tell.

local LINE, FILE, OFFSET = "ray_log_line", "ray_log_file", "ray_log_offset"

local RAY = { cluster = os.getenv("RAY_CLUSTER"), node_type = os.getenv("RAY_NODE_TYPE"), group = os.getenv("RAY_GROUP") }

-- The node joins at most 2 MB of one line; in JSON a byte takes up to six.
local LONGEST_LINE = 1500000
local SURE_TO_FIT = 250000

local WEEK = 7 * 24 * 3600
local MOST_FILES = 5000

-- What wrote a file, by the first pattern that its name fits.
local COMPONENTS = {
    { "^serve/(%l+)_", "serve_%s" }, { "^train/ray%-train%-%l+%-(%l+)", "train_%s" }, { "^ray%-data/", "data" },
    { "^events/event_([%u_]-)_?%d*%.", "event_%s" }, { "^worker%-", "worker" }, { "^python%-core%-(%l+)", "core_%s" },
    { "^job%-driver%-", "driver" }, { "^agent%-", "agent" }, { "^runtime_env_setup%-", "runtime_env_setup" },
    { "([%w_]+)%.%l+$", "%s" },
}

local function component_of(file)
    for _, entry in ipairs(COMPONENTS) do
        local found = file:match(entry[1])
        if found then
            return entry[2]:format(found:lower())
        end
    end
    return nil
end

local function job_of(id)
    return id and not id:find("^f+$") and id or nil
end

-- What a file's name says. Ray rotates by appending a number, and the lines of all of them are one file's.
local function described(path)
    local folder, name = path:match("^(.*/session_[^/]*/logs/)(.*)$")
    name = (name or path):gsub("%.%d+$", ""):gsub("^old/", "")
    local about = { folder = folder, path = path:gsub("%.%d+$", ""), ray = { file = name } }
    about.component = component_of(name)
    for key, value in pairs(RAY) do
        about.ray[key] = value
    end
    local worker, job, pid = name:match("^worker%-(%x+)%-(%x+)%-(%d+)%.")
    about.of_worker = worker ~= nil
    about.of_driver = name:find("^job%-driver%-") ~= nil
    about.pid = pid
    about.ray.worker_id = worker or name:match("^python%-core%-worker%-(%x+)_")
    about.ray.job_id = job_of(job) or name:match("^job%-driver%-(.+)%.log$") or name:match("^runtime_env_setup%-(%x+)%.")
    return about
end

-- Takes in Ray's marks, the first lines of a worker's files; gives whether the line is one.
local function marked(about, line)
    local kind, value = line:match("^:(%l+_%l+):(.*)$")
    if kind == "job_id" then
        about.ray.job_id = job_of(value)
    elseif kind == "actor_name" or kind == "task_name" then
        about.process = value ~= "" and about.pid and value .. " pid=" .. about.pid or nil
    else
        return false
    end
    return true
end

local files, count = {}, 0

-- After a restart the marks are behind the position: they are read again from the file's start.
local function about_file(path, offset)
    local about = files[path]
    if about then
        return about
    end
    about = described(path)
    if about.of_worker and offset > 0 then
        local handle = io.open(about.path, "rb")
        local start = handle and handle:read(1000) or ""
        if handle then
            handle:close()
        end
        for line in start:gmatch("[^\n]+") do
            if not marked(about, line) then
                break
            end
        end
    end
    if count >= MOST_FILES then
        files, count = {}, 0
    end
    files[path] = about
    count = count + 1
    return about
end

local there = {}

local function exists(path)
    if not there[path] then
        local handle = io.open(path, "rb")
        there[path] = handle ~= nil or nil
        if handle then
            handle:close()
        end
    end
    return there[path]
end

-- Serve's logger writes each line to a file of its own and to the worker's standard error; the copy is left out, if that
-- file is there.
local function is_serves_copy(about, line)
    local name, id = line:match("^%u+ %d+%-%d+%-%d+ [%d:]+,%d+ ([^%s/]+) ([^%s/]+) .-%-%- ")
    if not name or not about.folder then
        return false
    end
    local own = name .. "_" .. id .. ".log"
    return exists(about.folder .. "serve/" .. own) or exists(about.folder .. "serve/replica_" .. own)
end

-- A driver prints what its workers print, with their name in front, in Ray's colours.
local function is_drivers_copy(line)
    return line:find("^\27%[[\27%[%dm]*%([^()\n]* pid=%d+[^()\n]*%)\27%[0m ") ~= nil
end

local DATE = "(%d%d%d%d)%-(%d%d)%-(%d%d) (%d%d):(%d%d):(%d%d),(%d%d%d)"

local function seconds_of(text, prefix)
    local year, month, day, hour, minute, second, thousandths = text:match(prefix .. DATE)
    if not year then
        return nil
    end
    local whole = os.time({ year = year, month = month, day = day, hour = hour, min = minute, sec = second })
    return whole and whole + thousandths / 1000
end

-- The time that a line says, in the time zone of the container (TZ), for Ray writes none; nil if it says none.
local function said_time(line, parsed)
    if parsed then
        local nanoseconds = tonumber(parsed.timestamp_ns)
        return nanoseconds and nanoseconds / 1e9
            or type(parsed.asctime) == "string" and seconds_of(parsed.asctime, "^")
            or tonumber(parsed.timestamp)
    end
    return seconds_of(line, "^%[?") or seconds_of(line, "^%u+ ")
end

-- A time that is not of the last week is not believed: another time zone, a clock that was wrong, a number of another
-- kind.
local function believed(said, now)
    return said and said <= now + 1 and said > now - WEEK
end

local function escaped_length(text)
    local _, special = text:gsub('[%c"\\\128-\255]', "")
    return #text + 5 * special
end

function ray_line(tag, timestamp, record)
    local line = record[LINE]
    local path = record[FILE]
    if type(line) ~= "string" or type(path) ~= "string" then
        return -1, timestamp, record
    end
    local offset = type(record[OFFSET]) == "number" and record[OFFSET] or 0
    local about = about_file(path, offset)
    if about.of_worker and (marked(about, line) or is_serves_copy(about, line)) then
        return -1, timestamp, record
    end
    if about.of_driver and is_drivers_copy(line) then
        return -1, timestamp, record
    end

    local parsed = nil
    local out = { ray_log = 1 }
    if line:find("^%s*{") then
        record[LINE], record[FILE], record[OFFSET] = nil, nil, nil
        parsed = next(record) and record or nil
    else
        out.level = level_named(record.level)
        out.process = record.process
        out.component = record.component
    end
    out.level = parsed and level_of(parsed) or out.level
    out.process = out.process or about.process
    out.component = out.component or about.component
    out.ray = { offset = offset }
    for key, value in pairs(about.ray) do
        out.ray[key] = value
    end
    if escaped_length(line) <= LONGEST_LINE then
        out.log = line
    else
        out.log = cut(line, SURE_TO_FIT)
    end
    if parsed and #line <= SURE_TO_FIT then
        out.parsed = text_fields(parsed)
    end

    local now = timestamp.sec + timestamp.nsec / 1e9
    local said = said_time(line, parsed)
    if believed(said, now) then
        return 1, time_table(said), out
    end
    return 1, timestamp, out
end
