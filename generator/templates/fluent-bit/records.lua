-- One field `level` with Grafana's names, and JSON fields that one index can hold whatever programs write.

local NAMES = {
    t = "trace", trace = "trace",
    d = "debug", debug = "debug",
    i = "info", info = "info", information = "info", informational = "info", notice = "info",
    w = "warning", warn = "warning", warning = "warning",
    e = "error", err = "error", error = "error", traceback = "error",
    c = "critical", f = "critical", critical = "critical", crit = "critical", fatal = "critical", panic = "critical",
    alert = "critical", emerg = "critical", emergency = "critical", dpanic = "critical",
}

-- Of the keys that programs use, the first that holds a name decides.
local KEYS = { "level", "levelname", "severity", "log_level", "loglevel", "lvl", "log.level", "level_name" }

-- syslog's priorities, 0 to 7.
local PRIORITIES = {
    ["0"] = "critical", ["1"] = "critical", ["2"] = "critical", ["3"] = "error", ["4"] = "warning",
    ["5"] = "info", ["6"] = "info", ["7"] = "debug",
}

local MOST_KEYS = 100
local LONGEST = 8000 -- bytes; Lucene refuses a term of more than 32,766
local DEEPEST = 5

local function named(value)
    if type(value) ~= "string" then
        return nil
    end
    local name = value:lower()
    if NAMES[name] then
        return NAMES[name]
    end
    if name:find("error$") or name:find("exception$") then
        return "error"
    end
    return nil
end

-- Gives at most LONGEST bytes of text, whole characters only.
local function cut(text)
    if #text <= LONGEST then
        return text
    end
    local last = LONGEST
    while last > 0 and text:byte(last + 1) >= 0x80 and text:byte(last + 1) < 0xC0 do
        last = last - 1
    end
    return text:sub(1, last)
end

-- Whole numbers in full: Lua would write a time in nanoseconds as 1.76e+18.
local function text(value)
    if type(value) == "number" and value % 1 == 0 and math.abs(value) < 1e19 then
        return string.format("%.0f", value)
    end
    return cut(tostring(value))
end

-- Counts before it collects: an object of a hundred thousand keys costs no more than its first MOST_KEYS.
local function collect(fields, prefix, depth, found)
    for key, value in pairs(fields) do
        if found.count >= MOST_KEYS then
            return
        end
        local path = prefix .. tostring(key)
        if type(value) == "table" then
            if depth < DEEPEST then
                collect(value, path .. "_", depth + 1, found)
            end
        elseif #path <= 200 then
            found.fields[path] = text(value)
            found.count = found.count + 1
        end
    end
end

local function text_fields(parsed)
    local found = { fields = {}, count = 0 }
    collect(parsed, "", 1, found)
    return found.fields
end

-- Gives 2: the record changed, its time did not.
function normalise(tag, timestamp, record)
    local parsed = record["parsed"]
    local level = nil
    if type(parsed) == "table" then
        for _, key in ipairs(KEYS) do
            level = named(parsed[key])
            if level then
                break
            end
        end
        record["parsed"] = text_fields(parsed)
    end
    level = level or named(record["level"])
    if record["xid"] or record["sxid"] then
        level = "error"
    end
    record["level"] = level or PRIORITIES[record["priority"]]
    record["_p"] = nil
    return 2, timestamp, record
end
