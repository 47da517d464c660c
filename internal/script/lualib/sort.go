package lualib

import (
	lua "github.com/yuin/gopher-lua"
)

// sorter is table.sort: Lua 5.1's quicksort (median of three, the smaller part by recursion), because the order in which
// elements are compared shows: equal elements keep no order, and an inconsistent function must be complained about at
// the same place.
type sorter struct {
	l   *library
	L   *lua.LState
	t   *lua.LTable
	cmp lua.LValue // nil: the operator <
}

func (l *library) tabSort(L *lua.LState) int {
	t := checkTable(L, 1)
	n := t.Len()
	l.b.Step(n)
	s := &sorter{l: l, L: L, t: t, cmp: lua.LNil}
	if !none(L, 2) {
		s.cmp = checkFunction(L, 2)
	}
	L.SetTop(2)
	l.checkWritable(L, t)
	s.sort(1, n)
	return 0
}

func (s *sorter) get(i int) lua.LValue    { return s.t.RawGet(lua.LNumber(i)) }
func (s *sorter) set(i int, v lua.LValue) { s.t.RawSet(lua.LNumber(i), v) }

func (s *sorter) less(a, b lua.LValue) bool {
	s.l.b.Step(1)
	if s.cmp != lua.LNil {
		return !lua.LVIsFalse(call1(s.L, s.cmp, a, b))
	}
	return lessThan(s.L, a, b)
}

func (s *sorter) sort(lo, up int) {
	for lo < up {
		if a, b := s.get(lo), s.get(up); s.less(b, a) {
			s.set(lo, b)
			s.set(up, a)
		}
		if up-lo == 1 {
			return
		}
		i := (lo + up) / 2
		if a, b := s.get(i), s.get(lo); s.less(a, b) {
			s.set(i, b)
			s.set(lo, a)
		} else if b := s.get(up); s.less(b, a) {
			s.set(i, b)
			s.set(up, a)
		}
		if up-lo == 2 {
			return
		}
		p := s.get(i)
		s.set(i, s.get(up-1))
		s.set(up-1, p)
		i = s.partition(lo, up, p)
		a, b := s.get(up-1), s.get(i)
		s.set(up-1, b)
		s.set(i, a)
		// The smaller half by recursion, the larger by the loop: the depth is the logarithm of the length.
		if i-lo < up-i {
			s.sort(lo, i-1)
			lo = i + 1
		} else {
			s.sort(i+1, up)
			up = i - 1
		}
	}
}

// partition moves what is less than p before what is not, and says where they meet. p lies at up-1.
func (s *sorter) partition(lo, up int, p lua.LValue) int {
	i, j := lo, up-1
	for {
		i++
		a := s.get(i)
		for s.less(a, p) {
			if i > up {
				raise(s.L, "invalid order function for sorting")
			}
			i++
			a = s.get(i)
		}
		j--
		b := s.get(j)
		for s.less(p, b) {
			if j < lo {
				raise(s.L, "invalid order function for sorting")
			}
			j--
			b = s.get(j)
		}
		if j < i {
			return i
		}
		s.set(i, b)
		s.set(j, a)
	}
}

// lessThan is the operator < from Go code, whose errors carry no position.
func lessThan(L *lua.LState, a, b lua.LValue) bool {
	switch x := a.(type) {
	case lua.LNumber:
		if y, ok := b.(lua.LNumber); ok {
			return x < y
		}
	case lua.LString:
		if y, ok := b.(lua.LString); ok {
			return x < y
		}
	case *lua.LTable, *lua.LUserData:
		m := L.GetMetaField(a, "__lt")
		if m != lua.LNil && m == L.GetMetaField(b, "__lt") {
			return !lua.LVIsFalse(call1(L, m, a, b))
		}
	}
	raisePlain(L, compareText(a, b))
	return false
}

func compareText(a, b lua.LValue) string {
	if ta, tb := typeName(a), typeName(b); ta != tb {
		return "attempt to compare " + ta + " with " + tb
	}
	return "attempt to compare two " + typeName(a) + " values"
}
