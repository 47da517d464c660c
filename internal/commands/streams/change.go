package streams

import (
	"granary/internal/command"
	"granary/internal/types/stream"
)

// ids reads the arguments from i on as IDs, or answers an error.
func ids(c *command.Ctx, i int) ([]stream.ID, bool) {
	list := make([]stream.ID, 0, 8)
	for _, a := range c.Args[i:] {
		id, ok := strictID(c, a, 0)
		if !ok {
			return nil, false
		}
		list = append(list, id)
	}
	return list, true
}

// cmdXDel answers XDEL key id [id ...].
func cmdXDel(c *command.Ctx) {
	it := c.Write(c.Args[1])
	if !it.Exists() {
		c.Out.Int(0)
		return
	}
	if !isStream(c, &it) {
		return
	}
	list, ok := ids(c, 2)
	if !ok {
		return
	}
	s := stream.In(&it)
	n := 0
	for _, id := range list {
		if s.Delete(id) {
			n++
		}
	}
	if n > 0 {
		changed(c, c.Args[1], "xdel", n)
	}
	c.Out.Int(int64(n))
}

const (
	errAddedNegative = "ERR entries_added must be positive"
	errAddedSmall    = "ERR The entries_added specified in XSETID is smaller than the target stream length"
	errMaxDeletedArg = "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"
	errMaxDeleted    = "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
	errSetIDSmall    = "ERR The ID specified in XSETID is smaller than the target stream top item"
)

// cmdXSetID answers XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id].
func cmdXSetID(c *command.Ctx) {
	id, ok := strictID(c, c.Args[2], 0)
	if !ok {
		return
	}
	added, maxDeleted := int64(-1), stream.MinID
	for i := 3; i < len(c.Args); i += 2 {
		switch more := i+1 < len(c.Args); {
		case more && command.Is(c.Args[i], "entriesadded"):
			if added, ok = c.Int(c.Args[i+1]); !ok {
				return
			}
			if added < 0 {
				c.Out.Error(errAddedNegative)
				return
			}
		case more && command.Is(c.Args[i], "maxdeletedid"):
			if maxDeleted, ok = strictID(c, c.Args[i+1], 0); !ok {
				return
			}
			if id.Less(maxDeleted) {
				c.Out.Error(errMaxDeletedArg)
				return
			}
		default:
			c.SyntaxError()
			return
		}
	}
	it := c.Write(c.Args[1])
	if !it.Exists() {
		c.Out.Error(command.ErrNoSuchKey)
		return
	}
	if !isStream(c, &it) {
		return
	}
	s := stream.In(&it)
	switch {
	case id.Less(s.MaxDeletedID()):
		c.Out.Error(errMaxDeleted)
		return
	case s.Len() > 0 && id.Less(stream.Last(&s)):
		c.Out.Error(errSetIDSmall)
		return
	case s.Len() > 0 && added >= 0 && int64(s.Len()) > added:
		c.Out.Error(errAddedSmall)
		return
	}
	s.SetLastID(id)
	if added >= 0 {
		s.SetEntriesAdded(uint64(added))
	}
	if !maxDeleted.IsZero() {
		s.SetMaxDeletedID(maxDeleted)
	}
	c.Out.OK()
	noted(c, c.Args[1], "xsetid", 1)
}
