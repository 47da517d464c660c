package server

import (
	"flag"
	"fmt"
	"math"
	"testing"
	"time"

	"granary/internal/command/commandtest"
	"granary/internal/prefix"
)

var cost = flag.Bool("cost", false, "print what commands cost")

// TestPrefixCost prints what a command costs with prefixes kept and without, from its arguments to its reply: the least of
// many short runs in turn, because the machine may be busy otherwise.
func TestPrefixCost(t *testing.T) {
	if !*cost {
		t.Skip("prints measurements; asked for with -cost")
	}
	const n = 1 << 12
	run := func(name string, flush bool, args func(i, round int) []string) {
		s := commandtest.New(t, families...)
		ks := s.Env.Keys
		least := [2]time.Duration{math.MaxInt64, math.MaxInt64}
		all := [n][][]byte{}
		flushed := func() {
			for ks.FlushAll(false); !ks.Reclaim(time.Now().Add(time.Second)); {
			}
		}
		once := func(round int) time.Duration {
			for i := range all {
				all[i] = all[i][:0]
				for _, a := range args(i, round) {
					all[i] = append(all[i], []byte(a))
				}
			}
			if flush {
				flushed()
			}
			s.Out.Reset()
			begin := time.Now()
			for i := range all {
				s.Client.Do(all[i]...)
			}
			return time.Since(begin)
		}
		for round := range 300 {
			if round%2 == 0 {
				ks.NoPrefixes()
			} else {
				ks.SetPrefixes(prefix.Split{Delim: ":", Depth: 3}, 4096)
				for !ks.CountPrefixes(time.Now().Add(time.Second)) {
				}
			}
			once(3 * round)
			once(3*round + 1)
			least[round%2] = min(least[round%2], once(3*round+2))
		}
		off, on := float64(least[0])/n, float64(least[1])/n
		t.Logf("%-40s off %6.1f ns, on %6.1f ns, %+5.1f ns", name, off, on, on-off)
	}
	run("GET", false, func(i, _ int) []string { return []string{"GET", fmt.Sprintf("key:%012d", i)} })
	run("SET, same length", false, func(i, _ int) []string { return []string{"SET", fmt.Sprintf("key:%012d", i), "xxx"} })
	run("SET, another length", false, func(i, round int) []string {
		return []string{"SET", fmt.Sprintf("key:%012d", i), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"[:16+(round&1)*16]}
	})
	run("SET, new key", true, func(i, _ int) []string { return []string{"SET", fmt.Sprintf("key:%012d", i), "xxx"} })
	run("SET, new key of a new prefix", true, func(i, round int) []string {
		return []string{"SET", fmt.Sprintf("user:%06d:name", i+n*(round&7)), "xxx"}
	})
}
