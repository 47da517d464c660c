package lualib

import (
	lua "github.com/yuin/gopher-lua"
)

func (l *library) openTable(L *lua.LState) {
	register(L, "table", map[string]lua.LGFunction{
		"concat": l.tabConcat, "foreach": l.tabForeach, "foreachi": l.tabForeachI, "getn": tabGetN, "insert": l.tabInsert,
		"maxn": tabMaxN, "remove": l.tabRemove, "setn": tabSetN, "sort": l.tabSort,
	})
}

func tabGetN(L *lua.LState) int {
	L.Push(lua.LNumber(checkTable(L, 1).Len()))
	return 1
}

func tabSetN(L *lua.LState) int {
	checkTable(L, 1)
	raise(L, "'setn' is obsolete")
	return 0
}

func tabMaxN(L *lua.LState) int {
	m := lua.LNumber(0)
	checkTable(L, 1).ForEach(func(k, _ lua.LValue) {
		if f, ok := k.(lua.LNumber); ok && f > m {
			m = f
		}
	})
	L.Push(m)
	return 1
}

func (l *library) tabConcat(L *lua.LState) int {
	sep := optString(L, 2, "")
	t := checkTable(L, 1)
	i := optInt(L, 3, 1)
	last := 0
	if none(L, 4) {
		last = t.Len()
	} else {
		last = checkInt(L, 4)
	}
	out := builder{l: l, L: L}
	for ; i <= last; i++ {
		if i&63 == 0 {
			l.b.Step(64)
		}
		text, ok := textOf(t.RawGet(lua.LNumber(i)))
		if !ok {
			raise(L, "invalid value (%s) at index %d in table for 'concat'", typeName(t.RawGet(lua.LNumber(i))), i)
		}
		out.string(text)
		if i < last {
			out.string(sep)
		}
	}
	L.Push(lua.LString(out.b))
	return 1
}

func (l *library) tabInsert(L *lua.LState) int {
	t := checkTable(L, 1)
	e := t.Len() + 1
	switch L.GetTop() {
	case 2:
		l.checkWritable(L, t)
		t.RawSet(lua.LNumber(e), L.Get(2))
	case 3:
		pos := checkInt(L, 2)
		v := L.Get(3)
		l.checkWritable(L, t)
		switch {
		case pos >= e:
			t.RawSet(lua.LNumber(pos), v)
		case pos >= 1:
			l.b.Step((e - pos) >> 4)
			t.Insert(pos, v)
		default:
			for i := e; i > pos; i-- {
				if i&63 == 0 {
					l.b.Step(64)
				}
				t.RawSet(lua.LNumber(i), t.RawGet(lua.LNumber(i-1)))
			}
			t.RawSet(lua.LNumber(pos), v)
		}
	default:
		raise(L, "wrong number of arguments to 'insert'")
	}
	return 0
}

func (l *library) tabRemove(L *lua.LState) int {
	t := checkTable(L, 1)
	e := t.Len()
	pos := optInt(L, 2, e)
	if pos < 1 || pos > e {
		return 0
	}
	l.checkWritable(L, t)
	l.b.Step((e - pos) >> 4)
	v := t.RawGet(lua.LNumber(pos))
	t.Remove(pos)
	L.Push(v)
	return 1
}

func (l *library) tabForeach(L *lua.LState) int {
	t := checkTable(L, 1)
	fn := checkFunction(L, 2)
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		l.b.Step(1)
		if r := call1(L, fn, k, v); r != lua.LNil {
			L.Push(r)
			return 1
		}
	}
	return 0
}

func (l *library) tabForeachI(L *lua.LState) int {
	t := checkTable(L, 1)
	n := t.Len()
	fn := checkFunction(L, 2)
	for i := 1; i <= n; i++ {
		l.b.Step(1)
		if r := call1(L, fn, lua.LNumber(i), t.RawGet(lua.LNumber(i))); r != lua.LNil {
			L.Push(r)
			return 1
		}
	}
	return 0
}
