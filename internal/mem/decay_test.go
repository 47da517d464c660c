package mem

import (
	"testing"
	"time"
)

// pagesOf fills n regions of 64 KiB and frees every other one.
func halfFreed(a *Arena, n int) (live []Ref) {
	all := make([]Ref, n)
	for i := range all {
		all[i] = a.Alloc(64<<10, PurposeString)
		fillBytes(Bytes(all[i], 64<<10), 1)
	}
	for i, r := range all {
		if i%2 == 0 {
			a.Free(r, 64<<10, PurposeString)
		} else {
			live = append(live, r)
		}
	}
	return live
}

func TestPurge(t *testing.T) {
	reopen(t, Config{})
	a := testArena(t)
	live := halfFreed(a, 200)
	st := ReadStats()
	if st.Dirty != 100*64<<10 {
		t.Errorf("dirty: %d", st.Dirty)
	}
	checkResident(t, st)
	if n := Purge(); n != 100*64<<10 {
		t.Errorf("purged %d bytes", n)
	}
	st = ReadStats()
	if st.Dirty != 0 || st.Retained != 100*64<<10 {
		t.Errorf("after purge: dirty %d, retained %d", st.Dirty, st.Retained)
	}
	checkResident(t, st)
	Check()
	r := a.AllocZero(64<<10, PurposeString) // clean pages are zero, AllocZero relies on it
	if i := firstNot(Bytes(r, 64<<10), 0); i >= 0 {
		t.Errorf("byte %d of a clean extent is not zero", i)
	}
	a.Free(r, 64<<10, PurposeString)
	for _, r := range live {
		if i := firstNot(Bytes(r, 64<<10), 1); i >= 0 {
			t.Fatalf("purge took byte %d of a live region", i)
		}
		a.Free(r, 64<<10, PurposeString)
	}
	Purge()
	st = ReadStats()
	if st.Mapped != 0 || st.Resident != 0 {
		t.Errorf("everything purged, and %d mapped, %d resident", st.Mapped, st.Resident)
	}
	checkResident(t, st)
}

func TestDecay(t *testing.T) {
	reopen(t, Config{DecayMillis: 800})
	a := testArena(t)
	now := int64(1_000_000)
	Decay(now)
	live := halfFreed(a, 200)
	dirty := func() int64 { return ReadStats().Dirty }
	start := dirty()
	for ; now < 1_000_700; now += 50 {
		Decay(now)
	}
	if got := dirty(); got != start {
		t.Errorf("dirty %d, then %d before the decay time was over", start, got)
	}
	// Two megabytes are needed again and again; they stay.
	for ; now < 1_005_000; now += 50 {
		var r [32]Ref
		for i := range r {
			r[i] = a.Alloc(64<<10, PurposeString)
		}
		for i := range r {
			a.Free(r[i], 64<<10, PurposeString)
		}
		Decay(now)
	}
	if got := dirty(); got != 2<<20 {
		t.Errorf("2 MiB in use now and then, dirty: %d", got)
	}
	for ; now < 1_007_000; now += 50 {
		Decay(now)
	}
	st := ReadStats()
	if st.Dirty != 0 {
		t.Errorf("idle for two seconds, dirty: %d", st.Dirty)
	}
	checkResident(t, st)
	Check()
	for _, r := range live {
		a.Free(r, 64<<10, PurposeString)
	}
}

func TestDecayIsBounded(t *testing.T) {
	reopen(t, Config{DecayMillis: 8})
	a := testArena(t)
	for _, r := range halfFreed(a, 400) {
		a.Free(r, 64<<10, PurposeString)
	}
	// One extent of 25 MiB less than the eager limit each: all of it is dirty.
	st := ReadStats()
	if st.Dirty != 400*64<<10 {
		t.Fatalf("dirty: %d", st.Dirty)
	}
	Decay(100)
	calls, longest := 0, time.Duration(0)
	for now := int64(200); ; now += 100 {
		before := ReadStats().Dirty
		from := time.Now()
		more := Decay(now)
		longest = max(longest, time.Since(from))
		if n := before - ReadStats().Dirty; n > decaySlice*pageSize {
			t.Fatalf("one call purged %d bytes", n)
		}
		if calls++; calls > 100 {
			t.Fatal("decay does not end")
		}
		if !more && ReadStats().Dirty == 0 {
			break
		}
	}
	t.Logf("25 MiB in %d calls, the longest took %v", calls, longest)
}

// TestDecayOfSmallExtents: what a call may do is bounded in extents as well.
func TestDecayOfSmallExtents(t *testing.T) {
	reopen(t, Config{DecayMillis: 8})
	a := testArena(t)
	live := halfFreed(a, 800)
	Decay(100)
	calls := 0
	for now := int64(200); ReadStats().Dirty != 0; now += 100 {
		before := ReadStats().Dirty
		Decay(now)
		if n := before - ReadStats().Dirty; n > decayExtents*64<<10 {
			t.Fatalf("one call purged %d bytes in extents of 64 KiB", n)
		}
		if calls++; calls > 100 {
			t.Fatal("decay does not end")
		}
	}
	Check()
	for _, r := range live {
		a.Free(r, 64<<10, PurposeString)
	}
}

func TestDecayNever(t *testing.T) {
	reopen(t, Config{DecayMillis: -1})
	a := testArena(t)
	a.Free(a.Alloc(1<<20, PurposeString), 1<<20, PurposeString)
	for now := int64(0); now < 1e6; now += 1000 {
		Decay(now)
	}
	if st := ReadStats(); st.Dirty != 1<<20 {
		t.Errorf("dirty: %d", st.Dirty)
	}
}

// TestLargeIsReturnedAtOnce: nobody waits for 4 MiB.
func TestLargeIsReturnedAtOnce(t *testing.T) {
	reopen(t, Config{})
	a := testArena(t)
	keep := a.Alloc(64<<10, PurposeString)
	r := a.Alloc(16<<20, PurposeString)
	fillBytes(Bytes(r, 16<<20), 1)
	fillBytes(Bytes(keep, 64<<10), 1)
	if !a.ResizeInPlace(r, 16<<20, 10<<20, PurposeString) {
		t.Fatal("did not shrink in place")
	}
	st := ReadStats()
	if st.Resident != 10<<20+64<<10 || st.Dirty != 0 {
		t.Errorf("after shrinking: %d resident, %d dirty", st.Resident, st.Dirty)
	}
	checkResident(t, st)
	a.Free(r, 10<<20, PurposeString)
	st = ReadStats()
	if st.Resident != 64<<10 {
		t.Errorf("after free: %d resident", st.Resident)
	}
	checkResident(t, st)
	a.Free(keep, 64<<10, PurposeString)
}

// TestSlabsGoBack: when everything is freed, nothing but the current slabs stays active, and Trim frees those.
func TestSlabsGoBack(t *testing.T) {
	reopen(t, Config{})
	a := testArena(t)
	var live []Ref
	for i := range 20000 {
		live = append(live, a.Alloc(1+i%3000, PurposeEntry))
	}
	for i, r := range live {
		a.Free(r, 1+i%3000, PurposeEntry)
	}
	Check()
	if st := ReadStats(); st.Active > 39*28<<10 {
		t.Errorf("active: %d", st.Active)
	}
	a.Trim()
	Check()
	if st := ReadStats(); st.Active != 0 {
		t.Errorf("active after Trim: %d", st.Active)
	}
}
