package lists

import (
	"testing"

	"granary/internal/command/commandtest"
)

// TestNeverBlocks: where nothing may wait the answer comes at once, as if the time were over.
func TestNeverBlocks(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Is("*-1", "BLPOP", "k", "0")
	s.Is("*-1", "BRPOP", "k", "l", "0")
	s.Is("*-1", "BLMPOP", "0", "1", "k", "LEFT")
	s.Is("$-1", "BLMOVE", "k", "l", "LEFT", "LEFT", "0")
	s.Is("$-1", "BRPOPLPUSH", "k", "l", "0")
	if n := s.Env.Blocked.Len(); n != 0 {
		t.Errorf("%d clients wait", n)
	}
}
