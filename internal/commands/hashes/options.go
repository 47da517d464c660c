package hashes

import (
	"math"

	"granary/internal/command"
)

// options are what HGETEX and HSETEX were told: when the fields shall expire, under which condition they are set, and
// which fields.
type options struct {
	timed    bool  // EX, PX, EXAT, PXAT
	at       int64 // when, Unix ms
	persist  bool  // PERSIST
	keepTTL  bool  // KEEPTTL
	ifNone   bool  // FNX
	ifAll    bool  // FXX
	fields   [][]byte
	relative bool // the time has to be repeated elsewhere as another than was sent
}

const (
	errOneCondition = "ERR Only one of FXX or FNX arguments can be specified"
	errOneTime      = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"
)

// parseGetOptions reads the arguments of HGETEX behind the key: one option at most, then the fields, and nothing behind
// them. It answers an error when they make no sense.
func parseGetOptions(c *command.Ctx) (o options, ok bool) {
	args := c.Args[2:]
	base, unit, timed := timeOption(c, args[0])
	switch {
	case timed:
		// The arity leaves room for the time.
		if o.at, ok = fieldTime(c, args[1], base, unit); !ok {
			return o, false
		}
		o.timed = true
		args = args[2:]
	case command.Is(args[0], "persist"):
		o.persist = true
		args = args[1:]
	}
	if len(args) == 1 && command.Is(args[0], "fields") {
		c.Out.Error(errNumFields)
		return o, false
	}
	o.fields, ok = fields(c, args, errNumFields)
	return o, ok
}

// parseSetOptions reads the arguments of HSETEX behind the key: the options in any order, then the fields with their
// values, and nothing behind them. It answers an error when they make no sense.
func parseSetOptions(c *command.Ctx) (o options, ok bool) {
	args := c.Args[2:]
	fail := func(text string) (options, bool) {
		c.Out.Error(text)
		return o, false
	}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		base, unit, timed := timeOption(c, arg)
		switch {
		case command.Is(arg, "fields"):
			rest := args[i+1:]
			if len(rest) == 0 {
				return fail(errNoFields)
			}
			n, ok := count(rest[0])
			if !ok || n > math.MaxInt32 {
				return fail("ERR invalid number of fields")
			}
			if n*2 != int64(len(rest)-1) {
				c.WrongArity()
				return o, false
			}
			o.fields = rest[1:]
			return o, true
		case timed, command.Is(arg, "keepttl"):
			if o.timed || o.keepTTL {
				return fail(errOneTime)
			}
			o.timed, o.keepTTL = timed, !timed
		case command.Is(arg, "fnx"), command.Is(arg, "fxx"):
			if o.ifNone || o.ifAll {
				return fail(errOneCondition)
			}
			o.ifNone = command.Is(arg, "fnx")
			o.ifAll = !o.ifNone
		default:
			return fail("ERR unknown argument: " + string(arg))
		}
		if !timed {
			continue
		}
		if i++; i >= len(args) {
			return fail("ERR missing expire time")
		}
		o.relative = base != 0 || unit != 1
		if o.at, ok = fieldTime(c, args[i], base, unit); !ok {
			return o, false
		}
	}
	return fail(errNoFields)
}

// timeOption tells from when and in units of how many milliseconds the option arg counts the time behind it.
func timeOption(c *command.Ctx, arg []byte) (base, unit int64, ok bool) {
	switch {
	case command.Is(arg, "ex"):
		return c.Now(), 1000, true
	case command.Is(arg, "px"):
		return c.Now(), 1, true
	case command.Is(arg, "exat"):
		return 0, 1000, true
	case command.Is(arg, "pxat"):
		return 0, 1, true
	}
	return 0, 0, false
}

// past tells whether the fields expire at once: they are deleted then.
func (o *options) past(c *command.Ctx) bool {
	return o.timed && o.at <= c.Now() && c.Keys().ExpireOnAccess
}
