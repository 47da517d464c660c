package server

import (
	"fmt"
	"math"
	"testing"
	"time"

	"granary/internal/command/commandtest"
	"granary/internal/prefix"
)

// BenchmarkPrefixes measures what a command costs with prefixes kept and without, from its arguments to its reply: the least
// of short runs in turn, because the machine may be busy otherwise. One operation is a run of either kind.
func BenchmarkPrefixes(b *testing.B) {
	const n = 1 << 12
	run := func(name string, rows int, flush bool, args func(i, round int) []string) {
		b.Run(name, func(b *testing.B) {
			s := commandtest.New(b, families...)
			ks := s.Env.Keys
			least := [2]time.Duration{math.MaxInt64, math.MaxInt64}
			all := [n][][]byte{}
			once := func(round int) time.Duration {
				for i := range all {
					all[i] = all[i][:0]
					for _, a := range args(i, round) {
						all[i] = append(all[i], []byte(a))
					}
				}
				if flush {
					for ks.FlushAll(false); !ks.Reclaim(time.Now().Add(time.Second)); {
					}
				}
				s.Out.Reset()
				begin := time.Now()
				for i := range all {
					s.Client.Do(all[i]...)
				}
				return time.Since(begin)
			}
			for round := range 2 * b.N {
				if round%2 == 0 {
					ks.NoPrefixes()
				} else {
					ks.SetPrefixes(prefix.Split{Delim: ":", Depth: 3}, rows)
					for !ks.CountPrefixes(time.Now().Add(time.Second)) {
					}
				}
				for i := range 2 {
					once(3*round + i)
					for ks.Now += 1000; ks.TickPrefixes(); ks.Now += 1000 {
						ks.CountPrefixes(time.Now().Add(time.Second))
					}
				}
				least[round%2] = min(least[round%2], once(3*round+2))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(least[0])/n, "ns-off")
			b.ReportMetric(float64(least[1])/n, "ns-on")
		})
	}
	run("GET", 4096, false, func(i, _ int) []string { return []string{"GET", fmt.Sprintf("key:%012d", i)} })
	run("SET, same length", 4096, false, func(i, _ int) []string { return []string{"SET", fmt.Sprintf("key:%012d", i), "xxx"} })
	run("SET, another length", 4096, false, func(i, round int) []string {
		return []string{"SET", fmt.Sprintf("key:%012d", i), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"[:16+(round&1)*16]}
	})
	run("SET, new key", 4096, true, func(i, _ int) []string { return []string{"SET", fmt.Sprintf("key:%012d", i), "xxx"} })
	// Far more prefixes than there can be rows.
	run("SET, new key of a new prefix", 64, true, func(i, round int) []string {
		return []string{"SET", fmt.Sprintf("user:%06d:name", i+n*(round&7)), "xxx"}
	})
}
