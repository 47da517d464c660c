//go:build linux && !race && !invariants

package mem

import "testing"

// TestSurvey compares what a survey finds with what was written.
func TestSurvey(t *testing.T) {
	if err := Open(Config{}); err != nil { // other tests bound the range
		t.Fatal(err)
	}
	v := NewSurvey()
	if !v.present.open() {
		t.Fatal("/proc/self/pagemap cannot be read")
	}
	round := func() Untouched {
		v.Restart()
		for !v.Step() {
		}
		return *v.Last()
	}
	a := NewArena("survey")
	defer a.Close()
	Purge()
	before := round()
	const n = 40 << 20 // more than one window
	r := a.Alloc(n, PurposeReplyBuffer)
	got := round()
	if missing := got.Large[PurposeReplyBuffer] - before.Large[PurposeReplyBuffer]; missing != n {
		t.Errorf("nothing was written, and %d of %d bytes are missing", missing, n)
	}
	b := Bytes(r, n)
	for i := 0; i < n/4; i += pageSize {
		b[i] = 1
	}
	x := byte(0)
	for i := n / 2; i < n; i += pageSize {
		x |= b[i] // reading makes no page
	}
	if got = round(); got.Large[PurposeReplyBuffer]-before.Large[PurposeReplyBuffer] != n*3/4 || x != 0 {
		t.Errorf("a quarter was written, and %d of %d bytes are missing", got.Large[PurposeReplyBuffer], n)
	}
	a.Free(r, n, PurposeReplyBuffer)
	if got = round(); got.Large[PurposeReplyBuffer] != before.Large[PurposeReplyBuffer] {
		t.Errorf("%d bytes are missing of what was freed", got.Large[PurposeReplyBuffer])
	}
	CheckLeaks(t)
}
