//go:build !invariants

package zsets

// Go allocations are counted without the extra checks, which allocate.

import (
	"fmt"
	"testing"

	"granary/internal/command/commandtest"
)

// TestAllocs pins that the common commands do not allocate on the Go heap.
func TestAllocs(t *testing.T) {
	for _, n := range []int{50, 5000} {
		s := commandtest.New(t, Register)
		s.Env.Keys.Events = 0
		for i := range n {
			s.Do("ZADD", "z", fmt.Sprint(i), fmt.Sprint("member:", i))
		}
		run := func(args ...string) {
			t.Helper()
			request := make([][]byte, len(args))
			for i, a := range args {
				request[i] = []byte(a)
			}
			do := func() {
				s.Out.Reset()
				s.Client.Do(request...)
			}
			do()
			if got := testing.AllocsPerRun(200, do); got != 0 {
				t.Errorf("%q with %d members: %v allocations", args, n, got)
			}
		}
		run("ZADD", "z", "17.5", "member:3")
		run("ZINCRBY", "z", "7", "member:3")
		run("ZADD", "z", "CH", "GT", "1", "member:3", "2", "member:4")
		run("ZSCORE", "z", "member:7")
		run("ZRANK", "z", "member:7")
		run("ZCARD", "z")
		run("ZCOUNT", "z", "3", "(20")
		run("ZRANGE", "z", "3", "20")
		run("ZRANGEBYSCORE", "z", "3", "20", "WITHSCORES")
	}
}
