package list

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"granary/internal/keyspace"
	"granary/internal/mem"
)

// TestLittleMemory moves elements between lists, rotates and trims them while there is little memory or none: either
// everything happens or nothing. The lists are compressed, so that even removing needs memory.
func TestLittleMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 2 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	refused := map[string]int{}
	for round := range 120 {
		littleMemory(t, round, refused)
	}
	for _, op := range []string{"move", "trim", "rotate"} {
		if refused[op] < 5 {
			t.Errorf("%s was refused %d times only", op, refused[op])
		}
	}
}

func littleMemory(t *testing.T, round int, refused map[string]int) {
	a := mem.NewArena("test")
	defer a.Close()
	r := rand.New(rand.NewPCG(3, uint64(round)))
	lim := Limits{Fill: []int{-2, 4, 16}[round%3], Depth: 1 + round%2}
	ks := keyspace.New(a, 1)
	worlds := [2]*world{}
	for i := range worlds {
		w := &world{tb: t, ks: ks, a: a, key: fmt.Append(nil, "list", i), lim: lim}
		worlds[i] = w
		it := w.item()
		for j := range r.IntN(300) {
			s := fmt.Sprint(strings.Repeat("element", r.IntN(20)), j)
			Push(&it, lim, texts(s), false)
			w.want = append(w.want, s)
		}
	}
	var ballast [2][]mem.Ref // blocks of two sizes
	sizes := [2]int{4096, []int{8, 16, 48, 256}[round%4]}
	for i, size := range sizes {
		for mem.Try(func() { ballast[i] = append(ballast[i], a.Alloc(size, mem.PurposeOther)) }) {
		}
	}
	drop := func(i, n int) {
		for ; n > 0 && len(ballast[i]) > 0; n-- {
			last := len(ballast[i]) - 1
			a.Free(ballast[i][last], sizes[i], mem.PurposeOther)
			ballast[i] = ballast[i][:last]
		}
	}
	drop(0, round%5)
	for range 60 {
		op := littleStep(worlds[r.IntN(2)], worlds, r, refused)
		for _, w := range worlds {
			w.verify()
			if t.Failed() {
				t.Fatalf("round %d: after %s", round, op)
			}
		}
	}
	drop(0, 1<<30)
	drop(1, 1<<30)
	ks.FlushAll(false)
	for !ks.Reclaim(time.Now().Add(time.Second)) {
	}
	if n := a.Books().Total.Count; n != 0 {
		t.Fatalf("round %d: %d regions left behind", round, n)
	}
}

// littleStep does one thing to a list, and to its slice if there was memory.
func littleStep(w *world, worlds [2]*world, r *rand.Rand, refused map[string]int) (op string) {
	n := len(w.want)
	if n == 0 {
		return "nothing"
	}
	src, lim, ok := w.item(), w.lim, true
	fromHead, toHead := r.IntN(2) == 0, r.IntN(2) == 0
	switch op = []string{"move", "move", "trim", "rotate"}[r.IntN(4)]; op {
	case "move":
		to := worlds[0]
		if to == w {
			to = worlds[1]
		}
		dst := to.item()
		var text string
		if ok = mem.Try(func() { text = string(Move(&src, &dst, lim, fromHead, toHead)) }); !ok {
			break
		}
		if n == 1 {
			src.Delete()
		}
		i, j := n-1, len(to.want)
		if fromHead {
			i = 0
		}
		if toHead {
			j = 0
		}
		if text != w.want[i] {
			w.tb.Fatalf("%.20q was moved, want %.20q", text, w.want[i])
		}
		to.want = slices.Insert(slices.Clone(to.want), j, text)
		w.want = slices.Delete(slices.Clone(w.want), i, i+1)
	case "trim":
		start := r.IntN(min(n, 4))
		count := n - start - r.IntN(min(n-start, 4))
		if ok = mem.Try(func() { Trim(&src, lim, start, count) }); ok {
			w.want = w.want[start:][:count]
		}
	case "rotate":
		if ok = mem.Try(func() { Rotate(&src, lim, toHead) }); ok && toHead {
			w.want = append(slices.Clone(w.want[1:]), w.want[0])
		} else if ok {
			w.want = append([]string{w.want[n-1]}, w.want[:n-1]...)
		}
	}
	if !ok {
		refused[op]++
	}
	return op
}
