-- wrk: requests of a file, each with its length in two octets before it, by turns; POST.
local f = assert(io.open(os.getenv("OCSP_REQUESTS"), "rb"))
local data, at, ready, n = f:read("*a"), 1, {}, 0
f:close()
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/ocsp-request"
function init(args)
   while at < #data do
      local high, low = data:byte(at, at + 1)
      local len = high * 256 + low
      ready[#ready + 1] = wrk.format(nil, nil, nil, data:sub(at + 2, at + 1 + len))
      at = at + 2 + len
   end
end
function request()
   n = n % #ready + 1
   return ready[n]
end
function done(summary, latency)
   local e = summary.errors
   io.write(string.format("{\"requests\": %d, \"us\": %d, \"p50_us\": %d, \"p99_us\": %d, \"errors\": %d}\n", summary.requests,
      summary.duration, latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
