package zset

import (
	"fmt"

	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Check verifies every invariant of the set. It reads all entries.
func (s *Set) Check() error {
	b := mem.Bytes(s.root, rootBytes)
	if mem.LoadRef(b) != s.table.Root() || mem.LoadRef(b[mem.RefSize:]) != s.tree.Root() {
		return fmt.Errorf("zset: the root block refers to other roots than the handle")
	}
	if err := s.table.Check(); err != nil {
		return err
	}
	if err := s.tree.Check(); err != nil {
		return err
	}
	if t, o := s.table.Len(), s.tree.Len(); t != o {
		return fmt.Errorf("zset: %d members in the table, %d in the tree", t, o)
	}
	content := int64(0)
	it := s.tree.First()
	for ; it.Valid(); it.Next() {
		e := it.Entry()
		m := Member(e)
		if _, r := s.table.Find(table.Hash(m), m); r != e {
			return fmt.Errorf("zset: member %.40q is entry %#x in the tree, %#x in the table", m, e, r)
		}
		if score := Score(e); score != score {
			return fmt.Errorf("zset: member %.40q has no number for a score", m)
		}
		content += int64(usable(m))
	}
	if got := s.table.Content(); got != content {
		return fmt.Errorf("zset: members take %d bytes, %d are noted", content, got)
	}
	return nil
}
