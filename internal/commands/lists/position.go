package lists

import (
	"math"

	"granary/internal/command"
	"granary/internal/encoding/listpack"
	"granary/internal/object"
	"granary/internal/resp"
	"granary/internal/types/list"
)

var specLPos = &command.Spec{
	Name: "lpos", Summary: "Returns at which indexes of a list an element is.", Since: "6.0.6",
	Group: command.GroupList,
	Complexity: "O(N) where N is the number of elements in the list, for the average case. When searching for elements near the head or " +
		"the tail of the list, or when the MAXLEN option is provided, the command may run in constant time.",
	Arity: -3, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		argKey,
		{Name: "element", Type: command.ArgString},
		{Name: "rank", Type: command.ArgInteger, Token: "RANK", Flags: command.Optional},
		{Name: "num-matches", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
		{Name: "len", Type: command.ArgInteger, Token: "MAXLEN", Flags: command.Optional},
	},
	Handler: cmdLPos,
}

// search is what the options of LPOS ask for.
type search struct {
	rank   int64 // which match is the first to answer, from the tail when negative
	count  int64 // how many to answer, 0: all; -1: one, not in an array
	maxLen int64 // how many elements to look at, 0: all
}

// cmdLPos answers LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len].
func cmdLPos(c *command.Ctx) {
	s := search{rank: 1, count: -1}
	for i := 3; i < len(c.Args); i += 2 {
		if !s.option(c, i) {
			return
		}
	}
	it := c.Read(c.Args[1])
	switch {
	case it.Exists():
		if isList(c, &it) {
			v := list.In(&it)
			s.run(c, &v)
		}
	case s.count >= 0:
		c.Out.Array(0)
	default:
		c.Out.Null()
	}
}

// option reads the option at argument i, or answers an error.
func (s *search) option(c *command.Ctx, i int) bool {
	if i+1 == len(c.Args) {
		c.SyntaxError()
		return false
	}
	name := c.Args[i]
	rank, count, maxLen := command.Is(name, "rank"), command.Is(name, "count"), command.Is(name, "maxlen")
	if !rank && !count && !maxLen {
		c.SyntaxError()
		return false
	}
	n, ok := object.ParseInt(c.Args[i+1])
	switch {
	case rank && !ok:
		c.Out.Error(command.ErrNotInteger)
	case rank && n == math.MinInt64:
		c.Out.Error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
	case rank && n == 0:
		c.Out.Error("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list")
	case rank:
		s.rank = n
		return true
	case count && (!ok || n < 0):
		c.Out.Error("ERR COUNT can't be negative")
	case count:
		s.count = n
		return true
	case !ok || n < 0:
		c.Out.Error("ERR MAXLEN can't be negative")
	default:
		s.maxLen = n
		return true
	}
	return false
}

// run answers where c.Args[2] is in v.
func (s *search) run(c *command.Ctx, v *list.Value) {
	e := listpack.Of(c.Args[2])
	back := s.rank < 0
	skip := max(s.rank, -s.rank) - 1
	left, at := v.Len(), 0
	if back {
		at = left - 1
	}
	if s.maxLen > 0 {
		left = int(min(s.maxLen, int64(left)))
	}
	one := s.count < 0
	out, found := c.Out, int64(0)
	var mark resp.Mark
	if !one {
		mark = out.ArrayLater()
	}
	it := v.From(at, back)
	for ; left > 0; it.Next() {
		from := it.Index()
		if !it.Find(e, left) {
			break
		}
		left -= max(it.Index()-from, from-it.Index()) + 1
		if skip > 0 {
			skip--
			continue
		}
		out.Int(int64(it.Index()))
		found++
		if one {
			return
		}
		if found == s.count {
			break
		}
	}
	if one {
		out.Null()
		return
	}
	out.SetLen(mark, int(found))
}
