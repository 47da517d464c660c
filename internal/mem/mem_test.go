package mem

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// reopen opens the range anew for a test and closes the books after it.
func reopen(t testing.TB, c Config) {
	t.Helper()
	if err := Open(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			CheckLeaks(t)
		}
	})
}

// testArena returns an arena that is closed after the test.
func testArena(t testing.TB) *Arena {
	a := NewArena("test")
	t.Cleanup(func() {
		if !t.Failed() {
			a.Close()
		}
	})
	return a
}

// mustPanic calls f and returns the text of its panic.
func mustPanic(t *testing.T, f func()) (text string) {
	t.Helper()
	defer func() {
		r := recover()
		if r == nil {
			t.Fatal("no panic")
		}
		text = fmt.Sprint(r)
	}()
	f()
	return ""
}

func TestRefCodec(t *testing.T) {
	for _, r := range []Ref{0, 1, 0xff, 0x0102030405, 1<<40 - 1} {
		var b [RefSize + 1]byte
		b[RefSize] = 0xee
		PutRef(b[:], r)
		if got := LoadRef(b[:]); got != r || b[RefSize] != 0xee {
			t.Errorf("%#x: got %#x, next byte %#x", r, got, b[RefSize])
		}
	}
	var b [RefSize]byte
	PutRef(b[:], 0x0102030405)
	if b != [5]byte{5, 4, 3, 2, 1} {
		t.Errorf("not little endian: %v", b)
	}
}

// TestHistory runs a random history of every operation against a model that knows each region's bytes.
func TestHistory(t *testing.T) {
	for p := range NumProfiles {
		t.Run(Profile(p).String(), func(t *testing.T) {
			reopen(t, Config{Profile: Profile(p)})
			steps := 30000
			if raceBuild {
				steps = 3000
			}
			history(t, rand.New(rand.NewPCG(uint64(p), 7)), steps)
		})
	}
}

type modelRegion struct {
	r    Ref
	n    int
	p    Purpose
	seed byte
}

func (m *modelRegion) fill() {
	for i, b := 0, Bytes(m.r, m.n); i < len(b); i++ {
		b[i] = m.seed + byte(i)
	}
}

func (m *modelRegion) verify(t *testing.T, n int) {
	t.Helper()
	for i, x := range Bytes(m.r, n) {
		if x != m.seed+byte(i) {
			t.Fatalf("byte %d of %#x (%d bytes, %s) is %#x, want %#x", i, m.r, m.n, m.p, x, m.seed+byte(i))
		}
	}
}

func randomSize(rnd *rand.Rand) int {
	switch rnd.IntN(20) {
	case 0:
		return rnd.IntN(300 << 10)
	case 1, 2:
		return rnd.IntN(40 << 10)
	case 3, 4, 5:
		return rnd.IntN(4 << 10)
	}
	return rnd.IntN(200)
}

