package sets

import (
	"math"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/set"
)

var specSPop = &command.Spec{
	Name: "spop", Summary: "Removes members of a set at random and returns them.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.",
	Arity:      -2, Flags: command.Write | command.Fast,
	Keys: command.OneKey(command.KeyRW | command.KeyAccess | command.KeyDelete),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "count", Type: command.ArgInteger, Since: "3.2.0", Flags: command.Optional},
	},
	Tips:    []string{"nondeterministic_output"},
	History: []command.Change{{Since: "3.2.0", What: "A count may be given."}},
	Handler: cmdSPop,
}

// The names of commands that stand for a pop.
var (
	wordSRem   = []byte("SREM")
	wordDel    = []byte("DEL")
	wordUnlink = []byte("UNLINK")
)

// cmdSPop answers SPOP key [count].
func cmdSPop(c *command.Ctx) {
	if len(c.Args) > 2 {
		popMany(c)
		return
	}
	key := c.Args[1]
	it := c.Write(key)
	if !it.Exists() {
		c.Out.Null()
		return
	}
	if !c.IsType(&it, object.Set) {
		return
	}
	last := set.Len(&it) == 1
	var m set.Member
	p := set.Pick(&it, &m)
	if c.Feeding() {
		c.Rewrite(wordSRem, clone(key), clone(m.Text()))
	}
	m.Reply(c.Out)
	if !last {
		set.Drop(&it, p)
	}
	c.Changed(key, keyspace.Set, "spop")
	if last {
		emptied(c, &it)
	}
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }

// popMany answers SPOP key count.
func popMany(c *command.Ctx) {
	if len(c.Args) > 3 {
		c.SyntaxError()
		return
	}
	n, ok := object.ParseInt(c.Args[2])
	if !ok || n < 0 {
		c.Out.Error(command.ErrOutOfRangePos)
		return
	}
	key := c.Args[1]
	it := c.Write(key)
	if !it.Exists() {
		c.Out.Set(0)
		return
	}
	if !c.IsType(&it, object.Set) {
		return
	}
	if n == 0 {
		c.Out.Set(0)
		return
	}
	v := set.Of(it.Entry)
	if size := int64(v.Len()); n >= size {
		replyAll(c, &v)
		c.Changed(key, keyspace.Set, "spop")
		c.Keys().Stats.Dirty += size - 1
		emptied(c, &it)
		word := wordDel
		if c.Env.Config.LazyfreeLazyServerDel {
			word = wordUnlink
		}
		c.Rewrite(word, key)
		return
	}
	c.Out.Set(int(n))
	b := batch{c: c, key: key}
	var m set.Member
	set.Pop(&it, limits(c), &m, int(n), func() {
		m.Reply(c.Out)
		if c.Feeding() {
			b.add(m.Text(), n)
		}
	})
	b.flush()
	c.Changed(key, keyspace.Set, "spop")
	c.Keys().Stats.Dirty += n - 1
}

// batch gathers members that were popped into commands that remove them elsewhere.
type batch struct {
	c    *command.Ctx
	key  []byte
	args [][]byte
}

// batchMembers is the most members of one SREM.
const batchMembers = 1024

func (b *batch) add(member []byte, expect int64) {
	if b.args == nil {
		b.args = make([][]byte, 0, 2+min(expect, batchMembers))
		b.args = append(b.args, wordSRem, b.key)
	}
	if b.args = append(b.args, clone(member)); len(b.args) == 2+batchMembers {
		b.flush()
	}
}

func (b *batch) flush() {
	if b.args != nil {
		b.c.Rewrite(b.args...)
		b.args = nil
	}
}

var specSRandMember = &command.Spec{
	Name: "srandmember", Summary: "Returns members of a set at random.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.",
	Arity:      -2, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "count", Type: command.ArgInteger, Since: "2.6.0", Flags: command.Optional},
	},
	Tips:    []string{"nondeterministic_output"},
	History: []command.Change{{Since: "2.6.0", What: "A count may be given."}},
	Handler: cmdSRandMember,
}

// cmdSRandMember answers SRANDMEMBER key [count].
func cmdSRandMember(c *command.Ctx) {
	var m set.Member
	if len(c.Args) == 2 {
		it := c.Read(c.Args[1])
		switch {
		case !it.Exists():
			c.Out.Null()
		case c.IsType(&it, object.Set):
			v := set.Of(it.Entry)
			v.Random(&m)
			m.Reply(c.Out)
		}
		return
	}
	if len(c.Args) > 3 {
		c.SyntaxError()
		return
	}
	n, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if n == math.MinInt64 {
		c.Out.Error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
		return
	}
	v, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	size := int64(v.Len())
	reply := func() { m.Reply(c.Out) }
	switch {
	case n == 0 || size == 0:
		c.Out.Array(0)
	case n < 0:
		c.Out.Array(int(-n))
		v.Randoms(&m, -n, reply)
	default:
		n = min(n, size)
		c.Out.Array(int(n))
		v.Sample(&m, int(n), reply)
	}
}
