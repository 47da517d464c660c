package requests

import (
	"strconv"

	"granary/internal/encoding/listpack"
	"granary/internal/object"
	"granary/internal/resp"
	"granary/internal/types/hash"
	"granary/internal/types/list"
	"granary/internal/types/set"
	"granary/internal/types/stream"
	"granary/internal/types/zset"
)

// perRequest is the most elements of a request, as Redis writes them.
const perRequest = 64

// value writes what makes the value of a key.
func (c *converter) value(key []byte, e object.Entry) {
	switch e.Type() {
	case object.String:
		var s object.Scratch
		c.begin(3)
		c.word("SET")
		c.text(key)
		c.text(e.Text(&s))
	case object.List:
		c.list(key, e)
	case object.Set:
		c.set(key, e)
	case object.Hash:
		c.hash(key, e)
	case object.ZSet:
		c.zset(key, e)
	case object.Stream:
		c.stream(key, e)
	default:
		panic("BUG: requests: a type without commands")
	}
}

// rows begins a request for the next elements, of width words each, when the one before is full. left are the elements to come.
func (c *converter) rows(i, left, width int, name string, key []byte) {
	if i%perRequest == 0 {
		c.begin(2 + width*min(left, perRequest))
		c.word(name)
		c.text(key)
	}
}

func (c *converter) list(key []byte, e object.Entry) {
	v := list.Of(c.arena, e)
	var s listpack.Scratch
	n := v.Len()
	it := v.From(0, false)
	for i := 0; it.Valid(); i++ {
		c.rows(i, n-i, 1, "RPUSH", key)
		elem := it.Elem()
		c.text(elem.Text(&s))
		it.Next()
	}
}

func (c *converter) set(key []byte, e object.Entry) {
	v := set.Of(e)
	var m set.Member
	i, n := 0, v.Len()
	v.Each(&m, func() bool {
		c.rows(i, n-i, 1, "SADD", key)
		c.text(m.Text())
		i++
		return true
	})
}

func (c *converter) zset(key []byte, e object.Entry) {
	v := zset.OfEntry(nil, e)
	var s zset.Scratch
	var b [40]byte
	n := v.Len()
	at := v.At(0)
	for i := 0; at.Valid(); i++ {
		c.rows(i, n-i, 2, "ZADD", key)
		c.text(resp.AppendDouble(b[:0], at.Score()))
		c.text(at.Member(&s))
		at.Next()
	}
}

func (c *converter) hash(key []byte, e object.Entry) {
	var s hash.Scratch
	n, expire := hash.Len(e), false
	it := hash.NewIter(e, 0)
	for i := 0; it.Next(); i++ {
		c.rows(i, n-i, 2, "HMSET", key)
		c.text(it.Name(&s))
		c.text(it.Value(&s))
		expire = expire || it.Expiry() != 0
	}
	if !expire {
		return
	}
	again := hash.NewIter(e, 0)
	for again.Next() {
		if at := again.Expiry(); at != 0 {
			c.begin(6)
			c.word("HPEXPIREAT")
			c.text(key)
			c.int(at)
			c.word("FIELDS")
			c.int(1)
			c.text(again.Name(&s))
		}
	}
}

func appendID(dst []byte, id stream.ID) []byte {
	dst = strconv.AppendUint(dst, id.Ms, 10)
	dst = append(dst, '-')
	return strconv.AppendUint(dst, id.Seq, 10)
}

func (c *converter) id(id stream.ID) {
	var b [48]byte
	c.text(appendID(b[:0], id))
}

func (c *converter) stream(key []byte, e object.Entry) {
	v := stream.OfEntry(c.arena, e)
	var it stream.Iter
	var name, value stream.Scratch
	if v.Len() == 0 {
		// One that is empty comes into being with an entry that goes at once.
		first := v.LastID()
		if first == (stream.ID{}) {
			first.Seq = 1
		}
		c.begin(7)
		c.word("XADD")
		c.text(key)
		c.word("MAXLEN")
		c.int(0)
		c.id(first)
		c.word("x")
		c.word("y")
	}
	for v.Range(&it, stream.MinID, stream.MaxID, false); it.Next(); {
		c.begin(3 + 2*it.Fields)
		c.word("XADD")
		c.text(key)
		c.id(it.ID)
		for range it.Fields {
			n, x := it.Field()
			c.text(n.Text(&name))
			c.text(x.Text(&value))
		}
	}
	c.begin(7)
	c.word("XSETID")
	c.text(key)
	c.id(v.LastID())
	c.word("ENTRIESADDED")
	c.int(int64(v.EntriesAdded()))
	c.word("MAXDELETEDID")
	c.id(v.MaxDeletedID())
	groups := v.EachGroup()
	for groups.Next() {
		c.group(key, &groups.Group)
	}
}

// group writes what makes a group, its consumers, and what is pending.
func (c *converter) group(key []byte, g *stream.Group) {
	c.begin(7)
	c.word("XGROUP")
	c.word("CREATE")
	c.text(key)
	c.text(g.Name())
	c.id(g.LastID())
	c.word("ENTRIESREAD")
	c.int(g.EntriesRead())
	consumers := g.EachConsumer()
	for consumers.Next() {
		c.begin(5)
		c.word("XGROUP")
		c.word("CREATECONSUMER")
		c.text(key)
		c.text(g.Name())
		c.text(consumers.Name())
	}
	pending := g.EachPending(stream.MinID, stream.MaxID, stream.Consumer{})
	for pending.Next() {
		p := &pending.Pending
		c.begin(12)
		c.word("XCLAIM")
		c.text(key)
		c.text(g.Name())
		c.text(p.Consumer.Name())
		c.int(0)
		c.id(p.ID)
		c.word("TIME")
		c.int(p.Time)
		c.word("RETRYCOUNT")
		c.int(int64(p.Deliveries))
		c.word("JUSTID")
		c.word("FORCE")
	}
}
