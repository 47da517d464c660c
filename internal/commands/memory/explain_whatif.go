package memory

import (
	"fmt"

	"granary/internal/encoding/hash"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/quicklist"
	"granary/internal/encoding/set"
	"granary/internal/encoding/stream"
	"granary/internal/encoding/zset"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	hashes "granary/internal/types/hash"
	sets "granary/internal/types/set"
	zsets "granary/internal/types/zset"
)

// What a key would take with other settings. Flat forms and strings are computed by the functions that size them; tables, trees
// and nodes are built in an arena of their own, which is given back, so the answer is what the allocator says.

// buildMost is the most elements of a value that is built another time.
const buildMost = 4096

func (x *explanation) what(bytes int64, exact bool, encoding object.Encoding, format string, args ...any) {
	x.whatIfs = append(x.whatIfs, whatIf{fmt.Sprintf(format, args...), encoding.String(), bytes, exact})
}

// others finds the forms that the key could have.
func (x *explanation) others(it *keyspace.Item) {
	e := x.e
	x.expiry()
	switch {
	case e.Type() == object.String:
		x.otherStrings()
	case e.Type() == object.List:
		x.otherLists()
	case e.Type() == object.Stream:
		x.otherStreams()
	case e.Type() == object.Set:
		x.otherSets(it)
	case e.IsFlat():
		x.large()
	default:
		x.small()
	}
}

// expiry is the key with an expiry if it has none, and without if it has one.
func (x *explanation) expiry() {
	size, l := x.e.Size(), x.e.Layout()
	now := int64(mem.Usable(size))
	if l.Expiry > 0 {
		x.what(x.own-now+int64(mem.Usable(size-l.Expiry)), true, x.e.Encoding(), "PERSIST")
		return
	}
	const expiryBytes = 6
	if x.e.Embedded() && x.e.IsFlat() {
		x.what(x.own-now+x.e.BytesWithFlat(len(x.e.Flat())+expiryBytes), true, x.e.Encoding(), "EXPIRE")
		return
	}
	x.what(x.own-now+int64(mem.Usable(size+expiryBytes)), true, x.e.Encoding(), "EXPIRE")
}

func (x *explanation) otherStrings() {
	e, n := x.e, x.e.TextLen()
	text := int64(mem.Usable(e.SizeWithText(n)))
	raw := int64(mem.Usable(e.SizeWithRef()) + mem.Usable(object.RawHead+n))
	most := x.c.Env.Config.StringEmbstrMax
	switch e.Encoding() {
	case object.Int:
		x.what(text, true, object.Embstr, "stored as a text, not as an integer")
		x.what(raw, true, object.Raw, "changed in place (APPEND, SETRANGE, SETBIT), and cut to its length")
	case object.Embstr:
		x.what(raw, true, object.Raw, "string-embstr-max < %d", n)
	default:
		if spare := e.RawSpare(); spare > 0 {
			x.what(x.own-spare, true, object.Raw, "cut to its length (MEMORY DEAD FREE strings)")
		}
		switch {
		case int64(n) <= most:
			x.what(text, true, object.Embstr, "stored as SET stores it (MEMORY DEAD FREE encodings)")
		case n <= object.MaxEmbstr:
			x.what(text, true, object.Embstr, "string-embstr-max >= %d", n)
		}
	}
}

// scratch runs fn with an arena of its own, and returns its usable bytes then. ok is false if there is no memory.
func scratch(fn func(a *mem.Arena) (free func())) (bytes int64, ok bool) {
	a := mem.NewArena("explain")
	defer a.Close()
	free := func() {}
	func() {
		defer func() {
			if e := recover(); e != nil && e != error(mem.ErrOutOfMemory) {
				panic(e)
			}
		}()
		free = fn(a)
		bytes, ok = a.Used(), true
	}()
	free()
	return bytes, ok
}

// built is what a value that is built by fn would make of the key. What fn has made when memory runs out it gives back.
func (x *explanation) built(encoding object.Encoding, change string, fn func(a *mem.Arena) (free func())) {
	if bytes, ok := scratch(fn); ok {
		x.what(bytes+int64(mem.Usable(x.e.SizeWithRef())), true, encoding, "%s", change)
	}
}

// large is a flat hash or sorted set as a table.
func (x *explanation) large() {
	r, n := x.rule(), x.seen.total
	if n > buildMost {
		return
	}
	change := fmt.Sprintf("%s < %d", r.entriesConfig, n)
	if x.e.Type() == object.Hash {
		x.built(object.Hashtable, change, func(a *mem.Arena) func() {
			h := hash.New(a)
			return orFree(h.Free, func() {
				var s1, s2 hashes.Scratch
				it := hashes.NewIter(x.e, 0)
				for it.Next() {
					h.Add(it.Name(&s1), it.Value(&s2), it.Expiry())
				}
			})
		})
		return
	}
	x.built(object.Skiplist, change, func(a *mem.Arena) func() {
		z := zset.New(a)
		return orFree(z.Free, func() {
			v := zsets.OfEntry(nil, x.e)
			var s zsets.Scratch
			c := v.At(0)
			for ; c.Valid(); c.Next() {
				m := c.Member(&s)
				z.Add(z.Find(m), m, c.Score())
			}
		})
	})
}

