-- What both shippers share: one set of level names, Grafana's, and JSON fields that one index can hold whatever programs write.

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

local MOST_KEYS = 100
local LONGEST = 8000 -- bytes; Lucene refuses a term of more than 32,766
local DEEPEST = 5

local function level_named(value)
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

local function level_of(parsed)
    for _, key in ipairs(KEYS) do
        local level = level_named(parsed[key])
        if level then
            return level
        end
    end
    return nil
end

-- Gives at most `longest` bytes of text, whole characters only.
local function cut(text, longest)
    if #text <= longest then
        return text
    end
    local last = longest
    while last > 0 and text:byte(last + 1) >= 0x80 and text:byte(last + 1) < 0xC0 do
        last = last - 1
    end
    return text:sub(1, last)
end

-- Whole numbers in full: Lua would write a time in nanoseconds as 1.76e+18.
local function text_of(value)
    if type(value) == "number" and value % 1 == 0 and math.abs(value) < 1e19 then
        return string.format("%.0f", value)
    end
    return cut(tostring(value), LONGEST)
end

-- OpenSearch refuses a document for a field without a name; a control character could not be asked for.
local function name_of(key)
    local name = tostring(key):gsub("%c", "_")
    return name:find("%S") and name or "_"
end

-- Counts before it collects: an object of a hundred thousand keys costs no more than its first MOST_KEYS.
local function collect(fields, prefix, depth, found)
    for key, value in pairs(fields) do
        if found.count >= MOST_KEYS then
            return
        end
        local path = prefix .. name_of(key)
        if type(value) == "table" then
            if depth < DEEPEST then
                collect(value, path .. "_", depth + 1, found)
            end
        elseif #path <= 200 then
            found.fields[path] = text_of(value)
            found.count = found.count + 1
        end
    end
end

-- Gives one flat object of texts; nil for an object without a value, which Lua could not tell from an empty list.
local function text_fields(parsed)
    local found = { fields = {}, count = 0 }
    collect(parsed, "", 1, found)
    return found.count > 0 and found.fields or nil
end

-- Seconds as Fluent Bit's time, to the microsecond, which is what a double of this size holds.
local function time_table(seconds)
    local micro = math.floor(seconds * 1e6 + 0.5)
    local whole = math.floor(micro / 1e6)
    return { sec = whole, nsec = (micro - whole * 1e6) * 1000 }
end
