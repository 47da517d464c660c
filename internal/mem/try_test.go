package mem

import "testing"

// TestTry sees which panics Try takes.
func TestTry(t *testing.T) {
	if !Try(func() {}) {
		t.Error("nothing happened, and there was no memory")
	}
	if Try(func() { panic(ErrOutOfMemory) }) {
		t.Error("there was memory")
	}
	defer func() {
		if e := recover(); e != "other" {
			t.Errorf("panic with %v", e)
		}
	}()
	Try(func() { panic("other") })
}
