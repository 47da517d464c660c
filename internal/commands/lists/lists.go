// Package lists holds the commands on lists.
//
//	push.go      LPUSH, RPUSH, LPUSHX, RPUSHX
//	pop.go       LPOP, RPOP, LMPOP
//	move.go      LMOVE, RPOPLPUSH
//	element.go   LLEN, LINDEX, LSET, LINSERT
//	ranges.go    LRANGE, LTRIM, LREM
//	position.go  LPOS
//	blocking.go  BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH
//
// How a list is stored (listpack, quicklist) is decided in package types/list.
package lists

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/resp"
	"granary/internal/types/list"
)

// Register adds the commands of the family.
func Register(t *command.Table) {
	t.Register(
		specBLMove, specBLMPop, specBLPop, specBRPop, specBRPopLPush,
		specLIndex, specLInsert, specLLen, specLMove, specLMPop, specLPop, specLPos, specLPush, specLPushX, specLRange,
		specLRem, specLSet, specLTrim, specRPop, specRPopLPush, specRPush, specRPushX,
	)
}

// limits returns the settings that decide how a list is stored.
func limits(c *command.Ctx) list.Limits { return list.LimitsOf(c.Env.Config) }

// reply answers an element.
func reply(out *resp.Writer, e list.Elem) {
	if e.IsInt() {
		out.BulkInt(e.Int())
	} else {
		out.Bulk(e.Str())
	}
}

// replyRange answers count elements from index start on or, with back, from there towards the head.
func replyRange(out *resp.Writer, v *list.Value, start, count int, back bool) {
	out.Array(count)
	it := v.From(start, back)
	for ; count > 0; count-- {
		reply(out, it.Elem())
		it.Next()
	}
}

// changed tells that n elements of a list came or went.
func changed(c *command.Ctx, key []byte, event string, n int) {
	ks := c.Keys()
	ks.Stats.Dirty += int64(n)
	ks.Modified(c.DB.ID, key)
	ks.Notify(keyspace.List, event, key, c.DB.ID)
}

// removed tells that n elements of a list went, and deletes the key if that was all of them (gone).
func removed(c *command.Ctx, it *keyspace.Item, event string, n int, gone bool) {
	if gone {
		it.Delete()
	}
	changed(c, it.Key(), event, n)
	if gone {
		c.Notify(keyspace.Generic, "del", it.Key())
	}
}

// span is what two indexes, both included and counted from the end when negative, mean in a list of size elements.
func span(start, end int64, size int) (from, count int) {
	n := int64(size)
	if start < 0 {
		start = max(0, start+n)
	}
	if end < 0 {
		end += n
	}
	if start > end || start >= n {
		return 0, 0
	}
	return int(start), int(min(end, n-1)-start) + 1
}

// Argument trees and key specs that several commands share.
var (
	argKey    = command.Arg{Name: "key", Type: command.ArgKey, KeySpec: 1}
	argPush   = []command.Arg{argKey, {Name: "element", Type: command.ArgString, Flags: command.Multiple}}
	argPop    = []command.Arg{argKey, {Name: "count", Type: command.ArgInteger, Since: "6.2.0", Flags: command.Optional}}
	argRange  = []command.Arg{argKey, {Name: "start", Type: command.ArgInteger}, {Name: "stop", Type: command.ArgInteger}}
	sides     = []command.Arg{{Name: "left", Type: command.ArgPureToken, Token: "LEFT"}, {Name: "right", Type: command.ArgPureToken, Token: "RIGHT"}}
	keysMove  = []command.KeySpec{{Flags: takes, Index: 1, KeyStep: 1}, {Flags: command.KeyRW | command.KeyInsert, Index: 2, KeyStep: 1}}
	keysWrite = command.OneKey(command.KeyRW | command.KeyInsert)
)

const (
	takes = command.KeyRW | command.KeyAccess | command.KeyDelete

	pushComplexity = "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments."
)

// side reads LEFT or RIGHT, or answers a syntax error.
func side(c *command.Ctx, arg []byte) (atHead, ok bool) {
	switch {
	case command.Is(arg, "left"):
		return true, true
	case command.Is(arg, "right"):
		return false, true
	}
	c.SyntaxError()
	return false, false
}

// isList reports whether an item that exists is a list, and answers an error when it is not.
func isList(c *command.Ctx, it *keyspace.Item) bool { return c.IsType(it, object.List) }
