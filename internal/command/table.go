package command

import (
	"fmt"
	"slices"
	"strings"

	"granary/internal/swar"
)

// Table is the one table of commands. It is filled while the server starts and read-only afterwards, but for
// rename-command.
type Table struct {
	specs []*Spec // top level, in order of registration
	all   []*Spec // with subcommands, by ID
	index nameIndex
}

// NewTable returns an empty table.
func NewTable() *Table { return &Table{} }

// Register adds commands. It panics with BUG: on a declaration that contradicts itself.
func (t *Table) Register(specs ...*Spec) {
	for _, s := range specs {
		if t.index.find([]byte(s.Name)) != nil {
			panic("BUG: command " + s.Name + " is declared twice")
		}
		t.add(s, nil)
		t.specs = append(t.specs, s)
		t.index.add(s.Name, s)
	}
}

func (t *Table) add(s, parent *Spec) {
	if s.Name != strings.ToLower(s.Name) || s.Arity == 0 {
		panic(fmt.Sprintf("BUG: command %q: name must be lower case and arity set", s.Name))
	}
	s.Parent = parent
	s.Full = s.Name
	if parent != nil {
		s.Full = parent.Name + "|" + s.Name
	}
	s.ID = len(t.all)
	s.cats = deriveCategories(s)
	s.brief = s.Flags&Fast != 0 || s.Complexity == "O(1)" && s.Flags&(Write|ReadOnly) != 0
	t.all = append(t.all, s)
	for _, k := range s.Keys {
		if !k.plain() || k.Flags&KeyIncomplete != 0 {
			s.Flags |= MovableKeys
		}
	}
	for _, sub := range s.Subs {
		t.add(sub, s)
	}
}

// Find returns the top-level command of that name in any case, nil if there is none.
func (t *Table) Find(name []byte) *Spec { return t.index.find(name) }

// Sub returns the subcommand of that name in any case, nil if there is none.
func (s *Spec) Sub(name []byte) *Spec {
	for _, sub := range s.Subs {
		if equalFold(name, sub.Name) {
			return sub
		}
	}
	return nil
}

// FindFull finds "get", "config|get" or nil.
func (t *Table) FindFull(name string) *Spec {
	parent, sub, ok := strings.Cut(name, "|")
	s := t.Find([]byte(parent))
	if s == nil || !ok {
		return s
	}
	return s.Sub([]byte(sub))
}

// All returns the top-level commands.
func (t *Table) All() []*Spec { return t.specs }

// Every returns all commands and subcommands; the position is the ID.
func (t *Table) Every() []*Spec { return t.all }

// Rename gives a command another name, or removes it when to is empty (rename-command).
func (t *Table) Rename(from, to string) error {
	from, to = strings.ToLower(from), strings.ToLower(to)
	s := t.index.find([]byte(from))
	if s == nil {
		return fmt.Errorf("No such command in rename-command")
	}
	if to != "" && t.index.find([]byte(to)) != nil {
		return fmt.Errorf("Target command name already exists")
	}
	t.index.remove(from)
	if to == "" {
		t.specs = slices.DeleteFunc(t.specs, func(x *Spec) bool { return x == s })
		return nil
	}
	t.index.add(to, s)
	return nil
}

// deriveCategories adds to the declared categories those that follow from flags and group, by Redis's rules.
func deriveCategories(s *Spec) Category {
	c := s.Categories
	has := func(f Flags) bool { return s.Flags&f != 0 }
	if has(Write) {
		c |= CatWrite
	}
	if has(ReadOnly) && s.Group != GroupScripting {
		c |= CatRead
	}
	if has(Admin) {
		c |= CatAdmin | CatDangerous
	}
	if has(PubSub) {
		c |= CatPubSub
	}
	if has(Fast) {
		c |= CatFast
	} else {
		c |= CatSlow
	}
	if has(Blocking) {
		c |= CatBlocking
	}
	if s.Handler == nil {
		return c // a container without a form of its own is no command of its group
	}
	switch s.Group {
	case GroupGeneric:
		// A command that names the types it works on (SORT) is about their elements, not about keys.
		if has(Write|ReadOnly) && s.Categories&(CatList|CatSet|CatSortedSet) == 0 {
			c |= CatKeyspace
		}
	case GroupString:
		c |= CatString
	case GroupList:
		c |= CatList
	case GroupSet:
		c |= CatSet
	case GroupSortedSet:
		c |= CatSortedSet
	case GroupHash:
		c |= CatHash
	case GroupHyperLogLog:
		c |= CatHyperLogLog
	case GroupGeo:
		c |= CatGeo
	case GroupStream:
		c |= CatStream
	case GroupBitmap:
		c |= CatBitmap
	case GroupConnection:
		c |= CatConnection
	case GroupTransactions:
		c |= CatTransaction
	case GroupScripting:
		c |= CatScripting
	}
	return c
}

// nameIndex finds a command by name without allocating: open addressing over the lower-cased name's hash.
type nameIndex struct {
	slots []nameSlot // power of two, at most half full
	n     int
}

type nameSlot struct {
	name string
	spec *Spec
	head uint64 // first eight bytes of the name, lower case, zero padded
}

func (x *nameIndex) add(name string, s *Spec) {
	if 2*(x.n+1) > len(x.slots) {
		old := x.slots
		x.slots = make([]nameSlot, max(64, 2*len(old)))
		x.n = 0
		for _, o := range old {
			if o.spec != nil {
				x.add(o.name, o.spec)
			}
		}
	}
	head, h := nameHash([]byte(name))
	mask := uint64(len(x.slots) - 1)
	i := h & mask
	for x.slots[i].spec != nil {
		i = (i + 1) & mask
	}
	x.slots[i] = nameSlot{name: name, spec: s, head: head}
	x.n++
}

func (x *nameIndex) find(name []byte) *Spec {
	if len(x.slots) == 0 {
		return nil
	}
	head, h := nameHash(name)
	mask := uint64(len(x.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := &x.slots[i]
		if s.spec == nil {
			return nil
		}
		if s.head == head && len(s.name) == len(name) && (len(name) <= 8 || equalFold(name[8:], s.name[8:])) {
			return s.spec
		}
	}
}

func (x *nameIndex) remove(name string) {
	kept := x.slots
	*x = nameIndex{}
	for _, o := range kept {
		if o.spec != nil && o.name != name {
			x.add(o.name, o.spec)
		}
	}
}

// nameHash returns the first eight bytes of a name in lower case and a hash of them and the length.
func nameHash(name []byte) (head, hash uint64) {
	head = swar.Lower(swar.Head(name))
	hash = (head ^ uint64(len(name))) * 0x9e3779b97f4a7c15
	return head, hash >> 40
}

// equalFold compares a name in any case with one in lower case.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range b {
		c := b[i]
		if c-'A' < 26 {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// Is tells whether an argument is the given word (lower case) in any case.
func Is(arg []byte, lower string) bool { return equalFold(arg, lower) }
