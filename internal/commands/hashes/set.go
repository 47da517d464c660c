package hashes

import (
	"math"

	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/types/hash"
)

// argPairs are the field-value pairs of HSET and HMSET.
var argPairs = command.Arg{Name: "field_value", Type: command.ArgBlock, Flags: command.Multiple, Args: []command.Arg{
	{Name: "field"},
	{Name: "value"},
}}

var specHSet = &command.Spec{
	Name: "hset", Summary: "Gives fields of a hash their values.", Since: "2.0.0",
	Group: command.GroupHash, Complexity: "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs.",
	Arity: -4, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:    []command.Arg{argKey, argPairs},
	History: []command.Change{{Since: "4.0.0", What: "Several pairs of field and value."}},
	Handler: cmdHSet,
}

// cmdHSet answers HSET key field value [field value ...] with the number of new fields.
func cmdHSet(c *command.Ctx) {
	if created, ok := setPairs(c); ok {
		c.Out.Int(int64(created))
	}
}

var specHMSet = &command.Spec{
	Name: "hmset", Summary: "Gives fields of a hash their values.", Since: "2.0.0",
	Group: command.GroupHash, Complexity: "O(N) where N is the number of fields being set.",
	Arity: -4, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys:            command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:            []command.Arg{argKey, argPairs},
	DeprecatedSince: "4.0.0", ReplacedBy: "`HSET` with multiple field-value pairs",
	Handler: cmdHMSet,
}

// cmdHMSet answers HMSET key field value [field value ...].
func cmdHMSet(c *command.Ctx) {
	if _, ok := setPairs(c); ok {
		c.Out.OK()
	}
}

// setPairs sets the fields that the arguments say.
func setPairs(c *command.Ctx) (created int, ok bool) {
	if len(c.Args)%2 != 0 {
		c.WrongArity()
		return 0, false
	}
	it, ok := write(c, c.Args[1])
	if !ok {
		return 0, false
	}
	created = hash.SetPairs(&it, limits(c), c.Args[2:])
	changed(c, len(c.Args)/2-1, "hset")
	return created, true
}

var specHSetNX = &command.Spec{
	Name: "hsetnx", Summary: "Gives a field of a hash a value unless it has one.", Since: "2.0.0",
	Group: command.GroupHash, Complexity: "O(1)",
	Arity: 4, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyInsert),
	Args:    []command.Arg{argKey, {Name: "field"}, {Name: "value"}},
	Handler: cmdHSetNX,
}

// cmdHSetNX answers HSETNX key field value.
func cmdHSetNX(c *command.Ctx) {
	it, ok := write(c, c.Args[1])
	if !ok {
		return
	}
	if it.Exists() {
		if _, has := hash.Has(it.Entry, c.Args[2], c.Now()); has {
			c.Out.Int(0)
			return
		}
	}
	hash.SetPairs(&it, limits(c), c.Args[2:])
	changed(c, 1, "hset")
	c.Out.Int(1)
}

var specHIncrBy = &command.Spec{
	Name: "hincrby", Summary: "Adds a number to the integer value of a field, which counts from zero if it does not exist.", Since: "2.0.0",
	Group: command.GroupHash, Complexity: "O(1)",
	Arity: 4, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyAccess | command.KeyUpdate),
	Args:    []command.Arg{argKey, {Name: "field"}, {Name: "increment", Type: command.ArgInteger}},
	Handler: cmdHIncrBy,
}

// cmdHIncrBy answers HINCRBY key field increment. A field keeps its expiry.
func cmdHIncrBy(c *command.Ctx) {
	by, ok := c.Int(c.Args[3])
	if !ok {
		return
	}
	it, ok := write(c, c.Args[1])
	if !ok {
		return
	}
	n, keep := int64(0), int64(0)
	if it.Exists() {
		var s hash.Scratch
		if value, _, has := hash.Get(it.Entry, c.Args[2], c.Now(), &s); has {
			if n, ok = object.ParseInt(value); !ok {
				c.Out.Error("ERR hash value is not an integer")
				return
			}
			keep = hash.KeepExpiry
		}
	}
	if by > 0 && n > math.MaxInt64-by || by < 0 && n < math.MinInt64-by {
		c.Out.Error(command.ErrOverflow)
		return
	}
	n += by
	var room [20]byte
	hash.Set(&it, limits(c), c.Args[2], appendInt(room[:0], n), keep)
	changed(c, 1, "hincrby")
	c.Out.Int(n)
}

var specHIncrByFloat = &command.Spec{
	Name: "hincrbyfloat", Summary: "Adds a floating-point number to the value of a field, which counts from zero if it does not exist.", Since: "2.6.0",
	Group: command.GroupHash, Complexity: "O(1)",
	Arity: 4, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyAccess | command.KeyUpdate),
	Args:    []command.Arg{argKey, {Name: "field"}, {Name: "increment", Type: command.ArgDouble}},
	Handler: cmdHIncrByFloat,
}

// cmdHIncrByFloat answers HINCRBYFLOAT key field increment. The sum is stored as the text that is answered, and repeated
// elsewhere as that text.
func cmdHIncrByFloat(c *command.Ctx) {
	key, field := c.Args[1], c.Args[2]
	by, ok := object.ParseLongDouble(c.Args[3])
	if !ok {
		c.Out.Error(command.ErrNotFloat)
		return
	}
	if by.IsInf() {
		c.Out.Error("ERR value is NaN or Infinity")
		return
	}
	it, ok := write(c, key)
	if !ok {
		return
	}
	var n object.LongDouble
	keep := int64(0)
	if it.Exists() {
		var s hash.Scratch
		if value, _, has := hash.Get(it.Entry, field, c.Now(), &s); has {
			if n, ok = object.ParseLongDouble(value); !ok {
				c.Out.Error("ERR hash value is not a float")
				return
			}
			keep = hash.KeepExpiry
		}
	}
	sum, ok := n.Add(by)
	if !ok {
		c.Out.Error(command.ErrNaN)
		return
	}
	var room [64]byte
	text := object.AppendLongDouble(room[:0], sum)
	hash.Set(&it, limits(c), field, text, keep)
	changed(c, 1, "hincrbyfloat")
	c.Out.Bulk(text)
	if c.Feeding() {
		text = append([]byte(nil), text...)
		at, _ := hash.Has(it.Entry, field, c.Now())
		c.Rewrite([]byte("HSET"), key, field, text)
		if at != 0 { // which HSET takes away
			c.Rewrite(fieldsEffect("HPEXPIREAT", key, at, [][]byte{field})...)
		}
	}
}
