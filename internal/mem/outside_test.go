package mem

import "testing"

func TestOutside(t *testing.T) {
	before, stats := Used(), ReadStats()
	BookOutside(PurposeScript, 1000)
	if n := Used() - before; n != 1000 {
		t.Errorf("Used grew by %d", n)
	}
	s := ReadStats()
	if n := s.Books.Purposes[PurposeScript].Usable - stats.Books.Purposes[PurposeScript].Usable; n != 1000 {
		t.Errorf("the purpose grew by %d", n)
	}
	if s.TailWaste != stats.TailWaste || s.Active != s.Books.Total.Usable-s.Books.Outside+s.SlabFree+s.TailWaste {
		t.Errorf("the sums do not hold: %+v", s)
	}
	BookOutside(PurposeScript, -1000)
	if Used() != before || Outside(PurposeScript) != 0 {
		t.Errorf("%d bytes are left", Used()-before)
	}
}
