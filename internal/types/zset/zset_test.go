package zset

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"granary/internal/keyspace"
	"granary/internal/mem"
)

type pair struct {
	member string
	score  float64
}

// contents reads a key, through the cursor in both directions.
func contents(t *testing.T, it *keyspace.Item) (all []pair) {
	t.Helper()
	if !it.Exists() {
		return nil
	}
	v := Of(it)
	var s Scratch
	for c := v.At(0); c.Valid(); c.Next() {
		all = append(all, pair{string(c.Member(&s)), c.Score()})
	}
	back := v.At(v.Len() - 1)
	for i := len(all) - 1; i >= 0; i-- {
		if p := (pair{string(back.Member(&s)), back.Score()}); p != all[i] {
			t.Fatalf("rank %d is %v forwards and %v backwards", i, all[i], p)
		}
		back.Prev()
	}
	return all
}

func sorted(want map[string]float64) (all []pair) {
	for m, s := range want {
		all = append(all, pair{m, s})
	}
	slices.SortFunc(all, func(a, b pair) int { return cmp.Or(cmp.Compare(a.score, b.score), strings.Compare(a.member, b.member)) })
	return all
}

// TestHistoriesWithLittleMemory changes a key at random while memory is scarce: what there is no memory for has not
// happened, and everything else as in a map.
func TestHistoriesWithLittleMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 1 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	refused := 0
	for round := range 40 {
		a := mem.NewArena("test")
		ks := keyspace.New(a, 1)
		r := rand.New(rand.NewPCG(1, uint64(round)))
		lim := Limits{Entries: []int{128, 20, 5, 0}[round%4], Value: 64}
		want := map[string]float64{}
		it := ks.DBs[0].Write([]byte("key"))
		Put(&it, lim, []byte("first"), 1, 0)
		want["first"] = 1
		var ballast []mem.Ref
		for mem.Try(func() { ballast = append(ballast, a.Alloc(4096, mem.PurposeOther)) }) {
		}
		for range round / 4 {
			a.Free(ballast[len(ballast)-1], 4096, mem.PurposeOther)
			ballast = ballast[:len(ballast)-1]
		}
		for range 1500 {
			it = ks.DBs[0].Write([]byte("key"))
			m := fmt.Sprint("m", r.IntN(150))
			if r.IntN(20) == 0 {
				m = strings.Repeat("x", 70) + m
			}
			score := float64(r.IntN(100)) / 4
			ok := mem.Try(func() { change(&it, lim, r.IntN(10), m, score, want) })
			if !ok {
				refused++
			}
			it = ks.DBs[0].Write([]byte("key"))
			if got, want := contents(t, &it), sorted(want); !slices.Equal(got, want) {
				t.Fatalf("round %d: the key holds %v, want %v", round, got, want)
			}
		}
		if err := ks.Check(); err != nil {
			t.Fatal(err)
		}
		for _, b := range ballast {
			a.Free(b, 4096, mem.PurposeOther)
		}
		ks.FlushAll(false)
		for !ks.Reclaim(time.Now().Add(time.Second)) {
		}
		if n := a.Books().Total.Count; n != 0 {
			t.Fatalf("round %d: %d regions left behind", round, n)
		}
		a.Close()
	}
	if refused < 100 {
		t.Errorf("memory ran out %d times only", refused)
	}
}

// change does one step to a key, and then to its model.
func change(it *keyspace.Item, lim Limits, what int, m string, score float64, want map[string]float64) {
	_, there := want[m]
	switch {
	case what == 0 && it.Exists():
		all := sorted(want)
		from := len(all) / 3
		n := min(3, len(all)-from)
		RemoveRange(it, from, n)
		for _, p := range all[from : from+n] {
			delete(want, p.member)
		}
	case what == 1 && it.Exists():
		d := NewDraft(it.DB().Keyspace().Arena)
		defer d.Free()
		for member, score := range want {
			d.Add(d.Find([]byte(member)), []byte(member), score+1)
		}
		d.Store(it, lim)
		for member := range want {
			want[member]++
		}
	case what < 4 && it.Exists():
		if Remove(it, []byte(m)) != there {
			panic("Remove says otherwise")
		}
		delete(want, m)
	default:
		Put(it, lim, bytes.Clone([]byte(m)), score, 0)
		want[m] = score
	}
}
