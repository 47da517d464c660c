package hashes

import (
	"granary/internal/command"
)

// options are what HGETEX and HSETEX were told: when the fields shall expire, under which condition they are set, and
// which fields. The options come in any order, behind the fields too.
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

const errOneCondition = "ERR Only one of FXX or FNX arguments can be specified"

// parseOptions reads the arguments behind the key and answers an error when they make no sense. each is the number of
// arguments for a field: 1, or 2 for HSETEX, which fields with their values.
func parseOptions(c *command.Ctx, each int) (o options, ok bool) {
	args := c.Args[2:]
	set := each == 2
	errOneTime := "ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified"
	if set {
		errOneTime = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"
	}
	fail := func(text string) (options, bool) {
		c.Out.Error(text)
		return o, false
	}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		base, unit := int64(-1), int64(0)
		switch {
		case command.Is(arg, "fields"):
			if o.fields != nil {
				return fail("ERR FIELDS argument can only be specified once")
			}
			if i+1 >= len(args) {
				return fail(errNoFields)
			}
			n, ok := count(args[i+1])
			if !ok {
				return fail("ERR invalid number of fields")
			}
			rest := args[i+2:]
			if n > int64(len(rest)/each) {
				c.WrongArity()
				return o, false
			}
			o.fields = rest[:int(n)*each]
			i += 1 + len(o.fields)
		case command.Is(arg, "ex"):
			base, unit = c.Now(), 1000
		case command.Is(arg, "px"):
			base, unit = c.Now(), 1
		case command.Is(arg, "exat"):
			base, unit = 0, 1000
		case command.Is(arg, "pxat"):
			base, unit = 0, 1
		case set && command.Is(arg, "keepttl"), !set && command.Is(arg, "persist"):
			if o.timed || o.keepTTL || o.persist {
				return fail(errOneTime)
			}
			o.keepTTL, o.persist = set, !set
		case set && command.Is(arg, "fnx"), set && command.Is(arg, "fxx"):
			if o.ifNone || o.ifAll {
				return fail(errOneCondition)
			}
			o.ifNone = command.Is(arg, "fnx")
			o.ifAll = !o.ifNone
		default:
			return fail("ERR unknown argument: " + string(arg))
		}
		if base < 0 {
			continue
		}
		if o.timed || o.keepTTL || o.persist {
			return fail(errOneTime)
		}
		if i++; i >= len(args) {
			return fail("ERR missing expire time")
		}
		o.timed, o.relative = true, base != 0 || unit != 1
		if o.at, ok = fieldTime(c, args[i], base, unit); !ok {
			return o, false
		}
	}
	if o.fields == nil {
		return fail(errNoFields)
	}
	return o, true
}

// past tells whether the fields expire at once: they are deleted then.
func (o *options) past(c *command.Ctx) bool {
	return o.timed && o.at <= c.Now() && c.Keys().ExpireOnAccess
}
