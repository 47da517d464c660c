package streams

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/types/stream"
)

const (
	errZeroID    = "ERR The ID specified in XADD must be greater than 0-0"
	errSmallID   = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
	errExhausted = "ERR The stream has exhausted the last possible ID, unable to add more items"
	errTooLarge  = "ERR Elements are too large to be stored"
)

// adding is what XADD was asked for.
type adding struct {
	trimming
	id        stream.ID
	autoID    bool // *
	autoSeq   bool // ms-*
	mustExist bool // NOMKSTREAM
	idArg     int
}

// parse reads the arguments, or answers an error.
func (a *adding) parse(c *command.Ctx) bool {
	i := 2
	for a.idArg == 0 && i < len(c.Args) {
		word := c.Args[i]
		if string(word) == "*" {
			a.autoID, a.idArg = true, i
			break
		}
		next, ok := a.option(c, i)
		if !ok {
			return false
		}
		switch {
		case next > i:
			i = next
		case command.Is(word, "nomkstream"):
			a.mustExist = true
			i++
		default:
			if a.id, a.autoSeq, ok = stream.ParseID(word, 0); !ok {
				c.Out.Error(errInvalidID)
				return false
			}
			a.idArg = i
		}
	}
	if !a.settle(c, false) {
		return false
	}
	if a.idArg == 0 {
		a.idArg = i
	}
	if n := len(c.Args) - a.idArg - 1; n < 2 || n%2 != 0 {
		c.WrongArity()
		return false
	}
	if !a.autoID && !a.autoSeq && a.id.IsZero() {
		c.Out.Error(errZeroID)
		return false
	}
	return true
}

// choose returns the ID of the new entry after last; ok is false if there is none that fits.
func (a *adding) choose(last stream.ID, now int64) (id stream.ID, ok bool) {
	switch {
	case a.autoID:
		return stream.NextID(last, now)
	case a.autoSeq && a.id.Ms == last.Ms:
		id, ok = last.Next()
		return id, ok && id.Ms == last.Ms
	}
	return a.id, last.Less(a.id)
}

// cmdXAdd answers XADD key [NOMKSTREAM] [MAXLEN | MINID [= | ~] threshold [LIMIT count]] * | id field value [field value ...].
func cmdXAdd(c *command.Ctx) {
	var a adding
	if !a.parse(c) {
		return
	}
	key := c.Args[1]
	it := c.Write(key)
	var last stream.ID
	if it.Exists() {
		if !isStream(c, &it) {
			return
		}
		s := stream.In(&it)
		if last = s.LastID(); last == stream.MaxID {
			c.Out.Error(errExhausted)
			return
		}
	} else if a.mustExist {
		c.Out.Null()
		return
	}
	id, ok := a.choose(last, c.Now())
	if !ok {
		c.Out.Error(errSmallID)
		return
	}
	s, err := appendTo(c, &it, id, c.Args[a.idArg+1:])
	if err != nil {
		c.Out.Error(errTooLarge)
		return
	}
	replyID(c.Out, id)
	changed(c, key, "xadd", 1)
	c.Ready(key)
	if a.trim(c, &s) > 0 {
		it.Settle()
		c.Notify(keyspace.Stream, "xtrim", key)
	}
	if c.Feeding() && (a.autoID || a.autoSeq || a.approx) {
		args := append([][]byte(nil), c.Args...)
		a.exactly(&s, args)
		if a.autoID || a.autoSeq {
			args[a.idArg] = stream.AppendID(nil, id)
		}
		c.Rewrite(args...)
	}
}

// appendTo adds an entry to the item's stream, which is created if need be.
func appendTo(c *command.Ctx, it *keyspace.Item, id stream.ID, fields [][]byte) (stream.Stream, error) {
	lim := stream.LimitsOf(c.Env.Config)
	if it.Exists() {
		s := stream.In(it)
		return s, s.Append(id, fields, lim)
	}
	return stream.Create(it, func(s *stream.Stream) error { return s.Append(id, fields, lim) })
}
