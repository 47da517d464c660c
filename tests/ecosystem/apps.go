package main

import "fmt"

// app is a row: something that was written for Redis.
type app struct {
	name string
	what string
	// Either a script of node/, or a module with the arguments of go test, once for each run. In these, {addr} and {port} stand
	// for the server that was started for the row, {server} for its binary, {free} for a port that nothing listens on.
	script string
	module string
	tests  []string
	// Tests that fail: with a real Redis, too, or because they ask for what Granary leaves out or does otherwise on purpose.
	known map[string]failure
}

// failure is a known one.
type failure struct {
	why string
	at  []string // the lines, "file_test.go:12", that say what is wrong: no other may
}

var apps = []*app{
	{
		name:   "bullmq",
		what:   "job queue: 10,000 jobs with delays, retries and priorities, flows, rate limits, schedulers, stalled workers",
		script: "bullmq.mjs",
	},
	{
		name:   "asynq",
		what:   "job queue: the module's own suite",
		module: "github.com/hibiken/asynq",
		tests:  []string{". ./internal/rdb -p=1 -redis_addr={addr}"},
	},
	{
		name:   "redigo",
		what:   "client: the module's own suite, with servers that it starts itself",
		module: "github.com/gomodule/redigo",
		tests:  []string{"./redis -redis-server={server} -redis-port={free}"},
	},
	{
		name:   "redislock",
		what:   "locks with go-redis and scripts: the module's own suite",
		module: "github.com/bsm/redislock",
		tests:  []string{"./..."},
	},
	{
		name:   "miniredis",
		what:   "an imitation of Redis, compared with the server it starts: the module's integration suite",
		module: "github.com/alicebob/miniredis/v2",
		tests:  []string{"./integration"},
		known: map[string]failure{
			"TestHello": {
				"fails with Redis as well: miniredis says that it is version 8.4 and has a module",
				lines("connection_test.go", 153, 156, 161, 162, 163, 186, 188, 190),
			},
			"TestBitcount": {"BITCOUNT with a start alone counts from there, as Valkey 8.1", lines("string_test.go", 456)},
			"TestDelx": {
				"DELEX is a command of Redis 8.4",
				lines("string_test.go", 712, 713, 716, 720, 721, 725, 728, 732, 733, 739, 740, 741, 742),
			},
			"TestCluster": {"there is no cluster", lines("cluster_test.go", 10, 11, 12)},
		},
	},
	{
		name:   "ioredis",
		what:   "client: pipelines, transactions, scripts, pub/sub, streams, blocking commands, MONITOR, ACL",
		script: "ioredis.mjs",
	},
	{
		name:   "node-redis",
		what:   "client: the same over RESP2 and RESP3, functions, fields that expire, a pool",
		script: "noderedis.mjs",
	},
	{
		name:   "rueidis",
		what:   "client with client-side caching: those tests of the module's suite that speak to a single server",
		module: "github.com/redis/rueidis",
		tests:  []string{". -run=^(TestSingleClientIntegration|TestSingleClientIntegrationWithPool|TestNegative.*|TestUnblockOnCancel.*)$"},
	},
}

// lines makes the notation of failure.at.
func lines(file string, numbers ...int) (at []string) {
	for _, n := range numbers {
		at = append(at, fmt.Sprintf("%s:%d", file, n))
	}
	return at
}
