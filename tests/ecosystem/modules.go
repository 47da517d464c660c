//go:build modules

package main

// The modules whose own test suites are run. This file is never built; it has go.mod name their versions and go.sum their
// sums.
import (
	_ "github.com/alicebob/miniredis/v2"
	_ "github.com/bsm/redislock"
	_ "github.com/gomodule/redigo/redis"
	_ "github.com/hibiken/asynq"
	_ "github.com/redis/rueidis"
)
