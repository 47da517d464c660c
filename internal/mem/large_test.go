package mem

import "testing"

// TestLargeGoesAtOnce frees large regions and the ends that are cut off them: from 4 MiB on nothing of them stays resident,
// and what is smaller waits for its decay.
func TestLargeGoesAtOnce(t *testing.T) {
	reopen(t, Config{})
	a := testArena(t)
	low := a.Alloc(1<<20, PurposeString) // keeps the frontier from falling
	check := func(name string, dirty int64, free func()) {
		t.Helper()
		before := ReadStats()
		free()
		after := ReadStats()
		if after.Dirty-before.Dirty != dirty || after.Resident >= before.Resident && dirty == 0 {
			t.Errorf("%s: %d dirty bytes more, want %d; resident %d, then %d", name, after.Dirty-before.Dirty, dirty, before.Resident, after.Resident)
		}
	}
	get := func(n int) Ref {
		r := a.Alloc(n, PurposeString)
		fillBytes(Bytes(r, n), 1)
		return r
	}
	r, high := get(64<<20), get(1<<20)
	check("64 MiB", 0, func() { a.Free(r, 64<<20, PurposeString) })
	r = get(40 << 20)
	check("the end of 40 MiB", 0, func() {
		if !a.ResizeInPlace(r, 40<<20, 8<<20, PurposeString) {
			t.Error("a large region does not become smaller where it is")
		}
	})
	check("8 MiB", 0, func() { a.Free(r, 8<<20, PurposeString) })
	r = get(2 << 20)
	check("2 MiB", 2<<20, func() { a.Free(r, 2<<20, PurposeString) })
	a.Free(high, 1<<20, PurposeString)
	a.Free(low, 1<<20, PurposeString)
	Check()
}
