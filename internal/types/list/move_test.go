package list

import (
	"fmt"
	"testing"
)

// TestMoveToNewKeys moves elements one by one from a small list to keys that come into being: the table splits between the
// plan for the smaller list and its execution.
func TestMoveToNewKeys(t *testing.T) {
	w := newWorld(t, Limits{Fill: -2})
	const n = 600
	for i := range n {
		w.want = append(w.want, fmt.Sprint("element number ", i))
	}
	it := w.item()
	Push(&it, w.lim, texts(w.want...), false)
	for i := range n - 1 {
		src, dst := w.item(), w.ks.DBs[0].Write(fmt.Append(nil, "to ", i))
		if got := string(Move(&src, &dst, w.lim, true, false)); got != w.want[0] {
			t.Fatalf("moved %q, want %q", got, w.want[0])
		}
		w.want = w.want[1:]
		w.verify()
	}
	if got := w.ks.DBs[0].Len(); got != n {
		t.Errorf("%d keys, want %d", got, n)
	}
}
