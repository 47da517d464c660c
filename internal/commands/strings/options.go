package strings

import (
	"math"
	"strconv"

	"granary/internal/command"
)

// timeUnit is how a time of expiry was given.
type timeUnit uint8

const (
	noTime    timeUnit = iota
	inSeconds          // EX
	inMillis           // PX
	atSeconds          // EXAT
	atMillis           // PXAT
)

// options are what SET and GETEX were told besides key and value.
type options struct {
	ifAbsent  bool   // NX
	ifPresent bool   // XX
	get       bool   // GET
	keepTTL   bool   // KEEPTTL
	persist   bool   // PERSIST
	compare   bool   // IFEQ
	equal     []byte // the value IFEQ asks for
	unit      timeUnit
	time      []byte // the argument of unit, not yet looked at
}

// parseSet reads the options of SET and reports whether they go together.
func parseSet(args [][]byte, o *options) bool {
	for i := 0; i < len(args); i++ {
		more := i+1 < len(args)
		switch arg := args[i]; {
		case command.Is(arg, "nx") && !o.ifPresent && !o.compare:
			o.ifAbsent = true
		case command.Is(arg, "xx") && !o.ifAbsent && !o.compare:
			o.ifPresent = true
		case command.Is(arg, "ifeq") && !o.ifAbsent && !o.ifPresent && !o.compare && more:
			i++
			o.compare, o.equal = true, args[i]
		case command.Is(arg, "get"):
			o.get = true
		case command.Is(arg, "keepttl") && o.unit == noTime:
			o.keepTTL = true
		case !o.keepTTL && more && o.takesTime(arg):
			i++
			o.time = args[i]
		default:
			return false
		}
	}
	return true
}

// parseGetEx reads the options of GETEX and reports whether they go together.
func parseGetEx(args [][]byte, o *options) bool {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case command.Is(arg, "persist") && o.unit == noTime:
			o.persist = true
		case !o.persist && i+1 < len(args) && o.takesTime(arg):
			i++
			o.time = args[i]
		default:
			return false
		}
	}
	return true
}

// takesTime reports whether arg announces a time that does not contradict an earlier one, and remembers its unit.
func (o *options) takesTime(arg []byte) bool {
	unit := noTime
	switch {
	case command.Is(arg, "ex"):
		unit = inSeconds
	case command.Is(arg, "px"):
		unit = inMillis
	case command.Is(arg, "exat"):
		unit = atSeconds
	case command.Is(arg, "pxat"):
		unit = atMillis
	}
	if unit == noTime || o.unit != noTime && o.unit != unit {
		return false
	}
	o.unit = unit
	return true
}

// expiry reads a time of expiry and returns it as a Unix time in ms; it answers an error when it is none.
func expiry(c *command.Ctx, arg []byte, unit timeUnit) (int64, bool) {
	at, ok := c.Int(arg)
	if !ok {
		return 0, false
	}
	seconds := unit == inSeconds || unit == atSeconds
	if at <= 0 || seconds && at > math.MaxInt64/1000 {
		return invalidExpire(c)
	}
	if seconds {
		at *= 1000
	}
	if unit == inSeconds || unit == inMillis {
		if at > math.MaxInt64-c.Now() {
			return invalidExpire(c)
		}
		at += c.Now()
	}
	return at, true
}

func invalidExpire(c *command.Ctx) (int64, bool) {
	c.Out.Errorf(command.ErrInvalidExpire, c.Spec.Full)
	return 0, false
}

// decimal returns n as an argument of an effect.
func decimal(n int64) []byte { return strconv.AppendInt(nil, n, 10) }
