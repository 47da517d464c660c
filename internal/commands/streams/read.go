package streams

import (
	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/resp"
	"granary/internal/types/stream"
)

// reading is what XREAD or XREADGROUP was asked for.
type reading struct {
	inGroup  bool // XREADGROUP
	group    []byte
	consumer []byte
	noAck    bool
	count    int64 // 0: no limit
	wait     bool
	timeout  int64
	keys     int // where the keys begin
	n        int // how many there are

	from   []source
	marked bool // some ID is $ or +
}

// source is where to read from one stream.
type source struct {
	after stream.ID
	fresh bool // >: what the group has not been given yet
	last  bool // +: the last entry
}

const (
	errUnbalanced      = "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified."
	errUnbalancedGroup = "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified."
	errTimeout         = "ERR timeout is not an integer or out of range"
	errGroupOption     = "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."
	errNoAckOption     = "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."
	errNoGroupOption   = "ERR Missing GROUP option for XREADGROUP"
	errNoGroupToRead   = "NOGROUP No such key '%s' or consumer group '%s' in XREADGROUP with GROUP option"
	errMeaningless     = "ERR The %s ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The %s ID would just return an empty result set."
	errMoreID          = "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
)

// cmdXRead answers XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...].
func cmdXRead(c *command.Ctx) { read(c, reading{}) }

// cmdXReadGroup answers XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...]
// id [id ...].
func cmdXReadGroup(c *command.Ctx) { read(c, reading{inGroup: true}) }

func read(c *command.Ctx, r reading) {
	if !r.parse(c) || !r.sources(c) {
		return
	}
	var tell teller
	served := 0
	var mark resp.Mark
	for i := range r.from {
		it := c.Read(c.Args[r.keys+i])
		if !it.Exists() {
			continue
		}
		s := stream.In(&it)
		var d delivery
		if r.inGroup {
			d = r.recipient(c, &s, it.Key(), &tell)
		}
		if !r.serves(&s, &d, r.from[i]) {
			continue
		}
		if served++; served == 1 {
			if c.Out.Proto == 2 {
				mark = c.Out.ArrayLater()
			} else {
				mark = c.Out.MapLater()
			}
		}
		if c.Out.Proto == 2 {
			c.Out.Array(2)
		}
		c.Out.Bulk(it.Key())
		r.reply(c, &s, &d, r.from[i], &tell)
	}
	switch {
	case served > 0:
		c.Out.SetLen(mark, served)
	case r.wait:
		r.block(c)
	default:
		c.Out.NullArray()
	}
	if r.inGroup {
		tell.end(c)
	}
}

// block makes the client wait until one of the streams has something.
func (r *reading) block(c *command.Ctx) {
	w := command.Wait{Keys: c.Args[r.keys : r.keys+r.n], Type: object.Stream, Timeout: r.timeout, OnNoKey: r.inGroup}
	if r.marked {
		// What $ means is settled now.
		w.Args = append([][]byte(nil), c.Args...)
		for i, f := range r.from {
			w.Args[r.keys+r.n+i] = stream.AppendID(nil, f.after)
		}
	}
	c.Block(w)
}

// sources reads the IDs, or answers an error.
func (r *reading) sources(c *command.Ctx) bool {
	for i := range r.n {
		key, word := c.Args[r.keys+i], c.Args[r.keys+r.n+i]
		it := c.Read(key)
		var s stream.Stream
		if it.Exists() {
			if !isStream(c, &it) {
				return false
			}
			s = stream.In(&it)
		}
		if r.inGroup && !(it.Exists() && hasGroup(&s, r.group)) {
			c.Out.Errorf(errNoGroupToRead, command.Clip(key), command.Clip(r.group))
			return false
		}
		var from source
		switch string(word) {
		case "$", "+":
			if r.inGroup {
				c.Out.Errorf(errMeaningless, word, word)
				return false
			}
			r.marked = true
			if it.Exists() {
				from.after = s.LastID()
			}
			from.last = word[0] == '+' && it.Exists() && s.Len() > 0
		case ">":
			if !r.inGroup {
				c.Out.Error(errMoreID)
				return false
			}
			from.fresh = true
		default:
			var ok bool
			if from.after, ok = strictID(c, word, 0); !ok {
				return false
			}
			from.fresh = r.inGroup && from.after == stream.MaxID // which stands for > in Redis
		}
		r.from = append(r.from, from)
	}
	return true
}

