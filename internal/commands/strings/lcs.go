package strings

import (
	"math"

	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/resp"
)

var specLCS = &command.Spec{
	Name: "lcs", Summary: "Finds the longest common subsequence of two strings.", Since: "7.0.0",
	Group: command.GroupString, Complexity: "O(N*M) where N and M are the lengths of s1 and s2, respectively",
	Arity: -3, Flags: command.ReadOnly,
	Keys: command.Keys(command.KeyRO|command.KeyAccess, 1, 1, 1),
	Args: []command.Arg{
		{Name: "key1", Type: command.ArgKey, KeySpec: 1},
		{Name: "key2", Type: command.ArgKey, KeySpec: 1},
		{Name: "len", Type: command.ArgPureToken, Token: "LEN", Flags: command.Optional},
		{Name: "idx", Type: command.ArgPureToken, Token: "IDX", Flags: command.Optional},
		{Name: "len", Type: command.ArgInteger, Token: "MINMATCHLEN", Flags: command.Optional},
		{Name: "withmatchlen", Type: command.ArgPureToken, Token: "WITHMATCHLEN", Flags: command.Optional},
	},
	Handler: cmdLCS,
}

// lcsOptions are what LCS was told besides the keys.
type lcsOptions struct {
	length       bool  // LEN
	ranges       bool  // IDX
	withMatchLen bool  // WITHMATCHLEN
	minMatchLen  int64 // MINMATCHLEN
}

// cmdLCS answers LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN].
func cmdLCS(c *command.Ctx) {
	x, y := c.Read(c.Args[1]), c.Read(c.Args[2])
	if x.Exists() && x.Entry.Type() != object.String || y.Exists() && y.Entry.Type() != object.String {
		c.Out.Error("ERR The specified keys must contain string values")
		return
	}
	var s1, s2 object.Scratch
	var a, b []byte
	if x.Exists() {
		a = x.Entry.Text(&s1)
	}
	if y.Exists() {
		b = y.Entry.Text(&s2)
	}
	o, ok := parseLCS(c)
	if !ok || !lcsFits(c, len(a), len(b)) {
		return
	}
	if o.length {
		c.Out.Int(int64(lcsLen(a, b)))
		return
	}
	arena := c.Keys().Arena
	t := newLCSTable(arena, a, b)
	defer t.free(arena)
	if o.ranges {
		replyRanges(c.Out, t, a, b, o)
		return
	}
	c.Out.Bulk(t.subsequence(a, b))
}

// parseLCS reads the options.
func parseLCS(c *command.Ctx) (o lcsOptions, ok bool) {
	for i := 3; i < len(c.Args); i++ {
		switch arg := c.Args[i]; {
		case command.Is(arg, "idx"):
			o.ranges = true
		case command.Is(arg, "len"):
			o.length = true
		case command.Is(arg, "withmatchlen"):
			o.withMatchLen = true
		case command.Is(arg, "minmatchlen") && i+1 < len(c.Args):
			i++
			if o.minMatchLen, ok = c.Int(c.Args[i]); !ok {
				return o, false
			}
		default:
			c.SyntaxError()
			return o, false
		}
	}
	if o.ranges && o.length {
		c.Out.Error("ERR If you want both the length and indexes, please just use IDX.")
		return o, false
	}
	return o, true
}

// lcsFits answers an error where a table with a 32-bit number for every pair of positions would be too large. Ours takes
// a bit for each, but what clients may ask is the same on every server.
func lcsFits(c *command.Ctx, n, m int) bool {
	if uint64(n) >= math.MaxUint32-1 || uint64(m) >= math.MaxUint32-1 {
		c.Out.Error("ERR String too long for LCS")
		return false
	}
	if uint64(n+1)*uint64(m+1) > uint64(c.Env.Config.ProtoMaxBulkLen)/4 {
		c.Out.Error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
		return false
	}
	return true
}

// replyRanges answers the ranges of both strings that match, from the last to the first, and the length.
func replyRanges(out *resp.Writer, t *lcsTable, a, b []byte, o lcsOptions) {
	out.Map(2)
	out.BulkString("matches")
	mark := out.ArrayLater()
	n := 0
	t.matches(a, b, func(i, j, length int) {
		if int64(length) < o.minMatchLen {
			return
		}
		n++
		out.Array(2 + one(o.withMatchLen))
		out.Array(2)
		out.Int(int64(i))
		out.Int(int64(i + length - 1))
		out.Array(2)
		out.Int(int64(j))
		out.Int(int64(j + length - 1))
		if o.withMatchLen {
			out.Int(int64(length))
		}
	})
	out.SetLen(mark, n)
	out.BulkString("len")
	out.Int(int64(t.length))
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
