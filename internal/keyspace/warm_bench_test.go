package keyspace

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"granary/internal/mem"
	"granary/internal/object"
)

// BenchmarkWarm looks keys up in rows of as many as Warm takes, in random order, with it and without. One operation is one key.
func BenchmarkWarm(b *testing.B) {
	for _, n := range []int{20_000, 100_000, 4_000_000} {
		ks := New(mem.NewArena("test"), 1)
		db := ks.DBs[0]
		all := make([]byte, 0, 16*n)
		keys := make([][]byte, n)
		for _, i := range rand.Perm(n) {
			all = fmt.Appendf(all, "key:%012d", i)
		}
		for i := range keys {
			keys[i] = all[16*i : 16*i+16]
			it := db.Write(keys[i])
			it.SetString([]byte("xxx"), 0)
		}
		rand.Shuffle(n, func(i, j int) {
			x, y := all[16*i:16*i+16], all[16*j:16*j+16]
			t := string(x)
			copy(x, y)
			copy(y, t)
		})
		for _, warm := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d/%t", n, warm), func(b *testing.B) {
				var buf object.Scratch
				i := 0
				for at := 0; at < b.N; at += WarmMost {
					row := keys[i : i+WarmMost]
					if warm {
						db.Warm(row)
					}
					for _, key := range row {
						it := db.Read(key)
						if len(it.Entry.Text(&buf)) == 0 {
							b.Fatal("lost")
						}
					}
					if i += WarmMost; i+WarmMost > n {
						i = 0
					}
				}
			})
		}
		ks.FlushAll(true)
		ks.Reclaim(far())
	}
}
