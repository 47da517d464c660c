package zsets

import (
	"strconv"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/zset"
)

// cmdZPopMin answers ZPOPMIN key [count].
func cmdZPopMin(c *command.Ctx) { popOne(c, false) }

// cmdZPopMax answers ZPOPMAX key [count].
func cmdZPopMax(c *command.Ctx) { popOne(c, true) }

// popOne is ZPOPMIN and ZPOPMAX. The members are one flat array, but pairs in RESP3 when a count was given.
func popOne(c *command.Ctx, highest bool) {
	count := int64(1)
	switch len(c.Args) {
	case 2:
	case 3:
		var ok bool
		if count, ok = intIn(c, c.Args[2], 0, command.ErrOutOfRangePos); !ok {
			return
		}
	default:
		c.SyntaxError()
		return
	}
	it := c.Write(c.Args[1])
	if it.Exists() && !c.IsType(&it, object.ZSet) {
		return
	}
	if !it.Exists() || count == 0 {
		c.Out.Array(0)
		return
	}
	v := zset.Of(&it)
	n := int(min(count, int64(v.Len())))
	nested := c.Out.Proto == 3 && len(c.Args) == 3
	if nested {
		c.Out.Array(n)
	} else {
		c.Out.Array(2 * n)
	}
	pop(c, &it, &v, n, highest, nested)
}

var popEvents = map[bool]string{false: "zpopmin", true: "zpopmax"}

// pop answers n members from the low or the high end, and removes them.
func pop(c *command.Ctx, it *keyspace.Item, v *zset.Value, n int, highest, nested bool) {
	var s zset.Scratch
	from := 0
	at := v.At(0)
	if highest {
		from = v.Len() - n
		at = v.At(v.Len() - 1)
	}
	for range n {
		if nested {
			c.Out.Array(2)
		}
		c.Out.Bulk(at.Member(&s))
		c.Out.Double(at.Score())
		if highest {
			at.Prev()
		} else {
			at.Next()
		}
	}
	zset.RemoveRange(it, from, n)
	changed(c, it.Key(), popEvents[highest], n)
	gone(c, it)
}

// cmdZMPop answers ZMPOP numkeys key [key ...] MIN | MAX [COUNT count].
func cmdZMPop(c *command.Ctx) {
	keys, highest, count, ok := parseMPop(c, 1)
	if ok && !popFirst(c, keys, highest, count) {
		c.Out.NullArray()
	}
}

// popFirst answers and removes count members of the first of several sorted sets that exists. It reports false, without
// an answer, if there is none.
func popFirst(c *command.Ctx, keys [][]byte, highest bool, count int64) bool {
	for _, key := range keys {
		it := c.Write(key)
		if !it.Exists() {
			continue
		}
		if !c.IsType(&it, object.ZSet) {
			return true
		}
		v := zset.Of(&it)
		n := int(min(count, int64(v.Len())))
		c.Out.Array(2)
		c.Out.Bulk(key)
		c.Out.Array(n)
		pop(c, &it, &v, n, highest, true)
		if c.Feeding() {
			c.Rewrite([]byte(popNames[highest]), key, strconv.AppendInt(nil, int64(n), 10))
		}
		return true
	}
	return false
}

var popNames = map[bool]string{false: "ZPOPMIN", true: "ZPOPMAX"}

// parseMPop reads the arguments of ZMPOP from numkeys on, which is at a position, and answers an error when they make no
// sense.
func parseMPop(c *command.Ctx, at int64) (keys [][]byte, highest bool, count int64, ok bool) {
	n, ok := intIn(c, c.Args[at], 1, "ERR numkeys should be greater than 0")
	if !ok {
		return nil, false, 0, false
	}
	if n >= int64(len(c.Args))-at-1 {
		c.SyntaxError()
		return nil, false, 0, false
	}
	keys = c.Args[at+1 : at+1+n]
	rest := c.Args[at+1+n:]
	switch {
	case command.Is(rest[0], "max"):
		highest = true
	case !command.Is(rest[0], "min"):
		c.SyntaxError()
		return nil, false, 0, false
	}
	count = -1
	for rest = rest[1:]; len(rest) > 0; rest = rest[2:] {
		if count != -1 || len(rest) < 2 || !command.Is(rest[0], "count") {
			c.SyntaxError()
			return nil, false, 0, false
		}
		if count, ok = intIn(c, rest[1], 1, "ERR count should be greater than 0"); !ok {
			return nil, false, 0, false
		}
	}
	return keys, highest, max(count, 1), true
}
