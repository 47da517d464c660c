package sets

import (
	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/types/set"
)

const unionComplexity = "O(N) where N is the total number of elements in all given sets."

var specSUnion = &command.Spec{
	Name: "sunion", Summary: "Returns the members that any of several sets has.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: unionComplexity,
	Arity:      -2, Flags: command.ReadOnly,
	Keys:    command.Keys(command.KeyRO|command.KeyAccess, 1, -1, 1),
	Args:    argKeys,
	Tips:    []string{"nondeterministic_output_order"},
	Handler: cmdSUnion,
}

// cmdSUnion answers SUNION key [key ...]. A member is answered unless one of the sets before had it: that takes no memory.
// It takes a look-up for each set before, so the largest set comes first, and with many sets the union is built instead.
func cmdSUnion(c *command.Ctx) {
	var room [fewSets]set.Value
	sets, ok := readAll(c, c.Args[1:], room[:0])
	if !ok {
		return
	}
	bySize(sets, larger)
	for len(sets) > 1 && sets[len(sets)-1].Len() == 0 {
		sets = sets[:len(sets)-1]
	}
	if len(sets) == 1 {
		replyAll(c, &sets[0])
		return
	}
	if len(sets) > fewSets {
		b := set.NewBuilder(c.Keys().Arena, limits(c), object.Hashtable)
		defer b.Discard()
		addAll(&b, sets)
		v := b.Value()
		replyAll(c, &v)
		return
	}
	mark := c.Out.SetLater()
	n := 0
	var m set.Member
	for i := range sets {
		before := sets[:i]
		sets[i].Each(&m, func() bool {
			if !inAny(before, &m) {
				m.Reply(c.Out)
				n++
			}
			return true
		})
	}
	c.Out.SetLen(mark, n)
}

// inAny reports whether one of the sets has m.
func inAny(sets []set.Value, m *set.Member) bool {
	for i := range sets {
		if sets[i].Has(m) {
			return true
		}
	}
	return false
}

// addAll adds the members of all sets.
func addAll(b *set.Builder, sets []set.Value) {
	var m set.Member
	for i := range sets {
		sets[i].Each(&m, func() bool {
			b.Add(&m)
			return true
		})
	}
}

var specSUnionStore = &command.Spec{
	Name: "sunionstore", Summary: "Stores the members that any of several sets has.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: unionComplexity,
	Arity:      -3, Flags: command.Write | command.DenyOOM,
	Keys:    keysStore(command.KeyOW),
	Args:    argStore,
	Handler: cmdSUnionStore,
}

// cmdSUnionStore answers SUNIONSTORE destination key [key ...].
func cmdSUnionStore(c *command.Ctx) {
	var room [fewSets]set.Value
	sets, ok := readAll(c, c.Args[2:], room[:0])
	if !ok {
		return
	}
	b := set.NewBuilder(c.Keys().Arena, limits(c), object.Intset)
	defer b.Discard()
	addAll(&b, sets)
	store(c, c.Args[1], &b, "sunionstore")
}

var specSDiff = &command.Spec{
	Name: "sdiff", Summary: "Returns the members of a set that several others do not have.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: unionComplexity,
	Arity:      -2, Flags: command.ReadOnly,
	Keys:    command.Keys(command.KeyRO|command.KeyAccess, 1, -1, 1),
	Args:    argKeys,
	Tips:    []string{"nondeterministic_output_order"},
	Handler: cmdSDiff,
}

// cmdSDiff answers SDIFF key [key ...].
func cmdSDiff(c *command.Ctx) {
	var room [fewSets]set.Value
	sets, ok := readAll(c, c.Args[1:], room[:0])
	if !ok {
		return
	}
	if removing(sets) {
		b := set.NewBuilder(c.Keys().Arena, limits(c), object.Hashtable)
		defer b.Discard()
		subtract(&b, sets)
		v := b.Value()
		replyAll(c, &v)
		return
	}
	bySize(sets[1:], larger)
	mark := c.Out.SetLater()
	n := 0
	var m set.Member
	sets[0].Each(&m, func() bool {
		if !inAny(sets[1:], &m) {
			m.Reply(c.Out)
			n++
		}
		return true
	})
	c.Out.SetLen(mark, n)
}

// removing says how a difference is computed. Looking every member of the first set up in all others takes N*M steps; to
// copy the first set and remove the members of the others takes as many steps as there are members in all. The
// former costs half as much for each step, and mostly finds a member before the last set.
func removing(sets []set.Value) bool {
	looking, all, first := int64(0), int64(0), int64(sets[0].Len())
	for i := range sets {
		if n := int64(sets[i].Len()); n > 0 {
			looking += first
			all += n
		}
	}
	return looking/2 > all
}

// subtract makes b the first set without the members of the others.
func subtract(b *set.Builder, sets []set.Value) {
	addAll(b, sets[:1])
	var m set.Member
	for i := 1; i < len(sets) && b.Len() > 0; i++ {
		sets[i].Each(&m, func() bool {
			b.Remove(&m)
			return true
		})
	}
}

var specSDiffStore = &command.Spec{
	Name: "sdiffstore", Summary: "Stores the members of a set that several others do not have.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: unionComplexity,
	Arity:      -3, Flags: command.Write | command.DenyOOM,
	Keys:    keysStore(command.KeyOW),
	Args:    argStore,
	Handler: cmdSDiffStore,
}

// cmdSDiffStore answers SDIFFSTORE destination key [key ...].
func cmdSDiffStore(c *command.Ctx) {
	var room [fewSets]set.Value
	sets, ok := readAll(c, c.Args[2:], room[:0])
	if !ok {
		return
	}
	b := set.NewBuilder(c.Keys().Arena, limits(c), object.Intset)
	defer b.Discard()
	if removing(sets) {
		subtract(&b, sets)
	} else {
		bySize(sets[1:], larger)
		var m set.Member
		sets[0].Each(&m, func() bool {
			if !inAny(sets[1:], &m) {
				b.Add(&m)
			}
			return true
		})
	}
	store(c, c.Args[1], &b, "sdiffstore")
}
