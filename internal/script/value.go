package script

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"granary/internal/resp"
)

// maxSlots bounds how deep values may nest in a reply: as many slots as Lua's stack for C has, of which an array takes one
// and a map or a set three.
const maxSlots = 7995

const errNesting = "ERR reached lua stack limit"

// writer writes a Lua value as a reply.
type writer struct {
	out   *resp.Writer
	proto uint8 // redis.setresp
	slots int
}

// Reply writes the result of a run. It returns the text of the error if the value is one, and whether that was counted
// as the error of a command already.
func (in *Interp) Reply(r Result, out *resp.Writer) (failed string, counted bool) {
	if t, ok := r.value.(*lua.LTable); ok {
		if text, ok := t.RawGetString("err").(lua.LString); ok {
			return oneLine(strings.TrimRight(string(text), "\r\n")), lua.LVAsBool(t.RawGetString("ignore_error_stats_update"))
		}
	}
	w := writer{out: out, proto: in.proto}
	w.value(r.value)
	return "", false
}

func (w *writer) value(v lua.LValue) {
	switch v := v.(type) {
	case lua.LString:
		w.out.BulkString(string(v))
	case lua.LNumber:
		w.out.Int(toInt(float64(v)))
	case lua.LBool:
		switch {
		case w.proto == 3:
			w.out.Bool(bool(v))
		case bool(v):
			w.out.Int(1)
		default:
			w.out.Null()
		}
	case *lua.LTable:
		w.table(v)
	default:
		w.out.Null()
	}
}

// table writes a table: one of the forms with a field that says what it is, or an array up to the first nil.
func (w *writer) table(t *lua.LTable) {
	if w.slots >= maxSlots {
		w.out.Error(errNesting)
		return
	}
	if s, ok := t.RawGetString("err").(lua.LString); ok {
		w.out.Error(string(s))
		return
	}
	if s, ok := t.RawGetString("ok").(lua.LString); ok {
		w.out.Status(oneLine(string(s)))
		return
	}
	if n, ok := t.RawGetString("double").(lua.LNumber); ok {
		w.out.Double(float64(n))
		return
	}
	if m, ok := t.RawGetString("map").(*lua.LTable); ok {
		w.pairs(m, true)
		return
	}
	if m, ok := t.RawGetString("set").(*lua.LTable); ok {
		w.pairs(m, false)
		return
	}
	if s, ok := t.RawGetString("big_number").(lua.LString); ok {
		w.out.BigNumber(oneLine(string(s)))
		return
	}
	if m, ok := t.RawGetString("verbatim_string").(*lua.LTable); ok {
		text, ok := m.RawGetString("string").(lua.LString)
		format, ok2 := m.RawGetString("format").(lua.LString)
		if ok && ok2 {
			w.out.Verbatim(string(text), string(format))
			return
		}
	}
	n := 0
	for t.RawGetInt(n+1) != lua.LNil {
		n++
	}
	w.out.Array(n)
	w.slots++
	for i := 1; i <= n; i++ {
		w.value(t.RawGetInt(i))
	}
	w.slots--
}

// pairs writes a table as a map, or its keys as a set.
func (w *writer) pairs(t *lua.LTable, values bool) {
	n := 0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		n++
	}
	if values {
		w.out.Map(n)
	} else {
		w.out.Set(n)
	}
	w.slots += 3
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		w.value(k)
		if values {
			w.value(v)
		}
	}
	w.slots -= 3
}

// oneLine replaces line ends, which a line of protocol cannot hold.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(s)
}

// toInt cuts the fraction off; what does not fit becomes the smallest integer, as the machine converts.
func toInt(f float64) int64 {
	if f >= -0x1p63 && f < 0x1p63 {
		return int64(f)
	}
	return math.MinInt64
}
