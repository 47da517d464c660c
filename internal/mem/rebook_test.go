package mem

import "testing"

// TestRebook moves small and large regions between purposes and looks at the books of both.
func TestRebook(t *testing.T) {
	for _, shared := range []bool{false, true} {
		a := NewArena("rebook")
		if shared {
			a.Close()
			a = NewSharedArena("rebook")
		}
		for _, n := range []int{1, 100, 5000, 1 << 20, 5 << 20} {
			r := a.Alloc(n, PurposeString)
			Bytes(r, n)[n-1] = 7
			a.Rebook(r, n, PurposeString, PurposeReplyBuffer)
			want := Tally{int64(n), int64(Usable(n)), 1}
			b := a.Books()
			if got := b.Purposes[PurposeReplyBuffer]; got != want {
				t.Errorf("%d bytes: booked %+v, want %+v", n, got, want)
			}
			if got := b.Purposes[PurposeString]; got != (Tally{}) {
				t.Errorf("%d bytes: still booked %+v", n, got)
			}
			if a.Used() != want.Usable || b.Total != want {
				t.Errorf("%d bytes: %d used, total %+v", n, a.Used(), b.Total)
			}
			if Bytes(r, n)[n-1] != 7 {
				t.Errorf("%d bytes: contents changed", n)
			}
			a.Free(r, n, PurposeReplyBuffer)
		}
		if a.Used() != 0 {
			t.Errorf("%d bytes left", a.Used())
		}
		a.Close()
	}
}
