package memory

import (
	"fmt"

	"granary/internal/encoding/intset"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/quicklist"
	"granary/internal/object"
	lists "granary/internal/types/list"
)

// flatLen returns the number of elements of a flat value.
func flatLen(e object.Entry) int64 {
	if e.Encoding() == object.Intset {
		return int64(intset.Open(e.Flat()).Len())
	}
	n := listpack.Open(e.Flat()).Len()
	switch {
	case e.Encoding() == object.ListpackEx:
		n /= 3
	case e.Type() == object.Hash || e.Type() == object.ZSet:
		n /= 2
	}
	return int64(n)
}

// rule is the limits of a type's listpack.
type rule struct {
	what          string // of what there are entries
	entries       int64
	value         int64
	entriesConfig string
	valueConfig   string
}

func (x *explanation) rule() rule {
	cfg := x.c.Env.Config
	switch x.e.Type() {
	case object.Hash:
		return rule{"fields", cfg.HashMaxListpackEntries, cfg.HashMaxListpackValue, "hash-max-listpack-entries", "hash-max-listpack-value"}
	case object.Set:
		return rule{"members", cfg.SetMaxListpackEntries, cfg.SetMaxListpackValue, "set-max-listpack-entries", "set-max-listpack-value"}
	}
	return rule{"members", cfg.ZSetMaxListpackEntries, cfg.ZSetMaxListpackValue, "zset-max-listpack-entries", "zset-max-listpack-value"}
}

// reason says why the value is stored as it is.
func (x *explanation) reason() {
	cfg := x.c.Env.Config
	switch e := x.e; {
	case e.Type() == object.String:
		x.why = x.whyString()
	case e.Type() == object.List:
		x.why = x.whyList()
	case e.Type() == object.Stream:
		x.why = fmt.Sprintf("a stream has one encoding; %d nodes of at most %d entries or %d bytes (stream-node-max-entries, stream-node-max-bytes)",
			x.seen.all, cfg.StreamNodeMaxEntries, cfg.StreamNodeMaxBytes)
	case e.Encoding() == object.Intset:
		x.why = fmt.Sprintf("%d members, all of them integers, no more than %d (set-max-intset-entries)", x.seen.total, cfg.SetMaxIntsetEntries)
	case e.IsFlat():
		x.why = x.whySmall()
	default:
		x.why = x.whyLarge()
	}
}

func (x *explanation) whyString() string {
	n, most := x.e.TextLen(), x.c.Env.Config.StringEmbstrMax
	switch x.e.Encoding() {
	case object.Int:
		if x.e.IsSharedInt() {
			return "a 64-bit integer, one of the shared numbers 0..9999"
		}
		return fmt.Sprintf("a 64-bit integer, kept in %d bytes", x.e.Layout().Value)
	case object.Embstr:
		return fmt.Sprintf("%d bytes, no more than %d (string-embstr-max)", n, most)
	}
	if int64(n) > most {
		return fmt.Sprintf("%d bytes, more than %d (string-embstr-max)", n, most)
	}
	return fmt.Sprintf("%d bytes, no more than %d (string-embstr-max), but changed in place (APPEND, SETRANGE, SETBIT, PFADD) or stored when the limit was lower", n, most)
}

func (x *explanation) whyList() string {
	cfg := x.c.Env.Config
	fill := lists.LimitsOf(cfg).Fill
	limit := fmt.Sprintf("list-max-listpack-size %d", cfg.ListMaxListpackSize)
	if x.e.IsFlat() {
		return fmt.Sprintf("%d elements in %d bytes, no more than a node may hold (%s)", x.seen.total, len(x.e.Flat()), limit)
	}
	l := quicklist.Open(object.Lists(x.c.Keys().Arena), x.e.Root())
	if _, ok := l.Listpack(fill, false); ok && l.Nodes() == 1 {
		return fmt.Sprintf("%d elements in one node; it was more once, and is a listpack again at half of what a node may hold (%s)", x.seen.total, limit)
	}
	return fmt.Sprintf("%d elements in %d nodes, more than one node may hold (%s)", x.seen.total, l.Nodes(), limit)
}

func (x *explanation) whySmall() string {
	r, n := x.rule(), x.seen.total
	kind := ""
	if x.e.Encoding() == object.ListpackEx {
		kind = "; fields have or had an expiry"
	}
	if n > r.entries || int64(x.seen.longest) > r.value {
		return fmt.Sprintf("%d %s, the longest text %d bytes: more than %d (%s) or %d (%s) allow, which were lowered since; a change looks again%s",
			n, r.what, x.seen.longest, r.entries, r.entriesConfig, r.value, r.valueConfig, kind)
	}
	return fmt.Sprintf("%d %s, no more than %d (%s), and no text of more than %d bytes (%s)%s",
		n, r.what, r.entries, r.entriesConfig, r.value, r.valueConfig, kind)
}

func (x *explanation) whyLarge() string {
	r, n := x.rule(), x.seen.total
	switch {
	case n > r.entries:
		return fmt.Sprintf("%d %s, more than %d (%s)", n, r.what, r.entries, r.entriesConfig)
	case int64(x.seen.longest) > r.value:
		return fmt.Sprintf("a text of %d bytes, more than %d (%s)", x.seen.longest, r.value, r.valueConfig)
	case !x.seen.exact():
		return fmt.Sprintf("%d %s; none of those looked at is longer than %d (%s), so another is, or one was, or there were more",
			n, r.what, r.value, r.valueConfig)
	}
	return fmt.Sprintf("%d %s, which a listpack may hold; there were more once, or a longer one, and values do not become small by themselves (MEMORY DEAD, kind encodings)", n, r.what)
}
