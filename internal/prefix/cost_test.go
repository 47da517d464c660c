package prefix

import (
	"flag"
	"fmt"
	"math"
	"testing"
	"time"
)

var cost = flag.Bool("cost", false, "print what Add costs")

// TestCost prints what Add costs, the least of many short runs: the machine may be busy otherwise.
func TestCost(t *testing.T) {
	if !*cost {
		t.Skip("prints measurements; asked for with -cost")
	}
	run := func(name string, key func(i int) string) {
		tree := NewTree(Split{":", 3}, 4096)
		defer tree.Close()
		keys := [1 << 15][]byte{}
		for i := range keys {
			keys[i] = []byte(key(i))
			tree.Add(keys[i], Counts{64, 1, 0}, Shown)
		}
		least := time.Duration(math.MaxInt64)
		const n = 1000
		at := 0
		for range 500 {
			begin := time.Now()
			for range n {
				tree.Add(keys[at&(len(keys)-1)], Counts{64, 1, 0}, Shown)
				at++
			}
			least = min(least, time.Since(begin))
		}
		t.Logf("%-50s %5.1f ns", name, float64(least)/n)
	}
	run("one prefix", func(i int) string { return fmt.Sprintf("key:%012d", i) })
	run("a hundred prefixes of two parts", func(i int) string { return fmt.Sprintf("user:%d:name", i%97) })
	run("more prefixes than rows, of two parts", func(i int) string { return fmt.Sprintf("user:%012d:name", i) })
	run("no prefix", func(i int) string { return fmt.Sprintf("%d", i) })
}
