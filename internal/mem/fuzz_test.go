package mem

import "testing"

// FuzzHistory reads a history of operations from bytes and checks contents and structure.
func FuzzHistory(f *testing.F) {
	f.Add([]byte{0, 10, 0, 200, 1, 0, 2, 0, 90})
	f.Add([]byte{3, 7, 3, 9, 4, 0, 255, 5, 6, 0, 1, 1, 1, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		if err := Open(Config{Limit: 64 << 20, Profile: Profile(len(ops) % NumProfiles)}); err != nil {
			t.Fatal(err)
		}
		a := NewArena("fuzz")
		var live []*modelRegion
		next := func() int {
			if len(ops) == 0 {
				return 0
			}
			x := ops[0]
			ops = ops[1:]
			return int(x)
		}
		size := func() int { return next() << (next() % 12) }
		for len(ops) > 0 && len(live) < 60 {
			op := next() % 8
			if op < 2 || len(live) == 0 {
				m := &modelRegion{n: size(), p: Purpose(next() % NumPurposes), seed: byte(len(ops))}
				m.r = a.Alloc(m.n, m.p)
				m.fill()
				live = append(live, m)
				continue
			}
			i := next() % len(live)
			m := live[i]
			m.verify(t, m.n)
			switch op {
			case 2, 3:
				a.Free(m.r, m.n, m.p)
				live = append(live[:i], live[i+1:]...)
			case 4:
				n := size()
				m.r = a.Resize(m.r, m.n, n, m.p)
				m.verify(t, min(m.n, n))
				m.n = n
				m.fill()
			case 5:
				if n := size(); a.ResizeInPlace(m.r, m.n, n, m.p) {
					m.verify(t, min(m.n, n))
					m.n = n
					m.fill()
				}
			case 6:
				Purge()
			case 7:
				Decay(int64(len(live)) * 1000)
				a.BeginCompaction()
				for _, m := range live {
					if ShouldMove(m.r, m.n, PurposeEntry) {
						to := a.Alloc(m.n, m.p)
						copy(Bytes(to, m.n), Bytes(m.r, m.n))
						a.Free(m.r, m.n, m.p)
						m.r = to
					}
				}
				a.EndCompaction()
			}
		}
		Check()
		for _, m := range live {
			m.verify(t, m.n)
			a.Free(m.r, m.n, m.p)
		}
		CheckLeaks(t)
		a.Close()
	})
}
