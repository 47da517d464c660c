package stream

import (
	"slices"
	"strconv"
	"testing"
)

// TestGone compares groups that lose consumers with many pending entries with Go maps, while slices free those entries, the
// entries are assigned to others, and groups are destroyed, copied and moved.
func TestGone(t *testing.T) {
	m := newGroupModel(t, 31, 1500, 4)
	var gone []Gone
	free := func(i, n int) {
		if gone[i].FreeSlice(n) {
			gone = slices.Delete(gone, i, i+1)
		}
	}
	// Those whose group is gone are in no stream's bytes.
	freeOrphans := func() {
		for i := len(gone) - 1; i >= 0; i-- {
			if c := (Consumer{gone[i].ref}); c.goneFrom() == 0 {
				for left := gone[i].Len(); !gone[i].FreeSlice(100); left = gone[i].Len() {
					if gone[i].Len() < left-100 {
						t.Fatal("a slice of 100 freed more")
					}
				}
				gone = slices.Delete(gone, i, i+1)
			}
		}
	}
	many := 0
	for range 60000 {
		m.step()
		switch x := m.rng.IntN(2000); {
		case x < 3:
			name, consumer := "group"+strconv.Itoa(m.rng.IntN(5)), "consumer"+strconv.Itoa(m.rng.IntN(m.names))
			has := m.groups[name]
			if has == nil {
				break
			}
			// Many entries first.
			g := m.s.Group([]byte(name))
			c, _ := g.CreateConsumer([]byte(consumer), 5)
			has.consumers[consumer] = true
			for i := range uint64(m.rng.IntN(900)) {
				id := ID{i + 300, 0}
				g.Assign(id, c, 1, 1)
				has.pending[id] = modelPending{consumer, 1, 1}
			}
			want := c.Pending()
			n, x, ok := g.DetachConsumer([]byte(consumer))
			if !ok || n != want || x.Empty() != (n <= goneAtOnce) {
				t.Fatalf("%d entries pended with %s, %d waiting, want %d", n, consumer, x.Len(), want)
			}
			if !x.Empty() {
				gone = append(gone, x)
				many++
			}
			delete(has.consumers, consumer)
			for id, p := range has.pending {
				if p.consumer == consumer {
					delete(has.pending, id)
				}
			}
			freeOrphans()
			m.check()
		case x < 100 && len(gone) > 0:
			free(m.rng.IntN(len(gone)), 1+m.rng.IntN(30))
		case x == 100:
			freeOrphans()
			m.check()
		case x == 101:
			d := m.s.Copy()
			m.s.Free()
			m.s = d
		case x == 102 && many > 0 && len(gone) > 0:
			freeOrphans()
			m.relocate()
		}
	}
	if many < 30 {
		t.Errorf("%d consumers with many entries were deleted only", many)
	}
	m.s.Free()
	freeOrphans()
	if len(gone) > 0 {
		t.Errorf("%d consumers are left", len(gone))
	}
}
