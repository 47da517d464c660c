package quicklist

import (
	"strings"
	"testing"

	"granary/internal/mem"
)

// FuzzHistory reads settings and a history of operations from bytes, and compares with a Go slice.
func FuzzHistory(f *testing.F) {
	f.Add([]byte{3, 1, 0, 0, 10, 1, 20, 2, 0, 200, 3, 1, 9, 4, 0, 2})
	f.Add([]byte{0, 0, 9, 0, 255, 0, 254, 2, 1, 250, 2, 1, 251, 3, 2, 100, 5, 0, 9})
	f.Add([]byte{5, 2, 1, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 6, 8, 1, 9, 0, 7, 1, 2, 4, 1, 3})
	f.Fuzz(func(t *testing.T, ops []byte) {
		next := func() int {
			if len(ops) == 0 {
				return 0
			}
			x := ops[0]
			ops = ops[1:]
			return int(x)
		}
		// Elements are integers, then strings of growing length that repeat.
		elem := func() string {
			x := next()
			if x < 60 {
				return strings.Repeat("7", x%21)
			}
			return strings.Repeat(string(rune('a'+x%5)), (x-60)*(x-60)/2)
		}
		a := mem.NewArena("fuzz")
		m := &model{tb: t, a: a}
		m.l = New(NewStore(a), []int{-1, -2, 1, 2, 3, 7, 100, -5}[next()%8], next()%4)
		m.l.st.SetPackedThreshold([]int{0, 0, 1, 50}[next()%4])
		for n := 0; len(ops) > 0 && n < 100; n++ {
			size := len(m.want)
			at := func() int { return (next()*256 + next()) % max(size, 1) }
			switch op := next() % 12; {
			case op == 0:
				m.pushTail(elem())
			case op == 1:
				m.pushHead(elem())
			case op == 2:
				m.insert((next()*256+next())%(size+1), elem())
			case size == 0:
				m.at(0)
			case op == 3:
				m.set(at(), elem())
			case op == 4:
				m.deleteRange(at(), next())
			case op == 5:
				m.remove(elem(), next()%4, next()%2 == 0)
			case op == 6:
				m.pop(next()%2 == 0)
			case op == 7:
				m.rotate(next()%2 == 0)
			case op == 8:
				m.find(at(), elem(), next(), next()%2 == 0)
			case op == 9:
				m.dup(next()%2 == 0)
			case op == 10: // many of the same
				s := elem()
				for range next() {
					m.pushTail(s)
				}
			default:
				m.at(at())
				m.check()
			}
		}
		m.verify()
		m.free()
		if b := a.Books().Total; b.Count != 0 {
			t.Fatalf("%d regions leaked", b.Count)
		}
		a.Close()
	})
}
