package generic

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"granary/internal/command"
	"granary/internal/glob"
	"granary/internal/object"
)

var specKeys = &command.Spec{
	Name:       "keys",
	Summary:    "Lists all keys that match a pattern.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length.",
	Arity:      2,
	Flags:      command.ReadOnly,
	Categories: command.CatDangerous,
	Args: []command.Arg{
		{Name: "pattern", Type: command.ArgPattern},
	},
	Tips:    []string{"request_policy:all_shards", "nondeterministic_output_order"},
	Handler: cmdKeys,
}

// cmdKeys answers KEYS pattern. It looks at every key of the database in one go, as nothing else here does.
func cmdKeys(c *command.Ctx) {
	pattern := c.Args[1]
	all := string(pattern) == "*"
	ks, out := c.Keys(), c.Out
	mark := out.ArrayLater()
	n := 0
	c.DB.Each(func(e object.Entry) bool {
		if key := e.Key(); (all || glob.Match(pattern, key, false)) && !ks.IsExpired(e) {
			out.Bulk(key)
			n++
		}
		return true
	})
	out.SetLen(mark, n)
}

var specScan = &command.Spec{
	Name:       "scan",
	Summary:    "Walks the keys of the database step by step, by cursor.",
	Since:      "2.8.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
	Arity:      -2,
	Flags:      command.ReadOnly,
	Args: []command.Arg{
		{Name: "cursor", Type: command.ArgInteger},
		{Name: "pattern", Type: command.ArgPattern, Token: "MATCH", Flags: command.Optional},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
		{Name: "type", Token: "TYPE", Since: "6.0.0", Flags: command.Optional},
	},
	Tips:    []string{"nondeterministic_output", "request_policy:special"},
	History: []command.Change{{Since: "6.0.0", What: "TYPE filters by type."}},
	Handler: cmdScan,
}

// scanOptions are the options of SCAN.
type scanOptions struct {
	count   int64
	pattern []byte // nil: all
	kind    []byte // nil: all types
}

// cmdScan answers SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]. It looks at buckets of the table until it has met
// count keys, or ten times count buckets, whatever the size of the database.
func cmdScan(c *command.Ctx) {
	cursor, ok := parseCursor(c.Args[1])
	if !ok {
		c.Out.Error(command.ErrInvalidCursor)
		return
	}
	opt, ok := parseScan(c)
	if !ok {
		return
	}
	db := c.DB
	var found []object.Entry
	met := int64(0)
	emit := func(e object.Entry) {
		met++
		if opt.takes(e) && !db.Due(e) {
			found = append(found, e)
		}
	}
	most := opt.count
	if most <= math.MaxInt64/10 {
		most *= 10
	}
	for ; most > 0; most-- {
		if cursor = db.Scan(cursor, emit); cursor == 0 || met >= opt.count {
			break
		}
	}
	c.Out.Array(2)
	var digits [20]byte
	c.Out.Bulk(strconv.AppendUint(digits[:0], cursor, 10))
	c.Out.Array(len(found))
	for _, e := range found {
		c.Out.Bulk(e.Key())
	}
}

func (o *scanOptions) takes(e object.Entry) bool {
	return (o.pattern == nil || glob.Match(o.pattern, e.Key(), false)) &&
		(o.kind == nil || command.Is(o.kind, e.Type().String()))
}

// parseScan reads what stands behind the cursor and answers an error when it makes no sense.
func parseScan(c *command.Ctx) (o scanOptions, ok bool) {
	o.count = 10
	args := c.Args[2:]
	for len(args) > 0 {
		switch {
		case command.Is(args[0], "count") && len(args) > 1:
			if o.count, ok = c.Int(args[1]); !ok {
				return o, false
			}
			if o.count < 1 {
				c.SyntaxError()
				return o, false
			}
		case command.Is(args[0], "match") && len(args) > 1:
			if o.pattern = args[1]; string(o.pattern) == "*" {
				o.pattern = nil
			}
		case command.Is(args[0], "type") && len(args) > 1:
			o.kind = args[1]
		case command.Is(args[0], "novalues"):
			c.Out.Error("ERR NOVALUES option can only be used in HSCAN")
			return o, false
		default:
			c.SyntaxError()
			return o, false
		}
		args = args[2:]
	}
	return o, true
}

// parseCursor reads a cursor as strtoul does, which takes a sign and wraps a negative number around, takes nothing for
// 0, and ends at a zero byte; only leading space is refused.
func parseCursor(arg []byte) (uint64, bool) {
	s, _, _ := strings.Cut(string(arg), "\x00")
	if s == "" {
		return 0, true
	}
	digits := strings.TrimPrefix(s, "+")
	negative := s[0] == '-'
	if negative {
		digits = s[1:]
	}
	for i := range len(digits) {
		if digits[i]-'0' > 9 {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if negative {
		n = -n
	}
	return n, err == nil
}

var specRandomKey = &command.Spec{
	Name:       "randomkey",
	Summary:    "Picks a key at random.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      1,
	Flags:      command.ReadOnly,
	Tips:       []string{"request_policy:all_shards", "nondeterministic_output"},
	Handler:    cmdRandomKey,
}

// randomTries bounds how many expired keys RANDOMKEY meets before it gives up.
const randomTries = 100

// cmdRandomKey answers RANDOMKEY.
func cmdRandomKey(c *command.Ctx) {
	for range randomTries {
		e := c.DB.Random(rand.Uint64())
		if e == 0 {
			break
		}
		if !c.DB.Due(e) {
			c.Out.Bulk(e.Key())
			return
		}
	}
	c.Out.Null()
}
