package typestest

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"granary/internal/keyspace"
	"granary/internal/types/stream"
)

// Stream gives a key a stream of n random entries of one or two fields, with groups, consumers and what they have not acknowledged.
// word makes values.
func Stream(tb testing.TB, r *rand.Rand, it *keyspace.Item, lim stream.Limits, n int, word func() []byte) {
	tb.Helper()
	s, err := stream.Create(it, nil)
	if err != nil {
		tb.Fatal(err)
	}
	id := stream.ID{Ms: 1}
	for range n {
		id = stream.ID{Ms: id.Ms + r.Uint64N(3), Seq: id.Seq + 1}
		fields := [][]byte{[]byte("f"), word()}
		if r.IntN(3) == 0 {
			fields = append(fields, word(), word())
		}
		if err := s.Append(id, fields, lim); err != nil {
			tb.Fatal(err)
		}
	}
	for g := range r.IntN(3) {
		group, _ := s.CreateGroup([]byte("g"+strconv.Itoa(g)), stream.MinID, 0)
		for c := range r.IntN(4) {
			consumer, _ := group.CreateConsumer([]byte("c"+strconv.Itoa(c)), 500)
			for i := range r.IntN(30) {
				group.Assign(stream.ID{Ms: uint64(i), Seq: uint64(c)}, consumer, 700, uint64(r.IntN(5)))
			}
		}
	}
}