func hasGroup(s *stream.Stream, name []byte) bool {
	g := s.Group(name)
	return g.Ok()
}

// serves reports whether a stream has something to answer.
func (r *reading) serves(s *stream.Stream, d *delivery, from source) bool {
	switch {
	case r.inGroup && !from.fresh:
		return true
	case r.inGroup:
		return s.Len() > 0 && d.group.LastID().Less(stream.Last(s))
	case from.last:
		return true
	}
	return s.Len() > 0 && from.after.Less(stream.Last(s))
}

// reply answers the entries of one stream.
func (r *reading) reply(c *command.Ctx, s *stream.Stream, d *delivery, from source, tell *teller) {
	switch {
	case from.last:
		replyRange(c.Out, s, stream.MinID, stream.MaxID, 1, true)
	case !r.inGroup:
		start, _ := from.after.Next() // there is an entry after it
		replyRange(c.Out, s, start, stream.MaxID, r.count, false)
	case from.fresh:
		c.Keys().Stats.Dirty++
		d.fresh(c, s, r.count, tell)
		c.DB.Settle(d.key)
	default:
		c.Keys().Stats.Dirty++
		d.history(c, s, from.after, r.count)
		c.DB.Settle(d.key)
	}
}

// recipient returns the group and the consumer, which is created if need be.
func (r *reading) recipient(c *command.Ctx, s *stream.Stream, key []byte, tell *teller) delivery {
	d := delivery{key: key, group: s.Group(r.group), noAck: r.noAck}
	var created bool
	if d.consumer, created = consumerOf(c, key, &d.group, r.consumer); created {
		tell.consumer(c, key, &d.group, r.consumer)
	}
	return d
}

// consumerOf returns a consumer of a group, which is created if need be, and notes that it was seen.
func consumerOf(c *command.Ctx, key []byte, g *stream.Group, name []byte) (consumer stream.Consumer, created bool) {
	consumer, created = g.CreateConsumer(name, c.Now())
	consumer.SetSeen(c.Now())
	if created {
		noted(c, key, "xgroup-createconsumer", 1)
	}
	return consumer, created
}

// parse reads the options, or answers an error.
func (r *reading) parse(c *command.Ctx) bool {
	ok := true
	for i := 1; i < len(c.Args) && r.keys == 0; i++ {
		more := len(c.Args) - 1 - i
		switch word := c.Args[i]; {
		case more >= 1 && command.Is(word, "block"):
			i++
			if r.timeout, ok = timeout(c, c.Args[i]); !ok {
				return false
			}
			r.wait = true
		case more >= 1 && command.Is(word, "count"):
			i++
			if r.count, ok = c.Int(c.Args[i]); !ok {
				return false
			}
			r.count = max(r.count, 0)
		case more >= 1 && command.Is(word, "streams"):
			r.keys, r.n = i+1, more/2
			if more%2 != 0 {
				// NB: the texts since 7.2.
				if r.inGroup {
					c.Out.Error(errUnbalancedGroup)
				} else {
					c.Out.Error(errUnbalanced)
				}
				return false
			}
		case more >= 2 && command.Is(word, "group"):
			if !r.inGroup {
				c.Out.Error(errGroupOption)
				return false
			}
			r.group, r.consumer = c.Args[i+1], c.Args[i+2]
			i += 2
		case command.Is(word, "noack"):
			if !r.inGroup {
				c.Out.Error(errNoAckOption)
				return false
			}
			r.noAck = true
		default:
			c.SyntaxError()
			return false
		}
	}
	switch {
	case r.keys == 0:
		c.SyntaxError()
		return false
	case r.inGroup && r.group == nil:
		c.Out.Error(errNoGroupOption)
		return false
	}
	return true
}

// timeout reads the milliseconds of BLOCK, or answers an error.
func timeout(c *command.Ctx, arg []byte) (ms int64, ok bool) {
	if ms, ok = object.ParseInt(arg); !ok {
		c.Out.Error(errTimeout)
		return 0, false
	}
	if ms < 0 {
		c.Out.Error(command.ErrTimeoutNegative)
		return 0, false
	}
	// So much is for ever, too.
	return min(ms, 1<<42), true
}
