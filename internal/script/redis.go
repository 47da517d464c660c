package script

import (
	"crypto/sha1"
	"encoding/hex"
	"reflect"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// The table redis, which is also called server.

const (
	errNoArgs   = "Please specify at least one argument for this redis lib call"
	errBadArg   = "Lua redis lib command arguments must be strings or integers"
	errReplFlag = "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE."
	errOneText  = "wrong number or type of arguments"

	replAll = 3 // REPL_AOF and REPL_REPLICA
)

// openRedis makes the table redis.
func (in *Interp) openRedis(v Version) {
	L := in.state
	t := L.NewTable()
	in.constants(t, v)
	funcs := map[string]lua.LGFunction{
		"call":          func(L *lua.LState) int { return in.call(L, true) },
		"pcall":         func(L *lua.LState) int { return in.call(L, false) },
		"log":           in.log,
		"setresp":       in.setRESP,
		"error_reply":   in.errorReply,
		"status_reply":  in.statusReply,
		"sha1hex":       in.sha1Hex,
		"set_repl":      in.setRepl,
		"acl_check_cmd": in.aclCheck,
	}
	if in.mode == Scripts {
		funcs["replicate_commands"] = func(L *lua.LState) int { L.Push(lua.LTrue); return 1 }
		funcs["breakpoint"] = func(L *lua.LState) int { L.Push(lua.LFalse); return 1 }
		funcs["debug"] = func(*lua.LState) int { return 0 }
	}
	for name, fn := range funcs {
		t.RawSetString(name, L.NewFunction(fn))
	}
	t.RawSetString("REPL_NONE", lua.LNumber(0))
	t.RawSetString("REPL_AOF", lua.LNumber(1))
	t.RawSetString("REPL_SLAVE", lua.LNumber(2))
	t.RawSetString("REPL_REPLICA", lua.LNumber(2))
	t.RawSetString("REPL_ALL", lua.LNumber(replAll))
	in.globals.RawSetString("redis", t)
}

// constants fills in what the table redis holds also while a library is loaded.
func (in *Interp) constants(t *lua.LTable, v Version) {
	for level, name := range []string{"LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"} {
		t.RawSetString(name, lua.LNumber(level))
	}
	t.RawSetString("REDIS_VERSION", lua.LString(v.Text))
	t.RawSetString("REDIS_VERSION_NUM", lua.LNumber(v.Num))
}

// call is redis.call and redis.pcall.
func (in *Interp) call(L *lua.LState, raise bool) int {
	if L.GetTop() == 0 {
		return in.failure(L, in.newError("ERR "+errNoArgs, false), raise)
	}
	if !in.collect(L) {
		return in.failure(L, in.newError("ERR "+errBadArg, false), raise)
	}
	in.enter()
	reply := in.host.Call(in.args, in.proto)
	in.away = false
	in.limits.left -= lookEvery / 2 // a command is worth some instructions
	if reply[0] == '+' && dropped(L) {
		return 0
	}
	r := reader{in: in, b: reply}
	v := r.value(in.proto)
	if t, ok := v.(*lua.LTable); ok && reply[0] == '-' {
		return in.failure(L, t, raise)
	}
	L.Push(v)
	return 1
}

// Where a frame of the interpreter says how many results its caller wants. gopher-lua does not tell; an unexported field may
// be read by reflection.
var frameField, wantField = func() (frame, want int) {
	f, ok := reflect.TypeFor[lua.Debug]().FieldByName("frame")
	if !ok || f.Type.Kind() != reflect.Pointer {
		return -1, -1
	}
	w, ok := f.Type.Elem().FieldByName("NRet")
	if !ok {
		return -1, -1
	}
	return f.Index[0], w.Index[0]
}()

// dropped reports whether nobody looks at the result of the function that is running: redis.call('SET', ...) is a
// statement. To make the table {ok="OK"} costs as much as SET itself.
func dropped(L *lua.LState) bool {
	dbg, ok := L.GetStack(0)
	if !ok || frameField < 0 {
		return false
	}
	frame := reflect.ValueOf(dbg).Elem().Field(frameField)
	return !frame.IsNil() && frame.Elem().Field(wantField).Int() == 0
}

// enter notes that the host has control. A panic there is the server's, and pcall must not hide it (finish).
func (in *Interp) enter() {
	if in.away {
		panic("BUG: script: the host ended in a panic")
	}
	in.away = true
}

// failure raises an error, or returns it.
func (in *Interp) failure(L *lua.LState, err *lua.LTable, raise bool) int {
	if raise {
		L.Error(err, 1)
	}
	L.Push(err)
	return 1
}

// newError makes the table that stands for an error. counted says that it is the error of a command.
func (in *Interp) newError(text string, counted bool) *lua.LTable {
	t := in.state.CreateTable(0, 2)
	if counted {
		t.RawSetString("ignore_error_stats_update", lua.LTrue)
	}
	t.RawSetString("err", lua.LString(text))
	return t
}

// raise leaves with an error in the form of redis.call.
func (in *Interp) raise(L *lua.LState, text string) int {
	return in.failure(L, in.newError("ERR "+text, false), true)
}

// collect makes the arguments on the stack those of a command. It reports false if one is neither a string nor a number.
func (in *Interp) collect(L *lua.LState) bool {
	n := L.GetTop()
	if cap(in.bytes) > keepBytes {
		in.bytes = nil
	}
	if cap(in.args) > keepArgs {
		in.args = nil
	}
	in.args, in.bytes = in.args[:0], in.bytes[:0]
	size := 0
	for i := 1; i <= n; i++ {
		switch v := L.Get(i).(type) {
		case lua.LString:
			size += len(v)
		case lua.LNumber:
			size += 32
		default:
			return false
		}
	}
	if cap(in.bytes) < size {
		in.limits.Grow(size)
		in.bytes = make([]byte, 0, max(size, 256))
	}
	for i := 1; i <= n; i++ {
		from := len(in.bytes)
		switch v := L.Get(i).(type) {
		case lua.LString:
			in.bytes = append(in.bytes, v...)
		case lua.LNumber:
			in.bytes = appendArg(in.bytes, float64(v))
		}
		to := len(in.bytes)
		in.args = append(in.args, in.bytes[from:to:to])
	}
	return true
}

const (
	keepBytes = 64 << 10 // of the arguments of a command, kept for the next
	keepArgs  = 1024
)

// log is redis.log(level, text, ...).
func (in *Interp) log(L *lua.LState) int {
	n := L.GetTop()
	if n < 2 {
		return in.raise(L, "redis.log() requires two arguments or more.")
	}
	level, ok := L.Get(1).(lua.LNumber)
	if !ok {
		return in.raise(L, "First argument must be a number (log level).")
	}
	if level < 0 || level > 3 {
		return in.raise(L, "Invalid debug level.")
	}
	var b strings.Builder
	for i := 2; i <= n; i++ {
		s, ok := textValue(L.Get(i))
		if !ok {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		in.limits.Grow(len(s))
		b.WriteString(s)
	}
	if in.host != nil {
		in.host.Log(int(level), b.String())
	}
	return 0
}

// setRESP is redis.setresp(2 or 3).
func (in *Interp) setRESP(L *lua.LState) int {
	if L.GetTop() != 1 {
		return in.raise(L, "redis.setresp() requires one argument.")
	}
	switch n := lua.LVAsNumber(L.Get(1)); n {
	case 2, 3:
		in.proto = uint8(n)
	default:
		return in.raise(L, "RESP version must be 2 or 3.")
	}
	return 0
}

// errorReply is redis.error_reply(text).
func (in *Interp) errorReply(L *lua.LState) int {
	s, ok := L.Get(1).(lua.LString)
	if !ok || L.GetTop() != 1 {
		L.Push(in.newError("ERR "+errOneText, false))
		return 1
	}
	// A text of several words begins with its code; the "-" of the protocol is not needed.
	text := strings.TrimRight(strings.TrimPrefix(string(s), "-"), "\r\n")
	if !strings.Contains(text, " ") {
		text = "ERR " + text
	}
	L.Push(in.newError(text, false))
	return 1
}

// statusReply is redis.status_reply(text).
func (in *Interp) statusReply(L *lua.LState) int {
	s, ok := L.Get(1).(lua.LString)
	if !ok || L.GetTop() != 1 {
		L.Push(in.newError("ERR "+errOneText, false))
		return 1
	}
	t := L.CreateTable(0, 1)
	t.RawSetString("ok", s)
	L.Push(t)
	return 1
}

// sha1Hex is redis.sha1hex(text).
func (in *Interp) sha1Hex(L *lua.LState) int {
	if L.GetTop() != 1 {
		return in.raise(L, "wrong number of arguments")
	}
	s, _ := textValue(L.Get(1))
	in.limits.Step(len(s) >> 6)
	L.Push(lua.LString(SHA1(s)))
	return 1
}

// SHA1 returns the name of a script: the SHA1 sum of its source in hexadecimal digits.
func SHA1(source string) string {
	sum := sha1.Sum([]byte(source))
	return hex.EncodeToString(sum[:])
}

// setRepl is redis.set_repl(flags).
func (in *Interp) setRepl(L *lua.LState) int {
	if L.GetTop() != 1 {
		return in.raise(L, "redis.set_repl() requires two arguments.")
	}
	to := int(lua.LVAsNumber(L.Get(1)))
	if to&^replAll != 0 {
		return in.raise(L, errReplFlag)
	}
	in.host.SetRepl(to)
	return 0
}

// aclCheck is redis.acl_check_cmd(command, argument, ...).
func (in *Interp) aclCheck(L *lua.LState) int {
	if L.GetTop() == 0 {
		return in.raise(L, errNoArgs)
	}
	if !in.collect(L) {
		return in.raise(L, errBadArg)
	}
	may, known := in.host.MayCall(in.args)
	if !known {
		return in.raise(L, "Invalid command passed to redis.acl_check_cmd()")
	}
	L.Push(lua.LBool(may))
	return 1
}

// textValue is a string, or a number as text.
func textValue(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return string(appendNumber(nil, float64(v))), true
	}
	return "", false
}

// appendNumber appends a number as tostring writes it: C's %.14g.
func appendNumber(dst []byte, v float64) []byte { return appendG(dst, v, 14) }

// appendArg appends a number as the argument of a command: C's %.17g.
func appendArg(dst []byte, v float64) []byte { return appendG(dst, v, 17) }

// appendG is C's %.<prec>g.
func appendG(dst []byte, v float64, prec int) []byte {
	if i := int64(v); float64(i) == v && i > -1e14 && i < 1e14 && (i != 0 || 1/v > 0) {
		return strconv.AppendInt(dst, i, 10)
	}
	switch {
	case v != v:
		return append(dst, "-nan"...)
	case v > maxFloat:
		return append(dst, "inf"...)
	case v < -maxFloat:
		return append(dst, "-inf"...)
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, v, 'e', prec-1, 64)
	e := strings.LastIndexByte(string(dst[from:]), 'e')
	exp, _ := strconv.Atoi(string(dst[from+e+1:]))
	if exp < -4 || exp >= prec {
		return dropZeros(dst[:from+e], from, dst[from+e:])
	}
	dst = strconv.AppendFloat(dst[:from], v, 'f', prec-1-exp, 64)
	return dropZeros(dst, from, nil)
}

const maxFloat = 0x1p1023 * (1 + (1 - 0x1p-52))

// dropZeros cuts the zeros at the end of the fraction that begins somewhere behind from, and puts exp behind it.
func dropZeros(dst []byte, from int, exp []byte) []byte {
	n := len(dst)
	if strings.IndexByte(string(dst[from:]), '.') >= 0 {
		for dst[n-1] == '0' {
			n--
		}
		if dst[n-1] == '.' {
			n--
		}
	}
	return append(dst[:n], exp...)
}
