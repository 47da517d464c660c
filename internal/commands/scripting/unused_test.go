package scripting

import (
	"testing"

	"granary/internal/command/commandtest"
	"granary/internal/mem"
)

// TestUnused forgets scripts that came with EVAL and were not used since a time; those of SCRIPT LOAD stay.
func TestUnused(t *testing.T) {
	s := commandtest.New(t, Register)
	now := s.Env.Keys.Now
	s.Do("EVAL", "return 1", "0")
	s.Do("EVAL", "return 2", "0")
	s.Do("SCRIPT", "LOAD", "return 3")
	e := engineOf(s.Env)
	if n, bytes := e.Unused(now-1, false); n != 0 || bytes != 0 {
		t.Errorf("%d scripts of %d bytes are unused", n, bytes)
	}
	for _, c := range e.scripts.by { // all are old, but one was used since
		c.used = now - 1000
	}
	s.Is(":2", "EVAL", "return 2", "0")
	booked := func() int64 { return mem.Totals().Purposes[mem.PurposeScript].Usable }
	before := booked()
	n, bytes := e.Unused(now-1, false)
	if n != 1 || bytes == 0 || booked() != before {
		t.Errorf("%d scripts of %d bytes are unused", n, bytes)
	}
	if m, b := e.Unused(now-1, true); m != n || b != bytes || len(e.scripts.by) != 2 || before-booked() < bytes {
		t.Errorf("forgot %d of %d bytes (found %d of %d), %d are left; the books have %d less", m, b, n, bytes, len(e.scripts.by), before-booked())
	}
}