func history(t *testing.T, rnd *rand.Rand, steps int) {
	a := testArena(t)
	var live []*modelRegion
	var want [NumPurposes]Tally
	book := func(n int, p Purpose, sign int64) {
		want[p].add(Tally{sign * int64(n), sign * int64(Usable(n)), sign})
	}
	drop := func(i int) {
		m := live[i]
		m.verify(t, m.n)
		a.Free(m.r, m.n, m.p)
		book(m.n, m.p, -1)
		live[i] = live[len(live)-1]
		live = live[:len(live)-1]
	}
	target := 500
	now := int64(1000)
	for step := range steps {
		if step%2000 == 0 {
			target = rnd.IntN(3000)
		}
		switch k := rnd.IntN(10); {
		case k < 6 && (len(live) < target || rnd.IntN(4) == 0):
			m := &modelRegion{n: randomSize(rnd), p: Purpose(rnd.IntN(NumPurposes)), seed: byte(rnd.Uint32())}
			if rnd.IntN(3) == 0 {
				m.r = a.AllocZero(m.n, m.p)
				if i := firstNot(Bytes(m.r, m.n), 0); i >= 0 {
					t.Fatalf("byte %d of AllocZero(%d) is not zero", i, m.n)
				}
			} else {
				m.r = a.Alloc(m.n, m.p)
			}
			book(m.n, m.p, 1)
			m.fill()
			live = append(live, m)
		case k < 8 && len(live) > 0:
			drop(rnd.IntN(len(live)))
		case len(live) > 0:
			m := live[rnd.IntN(len(live))]
			n := randomSize(rnd)
			if rnd.IntN(2) == 0 {
				n = max(0, m.n+rnd.IntN(64)-32)
			}
			book(m.n, m.p, -1)
			if rnd.IntN(2) == 0 {
				if !a.ResizeInPlace(m.r, m.n, n, m.p) {
					n = m.n
				}
			} else {
				m.r = a.Resize(m.r, m.n, n, m.p)
			}
			book(n, m.p, 1)
			m.verify(t, min(m.n, n))
			m.n = n
			m.fill()
		}
		if step%97 == 0 {
			now += 20
			Decay(now)
		}
		if step%5000 == 0 {
			Check()
		}
		if step%7000 == 0 {
			Purge()
		}
		if len(live) > target+1000 {
			for len(live) > target {
				drop(rnd.IntN(len(live)))
			}
		}
	}
	Check()
	b := a.Books()
	if b.Purposes != want {
		t.Errorf("books differ from the model:\n got %v\nwant %v", b.Purposes, want)
	}
	if b.Total.Usable != Used() || b.Total.Usable != a.Used() {
		t.Errorf("used: books %d, Used %d, arena %d", b.Total.Usable, Used(), a.Used())
	}
	st := ReadStats()
	if st.Active != b.Total.Usable+st.SlabFree+st.TailWaste || st.Mapped != st.Resident+st.Retained {
		t.Errorf("stats do not add up: %+v", st)
	}
	var free int64
	for i := range b.Classes {
		free += b.Classes[i].FreeBytes()
	}
	if free != st.SlabFree {
		t.Errorf("free bytes in slabs: by class %d, in all %d", free, st.SlabFree)
	}
	for len(live) > 0 {
		drop(len(live) - 1)
	}
}

func TestResizeKeepsBytes(t *testing.T) {
	reopen(t, Config{})
	a := testArena(t)
	r := a.Alloc(1, PurposeString)
	Bytes(r, 1)[0] = 0
	n := 1
	for _, to := range []int{3, 8, 9, 100, 5000, 14336, 14337, 40000, 1 << 20, 5 << 20, 300000, 20000, 600, 2} {
		r = a.Resize(r, n, to, PurposeString)
		for i, x := range Bytes(r, min(n, to)) {
			if x != byte(i*7) {
				t.Fatalf("%d to %d bytes: byte %d is %d", n, to, i, x)
			}
		}
		for i := range Bytes(r, to) {
			Bytes(r, to)[i] = byte(i * 7)
		}
		n = to
	}
	a.Free(r, n, PurposeString)
}

func TestResizeInPlaceTakesNeighbours(t *testing.T) {
	reopen(t, Config{})
	a := testArena(t)
	r := a.Alloc(64<<10, PurposeString)
	next := a.Alloc(64<<10, PurposeString)
	after := a.Alloc(64<<10, PurposeString)
	if a.ResizeInPlace(r, 64<<10, 80<<10, PurposeString) {
		t.Fatal("grew over a live neighbour")
	}
	a.Free(next, 64<<10, PurposeString)
	if !a.ResizeInPlace(r, 64<<10, 80<<10, PurposeString) {
		t.Fatal("did not grow into the free neighbour")
	}
	if !a.ResizeInPlace(after, 64<<10, 1<<20, PurposeString) {
		t.Fatal("did not grow into the frontier")
	}
	if !a.ResizeInPlace(after, 1<<20, 20<<10, PurposeString) {
		t.Fatal("did not shrink in place")
	}
	Check()
	a.Free(r, 80<<10, PurposeString)
	a.Free(after, 20<<10, PurposeString)
	Check()
}

func TestSharedArena(t *testing.T) {
	reopen(t, Config{})
	a := NewSharedArena("loop")
	defer a.Close()
	stop, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				if n := Used(); n < 0 || n > 1<<20 {
					panic(n)
				}
				ReadStats()
			}
		}
	}()
	for i := range 5000 {
		n := 1 + i*13%30000
		r := a.Alloc(n, PurposeReplyBuffer)
		copy(Bytes(r, n), "x")
		r = a.Resize(r, n, n+100, PurposeReplyBuffer)
		a.Free(r, n+100, PurposeReplyBuffer)
	}
	close(stop)
	<-done
}

