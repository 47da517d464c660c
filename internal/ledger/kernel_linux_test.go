//go:build linux && !race

package ledger

import "testing"

// TestKernel sees that the mappings of this very process are told apart, and that they add up to what the kernel says.
func TestKernel(t *testing.T) {
	r := NewReader()
	r.Update()
	k := r.kernel.last
	if !k.ok {
		t.Fatal("/proc/self/maps or pagemap cannot be read")
	}
	if k.program == 0 || k.heap == 0 || k.runtime == 0 {
		t.Errorf("%+v", k)
	}
	var l Ledger
	r.Read(&l)
	if off := max(l.Unexplained, -l.Unexplained); off > l.RSS/20 {
		t.Errorf("%d of %d are unexplained", l.Unexplained, l.RSS)
	}
}

// BenchmarkLook is what asking about all mappings but the range takes.
func BenchmarkLook(b *testing.B) {
	r := NewReader()
	for b.Loop() {
		r.kernel.look(r.survey)
	}
}
