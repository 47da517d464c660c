package main

import (
	"crypto/sha1"
	"fmt"

	"granary/tests/live"
)

// Scripts that users run: one command; a rate limiter with a sliding window; the step of a job queue in which a worker
// takes the next job, as BullMQ does it: a list, a hash, a sorted set, a stream of events, a packed option.
const (
	scriptOneCall = `return redis.call('GET', KEYS[1])`

	scriptLimiter = `
local now, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local n = redis.call('ZCARD', KEYS[1])
if n >= limit then
  return {0, n}
end
redis.call('ZADD', KEYS[1], now, ARGV[4])
redis.call('PEXPIRE', KEYS[1], window)
return {1, n + 1}`

	scriptTakeJob = `
local prefix, opts = KEYS[1], cmsgpack.unpack(ARGV[2])
local id = redis.call('RPOPLPUSH', prefix .. 'wait', prefix .. 'wait')
local key = prefix .. id
redis.call('HSET', key, 'processedOn', ARGV[1], 'attempts', opts.attempts)
redis.call('ZADD', prefix .. 'active', tonumber(ARGV[1]), id)
redis.call('XADD', prefix .. 'events', 'MAXLEN', '~', '1000', '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
local job = redis.call('HGETALL', key)
return {job, id, cjson.encode({token = opts.token, id = id})}`
)

// eval is a row that runs a script by its digest, or with whole by its text.
func eval(name, script string, whole bool, limit float64, args ...string) row {
	words := []string{"EVALSHA", fmt.Sprintf("%x", sha1.Sum([]byte(script)))}
	if whole {
		words = []string{"EVAL", script}
	}
	return row{
		name: name, command: append(words, args...), requests: 30_000, depths: shallow, random: 100_000, limit: limit,
		prepare: func(s *live.Server, _ int) error { return do(s, "SCRIPT", "LOAD", script) },
	}
}

// packedOptions is {attempts = 3, token = "t"} as cmsgpack packs it.
const packedOptions = "\x82\xa8attempts\x03\xa5token\xa1t"

func scriptRows() []row {
	const number = "__rand_int__"
	return []row{
		eval("EVAL, one GET", scriptOneCall, true, 1.2, "1", "key:"+number),
		eval("EVALSHA, one GET", scriptOneCall, false, 1.2, "1", "key:"+number),
		eval("rate limiter", scriptLimiter, false, 1.2, "1", "limit:"+number, number, "100000", "10", number),
		eval("a worker takes a job", scriptTakeJob, false, 1.2, "1", "queue:", number, packedOptions),
	}
}

// measureScripts runs scripts.
func measureScripts(o *options, all []contender) (string, error) {
	servers, stop, err := startAll(all)
	if err != nil {
		return "", err
	}
	defer stop()
	err = onEach(servers, func(s *live.Server) error {
		if err := fill(s, 100_000, func(dst []byte, i int) []byte {
			return appendWord(appendNumbered(appendWord(appendHead(dst, 3), "SET"), "key:", 12, i), "xxx")
		}); err != nil {
			return err
		}
		for _, id := range []string{"1", "2", "3"} {
			if err := do(s, "HSET", "queue:"+id, "name", "mail", "data", `{"to":"somebody"}`, "timestamp", "1700000000000"); err != nil {
				return err
			}
			if err := do(s, "LPUSH", "queue:wait", id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	table, err := measureRows(o, all, servers, scriptRows())
	return "The same for scripts: one that executes a single command, a rate limiter with a sliding window, and the step in which a " +
		"worker of a job queue takes its next job (six commands, cmsgpack, cjson). To be at most 1.20.\n\n" + table, err
}
