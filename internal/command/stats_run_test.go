package command

import (
	"strings"
	"testing"
	"time"
)

// TestRuns checks that requests whose time is read together are all counted, whatever comes between them, and that a
// slow log that wants everything gets everything.
func TestRuns(t *testing.T) {
	ran := 0
	specs := []*Spec{
		{Name: "quick", Arity: -1, Flags: Fast, Handler: func(c *Ctx) { ran++; c.Out.OK() }},
		{Name: "other", Arity: -1, Flags: Fast, Handler: func(c *Ctx) { ran++; c.Out.Error("ERR no") }},
		{Name: "slow", Arity: -1, Handler: func(c *Ctx) { ran++; time.Sleep(2 * time.Millisecond); c.Out.OK() }},
	}
	for _, slowerThan := range []int64{10_000, 1000, 0, -1} {
		for _, s := range specs {
			s.ID, s.Parent = 0, nil // a table of its own for each round
		}
		env, c, _ := newTestEnv(t, specs...)
		env.Config.SlowlogLogSlowerThan = slowerThan
		env.Stats.Configure(env.Config)
		table := env.Table
		ran = 0
		names := strings.Fields("quick quick quick other quick quick quick quick quick quick quick quick quick quick slow quick other other")
		for i, name := range names {
			c.execute([][]byte{[]byte(name)}, i+1 < len(names))
		}
		if c.run.n != 0 {
			t.Errorf("%d requests are not counted", c.run.n)
		}
		calls, nanos := int64(0), int64(0)
		for name, want := range map[string]int64{"quick": 14, "other": 3, "slow": 1} {
			st := env.Stats.Of(table.Find([]byte(name)))
			if st.Calls != want || st.Latency.count != want {
				t.Errorf("%s: %d calls and %d in the histogram, want %d", name, st.Calls, st.Latency.count, want)
			}
			calls += st.Calls
			nanos += st.Nanos
		}
		if calls != int64(ran) || env.Stats.Commands != int64(ran) {
			t.Errorf("%d calls, %d commands, want %d", calls, env.Stats.Commands, ran)
		}
		if nanos < int64(2*time.Millisecond) || env.Stats.Of(table.Find([]byte("slow"))).Nanos < int64(2*time.Millisecond) {
			t.Errorf("%d ns in all", nanos)
		}
		if n := env.Stats.Of(table.Find([]byte("other"))).Failed; n != 3 {
			t.Errorf("%d failed, want 3", n)
		}
		want := map[int64]int{10_000: 0, 1000: 1, 0: len(names), -1: 0}[slowerThan]
		if n := env.Slowlog.Len(); n != want && slowerThan <= 0 || n < want {
			t.Errorf("slower than %d us: %d in the slow log, want %d", slowerThan, n, want)
		}
	}
}
