package script

import (
	"bytes"
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// A reader turns the reply of a command into Lua values.
//
//	protocol       under redis.setresp(2)      under redis.setresp(3)
//	:1             number                      number
//	$3 abc         string                      string
//	$-1, *-1, _    false                       nil
//	+OK            {ok="OK"}                   {ok="OK"}
//	-ERR text      {err="ERR text"}            {err="ERR text"}
//	*2             table                       table
//	%1                                         {map={...}}
//	~2                                         {set={member=true}}
//	#t                                         true, false
//	,1.5                                       {double=1.5}
//	(123                                       {big_number="123"}
//	=7 txt:abc                                 {verbatim_string={format="txt", string="abc"}}
type reader struct {
	in *Interp
	b  []byte
}

// line takes the rest of a header.
func (r *reader) line() []byte {
	i := bytes.IndexByte(r.b, '\r')
	s := r.b[1:i]
	r.b = r.b[i+2:]
	return s
}

// number takes a header with a number.
func (r *reader) number() int64 {
	b := r.b[1:]
	neg := b[0] == '-'
	i := 0
	if neg {
		i = 1
	}
	var v int64
	for ; b[i] != '\r'; i++ {
		v = v*10 + int64(b[i]-'0')
	}
	r.b = b[i+2:]
	if neg {
		return -v
	}
	return v
}

// payload takes n bytes and the line end.
func (r *reader) payload(n int) string {
	r.in.limits.Grow(n)
	s := string(r.b[:n])
	r.b = r.b[n+2:]
	return s
}

// value takes a value.
func (r *reader) value(proto uint8) lua.LValue {
	null := lua.LValue(lua.LFalse)
	if proto == 3 {
		null = lua.LNil
	}
	L := r.in.state
	switch r.b[0] {
	case ':':
		return lua.LNumber(r.number())
	case '$':
		n := r.number()
		if n < 0 {
			return null
		}
		return lua.LString(r.payload(int(n)))
	case '+':
		return r.in.field("ok", lua.LString(r.line()))
	case '-':
		return r.in.newError(string(r.line()), true)
	case '*', '>':
		n := int(r.number())
		if n < 0 {
			return null
		}
		r.in.limits.Grow(n * 16)
		t := L.CreateTable(n, 0)
		for i := 1; i <= n; i++ {
			t.RawSetInt(i, r.value(proto))
		}
		return t
	case '_':
		r.line()
		return null
	case '#':
		return lua.LBool(r.line()[0] == 't')
	case ',':
		f, _ := strconv.ParseFloat(string(r.line()), 64)
		return r.in.field("double", lua.LNumber(f))
	case '(':
		return r.in.field("big_number", lua.LString(r.line()))
	case '=':
		s := r.payload(int(r.number()))
		t := L.CreateTable(0, 2)
		t.RawSetString("format", lua.LString(s[:3]))
		t.RawSetString("string", lua.LString(s[4:]))
		return r.in.field("verbatim_string", t)
	case '|': // attributes, which scripts do not get to see, and the value behind them
		for range 2 * r.number() {
			r.value(proto)
		}
		return r.value(proto)
	case '%':
		n := int(r.number())
		r.in.limits.Grow(n * 64)
		t := L.CreateTable(0, n)
		for range n {
			k := r.value(proto)
			v := r.value(proto)
			if k != lua.LNil {
				t.RawSet(k, v)
			}
		}
		return r.in.field("map", t)
	case '~':
		n := int(r.number())
		r.in.limits.Grow(n * 64)
		t := L.CreateTable(0, n)
		for range n {
			if k := r.value(proto); k != lua.LNil {
				t.RawSet(k, lua.LTrue)
			}
		}
		return r.in.field("set", t)
	}
	panic("BUG: script: a reply begins with " + strconv.Quote(string(r.b[:1])))
}

// field returns a table with one field.
func (in *Interp) field(name string, v lua.LValue) *lua.LTable {
	t := in.state.CreateTable(0, 1)
	t.RawSetString(name, v)
	return t
}