// orFree runs fill, and free if that panics, and returns free.
func orFree(free, fill func()) func() {
	done := false
	defer func() {
		if !done {
			free()
		}
	}()
	fill()
	done = true
	return free
}

// small is a hash, set or sorted set as a listpack.
func (x *explanation) small() {
	r, s := x.rule(), &x.seen
	size := int64(listpack.EmptySize) + s.scale(s.flat)
	if x.e.Type() == object.Hash {
		h := hash.Open(nil, x.e.Root())
		if n := int64(h.CountExpires()); n > 0 {
			const timed, untimed = 10, 2 // bytes of an expiry of this century, and of none
			size += n*timed + (s.total-n)*untimed
		}
	}
	if size > listpack.MaxSafeSize {
		return
	}
	x.what(x.e.BytesWithFlat(int(size)), s.exact(), object.Listpack, "%s >= %d and %s >= %d", r.entriesConfig, s.total, r.valueConfig, s.longest)
}

func (x *explanation) otherSets(it *keyspace.Item) {
	e, cfg := x.e, x.c.Env.Config
	v := sets.Of(e)
	if x.seen.exact() && x.seen.total <= buildMost {
		f, _ := sets.FlatOf(&v, buildMost)
		if f.Intset != 0 && e.Encoding() != object.Intset {
			x.what(e.BytesWithFlat(f.Intset), true, object.Intset, "set-max-intset-entries >= %d, and made anew", x.seen.total)
		}
		if e.Encoding() != object.Listpack {
			x.what(e.BytesWithFlat(f.Listpack), true, object.Listpack, "set-max-listpack-entries >= %d and set-max-listpack-value >= %d, and made anew", x.seen.total, f.Longest)
		}
		if gain, _ := sets.Narrow(it, false); gain > 0 {
			x.what(x.own-gain, true, object.Intset, "integers in as few bytes as they need (MEMORY DEAD FREE intsets)")
		}
	} else if e.Encoding() == object.Hashtable {
		x.small()
	}
	if e.Encoding() == object.Hashtable || x.seen.total > buildMost {
		return
	}
	limit := fmt.Sprintf("set-max-listpack-entries < %d", x.seen.total)
	if e.Encoding() == object.Intset {
		limit = fmt.Sprintf("set-max-intset-entries < %d", min(x.seen.total, cfg.SetMaxIntsetEntries))
	}
	x.built(object.Hashtable, limit, func(a *mem.Arena) func() {
		s := set.New(a)
		return orFree(s.Free, func() {
			var m sets.Member
			v.Each(&m, func() bool {
				s.Insert(m.Hash(), m.Text())
				return true
			})
		})
	})
}

// otherLists is a list with other nodes.
func (x *explanation) otherLists() {
	if x.seen.total > buildMost || !x.seen.exact() || x.seen.flat > 1<<20 {
		return
	}
	cfg := x.c.Env.Config
	fill := int(cfg.ListMaxListpackSize)
	if !x.e.IsFlat() {
		size := listpack.EmptySize + int(x.seen.flat)
		for f := -1; f >= quicklist.MinFill; f-- {
			if !quicklist.Exceeds(f, size, int(x.seen.total)) {
				x.what(x.e.BytesWithFlat(size), true, object.Listpack, "list-max-listpack-size %d, and made anew", f)
				break
			}
		}
	}
	build := func(fill, depth int, change string) {
		x.built(object.Quicklist, change, func(a *mem.Arena) func() {
			l := quicklist.New(quicklist.NewStore(a), fill, depth)
			return orFree(l.Free, func() { x.copyList(&l) })
		})
	}
	for _, f := range []int{-1, -2, -5} {
		if f != fill {
			build(f, int(cfg.ListCompressDepth), fmt.Sprintf("list-max-listpack-size %d, as a quicklist", f))
		}
	}
	if cfg.ListCompressDepth == 0 && !x.e.IsFlat() {
		build(fill, 1, "list-compress-depth 1")
	}
}

// otherStreams is a stream with other nodes, and one without the entries that are marked as deleted.
func (x *explanation) otherStreams() {
	s := stream.Open(x.c.Keys().Arena, x.e.Root())
	if s.Nodes() <= int(min(x.samples, buildMost)) {
		if _, _, sum := s.Compact(stream.MinID, s.Nodes(), 0, false); sum.Bytes > 0 {
			x.what(x.own-sum.Bytes, true, object.StreamTree, "without %d entries that are marked as deleted, and without room in nodes (MEMORY DEAD FREE streams)", sum.Tombstones)
		}
	}
	if s.Len() > buildMost || x.own > 1<<20 {
		return
	}
	_, groups := s.BytesByPurpose()
	for _, lim := range []stream.Limits{{Bytes: 4096, Entries: 100}, {Bytes: 16 << 10, Entries: 400}} {
		if cfg := x.c.Env.Config; int64(lim.Bytes) == cfg.StreamNodeMaxBytes && int64(lim.Entries) == cfg.StreamNodeMaxEntries {
			continue
		}
		bytes, ok := scratch(func(a *mem.Arena) func() {
			to := stream.New(a)
			return orFree(to.Free, func() { copyStream(&to, &s, lim) })
		})
		if ok {
			x.what(bytes+groups+int64(mem.Usable(x.e.Size())), true, object.StreamTree,
				"stream-node-max-entries %d and stream-node-max-bytes %d, and added anew", lim.Entries, lim.Bytes)
		}
	}
}