// TestArenasInParallel has several owners at work on one page layer.
func TestArenasInParallel(t *testing.T) {
	reopen(t, Config{DecayMillis: 8})
	done := make(chan bool)
	const owners = 4
	for g := range owners {
		go func() {
			defer func() { done <- true }()
			a := NewSharedArena(fmt.Sprint("loop ", g))
			rnd := rand.New(rand.NewPCG(uint64(g), 1))
			type region struct {
				r Ref
				n int
			}
			var live []region
			for i := range 8000 {
				if len(live) < 300 && rnd.IntN(2) == 0 {
					n := rnd.IntN(30000)
					x := region{a.Alloc(n, PurposeQueryBuffer), n}
					fillBytes(Bytes(x.r, n), byte(g))
					live = append(live, x)
				} else if len(live) > 0 {
					k := rnd.IntN(len(live))
					x := live[k]
					if i := firstNot(Bytes(x.r, x.n), byte(g)); i >= 0 {
						panic("another owner wrote here")
					}
					a.Free(x.r, x.n, PurposeQueryBuffer)
					live[k] = live[len(live)-1]
					live = live[:len(live)-1]
				}
				if i%64 == 0 {
					Decay(int64(i))
				}
			}
			for _, x := range live {
				a.Free(x.r, x.n, PurposeQueryBuffer)
			}
			a.Close()
		}()
	}
	for range owners {
		<-done
	}
}

func TestReopen(t *testing.T) {
	reopen(t, Config{})
	a := testArena(t)
	r := a.Alloc(100, PurposeEntry)
	if err := Open(Config{}); err != ErrInUse {
		t.Fatalf("Open while in use: %v", err)
	}
	a.Free(r, 100, PurposeEntry)
	if err := Open(Config{Profile: ProfileLibc}); err != nil {
		t.Fatal(err)
	}
	if got := Usable(100); got != 104 {
		t.Errorf("libc: Usable(100) = %d", got)
	}
	r = a.Alloc(100, PurposeEntry) // the arena lives on
	copy(Bytes(r, 100), bytes.Repeat([]byte{1}, 100))
	a.Free(r, 100, PurposeEntry)
}

// TestAdopt: a large region changes arena and purpose, and the books of both are as if it had been allocated there.
func TestAdopt(t *testing.T) {
	from, to := NewSharedArena("from"), NewArena("to")
	defer from.Close()
	defer to.Close()
	for _, n := range []int{32 << 10, 40_000, 1 << 20, 5 << 20} {
		r := from.Alloc(n, PurposeQueryBuffer)
		b := Bytes(r, n)
		b[0], b[n-1] = 1, 2
		used := Used()
		to.Adopt(from, r, n, PurposeQueryBuffer, PurposeString)
		if Used() != used || from.Used() != 0 || to.Used() != int64(Usable(n)) {
			t.Errorf("%d bytes: used %d, before %d; from %d, to %d", n, Used(), used, from.Used(), to.Used())
		}
		if got := to.Books().Purposes[PurposeString]; got != (Tally{int64(n), int64(Usable(n)), 1}) {
			t.Errorf("%d bytes: booked %+v", n, got)
		}
		if got := from.Books().Total; got != (Tally{}) {
			t.Errorf("%d bytes: still booked %+v", n, got)
		}
		Check()
		if b[0] != 1 || b[n-1] != 2 {
			t.Errorf("%d bytes: contents changed", n)
		}
		r = to.Resize(r, n, n+100_000, PurposeString)
		to.Free(r, n+100_000, PurposeString)
	}
	small := from.Alloc(100, PurposeQueryBuffer)
	defer from.Free(small, 100, PurposeQueryBuffer)
	defer func() {
		if recover() == nil {
			t.Error("a region of a slab was adopted")
		}
	}()
	to.Adopt(from, small, 100, PurposeQueryBuffer, PurposeString)
}
