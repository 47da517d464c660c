package sets

import (
	"bytes"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/set"
)

// argMembers is the argument tree of the commands that take a key and some members.
var argMembers = []command.Arg{
	{Name: "key", Type: command.ArgKey, KeySpec: 1},
	{Name: "member", Type: command.ArgString, Flags: command.Multiple},
}

var specSAdd = &command.Spec{
	Name: "sadd", Summary: "Adds members to a set; a key that does not exist is created.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
	Arity:      -3, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyInsert),
	Args:    argMembers,
	History: []command.Change{{Since: "2.4.0", What: "Several members may be given."}},
	Handler: cmdSAdd,
}

// cmdSAdd answers SADD key member [member ...].
func cmdSAdd(c *command.Ctx) {
	key, members := c.Args[1], c.Args[2:]
	it := c.Write(key)
	lim := limits(c)
	added := int64(0)
	var m set.Member
	if it.Exists() {
		if !c.IsType(&it, object.Set) {
			return
		}
		set.Expect(&it, lim, len(members))
	} else {
		m.SetText(members[0])
		set.Create(&it, lim, &m, len(members))
		added, members = 1, members[1:]
	}
	for _, text := range members {
		m.SetText(text)
		if set.Add(&it, lim, &m) {
			added++
		}
	}
	if added > 0 {
		c.Changed(key, keyspace.Set, "sadd")
		c.Keys().Stats.Dirty += added - 1
	}
	c.Out.Int(added)
}

var specSRem = &command.Spec{
	Name: "srem", Summary: "Removes members from a set; the key goes with the last one.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: "O(N) where N is the number of members to be removed.",
	Arity:      -3, Flags: command.Write | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyDelete),
	Args:    argMembers,
	History: []command.Change{{Since: "2.4.0", What: "Several members may be given."}},
	Handler: cmdSRem,
}

// cmdSRem answers SREM key member [member ...].
func cmdSRem(c *command.Ctx) {
	key := c.Args[1]
	it := c.Write(key)
	if !it.Exists() {
		c.Out.Int(0)
		return
	}
	if !c.IsType(&it, object.Set) {
		return
	}
	left := set.Len(&it)
	removed := int64(0)
	var m set.Member
	for _, text := range c.Args[2:] {
		m.SetText(text)
		if set.Remove(&it, &m) {
			removed++
			if left--; left == 0 {
				break
			}
		}
	}
	if removed > 0 {
		c.Changed(key, keyspace.Set, "srem")
		c.Keys().Stats.Dirty += removed - 1
		if left == 0 {
			emptied(c, &it)
		}
	}
	c.Out.Int(removed)
}

var specSIsMember = &command.Spec{
	Name: "sismember", Summary: "Tells whether something is a member of a set.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: "O(1)",
	Arity:      3, Flags: command.ReadOnly | command.Fast,
	Keys: command.OneKey(command.KeyRO),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "member", Type: command.ArgString},
	},
	Handler: cmdSIsMember,
}

// cmdSIsMember answers SISMEMBER key member.
func cmdSIsMember(c *command.Ctx) {
	v, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	var m set.Member
	m.SetText(c.Args[2])
	boolean(c, v.Has(&m))
}

// boolean answers 1 or 0.
func boolean(c *command.Ctx, yes bool) {
	if yes {
		c.Out.Int(1)
	} else {
		c.Out.Int(0)
	}
}

var specSMIsMember = &command.Spec{
	Name: "smismember", Summary: "Tells for each of several things whether it is a member of a set.", Since: "6.2.0", Group: command.GroupSet,
	Complexity: "O(N) where N is the number of elements being checked for membership",
	Arity:      -3, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    argMembers,
	Handler: cmdSMIsMember,
}

// cmdSMIsMember answers SMISMEMBER key member [member ...].
func cmdSMIsMember(c *command.Ctx) {
	v, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	c.Out.Array(len(c.Args) - 2)
	var m set.Member
	for _, text := range c.Args[2:] {
		m.SetText(text)
		boolean(c, v.Has(&m))
	}
}

var specSCard = &command.Spec{
	Name: "scard", Summary: "Returns the number of members of a set.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: "O(1)",
	Arity:      2, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO),
	Args:    []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1}},
	Handler: cmdSCard,
}

// cmdSCard answers SCARD key.
func cmdSCard(c *command.Ctx) {
	if v, ok := read(c, c.Args[1]); ok {
		c.Out.Int(int64(v.Len()))
	}
}

var specSMembers = &command.Spec{
	Name: "smembers", Summary: "Returns all members of a set.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: "O(N) where N is the set cardinality.",
	Arity:      2, Flags: command.ReadOnly,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1}},
	Tips:    []string{"nondeterministic_output_order"},
	Handler: cmdSMembers,
}

// cmdSMembers answers SMEMBERS key.
func cmdSMembers(c *command.Ctx) {
	if v, ok := read(c, c.Args[1]); ok {
		replyAll(c, &v)
	}
}

// replyAll answers a whole set.
func replyAll(c *command.Ctx, v *set.Value) {
	c.Out.Set(v.Len())
	var m set.Member
	v.Each(&m, func() bool {
		m.Reply(c.Out)
		return true
	})
}

var specSMove = &command.Spec{
	Name: "smove", Summary: "Moves a member from one set to another.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: "O(1)",
	Arity:      4, Flags: command.Write | command.Fast,
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, KeyStep: 1},
		{Flags: command.KeyRW | command.KeyInsert, Index: 2, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "source", Type: command.ArgKey, KeySpec: 1},
		{Name: "destination", Type: command.ArgKey, KeySpec: 2},
		{Name: "member", Type: command.ArgString},
	},
	Handler: cmdSMove,
}

// cmdSMove answers SMOVE source destination member. It adds before it removes, so that the member is not lost when there
// is no memory to add it. Other events come in Redis's order, but that of a new key comes first.
func cmdSMove(c *command.Ctx) {
	from, to := c.Args[1], c.Args[2]
	src, dst := c.Write(from), c.Write(to)
	if !src.Exists() {
		c.Out.Int(0)
		return
	}
	if !c.IsType(&src, object.Set) || dst.Exists() && !c.IsType(&dst, object.Set) {
		return
	}
	var m set.Member
	m.SetText(c.Args[3])
	v := set.Of(src.Entry)
	if !v.Has(&m) {
		c.Out.Int(0)
		return
	}
	if bytes.Equal(from, to) {
		c.Out.Int(1)
		return
	}
	lim := limits(c)
	added := true
	if dst.Exists() {
		added = set.Add(&dst, lim, &m)
	} else {
		set.Create(&dst, lim, &m, 1)
	}
	dst.Settle()
	set.Remove(&src, &m)
	c.Changed(from, keyspace.Set, "srem")
	if set.Len(&src) == 0 {
		emptied(c, &src)
	}
	if added {
		c.Changed(to, keyspace.Set, "sadd")
	}
	c.Out.Int(1)
}
